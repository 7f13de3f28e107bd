import AddressSpace
import CPUModel
import CodeCache
import Diagnostics
import EventLoop
import HostCode
import HostOS
import HostX86
import IR
import Interpreter
import Optimizer

/// How guest code is run: what `-accel` says.
public struct EngineOptions: Sendable {
    public enum Kind: Sendable {
        /// IR is interpreted. Slow; for hosts that forbid generated code, and as the yardstick of the translator.
        case interpreter
        /// IR becomes host code.
        case translator
    }

    public var kind = Kind.translator
    /// A host thread for each vCPU, or one for all of them in turn, as it always is where instructions are counted.
    public var multiThreaded = true
    /// Bytes of host code, or of IR to interpret, before everything is translated anew.
    public var codeMemorySize = 128 << 20
    /// `-icount shift=N`: a guest instruction takes 2^N nanoseconds of virtual time; nil leaves instructions uncounted.
    public var instructionShift: Int?
    /// Where instructions are counted: whether the host waits too while all vCPUs wait for a timer, or virtual time jumps there at once.
    public var sleepsWhileIdle = true
    /// Blocks of one instruction each.
    public var singleStep = false
    /// Has the code generator check its register allocation after every operation: for tests.
    public var checksAllocation = false
    /// Writes /tmp/perf-PID.map, so that profilers name guest code.
    public var perfMap = false
    /// How often a loop is repeated before it is made one block; nil: it never is. Not where instructions are counted.
    public var loopThreshold: UInt32? = LoopCounters.usualThreshold

    public init() {}

    /// Whether each vCPU has a thread.
    var hasThreads: Bool { multiThreaded && instructionShift == nil }

    /// QEMU's names of its vCPUs' threads.
    static func threadNames(_ cpus: [Int], _ options: EngineOptions) -> [String] {
        options.hasThreads ? cpus.map { "CPU \($0)/TCG" } : ["ALL CPUs/TCG"]
    }
}

public enum EngineError: ExplainedError {
    case codeMemory(CodeMemoryError)
    case thread(HostError)
    /// Names of instruction set extensions.
    case hostLacks([String])

    public var cause: String {
        switch self {
        case .codeMemory(let error): error.description
        case .thread(let error): error.cause
        case .hostLacks(let names): "the host's processor lacks \(names.joined(separator: ", ")), which generated code uses"
        }
    }
    public var remedy: String? {
        if case .hostLacks = self { return "run with -accel interpreter" }
        return nil
    }
}

/// Runs a machine's vCPUs by translation: the shared store of blocks, the threads, and what has to be agreed among them.
public final class TranslationEngine {
    public let options: EngineOptions
    public let loop: EventLoop
    let guest: GuestDescription
    private let memory: AddressSpace
    private(set) var runners: [CPURunner] = []
    /// One for each vCPU, or one for all.
    private let threads: [WorkerThread]
    /// Kept between runs: where instructions are counted, it holds the virtual time.
    private(set) lazy var roundRobin = RoundRobin(self)

    let generator: (any HostCodeGenerator)?
    /// Guards the block table, the code memory and the translator's buffers.
    let translationLock = Mutex()
    var table = BlockTable()
    /// Blocks that end a loop which has been seen to, by their keys' mixed numbers.
    var uncounted: Set<UInt64> = []
    var scratch = IRBlock()
    var optimizer: Optimizer
    private let perfMap: PerfMap?
    let exclusivity: Exclusivity

    /// Guarded by `translationLock`.
    var blockCosts = TranslationCosts(), loopCosts = TranslationCosts()
    /// Times that the code memory was emptied.
    private(set) var codeFlushes = 0

    /// What a debugger has put in. Changes while no vCPU runs.
    var debugPoints = DebugPoints()
    /// The same as flags, which cost nothing to look at.
    var hasBreakpoints = false, hasWatchpoints = false
    /// Whether a vCPU that does a debugger's step takes interrupts.
    public var stepsTakeInterrupts = false
    /// Called, on a vCPU's thread, when one has met something that a debugger waits for: `takeDebugStops` tells what, once all stand still.
    public var onDebugStop: () -> Void = {}
    let debugLock = Mutex()
    /// Guarded by `debugLock`.
    var debugStops: [DebugStop] = []

