import Chardev
import CommandLine
import Diagnostics
import EventLoop
import HostOS

/// All character back ends of a session: what `-chardev` defines, and what `-serial` and `-monitor` name directly.
public final class CharacterSetup {
    /// One back end, with what shares it out if several front ends use it.
    final class Entry {
        let id: String
        let slot: CharacterSlot
        let multiplexer: Multiplexer?
        /// A front end has it.
        var isUsed = false

        init(_ id: String, _ slot: CharacterSlot, _ multiplexer: Multiplexer?) {
            (self.id, self.slot, self.multiplexer) = (id, slot, multiplexer)
        }
    }

    /// The kinds that there are, for `-chardev help`.
    public static let kinds = ["file", "null", "pipe", "pty", "ringbuf", "socket", "stdio"]
    /// Other names of theirs.
    static let aliases = ["memory": "ringbuf"]
    private static let otherKinds = [
        "udp", "vc", "serial", "tty", "parallel", "parport", "console", "con", "telnet", "websocket", "msmouse", "braille", "testdev", "wctablet",
        "hub", "spicevmc", "spiceport", "dbus", "qemu-vdagent", "tn3270", "fd",
    ]

    let loop: EventLoop
    private let command: (Multiplexer.Command) -> Void
    private(set) var entries: [Entry] = []
    private var stdioIsTaken = false
    /// Multiplexers of `mon:…`, on which a monitor belongs.
    public private(set) var monitorMultiplexers: [Multiplexer] = []

    /// `command` gets what the Ctrl-A escapes ask for.
    public init(loop: EventLoop, command: @escaping (Multiplexer.Command) -> Void) {
        self.loop = loop
        self.command = command
    }

    // MARK: Definitions

    /// `-chardev KIND,id=ID,…`.
    public func define(_ text: String) throws {
        let list = PropertyList(text, option: "chardev", implied: "backend")
        guard let id = list["id"], !id.isEmpty else { throw CommandLineError.badValue(option: "chardev", value: text, expected: "KIND,id=ID,…") }
        guard entry(id) == nil else { throw CommandLineError.badValue(option: "chardev", value: "id=\(id)", expected: "each id once") }
        try make(id, list)
    }

    func entry(_ id: String) -> Entry? { entries.first { $0.id == id } }

    /// Properties of every kind.
    static let general = ["backend", "id", "mux", "logfile", "logappend"]

    @discardableResult
    func make(_ id: String, _ list: PropertyList) throws -> Entry {
        let kind = list["backend"] ?? ""
        if list["logfile"] != nil { throw CommandLineError.notSupported("-\(list.option) logfile=") }
        let slot = CharacterSlot(try backend(kind, id, list, CharacterSetup.general))
        let multiplexer = try list.bool("mux", default: false) ? makeMultiplexer(slot) : nil
        let entry = Entry(id, slot, multiplexer)
        entries.append(entry)
        return entry
    }

    func remove(_ entry: Entry) { entries.removeAll { $0 === entry } }

    private func makeMultiplexer(_ backend: CharacterBackend) -> Multiplexer {
        Multiplexer(backend, now: { [loop] in loop.now(.realtime) / 1_000_000 }, command: command)
    }

    func backend(_ kind: String, _ id: String, _ list: PropertyList, _ general: [String]) throws -> CharacterBackend {
        switch kind {
        case "null", "none":
            try list.check(general)
            return NullBackend()
        case "stdio":
            try list.check(general + ["signal"])
            guard !stdioIsTaken else { throw CommandLineError.badValue(option: list.option, value: "stdio", expected: "the terminal once only") }
            stdioIsTaken = true
            return DescriptorBackend.standard(loop: loop, signals: try list.bool("signal", default: true))
        case "file":
            try list.check(general + ["path", "append"])
            let output = try HostStream.creating(try needed("path", list), append: try list.bool("append", default: false))
            return DescriptorBackend(loop: loop, "file", input: nil, output: output)
        case "pipe":
            try list.check(general + ["path"])
            return try DescriptorBackend.pipe(loop: loop, path: try needed("path", list))
        case "pty":
            try list.check(general)
            let (backend, path) = try DescriptorBackend.pseudoTerminal(loop: loop)
            writeLine("char device redirected to \(path) (label \(id))", to: 1)
            return backend
        case "ringbuf", "memory":
            try list.check(general + ["size"])
            return RingBuffer(size: Int(try list["size"].map { try parseSize($0, option: list.option) } ?? 65536))
        case "socket": return try socket(id, list, general)
        case let other where CharacterSetup.otherKinds.contains(other): throw CommandLineError.notSupported("the character back end '\(other)'")
        default: throw CommandLineError.badValue(option: list.option, value: kind, expected: CharacterSetup.kinds.joined(separator: ", "))
        }
    }

    private func needed(_ key: String, _ list: PropertyList) throws -> String {
        guard let value = list[key], !value.isEmpty else {
            throw CommandLineError.badValue(option: list.option, value: list["backend"] ?? "", expected: "\(key)=…")
        }
        return value
    }

