import HostOS

/// A thread that does one piece of work after another and waits in between: a vCPU keeps its thread, and so the number that clients have pinned it
/// by, however often the machine stops.
final class WorkerThread: @unchecked Sendable {
    /// What the thread and its owner share; the thread must not keep its owner alive.
    private final class Desk: @unchecked Sendable {
        let lock = Mutex()
        let changed = ConditionVariable()
        var work: (() -> Void)?
        var isClosed = false

        /// Does what is put on the desk until that is closed.
        func serve() {
            while hasWork() {
                // Nobody else touches it until it is done; what it holds is let go before its owner hears of that.
                work?()
                lock.withLock {
                    work = nil
                    changed.broadcast()
                }
            }
        }

        /// Waits for work; false when the desk is closed.
        private func hasWork() -> Bool {
            lock.withLock {
                while work == nil, !isClosed { changed.wait(lock) }
                return work != nil
            }
        }
    }

    private let desk = Desk()
    private let thread: HostThread

    init(name: String) throws(HostError) {
        let desk = desk
        thread = try HostThread(name: name) { desk.serve() }
    }

    deinit {
        desk.lock.withLock {
            desk.isClosed = true
            desk.changed.broadcast()
        }
        thread.join()
    }

    /// Begins a piece of work; the one before must have ended.
    func begin(_ work: @escaping () -> Void) {
        desk.lock.withLock {
            precondition(desk.work == nil, "the thread is at work already")
            desk.work = work
            desk.changed.broadcast()
        }
    }

    /// Waits until there is no work left.
    func finish() { desk.lock.withLock { while desk.work != nil { desk.changed.wait(desk.lock) } } }
}
