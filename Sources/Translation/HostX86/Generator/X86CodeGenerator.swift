import CHost
import CodeCache
import HostCode
import IR
import Interpreter

/// Tier 1 for x86-64: one pass over a block's IR, from values to host registers to machine code.
public final class X86CodeGenerator: HostCodeGenerator {
    public let memory: CodeMemory
    let layout: StateLayout
    let registers: HostRegisters
    let helpers: [Helper]
    let codeAlignmentBits: Int
    let countsInstructions: Bool
    let thunks: Thunks
    private let helperTable: UnsafeMutablePointer<HelperFunction>
    let memoryMode: MemoryMode
    private var emitter: BlockEmitter
    /// Where the code of blocks with loops is, in ascending order, and the way out that knows their pins.
    private var loops: [(start: Int, end: Int, exit: Int)] = []
    /// Regions, in ascending order.
    private var regions: [RegionCode] = []
    /// How many loops have become regions.
    public private(set) var regionCount = 0

    public init(
        memory: CodeMemory, layout: StateLayout, helpers: [Helper], runtime: RuntimeFunctions, codeAlignmentBits: Int, countsInstructions: Bool,
        memoryMode: MemoryMode = .translated
    ) {
        self.memory = memory
        self.layout = layout
        self.memoryMode = memoryMode
        self.helpers = helpers
        self.codeAlignmentBits = codeAlignmentBits
        self.countsInstructions = countsInstructions
        registers = HostRegisters(layout)
        unsafe helperTable = .allocate(capacity: max(helpers.count, 1))
        for (index, helper) in helpers.enumerated() { unsafe (helperTable + index).initialize(to: helper.function) }
        var functions = unsafe [runtime.load, runtime.store, runtime.atomic, runtime.compareExchange, floatFallback, floatFallback, vectorFallback]
            .map {
                unsafe unsafeBitCast($0, to: UnsafeRawPointer?.self)
            }
        unsafe functions[Thunks.Callee.helper.rawValue] = UnsafeRawPointer(helperTable)
        var assembler = unsafe Assembler(base: memory.writable, capacity: memory.size, offset: memory.used)
        unsafe thunks = Thunks(&assembler, registers, functions: functions)
        memory.commit(assembler.offset - memory.used)
        memory.makePermanent()
        emitter = BlockEmitter(
            registers: registers, thunks: thunks, codeAlignmentBits: codeAlignmentBits, countsInstructions: countsInstructions,
            memoryMode: memoryMode)
    }

    /// Whether the register allocator's rules are checked after every operation: for tests.
    public var checksAllocation: Bool {
        get { emitter.checksAllocation }
        set { emitter.checksAllocation = newValue }
    }

    public var countsLoops: Bool {
        get { emitter.countsLoops }
        set { emitter.countsLoops = newValue }
    }

    deinit { unsafe helperTable.deallocate() }

    /// The instruction set extensions that generated code uses and the host does not have, by their names in the manual.
    public static var missingExtensions: [String] {
        let names = ["AVX", "BMI1", "BMI2", "FMA", "F16C", "PCLMULQDQ", "LZCNT", "POPCNT"]
        let present = apus_x86_extensions()
        return names.indices.filter { present >> $0 & 1 == 0 }.map { names[$0] }
    }

    public var keepsPortable = false
    /// Of the block that was compiled last: where its code, out-of-line parts and all, begins, its entry, and what depends on its place.
    private(set) var lastStart = 0
    private(set) var lastEntry = -1
    private(set) var lastDisplacements: [Int] = []
    private(set) var lastOffsets: [Int] = []

    public func supports(_ block: borrowing IRBlock) -> Bool {
        for index in 0..<block.count where !BlockEmitter.supports(block[index], block) { return false }
        return true
    }

    public func compile(_ block: borrowing IRBlock) -> CompiledBlock? {
        emitter.keepUsualRegisters()
        return emit(block)
    }

    public func compileLoops(_ block: borrowing IRBlock, asRegion: Bool) -> CompiledBlock? {
        switch asRegion ? compileRegion(block) : .unknown {
        case .code(let code):
            regionCount += 1
            return code
        case .full: return nil
        case .unknown: break
        }
        let start = memory.used
        var assembler = unsafe Assembler(base: memory.writable, capacity: memory.size, offset: start)
        if memory.size - start < Thunks.mostBytes { return nil }
        let loop = LoopRegisters(block, layout, usual: registers)
        let ways = thunks.adapted(to: loop.registers, BlockEmitter.callees(of: block, memoryMode), &assembler)
        memory.commit(assembler.offset - start)
        emitter.use(loop, ways)
        guard let compiled = emit(block) else { return nil }
        loops.append((start: compiled.entry, end: compiled.entry + compiled.size, exit: ways.exit))
        return compiled
    }

