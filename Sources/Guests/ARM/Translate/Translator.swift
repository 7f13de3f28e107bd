import Bits
import CPUModel
import Decoding
import IR

/// What generated code depends on beside address, instruction set and bytes, packed into `VirtualCPU.translationFlags`: fields of FPSCR, and in bits that
/// are free there the rest.
struct TranslationFlags {
    private(set) var rawValue: UInt64

    init(rawValue: UInt64) { self.rawValue = rawValue }

    private func field(_ low: Int, _ count: Int) -> Int { Int(rawValue.bits(low, count)) }
    private mutating func set(_ low: Int, _ count: Int, _ value: Int) { rawValue = rawValue.replacingBits(low, count, with: UInt64(value)) }

    /// A machine's element, which has more than a program sees.
    var isSystem: Bool {
        get { field(9, 1) != 0 }
        set { set(9, 1, newValue ? 1 : 0) }
    }
    /// MMU index of accesses; that of unprivileged ones (ldrt and its like) is next to it.
    var mmuIndex: Int {
        get { field(10, 3) }
        set { set(10, 3, newValue) }
    }
    var unprivilegedIndex: Int { MMUIndex.of(domainSet: MMUIndex.domainSet(mmuIndex), isPrivileged: false) }
    /// Accesses must be aligned (SCTLR.A).
    var checksAlignment: Bool {
        get { field(13, 1) != 0 }
        set { set(13, 1, newValue ? 1 : 0) }
    }
    /// Whose registers are in use.
    var bank: RegisterBank {
        get { RegisterBank(rawValue: field(14, 2)) ?? .user }
        set { set(14, 2, newValue.rawValue) }
    }
    var floatUnit: FloatUnit {
        get { FloatUnit(rawValue: field(22, 2)) ?? .on }
        set { set(22, 2, newValue.rawValue) }
    }
    var isPrivileged: Bool { isSystem && bank != .user }

    init(fpscr: UInt64, it: UInt64, bigEndian: Bool) {
        let float = fpscr & (FPSCR.ahp | FPSCR.dn | FPSCR.fz | FPSCR.fz16 | 7 << 16 | 3 << 20)
        rawValue = float | it | (bigEndian ? 1 << 8 : 0)
    }

    /// CPSR.IT for the first instruction.
    var it: UInt8 { UInt8(truncatingIfNeeded: rawValue) }
    var isBigEndian: Bool { rawValue.bit(8) }
    /// NaN results are the default NaN.
    var defaultNaN: Bool { rawValue & FPSCR.dn != 0 }
    /// The alternative half-precision format.
    var alternativeHalf: Bool { rawValue & FPSCR.ahp != 0 }
    /// FPSCR.Len and Stride: more than one element in a VFP operation.
    var vectorLength: Int { Int(rawValue.bits(FPSCR.lengthShift, 3)) + 1 }
    /// Whether subnormal operands and results of a type count as zeros in VFP operations.
    func flushes(_ type: IRType) -> Bool { rawValue & (type == .f16 ? FPSCR.fz16 : FPSCR.fz) != 0 }
    /// NEON flushes half precision by FZ16, all else always.
    func flushesVector(_ lane: Lane) -> Bool { lane != .b16 || rawValue & FPSCR.fz16 != 0 }
}

/// Modes by the registers that they have of their own.
enum RegisterBank: Int {
    /// User mode, system mode (with user mode's registers), FIQ mode (with its own R8 to R14), the others (R13 and R14).
    case user, system, fiq, other
}

/// Whether instructions of VFP and NEON are executed: not where FPEXC.EN is clear, but for moves of a few registers; not at all where CPACR says so.
enum FloatUnit: Int { case on, off, denied }

