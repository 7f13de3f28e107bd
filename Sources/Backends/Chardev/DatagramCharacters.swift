import EventLoop
import HostOS

/// A UDP socket: what is written goes out as datagrams, what comes is input. What nobody has room for now is kept, one datagram at a time.
public final class DatagramCharacters: CharacterBackend {
    private let loop: EventLoop
    private let stream: HostStream
    private let text: String
    private var watch: FDWatch?
    private var pending: [UInt8] = []
    private static let largest = 1 << 16

    /// - Parameter stream: a socket that is bound and connected.
    public init(loop: EventLoop, stream: HostStream, description: String) {
        (self.loop, self.stream, text) = (loop, stream, description)
        super.init()
        stream.setNonblocking()
        listen()
    }

    deinit { watch?.cancel() }

    public override var filename: String { text }

    private func listen() { watch = loop.watch(stream.descriptor, readable: { [unowned self] in readable() }) }

    private func readable() {
        // That the other side is away comes as an error, which is nothing to a line.
        guard let bytes = stream.read(DatagramCharacters.largest), !bytes.isEmpty else { return }
        pending = bytes
        deliver()
        guard !pending.isEmpty else { return }
        watch?.cancel()
        watch = nil
    }

    private func deliver() {
        while !pending.isEmpty, let frontEnd, case let room = frontEnd.receivableBytes(), room > 0 {
            let part = Array(pending.prefix(room))
            pending.removeFirst(part.count)
            frontEnd.receive(part)
        }
    }

    public override func frontEndIsReady() {
        deliver()
        if pending.isEmpty, watch == nil { listen() }
    }

    public override func write(_ bytes: [UInt8]) { _ = stream.write(bytes) }
}
