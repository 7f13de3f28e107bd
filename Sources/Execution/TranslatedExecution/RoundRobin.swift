import EventLoop
import HostOS
import IR

/// Runs all vCPUs on one thread, in turn: `thread=single`, and always where instructions are counted.
final class RoundRobin {
    /// A turn's length in nanoseconds, of host time or, where instructions are counted, of virtual time.
    private static let slice: Int64 = 10_000_000

    private unowned let engine: TranslationEngine
    private let lock = Mutex()
    private let changed = ConditionVariable()
    private var woken = false
    /// A timer has ended the grant of the turn under way. Guarded by `lock`.
    private var hasEarlierDeadline = false
    /// The vCPU whose turn it is.
    private var running: Int?
    private var timer: LoopTimer?
    /// Instructions that all vCPUs have run, and virtual nanoseconds that passed while all slept.
    private var executed: Int64 = 0
    private var warped: Int64 = 0

    init(_ engine: TranslationEngine) {
        self.engine = engine
        for runner in engine.runners {
            let index = runner.cpu.index
            runner.onWake = { [weak self] in self?.wake(index) }
        }
    }

    /// Somebody has something for a vCPU. If another one has its turn, and may be waiting for just that, the turn ends.
    private func wake(_ index: Int) {
        lock.lock()
        woken = true
        changed.signal()
        let other = running
        lock.unlock()
        if other != index { end(other) }
    }

    /// A timer is due earlier than was known when the turn under way, or the sleep, began.
    private func endTurn() {
        lock.lock()
        woken = true
        hasEarlierDeadline = true
        changed.signal()
        let index = running
        lock.unlock()
        end(index)
    }

    private func end(_ turn: Int?) {
        guard let turn else { return }
        engine.runners[turn].sliceEnded = true
        engine.runners[turn].cpu.kick()
    }

    /// A vCPU's turn: runs blocks until it halts, is stopped, has used its slice, or another is needed.
    private func take(_ runner: CPURunner) {
        runner.sliceEnded = false
        lock.withLock { running = runner.cpu.index }
        runner.runBlocks()
        lock.withLock { running = nil }
    }

    func run() {
        if let shift = engine.options.instructionShift {
            engine.withMachineLock {
                engine.loop.setVirtualClockSource({ [self] in now(shift) }, onEarlierDeadline: { [weak self] in self?.endTurn() })
            }
            runCounted(shift)
        } else {
            startSliceTimer()
            while !engine.loop.isStopping, !engine.runners.contains(where: \.isStopRequested) {
                if !runTurn() { sleep(until: nil) }
            }
        }
    }

    /// One turn of every vCPU that has something to do; false if none had.
    private func runTurn() -> Bool {
        var busy = false
        for runner in engine.runners {
            if runner.debugAction == .hold { continue }
            runner.attend()
            if runner.cpu.isHalted, !runner.cpu.wakeIfDue() { continue }
            busy = true
            take(runner)
        }
        return busy
    }

    private func startSliceTimer() {
        engine.withMachineLock {
            let timer = self.timer ?? LoopTimer(engine.loop, .realtime) { [weak self] in self?.endSlice() }
            self.timer = timer
            timer.arm(at: engine.loop.now(.realtime) + RoundRobin.slice)
        }
    }

    private func endSlice() {
        for runner in engine.runners {
            runner.sliceEnded = true
            runner.cpu.kick()
        }
        if !engine.runners.contains(where: \.isStopRequested) { timer?.arm(at: engine.loop.now(.realtime) + RoundRobin.slice) }
    }

    private func sleep(until deadline: Int64?) {
        lock.lock()
        while !woken {
            guard let deadline else {
                changed.wait(lock)
                continue
            }
            changed.wait(lock, until: deadline)
            break
        }
        woken = false
        lock.unlock()
    }

    // MARK: Counted instructions

    /// Virtual time: instructions run, those of the turn under way included, and time slept.
    private func now(_ shift: Int) -> Int64 {
        let underWay = current.map { grantedNow - max(0, $0.cpu.header.budget) } ?? 0
        return (executed + underWay) << Int64(shift) + warped
    }

    /// Makes the virtual time what it was elsewhere, while nothing runs.
    func setTime(_ time: Int64, _ shift: Int) { warped = time - executed << Int64(shift) }

    private var current: CPURunner?
    private var grantedNow: Int64 = 0

    private func runCounted(_ shift: Int) {
        while !engine.loop.isStopping, !engine.runners.contains(where: \.isStopRequested) {
            engine.withMachineLock { engine.loop.fireDueVirtualTimers() }
            if !runCountedTurn(shift) { warp(shift) }
        }
    }

    private func runCountedTurn(_ shift: Int) -> Bool {
        var busy = false
        for runner in engine.runners {
            if runner.debugAction == .hold { continue }
            runner.attend()
            if runner.cpu.isHalted, !runner.cpu.wakeIfDue() { continue }
            busy = true
            let end = now(shift) + RoundRobin.slice
            // A timer that a vCPU sets to an earlier time ends its grant, not its turn: it would have none but for its timer's handler.
            repeat {
                engine.withMachineLock { engine.loop.fireDueVirtualTimers() }
                takeCounted(runner, shift, until: end)
            } while lock.withLock { hasEarlierDeadline } && now(shift) < end && !runner.cpu.isHalted && !runner.isStopRequested
        }
        return busy
    }

    /// Runs a vCPU until a time, or until the next timer is due.
    private func takeCounted(_ runner: CPURunner, _ shift: Int, until end: Int64) {
        lock.withLock { hasEarlierDeadline = false }
        let deadline = engine.withMachineLock { engine.loop.nextDeadline(.virtual) } ?? .max
        grantedNow = max(1, max(0, min(end, deadline) - now(shift)) >> Int64(shift))
        runner.grant(grantedNow)
        current = runner
        take(runner)
        executed += grantedNow - runner.revokeGrant()
        current = nil
    }

    /// All vCPUs wait: virtual time jumps to the next timer, or, if there is none, waits for the outside.
    private func warp(_ shift: Int) {
        let deadline = engine.withMachineLock { engine.loop.nextDeadline(.virtual) }
        guard let deadline else { return sleep(until: nil) }
        let ahead = deadline - now(shift)
        if ahead > 0, !engine.options.sleepsWhileIdle {
            warped += ahead
        } else if ahead > 0 {
            sleep(until: monotonicNanoseconds() + ahead)
            warped += min(ahead, max(0, deadline - now(shift)))
        }
    }
}
