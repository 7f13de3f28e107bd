import CHost
import CPUModel
import CodeCache
import Diagnostics
import HostCode
import HostOS
import HostX86
import IR
import Optimizer

/// How a program is run.
public struct UserEngineOptions: Sendable {
    /// Bytes of host code before everything is translated anew.
    public var codeMemorySize = 128 << 20
    /// Blocks of one instruction each.
    public var singleStep = false
    /// IR is interpreted; no host code is made.
    public var interprets = false
    /// Blocks are listed in a file for `perf`.
    public var perfMap = false
    /// How often a loop is repeated before it is worth more effort; nil: it never is.
    public var loopThreshold: UInt32? = LoopCounters.usualThreshold

    public init() {}
}

/// Runs the threads of one guest process: the shared store of blocks, and what has to be agreed among the threads.
public final class UserEngine {
    public let memory: GuestMemory
    public let guest: GuestDescription
    let options: UserEngineOptions
    let generator: (any HostCodeGenerator)?
    let exclusivity = Exclusivity()
    /// Guarded by the lock of the guest's memory.
    var table = BlockSlots<UserBlock>()
    var pages = CodePages()
    private var scratch = IRBlock()
    private var optimizer: Optimizer
    let reader = CodeReader()
    /// Blocks that end a loop which has been seen to, by their keys' mixed numbers.
    private(set) var uncounted: Set<UInt64> = []
    /// Blocks that end a long loop which has been hot once.
    private var longLoops: Set<UInt64> = []
    private let perfMap: PerfMap?
    /// All that run on this engine. Guarded by the memory's lock.
    private(set) var runners: [UserRunner] = []
    /// Set when the code memory is full; the runner that sees it empties it.
    var wantsCodeFlush = false
    private(set) var codeFlushes = 0
    /// What a debugger has put in. Changes while no thread runs guest code.
    var debugPoints = DebugPoints()
    /// Set while a debugger wants all runners to leave guest code.
    var isHolding = false

    public init(guest: GuestDescription, memory: GuestMemory, options: UserEngineOptions) throws(CodeMemoryError) {
        self.guest = guest
        self.memory = memory
        self.options = options
        optimizer = Optimizer(layout: guest.layout, helpers: guest.helpers)
        perfMap = options.perfMap ? PerfMap() : nil
        if options.interprets {
            generator = nil
        } else {
            generator = X86CodeGenerator(
                memory: try CodeMemory(size: options.codeMemorySize, isPrivate: true), layout: guest.layout, helpers: guest.helpers,
                runtime: UserRunner.runtime, codeAlignmentBits: guest.codeAlignmentBits, countsInstructions: false,
                memoryMode: memory.base == 0 ? .direct : .segment)
        }
        memory.onChange = { [unowned(unsafe) self] in invalidate($0, $1) }
        memory.beforeWrite = { [unowned(unsafe) self] in unprotect($0, $1) }
        memory.isProtectedCode = { [unowned(unsafe) self] in pages[$0]?.isProtected == true }
        apus_catch_faults()
    }

    // MARK: Runners

    func add(_ runner: UserRunner) { memory.lock.withLock { runners.append(runner) } }

    func remove(_ runner: UserRunner) {
        memory.lock.withLock { runners.removeAll { $0 === runner } }
        exclusivity.remove(runner.gate)
    }

    /// Forks the process while no other thread is in the middle of a change, and forgets the other threads in the child.
    public func fork(keeping runner: UserRunner, _ fork: () -> Int32) -> Int32 {
        memory.lock.lock()
        exclusivity.lockForFork()
        let result = fork()
        if result == 0 {
            runners = [runner]
            exclusivity.keepOnly(runner.gate)
            memory.savedCode?.forgetNew()
        }
        exclusivity.unlockAfterFork()
        memory.lock.unlock()
        return result
    }

    // MARK: Translation

    enum Lookup {
        case block(UserBlock)
        case fault(GuestFault)
        /// The code memory was found full.
        case full
        /// A debugger wants a stop before the instruction at `pc`.
        case breakpoint
    }

    func block(_ cpu: VirtualCPU) -> Lookup {
        let (pc, flags) = (cpu.header.pc, cpu.translationFlags)
        return memory.lock.withLock {
            if debugPoints.stops(at: guest.codeAddress(pc)) { return .breakpoint }
            if let block = table.find(UserBlock.Key(pc: pc, flags: flags)), isCurrent(block) { return .block(block) }
            if let block = restoredBlock(pc, flags) { return .block(block) }
            if let fault = translate(cpu, pc, flags, limit: options.singleStep ? 1 : 64) { return .fault(fault) }
            return makeBlock(flags)
        }
    }

    /// One instruction for the interpreter, breakpoint or not.
    func instruction(_ cpu: VirtualCPU) -> Lookup {
        let (pc, flags) = (cpu.header.pc, cpu.translationFlags)
        return memory.lock.withLock {
            if let fault = translate(cpu, pc, flags, limit: 1) { return .fault(fault) }
            return .block(UserBlock(pc: pc, flags: flags, code: nil, ir: HeldBlock(copyOf: scratch), comparedBytes: nil))
        }
    }

