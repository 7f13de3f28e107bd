import HostOS

/// Threads that do blocking work for the event loop, in the order in which it comes.
public final class WorkerPool {
    private let lock = Mutex()
    private let changed = ConditionVariable()
    private var queue: [() -> Void] = []
    private var running = 0

    public init(threads: Int) throws(HostError) {
        for index in 0..<threads { _ = try HostThread(name: "worker \(index)") { [self] in work() } }
    }

    public func submit(_ job: @escaping () -> Void) {
        lock.lock()
        queue.append(job)
        changed.signal()
        lock.unlock()
    }

    /// Waits until everything submitted has been done.
    public func drain() {
        lock.lock()
        while !queue.isEmpty || running > 0 { changed.wait(lock) }
        lock.unlock()
    }

    private func work() {
        lock.lock()
        while true {
            while queue.isEmpty { changed.wait(lock) }
            let job = queue.removeFirst()
            running += 1
            lock.unlock()
            job()
            lock.lock()
            running -= 1
            changed.broadcast()
        }
    }
}