    public init(cpus: [VirtualCPU], loop: EventLoop, options: EngineOptions) throws(EngineError) {
        guard let first = cpus.first else { preconditionFailure("a machine has a vCPU") }
        self.options = options
        self.loop = loop
        guest = first.guest
        memory = first.memory
        exclusivity = Exclusivity()
        perfMap = options.perfMap ? PerfMap() : nil
        optimizer = Optimizer(layout: guest.layout, helpers: guest.helpers)
        optimizer.countsInstructions = options.instructionShift != nil
        switch options.kind {
        case .interpreter: generator = nil
        case .translator:
            let missing = X86CodeGenerator.missingExtensions
            guard missing.isEmpty else { throw .hostLacks(missing) }
            let memory: CodeMemory
            do { memory = try CodeMemory(size: options.codeMemorySize) } catch { throw .codeMemory(error) }
            let generator = X86CodeGenerator(
                memory: memory, layout: guest.layout, helpers: guest.helpers, runtime: CPURunner.runtime,
                codeAlignmentBits: guest.codeAlignmentBits, countsInstructions: options.instructionShift != nil)
            generator.checksAllocation = options.checksAllocation
            self.generator = generator
        }
        let names = EngineOptions.threadNames(cpus.map(\.index), options)
        do { threads = try names.map { (name) throws(HostError) in try WorkerThread(name: name) } } catch { throw .thread(error) }
        runners = cpus.map { CPURunner(cpu: $0, engine: self) }
        memory.onCodeWrite { [unowned(unsafe) self] ram, page in invalidate(ram, page: page) }
        memory.onTopologyChange { [unowned(unsafe) self] in flushAllTLBs() }
    }

    deinit { memory.forgetObservers() }

    // MARK: Threads

    /// Starts the vCPUs.
    public func start() {
        for runner in runners {
            runner.clearStop()
            // What came up while it stood still is looked at first.
            runner.cpu.kick()
        }
        if options.hasThreads {
            for (runner, thread) in zip(runners, threads) where runner.debugAction != .hold { thread.begin { runner.runUntilStopped() } }
        } else {
            threads[0].begin { [roundRobin] in roundRobin.run() }
        }
    }

    /// Stops the vCPUs and waits until they have stopped. The caller must not hold the machine lock.
    public func stop() {
        for runner in runners { runner.requestStop() }
        for thread in threads { thread.finish() }
        perfMap?.close()
    }

    func withMachineLock<Result>(_ body: () -> Result) -> Result { loop.lock.withLock(body) }

    // MARK: Translation

    /// The block at the runner's pc, translated now if need be; nil if fetching the code faulted: the exception is noted.
    func block(for runner: CPURunner) -> TranslatedBlock? {
        let cpu = runner.cpu
        let pc = cpu.header.pc
        let flags = cpu.translationFlags
        guard let physicalPage = runner.physicalPage(pc, .execute, cpu.fetchMMUIndex) else { return nil }
        let physical = physicalPage | pc & 0xfff
        translationLock.lock()
        if runner.instructionLimit == CPURunner.usualLimit, let block = table.find(physical: physical, pc: pc, flags: flags),
            secondPageHolds(block, runner)
        {
            translationLock.unlock()
            return block
        }
        translationLock.unlock()
        if cpu.header.exception != 0 { return nil }
        return translate(runner, physical, flags)
    }

    /// Whether a block's second page is where it was when the block was made.
    private func secondPageHolds(_ block: TranslatedBlock, _ runner: CPURunner) -> Bool {
        guard let second = block.secondPage else { return true }
        let address = (block.pc & ~0xfff) &+ 4096
        return runner.physicalPage(address, .execute, runner.cpu.fetchMMUIndex) == second
    }

