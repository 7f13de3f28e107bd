import CHost
import CodeCache
import HostCode
import HostX86
import IR
import Interpreter
import Optimizer
import RandomIR
import Synchronization
import Testing

/// Runs blocks as host code on a `TestGuest`.
final class HostMachine {
    let generator: X86CodeGenerator
    private let tlb = UnsafeMutablePointer<TLBEntry>.allocate(capacity: 1)
    let jumpCache: JumpCache

    private let memoryMode: MemoryMode

    /// - Parameter memoryMode: with `.segment` the guest's memory is accessed directly and the TLB means nothing.
    init(countsInstructions: Bool = false, memoryMode: MemoryMode = .translated) throws {
        self.memoryMode = memoryMode
        if memoryMode == .segment { apus_catch_faults() }
        generator = X86CodeGenerator(
            memory: try CodeMemory(size: 4 << 20), layout: TestGuest.layout, helpers: TestGuest.helpers, runtime: TestGuest.runtime,
            codeAlignmentBits: 0, countsInstructions: countsInstructions, memoryMode: memoryMode)
        generator.checksAllocation = true
        jumpCache = JumpCache(memoryMode, alignmentBits: 0)
    }

    deinit {
        tlb.deallocate()
        jumpCache.deallocate()
    }

    /// The tag of a page that no random program has in mind.
    private static let noTag: UInt64 = 0x5a5a_5a5a_5a5a_4000

    /// What the TLB knows of the guest's first page; of the second one it knows nothing.
    enum TLBState: CaseIterable { case nothing, readable, writable }

    /// Runs a block.
    func run(_ block: borrowing IRBlock, _ guest: TestGuest, tlb page: TLBState, asLoop: Bool = false) -> ExitReason? {
        guard generator.supports(block) else { return nil }
        guard let compiled = asLoop ? generator.compileLoops(block, asRegion: true) : generator.compile(block) else {
            generator.discardCode()
            return run(block, guest, tlb: page, asLoop: asLoop)
        }
        let state = guest.header.state
        tlb[0] = TLBEntry(
            readTag: page == .nothing ? HostMachine.noTag : 0, writeTag: page == .writable ? 0 : HostMachine.noTag,
            host: UInt64(UInt(bitPattern: guest.memory)), physical: 0)
        for index in 0..<CPUHeader.mmuIndices {
            state.storeBytes(of: UInt64(0), toByteOffset: CPUHeader.Offset.tlb - 16 * index, as: UInt64.self)
            state.storeBytes(of: UInt64(UInt(bitPattern: tlb)), toByteOffset: CPUHeader.Offset.tlb - 16 * index + 8, as: UInt64.self)
        }
        setUp(guest)
        let exit = memoryMode == .segment ? runCatching(compiled, guest) : generator.run(generator.memory.address(compiled.entry), guest.header)
        collectFlags(guest)
        if case .reason(let reason) = exit { return reason }
        return .lookup
    }

    /// Compiles a block without memory accesses; what is returned runs it.
    func prepare(_ block: borrowing IRBlock) -> ((TestGuest) -> Void)? {
        guard generator.supports(block), let compiled = generator.compile(block) else { return nil }
        return { [self] guest in
            setUp(guest)
            _ = generator.run(generator.memory.address(compiled.entry), guest.header)
            collectFlags(guest)
        }
    }

    private func runCatching(_ compiled: CompiledBlock, _ guest: TestGuest) -> CodeExit {
        HostMachine.turn.withLock { _ in
            HostMachine.running = (generator, guest.header)
            apus_set_signal_slot(HostMachine.slot)
            defer {
                HostMachine.running = nil
                apus_set_signal_slot(nil)
            }
            return generator.run(generator.memory.address(compiled.entry), guest.header)
        }
    }

