import CHost
import CPUModel
import Diagnostics
import HostCode
import HostOS
import IR
import Interpreter

/// Runs one vCPU: its TLB contexts, its loop of finding and running blocks, its waiting and waking.
final class CPURunner {
    /// Guest instructions in a block at most.
    static let usualLimit = 64
    private static let contexts = 8

    let cpu: VirtualCPU
    /// Not counted: the engine owns its runners.
    unowned(unsafe) let engine: TranslationEngine
    /// The current one of `contexts`.
    private(set) var context: UnsafeMutablePointer<TLBContext>
    private let contexts: UnsafeMutableBufferPointer<TLBContext>
    /// That of the current context and flags.
    private var jumpCache: JumpCache
    let gate: Exclusivity.Gate
    private var switches: UInt64 = 0
    private var interpreter: Interpreter
    let loopCounters: LoopCounters
    /// The loop that this vCPU tries. Guarded by the translation lock.
    var trial: TranslatedBlock?

    private let sleepLock = Mutex()
    private let sleeper = ConditionVariable()
    private var kicked = false
    private var stopRequested = false
    var isStopRequested: Bool { stopRequested }
    /// What other threads want forgotten.
    private var requestedFlushes: [TLBFlush] = []
    /// Whether others have been asked to forget something, which this vCPU waits for.
    private var awaitsOthers = false
    /// More requests than this at a time are one for everything.
    private static let mostFlushes = 32
    /// Instructions to run before the loop looks up, where they are counted.
    private(set) var instructionLimit = CPURunner.usualLimit
    /// Instructions given by `grant` so far; what is left of them is in the header.
    private var granted: UInt64 = 0
    /// Set, by the round robin's timer, when another vCPU is to have its turn.
    var sliceEnded = false
    /// How a debugger wants it to go on.
    var debugAction = DebugAction.run
    /// A watched access that is about to be done, which `CPUHeader.exception` announces.
    var watchHit: DebugPoints.Hit?
    /// Set while a watched access is done after all.
    var ignoresWatchpoints = false
    /// Called after a kick; the round robin's thread sleeps for all of its vCPUs.
    var onWake: () -> Void = {}

    init(cpu: VirtualCPU, engine: TranslationEngine) {
        self.cpu = cpu
        self.engine = engine
        gate = engine.exclusivity.makeGate()
        unsafe context = .allocate(capacity: CPURunner.contexts)
        unsafe contexts = UnsafeMutableBufferPointer(start: context, count: CPURunner.contexts)
        for index in unsafe contexts.indices {
            unsafe contexts.initializeElement(
                at: index, to: TLBContext(mmuIndices: cpu.guest.mmuIndices, codeAlignmentBits: cpu.guest.codeAlignmentBits))
        }
        unsafe context.pointee.id = 0
        jumpCache = unsafe context.pointee.jumpCache(flags: cpu.translationFlags)
        interpreter = Interpreter(helpers: cpu.guest.helpers, runtime: CPURunner.runtime)
        loopCounters = LoopCounters(cpu.header, threshold: engine.options.loopThreshold)
        interpreter.countsInstructions = engine.options.instructionShift != nil
        unsafe cpu.state.storeBytes(
            of: Unmanaged.passUnretained(self).toOpaque(), toByteOffset: CPUHeader.Offset.engine, as: UnsafeMutableRawPointer.self)
        cpu.services = self
        cpu.onKick = { [unowned(unsafe) self] in wake() }
        cpu.header.budget = interpreter.countsInstructions ? 0 : .max
        publishTables()
        publishJumpCache()
        roundingModeChanged()
    }

    deinit {
        cpu.services = nil
        cpu.onKick = nil
        for context in unsafe contexts { context.deallocate() }
        unsafe contexts.deinitialize()
        unsafe contexts.deallocate()
    }

    /// The runner of a vCPU's state, lent without counting references.
    @inline(__always) static func with<Result>(_ state: UnsafeMutableRawPointer, _ body: (CPURunner) -> Result) -> Result {
        let reference = unsafe state.load(fromByteOffset: CPUHeader.Offset.engine, as: UnsafeMutableRawPointer.self)
        return unsafe Unmanaged<CPURunner>.fromOpaque(reference)._withUnsafeGuaranteedRef(body)
    }

    // MARK: What generated code reads

    /// Writes the places of the current context's TLBs into the header.
    func publishTables() {
        for index in 0..<cpu.guest.mmuIndices {
            let table = unsafe context.pointee.table(index)
            let offset = CPUHeader.Offset.tlb - 16 * index
            unsafe cpu.state.storeBytes(of: table.pointee.mask, toByteOffset: offset, as: UInt64.self)
            unsafe cpu.state.storeBytes(of: UInt64(UInt(bitPattern: table.pointee.fast)), toByteOffset: offset + 8, as: UInt64.self)
        }
    }

    private func publishJumpCache() {
        jumpCache = unsafe context.pointee.jumpCache(flags: cpu.translationFlags)
        unsafe cpu.state.storeBytes(
            of: UnsafeMutableRawPointer(jumpCache.entries), toByteOffset: CPUHeader.Offset.jumpCache, as: UnsafeMutableRawPointer.self)
    }