    /// - Parameter isStep: one instruction for the interpreter, whatever a debugger has put there.
    func translate(_ runner: CPURunner, _ physical: UInt64, _ flags: UInt64, isStep: Bool = false) -> TranslatedBlock? {
        let cpu = runner.cpu
        let pc = cpu.header.pc
        let section = cpu.memory.section(at: physical)
        guard section.kind != .io, section.kind != .unassigned, section.last >= physical | 0xfff,
            let base = unsafe section.host(physical & ~0xfff), let ram = section.ram
        else {
            cpu.raise(.access, address: pc, .execute)
            return nil
        }
        var second: (ram: RAMBlock, page: Int, physical: UInt64)?
        translationLock.lock()
        defer { translationLock.unlock() }
        let start = monotonicNanoseconds()
        defer { blockCosts.add(since: start, until: monotonicNanoseconds()) }
        // From here on a write to the page is noticed, so that the code read below cannot become stale unseen.
        watch(ram, section.page(physical))
        // No instruction begins behind a breakpoint. All begin at even addresses: one that reaches into the next page is not cut by an odd one.
        let size = hasBreakpoints ? (min(4096 - pc & 0xfff, debugPoints.room(behind: pc)) + pc & 0xfff + 1) & ~1 : 4096
        var window = unsafe CodeWindow(base: UnsafePointer(base.assumingMemoryBound(to: UInt8.self)), pageStart: pc & ~0xfff, pageSize: size) {
            if size < 4096 { return unsafe UnsafePointer(base.assumingMemoryBound(to: UInt8.self) + Int(size)) }
            guard let next = self.nextPage(runner, (pc & ~0xfff) &+ 4096) else { return nil }
            second = (next.ram, next.page, next.physical)
            self.watch(next.ram, next.page)
            return unsafe UnsafePointer(next.ram.base.assumingMemoryBound(to: UInt8.self) + next.page << 12)
        }
        let limit = isStep || options.singleStep ? 1 : runner.instructionLimit
        scratch.reset(pc: pc)
        cpu.translate(into: &scratch, flags: flags, window: &window, limit: limit)
        if scratch.count == 0 {
            if cpu.header.exception == 0 { cpu.raise(.access, address: pc, .execute) }
            return nil
        }
        // A fault while reading ahead into the next page is not this block's.
        cpu.header.exception = 0
        unsafe optimize(for: cpu, page: base)
        let isTemporary = isStep || (limit < CPURunner.usualLimit && !options.singleStep)
        var pages = [BlockTable.PageKey(block: ObjectIdentifier(ram), page: section.page(physical))]
        if let second, window.touchedNextPage { pages.append(.init(block: ObjectIdentifier(second.ram), page: second.page)) }
        let secondPage = window.touchedNextPage ? second?.physical : nil
        if isStep { return interpretedBlock(physical, flags, secondPage) }
        guard let block = makeBlock(physical, flags, secondPage, isTemporary) else { return nil }
        if !isTemporary { table.insert(block, pages: pages) }
        blockCosts.add(instructions: block.instructions, hostBytes: block.code?.size ?? 0)
        return block
    }

    /// Improves the scratch IR, made from a page of code that is mapped at `base`.
    func optimize(for cpu: VirtualCPU, page base: UnsafeRawPointer) {
        cpu.logTranslation(scratch) { address in
            let offset = Int(address & 0xfff)
            return unsafe Array(UnsafeRawBufferPointer(start: base + offset, count: min(4, 4096 - offset)))
        }
        optimizer.run(&scratch)
        cpu.logOptimized(scratch)
    }

    /// The page that an instruction at the end of a block reaches into.
    private func nextPage(_ runner: CPURunner, _ address: UInt64) -> (ram: RAMBlock, page: Int, physical: UInt64)? {
        guard let physical = runner.physicalPage(address, .execute, runner.cpu.fetchMMUIndex) else { return nil }
        let section = runner.cpu.memory.section(at: physical)
        guard section.kind != .io, section.last >= physical | 0xfff, let ram = section.ram else {
            runner.cpu.raise(.access, address: address, .execute)
            return nil
        }
        return (ram, section.page(physical), physical)
    }

    /// Turns the scratch IR into something that runs; nil after the code memory was found full and has been emptied: look up again.
    private func makeBlock(_ physical: UInt64, _ flags: UInt64, _ secondPage: UInt64?, _ isTemporary: Bool) -> TranslatedBlock? {
        var code: CompiledBlock?
        var holder: HeldBlock?
        if let generator, generator.supports(scratch) {
            let key = TranslatedBlock.Key(physical: physical, pc: scratch.pc, flags: flags)
            generator.countsLoops = countsLoops && !isTemporary && !uncounted.contains(key.mixed)
            guard let compiled = generator.compile(scratch) else {
                wantsCodeFlush = true
                return nil
            }
            code = compiled
            logCode(compiled)
        } else {
            let bytes = scratch.count * MemoryLayout<IROp>.stride
            guard interpretedBytes + bytes <= options.codeMemorySize else {
                wantsCodeFlush = true
                return nil
            }
            interpretedBytes += bytes
            holder = HeldBlock(copyOf: scratch)
        }
        return TranslatedBlock(
            pc: scratch.pc, flags: flags, physical: physical, secondPage: secondPage, instructions: scratch.instructions,
            guestBytes: scratch.guestBytes, code: code, ir: holder, isTemporary: isTemporary)
    }