    nonisolated(unsafe) private static let slot = {
        let slot = UnsafeMutablePointer<apus_signal_slot>.allocate(capacity: 1)
        slot.initialize(to: apus_signal_slot())
        slot.pointee.handle_fault = { HostMachine.handleFault($0, $1, $2) }
        return slot
    }()
    /// Who accesses memory directly does so alone.
    private static let turn = Mutex(())
    /// What a fault of the host's belongs to.
    nonisolated(unsafe) private static var running: (generator: X86CodeGenerator, header: CPUHeader)?

    /// Whether accesses behind the guest's memory fault (mprotect).
    static func protect(_ guest: TestGuest, _ isProtected: Bool) {
        let start = Int(bitPattern: guest.memory + TestGuest.memorySize)
        let arguments = [start, TestGuest.guardSize, isProtected ? 0 : 3, 0, 0, 0]
        precondition(apus_raw_syscall(10, arguments) == 0, "the kernel protects memory")
    }

    /// A fault of an access in generated code is the guest's exception.
    private static func handleFault(_: Int32, _: UnsafeMutablePointer<siginfo_t>?, _ context: UnsafeMutableRawPointer?) -> Bool {
        guard let context, let running = HostMachine.running, running.generator.memory.contains(apus_context_pc(context)),
            let pc = running.generator.faultingInstruction(at: apus_context_pc(context))
        else { return false }
        running.header.pc = pc
        running.header.exception = 1
        running.generator.leaveWithException(context)
        return true
    }

    /// The caches and the float unit's control word.
    func setUp(_ guest: TestGuest) {
        if memoryMode == .segment { apus_set_gs_base(UInt64(UInt(bitPattern: guest.memory))) }
        let state = guest.header.state
        state.storeBytes(of: UInt64(UInt(bitPattern: jumpCache.entries)), toByteOffset: CPUHeader.Offset.jumpCache, as: UInt64.self)
        let rounding: [UInt32] = [0, 3, 1, 2]
        let mode = guest.header.roundingMode
        let control = 0x1f80 | (mode < 4 ? rounding[Int(mode)] : 0) << 13
        state.storeBytes(of: control, toByteOffset: CPUHeader.Offset.guestMXCSR, as: UInt32.self)
    }

    private func collectFlags(_ guest: TestGuest) {
        let status = guest.header.state.load(fromByteOffset: CPUHeader.Offset.guestMXCSR, as: UInt32.self)
        let pairs: [(UInt32, FloatStatus)] = [(1, .invalid), (4, .divideByZero), (8, .overflow), (16, .underflow), (32, .inexact)]
        for (bit, flag) in pairs where status & bit != 0 { guest.header.floatFlags |= flag.rawValue }
    }
}

@Suite struct GeneratedCodeTests {
    private func compare(_ options: RandomIR.Options, seeds: Range<UInt64>, optimized: Bool) throws {
        let machine = try HostMachine()
        var optimizer = Optimizer(layout: TestGuest.layout, helpers: TestGuest.helpers)
        var interpreter = Interpreter(helpers: TestGuest.helpers, runtime: TestGuest.runtime)
        var block = IRBlock()
        let expected = TestGuest(seed: 0)
        let actual = TestGuest(seed: 0)
        var ran = 0
        for seed in seeds {
            var generator = RandomIR(seed: seed, options)
            generator.make(&block)
            if optimized { optimizer.run(&block) }
            for page in HostMachine.TLBState.allCases {
                for guest in [expected, actual] {
                    guest.fill(seed: seed)
                    guest.header.roundingMode = UInt32(seed % 4)
                }
                guard let reason = machine.run(block, actual, tlb: page) else { continue }
                ran += 1
                let wanted = interpreter.run(block, expected.header)
                // A label that several instructions branch to belongs to none of them: which one faulted behind it is not defined.
                if reason == .exception, options.hasBranches { expected.header.pc = actual.header.pc }
                let difference = wanted == reason ? expected.difference(from: actual) : "\(wanted) and \(reason)"
                if let difference {
                    let text = Printer(layout: TestGuest.layout, helpers: TestGuest.helpers).text(block)
                    Issue.record("seed \(seed), TLB: \(page): \(difference)\n\(text)")
                    return
                }
            }
        }
        #expect(ran > seeds.count / 8, "many programs have host code")
    }

