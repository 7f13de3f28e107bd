import CommandLine
import Display
import EventLoop
import HostOS
import Input
import QAPI
import TLS
import VNC

/// The servers of `-vnc` and their commands. Those that name none are about the first.
public final class VNCSetup {
    private let loop: EventLoop
    private let consoles: ConsoleList
    private let hub: InputHub
    private let emit: (any QAPIEvent) -> Void
    /// A server's credentials, read anew.
    private let renewed: (String) throws -> TLSCredentials
    private(set) var hosts: [VNCHost] = []

    /// `renewed` reads the credentials of an id again.
    public init(
        loop: EventLoop, consoles: ConsoleList, hub: InputHub,
        renewed: @escaping (String) throws -> TLSCredentials = { throw QAPIError.notSupported("tls-creds=\($0)") },
        emit: @escaping (any QAPIEvent) -> Void
    ) {
        (self.loop, self.consoles, self.hub, self.renewed, self.emit) = (loop, consoles, hub, renewed, emit)
        consoles.whenChanged { [unowned self] in for host in hosts { host.chooseConsole() } }
    }

    var server: VNCServer? { hosts.first?.server }

    /// Makes a server and listens, when the machine's consoles are there. `audio` are the ids of `-audiodev`, `secret` gives the bytes of a secret's id, `credentials`
    /// those of a server by their id.
    public func define(
        _ text: String, name: String?, audio: [String] = [], secret: (String) throws -> [UInt8],
        credentials: (String) throws -> TLSCredentials = { throw CommandLineError.notSupported("-vnc tls-creds=\($0)") }
    ) throws {
        var options = try VNCOptions(text)
        if let id = options.audio, !audio.contains(id) {
            throw CommandLineError.badValue(option: "vnc", value: "audiodev=\(id)", expected: "the id of an -audiodev")
        }
        options.server.name = name.map { "QEMU (\($0))" } ?? "QEMU"
        if let id = options.credentials {
            options.server.encryption = VeNCrypt(try credentials(id), asksPassword: options.server.asksPassword)
            guard options.server.encryption != nil else {
                throw CommandLineError.badValue(option: "vnc", value: "tls-creds=\(id)", expected: "a tls-creds-x509 or tls-creds-anon")
            }
        }
        guard !options.places.isEmpty else { return }
        if let display = options.display, consoles.find(device: display, head: options.head) == nil { throw QAPIError.noDevice(display) }
        let id = try identity(options.id)
        let host = try VNCHost(id, options, loop: loop, consoles: consoles, hub: hub, emit: emit)
        if let id = options.secret { host.server.setPassword(String(decoding: try secret(id), as: UTF8.self)) }
        hosts.append(host)
    }

    /// A server's own id, or the next of those that QEMU gives.
    private func identity(_ wanted: String?) throws(CommandLineError) -> String {
        func isTaken(_ id: String) -> Bool { hosts.contains { $0.id == id } }
        if let wanted {
            guard !isTaken(wanted) else { throw .badValue(option: "vnc", value: "id=\(wanted)", expected: "each id once") }
            return wanted
        }
        var (id, number) = ("default", 2)
        while isTaken(id) { (id, number) = ("vnc\(number)", number + 1) }
        return id
    }

    // MARK: Commands

    public func register(in commands: inout CommandTable) {
        commands.on(QueryVncCommand.self) { [self] in hosts.first?.information ?? VncInfo(enabled: false) }
        commands.on(QueryVncServersCommand.self) { [self] in hosts.map(\.wholeInformation) }
        commands.on(ChangeVncPasswordCommand.self) { [self] arguments in
            try passworded(nil).setPassword(arguments.password)
            return QAPIEmpty()
        }
        commands.on(SetPasswordCommand.self) { [self] arguments in
            guard case .vnc(let vnc) = arguments.branch else { throw QAPIError.notSupported("the protocol 'spice'") }
            // QEMU knows no other action with viewers of this kind.
            if let action = arguments.connected, action != .keep { throw QAPIError.expects("connected", "'keep'") }
            try passworded(vnc.display).setPassword(arguments.password)
            return QAPIEmpty()
        }
        commands.on(ExpirePasswordCommand.self) { [self] arguments in
            guard case .vnc(let vnc) = arguments.branch else { throw QAPIError.notSupported("the protocol 'spice'") }
            try passworded(vnc.display).endPassword(at: try end(arguments.time))
            return QAPIEmpty()
        }
        commands.on(DisplayReloadCommand.self) { [self] arguments in
            guard case .vnc(let vnc) = arguments.branch else { throw QAPIError.notSupported("display-reload of this kind") }
            if vnc.tlsCerts == true { try renewCertificates() }
            return QAPIEmpty()
        }
        commands.on(DisplayUpdateCommand.self) { [self] arguments in
            guard case .vnc(let vnc) = arguments.branch else { throw QAPIError.notSupported("display-update of this kind") }
            if let addresses = vnc.addresses { try move(to: addresses) }
            return QAPIEmpty()
        }
    }

    private func first() throws(QAPIError) -> VNCHost {
        guard let host = hosts.first else { throw QAPIError(.generic, "Can not find vnc display") }
        return host
    }

    private func renewCertificates() throws {
        let host = try first()
        guard let id = host.options.credentials, let new = VeNCrypt(try renewed(id), asksPassword: host.options.server.asksPassword) else {
            throw QAPIError(.generic, "vnc tls is not enabled")
        }
        host.server.renewEncryption(new)
    }

    private func move(to addresses: [SocketAddressFlat]) throws {
        let host = try first()
        guard !host.options.isReverse else { throw QAPIError.notSupported("display-update of a server with reverse=on") }
        guard !addresses.isEmpty else { throw QAPIError.expects("addresses", "at least one address") }
        try host.move(to: try addresses.map(VNCSetup.place))
    }

    private static func place(_ address: SocketAddressFlat) throws(QAPIError) -> HostOS.SocketAddress {
        switch address.branch {
        case .inet(let inet):
            if inet.to != nil { throw .notSupported("a range of ports ('to')") }
            if inet.ipv4 == false || inet.ipv6 == false || inet.keepAlive == true { throw .notSupported("ipv4, ipv6 or keep-alive here") }
            return .tcp(host: inet.host, port: inet.port)
        case .unix(let unix):
            if unix.abstract == true { throw .notSupported("an abstract Unix socket") }
            return .unix(path: unix.path)
        case .fd: throw .notSupported("a descriptor here")
        }
    }

    private func passworded(_ display: String?) throws(QAPIError) -> VNCServer {
        let host = display == nil ? hosts.first : hosts.first { $0.id == display }
        guard let host, host.options.server.asksPassword else { throw QAPIError(.generic, "Could not set password") }
        return host.server
    }

    private func end(_ time: String) throws(QAPIError) -> Int64? {
        let now = loop.wallClock() / 1_000_000_000
        switch time {
        case "now": return 0
        case "never": return nil
        default:
            guard let number = Int64(time), number >= 0 else { throw QAPIError.expects("time", "now, never, +SECONDS or seconds since 1970") }
            return time.hasPrefix("+") ? now + number : number
        }
    }
}
