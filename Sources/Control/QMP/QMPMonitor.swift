import Chardev
import Diagnostics
import HostOS
import JSON
import QAPI

/// The machine protocol on a character back end: one client at a time, its commands in their order, and events between the answers.
public final class QMPMonitor: CharacterFrontEnd, QAPIPeer {
    private let backend: CharacterBackend
    private let server: QMPServer
    private let isPretty: Bool
    private var stream = JSONStream()
    private var isNegotiated = false
    private var hasOutOfBand = false
    public private(set) var descriptors = PeerDescriptors()
    private var requests: [QMPRequest] = []
    private var isBusy = false
    /// Changes with each client: an answer that was worked out for the one before is not for this one.
    private var client = 0
    private var outbox = Outbox()
    private var hasLostEvents = false

    /// Commands that may wait for those before them; then nothing more is read.
    private static let mostRequests = 8

    public init(_ backend: CharacterBackend, server: QMPServer, pretty: Bool) {
        (self.backend, self.server, isPretty) = (backend, server, pretty)
        backend.frontEnd = self
        server.events.add(self)
        if backend.isOpen { greet() }
    }

    // MARK: The client

    public func handle(_ event: CharacterEvent) {
        switch event {
        case .opened: greet()
        case .closed: forget()
        case .lineBreak: break
        }
    }

    private func greet() {
        forget()
        send(["QMP": ["version": server.version.json, "capabilities": ["oob"]]])
    }

    private func forget() {
        client += 1
        (isNegotiated, hasOutOfBand, hasLostEvents, isBusy, requests) = (false, false, false, false, [])
        (stream, outbox, descriptors) = (JSONStream(), Outbox(), PeerDescriptors())
    }

    // MARK: Input

    /// A client that does not read its answers gets to give no more commands.
    public func receivableBytes() -> Int { requests.count < QMPMonitor.mostRequests && outbox.isEmpty ? 4096 : 0 }

    public func receive(_ bytes: [UInt8]) {
        descriptors.arrived(backend.takeDescriptors())
        var results: [Result<JSONValue, JSONError>] = []
        stream.take(bytes) { results.append($0) }
        // A command may cut the very line that it came on: what came behind it is nobody's.
        let client = client
        for result in results where client == self.client { take(result) }
    }

    private func take(_ result: Result<JSONValue, JSONError>) {
        switch result {
        case .failure(let error): refuse(QAPIError(.generic, error.description), nil)
        case .success(let value):
            do {
                accept(try QMPRequest(value, allowsOutOfBand: hasOutOfBand))
            } catch { refuse(error, value.object?["id"]) }
        }
    }

    private func accept(_ request: QMPRequest) {
        if !isNegotiated { return negotiate(request) }
        if request.isOutOfBand { return runAtOnce(request) }
        requests.append(request)
        work()
    }

    private func negotiate(_ request: QMPRequest) {
        do {
            guard request.command == QmpCapabilitiesCommand.name else {
                throw QAPIError(.commandNotFound, "Expecting capabilities negotiation with 'qmp_capabilities'")
            }
            let arguments = try QmpCapabilitiesCommand.Arguments(request.arguments)
            isNegotiated = true
            hasOutOfBand = arguments.enable?.contains(.oob) ?? false
            answer(.success([:]), request.id)
        } catch { refuse(QAPIError(error), request.id) }
    }

    private func runAtOnce(_ request: QMPRequest) {
        do { call(try server.row(request), request) } catch { refuse(error, request.id) }
    }

    private func call(_ row: CommandTable.Row, _ request: QMPRequest) {
        let client = client
        let result = row.call(request.arguments, from: self)
        if client == self.client { answer(result, request.id) }
    }

    /// Obeys commands until one has to wait for the vCPUs.
    private func work() {
        while !isBusy, !requests.isEmpty {
            let request = requests.removeFirst()
            do { try run(request) } catch { refuse(error, request.id) }
        }
    }

    private func run(_ request: QMPRequest) throws(QAPIError) {
        let row = try server.row(request)
        guard row.stopsVCPUs, let target = server.target else { return call(row, request) }
        isBusy = true
        let client = client
        target.whileStopped { [self] in
            let result = row.call(request.arguments, from: self)
            if client == self.client { finish(result, request.id) }
        }
    }

    private func finish(_ result: Result<JSONValue, QAPIError>, _ id: JSONValue?) {
        isBusy = false
        answer(result, id)
        work()
        if receivableBytes() > 0 { backend.frontEndIsReady() }
    }

    // MARK: Output

    private func answer(_ result: Result<JSONValue, QAPIError>, _ id: JSONValue?) {
        switch result {
        case .success(let value): send(["return": value], id)
        case .failure(let error): refuse(error, id)
        }
    }

    private func refuse(_ error: QAPIError, _ id: JSONValue?) {
        send(["error": ["class": .string(error.kind.rawValue), "desc": .string(error.description)]], id)
    }

    private func send(_ message: JSONObject, _ id: JSONValue? = nil) {
        var message = message
        if let id { message["id"] = id }
        outbox.add(JSONValue.object(message).text(pretty: isPretty) + "\r\n")
        outbox.flush(to: backend)
    }

    /// Tells of an event. A client that does not read loses events, and never holds up the machine.
    func tell(_ message: JSONObject) {
        guard isNegotiated else { return }
        if outbox.hasRoom { return send(message) }
        if !hasLostEvents { warn("a client of the machine protocol does not read: it loses events") }
        hasLostEvents = true
    }

    public func backendHasRoom() {
        outbox.flush(to: backend)
        if receivableBytes() > 0 { backend.frontEndIsReady() }
    }
}

/// Messages that the back end has not had room for. It gets no more than it surely keeps, so that no message is torn.
private struct Outbox {
    private static let most = 1 << 20, piece = 1 << 16
    private var bytes: [UInt8] = []

    var isEmpty: Bool { bytes.isEmpty }
    var hasRoom: Bool { bytes.count < Outbox.most }

    mutating func add(_ text: String) { bytes += text.utf8 }

    mutating func flush(to backend: CharacterBackend) {
        while !bytes.isEmpty, backend.unsentBytes == 0 {
            let count = min(bytes.count, Outbox.piece)
            let part = Array(bytes[..<count])
            bytes.removeFirst(count)
            backend.write(part)
        }
    }
}
