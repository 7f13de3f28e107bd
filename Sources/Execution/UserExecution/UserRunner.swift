import CHost
import CPUModel
import Diagnostics
import Glibc
import HostCode
import IR
import Interpreter

/// Why a thread's guest code stopped running.
public enum UserStop: Sendable {
    /// The vCPU has noted an exception: a system call, an illegal instruction.
    case exception
    /// A memory access or an instruction fetch has faulted; `pc` is at the instruction.
    case fault(GuestFault)
    /// Something asks for attention: a signal in the thread's slot, or nothing any more.
    case interrupted
    case debug(DebugStop)
}

/// What a debugger has asked to be told.
public enum DebugStop: Sendable {
    /// `pc` is at a breakpoint.
    case breakpoint
    /// The one instruction is done.
    case stepped
    case watchpoint(Watchpoint.Kind, address: UInt64)
}

/// Runs one thread of a guest process. All but `init` happens on that thread.
public final class UserRunner {
    public let cpu: VirtualCPU
    /// Not counted: the engine outlives its runners.
    unowned(unsafe) let engine: UserEngine
    let gate: Exclusivity.Gate
    /// The thread's part in signal delivery.
    public let slot: UnsafeMutablePointer<apus_signal_slot>
    /// A fault of a memory access, which `CPUHeader.exception` announces.
    var fault: GuestFault?
    /// System calls that are done where the guest's code makes them, given number and two arguments; nil from it for all others.
    public var quickCall: ((UInt64, UInt64, UInt64) -> Int64?)?
    /// The numbers of those calls: the others, which are nearly all, are told from them without a call.
    public var quickNumbers: (UInt64, UInt64) = (.max, .max)
    /// Set by a debugger: `run` does one instruction only.
    public var isStepping = false
    /// A watched access that is about to be done, which `CPUHeader.exception` announces.
    var watchHit: DebugPoints.Hit?
    /// Set while a watched access is done after all.
    private(set) var ignoresWatchpoints = false
    private var interpreter: Interpreter
    let loopCounters: LoopCounters
    /// The loop that this thread tries. Guarded by the memory's lock.
    var trial: UserBlock?
    private var jumpCaches: [(flags: UInt64, cache: JumpCache)]
    /// That of the current flags.
    private var jumpCache: JumpCache

    public init(cpu: VirtualCPU, engine: UserEngine) {
        self.cpu = cpu
        self.engine = engine
        gate = engine.exclusivity.makeGate()
        jumpCache = JumpCache(.direct, alignmentBits: cpu.guest.codeAlignmentBits)
        jumpCaches = [(cpu.translationFlags, jumpCache)]
        interpreter = Interpreter(helpers: cpu.guest.helpers, runtime: UserRunner.runtime)
        loopCounters = LoopCounters(cpu.header, threshold: engine.options.loopThreshold)
        unsafe slot = .allocate(capacity: 1)
        unsafe slot.initialize(to: apus_signal_slot())
        unsafe slot.pointee.exit_request = unsafe exitRequest
        unsafe slot.pointee.owner = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe slot.pointee.handle_fault = handleFault
        unsafe cpu.state.storeBytes(
            of: Unmanaged.passUnretained(self).toOpaque(), toByteOffset: CPUHeader.Offset.engine, as: UnsafeMutableRawPointer.self)
        cpu.services = self
        cpu.header.budget = .max
        cpu.header.setHostRounding()
        publishJumpCache()
        engine.add(self)
    }

    deinit {
        for entry in jumpCaches { entry.cache.deallocate() }
        unsafe slot.deallocate()
    }

    /// Makes the calling thread the one that this runner runs on.
    public func bindToThread() {
        unsafe apus_set_signal_slot(slot)
        if engine.memory.base != 0 { apus_set_gs_base(UInt64(engine.memory.base)) }
    }

    private var isClosed = false