/// Turns guest instructions into IR, one block at a time.
///
/// A conditional instruction either chooses between its result and the old value, or it is skipped by a branch, which instructions that follow under the
/// same condition share.
struct Translator {
    let model: ARMModel
    let flags: TranslationFlags
    let isThumb: Bool
    /// Address of the instruction at hand with the T bit, as `CPUHeader.pc` has it.
    var pc: UInt64
    /// The same of the instruction behind it, or of where it jumps to if the block goes on there.
    var next: UInt64 = 0
    /// Whether the block's last operation has been made.
    var ended = false
    /// Where N, Z, C and V come from at this point of the block.
    var producer = FlagProducer.cells
    /// The last comparison of floats in the block, if FPSCR still has its outcome.
    var comparison: FloatComparison?
    /// CPSR.IT for the instruction at hand and for the one behind it.
    var it: UInt8
    var nextIT: UInt8 = 0
    /// Whether the state may hold another IT than 0.
    var mayHoldIT: Bool
    /// The truth that the instruction at hand depends on if it is one that chooses.
    var predicate: Value?
    /// The branch that skips instructions whose condition fails.
    private var skip: Skip?
    var sideExits = SideExits()
    var misalignedPairs: [MisalignedPair] = []

    private struct Skip {
        let label: Label
        let condition: Int
        /// The flags are those that the branch has tested.
        var isFresh = true
    }

    init(model: ARMModel, flags: TranslationFlags, pc: UInt64) {
        self.model = model
        self.flags = flags
        self.pc = pc
        isThumb = pc.bit(0)
        it = flags.it
        mayHoldIT = flags.it != 0
    }

    /// Address of the instruction at hand.
    var address: UInt64 { pc & ~1 }
    /// What it reads as R15.
    var visiblePC: UInt32 { UInt32(truncatingIfNeeded: address) &+ (isThumb ? 4 : 8) }

    /// Translates from `pc` on, to the end of the run, the page or the limit.
    mutating func translate(_ b: inout IRBlock, _ window: inout CodeWindow, limit: Int) {
        let start = address
        if !isThumb, start & 2 != 0 { return misaligned(&b) }
        while let instruction = fetch(&window) {
            translate(&b, instruction)
            pc = next
            it = nextIT
            if ended, skip != nil {
                // The way round the block's last instruction.
                close(&b)
                ended = false
            }
            if ended { break }
            // A block that began inside an IT block ends with that.
            if b.instructions >= limit || !window.holds(address) || b.count > 1500 || flags.it != 0 && it == 0 {
                leave(&b)
                break
            }
        }
        // An instruction that can't be fetched whole.
        if !ended, b.count > 0 { leave(&b) }
        sideExits.place(&b)
        for pair in misalignedPairs { pair.place(&b) }
        b.guestBytes = Int(pc & ~1 &- start)
    }

    /// An instruction's bits and its length in bytes; nil if it can't be fetched.
    private func fetch(_ window: inout CodeWindow) -> (bits: UInt32, length: UInt64)? {
        guard let first = window.halfword(at: address) else { return nil }
        if isThumb, first >> 11 < 0x1d { return (UInt32(first), 2) }
        guard let second = window.halfword(at: address &+ 2) else { return nil }
        return (isThumb ? UInt32(first) << 16 | UInt32(second) : UInt32(second) << 16 | UInt32(first), 4)
    }

    /// A block that does nothing but raise the fault of an A32 address that is no multiple of 4.
    private mutating func misaligned(_ b: inout IRBlock) {
        b.startInstruction(pc)
        b.call(
            ARMHelper.raise.rawValue, b.const(.i64, ARMException.Kind.prefetchAbort.rawValue), b.const(.i64, UInt64(ARMFaultStatus.alignment)),
            b.const(.i64, address))
        b.exit(.exception, pc: pc)
        b.guestBytes = 2
    }

    // MARK: One instruction