    private static let seeds: Range<UInt64> = 0..<3000

    private var integers: RandomIR.Options {
        var options = RandomIR.Options()
        options.integers = [.i32, .i64]
        options.hasPairs = true
        return options
    }

    @Test(arguments: [false, true]) func integerPrograms(_ optimized: Bool) throws {
        try compare(integers, seeds: GeneratedCodeTests.seeds, optimized: optimized)
    }

    @Test(arguments: [MemoryOperation.Alignment.any, .fault]) func pairsAndReversedBitsHaveHostCode(_ alignment: MemoryOperation.Alignment) throws {
        let machine = try HostMachine()
        var block = IRBlock()
        block.reset(pc: 0x1000)
        let address = block.const(.i64, 16)
        let low = block.zext(.i128, block.unary(.bitReverseBytes, .i64, address))
        let high = block.binary(.shl, .i128, block.zext(.i128, address), block.const(.i128, 64))
        let pair = block.binary(.or, .i128, low, high)
        let operation = MemoryOperation(16, alignment: alignment)
        let old = block.compareExchange(.i128, address, expected: pair, new: block.const(.i128, 1), operation)
        block.write(.i64, TestGuest.offset("x0"), block.trunc(.i64, block.binary(.shrU, .i128, old, block.const(.i128, 64))))
        block.goto(0x2000)
        for page in HostMachine.TLBState.allCases {
            let guest = TestGuest(seed: 1)
            guest.memory.update(repeating: 0, count: 32)
            // What the exchange expects: 16 with the bits of its bytes reversed, and 16.
            guest.memory[16] = 8
            guest.memory[24] = 16
            let reason = machine.run(block, guest, tlb: page)
            #expect(reason == .lookup, "nil if there is no host code")
            #expect(guest.read("x0") == 16 && guest.memory[16] == 1 && guest.memory[24] == 0)
        }
    }

    @Test func hasAllExtensions() { #expect(X86CodeGenerator.missingExtensions == []) }

    @Test func faultsArePrecise() throws {
        var options = integers
        options.hasBranches = false
        try compare(options, seeds: GeneratedCodeTests.seeds, optimized: true)
    }

    @Test(arguments: [false, true]) func floatPrograms(_ optimized: Bool) throws {
        var options = integers
        options.floats = [.f16, .f32, .f64]
        options.roundings = FloatAttributes.Rounding.allCases
        options.nanRules = FloatAttributes.NaNRule.allCases
        try compare(options, seeds: GeneratedCodeTests.seeds, optimized: optimized)
    }

    @Test(arguments: [false, true]) func vectorPrograms(_ optimized: Bool) throws {
        var options = integers
        options.floats = [.f32, .f64]
        options.roundings = [.dynamic, .dynamic, .nearestEven, .towardZero]
        options.nanRules = FloatAttributes.NaNRule.allCases
        options.hasVectors = true
        try compare(options, seeds: GeneratedCodeTests.seeds, optimized: optimized)
    }

    /// Each operation alone, so that none hides behind the others.
    @Test(arguments: Opcode.allCases.filter(\.isVector)) func vectorOperation(_ opcode: Opcode) throws {
        var options = integers
        options.hasVectors = true
        options.hasAtomics = false
        options.hasBranches = false
        options.without.formUnion(Opcode.allCases.filter { $0.isVector && $0 != opcode })
        options.roundings = [.dynamic, .dynamic, .nearestEven, .towardZero]
        options.nanRules = FloatAttributes.NaNRule.allCases
        try compare(options, seeds: 0..<200, optimized: false)
    }
}
