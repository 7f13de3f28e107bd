import CommandLine
import NetBackends
import QAPI

/// The machine protocol's commands for networks.
extension NetworkSetup {
    public func register(in commands: inout CommandTable) {
        commands.on(NetdevAddCommand.self) { [self] netdev in
            try define(PropertyList(option: "netdev", netdev.object))
            return QAPIEmpty()
        }
        commands.on(NetdevDelCommand.self) { [self] arguments in
            guard let entry = entries.first(where: { $0.id == arguments.id }) else { throw QAPIError.noDevice(arguments.id) }
            guard !entry.isUsed else { throw QAPIError(.generic, "Device '\(arguments.id)' is in use") }
            remove(entry)
            return QAPIEmpty()
        }
        commands.on(SetLinkCommand.self) { [self] arguments in
            let cards = self.links.filter { $0.name == arguments.name }
            let backends = entries.filter { $0.id == arguments.name }
            guard !cards.isEmpty || !backends.isEmpty else { throw QAPIError.noDevice(arguments.name) }
            for card in cards { card.setLink(arguments.up) }
            // A cable has two ends: the card at the other one sees what happens to it.
            for entry in backends { for card in self.links where card.backend === entry.backend { card.setLink(arguments.up) } }
            return QAPIEmpty()
        }
    }
}