    /// Whether a block on an unwatched page still stands for the bytes that are there.
    private func isCurrent(_ block: UserBlock) -> Bool {
        guard let bytes = block.comparedBytes else { return true }
        if memory.bytes(at: guest.codeAddress(block.pc), count: bytes.count) == bytes { return true }
        kill(block)
        return false
    }

    /// Leaves the operations of the instructions at `pc` in `scratch`; the fault if they cannot be fetched.
    private func translate(_ cpu: VirtualCPU, _ pc: UInt64, _ flags: UInt64, limit: Int) -> GuestFault? {
        if let fault = translate(cpu, pc, flags, limit: limit, into: &scratch) { return fault }
        cpu.logTranslation(scratch) { memory.bytes(at: $0, count: 4) ?? memory.bytes(at: $0, count: 2) ?? [] }
        optimizer.run(&scratch)
        cpu.logOptimized(scratch)
        return nil
    }

    private func translate(_ cpu: VirtualCPU, _ pc: UInt64, _ flags: UInt64, limit: Int, into block: inout IRBlock) -> GuestFault? {
        let address = guest.codeAddress(pc)
        if let fault = fetchFault(address) { return fault }
        watch(address >> 12)
        guard var window = reader.window(memory, address, most: debugPoints.room(behind: address), watch: { [unowned(unsafe) self] in watch($0) })
        else { return GuestFault(signal: 7, code: 2, address: address) }
        block.reset(pc: pc)
        cpu.translate(into: &block, flags: flags, window: &window, limit: limit)
        // An instruction that begins here and ends where nothing can be fetched.
        if block.count == 0 { return fetchFault((pc | 0xfff) + 1) ?? GuestFault(signal: 11, code: 1, address: address) }
        return nil
    }

    /// The fault of an instruction fetch (SIGSEGV with SEGV_MAPERR or SEGV_ACCERR); nil if the address may be executed.
    private func fetchFault(_ address: UInt64) -> GuestFault? {
        guard let region = memory.region(at: address) else { return GuestFault(signal: 11, code: 1, address: address) }
        return region.protection.contains(.execute) ? nil : GuestFault(signal: 11, code: 2, address: address)
    }

    private func makeBlock(_ flags: UInt64) -> Lookup {
        let address = guest.codeAddress(scratch.pc)
        let numbers = UserEngine.pages(address..<address &+ UInt64(max(scratch.guestBytes, 1)))
        let isCompared = numbers.contains { pages[$0]?.isCompared == true }
        var code: CompiledBlock?
        if let generator, debugPoints.watchpoints.isEmpty, generator.supports(scratch) {
            generator.countsLoops = countsLoops && !uncounted.contains(UserBlock.Key(pc: scratch.pc, flags: flags).mixed)
            guard let compiled = generator.compile(scratch) else {
                wantsCodeFlush = true
                return .full
            }
            code = compiled
            logCode(compiled, scratch.pc)
            if !isCompared { keepBlock(compiled, scratch.pc, flags, byteCount: scratch.guestBytes) }
        }
        let block = UserBlock(
            pc: scratch.pc, flags: flags, code: code, ir: code == nil ? HeldBlock(copyOf: scratch) : nil,
            comparedBytes: isCompared ? reader.copied(scratch.guestBytes) : nil)
        add(block, numbers)
        return .block(block)
    }

    func add(_ block: UserBlock, _ numbers: some Sequence<UInt64>) {
        table.insert(block)
        for number in numbers { pages.add(block, to: number) }
    }

    /// The numbers of the pages that a range, which is at most a page long, lies on.
    static func pages(_ range: Range<UInt64>) -> ClosedRange<UInt64> { range.lowerBound >> 12...(range.upperBound - 1) >> 12 }

    func logCode(_ code: CompiledBlock, _ pc: UInt64, suffix: String = "") {
        guard let generator else { return }
        perfMap?.add(address: generator.memory.address(code.entry), size: code.size, name: "\(guest.name)_\(hex(pc))\(suffix)")
        Log.write(.outAsm, "OUT: [size=\(code.size)]\n" + generator.listing(code.entry, code.size))
    }

    // MARK: Loops

    private var countsLoops: Bool { options.loopThreshold != nil && !options.singleStep }

    /// How far from its head a loop's code may be.
    private static let nearness: UInt64 = 8192

    /// A loop of more bytes takes so long to make that it has to go round twice as often.
    private static let longLoop: UInt64 = 2048

