import QAPI

/// What clients switch on before they migrate. There is no migration yet; that it would be told of can be asked for all the same, which is the
/// first thing that libvirt does.
final class MigrationSettings {
    private var tellsEvents = false

    func register(in commands: inout CommandTable) {
        commands.on(QueryMigrateCapabilitiesCommand.self) { [MigrationCapabilityStatus(capability: .events, state: self.tellsEvents)] }
        commands.on(MigrateSetCapabilitiesCommand.self) { arguments in
            for wanted in arguments.capabilities where wanted.state && wanted.capability != .events {
                throw QAPIError.notSupported("the migration capability '\(wanted.capability.rawValue)'")
            }
            for wanted in arguments.capabilities where wanted.capability == .events { self.tellsEvents = wanted.state }
            return QAPIEmpty()
        }
    }
}
