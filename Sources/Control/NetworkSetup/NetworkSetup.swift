import CharacterSetup
import CommandLine
import Diagnostics
import EventLoop
import NetBackends
import QAPI

/// All networks of a session: what `-netdev`, `-nic` and `-net` define, and which card is on which.
public final class NetworkSetup {
    /// A network card that `-nic` or `-net nic` asks for.
    public struct CardRequest {
        /// Nil for the board's own, if it has one that is free, or else the default.
        public let model: String?
        public let backend: NetworkBackend
        public let address: String?
        public let name: String?
    }

    /// A card's cable.
    struct Link {
        let name: String
        let backend: NetworkBackend?
        let setLink: (_ up: Bool) -> Void
    }

    final class Entry {
        let id: String
        let backend: NetworkBackend
        var isUsed = false

        init(_ id: String, _ backend: NetworkBackend) { (self.id, self.backend) = (id, backend) }
    }

    let loop: EventLoop
    let characters: CharacterSetup
    /// Models of cards, for `-nic model=help`.
    private let models: [String]
    private(set) var entries: [Entry] = []
    private(set) var links: [Link] = []
    private var hubs: [Hub] = []
    private var addresses = AddressPool()
    /// Lines of `info network`.
    private var cardLines: [(backend: NetworkBackend?, text: String)] = []
    public private(set) var cards: [CardRequest] = []

    public init(loop: EventLoop, characters: CharacterSetup, models: [String]) {
        (self.loop, self.characters, self.models) = (loop, characters, models)
    }

    // MARK: Definitions

    /// `-netdev KIND,id=ID,…`.
    public func define(_ text: String) throws {
        // JSON is checked as the machine protocol's command checks it.
        if let object = try parseObject(text, option: "netdev") {
            return try define(PropertyList(option: "netdev", try Netdev(object).object))
        }
        try define(PropertyList(text, option: "netdev", implied: "type"))
    }

    func define(_ list: PropertyList) throws {
        guard let id = list["id"], !id.isEmpty else {
            _ = try NetworkKind(list)
            throw CommandLineError.badValue(option: "netdev", value: list["type"] ?? "", expected: "TYPE,id=ID,…")
        }
        try add(id, list)
    }

    func remove(_ entry: Entry) {
        entry.backend.close()
        entries.removeAll { $0 === entry }
    }

    @discardableResult
    private func add(_ id: String, _ list: PropertyList, besides more: [String] = []) throws -> Entry {
        guard !entries.contains(where: { $0.id == id }) else {
            throw CommandLineError.badValue(option: list.option, value: "id=\(id)", expected: "each id once")
        }
        let entry = Entry(id, try makeBackend(id, try NetworkKind(list), list, ["type", "id"] + more))
        entry.isUsed = (entry.backend as? Hub.Port)?.backend != nil
        entries.append(entry)
        return entry
    }

    /// `-nic KIND[,model=MODEL][,mac=ADDRESS],…`: a back end and a card on it.
    public func addCard(_ text: String) throws {
        let list = PropertyList(text, option: "nic", implied: "type")
        if list["type"] == "none" { return try list.check(["type"]) }
        let entry = try add(list["id"] ?? unusedName, list, besides: ["model", "mac", "macaddr"])
        entry.isUsed = true
        try request(list, entry.backend, name: nil)
    }

    /// `-net nic|none|KIND,…`: cards and back ends on one hub.
    public func addToHub(_ text: String) throws {
        let list = PropertyList(text, option: "net", implied: "type")
        switch list["type"] {
        case "none": try list.check(["type"])
        case "nic":
            try list.check(["type", "netdev", "model", "mac", "macaddr", "name"])
            let backend = try list["netdev"].map { try use($0, option: "net") } ?? port(of: hub(0), to: nil)
            try request(list, backend, name: list["name"])
        default:
            let entry = try add(list["name"] ?? unusedName, list, besides: ["name"])
            entry.isUsed = true
            _ = port(of: hub(0), to: entry.backend)
        }
    }

    private func request(_ list: PropertyList, _ backend: NetworkBackend, name: String?) throws {
        let model = list["model"]
        if let model, !models.contains(model) { throw CommandLineError.unknownName(option: "\(list.option) model", name: model, accepted: models) }
        cards.append(CardRequest(model: model, backend: backend, address: list["mac"] ?? list["macaddr"], name: name))
    }

