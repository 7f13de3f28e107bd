import HostOS

/// Moments at which one thread needs all others to be out of generated code.
final class Exclusivity {
    private let lock = Mutex()
    private let changed = ConditionVariable()
    private var running = 0
    private var wanted = 0

    /// Before a runner goes into generated code; waits while someone is, or wants to be, alone.
    func enter() {
        lock.lock()
        while wanted > 0 { changed.wait(lock) }
        running += 1
        lock.unlock()
    }

    /// After it has come out.
    func leave() {
        lock.lock()
        running -= 1
        if wanted > 0 { changed.broadcast() }
        lock.unlock()
    }

    /// Runs `body` while no runner is inside. The calling runner must be outside itself.
    func run(_ runners: [CPURunner], except caller: CPURunner, _ body: () -> Void) {
        lock.lock()
        wanted += 1
        lock.unlock()
        for runner in runners where runner !== caller { runner.cpu.kick() }
        lock.lock()
        while running > 0 { changed.wait(lock) }
        body()
        wanted -= 1
        changed.broadcast()
        lock.unlock()
    }
}
