import EventLoop

/// Disks that share limits. A request that comes too early waits in a queue until the buckets that it flows through have leaked enough; nobody else waits with it.
public final class ThrottleGroup {
    public let name: String
    private let loop: EventLoop
    private var buckets = [Bucket](repeating: Bucket(), count: ThrottleLimits.Kind.allCases.count)
    /// When the buckets have leaked last, on the host's clock.
    private var leaked: Int64
    private var queues: [[Waiting]] = [[], []]
    private lazy var timer = LoopTimer(loop, .realtime) { [unowned self] in pump() }

    private struct Bucket {
        var level = 0.0
        var burstLevel = 0.0
    }

    private struct Waiting {
        let owner: ObjectIdentifier
        let bytes: UInt64
        let work: () -> Void
    }

    public init(_ name: String, loop: EventLoop) { (self.name, self.loop, leaked) = (name, loop, loop.now(.realtime)) }

    /// What applies from now on; who waits is looked at anew.
    public var limits = ThrottleLimits() {
        didSet {
            buckets = [Bucket](repeating: Bucket(), count: buckets.count)
            pump()
        }
    }

    /// Begins a request now, or when the limits allow it.
    func admit(_ owner: AnyObject, isWrite: Bool, bytes: UInt64, _ work: @escaping () -> Void) {
        let queue = isWrite ? 1 : 0
        if queues[queue].isEmpty, wait(isWrite) == 0 {
            fill(isWrite, bytes)
            return work()
        }
        queues[queue].append(Waiting(owner: ObjectIdentifier(owner), bytes: bytes, work: work))
        arm()
    }

    /// Begins whatever of one disk waits; whether there was anything.
    func letGo(_ owner: AnyObject) -> Bool {
        let id = ObjectIdentifier(owner)
        var own: [(isWrite: Bool, waiting: Waiting)] = []
        for queue in queues.indices {
            own += queues[queue].filter { $0.owner == id }.map { (queue == 1, $0) }
            queues[queue].removeAll { $0.owner == id }
        }
        for (isWrite, waiting) in own {
            fill(isWrite, waiting.bytes)
            waiting.work()
        }
        arm()
        return !own.isEmpty
    }

    func hasWaiting(_ owner: AnyObject) -> Bool { queues.contains { $0.contains { $0.owner == ObjectIdentifier(owner) } } }

    // MARK: Buckets

    private func pump() {
        var hasMoved = true
        while hasMoved {
            hasMoved = false
            // By turns, so that neither direction starves where both flow through one bucket.
            for queue in queues.indices where !queues[queue].isEmpty && wait(queue == 1) == 0 {
                let next = queues[queue].removeFirst()
                fill(queue == 1, next.bytes)
                next.work()
                hasMoved = true
            }
        }
        arm()
    }

    private func arm() {
        let waits = queues.indices.filter { !queues[$0].isEmpty }.map { wait($0 == 1) }
        guard let shortest = waits.min() else { return timer.cancel() }
        timer.arm(at: loop.now(.realtime) + max(shortest, 1000))
    }

    private func kinds(_ isWrite: Bool) -> [ThrottleLimits.Kind] {
        [.bytes, isWrite ? .bytesWritten : .bytesRead, .operations, isWrite ? .writes : .reads]
    }

    private func fill(_ isWrite: Bool, _ bytes: UInt64) {
        let size = limits.operationSize
        let operations = size > 0 && bytes > size ? Double(bytes) / Double(size) : 1
        for kind in kinds(isWrite) where limits[kind].average > 0 {
            let amount = [.bytes, .bytesRead, .bytesWritten].contains(kind) ? Double(bytes) : operations
            buckets[kind.rawValue].level += amount
            if limits[kind].burstSeconds > 1 { buckets[kind.rawValue].burstLevel += amount }
        }
    }

    private func leak() {
        let now = loop.now(.realtime)
        let seconds = Double(now - leaked) / 1e9
        leaked = now
        for kind in ThrottleLimits.Kind.allCases {
            let rate = limits[kind]
            buckets[kind.rawValue].level = max(0, buckets[kind.rawValue].level - Double(rate.average) * seconds)
            buckets[kind.rawValue].burstLevel = max(0, buckets[kind.rawValue].burstLevel - Double(rate.burst) * seconds)
        }
    }

    /// Nanoseconds until a request may begin.
    private func wait(_ isWrite: Bool) -> Int64 {
        leak()
        let seconds = kinds(isWrite).map { kind in
            let (rate, bucket) = (limits[kind], buckets[kind.rawValue])
            guard rate.average > 0 else { return 0.0 }
            // A tenth of a second's worth may come at once; in a burst, all of the burst.
            let room = rate.burst == 0 ? Double(rate.average) / 10 : Double(rate.burst) * Double(rate.burstSeconds)
            let long = max(0, bucket.level - room) / Double(rate.average)
            let short = rate.burstSeconds > 1 ? max(0, bucket.burstLevel - Double(rate.burst) / 10) / Double(rate.burst) : 0
            return max(long, short)
        }
        // A day at most, so that nothing overflows.
        return Int64(min(seconds.max() ?? 0, 86400) * 1e9)
    }
}