    /// Forgets where code is; the code memory has been emptied.
    func forgetCode() {
        for index in unsafe contexts.indices { unsafe contexts[index].flushJumpCaches() }
        cpu.header.exitSite = 0
        // A loop on trial is gone with the rest; killing it later would change code that has taken its place.
        trial = nil
        loopCounters.endTrial()
        unsafe cpu.state.storeBytes(of: 0, toByteOffset: CPUHeader.Offset.refillSite, as: UInt64.self)
    }

    func revokeWrites(hostPage: UInt64) {
        for context in unsafe contexts { for table in unsafe context.tables { table.revokeWrites(hostPage: hostPage) } }
        cpu.header.revokeRecentWrites(hostPage: hostPage)
    }

    // MARK: Stopping and waking

    func requestStop() {
        sleepLock.withLock { stopRequested = true }
        cpu.kick()
    }

    /// Lets the runner run again after `requestStop`.
    func clearStop() {
        // The registers may have been changed meanwhile: a jump that was to be chained need not lead where `pc` is now.
        cpu.header.exitSite = 0
        sleepLock.withLock { stopRequested = false }
    }

    func requestFlush(_ what: TLBFlush) {
        sleepLock.withLock {
            if requestedFlushes == [.all] { return }
            if what == .all || requestedFlushes.count >= CPURunner.mostFlushes { requestedFlushes = [.all] } else { requestedFlushes.append(what) }
        }
        cpu.kick()
    }

    /// Whether there are requests that it has not seen yet.
    var hasRequestedFlushes: Bool { sleepLock.withLock { !requestedFlushes.isEmpty } }

    private func wake() {
        sleepLock.lock()
        kicked = true
        sleeper.signal()
        sleepLock.unlock()
        onWake()
    }

    /// Waits until there is a reason to look again.
    private func sleep() {
        sleepLock.lock()
        while !kicked && !stopRequested { sleeper.wait(sleepLock) }
        kicked = false
        sleepLock.unlock()
    }

    private var exitRequest: UnsafeMutablePointer<UInt32> {
        unsafe (cpu.state + CPUHeader.Offset.exitRequest).assumingMemoryBound(to: UInt32.self)
    }

    // MARK: Counting

    /// Lets the vCPU run that many instructions more.
    func grant(_ instructions: Int64) {
        granted &+= UInt64(instructions)
        cpu.header.budget = max(0, cpu.header.budget) + instructions
    }

    /// Takes back what was granted and not run; says how many those are.
    func revokeGrant() -> Int64 {
        let left = max(0, cpu.header.budget)
        granted &-= UInt64(left)
        cpu.header.budget = 0
        return left
    }

    // MARK: The loop

    /// The vCPU thread's body.
    func runUntilStopped() {
        while !stopRequested {
            if cpu.isHalted, !cpu.wakeIfDue() {
                sleep()
                attend()
                continue
            }
            runBlocks()
        }
    }

    /// Sees to what other threads have asked for.
    func attend() {
        unsafe apus_atomic_store_u32(exitRequest, 0)
        sleepLock.lock()
        kicked = false
        let flushes = requestedFlushes
        requestedFlushes = []
        sleepLock.unlock()
        for flush in flushes { flushTLB(flush) }
        if awaitsOthers {
            awaitsOthers = false
            engine.awaitFlushes(by: self)
        }
        sampleRefill()
        if debugAction == .step, !engine.stepsTakeInterrupts { return }
        if !cpu.isHalted || cpu.wakeIfDue(), cpu.takeInterrupt() {
            // The jump that was to be chained does not lead to the handler.
            cpu.header.exitSite = 0
        }
    }

    /// Looks at the access that has filled its recent page last, if one has been noted.
    private func sampleRefill() {
        let site = unsafe cpu.state.load(fromByteOffset: CPUHeader.Offset.refillSite, as: UInt64.self)
        guard site != 0 else { return }
        unsafe cpu.state.storeBytes(of: 0, toByteOffset: CPUHeader.Offset.refillSite, as: UInt64.self)
        engine.sampleRefill(site)
    }

    /// Runs blocks until the vCPU halts, is stopped, or has used its slice.
    func runBlocks() {
        while !stopRequested {
            if unsafe apus_atomic_load_relaxed_u32(exitRequest) != 0 { attend() }
            if cpu.isHalted { return }
            if engine.wantsCodeFlush { engine.flushCode(by: self) }
            if debugAction != .run || engine.hasBreakpoints, stopsForDebugger() { return }
            // In this order: a site read after the count is of that count's code, or 0.
            let generation = engine.codeFlushes
            var site = cpu.header.exitSite
            cpu.header.exitSite = 0
            if LoopCounters.isHot(site) {
                engine.seeToLoop(self)
                site = 0
            }
            guard let block = engine.block(for: self) else {
                if cpu.header.exception != 0 { cpu.deliverException() }
                continue
            }
            if site != 0, !Log.isEnabled(.noChain) { engine.chain(site: Int(site), to: block, generation: generation) }
            if Log.isEnabled([.exec, .cpu]) { logExecution(block) }
            if run(block, generation) == .budget {
                if cpu.header.budget <= 0 { return }
                // The next block is longer than what may still run: run its beginning.
                instructionLimit = Int(min(cpu.header.budget, Int64(CPURunner.usualLimit)))
            } else {
                instructionLimit = CPURunner.usualLimit
            }
            if sliceEnded { return }
        }
    }

