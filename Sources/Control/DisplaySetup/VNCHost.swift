import CommandLine
import Display
import EventLoop
import HostOS
import Input
import QAPI
import VNC

/// One `-vnc`: a server, where it listens, and what is told of both.
final class VNCHost {
    private struct Place {
        let listener: ListeningSocket
        let address: HostOS.SocketAddress
        let isWebSocket: Bool
        let watch: FDWatch
    }

    let id: String
    let options: VNCOptions
    let server: VNCServer
    private let loop: EventLoop
    private let consoles: ConsoleList
    private let emit: (any QAPIEvent) -> Void
    private var listening: [Place] = []

    /// Listens, or connects to the viewer that waits.
    init(
        _ id: String, _ options: VNCOptions, loop: EventLoop, consoles: ConsoleList, hub: InputHub, emit: @escaping (any QAPIEvent) -> Void
    ) throws {
        (self.id, self.options, self.loop, self.consoles, self.emit) = (id, options, loop, consoles, emit)
        server = try VNCServer(options.server, loop: loop, hub: hub)
        server.onEvent = { [unowned self] in tell($0, $1) }
        // Who has been given a console of his own does not choose.
        if options.display == nil { server.onChoice = { [consoles] in consoles.select($0) } }
        chooseConsole()
        if options.isReverse {
            for place in options.places { server.accept(try HostStream.connected(to: place), isWebSocket: false) }
            return
        }
        try listen(atFirstOf: options.places, isWebSocket: false)
        if !options.webPlaces.isEmpty { try listen(atFirstOf: options.webPlaces, isWebSocket: true) }
    }

    func chooseConsole() {
        let named = options.display.map { consoles.find(device: $0, head: options.head) }
        server.show(named ?? consoles.selected)
    }

    // MARK: Places

    /// Listens at the first place that is free.
    private func listen(atFirstOf places: [HostOS.SocketAddress], isWebSocket: Bool) throws {
        var failure: HostError?
        for address in places {
            do { return try listen(at: address, isWebSocket: isWebSocket) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }

    private func listen(at address: HostOS.SocketAddress, isWebSocket: Bool) throws(HostError) {
        let listener = try ListeningSocket(address)
        let watch = loop.watch(listener.descriptor, readable: { [unowned self] in accept(listener, isWebSocket) })
        listening.append(Place(listener: listener, address: address, isWebSocket: isWebSocket, watch: watch))
    }

    private func accept(_ listener: ListeningSocket, _ isWebSocket: Bool) {
        if let stream = listener.accept() { server.accept(stream, isWebSocket: isWebSocket) }
    }

    private func stopListening() {
        for place in listening where !place.isWebSocket { place.watch.cancel() }
        listening.removeAll { !$0.isWebSocket }
    }

    /// Listens elsewhere; WebSockets are awaited where they were. If that fails it listens where it did.
    func move(to places: [HostOS.SocketAddress]) throws {
        let old = listening.filter { !$0.isWebSocket }.map(\.address)
        stopListening()
        do { for place in places { try listen(at: place, isWebSocket: false) } } catch {
            stopListening()
            for place in old { try? listen(at: place, isWebSocket: false) }
            throw error
        }
    }

    // MARK: What is told

    /// Host, service and family of a place.
    private func words(_ address: HostOS.SocketAddress) -> (host: String, service: String, family: NetworkAddressFamily) {
        switch address {
        case .tcp(let host, let port):
            let host = host.isEmpty ? "0.0.0.0" : host
            return (host, port, host.contains(":") ? .ipv6 : .ipv4)
        case .unix(let path): return ("", path, .unix)
        case .descriptor: return ("", "", .unknown)
        }
    }

    private var encryption: VncVencryptSubAuth? {
        switch options.server.encryption?.kind {
        case nil: nil
        case .tlsNone: .tlsNone
        case .tlsVNC: .tlsVnc
        case .x509None: .x509None
        case .x509VNC: .x509Vnc
        }
    }

    /// Within a WebSocket's TLS there is no VeNCrypt.
    private func auth(isWebSocket: Bool) -> VncPrimaryAuth {
        encryption != nil && !isWebSocket ? .vencrypt : options.server.asksPassword ? .vnc : .none
    }

    /// Both in one word, where there is one only.
    private func authName(isWebSocket: Bool) -> String {
        let more = isWebSocket ? nil : encryption.map { "+" + $0.rawValue.split(separator: "-").joined(separator: "+") }
        return auth(isWebSocket: isWebSocket).rawValue + (more ?? "")
    }

    private func describe(_ viewer: VNCServer.Viewer) -> VncClientInfo {
        let (host, service, family) = words(viewer.peer)
        return VncClientInfo(host: host, service: service, family: family, websocket: viewer.isWebSocket)
    }

    private func tell(_ event: VNCServer.Event, _ viewer: VNCServer.Viewer) {
        guard let place = listening.first(where: { $0.isWebSocket == viewer.isWebSocket }) else { return }
        let (host, service, family) = words(place.address)
        let name = authName(isWebSocket: place.isWebSocket)
        let server = VncServerInfo(host: host, service: service, family: family, websocket: place.isWebSocket, auth: name)
        let client = describe(viewer)
        switch event {
        case .connected:
            let place = VncBasicInfo(host: client.host, service: client.service, family: client.family, websocket: client.websocket)
            emit(VncConnectedEvent(server: server, client: place))
        case .initialized: emit(VncInitializedEvent(server: server, client: client))
        case .disconnected: emit(VncDisconnectedEvent(server: server, client: client))
        }
    }

    /// What `query-vnc` says: one that listens nowhere is off.
    var information: VncInfo {
        guard let place = listening.first(where: { !$0.isWebSocket }) else { return VncInfo(enabled: false) }
        let (host, service, family) = words(place.address)
        return VncInfo(
            enabled: true, host: host, family: family, service: service, auth: authName(isWebSocket: false), clients: server.viewers.map(describe))
    }

    var wholeInformation: VncInfo2 {
        let places = listening.map { place in
            let (host, service, family) = words(place.address)
            return VncServerInfo2(
                host: host, service: service, family: family, websocket: place.isWebSocket, auth: auth(isWebSocket: place.isWebSocket),
                vencrypt: place.isWebSocket ? nil : encryption)
        }
        return VncInfo2(
            id: id, server: places, clients: server.viewers.map(describe), auth: auth(isWebSocket: false), vencrypt: encryption,
            display: server.shownConsole.flatMap { $0.isText ? nil : $0.device })
    }
}
