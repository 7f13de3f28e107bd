/// What a network back end talks to: a network card, or the port of a hub. Called with the machine lock held.
public protocol NetworkFrontEnd: AnyObject {
    /// Takes an Ethernet frame (without its check sequence), or says that it has no room now and will ask for it.
    func receive(_ frame: [UInt8]) -> Bool
    /// The back end has room for frames again.
    func backendHasRoom()
}

/// A network on the host's side, a queue of Ethernet frames in either direction. All calls with the machine lock held.
open class NetworkBackend {
    /// Who gets the frames that come in.
    public weak var frontEnd: (any NetworkFrontEnd)?
    private var waiting = FrameQueue()

    public init() {}

    // MARK: From the front end

    /// Whether a frame can be sent now; if not, `backendHasRoom` follows.
    open var hasRoom: Bool { true }

    /// Sends a frame; what is sent without room may be lost.
    open func send(_ frame: [UInt8]) {}

    /// The front end can take frames again.
    public final func frontEndIsReady() {
        guard !waiting.isEmpty, let frontEnd else { return }
        waiting.drain(frontEnd.receive)
        if waiting.isEmpty { deliveredAll() }
    }

    /// Whether checksums in what comes in are right by construction, because it was made on this host and has been on no wire.
    open var makesGoodChecksums: Bool { false }

    /// What `info network` says: "type=user,net=10.0.2.0".
    open var description: String { "type=none" }

    /// Nobody will use it any more.
    open func close() {}

    // MARK: From the back end

    /// Hands a frame to the front end, or keeps it until there is room. The queue is bounded: what it cannot hold is lost, as on a wire.
    public final func deliver(_ frame: [UInt8]) {
        guard let frontEnd else { return }
        if waiting.isEmpty, frontEnd.receive(frame) { return }
        waiting.append(frame)
    }

    /// Whether frames wait for the front end: a back end that can keep its peer waiting does so.
    public final var isBehind: Bool { !waiting.isEmpty }

    /// All frames that waited have been taken.
    open func deliveredAll() {}
}

/// Frames that wait, in order, up to a limit.
struct FrameQueue {
    private var frames: [[UInt8]] = []
    private var first = 0
    private static let limit = 1024

    var isEmpty: Bool { first == frames.count }
    var count: Int { frames.count - first }
    var isFull: Bool { count >= FrameQueue.limit }

    /// Appends a frame unless the queue is full.
    mutating func append(_ frame: [UInt8]) { if !isFull { frames.append(frame) } }

    /// Hands over frames as long as they are taken.
    mutating func drain(_ take: ([UInt8]) -> Bool) {
        while first < frames.count, take(frames[first]) { first += 1 }
        if first == frames.count || first > FrameQueue.limit {
            frames.removeFirst(first)
            first = 0
        }
    }

    /// Takes all frames out.
    mutating func takeAll() -> ArraySlice<[UInt8]> {
        defer { (frames, first) = ([], 0) }
        return frames[first...]
    }
}