    private func emit(_ block: borrowing IRBlock) -> CompiledBlock? {
        let start = memory.used
        var assembler = unsafe Assembler(base: memory.writable, capacity: memory.size, offset: start)
        if keepsPortable {
            assembler.placeDependence = PlaceDependence()
            emitter.faultSites.separate()
        }
        guard emitter.emit(block, &assembler) else {
            emitter.faultSites.remove(from: start)
            return nil
        }
        memory.commit(assembler.offset - start)
        if let dependence = assembler.placeDependence {
            (lastStart, lastEntry, lastDisplacements, lastOffsets) = (start, emitter.entry, dependence.displacements, dependence.offsets)
        }
        return CompiledBlock(entry: emitter.entry, size: assembler.offset - emitter.entry, heads: emitter.heads, loopHead: emitter.loopHead)
    }

    public func run(_ code: UnsafeRawPointer, _ header: CPUHeader) -> CodeExit {
        typealias Entry = @convention(c) (UnsafeRawPointer, UnsafeMutableRawPointer) -> UInt64
        let entry = unsafe unsafeBitCast(memory.address(thunks.entry), to: Entry.self)
        let code = unsafe entry(code, header.state) & 0xffff_ffff
        if code >= Thunks.ExitCode.unresolved { return .unresolved }
        return .reason(ExitReason(rawValue: UInt8(code)) ?? .lookup)
    }

    // MARK: Patching

    public func chain(site: Int, to entry: Int) { patch(placeOfJump(from: site), to: entry) }

    public func unchain(site: Int) { patch(placeOfJump(from: site), to: site) }

    /// A site is the offset of the jump's way out; the bytes before it say where the jump's displacement is.
    private func placeOfJump(from site: Int) -> Int {
        unsafe Int(UnsafeRawPointer(memory.writable + site).loadUnaligned(fromByteOffset: -4, as: Int32.self))
    }

    /// The displacement lies within eight aligned bytes, so one store replaces it for all threads.
    private func patch(_ place: Int, to target: Int) {
        let displacement = UInt64(UInt32(bitPattern: Int32(target - (place + 4))))
        let word = unsafe UnsafeMutableRawPointer(memory.writable + (place & ~7))
        let shift = UInt64(8 * (place & 7))
        let rest = unsafe word.load(as: UInt64.self) & ~(0xffff_ffff << shift)
        unsafe apus_atomic_store_u64(word.assumingMemoryBound(to: UInt64.self), rest | displacement << shift)
    }

    public func kill(entry: Int) {
        // The entry is a 7-byte comparison and a jcc whose displacement leads to the way out.
        let place = unsafe UnsafeMutableRawPointer(memory.writable + entry)
        let displacement = unsafe place.loadUnaligned(fromByteOffset: 9, as: Int32.self)
        let exit = entry + 13 + Int(displacement)
        let old = unsafe place.load(as: UInt64.self)
        let jump = UInt64(0xe9) | UInt64(UInt32(bitPattern: Int32(exit - (entry + 5)))) << 8
        let new = jump | 0x9090 << 40 | old & 0xff << 56
        unsafe apus_atomic_store_u64(place.assumingMemoryBound(to: UInt64.self), new)
    }

    // MARK: Recent pages

    public var wanderingAccesses: Set<UInt32> {
        get { emitter.wanderingAccesses }
        set { emitter.wanderingAccesses = newValue }
    }

    public func instruction(ofRefill site: UInt64) -> UInt32 {
        unsafe Assembler.noted(UnsafeRawPointer(memory.writable + memory.offset(of: UInt(site))))
    }

    // MARK: Faults

    public func faultingInstruction(at host: UInt) -> UInt64? { emitter.faultSites.guestPC(at: memory.offset(of: host)) }

    public func leaveWithException(_ context: UnsafeMutableRawPointer) {
        // The pins are still in their registers, where the way out takes them from; rbp is the state pointer.
        let offset = memory.offset(of: unsafe apus_context_pc(context))
        if let region = regions.last(where: { $0.entry <= offset }), offset < region.end {
            region.restore(offset) { unsafe apus_context_register(context, UInt32($0.rawValue)) }
            unsafe apus_context_set_register(
                context, UInt32(Register.rax.rawValue), Thunks.ExitCode.reason + UInt64(ExitReason.exception.rawValue))
            return unsafe apus_context_set_pc(context, UInt(bitPattern: memory.address(region.exit)))
        }
        let exit = loops.last { $0.start <= offset }.flatMap { offset < $0.end ? $0.exit : nil } ?? thunks.exit
        unsafe apus_context_set_register(context, UInt32(Register.rax.rawValue), Thunks.ExitCode.reason + UInt64(ExitReason.exception.rawValue))
        unsafe apus_context_set_pc(context, UInt(bitPattern: memory.address(exit)))
    }