    private mutating func translate(_ b: inout IRBlock, _ instruction: (bits: UInt32, length: UInt64)) {
        next = pc &+ instruction.length
        nextIT = it & 7 == 0 ? 0 : it & 0xe0 | it << 1 & 0x1f
        let (id, o) = decode(instruction.bits, isNarrow: instruction.length == 2)
        let condition = condition(o, isNarrow: instruction.length == 2)
        if let skip, skip.condition != condition || !skip.isFresh { close(&b) }
        if it == 0, mayHoldIT { setIT(&b, 0) }
        b.startInstruction(pc)
        guard let id else { return begin(&b, condition) ? undefined(&b, o) : () }
        if condition != 14, skip == nil {
            if isDirectBranch(id), it == 0 || !mayHoldIT, nextIT == 0, flags.it == 0 { return branch(&b, if: condition, to: target(id, o)) }
            if chooses(id, o) {
                predicate = test(&b, condition).truth(&b)
                defer { predicate = nil }
                if !dispatch(&b, id, o) { undefined(&b, o) }
                return
            }
        }
        guard begin(&b, condition) else { return }
        if it != 0, mayLeave(id) { setIT(&b, it) }
        if !dispatch(&b, id, o) { undefined(&b, o) }
    }

    /// Makes the branch that skips an instruction under a condition, if there is none yet.
    private mutating func begin(_ b: inout IRBlock, _ condition: Int) -> Bool {
        guard condition != 14, skip == nil else { return true }
        let label = b.makeLabel()
        let test = test(&b, condition).negated
        b.branch(label, if: test.condition, test.a, test.b)
        skip = Skip(label: label, condition: condition)
        return true
    }

    /// Where instructions that were skipped come back.
    private mutating func close(_ b: inout IRBlock) {
        guard let skip else { return }
        b.place(skip.label)
        self.skip = nil
        // The flags may come from either side.
        producer = .cells
        comparison = nil
    }

    /// The flags have changed: instructions that follow test anew.
    mutating func flagsChanged(_ producer: FlagProducer) {
        self.producer = producer
        skip?.isFresh = false
    }

    private func decode(_ bits: UInt32, isNarrow: Bool) -> (InstructionID?, Operands) {
        let features = model.features.rawValue
        if isNarrow { return (InstructionID(number: Decoder.narrow.lookup(bits, features: features)), Operands(bits, isThumb: true)) }
        if !isThumb {
            let table = bits >> 28 == 15 ? Decoder.unconditional : Decoder.conditional
            return (InstructionID(number: table.lookup(bits, features: features)), Operands(bits, isThumb: false))
        }
        if let form = Decoder.vectorForm(ofWide: bits) {
            let table = form >> 28 == 15 ? Decoder.unconditional : Decoder.conditional
            let id = InstructionID(number: table.lookup(form, features: features))
            // Others of that form are A32's alone.
            if let id, [.float, .neon, .neonMemory].contains(id.chapter) { return (id, Operands(form, isThumb: true)) }
        }
        return (InstructionID(number: Decoder.wide.lookup(bits, features: features)), Operands(bits, isThumb: true))
    }

    /// The condition that the instruction depends on; 14 for none.
    private func condition(_ o: Operands, isNarrow: Bool) -> Int {
        if isThumb { return it == 0 ? 14 : min(Int(it >> 4), 14) }
        return min(o.field(28, 4), 14)
    }

    /// Whether the instruction only sets general registers, no flags, so that it may choose between result and old value.
    private func chooses(_ id: InstructionID, _ o: Operands) -> Bool {
        switch id.chapter {
        case .data: return !o.setsFlags && !dataSetsPC(o, DataInstruction(rawValue: id.index))
        case .narrow: return NarrowInstruction(rawValue: id.index).map { narrowChooses($0, o) } ?? false
        case .media: return MediaInstruction(rawValue: id.index).map(mediaChooses) ?? false
        default: return false
        }
    }

    /// Whether an exception may come up at the instruction, or the block may end there.
    private func mayLeave(_ id: InstructionID) -> Bool {
        switch id.chapter {
        case .data, .multiply, .media: false
        case .narrow: NarrowInstruction(rawValue: id.index).map(narrowMayLeave) ?? true
        default: true
        }
    }