    /// The scratch IR for one run of the interpreter.
    private func interpretedBlock(_ physical: UInt64, _ flags: UInt64, _ secondPage: UInt64?) -> TranslatedBlock {
        TranslatedBlock(
            pc: scratch.pc, flags: flags, physical: physical, secondPage: secondPage, instructions: scratch.instructions,
            guestBytes: scratch.guestBytes, code: nil, ir: HeldBlock(copyOf: scratch), isTemporary: true)
    }

    func logCode(_ code: CompiledBlock, suffix: String = "") {
        guard let generator else { return }
        Log.write(.outAsm, "OUT: [size=\(code.size)]\n" + generator.listing(code.entry, code.size))
        perfMap?.add(address: generator.memory.address(code.entry), size: code.size, name: "\(guest.name)_\(hex(scratch.pc))\(suffix)")
    }

    /// IR that is kept for the interpreter since code was thrown away last. It has the same limit as code memory.
    private var interpretedBytes = 0

    /// Set when the code memory is full; the runner that sees it empties it.
    var wantsCodeFlush = false

    /// Throws all code away. Called by a runner outside generated code, with no lock held.
    func flushCode(by runner: CPURunner) {
        exclusivity.run(kick: { for other in runners where other !== runner { other.cpu.kick() } }) {
            translationLock.lock()
            defer { translationLock.unlock() }
            guard wantsCodeFlush else { return }
            wantsCodeFlush = false
            table.removeAll()
            uncounted = []
            interpretedBytes = 0
            refills = RefillSamples()
            generator?.wanderingAccesses = []
            generator?.discardCode()
            for other in runners { other.forgetCode() }
            codeFlushes += 1
        }
    }

    // MARK: Code pages

    /// Makes writes to a page noticeable.
    private func watch(_ ram: RAMBlock, _ page: Int) {
        let before = ram.set(RAMBlock.PageFlag.code, page: page)
        guard before & RAMBlock.PageFlag.code == 0, before & RAMBlock.PageFlag.writtenDirectly != 0 else { return }
        let host = unsafe UInt64(UInt(bitPattern: ram.base + page << 12))
        ram.clear(RAMBlock.PageFlag.writtenDirectly, page: page)
        for runner in runners { runner.revokeWrites(hostPage: host) }
    }

    /// Forgets the blocks on a page that is being written.
    func invalidate(_ ram: RAMBlock, page: Int) {
        translationLock.lock()
        defer { translationLock.unlock() }
        ram.clear(RAMBlock.PageFlag.code, page: page)
        for block in table.take(page: .init(block: ObjectIdentifier(ram), page: page)) where !block.isDead {
            kill(block)
        }
    }

    /// Lets nothing lead to a block any more.
    func kill(_ block: TranslatedBlock) {
        block.isDead = true
        guard let generator, let code = block.code else { return }
        generator.kill(entry: code.entry)
        for head in code.heads { generator.kill(entry: head) }
        for jump in block.chainedJumps { generator.unchain(site: jump) }
        block.chainedJumps = []
    }

    // MARK: Recent pages

    private var refills = RefillSamples()

    /// Takes note of an access that had to look for its page, one of many; when it turns out to do so all the time, its block is made anew without.
    func sampleRefill(_ site: UInt64) {
        translationLock.lock()
        defer { translationLock.unlock() }
        guard let generator, generator.memory.contains(UInt(site)) else { return }
        let instruction = generator.instruction(ofRefill: site)
        guard refills.wanders(instruction, at: monotonicNanoseconds()) else { return }
        generator.wanderingAccesses.insert(instruction)
        if let block = table.block(at: generator.memory.offset(of: UInt(site))), !block.isDead { kill(block) }
    }

    /// Lets the jump that left generated code go straight to `block` next time. `generation` is the count of code flushes when it left.
    func chain(site: Int, to block: TranslatedBlock, generation: Int) {
        guard let generator, let code = block.code, block.secondPage == nil, !block.isTemporary else { return }
        translationLock.lock()
        defer { translationLock.unlock() }
        guard !block.isDead, generation == codeFlushes else { return }
        generator.chain(site: site, to: code.entry)
        block.chainedJumps.append(site)
    }

    /// Waits until no runner uses translations that it has been asked to forget. Whoever is outside generated code sees to that before it goes in.
    func awaitFlushes(by runner: CPURunner) {
        guard runners.contains(where: { $0 !== runner && $0.hasRequestedFlushes }) else { return }
        exclusivity.run(kick: { for other in runners where other !== runner { other.cpu.kick() } }) {}
    }

    func flushAllTLBs() { for runner in runners { runner.requestFlush(.all) } }
}