    /// The thread ends.
    public func close() {
        if isClosed { return }
        isClosed = true
        // A runner whose thread could not be started is closed by another's.
        if unsafe apus_signal_slot() == slot { unsafe apus_set_signal_slot(nil) }
        engine.remove(self)
    }

    /// The runner of a vCPU's state, lent without counting references.
    @inline(__always) static func with<Result>(_ state: UnsafeMutableRawPointer, _ body: (UserRunner) -> Result) -> Result {
        let reference = unsafe state.load(fromByteOffset: CPUHeader.Offset.engine, as: UnsafeMutableRawPointer.self)
        return unsafe Unmanaged<UserRunner>.fromOpaque(reference)._withUnsafeGuaranteedRef(body)
    }

    private var exitRequest: UnsafeMutablePointer<UInt32> {
        unsafe (cpu.state + CPUHeader.Offset.exitRequest).assumingMemoryBound(to: UInt32.self)
    }

    // MARK: The jump cache

    private func publishJumpCache() {
        jumpCache = findJumpCache(cpu.translationFlags)
        unsafe cpu.state.storeBytes(
            of: UnsafeMutableRawPointer(jumpCache.entries), toByteOffset: CPUHeader.Offset.jumpCache, as: UnsafeMutableRawPointer.self)
    }

    private func findJumpCache(_ flags: UInt64) -> JumpCache {
        for entry in jumpCaches where entry.flags == flags { return entry.cache }
        let cache = JumpCache(.direct, alignmentBits: cpu.guest.codeAlignmentBits)
        jumpCaches.append((flags, cache))
        return cache
    }

    /// Forgets where code is; the code memory has been emptied.
    func forgetCode() {
        for entry in jumpCaches { entry.cache.clear() }
        cpu.header.exitSite = 0
        // A loop on trial is gone with the rest; killing it later would change code that has taken its place.
        trial = nil
        loopCounters.endTrial()
    }

    private func rememberJump(_ block: UserBlock, _ address: UnsafeRawPointer) {
        if Log.isEnabled(.noChain) || block.comparedBytes != nil { return }
        unsafe jumpCache.remember(block.pc, address)
    }

    // MARK: The loop

    /// Runs guest code from `pc` on until something has to be seen to.
    public func run() -> UserStop {
        // What a system call could not read or write is its own business.
        fault = nil
        while true {
            if unsafe apus_atomic_load_relaxed_u32(exitRequest) != 0 {
                unsafe apus_atomic_store_u32(exitRequest, 0)
                cpu.header.exitSite = 0
                if unsafe apus_atomic_load_u32(&slot.pointee.pending) != 0 || engine.isHolding { return .interrupted }
            }
            if engine.wantsCodeFlush { engine.flushCode(by: self) }
            if isStepping { return step() }
            // In this order: a site read after the count is of that count's code, or 0.
            let generation = engine.codeFlushes
            var site = cpu.header.exitSite
            cpu.header.exitSite = 0
            if LoopCounters.isHot(site) {
                engine.seeToLoop(self)
                site = 0
            }
            if site == 0, let reason = runRemembered(generation) {
                if reason == .exception, let stop = takeException() { return stop }
                continue
            }
            switch engine.block(cpu) {
            case .full: continue
            case .fault(let fault): if !cpu.adapts(toFaultAt: fault.address) { return .fault(fault) }
            case .breakpoint: return .debug(.breakpoint)
            case .block(let block):
                if site != 0, !Log.isEnabled(.noChain) { engine.chain(site: Int(site), to: block, generation: generation) }
                if Log.isEnabled([.exec, .cpu]) { logExecution(block) }
                if run(block, generation) == .exception, let stop = takeException() { return stop }
            }
        }
    }