    /// A name for a network that was given none.
    private var unusedName: String { "#net\(entries.count)" }

    func hub(_ number: Int) -> Hub {
        if let found = hubs.first(where: { $0.number == number }) { return found }
        let hub = Hub(number: number)
        hubs.append(hub)
        return hub
    }

    func port(of hub: Hub, to backend: NetworkBackend?, name: String? = nil) -> Hub.Port {
        hub.makePort(name: name ?? "hub\(hub.number)port\(hub.ports.count)", to: backend)
    }

    // MARK: Uses

    /// The network of an id, for one card or hub.
    public func use(_ id: String, option: String) throws -> NetworkBackend {
        guard let entry = entries.first(where: { $0.id == id }) else {
            let known = entries.isEmpty ? "the id of a -netdev; there is none" : "one of -netdev's ids: " + entries.map(\.id).joined(separator: ", ")
            throw CommandLineError.badValue(option: option, value: "netdev=\(id)", expected: known)
        }
        guard !entry.isUsed else {
            throw CommandLineError.badValue(option: option, value: "netdev=\(id)", expected: "a network that no other card is on")
        }
        entry.isUsed = true
        return entry.backend
    }

    /// The address of a new card: what was asked for, or the next of QEMU's 52:54:00:12:34:56 and on.
    public func address(_ text: String?, option: String) throws -> MACAddress {
        guard let text else { return addresses.next() }
        guard let address = MACAddress(text), !address.isMulticast else {
            throw CommandLineError.badValue(option: option, value: "mac=\(text)", expected: "an address such as 52:54:00:12:34:56, of one card")
        }
        addresses.take(address)
        return address
    }

    /// A card is there now.
    public func noteCard(
        _ name: String, model: String, _ address: MACAddress, on backend: NetworkBackend?, setLink: @escaping (_ up: Bool) -> Void
    ) {
        links.append(Link(name: name, backend: backend, setLink: setLink))
        cardLines.append((backend, "\(name): index=0,type=nic,model=\(model),macaddr=\(address)"))
    }

    /// A card is gone; the network that it was on is free for another.
    public func release(_ id: String?, card name: String) {
        if let entry = entries.first(where: { $0.id == id }) {
            entry.isUsed = false
            entry.backend.frontEnd = nil
        }
        links.removeAll { $0.name == name }
        cardLines.removeAll { $0.text.hasPrefix(name + ":") }
    }

    /// Warns of networks that nothing is on.
    public func warnOfLooseEnds() { for entry in entries where !entry.isUsed { warn("netdev \(entry.id) has no peer") } }

    // MARK: The monitor's view

    /// Lines of `info network`.
    public var description: String {
        var text = ""
        for hub in hubs {
            text += "hub \(hub.number)\n" + hub.ports.map { " \\ \($0.name)\(behind($0))\n" }.joined()
        }
        for (backend, line) in cardLines where !(backend is Hub.Port) {
            text += line + "\n" + entries.filter { $0.backend === backend }.map { " \\ \(shown($0))\n" }.joined()
        }
        return text + entries.filter { !$0.isUsed && !($0.backend is Hub.Port) }.map { shown($0) + "\n" }.joined()
    }

    private func shown(_ entry: Entry) -> String { "\(entry.id): index=0,\(entry.backend.description)" }

    private func behind(_ port: Hub.Port) -> String {
        let cards = cardLines.filter { $0.backend === port }.map(\.text)
        let networks = entries.filter { $0.backend === port.backend }.map(shown)
        return (cards + networks).map { ": " + $0 }.joined()
    }

    private var userNetworks: [(id: String, backend: SlirpBackend)] {
        entries.compactMap { entry in (entry.backend as? SlirpBackend).map { (entry.id, $0) } }
    }

    /// Lines of `info usernet`.
    public var connections: String { userNetworks.map { "\($0.id):\n\($0.backend.connections)" }.joined() }
}

/// Addresses of cards that were given none.
private struct AddressPool {
    private static let first: UInt64 = 0x5254_0012_3456
    private var taken: Set<MACAddress> = []

    mutating func take(_ address: MACAddress) { taken.insert(address) }

    mutating func next() -> MACAddress {
        var address = MACAddress(AddressPool.first)
        while taken.contains(address) { address = MACAddress(address.value + 1) }
        taken.insert(address)
        return address
    }
}
