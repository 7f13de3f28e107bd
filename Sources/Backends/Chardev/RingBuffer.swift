/// The last bytes of output, kept for the monitor's `ringbuf_read`.
public final class RingBuffer: CharacterBackend {
    /// Bytes that it holds at most.
    public let size: Int
    private var bytes: [UInt8] = []

    public init(size: Int) { self.size = size }

    public override var filename: String { "ringbuf" }

    public override func write(_ new: [UInt8]) {
        bytes += new
        if bytes.count > size { bytes.removeFirst(bytes.count - size) }
    }

    /// Takes the oldest bytes out.
    public func take(_ count: Int) -> [UInt8] {
        let taken = Array(bytes.prefix(count))
        bytes.removeFirst(taken.count)
        return taken
    }

    /// Hands bytes to the front end, as far as it has room.
    public func send(_ new: [UInt8]) {
        guard let frontEnd else { return }
        let room = max(0, frontEnd.receivableBytes())
        if room > 0, !new.isEmpty { frontEnd.receive(Array(new.prefix(room))) }
    }
}
