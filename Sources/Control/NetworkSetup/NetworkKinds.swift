import Chardev
import CommandLine
import HostOS
import NetBackends

/// The kinds of networks that there are.
public enum NetworkKind: String, CaseIterable {
    case hubport, socket, tap, user

    private static let others = [
        "stream", "dgram", "l2tpv3", "vde", "bridge", "netmap", "vhost-user", "vhost-vdpa", "vmnet-host", "vmnet-shared", "vmnet-bridged", "af-xdp",
    ]

    public static var help: String { "Available netdev backend types:\n" + allCases.map { $0.rawValue + "\n" }.joined() }

    /// The kind that a list names.
    init(_ list: PropertyList) throws {
        let name = list["type"] ?? ""
        if NetworkKind.others.contains(name) { throw CommandLineError.notSupported("-\(list.option) \(name)") }
        guard let kind = NetworkKind(rawValue: name) else {
            throw CommandLineError.unknownName(option: list.option, name: name, accepted: NetworkKind.allCases.map(\.rawValue))
        }
        self = kind
    }
}

extension NetworkSetup {
    /// Makes what a list describes; `general` are properties of every kind.
    func makeBackend(_ id: String, _ kind: NetworkKind, _ list: PropertyList, _ general: [String]) throws -> NetworkBackend {
        switch kind {
        case .user: return try makeUser(list, general)
        case .hubport: return try makeHubPort(id, list, general)
        case .socket: return try makeSocket(list, general)
        case .tap: return try makeTap(list, general)
        }
    }

    private func makeHubPort(_ id: String, _ list: PropertyList, _ general: [String]) throws -> NetworkBackend {
        try list.check(general + ["hubid", "netdev"])
        guard let number = try list.integer("hubid") else {
            throw CommandLineError.badValue(option: list.option, value: "hubport", expected: "hubport,id=ID,hubid=NUMBER[,netdev=ID]")
        }
        return port(of: hub(number), to: try list["netdev"].map { try use($0, option: list.option) }, name: id)
    }

    private func makeSocket(_ list: PropertyList, _ general: [String]) throws -> NetworkBackend {
        try list.check(general + ["listen", "connect", "udp", "localaddr", "mcast", "fd"])
        for name in ["mcast", "fd"] where list[name] != nil { throw CommandLineError.notSupported("-\(list.option) socket,\(name)=") }
        let ways = ["listen", "connect", "udp"].filter { list[$0] != nil }
        guard ways.count == 1, list["localaddr"] == nil || ways == ["udp"], let text = list[ways[0]] else {
            throw CommandLineError.badValue(
                option: list.option, value: "socket",
                expected: "one of listen=[HOST]:PORT, connect=HOST:PORT, udp=HOST:PORT,localaddr=[HOST]:PORT")
        }
        let (host, port) = try place(ways[0], text, list)
        let description = "type=socket,\(ways[0])=\(text)"
        let address = SocketAddress.tcp(host: host, port: port)
        switch ways[0] {
        case "listen":
            return StreamBackend(try SocketBackend(loop: loop, listeningOn: address, waiting: false, label: "socket"), description: description)
        case "connect": return StreamBackend(try SocketBackend(loop: loop, connectingTo: address), description: description)
        default:
            guard let local = list["localaddr"] else {
                throw CommandLineError.badValue(option: list.option, value: "udp=\(text)", expected: "localaddr=[HOST]:PORT with it")
            }
            let stream = try HostStream.datagrams(at: try place("localaddr", local, list), to: (host, port))
            return DatagramBackend(loop: loop, stream: stream, description: description)
        }
    }

    /// `[HOST]:PORT`.
    private func place(_ name: String, _ text: String, _ list: PropertyList) throws -> (host: String, port: String) {
        guard let colon = text.lastIndex(of: ":"), UInt16(text[text.index(after: colon)...]) != nil else {
            throw CommandLineError.badValue(option: list.option, value: "\(name)=\(text)", expected: "\(name)=[HOST]:PORT")
        }
        return (text[..<colon].filter { $0 != "[" && $0 != "]" }, String(text[text.index(after: colon)...]))
    }

    private func makeTap(_ list: PropertyList, _ general: [String]) throws -> NetworkBackend {
        try list.check(general + ["ifname", "fd", "script", "downscript", "vhost"])
        if try list.bool("vhost", default: false) { throw CommandLineError.notSupported("-\(list.option) tap,vhost=on") }
        if let number = try list.integer("fd") {
            guard list["ifname"] == nil, let stream = HostStream.inherited(Int32(clamping: number)) else {
                throw CommandLineError.badValue(option: list.option, value: "fd=\(number)", expected: "an open descriptor, and no ifname")
            }
            return DatagramBackend(loop: loop, stream: stream, description: "type=tap,fd=\(number)")
        }
        for name in ["script", "downscript"] where list[name] != "no" {
            throw CommandLineError.notSupported("-\(list.option) tap without \(name)=no: scripts are not run")
        }
        guard let name = list["ifname"], !name.isEmpty else {
            throw CommandLineError.badValue(option: list.option, value: "tap", expected: "ifname=NAME or fd=NUMBER")
        }
        return DatagramBackend(loop: loop, stream: try HostStream.tap(name), description: "type=tap,ifname=\(name),script=no,downscript=no")
    }
}
