import CHost
import CPUModel
import Diagnostics
import Glibc
import UserExecution

/// From a signal that has come to the guest's handler and back.
extension LinuxThread {
    static func bit(_ signal: Int32) -> UInt64 { 1 << UInt64(signal - 1) }

    static func hostMask() -> UInt64 {
        var mask: UInt64 = 0
        _ = unsafe withUnsafeMutablePointer(to: &mask) { unsafe apus_raw_syscall(14, [0, 0, Int(bitPattern: $0), 8, 0, 0]) }
        return mask
    }

    static func setHostMask(_ mask: UInt64) { apus_set_signal_mask(mask) }

    /// SIGKILL and SIGSTOP cannot be blocked.
    func setMask(_ wanted: UInt64) {
        mask = wanted & ~(LinuxThread.bit(SIGKILL) | LinuxThread.bit(SIGSTOP))
        LinuxThread.setHostMask(mask)
        deliverDeferred()
    }

    private var pending: Int32 { Int32(bitPattern: unsafe apus_atomic_load_u32(&runner.slot.pointee.pending)) }

    var hasPending: Bool { pending != 0 }

    /// Whether the handler of the signal that waits wants interrupted calls to be done again.
    var pendingHandlerRestarts: Bool {
        let signal = pending
        if signal == 0 { return true }
        let action = process.lock.withLock { signals[signal] }
        return !action.isHandler || action.flags & SignalAction.Flag.restart != 0
    }

    /// The signal in the slot goes to the guest.
    func deliverPending() {
        let signal = pending
        guard signal != 0 else { return }
        let info = unsafe withUnsafeBytes(of: runner.slot.pointee.info) { unsafe Array($0) }
        unsafe apus_atomic_store_u32(&runner.slot.pointee.pending, 0)
        if (signal == SIGSEGV || signal == SIGBUS), mask & LinuxThread.bit(signal) != 0 {
            deferred[signal] = info
            return LinuxThread.setHostMask(mask)
        }
        deliver(signal, info, fault: nil)
    }

    private func deliverDeferred() {
        for (signal, info) in deferred where mask & LinuxThread.bit(signal) == 0 {
            deferred[signal] = nil
            return deliver(signal, info, fault: nil)
        }
    }

    /// A fault of the guest's own becomes its signal; if that is blocked or ignored the process dies of it.
    func deliver(_ fault: GuestFault) {
        var info = [UInt8](repeating: 0, count: 128)
        info.put(fault.signal, at: 0)
        info.put(fault.code, at: 8)
        info.put(fault.address, at: 16)
        deliver(fault.signal, info, fault: fault)
    }

    /// A signal that the thread has caused itself and cannot put off.
    func force(_ signal: Int32, _ info: [UInt8]) {
        let action = process.lock.withLock { signals[signal] }
        if mask & LinuxThread.bit(signal) != 0 || !action.isHandler { die(signal) }
        deliver(signal, info, fault: nil)
    }

    private func deliver(_ signal: Int32, _ info: [UInt8], fault: GuestFault?) {
        guard let debugger = process.debugger else { return act(signal, info, fault: fault) }
        var info = info
        let passed = debugger.pass(signal, &info)
        if passed == 0 { return LinuxThread.setHostMask(mask) }
        act(passed, info, fault: passed == signal ? fault : nil)
    }

    private func act(_ signal: Int32, _ info: [UInt8], fault: GuestFault?) {
        if fault != nil, mask & LinuxThread.bit(signal) != 0 || !process.lock.withLock({ signals[signal].isHandler }) { die(signal) }
        Log.write(.strace, StraceStructures.signal(signal, info))
        let action = process.lock.withLock {
            let action = signals[signal]
            if action.isHandler, action.flags & SignalAction.Flag.reset != 0 { signals.set(signal, SignalAction()) }
            return action
        }
        switch action.handler {
        case SignalAction.defaultHandler:
            if !LinuxThread.isHarmless(signal) { die(signal) }
            LinuxThread.setHostMask(mask)
        case SignalAction.ignoreHandler: LinuxThread.setHostMask(mask)
        default: enterHandler(signal, info, action, fault)
        }
    }

