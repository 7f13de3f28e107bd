import HostOS

/// Where a machine's state goes to or comes from: QEMU's migration URIs.
enum MigrationAddress: Equatable {
    case socket(SocketAddress)
    /// The name of a descriptor that a client has sent, or the number of one that was inherited.
    case descriptor(String)
    case command(String)
    case file(String)

    /// Whether it may lead to somebody who answers: a descriptor may have a socket behind it.
    var isConnection: Bool {
        switch self {
        case .socket, .descriptor: true
        case .command, .file: false
        }
    }

    /// Which addresses those are.
    static let connections = "tcp:HOST:PORT, unix:PATH and sockets behind fd:NAME"

    init(_ text: String) throws(MigrationError) {
        guard let colon = text.firstIndex(of: ":") else { throw .badAddress(text) }
        let rest = String(text[text.index(after: colon)...])
        guard !rest.isEmpty else { throw .badAddress(text) }
        switch text[..<colon] {
        case "tcp": self = .socket(try MigrationAddress.tcp(rest, text))
        case "unix": self = .socket(.unix(path: rest))
        case "fd": self = .descriptor(rest)
        case "exec": self = .command(rest)
        case "file": self = .file(rest)
        default: throw .badAddress(text)
        }
    }

    /// `HOST:PORT`, with brackets around a host that has colons itself.
    private static func tcp(_ place: String, _ text: String) throws(MigrationError) -> SocketAddress {
        guard let colon = place.lastIndex(of: ":") else { throw .badAddress(text) }
        var host = String(place[..<colon])
        let port = String(place[place.index(after: colon)...])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard UInt16(port) != nil else { throw .badAddress(text) }
        return .tcp(host: host, port: port)
    }
}
