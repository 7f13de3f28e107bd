import Bits
import CPUModel
import Decoding
import IR

/// What generated code depends on beside address and bytes, packed into `VirtualCPU.translationFlags`: fields of FPCR, and in bits that FPCR does
/// not use the rest.
struct TranslationFlags {
    private(set) var rawValue: UInt64

    init(rawValue: UInt64) { self.rawValue = rawValue }
    init(fpcr: UInt64) { rawValue = fpcr & (FPCR.dn | FPCR.fz | FPCR.fz16 | FPCR.ahp) }

    private func field(_ low: Int, _ count: Int) -> Int { Int(rawValue.bits(low, count)) }
    private mutating func set(_ low: Int, _ count: Int, _ value: Int) { rawValue = rawValue.replacingBits(low, count, with: UInt64(value)) }

    /// Of a program: accesses ignore the top byte of their base register. In a machine the MMU sees to that.
    var untags: Bool {
        get { field(0, 1) != 0 }
        set { set(0, 1, newValue ? 1 : 0) }
    }
    /// A machine's element, which has more than a program sees.
    var isSystem: Bool {
        get { field(1, 1) != 0 }
        set { set(1, 1, newValue ? 1 : 0) }
    }
    var level: Int {
        get { field(2, 2) }
        set { set(2, 2, newValue) }
    }
    /// MMU indices of loads and stores, and of ldtr and sttr.
    var mmuIndex: Int {
        get { field(4, 3) }
        set { set(4, 3, newValue) }
    }
    var unprivilegedIndex: Int {
        get { field(7, 3) }
        set { set(7, 3, newValue) }
    }
    /// PSTATE.IL: nothing may be executed.
    var isIllegal: Bool {
        get { field(10, 1) != 0 }
        set { set(10, 1, newValue ? 1 : 0) }
    }
    /// Software step: 1 before an instruction that is stepped, 2 behind it.
    var step: Int {
        get { field(11, 2) }
        set { set(11, 2, newValue) }
    }
    /// Accesses must be aligned (SCTLR.A, and wherever all memory is Device memory).
    var checksAlignment: Bool {
        get { field(13, 1) != 0 }
        set { set(13, 1, newValue ? 1 : 0) }
    }
    /// The level that floating-point instructions are trapped to; 0 for none.
    var floatTrap: Int {
        get { field(14, 2) }
        set { set(14, 2, newValue) }
    }
    /// The level has its own stack pointer in use (PSTATE.SP).
    var ownStack: Bool {
        get { field(16, 1) != 0 }
        set { set(16, 1, newValue ? 1 : 0) }
    }
    /// EL1 may access its registers without a hypervisor's seeing that.
    var isUnsupervised: Bool {
        get { field(17, 1) != 0 }
        set { set(17, 1, newValue ? 1 : 0) }
    }

    /// Accesses by the stack pointer need it aligned (SCTLR.SA and SA0).
    var checksStack: Bool {
        get { field(18, 1) != 0 }
        set { set(18, 1, newValue ? 1 : 0) }
    }

    /// NaN results are the default NaN.
    var defaultNaN: Bool { rawValue & FPCR.dn != 0 }
    /// The alternative half-precision format.
    var alternativeHalf: Bool { rawValue & FPCR.ahp != 0 }
    /// Whether subnormal operands and results of a type count as zeros.
    func flushes(_ type: IRType) -> Bool { rawValue & (type == .f16 ? FPCR.fz16 : FPCR.fz) != 0 }
}

/// Turns guest instructions into IR, one block at a time.
struct Translator {
    let model: AArch64Model
    let flags: TranslationFlags
    /// Address of the instruction at hand.
    var pc: UInt64 = 0
    /// Whether the block's last operation has been made.
    var ended = false
    /// Where N, Z, C and V come from at this point of the block.
    var producer = FlagProducer.unknown
    /// Address behind the instruction at hand, or where it jumps to if the block goes on there.
    var next: UInt64 = 0
    var sideExits = SideExits()
    private var stackAlignment = StackAlignment()

    init(model: AArch64Model, flags: TranslationFlags) {
        self.model = model
        self.flags = flags
    }

    /// Translates from `block.pc` on, to the end of the run, the page or the limit.
    mutating func translate(_ b: inout IRBlock, _ window: inout CodeWindow, limit: Int) {
        pc = b.pc
        let start = pc
        if pc & 3 != 0 { return only(&b, Syndrome(.pcAlignment)) }
        if flags.isIllegal { return only(&b, Syndrome(.illegalState)) }
        // ISV, and EX: which instruction was stepped is not told.
        if flags.step == 2 { return only(&b, Syndrome(.softwareStep, 0x22)) }
        let limit = flags.step == 1 ? 1 : limit
        while let low = window.halfword(at: pc), let high = window.halfword(at: pc &+ 2) {
            next = pc &+ 4
            b.startInstruction(pc)
            if flags.step == 1 { b.call(AArch64Helper.beginStep.rawValue) }
            translate(&b, Operands(UInt32(low) | UInt32(high) << 16))
            pc = next
            if ended { break }
            if b.instructions >= limit || !window.holds(pc) {
                b.goto(pc)
                break
            }
        }
        sideExits.place(&b)
        stackAlignment.place(&b)
        b.guestBytes = Int(pc &- start)
    }

