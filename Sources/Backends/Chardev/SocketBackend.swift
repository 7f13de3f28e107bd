import Diagnostics
import EventLoop
import HostOS

/// A stream socket, TCP or Unix, as client or server. A server has one connection at a time; what is written without one is lost.
public final class SocketBackend: CharacterBackend {
    private let loop: EventLoop
    private let listener: ListeningSocket?
    private var acceptWatch: FDWatch?
    private var channel: ByteChannel?

    /// A client, connected when this returns.
    public init(loop: EventLoop, connectingTo address: SocketAddress) throws(HostError) {
        self.loop = loop
        listener = nil
        let stream = try HostStream.connected(to: address)
        super.init()
        adopt(stream)
    }

    /// A server; `waiting` returns with the first connection made.
    public init(loop: EventLoop, listeningOn address: SocketAddress, waiting: Bool, label: String) throws(HostError) {
        self.loop = loop
        let listener = try ListeningSocket(address)
        self.listener = listener
        super.init()
        if waiting {
            warn("waiting for a connection to \(label) at \(address)")
            while channel == nil { if let stream = listener.accept() { adopt(stream) } }
        } else {
            listen()
        }
    }

    /// The TCP port that a server listens on.
    public var port: UInt16 { listener?.port ?? 0 }
    public var isConnected: Bool { channel != nil }

    private func listen() {
        guard let listener, acceptWatch == nil else { return }
        acceptWatch = loop.watch(listener.descriptor, readable: { [weak self] in self?.accept() })
    }

    private func accept() {
        guard channel == nil, let stream = listener?.accept() else { return }
        acceptWatch?.cancel()
        acceptWatch = nil
        adopt(stream)
        frontEnd?.handle(.opened)
        frontEndIsReady()
    }

    private func adopt(_ stream: HostStream) {
        channel = ByteChannel(self, loop: loop, input: stream, output: stream) { [weak self] in self?.disconnected() }
    }

    private func disconnected() {
        channel = nil
        frontEnd?.handle(.closed)
        listen()
    }

    /// Ends the connection; a server waits for the next one.
    public func disconnect() { if channel != nil { disconnected() } }

    /// What has been written and the peer has not taken yet.
    public var unsentBytes: Int { channel?.unsentBytes ?? 0 }

    public override var isOpen: Bool { isConnected }
    public override func frontEndIsReady() { channel?.frontEndIsReady() }
    public override func write(_ bytes: [UInt8]) { channel?.write(bytes) }
}
