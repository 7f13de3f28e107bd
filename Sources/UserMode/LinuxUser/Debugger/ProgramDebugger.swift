import CHost
import CPUModel
import GDBStub
import Glibc
import HostOS
import UserExecution

/// A program under a debugger: stops all its threads together and lets them go on. A host thread of its own talks with the debugger; the
/// guest's threads tell it what happens and wait. A thread in a system call counts as stopped: it waits at the call's end.
final class ProgramDebugger: @unchecked Sendable {
    /// A thread of the program as the debugger knows it.
    struct Entry {
        enum State { case running, inCall, waiting }
        let thread: LinuxThread
        var state = State.running
        /// Whether the debugger has left it where it is while others run.
        var isHeld = false
        var action = ResumeAction(steps: false, signal: 0)
        /// The signal that it stopped for, 0 for something else; and its siginfo, that of SIGTRAP for something else.
        var signal: Int32 = 0
        var information = Entry.information(SIGTRAP)
        /// A signal that the debugger has sent it: it comes without a stop.
        var expected: Int32 = 0

        /// A siginfo_t of a signal from nowhere.
        static func information(_ signal: Int32) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: 128)
            bytes.put(signal, at: 0)
            return bytes
        }
    }

    unowned let program: LinuxProcess
    let connection: DebugConnection
    let lock = Mutex()
    /// Something of the below has changed.
    let changed = ConditionVariable()
    var entries: [Int: Entry] = [:]
    var isStopped = false
    /// Why all stand still; nil once the debugger has been told.
    var report: StopReport?
    var end: ProcessEnd?
    var lastThread = 0
    var points = DebugPointList()
    var passedSignals: Set<Int32> = []
    var caughtCalls = CaughtCalls.none
    /// Set for good when the debugger has left.
    private(set) var isDetached = false
    var session: DebugSession
    /// A child that waits for the debugger's word.
    var child: ForkChannel?
    /// Whether packets are about the child.
    var selectsChild = false
    var auxiliaryVector: [UInt8] = []
    /// Wakes the thread that talks with the debugger.
    let wake: Int32

    init(program: LinuxProcess, connection: DebugConnection, terms: DebugSession.Terms) {
        self.program = program
        self.connection = connection
        session = DebugSession(thread: 0, terms: terms)
        wake = DebugConnection.raised(eventfd(0, Int32(EFD_CLOEXEC)))
    }

    var descriptors: [Int32] { isDetached ? [] : [connection.descriptor, wake] + (child.map { [$0.descriptor] } ?? []) }

    func closeDescriptors() {
        close(connection.descriptor)
        close(wake)
    }

    // MARK: Threads come and go

    static var number: Int { Int(unsafe apus_raw_syscall(186, [0, 0, 0, 0, 0, 0])) }

    func add(_ thread: LinuxThread) { lock.withLock { entries[ProgramDebugger.number] = Entry(thread: thread) } }

    func remove() {
        lock.withLock {
            entries[ProgramDebugger.number] = nil
            changed.broadcast()
            // Nobody is left to run: the debugger would wait for ever.
            if !isStopped, !isDetached, let first = entries.keys.min(), entries.values.allSatisfy(\.isHeld) {
                beginStop(StopReport(signal: 0, thread: first, reason: .signal))
            }
        }
    }

    /// A system call begins or ends; behind it the thread waits if all do.
    func enterCall() { lock.withLock { change(ProgramDebugger.number, to: .inCall) } }
    func leaveCall() { park() }

    private func change(_ number: Int, to state: Entry.State) {
        entries[number]?.state = state
        changed.broadcast()
    }

    // MARK: Stopping

    /// Waits while all threads, or this one, are to stand still.
    func park() { lock.withLock { wait(ProgramDebugger.number) } }

    private func wait(_ number: Int) {
        while !isDetached, isStopped || entries[number]?.isHeld == true {
            if entries[number]?.state != .waiting { change(number, to: .waiting) }
            changed.wait(lock)
        }
        entries[number]?.state = .running
    }

    /// Stops everything with a reason. Needs the lock.
    func beginStop(_ report: StopReport) {
        isStopped = true
        self.report = report
        program.engine.hold(true)
        wakeUp()
    }

    func wakeUp() {
        var one: UInt64 = 1
        _ = unsafe write(wake, &one, 8)
    }

    /// The calling thread has met something that the debugger wants to know: all stop, and the thread waits.
    ///
    /// - Parameter lapses: whether it is not told if another thread has just stopped them all; it will be met again.
    /// - Returns: how the thread is to go on; nil if nothing was told.
    @discardableResult
    func stop(signal: Int32 = SIGTRAP, _ reason: StopReport.Reason, lapses: Bool = false) -> ResumeAction? {
        let number = ProgramDebugger.number
        return lock.withLock {
            if isStopped, lapses {
                wait(number)
                return nil
            }
            wait(number)
            if isDetached { return nil }
            beginStop(StopReport(signal: signal, thread: number, reason: reason))
            wait(number)
            return entries[number]?.action
        }
    }

    func stopped(_ stop: DebugStop) {
        switch stop {
        case .breakpoint:
            let pc = lock.withLock { entries[ProgramDebugger.number].map { $0.thread.cpu.guest.codeAddress($0.thread.cpu.header.pc) } ?? 0 }
            self.stop(points.contains(.hardware(pc)) ? .hardwareBreakpoint : .softwareBreakpoint, lapses: true)
        case .watchpoint(let kind, let address): self.stop(.watchpoint(kind, address))
        case .stepped: self.stop(.signal, lapses: true)
        }
    }

    /// A signal is about to be given to the calling thread: what it is given instead, 0 for nothing.
    func pass(_ signal: Int32, _ information: inout [UInt8]) -> Int32 {
        let number = ProgramDebugger.number
        let isKnown = lock.withLock {
            if isDetached || passedSignals.contains(signal) { return true }
            if entries[number]?.expected == signal {
                entries[number]?.expected = 0
                return true
            }
            entries[number]?.signal = signal
            entries[number]?.information = information
            return false
        }
        if isKnown { return signal }
        let action = stop(signal: signal, .signal)
        return lock.withLock {
            information = entries[number]?.information ?? information
            entries[number]?.signal = 0
            entries[number]?.information = Entry.information(SIGTRAP)
            guard let action else { return signal }
            if action.signal != signal { information = Entry.information(action.signal) }
            return action.signal
        }
    }

    /// Around a system call that the debugger wants to see.
    func call(_ number: UInt64, isEntry: Bool) {
        if lock.withLock({ !isDetached && caughtCalls.contains(number) }) {
            stop(isEntry ? .systemCallEntry(number) : .systemCallReturn(number))
        }
    }

    /// The process is about to end: the debugger is told first.
    func ended(_ end: ProcessEnd) {
        lock.withLock {
            if isDetached { return }
            entries[ProgramDebugger.number]?.state = .inCall
            self.end = end
            changed.broadcast()
            wakeUp()
            while !isDetached { changed.wait(lock) }
        }
    }

    // MARK: Going on

    /// Lets threads go on as the debugger says. Needs the lock.
    func resume(_ choices: [ResumeChoice]) {
        for number in entries.keys {
            let choice = choices.first { $0.thread == nil || $0.thread == number }
            entries[number]?.isHeld = choice == nil
            let action = choice?.action ?? ResumeAction(steps: false, signal: 0)
            entries[number]?.action = action
            entries[number]?.thread.runner.isStepping = action.steps
            // Only a thread that stopped for a signal takes one from here.
            if action.signal != 0, entries[number]?.signal == 0 {
                entries[number]?.expected = action.signal
                _ = unsafe apus_raw_syscall(234, [Int(getpid()), number, Int(action.signal), 0, 0, 0])
            }
        }
        letGo()
    }

    private func letGo() {
        isStopped = false
        program.engine.hold(false)
        changed.broadcast()
    }

    /// The program runs on alone. Needs the lock.
    func leave() {
        isDetached = true
        child?.send(.run)
        program.engine.removeDebugPoints()
        for entry in entries.values { entry.thread.runner.isStepping = false }
        letGo()
    }

    // MARK: What the talking thread waits for

    /// Waits until the program stops or ends; the debugger's interrupt stops it. False if the debugger is gone.
    func waitForStop() -> Bool {
        while true {
            if lock.withLock({ report != nil || end != nil }) { return true }
            var places = [pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: wake, events: Int16(POLLIN), revents: 0)]
            if !connection.hasItems { _ = unsafe poll(&places, 2, -1) }
            if places[1].revents != 0 {
                var count: UInt64 = 0
                _ = unsafe read(wake, &count, 8)
            }
            guard connection.hasItems || places[0].revents != 0 else { continue }
            guard let item = connection.receive() else { return false }
            if item == .interrupt { interrupt() }
        }
    }

    private func interrupt() {
        lock.withLock {
            guard !isStopped, let first = entries[lastThread] == nil ? entries.keys.min() : lastThread else { return }
            beginStop(StopReport(signal: SIGINT, thread: first, reason: .signal))
        }
    }

    /// Waits until no thread runs guest code.
    func waitForAll() {
        lock.withLock { while entries.values.contains(where: { $0.state == .running }) { changed.wait(lock) } }
    }
}
