import Bits
import CPUModel
import Decoding
import IR

/// What generated code depends on beside address and bytes, packed into `VirtualCPU.translationFlags`: fields of FPCR, and in
/// a bit that FPCR does not use whether addresses may have tags.
struct TranslationFlags {
    let rawValue: UInt64

    init(rawValue: UInt64) { self.rawValue = rawValue }
    init(fpcr: UInt64, untags: Bool) { rawValue = fpcr & (FPCR.dn | FPCR.fz | FPCR.fz16 | FPCR.ahp) | (untags ? 1 : 0) }

    /// Accesses ignore the top byte of their base register.
    var untags: Bool { rawValue & 1 != 0 }

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

    init(model: AArch64Model, flags: TranslationFlags) {
        self.model = model
        self.flags = flags
    }

    /// Translates from `block.pc` on, to the end of the run, the page or the limit.
    mutating func translate(_ b: inout IRBlock, _ window: inout CodeWindow, limit: Int) {
        pc = b.pc
        let start = pc
        if pc & 3 != 0 { return misaligned(&b) }
        while let low = window.halfword(at: pc), let high = window.halfword(at: pc &+ 2) {
            next = pc &+ 4
            b.startInstruction(pc)
            translate(&b, Operands(UInt32(low) | UInt32(high) << 16))
            pc = next
            if ended { break }
            if b.instructions >= limit || !window.holds(pc) {
                b.goto(pc)
                break
            }
        }
        sideExits.place(&b)
        b.guestBytes = Int(pc &- start)
    }

    /// A jump to an address that is no multiple of 4 faults when it is fetched from.
    private func misaligned(_ b: inout IRBlock) {
        b.startInstruction(pc)
        b.call(AArch64Helper.raise.rawValue, b.const(.i64, Syndrome(.pcAlignment).rawValue), b.const(.i64, pc))
        b.exit(.exception, pc: pc)
        b.guestBytes = 1
    }

    private mutating func translate(_ b: inout IRBlock, _ o: Operands) {
        guard let id = InstructionID(number: Decoder.table.lookup(o.bits, features: model.features.rawValue)), dispatch(&b, id, o) else {
            return undefined(&b, o)
        }
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

    // MARK: Ends of blocks

    mutating func undefined(_ b: inout IRBlock, _ o: Operands) {
        b.call(AArch64Helper.undefined.rawValue, b.const(.i64, UInt64(o.bits)))
        b.exit(.exception, pc: pc)
        ended = true
    }

    /// An exception that the instruction is for.
    mutating func raise(_ b: inout IRBlock, _ syndrome: Syndrome) {
        b.call(AArch64Helper.raise.rawValue, b.const(.i64, syndrome.rawValue), b.const(.i64, pc))
        b.exit(.exception, pc: pc)
        ended = true
    }

    /// Goes on behind this instruction, in whatever context the state now says.
    mutating func endBehind(_ b: inout IRBlock) {
        b.goto(b.const(.i64, next))
        ended = true
    }
}
