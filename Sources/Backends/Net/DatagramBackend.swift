import EventLoop
import HostOS

/// A descriptor from which each read takes a frame and to which each write sends one: a TAP interface, or a UDP socket between two machines.
public final class DatagramBackend: NetworkBackend {
    private let loop: EventLoop
    private let stream: HostStream
    private let text: String
    private var watch: FDWatch?
    /// Frames that are read before others get their turn.
    private static let burst = 64
    private static let largest = 1 << 16

    /// `description` is for `info network`.
    public init(loop: EventLoop, stream: HostStream, description: String) {
        (self.loop, self.stream, text) = (loop, stream, description)
        super.init()
        stream.setNonblocking()
        listen()
    }

    deinit { watch?.cancel() }

    private func listen() {
        watch = loop.watch(stream.descriptor, readable: { [unowned self] in readable() })
    }

    private func readable() {
        for _ in 0..<DatagramBackend.burst {
            // Of a UDP peer that is away the socket tells with an error, which is nothing to a wire.
            guard let frame = stream.read(DatagramBackend.largest) else { return }
            if !frame.isEmpty { deliver(frame) }
            if isBehind {
                watch?.cancel()
                watch = nil
                return
            }
        }
    }

    public override func deliveredAll() { if watch == nil { listen() } }

    /// What the host has no room for now is lost, as on a wire.
    public override func send(_ frame: [UInt8]) { _ = stream.write(frame) }

    public override var description: String { text }
}
