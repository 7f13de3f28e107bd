import Chardev
import CommandLine
import HostOS
import TLS

/// Back ends on sockets.
extension CharacterSetup {
    func socket(_ id: String, _ list: PropertyList, _ general: [String]) throws -> CharacterBackend {
        try list.check(
            general + [
                "host", "port", "path", "fd", "server", "wait", "delay", "nodelay", "telnet", "tn3270", "websocket", "reconnect", "ipv4", "ipv6",
                "tls-creds",
            ])
        if try list.bool("tn3270", default: false) { throw CommandLineError.notSupported("the character back end 'socket' with tn3270=on") }
        for name in ["ipv4", "ipv6"] where ![nil, "on"].contains(list[name]) {
            throw CommandLineError.notSupported("the character back end 'socket' with \(name)=\(list[name] ?? "")")
        }
        let isServer = try list.bool("server", default: false)
        let waits = try list.bool("wait", default: true)
        let language = try language(list, isServer: isServer)
        let pause = try reconnection(list, isServer: isServer)
        let prepare = try preparation(list, language, isServer: isServer)
        if list["fd"] != nil { return try inherited(id, list, isServer: isServer, waits: waits, language, prepare) }
        let address: SocketAddress
        if let path = list["path"] {
            address = .unix(path: path)
        } else {
            address = .tcp(host: list["host"] ?? "", port: try needed("port", list))
        }
        guard isServer else { return try SocketBackend(loop: loop, connectingTo: address, again: pause, language: language, prepare: prepare) }
        return try SocketBackend(loop: loop, listeningOn: address, waiting: waits, language: language, label: id, prepare: prepare)
    }

    private func language(_ list: PropertyList, isServer: Bool) throws -> LineProtocol {
        let isTelnet = try list.bool("telnet", default: false)
        guard try list.bool("websocket", default: false) else { return isTelnet ? .telnet : .plain }
        guard isServer, !isTelnet else {
            throw CommandLineError.badValue(option: list.option, value: "websocket=on", expected: "server=on with it, and no telnet=on")
        }
        return .webSocket
    }

    /// What comes before a connection's bytes: `tls-creds=` makes it secret, then a WebSocket is asked for. Nil for nothing.
    private func preparation(_ list: PropertyList, _ language: LineProtocol, isServer: Bool) throws -> PrepareConnection? {
        let begin: PrepareConnection? = language == .webSocket ? CharacterSetup.beginWebSocket : nil
        guard let id = list["tls-creds"] else { return begin }
        guard list["path"] == nil, list["fd"] == nil else {
            throw CommandLineError.badValue(option: list.option, value: "tls-creds=\(id)", expected: "a TCP socket")
        }
        let credentials = try credentials(id, isServer ? .server : .client), host = list["host"].map { $0.isEmpty ? "localhost" : $0 } ?? "localhost"
        return { stream in
            let secret = try TLSTunnel.open(stream, credentials, hostName: host)
            return try begin?(secret) ?? secret
        }
    }

    private static let beginWebSocket: PrepareConnection = { stream in
        try WebSocketHandshake.perform(stream)
        return stream
    }

    /// Seconds after which a client tries again; nil if it does not.
    private func reconnection(_ list: PropertyList, isServer: Bool) throws -> Int? {
        guard let seconds = try list.integer("reconnect"), seconds != 0 else { return nil }
        let most = 1 << 20
        guard !isServer, list["fd"] == nil, (1...most).contains(seconds) else {
            throw CommandLineError.badValue(
                option: list.option, value: "reconnect=\(seconds)", expected: "1 to \(most) seconds, for a client that makes its connection itself")
        }
        return seconds
    }

    func datagrams(_ list: PropertyList, _ general: [String]) throws -> CharacterBackend {
        try list.check(general + ["host", "port", "localaddr", "localport", "ipv4", "ipv6"])
        for name in ["ipv4", "ipv6"] where ![nil, "on"].contains(list[name]) {
            throw CommandLineError.notSupported("the character back end 'udp' with \(name)=\(list[name] ?? "")")
        }
        func name(_ text: String?, _ other: String) -> String { text.map { $0.isEmpty ? other : $0 } ?? other }
        let remote = (host: name(list["host"], "localhost"), port: try needed("port", list))
        let isBound = list["localaddr"] != nil || list["localport"] != nil
        let local = (host: list["localaddr"] ?? "", port: name(list["localport"], "0"))
        let stream = try HostStream.datagrams(at: isBound ? local : nil, to: remote)
        return DatagramCharacters(loop: loop, stream: stream, description: "udp:\(SocketAddress.tcp(host: remote.host, port: remote.port))")
    }

    /// A socket that the process was started with.
    private func inherited(_ id: String, _ list: PropertyList, isServer: Bool, waits: Bool, _ language: LineProtocol, _ prepare: PrepareConnection?)
        throws
        -> CharacterBackend
    {
        let number = try list.integer("fd").map(Int32.init(clamping:)) ?? -1
        if isServer, let listener = ListeningSocket(inherited: number) {
            return SocketBackend(
                loop: loop, listener: listener, at: .descriptor(number), waiting: waits, language: language, label: id, prepare: prepare)
        }
        guard !isServer, let stream = HostStream.inherited(number) else {
            throw CommandLineError.badValue(
                option: list.option, value: "fd=\(list["fd"] ?? "")",
                expected: isServer ? "a socket that listens" : "the number of an open descriptor")
        }
        return SocketBackend(loop: loop, connection: stream, language: language)
    }
}
