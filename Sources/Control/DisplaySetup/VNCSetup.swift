import CommandLine
import Diagnostics
import Display
import EventLoop
import HostOS
import Input
import QAPI
import TLS
import VNC

/// The server of `-vnc` and its commands.
public final class VNCSetup {
    private struct Place {
        let listener: ListeningSocket
        let address: SocketAddress
        let isWebSocket: Bool
        let watch: FDWatch
    }

    static let id = "default"

    private let loop: EventLoop
    private let consoles: ConsoleList
    private let hub: InputHub
    private let emit: (any QAPIEvent) -> Void
    private var options: VNCOptions?
    private(set) var server: VNCServer?
    private var listening: [Place] = []

    public init(loop: EventLoop, consoles: ConsoleList, hub: InputHub, emit: @escaping (any QAPIEvent) -> Void) {
        (self.loop, self.consoles, self.hub, self.emit) = (loop, consoles, hub, emit)
    }

    /// Makes the server and listens, when the machine's consoles are there. `audio` are the ids of `-audiodev`, `secret` gives the bytes of a secret's id, `credentials`
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
        self.options = options
        guard !options.places.isEmpty else { return }
        if let display = options.display, consoles.find(device: display, head: options.head) == nil { throw QAPIError.noDevice(display) }
        let server = try VNCServer(options.server, loop: loop, hub: hub)
        if let id = options.secret { server.setPassword(String(decoding: try secret(id), as: UTF8.self)) }
        server.onEvent = { [unowned self] in tell($0, $1) }
        self.server = server
        try listen(options.places, isWebSocket: false)
        if !options.webPlaces.isEmpty { try listen(options.webPlaces, isWebSocket: true) }
        consoles.onChange = { [unowned self] in chooseConsole() }
        chooseConsole()
    }

    private func chooseConsole() {
        let named = options?.display.map { consoles.find(device: $0, head: options?.head ?? 0) }
        server?.show(named ?? consoles.consoles.first)
    }

    /// Listens at the first place that is free.
    private func listen(_ places: [SocketAddress], isWebSocket: Bool) throws {
        var failure: HostError?
        for address in places {
            do {
                let listener = try ListeningSocket(address)
                let watch = loop.watch(listener.descriptor, readable: { [unowned self] in accept(listener, isWebSocket) })
                return listening.append(Place(listener: listener, address: address, isWebSocket: isWebSocket, watch: watch))
            } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }

    private func accept(_ listener: ListeningSocket, _ isWebSocket: Bool) {
        guard let stream = listener.accept() else { return }
        server?.accept(stream, isWebSocket: isWebSocket)
    }

    // MARK: What is told

    /// Host, service and family of a place.
    private func words(_ address: SocketAddress) -> (host: String, service: String, family: NetworkAddressFamily) {
        switch address {
        case .tcp(let host, let port):
            let host = host.isEmpty ? "0.0.0.0" : host
            return (host, port, host.contains(":") ? .ipv6 : .ipv4)
        case .unix(let path): return ("", path, .unix)
        case .descriptor: return ("", "", .unknown)
        }
    }

    private var encryption: VncVencryptSubAuth? {
        switch options?.server.encryption?.kind {
        case nil: nil
        case .tlsNone: .tlsNone
        case .tlsVNC: .tlsVnc
        case .x509None: .x509None
        case .x509VNC: .x509Vnc
        }
    }

    private var auth: VncPrimaryAuth { encryption != nil ? .vencrypt : options?.server.asksPassword == true ? .vnc : .none }

    /// Both in one word, where there is one only.
    private var authName: String {
        auth.rawValue + (encryption.map { "+" + $0.rawValue.split(separator: "-").joined(separator: "+") } ?? "")
    }

    private func describe(_ viewer: VNCServer.Viewer) -> VncClientInfo {
        let (host, service, family) = words(viewer.peer)
        return VncClientInfo(host: host, service: service, family: family, websocket: viewer.isWebSocket)
    }

    private func tell(_ event: VNCServer.Event, _ viewer: VNCServer.Viewer) {
        guard let place = listening.first(where: { $0.isWebSocket == viewer.isWebSocket }) else { return }
        let (host, service, family) = words(place.address)
        let server = VncServerInfo(host: host, service: service, family: family, websocket: place.isWebSocket, auth: authName)
        let client = describe(viewer)
        switch event {
        case .connected:
            let place = VncBasicInfo(host: client.host, service: client.service, family: client.family, websocket: client.websocket)
            emit(VncConnectedEvent(server: server, client: place))
        case .initialized: emit(VncInitializedEvent(server: server, client: client))
        case .disconnected: emit(VncDisconnectedEvent(server: server, client: client))
        }
    }

    // MARK: Commands

    public func register(in commands: inout CommandTable) {
        commands.on(QueryVncCommand.self) { [self] in information }
        commands.on(QueryVncServersCommand.self) { [self] in servers }
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
    }

    private func passworded(_ display: String?) throws(QAPIError) -> VNCServer {
        if let display, display != VNCSetup.id { throw QAPIError(.generic, "Could not set password") }
        guard let server, options?.server.asksPassword == true else { throw QAPIError(.generic, "Could not set password") }
        return server
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

    private var information: VncInfo {
        guard let server, let place = listening.first else { return VncInfo(enabled: false) }
        let (host, service, family) = words(place.address)
        return VncInfo(
            enabled: true, host: host, family: family, service: service, auth: authName, clients: server.viewers.map(describe))
    }

    private var servers: [VncInfo2] {
        guard let server else { return [] }
        let places = listening.map { place in
            let (host, service, family) = words(place.address)
            return VncServerInfo2(host: host, service: service, family: family, websocket: place.isWebSocket, auth: auth, vencrypt: encryption)
        }
        return [
            VncInfo2(
                id: VNCSetup.id, server: places, clients: server.viewers.map(describe), auth: auth, vencrypt: encryption,
                display: server.shownConsole?.device)
        ]
    }
}