    /// Sees to a hot loop: that which the block at the vCPU's `pc` ends is made one block, on trial at first, and that block counts no more; one that has been tried
    /// is made for good, or goes.
    func seeToLoop(_ runner: UserRunner) {
        let (cpu, counters) = (runner.cpu, runner.loopCounters)
        let (pc, flags) = (cpu.header.pc, cpu.translationFlags)
        memory.lock.withLock {
            counters.restart(pc)
            endTrial(of: runner)
            guard let block = table.find(UserBlock.Key(pc: pc, flags: flags)), !block.isLoop, let head = block.code?.loopHead else { return }
            if counters.triesLoops, pc &- head > UserEngine.longLoop, longLoops.insert(block.key.mixed).inserted { return }
            kill(block)
            uncounted.insert(block.key.mixed)
            let loop = makeLoop(cpu, UserBlock.Key(pc: head, flags: flags), onTrial: counters.triesLoops)
            guard counters.triesLoops, let loop else { return }
            runner.trial = loop
            counters.startTrial()
        }
    }

    /// The loop that a runner tries is made for good if it was worth it, or goes.
    private func endTrial(of runner: UserRunner) {
        let rounds = runner.loopCounters.roundsPerEntry
        runner.loopCounters.endTrial()
        guard let block = runner.trial else { return }
        runner.trial = nil
        if block.isDead { return }
        kill(block)
        if rounds >= LoopCounters.worthwhileRounds {
            _ = makeLoop(runner.cpu, block.key, onTrial: false, asRegion: rounds >= LoopCounters.regionRounds)
        }
    }

    private func makeLoop(_ cpu: VirtualCPU, _ key: UserBlock.Key, onTrial: Bool, asRegion: Bool = true) -> UserBlock? {
        let old = table.find(key)
        guard let generator, debugPoints.isEmpty, !Log.isEnabled(.noChain), old?.isLoop != true, let pages = translateLoop(cpu, key.pc, key.flags),
            generator.supports(scratch)
        else { return nil }
        generator.countsLoops = onTrial
        guard let code = generator.compileLoops(scratch, asRegion: asRegion && !onTrial) else {
            wantsCodeFlush = true
            return nil
        }
        logCode(code, key.pc, suffix: onTrial ? "_trial" : "_loop")
        if let old { kill(old) }
        let block = UserBlock(pc: key.pc, flags: key.flags, code: code, ir: nil, comparedBytes: nil, isLoop: true)
        add(block, pages)
        return block
    }

    /// Leaves the loop at `pc` in `scratch`; the numbers of its pages, nil if there is none.
    private func translateLoop(_ cpu: VirtualCPU, _ pc: UInt64, _ flags: UInt64) -> Set<UInt64>? {
        let isNear = { (target: UInt64) in target &- pc &+ UserEngine.nearness < 2 * UserEngine.nearness }
        let ranges = LoopBuilder.build(pc, into: &scratch, isNear: isNear) { start, limit, block in
            translate(cpu, start, flags, limit: limit, into: &block) == nil
        }
        guard let ranges else { return nil }
        let numbers = ranges.reduce(into: Set<UInt64>()) { $0.formUnion(UserEngine.pages($1)) }
        if numbers.contains(where: { pages[$0]?.isCompared == true }) { return nil }
        cpu.logTranslation(scratch) { memory.bytes(at: $0, count: 4) ?? memory.bytes(at: $0, count: 2) ?? [] }
        optimizer.run(&scratch)
        cpu.logOptimized(scratch)
        return numbers
    }

    /// Sees to it that a block is not run any more. Needs the lock.
    func kill(_ block: UserBlock) {
        if block.isDead { return }
        block.isDead = true
        guard let generator, let code = block.code else { return }
        generator.kill(entry: code.entry)
        for head in code.heads { generator.kill(entry: head) }
        for jump in block.chainedJumps { generator.unchain(site: jump) }
        block.chainedJumps = []
    }

    /// Lets the jump that left generated code go straight to `block` next time. `generation` is the count of code flushes when it left.
    func chain(site: Int, to block: UserBlock, generation: Int) {
        guard let generator, let code = block.code, block.comparedBytes == nil else { return }
        memory.lock.withLock {
            guard !block.isDead, generation == codeFlushes else { return }
            generator.chain(site: site, to: code.entry)
            block.chainedJumps.append(site)
        }
    }

    /// Throws all code away. Called by a runner outside generated code, with no lock held.
    func flushCode(by runner: UserRunner) {
        let others = memory.lock.withLock { runners.filter { $0 !== runner } }
        exclusivity.run(kick: { for other in others { other.cpu.kick() } }) {
            memory.lock.withLock {
                guard wantsCodeFlush else { return }
                wantsCodeFlush = false
                table = BlockSlots()
                uncounted = []
                longLoops = []
                pages.forgetBlocks()
                generator?.discardCode()
                for runner in runners { runner.forgetCode() }
                codeFlushes += 1
            }
        }
    }

    /// The guest has said that code has changed which it may have written through another mapping of the same pages.
    public func synchronizeSharedCode() {
        memory.lock.withLock {
            for region in memory.regions.list where region.isShared && region.protection.contains(.execute) { invalidate(region.start, region.end) }
        }
    }
}
