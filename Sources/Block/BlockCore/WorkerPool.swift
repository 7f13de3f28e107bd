import HostOS

/// Threads that do blocking work for the event loop, started in the order in which it comes. There are as many threads as it takes, up to a
/// limit.
final class WorkerPool {
    private let lock = Mutex()
    private let changed = ConditionVariable()
    private let idle = ConditionVariable()
    private let limit: Int
    private var threads = 0
    private var queue: [() -> Void] = []
    private var running = 0

    init(limit: Int) throws(HostError) {
        self.limit = limit
        try addThread()
    }

    private func addThread() throws(HostError) {
        _ = try HostThread(name: "worker \(threads)", stackSize: 1 << 20) { [self] in work() }
        threads += 1
    }

    func submit(_ job: @escaping () -> Void) {
        lock.lock()
        queue.append(job)
        // If the host has no more threads to give, those that there are do the work.
        if running + queue.count > threads, threads < limit { try? addThread() }
        changed.signal()
        lock.unlock()
    }

    /// Waits until everything submitted has been done.
    func drain() {
        lock.lock()
        while !queue.isEmpty || running > 0 { idle.wait(lock) }
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
            if running == 0, queue.isEmpty { idle.broadcast() }
        }
    }
}