    /// Runs from a block on, found when code had been thrown away `generation` times, until something has to be seen to.
    private func run(_ block: TranslatedBlock, _ generation: Int) -> ExitReason {
        engine.exclusivity.enter(gate)
        // While this runner is inside nobody throws code away; somebody may have done so just before.
        let isStale = block.isDead || engine.wantsCodeFlush || generation != engine.codeFlushes
        let exit = isStale ? .lookup : execute(block)
        engine.exclusivity.leave(gate)
        if exit == .exception { if watchHit == nil { cpu.deliverException() } else { stopForWatchpoint() } }
        return exit
    }

    private func execute(_ block: TranslatedBlock) -> ExitReason {
        if let ir = block.ir { return interpreter.run(ir.block, cpu.header) }
        guard let generator = engine.generator, let code = block.code else { preconditionFailure("a block has code or IR") }
        let address = unsafe generator.memory.address(code.entry)
        rememberJump(block, address)
        guard case .reason(let reason) = unsafe generator.run(address, cpu.header) else { return .lookup }
        return reason
    }

    /// Runs a block of IR that is nowhere else.
    func interpret(_ block: HeldBlock) -> ExitReason {
        engine.exclusivity.enter(gate)
        defer { engine.exclusivity.leave(gate) }
        return interpreter.run(block.block, cpu.header)
    }

    /// Lets indirect jumps find the block.
    private func rememberJump(_ block: TranslatedBlock, _ address: UnsafeRawPointer) {
        if Log.isEnabled(.noChain) || block.isTemporary { return }
        unsafe context.pointee.noteCode(block.pc)
        if block.secondPage != nil { unsafe context.pointee.noteCode(block.pc &+ 4096) }
        unsafe jumpCache.remember(block.pc, address)
    }

    private func logExecution(_ block: TranslatedBlock) {
        let code = block.code.flatMap { code in engine.generator.map { unsafe UInt(bitPattern: $0.memory.address(code.entry)) } } ?? 0
        // QEMU's columns: host code, cs_base, pc, flags, cflags (here the count of instructions).
        let columns = [hex(0, digits: 16), hex(block.pc, digits: 16), hex(block.flags, digits: 8), hex(block.instructions, digits: 8)]
        Log.write(.exec, "Trace \(cpu.index): \(hex(code)) [\(columns.map { String($0.dropFirst(2)) }.joined(separator: "/"))] ")
        Log.write(.cpu, cpu.describeRegisters())
    }
}

extension CPURunner: ExecutionServices {
    func flushTLB(_ what: TLBFlush) {
        cpu.header.forgetRecentPages()
        var moved = false
        for index in unsafe contexts.indices {
            guard let id = unsafe contexts[index].id else { continue }
            switch what {
            case .all: if unsafe contexts[index].flush() { moved = true }
            case .page(let address): if unsafe contexts[index].flush(page: address) { moved = true }
            case .context(let wanted): if unsafe id == wanted && contexts[index].flush() { moved = true }
            }
        }
        if moved { publishTables() }
    }

    func flushOtherTLBs(_ what: TLBFlush) {
        for runner in engine.runners where runner !== self { runner.requestFlush(what) }
    }

    func awaitOtherTLBs() {
        awaitsOthers = true
        cpu.kick()
    }

    func switchContext(to id: UInt64) {
        cpu.header.forgetRecentPages()
        switches += 1
        guard let first = unsafe contexts.baseAddress else { return }
        var chosen = unsafe first
        for index in unsafe contexts.indices {
            if unsafe contexts[index].id == id {
                unsafe chosen = first + index
                break
            }
            if unsafe contexts[index].lastUse < chosen.pointee.lastUse { unsafe chosen = first + index }
        }
        if unsafe chosen.pointee.id != id {
            _ = unsafe chosen.pointee.flush()
            unsafe chosen.pointee.id = id
        }
        unsafe context = chosen
        unsafe context.pointee.lastUse = switches
        publishTables()
        publishJumpCache()
    }

    func translationFlagsChanged() { publishJumpCache() }

    func roundingModeChanged() { cpu.header.setHostRounding() }

    var retiredInstructions: UInt64? {
        engine.options.instructionShift == nil ? nil : granted &- UInt64(bitPattern: max(0, cpu.header.budget))
    }

    func synchronizeCode() {}
    func performQuickCall(_ number: UInt64, _ first: UInt64, _ second: UInt64) -> Int64? { nil }
}