    /// Signals that do nothing by default: SIGCHLD, SIGCONT, SIGURG, SIGWINCH. A stop that came by this way is over by now.
    private static func isHarmless(_ signal: Int32) -> Bool { [SIGCHLD, SIGCONT, SIGURG, SIGWINCH].contains(signal) }

    func die(_ signal: Int32) -> Never {
        process.debugger?.ended(.killed(signal))
        if [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT].contains(signal) {
            writeLine("qemu: uncaught target signal \(signal) (\(unsafe String(cString: strsignal(signal)))) - core dumped", to: 2)
        }
        apus_die_of_signal(signal)
        fatalError("a signal did not end the process")
    }

    // MARK: Frames

    private func enterHandler(_ signal: Int32, _ info: [UInt8], _ action: SignalAction, _ fault: GuestFault?) {
        let wantsInfo = action.flags & SignalAction.Flag.info != 0
        let shape = wantsInfo ? abi.signalFrame : abi.plainSignalFrame
        let place = framePlace(shape, action)
        var frame = [UInt8](repeating: 0, count: shape.size)
        if let start = shape.info { frame.replaceSubrange(start..<start + SignalInfo.size, with: wordSize == 8 ? info : SignalInfo.narrow(info)) }
        put(alternateStack, flags: stackFlags(abi.stackPointer(cpu)), into: &frame, at: shape.stack)
        frame.put(mask, at: shape.mask)
        abi.saveContext(cpu, fault: fault, into: &frame)
        guard memory.write(frame, at: place) else { die(SIGSEGV) }
        let base = waitingMask ?? mask
        waitingMask = nil
        let returnAddress =
            action.flags & SignalAction.Flag.restorer != 0
            ? action.restorer : process.signalReturn &+ abi.signalReturnOffset(handler: action.handler, wantsInfo: wantsInfo)
        abi.enterHandler(cpu, HandlerEntry(handler: action.handler, signal: signal, frame: place, shape: shape, returnAddress: returnAddress))
        if alternateStack.flags & 1 << 31 != 0 { alternateStack = AlternateStack() }
        let own = action.flags & SignalAction.Flag.noDefer != 0 ? 0 : LinuxThread.bit(signal)
        setMask(base | action.mask | own)
        hasProgressed = true
    }

    private func framePlace(_ shape: SignalFrame, _ action: SignalAction) -> UInt64 {
        let pointer = abi.stackPointer(cpu)
        let usesAlternate = action.flags & SignalAction.Flag.onStack != 0 && alternateStack.isEnabled && !alternateStack.holds(pointer)
        let top = usesAlternate ? alternateStack.start &+ alternateStack.size : pointer &- UInt64(shape.redZone)
        return (top &- UInt64(shape.size)) & ~UInt64(shape.alignment - 1)
    }

    /// SS_ONSTACK while the stack pointer is in the alternate stack.
    func stackFlags(_ pointer: UInt64) -> UInt32 { alternateStack.holds(pointer) ? alternateStack.flags | 1 : alternateStack.flags }

    /// `rt_sigreturn`, or `sigreturn` with its shape of frame.
    func returnFromHandler(_ shape: SignalFrame) -> Int64 {
        guard let frame = memory.bytes(at: abi.stackPointer(cpu), count: shape.size), abi.restoreContext(cpu, from: frame) else { die(SIGSEGV) }
        setMask(frame.word(at: shape.mask))
        _ = setAlternateStack(frame, at: shape.stack)
        return CallResult.none
    }

    /// `sigaltstack`'s change: 0 or -errno.
    func setAlternateStack(start: UInt64, flags: UInt32, size: UInt64) -> Int64 {
        if alternateStack.holds(abi.stackPointer(cpu)) { return -Int64(EPERM) }
        let mode = flags & ~(1 << 31)
        guard mode <= 2 else { return -Int64(EINVAL) }
        if mode == 2 {
            alternateStack = AlternateStack()
            return 0
        }
        if size < 2048 { return -Int64(ENOMEM) }
        alternateStack = AlternateStack(start: start, size: size, flags: flags & 1 << 31)
        return 0
    }
}
