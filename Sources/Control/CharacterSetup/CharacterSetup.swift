import Chardev
import CommandLine
import Diagnostics
import Display
import EventLoop
import HostOS
import TLS
import TextConsole

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
    public static let kinds = ["file", "hub", "null", "pipe", "pty", "ringbuf", "serial", "socket", "stdio", "udp", "vc"]
    /// Other names of theirs.
    static let aliases = ["memory": "ringbuf", "tty": "serial"]
    private static let otherKinds = [
        "parallel", "parport", "console", "con", "msmouse", "braille", "testdev", "wctablet", "spicevmc", "spiceport", "dbus", "qemu-vdagent",
        "tn3270",
        "fd",
    ]

    let loop: EventLoop
    private let command: (Multiplexer.Command) -> Void
    private(set) var entries: [Entry] = []
    private var stdioIsTaken = false
    /// Multiplexers of `mon:…`, on which a monitor belongs.
    public private(set) var monitorMultiplexers: [Multiplexer] = []

    /// The credentials of an id, for one end.
    public typealias Credentials = (String, TLSCredentials.Endpoint) throws -> TLSCredentials
    let credentials: Credentials
    /// Where text consoles are seen.
    private let consoles: ConsoleList

    /// `command` gets what the Ctrl-A escapes ask for.
    public init(
        loop: EventLoop, credentials: @escaping Credentials = CharacterSetup.noCredentials, consoles: ConsoleList = ConsoleList(),
        command: @escaping (Multiplexer.Command) -> Void
    ) {
        (self.loop, self.credentials, self.consoles, self.command) = (loop, credentials, consoles, command)
    }

    public static func noCredentials(_ id: String, _ endpoint: TLSCredentials.Endpoint) throws -> TLSCredentials {
        throw CommandLineError.badValue(option: "chardev", value: "tls-creds=\(id)", expected: "the id of an -object")
    }

    // MARK: Definitions

    /// `-chardev KIND,id=ID,…`.
    public func define(_ text: String) throws {
        // QEMU 7.2 does not take it either.
        if text.hasPrefix("{") { throw CommandLineError.notSupported("-chardev in JSON") }
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
        let slot = CharacterSlot(try backend(list["backend"] ?? "", id, list, CharacterSetup.general), log: try log(list))
        let multiplexer = try list.bool("mux", default: false) ? makeMultiplexer(slot) : nil
        let entry = Entry(id, slot, multiplexer)
        entries.append(entry)
        return entry
    }

    /// The file that takes down what goes out.
    func log(_ list: PropertyList) throws -> HostStream? {
        try list["logfile"].map { try HostStream.creating($0, append: try list.bool("logappend", default: false)) }
    }

    func remove(_ entry: Entry) {
        entries.removeAll { $0 === entry }
        discard(entry.slot.inner)
    }

    /// A back end is no longer needed.
    func discard(_ backend: CharacterBackend) {
        if let text = backend as? TextConsole { consoles.remove(text.console) }
        if let hub = backend as? CharacterHub { for member in hub.backends { release(member) } }
    }

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
        case "serial", "tty":
            try list.check(general + ["path"])
            return try SerialBackend(loop: loop, path: try needed("path", list))
        case "vc": return try textConsole(id, list, general)
        case "hub": return try hub(list, general)
        case "socket": return try socket(id, list, general)
        case "udp": return try datagrams(list, general)
        case let other where CharacterSetup.otherKinds.contains(other): throw CommandLineError.notSupported("the character back end '\(other)'")
        default: throw CommandLineError.badValue(option: list.option, value: kind, expected: CharacterSetup.kinds.joined(separator: ", "))
        }
    }

    func needed(_ key: String, _ list: PropertyList) throws -> String {
        guard let value = list[key], !value.isEmpty else {
            throw CommandLineError.badValue(option: list.option, value: list["backend"] ?? "", expected: "\(key)=…")
        }
        return value
    }

    /// `width=` and `height=` in pixels, or `cols=` and `rows=` in characters; what is not given is as usual.
    private func textConsole(_ id: String, _ list: PropertyList, _ general: [String]) throws -> CharacterBackend {
        try list.check(general + ["width", "height", "cols", "rows"])
        func number(_ name: String, _ usual: Int) throws -> Int { try list.integer(name).flatMap { $0 == 0 ? nil : $0 } ?? usual }
        let isCounted = ["cols", "rows"].contains { list[$0] != nil }
        if isCounted, list["width"] != nil || list["height"] != nil {
            throw CommandLineError.badValue(option: list.option, value: "vc", expected: "width and height, or cols and rows")
        }
        let size: TextConsole.Size =
            isCounted
            ? .characters(columns: try number("cols", 80), rows: try number("rows", 24))
            : .pixels(width: try number("width", DisplayConsole.idleSize.width), height: try number("height", DisplayConsole.idleSize.height))
        guard let made = TextConsole(label: id, size: size) else {
            throw CommandLineError.badValue(option: list.option, value: "\(size)", expected: "1 to 1000 columns and rows of 8×16 pixels")
        }
        consoles.add(made.console)
        return made
    }

    /// `chardevs.0=ID,chardevs.1=ID…`.
    private func hub(_ list: PropertyList, _ general: [String]) throws -> CharacterBackend {
        let names = (0..<CharacterHub.most).map { "chardevs.\($0)" }
        try list.check(general + names)
        let ids = names.compactMap { list[$0] }
        guard !ids.isEmpty, names.prefix(ids.count).allSatisfy({ list[$0] != nil }) else {
            throw CommandLineError.badValue(option: list.option, value: "hub", expected: "chardevs.0=ID, and up to \(CharacterHub.most - 1) more")
        }
        for id in ids {
            guard let entry = entry(id) else { continue }
            if entry.multiplexer != nil || entry.slot.inner is CharacterHub {
                throw CommandLineError.badValue(
                    option: list.option, value: "chardevs=\(id)", expected: "a back end that is no multiplexer and no hub")
            }
        }
        return CharacterHub(try ids.map { try use($0, option: list.option) })
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
        case "vc": return list(try textConsoleProperties(rest, option))
        case "tcp", "telnet", "websocket":
            let address = rest.prefix { $0 != "," }
            guard let (host, port) = hostAndPort(address) else {
                throw CommandLineError.badValue(option: option, value: text, expected: "\(kind):HOST:PORT[,server=on][,wait=off]")
            }
            return list("socket,host=\(host),port=\(port)\(kind == "tcp" ? "" : ",\(kind)=on")\(rest.dropFirst(address.count))")
        case "udp":
            let (remote, local) = (rest.prefix { $0 != "@" }, rest.drop { $0 != "@" }.dropFirst())
            guard let (host, port) = hostAndPort(remote), let (localHost, localPort) = local.isEmpty ? ("", "") : hostAndPort(local) else {
                throw CommandLineError.badValue(option: option, value: text, expected: "udp:[HOST]:PORT[@[HOST]:PORT]")
            }
            return list("udp,host=\(host),port=\(port)" + (local.isEmpty ? "" : ",localaddr=\(localHost),localport=\(localPort)"))
        default:
            if CharacterSetup.otherKinds.contains(kind) || text.hasPrefix("/dev/parport") {
                throw CommandLineError.notSupported("-\(option) \(text)")
            }
            if text.hasPrefix("/dev/") { return list("serial,path=\(text)") }
            throw CommandLineError.badValue(
                option: option, value: text,
                expected:
                    "mon:…, stdio, null, none, pty, vc, file:PATH, pipe:PATH, unix:PATH, tcp:HOST:PORT, telnet:HOST:PORT, websocket:HOST:PORT, udp:HOST:PORT, /dev/…, chardev:ID"
            )
        }
    }

    /// What stands behind `vc:`: nothing, `WIDTHxHEIGHT` in pixels, or `COLUMNSCxROWSC`.
    private func textConsoleProperties(_ text: String, _ option: String) throws -> String {
        if text.isEmpty { return "vc" }
        let parts = text.split(separator: "x", omittingEmptySubsequences: false)
        let isCounted = parts.allSatisfy { $0.hasSuffix("C") }
        let numbers = parts.map { isCounted ? $0.dropLast() : $0 }
        guard numbers.count == 2, numbers.allSatisfy({ Int($0) != nil }) else {
            throw CommandLineError.badValue(option: option, value: "vc:\(text)", expected: "vc, vc:WIDTHxHEIGHT or vc:80Cx24C")
        }
        return isCounted ? "vc,cols=\(numbers[0]),rows=\(numbers[1])" : "vc,width=\(numbers[0]),height=\(numbers[1])"
    }

    /// `HOST:PORT`, with brackets around a host that has colons itself.
    private func hostAndPort(_ text: Substring) -> (host: String, port: String)? {
        guard let split = text.lastIndex(of: ":") else { return nil }
        return (String(text[..<split].drop { $0 == "[" }.filter { $0 != "]" }), String(text[text.index(after: split)...]))
    }

    // MARK: The monitor's view

    /// Lines of `info chardev`.
    public var description: String { entries.map { "\($0.id): filename=\($0.slot.filename)\n" }.joined() }

    /// The ring buffer of an id.
    public func ringBuffer(_ id: String) -> RingBuffer? { entry(id)?.slot.inner as? RingBuffer }
}