    /// A block that does nothing but raise an exception, such as that of an address which is no multiple of 4.
    private func only(_ b: inout IRBlock, _ syndrome: Syndrome) {
        b.startInstruction(pc)
        b.call(AArch64Helper.raise.rawValue, b.const(.i64, syndrome.rawValue), b.const(.i64, pc))
        b.exit(.exception, pc: pc)
        b.guestBytes = 1
    }

    private mutating func translate(_ b: inout IRBlock, _ o: Operands) {
        guard let id = InstructionID(number: Decoder.table.lookup(o.bits, features: model.features.rawValue)) else { return undefined(&b, o) }
        if flags.floatTrap != 0, id.usesVectors(o) { return raise(&b, Syndrome(.floatAccess, 0x1e0_0000), to: flags.floatTrap) }
        if flags.checksStack { stackAlignment.check(&b, id, o, pc: pc) }
        if !dispatch(&b, id, o) { undefined(&b, o) }
        stackAlignment.note(id, o)
    }

    /// Translates one instruction; false if its operands make it undefined.
    private mutating func dispatch(_ b: inout IRBlock, _ id: InstructionID, _ o: Operands) -> Bool {
        switch id.chapter {
        case .immediate: ImmediateInstruction(rawValue: id.index).map { immediate(&b, $0, o) } ?? false
        case .register: RegisterInstruction(rawValue: id.index).map { register(&b, $0, o) } ?? false
        case .branch: BranchInstruction(rawValue: id.index).map { branch(&b, $0, o) } ?? false
        case .loadStore: LoadStoreInstruction(rawValue: id.index).map { loadStore(&b, $0, o) } ?? false
        case .float: FloatInstruction(rawValue: id.index).map { float(&b, $0, o) } ?? false
        case .structure: StructureInstruction(rawValue: id.index).map { structure(&b, $0, o) } ?? false
        case .vector: VectorInstruction(rawValue: id.index).map { vector(&b, $0, o) } ?? false
        case .crypto: CryptoInstruction(rawValue: id.index).map { crypto(&b, $0, o) } ?? false
        }
    }

    // MARK: General registers

    /// A register's low bits as a value of an integer type; number 31 is zero.
    func read(_ b: inout IRBlock, _ type: IRType, _ register: Int) -> Value {
        register == 31 ? b.const(type, 0) : readSP(&b, type, register)
    }

    /// The same where number 31 is the stack pointer.
    func readSP(_ b: inout IRBlock, _ type: IRType, _ register: Int) -> Value {
        let full = b.read(.i64, AArch64Registers.x(register))
        return type == .i64 ? full : b.trunc(type, full)
    }

    /// Sets a register to a value, zero-extended; number 31 goes nowhere.
    func write(_ b: inout IRBlock, _ register: Int, _ type: IRType, _ value: Value) {
        if register != 31 { writeSP(&b, register, type, value) }
    }

    /// The same where number 31 is the stack pointer.
    func writeSP(_ b: inout IRBlock, _ register: Int, _ type: IRType, _ value: Value) {
        b.write(.i64, AArch64Registers.x(register), type == .i64 ? value : b.zext(.i64, value))
    }

    /// The type of an operand by the instruction's size bit.
    func word(_ o: Operands) -> IRType { o.is64 ? .i64 : .i32 }

    // MARK: Memory

    /// An access of so many bytes, by the rules of the level, or of EL0 for ldtr and sttr.
    func memoryAccess(
        _ size: Int, signed: Bool = false, alignment: MemoryOperation.Alignment = .any, order: MemoryOperation.Order = .relaxed,
        unprivileged: Bool = false
    ) -> MemoryOperation {
        MemoryOperation(
            size, signed: signed, alignment: flags.checksAlignment ? .fault : alignment, order: order,
            mmuIndex: unprivileged ? flags.unprivilegedIndex : flags.mmuIndex)
    }

    // MARK: Ends of blocks

    mutating func undefined(_ b: inout IRBlock, _ o: Operands) {
        b.call(AArch64Helper.undefined.rawValue, b.const(.i64, UInt64(o.bits)))
        b.exit(.exception, pc: pc)
        ended = true
    }

    /// An exception that the instruction is for.
    mutating func raise(_ b: inout IRBlock, _ syndrome: Syndrome, to level: Int = 0) {
        b.call(AArch64Helper.raise.rawValue, b.const(.i64, syndrome.rawValue), b.const(.i64, pc), b.const(.i64, UInt64(level)))
        b.exit(.exception, pc: pc)
        ended = true
    }

    /// A program's system call may be done at once; whatever else it is an exception.
    mutating func supervisorCall(_ b: inout IRBlock, _ syndrome: Syndrome) {
        if flags.isSystem { return raise(&b, syndrome) }
        b.call(AArch64Helper.programCall.rawValue, b.const(.i64, syndrome.rawValue))
        b.goto(b.const(.i64, next), hint: .anew)
        ended = true
    }

    /// Goes on where a helper has set `pc`.
    mutating func endAtPC(_ b: inout IRBlock) {
        b.goto(b.read(.i64, CPUHeader.Offset.pc), hint: .anew)
        ended = true
    }

    /// Goes on behind this instruction, in whatever context the state now says.
    mutating func endBehind(_ b: inout IRBlock) {
        b.goto(b.const(.i64, next), hint: .anew)
        ended = true
    }
}