    /// Does one instruction.
    private func step() -> UserStop {
        switch engine.instruction(cpu) {
        case .fault(let fault): return cpu.adapts(toFaultAt: fault.address) ? .interrupted : .fault(fault)
        case .full, .breakpoint: return .interrupted
        case .block(let block):
            guard let ir = block.ir, interpreter.run(ir.block, cpu.header) == .exception else { return .debug(.stepped) }
            return takeException() ?? .interrupted
        }
    }

    /// Stops for a watched access: before it, or behind its instruction, as the architecture's processors do.
    private func stop(for hit: DebugPoints.Hit) -> UserStop {
        watchHit = nil
        cpu.header.exception = 0
        if !cpu.debugRegisters.watchesStopBefore {
            ignoresWatchpoints = true
            defer { ignoresWatchpoints = false }
            let stop = step()
            guard case .debug = stop else { return stop }
        }
        return .debug(.watchpoint(hit.kind, address: hit.address))
    }

    private func takeException() -> UserStop? {
        if let watchHit { return stop(for: watchHit) }
        guard let fault else { return cpu.header.exception != 0 ? .exception : nil }
        self.fault = nil
        cpu.header.exception = 0
        return cpu.adapts(toFaultAt: fault.address) ? nil : .fault(fault)
    }

    /// Runs on from where the jump cache knows the code, as an indirect jump in generated code does; nil if it does not know it.
    private func runRemembered(_ generation: Int) -> ExitReason? {
        guard let generator = engine.generator else { return nil }
        engine.exclusivity.enter(gate)
        defer { engine.exclusivity.leave(gate) }
        if engine.wantsCodeFlush || generation != engine.codeFlushes { return nil }
        let pc = cpu.header.pc
        guard let code = unsafe jumpCache.find(pc) else { return nil }
        if case .reason(let reason) = unsafe generator.run(code, cpu.header) { return reason }
        guard cpu.header.pc == pc else { return .lookup }
        // It came back at once: the block was killed, or something asks for attention there.
        cpu.header.exitSite = 0
        return nil
    }

    /// Runs from a block on, found when code had been thrown away `generation` times, until something has to be seen to.
    private func run(_ block: UserBlock, _ generation: Int) -> ExitReason {
        guard let generator = engine.generator, let code = block.code else {
            return block.ir.map { interpreter.run($0.block, cpu.header) } ?? .lookup
        }
        engine.exclusivity.enter(gate)
        defer { engine.exclusivity.leave(gate) }
        // While this runner is inside nobody throws code away; somebody may have done so just before.
        if block.isDead || engine.wantsCodeFlush || generation != engine.codeFlushes { return .lookup }
        let address = unsafe generator.memory.address(code.entry)
        unsafe rememberJump(block, address)
        guard case .reason(let reason) = unsafe generator.run(address, cpu.header) else { return .lookup }
        return reason
    }

    private func logExecution(_ block: UserBlock) {
        Log.write(.exec, "Trace \(cpu.index): [\(hex(block.pc, digits: 16))/\(hex(block.flags))]")
        Log.write(.cpu, cpu.describeRegisters())
    }

    /// Notes a fault of the instruction at hand.
    func raise(_ fault: GuestFault) {
        self.fault = fault
        cpu.header.exception = 1
    }
}

extension UserRunner: ExecutionServices {
    public func flushTLB(_ what: TLBFlush) {}
    public func flushOtherTLBs(_ what: TLBFlush) {}
    public func awaitOtherTLBs() {}
    public func switchContext(to context: UInt64) {}
    public func translationFlagsChanged() { publishJumpCache() }
    public func roundingModeChanged() { cpu.header.setHostRounding() }
    public var retiredInstructions: UInt64? { nil }
    public func synchronizeCode() { engine.synchronizeSharedCode() }

    public func performQuickCall(_ number: UInt64, _ first: UInt64, _ second: UInt64) -> Int64? {
        guard number == quickNumbers.0 || number == quickNumbers.1, let result = quickCall?(number, first, second) else { return nil }
        // What it could not write is its own business.
        fault = nil
        return result
    }
}
