import CHost
import CPUModel
import Diagnostics
import Glibc
import HostOS
import UserCore
import UserExecution

/// A thread of the guest: a vCPU, its signal state, and the loop that runs it. A host thread of its own runs it.
public final class LinuxThread {
    let process: LinuxProcess
    let cpu: VirtualCPU
    let runner: UserRunner
    let isMain: Bool
    let abi: any LinuxABI
    let memory: GuestMemory
    /// Bytes of the guest's long and pointer.
    let wordSize: Int

    /// Signals that the guest has blocked: bit n - 1 for signal n.
    var mask: UInt64 = 0
    /// The mask while a call like `ppoll` or `rt_sigsuspend` waited, for a handler that interrupted it.
    var waitingMask: UInt64?
    let signals: SignalActions
    let seccomp = Seccomp()
    let limits: ResourceLimits
    var alternateStack = AlternateStack()
    /// SIGSEGV and SIGBUS that were sent while the guest had them blocked, with their siginfo.
    var deferred: [Int32: [UInt8]] = [:]
    /// Where to write 0, and wake, when the thread ends.
    var clearedAtExit: UInt64 = 0
    /// `set_robust_list`'s head; 0 for none.
    var robustList: UInt64 = 0
    var exitStatus: Int32 = 0
    /// Set when the thread is to end.
    var isEnding = false
    /// Whether the thread has done an instruction or begun a handler since it was let go on, for a debugger's steps.
    var hasProgressed = false

    /// - Parameters:
    ///   - signals: the signal actions; nil for those of the process.
    ///   - limits: the same of limits.
    init(
        process: LinuxProcess, cpu: VirtualCPU, runner: UserRunner, isMain: Bool, signals: SignalActions? = nil, limits: ResourceLimits? = nil
    ) {
        self.process = process
        abi = process.abi
        memory = process.memory
        wordSize = process.abi.family.wordSize
        self.signals = signals ?? process.signals
        self.limits = limits ?? process.limits
        self.cpu = cpu
        self.runner = runner
        self.isMain = isMain
        if let clocks = process.quickClocks {
            runner.quickNumbers = clocks.numbers
            runner.quickCall = { [unowned self] in quickCall(clocks, $0, $1, $2) }
        }
    }

    // MARK: The loop

    /// Runs the guest's thread to its end.
    func run() {
        seccomp.thread = Int32(hostCall(186))
        process.debugger?.add(self)
        while !isEnding {
            process.debugger?.park()
            hasProgressed = false
            switch runner.run() {
            case .exception: handle(abi.takeEvent(cpu))
            case .fault(let fault): deliver(fault)
            case .interrupted: deliverPending()
            case .debug(.stepped): hasProgressed = true
            case .debug(let stop): process.debugger?.stopped(stop)
            }
            if runner.isStepping, hasProgressed { process.debugger?.stopped(.stepped) }
        }
        process.debugger?.remove()
        end()
    }

    private func handle(_ event: GuestEvent) {
        switch event {
        case .systemCall: doSystemCall()
        case .fault(let fault): deliver(fault)
        case .unsupported(let what, let fault):
            writeLine("qemu: not supported: \(what)", to: 2)
            deliver(fault)
        }
    }

    /// What the kernel does for a thread that is gone.
    private func end() {
        LinuxThread.setHostMask(.max)
        releaseRobustFutexes()
        if clearedAtExit != 0, memory.store(clearedAtExit, 0, size: 4), let place = unsafe memory.host(clearedAtExit) {
            _ = unsafe apus_raw_syscall(202, [Int(bitPattern: place), 1, 1, 0, 0, 0])
        }
        runner.close()
    }

    // MARK: System calls

    /// What programs do most, which needs nothing of the thread's: reading a clock. Whoever looks at calls sees it as one like others.
    private func quickCall(_ clocks: QuickClocks, _ number: UInt64, _ clock: UInt64, _ address: UInt64) -> Int64? {
        guard let seconds = clocks.seconds(number), !seccomp.judges, process.debugger == nil else { return nil }
        return SystemCalls.writeTime(of: clock, to: abi.callAddress(cpu, address), memory, seconds: seconds)
    }

    private func doSystemCall() {
        hasProgressed = true
        let registers = abi.systemCall(cpu)
        guard let debugger = process.debugger else {
            performCall(registers)
            return
        }
        debugger.call(registers.number, isEntry: true)
        debugger.enterCall()
        performCall(registers)
        // In the child of a fork it is another one.
        process.debugger?.leaveCall()
        process.debugger?.call(registers.number, isEntry: false)
    }

    /// Does the call that the registers ask for, and leaves its result in the vCPU's.
    ///
    /// - Returns: the result, or a ``CallResult``; nil if it was not done.
    @discardableResult
    package func performCall(_ registers: SystemCallRegisters) -> Int64? {
        waitingMask = nil
        guard passesSeccomp(registers) else { return nil }
        guard let call = process.calls[registers.number] else {
            if Log.isEnabled(.strace) { Strace.unknown(registers) }
            abi.setResult(cpu, -Int64(ENOSYS))
            return nil
        }
        let words = wordSize == 8 ? registers : call.arguments(in: registers, family: abi.family)
        if Log.isEnabled(.strace) { Strace.begin(call, words, self) }
        let result = perform(call, withoutTags(call, words))
        if Log.isEnabled(.strace) { Strace.end(call, result, memory) }
        finish(call, registers, result)
        return result
    }

