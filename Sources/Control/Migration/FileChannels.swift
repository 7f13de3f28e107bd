import HostOS

/// Threads that move pages between memory and a file, each a range at a time: `multifd` with `mapped-ram`.
final class FileChannels: @unchecked Sendable {
    typealias Work = () throws(MigrationError) -> Void

    /// Ranges that wait for a thread at most, for each.
    private static let waiting = 2

    private let lock = Mutex()
    private let changed = ConditionVariable()
    private let count: Int
    private var threads: [HostThread] = []

    // Guarded by `lock`.
    private var queue: [Work] = []
    /// Work that threads have taken and not done yet.
    private var underWay = 0
    private var failure: MigrationError?
    private var isEnding = false

    /// - Parameter name: shows in `ps`, with the channel's number behind it.
    init(_ count: Int, name: String) throws(MigrationError) {
        self.count = count
        do throws(HostError) {
            for number in 0..<count { threads.append(try HostThread(name: "\(name)_\(number)") { [self] in run() }) }
        } catch {
            end()
            throw .host(error)
        }
    }

    /// Has something done by whichever thread is free first. Waits while all have enough to do, and throws what has gone wrong meanwhile.
    func perform(_ work: @escaping Work) throws(MigrationError) {
        let failure = lock.withLock { () -> MigrationError? in
            while queue.count >= FileChannels.waiting * count, self.failure == nil { changed.wait(lock) }
            if self.failure == nil { queue.append(work) }
            changed.broadcast()
            return self.failure
        }
        if let failure { throw failure }
    }

    /// Everything has been done when this returns.
    func flush() throws(MigrationError) {
        let failure = lock.withLock { () -> MigrationError? in
            while self.failure == nil, !queue.isEmpty || underWay > 0 { changed.wait(lock) }
            return self.failure
        }
        if let failure { throw failure }
    }

    /// Ends the threads; what waits is not done.
    func end() {
        lock.withLock {
            (isEnding, queue) = (true, [])
            changed.broadcast()
        }
        for thread in threads { thread.join() }
        threads = []
    }

    private func run() {
        while let work = next() {
            var error: MigrationError?
            do throws(MigrationError) { try work() } catch let reason { error = reason }
            lock.withLock {
                underWay -= 1
                if failure == nil { failure = error }
                changed.broadcast()
            }
        }
    }

    private func next() -> Work? {
        lock.withLock {
            while queue.isEmpty, !isEnding { changed.wait(lock) }
            guard !isEnding else { return nil }
            underWay += 1
            changed.broadcast()
            return queue.removeFirst()
        }
    }
}
