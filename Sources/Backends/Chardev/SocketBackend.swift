import Diagnostics
import EventLoop
import HostOS

/// Does what comes before a connection's bytes (TLS, the beginning of a WebSocket), and gives the stream for them. Waits for the other end.
public typealias PrepareConnection = @Sendable (HostStream) throws -> HostStream

/// A stream socket, TCP or Unix, as client or server. A server has one connection at a time; what is written without one is lost.
public final class SocketBackend: CharacterBackend {
    private let loop: EventLoop
    private let listener: ListeningSocket?
    private let address: SocketAddress
    private let language: LineProtocol
    private let prepare: PrepareConnection?
    private var acceptWatch: FDWatch?
    /// Connections that are being prepared.
    private var expected = 0
    private static let mostExpected = 8
    private var channel: ByteChannel?
    private var redial: Redial?

    /// A client, connected when this returns.
    ///
    /// - Parameter pause: seconds after which a client without a connection tries again, for ever; nil for one that is connected once.
    public init(
        loop: EventLoop, connectingTo address: SocketAddress, again pause: Int? = nil, language: LineProtocol = .plain,
        prepare: PrepareConnection? = nil
    )
        throws
    {
        (self.loop, self.address, self.language, listener, self.prepare) = (loop, address, language, nil, prepare)
        let connect: @Sendable () throws -> HostStream = {
            let stream = try HostStream.connected(to: address)
            return try prepare?(stream) ?? stream
        }
        let stream: HostStream?
        do { stream = try connect() } catch {
            guard let pause else { throw error }
            warn("\(error); it is tried again every \(pause) s")
            stream = nil
        }
        super.init()
        redial = pause.map { Redial(loop, seconds: $0, connect: connect) { [weak self] in self?.connect($0) } }
        if let stream { adopt(stream) } else { redial?.begin() }
    }

    /// A client whose connection somebody else has made.
    public init(loop: EventLoop, connection: HostStream, language: LineProtocol = .plain) {
        (self.loop, address, self.language, listener, prepare) = (loop, .descriptor(connection.descriptor), language, nil, nil)
        super.init()
        connection.setNonblocking()
        adopt(connection)
    }

    /// A server; `waiting` returns with the first connection made.
    public convenience init(
        loop: EventLoop, listeningOn address: SocketAddress, waiting: Bool, language: LineProtocol = .plain, label: String,
        prepare: PrepareConnection? = nil
    ) throws(HostError) {
        self.init(
            loop: loop, listener: try ListeningSocket(address), at: address, waiting: waiting, language: language, label: label, prepare: prepare)
    }

    /// A server on a socket that listens already.
    public init(
        loop: EventLoop, listener: ListeningSocket, at address: SocketAddress, waiting: Bool, language: LineProtocol = .plain, label: String,
        prepare: PrepareConnection? = nil
    ) {
        (self.loop, self.listener, self.address, self.language, self.prepare) = (loop, listener, address, language, prepare)
        super.init()
        if waiting {
            warn("waiting for a connection to \(label) at \(address)")
            while channel == nil {
                guard let stream = listener.accept() else { continue }
                do { adopt(try prepare?(stream) ?? stream) } catch { warn("\(label): \(error)") }
            }
        } else {
            listen()
        }
    }

    public override var filename: String {
        let place =
            switch address {
            case .tcp(let host, _): "\(language.rawValue):\(SocketAddress.tcp(host: host, port: listener == nil ? portText : String(port)))"
            case .unix(let path): "unix:\(path)"
            case .descriptor: "\(address)"
            }
        return (isConnected ? "" : "disconnected:") + place + (listener == nil ? "" : ",server=on")
    }

    private var portText: String { if case .tcp(_, let port) = address { port } else { "" } }

    /// The TCP port that a server listens on.
    public var port: UInt16 { listener?.port ?? 0 }
    public var isConnected: Bool { channel != nil }

    deinit { acceptWatch?.cancel() }

    private func listen() {
        guard let listener, acceptWatch == nil else { return }
        acceptWatch = loop.watch(listener.descriptor, readable: { [weak self] in self?.accept() })
    }

    private func accept() {
        guard channel == nil, let stream = listener?.accept() else { return }
        prepareAndConnect(stream)
    }

    /// On a thread of its own, for the other end may be slow; who is ready first gets in. False if it is turned away.
    @discardableResult
    private func prepareAndConnect(_ stream: HostStream) -> Bool {
        guard let prepare else {
            connect(stream)
            return true
        }
        guard expected < SocketBackend.mostExpected else {
            warn("\(address): too many connections have not begun in earnest; one is turned away")
            return false
        }
        let isUnderWay = loop.doAside("accept", { Result { try prepare(stream) } }, then: { [weak self] in self?.finish($0) })
        if isUnderWay { expected += 1 }
        return isUnderWay
    }

    private func finish(_ result: Result<HostStream, any Error>) {
        expected -= 1
        switch result {
        case .success(let stream): if channel == nil { connect(stream) }
        case .failure(let error): warn("\(address): \(error)")
        }
    }

    /// Takes a connection that somebody else has made; false if there is one, or this is no server.
    public func add(_ stream: HostStream) -> Bool {
        guard listener != nil, channel == nil else { return false }
        stream.setNonblocking()
        return prepareAndConnect(stream)
    }

    private func connect(_ stream: HostStream) {
        acceptWatch?.cancel()
        acceptWatch = nil
        adopt(stream)
        frontEnd?.handle(.opened)
        frontEndIsReady()
    }

    private func adopt(_ stream: HostStream) {
        channel = ByteChannel(self, loop: loop, input: stream, output: stream, codec: language.makeCodec(isServer: listener != nil)) { [weak self] in
            self?.disconnected()
        }
    }

    private func disconnected() {
        channel = nil
        frontEnd?.handle(.closed)
        listen()
        redial?.begin()
    }

    /// Ends the connection; a server waits for the next one, a client that tries again does so.
    public override func disconnect() {
        guard let channel else { return }
        channel.abandon()
        disconnected()
    }

    /// What has been written and the peer has not taken yet.
    public override var unsentBytes: Int { channel?.unsentBytes ?? 0 }

    public override var isOpen: Bool { isConnected }
    public override func takeDescriptors() -> [HostStream] { channel?.takeDescriptors() ?? [] }
    public override func frontEndIsReady() { channel?.frontEndIsReady() }
    public override func write(_ bytes: [UInt8]) { channel?.write(bytes) }
}