    private func socket(_ id: String, _ list: PropertyList, _ general: [String]) throws -> CharacterBackend {
        try list.check(
            general + ["host", "port", "path", "fd", "server", "wait", "delay", "nodelay", "telnet", "websocket", "reconnect", "ipv4", "ipv6"])
        for name in ["telnet", "websocket"] where try list.bool(name, default: false) {
            throw CommandLineError.notSupported("the character back end 'socket' with \(name)=on")
        }
        for name in ["reconnect", "ipv4", "ipv6"] where ![nil, "0", "on"].contains(list[name]) {
            throw CommandLineError.notSupported("the character back end 'socket' with \(name)=\(list[name] ?? "")")
        }
        let isServer = try list.bool("server", default: false)
        let waits = try list.bool("wait", default: true)
        if list["fd"] != nil { return try inherited(id, list, isServer: isServer, waits: waits) }
        let address: SocketAddress
        if let path = list["path"] {
            address = .unix(path: path)
        } else {
            address = .tcp(host: list["host"] ?? "", port: try needed("port", list))
        }
        guard isServer else { return try SocketBackend(loop: loop, connectingTo: address) }
        return try SocketBackend(loop: loop, listeningOn: address, waiting: waits, label: id)
    }

    /// A socket that the process was started with.
    private func inherited(_ id: String, _ list: PropertyList, isServer: Bool, waits: Bool) throws -> CharacterBackend {
        let number = try list.integer("fd").map(Int32.init(clamping:)) ?? -1
        if isServer, let listener = ListeningSocket(inherited: number) {
            return SocketBackend(loop: loop, listener: listener, at: .descriptor(number), waiting: waits, label: id)
        }
        guard !isServer, let stream = HostStream.inherited(number) else {
            throw CommandLineError.badValue(
                option: list.option, value: "fd=\(list["fd"] ?? "")",
                expected: isServer ? "a socket that listens" : "the number of an open descriptor")
        }
        return SocketBackend(loop: loop, connection: stream)
    }

    // MARK: Uses

    /// The back end of an id, for one front end; a second one needs `mux=on`.
    public func use(_ id: String, option: String) throws -> CharacterBackend {
        guard let entry = entry(id) else {
            throw CommandLineError.badValue(
                option: option, value: "chardev=\(id)", expected: "one of -chardev's ids: " + entries.map(\.id).joined(separator: ", "))
        }
        if let multiplexer = entry.multiplexer { return multiplexer.makePort() }
        guard !entry.isUsed else {
            throw CommandLineError.badValue(option: option, value: "chardev=\(id)", expected: "a back end that is free, or one with mux=on")
        }
        entry.isUsed = true
        return entry.slot
    }

    /// The front end of a back end is gone.
    public func release(_ backend: CharacterBackend) { entries.first { $0.slot === backend }?.isUsed = false }

    /// The front end of what `open` gave is gone; what was made for it under that label goes too.
    public func close(_ backend: CharacterBackend, label: String) {
        release(backend)
        if let entry = entries.first(where: { $0.slot === backend }), entry.id == label { remove(entry) }
    }

    /// The back end that `-serial TEXT` or `-monitor TEXT` names: `stdio`, `tcp:HOST:PORT,server=on`, `chardev:ID`, `mon:…`.
    public func open(_ text: String, option: String, label: String) throws -> CharacterBackend {
        if text.hasPrefix("chardev:") { return try use(String(text.dropFirst(8)), option: option) }
        if text.hasPrefix("mon:") {
            let made = try make(label, try legacy(String(text.dropFirst(4)), option, ",mux=on", signals: false))
            guard let multiplexer = made.multiplexer else { return made.slot }
            monitorMultiplexers.append(multiplexer)
            return multiplexer.makePort()
        }
        let made = try make(label, try legacy(text, option, "", signals: true))
        made.isUsed = true
        return made.slot
    }

    /// The properties that a word such as `file:PATH` stands for.
    private func legacy(_ text: String, _ option: String, _ more: String, signals: Bool) throws -> PropertyList {
        let colon = text.firstIndex(of: ":")
        let kind = String(text[..<(colon ?? text.firstIndex(of: ",") ?? text.endIndex)])
        let rest = colon.map { String(text[text.index(after: $0)...]) } ?? ""
        func list(_ properties: String) -> PropertyList { PropertyList(properties + more, option: option, implied: "backend") }
        switch kind {
        case "stdio": return list(text + (signals ? "" : ",signal=off"))
        case "null", "none", "pty", "ringbuf": return list(text)
        case "file", "pipe": return list("\(kind),path=\(rest)")
        case "unix": return list("socket,path=\(rest)")
        case "tcp":
            let address = rest.prefix { $0 != "," }
            guard let split = address.lastIndex(of: ":") else {
                throw CommandLineError.badValue(option: option, value: text, expected: "tcp:HOST:PORT[,server=on][,wait=off]")
            }
            let host = address[..<split].drop { $0 == "[" }.filter { $0 != "]" }
            return list("socket,host=\(host),port=\(address[address.index(after: split)...])\(rest.dropFirst(address.count))")
        default:
            if CharacterSetup.otherKinds.contains(kind) || text.hasPrefix("/dev/") { throw CommandLineError.notSupported("-\(option) \(text)") }
            throw CommandLineError.badValue(
                option: option, value: text, expected: "mon:…, stdio, null, none, pty, file:PATH, pipe:PATH, unix:PATH, tcp:HOST:PORT, chardev:ID")
        }
    }

    // MARK: The monitor's view

    /// Lines of `info chardev`.
    public var description: String { entries.map { "\($0.id): filename=\($0.slot.filename)\n" }.joined() }

    /// The ring buffer of an id.
    public func ringBuffer(_ id: String) -> RingBuffer? { entry(id)?.slot.inner as? RingBuffer }
}