    private func isDirectBranch(_ id: InstructionID) -> Bool {
        id == InstructionID(.branch, BranchInstruction.b.rawValue) || id == InstructionID(.narrow, NarrowInstruction.b.rawValue)
    }

    private func target(_ id: InstructionID, _ o: Operands) -> UInt64 { id.chapter == .narrow ? narrowTarget(o) : branchTarget(o) }

    /// Translates one instruction; false if its operands make it undefined.
    private mutating func dispatch(_ b: inout IRBlock, _ id: InstructionID, _ o: Operands) -> Bool {
        if flags.floatUnit != .on, !isUsable(id) {
            // Usual, and nothing for the log: systems switch the unit on when it is used.
            raise(&b, .undefined)
            return true
        }
        return switch id.chapter {
        case .data: DataInstruction(rawValue: id.index).map { data(&b, $0, o) } ?? false
        case .multiply: MultiplyInstruction(rawValue: id.index).map { multiply(&b, $0, o) } ?? false
        case .media: MediaInstruction(rawValue: id.index).map { media(&b, $0, o) } ?? false
        case .memory: MemoryInstruction(rawValue: id.index).map { memory(&b, $0, o) } ?? false
        case .branch: BranchInstruction(rawValue: id.index).map { branch(&b, $0, o) } ?? false
        case .system: SystemInstruction(rawValue: id.index).map { system(&b, $0, o) } ?? false
        case .narrow: NarrowInstruction(rawValue: id.index).map { narrow(&b, $0, o) } ?? false
        case .float: FloatInstruction(rawValue: id.index).map { float(&b, $0, o) } ?? false
        case .neon: NeonInstruction(rawValue: id.index).map { neon(&b, $0, o) } ?? false
        case .neonMemory: NeonMemoryInstruction(rawValue: id.index).map { neonMemory(&b, $0, o) } ?? false
        }
    }

    /// Whether the instruction is none of VFP and NEON, or one that is there while the float unit is off.
    private func isUsable(_ id: InstructionID) -> Bool {
        guard [.float, .neon, .neonMemory].contains(id.chapter) else { return true }
        let moves = [FloatInstruction.vmrs, .vmsr].map { InstructionID(.float, $0.rawValue) }
        return flags.floatUnit == .off && flags.isPrivileged && moves.contains(id)
    }

    // MARK: General registers

    /// A register as an i32; number 15 is the address two instructions ahead.
    func read(_ b: inout IRBlock, _ register: Int) -> Value {
        register == 15 ? b.const(.i32, UInt64(visiblePC)) : b.trunc(.i32, b.read(.i64, ARMRegisters.r(register)))
    }

    /// A register zero-extended to an i64, as addresses are.
    func readWide(_ b: inout IRBlock, _ register: Int) -> Value {
        register == 15 ? b.const(.i64, UInt64(visiblePC)) : b.read(.i64, ARMRegisters.r(register))
    }

    /// Sets a register but the program counter to an i32.
    func write(_ b: inout IRBlock, _ register: Int, _ value: Value) { writeWide(&b, register, b.zext(.i64, value)) }

    /// Sets a register but the program counter to an i64 whose upper half is zero.
    func writeWide(_ b: inout IRBlock, _ register: Int, _ value: Value) {
        guard register != 15 else { return }
        let offset = ARMRegisters.r(register)
        b.write(.i64, offset, predicate.map { b.select(.i64, if: $0, value, b.read(.i64, offset)) } ?? value)
    }

    func constant(_ b: inout IRBlock, _ value: UInt32) -> Value { b.const(.i32, UInt64(value)) }

    // MARK: Ends of blocks

    mutating func undefined(_ b: inout IRBlock, _ o: Operands) {
        if it != 0 { setIT(&b, it) }
        b.call(ARMHelper.undefined.rawValue, b.const(.i64, UInt64(o.bits)))
        b.exit(.exception, pc: pc)
        ended = true
    }