    public func accessedAddress(_ context: UnsafeRawPointer) -> UInt64 {
        let code = unsafe UnsafePointer<UInt8>(bitPattern: apus_context_pc(context))
        guard let code = unsafe code else { return 0 }
        var operand = unsafe MemoryOperandReader(code: code)
        return operand.address { unsafe apus_context_register(context, UInt32($0)) }
    }

    func faultSites(from offset: Int) -> ArraySlice<(offset: Int, pc: UInt64)> { emitter.faultSites.from(offset) }

    func noteFault(offset: Int, pc: UInt64) { emitter.faultSites.append(offset: offset, pc: pc) }

    /// Keeps what a fault handler has to know of a region.
    func note(_ code: RegionCode) {
        for site in code.sites { emitter.faultSites.append(offset: site.offset, pc: site.pc) }
        regions.append(code)
    }

    public func discardCode() {
        emitter.faultSites.removeAll()
        loops = []
        regions = []
        memory.discard()
    }

    public func listing(_ offset: Int, _ size: Int) -> String {
        let bytes = unsafe Array(UnsafeBufferPointer(start: memory.writable + offset, count: size))
        return unsafe Listing.text(bytes, at: UInt64(UInt(bitPattern: memory.address(offset))))
    }
}

/// Float operations that host instructions do not do exactly as asked: (state, a, b, kind) → result; c is in `accessExtra`.
///
/// Kind: opcode, type << 8, source type << 16, condition << 24, attributes << 32.
private let floatFallback: HelperFunction = { state, a, b, kind in
    let header = unsafe CPUHeader(state)
    guard let opcode = Opcode(rawValue: UInt8(truncatingIfNeeded: kind)), let type = IRType(rawValue: UInt8(truncatingIfNeeded: kind >> 8)),
        let source = IRType(rawValue: UInt8(truncatingIfNeeded: kind >> 16))
    else { return 0 }
    let op = IROp(opcode, type, attribute: UInt16(truncatingIfNeeded: kind >> 32), imm: Int64(kind >> 24 & 0xff))
    let c = unsafe state.load(fromByteOffset: CPUHeader.Offset.accessExtra, as: UInt64.self)
    let rounding = FloatAttributes.Rounding(rawValue: UInt8(truncatingIfNeeded: header.roundingMode)) ?? .nearestEven
    var flags = FloatStatus(rawValue: header.floatFlags)
    // A float that is the low lane of a vector has the other lanes above it.
    let mask = source.mask
    let result = FloatEvaluation.evaluate(op: op, source: source, a & mask, b & mask, c & mask, rounding: rounding, flags: &flags)
    header.floatFlags = flags.rawValue
    return result
}

/// Vector operations without inline host code, and those with lanes that need the guest's own rules: the operands are in `vectorOperands`,
/// the result goes to the first one's place.
///
/// Kind: opcode, type << 8, source type << 16, imm << 24, attributes << 48.
private let vectorFallback: HelperFunction = { state, _, _, kind in
    let header = unsafe CPUHeader(state)
    guard let opcode = Opcode(rawValue: UInt8(truncatingIfNeeded: kind)), let type = IRType(rawValue: UInt8(truncatingIfNeeded: kind >> 8)),
        let source = IRType(rawValue: UInt8(truncatingIfNeeded: kind >> 16))
    else { return 0 }
    let op = IROp(opcode, type, attribute: UInt16(truncatingIfNeeded: kind >> 48), imm: Int64(kind >> 24 & 0xff_ffff))
    let operands = unsafe (state + CPUHeader.Offset.vectorOperands).assumingMemoryBound(to: UInt128.self)
    let (a, b, c) = unsafe (operands[0], operands[1], operands[2])
    if opcode.isVectorFloat {
        let rounding = FloatAttributes.Rounding(rawValue: UInt8(truncatingIfNeeded: header.roundingMode)) ?? .nearestEven
        var flags = FloatStatus(rawValue: header.floatFlags)
        unsafe operands[0] = FloatEvaluation.evaluateLanes(op: op, source: source, a, b, c, rounding: rounding, flags: &flags)
        header.floatFlags = flags.rawValue
    } else {
        unsafe operands[0] = EvaluateVector.compute(op, source: source, a, b, c)
    }
    return 0
}
