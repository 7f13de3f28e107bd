import EventLoop
import HostOS

/// File requests through an io_uring. What comes in during a turn of the event loop goes to the kernel in one batch; what the ring has no
/// room for waits.
public final class RingEngine: FileEngine {
    private struct Entry {
        let request: FileRequest
        let done: (Int32) -> Void
    }

    private let loop: EventLoop
    private let ring: IORing
    private var watch: FDWatch?
    /// Not in the ring yet, in their order.
    private var waiting: [Entry] = []
    /// What is in the ring, by tag.
    private var active: [Entry?]
    private var freeTags: [Int]
    private var isScheduled = false

    public init(loop: EventLoop, capacity: Int = 128) throws(HostError) {
        self.loop = loop
        ring = try IORing(capacity: capacity)
        active = Array(repeating: nil, count: capacity)
        freeTags = Array(0..<capacity)
        watch = loop.watch(ring.descriptor, readable: { [unowned self] in turn() })
    }

    deinit { watch?.cancel() }

    public func start(_ request: FileRequest, _ done: @escaping (Int32) -> Void) {
        waiting.append(Entry(request: request, done: done))
        schedule()
    }

    private func schedule() {
        guard !isScheduled else { return }
        isScheduled = true
        loop.post { [weak self] in
            self?.isScheduled = false
            self?.turn()
        }
    }

    public func drain() {
        while !waiting.isEmpty || freeTags.count < ring.capacity {
            fill()
            _ = ring.submit(waiting: true)
            complete()
        }
    }

    private func turn() {
        complete()
        fill()
        // The kernel does what it can at once: much has ended already.
        let isAllTaken = ring.submit()
        complete()
        if !isAllTaken || !(waiting.isEmpty || freeTags.isEmpty) { schedule() }
    }

    private func fill() {
        let count = min(waiting.count, freeTags.count)
        for entry in waiting.prefix(count) {
            let tag = freeTags.removeLast()
            active[tag] = entry
            ring.add(entry.request, tag: tag)
        }
        waiting.removeFirst(count)
    }

    private func complete() {
        while let (tag, result) = ring.takeCompletion() {
            guard let entry = active[tag] else { preconditionFailure("the ring completes what nobody has asked for") }
            active[tag] = nil
            freeTags.append(tag)
            if let code = entry.request.advance(result) { entry.done(code) } else { waiting.insert(entry, at: 0) }
        }
    }
}