    /// An exception that the instruction is for.
    mutating func raise(_ b: inout IRBlock, _ kind: ARMException.Kind, status: UInt32 = 0) {
        b.call(ARMHelper.raise.rawValue, b.const(.i64, kind.rawValue), b.const(.i64, UInt64(status)), b.const(.i64, address))
        b.exit(.exception, pc: pc)
        ended = true
    }

    /// Notes CPSR.IT in the state.
    mutating func setIT(_ b: inout IRBlock, _ value: UInt8) {
        b.write(.i64, ARMRegisters.it, b.const(.i64, UInt64(value)))
        mayHoldIT = value != 0
    }

    /// Before a jump: IT as it is behind the instruction at hand. Whether code goes on under other flags of translation.
    private mutating func settleIT(_ b: inout IRBlock, _ value: UInt8) -> Bool {
        let mayHold = mayHoldIT
        if mayHoldIT || value != 0 { setIT(&b, value) }
        // What was noted under a condition may still be there where the condition failed.
        mayHoldIT = mayHold && skip != nil
        guard value != flags.it else { return false }
        b.call(ARMHelper.changeFlags.rawValue)
        return true
    }

    /// Goes on at an address, with T in bit 0.
    mutating func jump(_ b: inout IRBlock, to target: UInt64, isCall: Bool = false) {
        if settleIT(&b, nextIT) {
            b.goto(b.const(.i64, target), hint: .anew)
        } else {
            b.goto(target, linkBytes: isCall ? next &- pc : 0)
        }
        ended = true
    }

    /// The same with an i64.
    mutating func jump(_ b: inout IRBlock, to target: Value, hint: JumpHint = .none) {
        let hint = settleIT(&b, nextIT) ? .anew : hint
        b.goto(target, hint: hint, returnAddress: hint == .call ? next : 0)
        ended = true
    }

    /// The block goes on in another one, at the instruction that would be next.
    private mutating func leave(_ b: inout IRBlock) {
        close(&b)
        nextIT = it
        jump(&b, to: pc)
    }

    /// Goes on behind this instruction, in whatever context the state now says.
    mutating func endBehind(_ b: inout IRBlock) {
        _ = settleIT(&b, nextIT)
        b.call(ARMHelper.changeFlags.rawValue)
        b.goto(b.const(.i64, next), hint: .anew)
        ended = true
    }

    /// Goes on where a helper has set `pc`, in whatever context the state now says; IT too is what the helper has made it.
    mutating func endAtPC(_ b: inout IRBlock) {
        b.goto(b.read(.i64, CPUHeader.Offset.pc), hint: .anew)
        ended = true
    }

    /// A conditional branch: aside if it goes ahead, else the block's end.
    private mutating func branch(_ b: inout IRBlock, if condition: Int, to target: UInt64) {
        let test = test(&b, condition)
        let taken = b.makeLabel()
        b.branch(taken, if: test.condition, test.a, test.b)
        if sideExits.add(taken, for: target, from: pc) { return }
        b.goto(next)
        b.place(taken)
        b.goto(target)
        ended = true
    }

    /// A branch on an outcome of its own (cbz).
    mutating func branch(_ b: inout IRBlock, if test: Test, to target: UInt64) {
        let taken = b.makeLabel()
        b.branch(taken, if: test.condition, test.a, test.b)
        if sideExits.add(taken, for: target, from: pc) { return }
        b.goto(next)
        b.place(taken)
        b.goto(target)
        ended = true
    }

    /// A jump that the block follows if it is a short one ahead.
    mutating func follow(_ b: inout IRBlock, to target: UInt64) {
        if skip == nil, nextIT == 0, !mayHoldIT, flags.it == 0, SideExits.leaps(to: target, from: pc) { next = target } else { jump(&b, to: target) }
    }
}