    /// The registers as the kernel looks at them: its own copy, not what a call that is done again finds.
    private func withoutTags(_ call: SystemCall, _ registers: SystemCallRegisters) -> SystemCallRegisters {
        var registers = registers
        for (index, argument) in call.arguments.enumerated() where argument.isPointer {
            registers.arguments[index] = abi.callAddress(cpu, registers[index])
        }
        return registers
    }

    private func perform(_ call: SystemCall, _ registers: SystemCallRegisters) -> Int64 {
        switch call.action {
        case .pass(let number): pass(call, number, registers)
        case .handle(let handler): handler(self, registers)
        case .handleDirectly(let handler, _): memory.base == 0 ? handler(self, registers) : -Int64(ENOSYS)
        case .direct(let number, _): memory.base == 0 ? pass(call, number, registers) : -Int64(ENOSYS)
        case .refuse(let code, _): -Int64(code)
        }
    }

    private func finish(_ call: SystemCall, _ registers: SystemCallRegisters, _ result: Int64) {
        switch result {
        case CallResult.none: break
        // The signal came before the call began: the call is still to be done.
        case CallResult.notBegun: abi.repeatCall(cpu, registers)
        case -Int64(EINTR) where call.restart == .ifAsked && pendingHandlerRestarts: abi.repeatCall(cpu, registers)
        default: abi.setResult(cpu, result)
        }
    }

    /// The host's call with pointers made host addresses.
    private func pass(_ call: SystemCall, _ number: Int, _ registers: SystemCallRegisters) -> Int64 {
        var words = InlineArray<6, Int>(repeating: 0)
        var temporary = PassedArguments()
        for (index, argument) in call.arguments.enumerated() where index < 6 {
            guard let word = temporary.word(argument, index, registers, self) else { return -Int64(EFAULT) }
            words[index] = word
        }
        var result = hostCall(number, words)
        // A structure that lies on a page with translated code: it is made writable, and the call is done once more.
        if result == -Int64(EFAULT), temporary.mayHaveMetCode(call, registers, memory) { result = hostCall(number, words) }
        return temporary.finish(result, memory)
    }

    /// Does a call with the host address of a structure.
    func with(_ structure: SharedStructure, _ access: Argument.Access, at address: UInt64, _ body: (Int) -> Int64) -> Int64 {
        var temporary = PassedArguments()
        if access != .reads { memory.prepareWrite(address, UInt64(structure.size(wordSize: wordSize))) }
        guard let place = temporary.structure(structure, access, address, self) else { return -Int64(EFAULT) }
        return temporary.finish(body(place), memory)
    }

    /// A host call that is not begun once a signal has come.
    func hostCall(_ number: Int, _ words: InlineArray<6, Int>) -> Int64 {
        var words = words
        return unsafe withUnsafePointer(to: &words) { pointer in
            unsafe pointer.withMemoryRebound(to: Int.self, capacity: 6) { words in
                Int64(unsafe apus_safe_syscall(&runner.slot.pointee.pending, number, words))
            }
        }
    }

    func hostCall(_ number: Int, _ a: Int = 0, _ b: Int = 0, _ c: Int = 0, _ d: Int = 0, _ e: Int = 0, _ f: Int = 0) -> Int64 {
        hostCall(number, [a, b, c, d, e, f])
    }

    // MARK: Pointers

    /// A guest address as the host's, 0 staying 0; nil if it is none.
    func hostWord(_ address: UInt64) -> Int? {
        let address = abi.callAddress(cpu, address)
        if address == 0 { return 0 }
        guard address < memory.limit else { return nil }
        return Int(bitPattern: UInt(address) &+ memory.base)
    }

    /// A descriptor as the host's: those of Apus itself are none of the guest's, and -1 is one that is never open.
    func hostDescriptor(_ value: UInt64) -> Int {
        let descriptor = Int32(truncatingIfNeeded: value)
        return process.owns(descriptor) ? -1 : Int(descriptor)
    }

    /// A path's text, repaired where it isn't UTF-8 (``with(path:at:_:)`` passes on its bytes); nil if it cannot be read. Paths longer than
    /// PATH_MAX are the kernel's to refuse.
    func path(_ address: UInt64) -> String? { pathBytes(address)?.text }

    func pathBytes(_ address: UInt64) -> HostPath? { memory.string(at: address).map { HostPath($0) } }
}

/// Results beside those that the guest sees.
package enum CallResult {
    /// ERESTARTSYS of a call that had not begun.
    package static let notBegun: Int64 = -512
    /// The registers are as they should be already.
    package static let none = Int64.min
}
