import Bits
import CPUModel
import Decoding
import IR

/// What generated code depends on beside address and bytes, packed into `VirtualCPU.translationFlags`.
struct TranslationFlags {
    var rawValue: UInt64

    init(rawValue: UInt64) { self.rawValue = rawValue }

    init(mode: Int, mmuIndex: Int, floatOn: Bool, floatDirty: Bool, roundingClass: RoundingClass, rv64: Bool) {
        rawValue = UInt64(mode) | UInt64(mmuIndex) << 2
        if floatOn { rawValue |= 1 << 5 }
        if floatDirty { rawValue |= 1 << 6 }
        rawValue |= UInt64(roundingClass.rawValue) << 7
        if rv64 { rawValue |= 1 << 9 }
    }

    /// What frm holds: round-to-nearest-ties-to-even, another mode that the host has, round-to-nearest-ties-away, or a reserved value.
    enum RoundingClass: Int {
        case nearestEven, directed, nearestAway, reserved

        init(frm: UInt32) {
            switch frm {
            case 0: self = .nearestEven
            case 1...3: self = .directed
            case 4: self = .nearestAway
            default: self = .reserved
            }
        }
    }

    var mode: Int { Int(rawValue & 3) }
    /// MMU index of loads and stores.
    var mmuIndex: Int { Int(rawValue >> 2 & 7) }
    /// mstatus.FS is not Off.
    var floatOn: Bool { rawValue >> 5 & 1 != 0 }
    /// mstatus.FS is Dirty.
    var floatDirty: Bool { rawValue >> 6 & 1 != 0 }
    var roundingClass: RoundingClass { RoundingClass(rawValue: Int(rawValue >> 7 & 3)) ?? .reserved }
}

/// Turns guest instructions into IR, one block at a time.
struct Translator {
    let features: UInt64
    let rv64: Bool
    let flags: TranslationFlags
    let compressed: Bool
    /// Address of the instruction at hand.
    var pc: UInt64 = 0
    /// Address behind it.
    var next: UInt64 = 0
    /// Whether the block's last operation has been made.
    var ended = false
    var sideExits = SideExits()

    /// The type of a full register: i64, or i32 for RV32.
    var word: IRType { rv64 ? .i64 : .i32 }

    init(extensions: Extensions, flags: TranslationFlags) {
        features = extensions.rawValue
        rv64 = extensions.contains(.rv64)
        compressed = extensions.contains(.c)
        self.flags = flags
    }

    /// Translates from `block.pc` on, to the end of the run, the page or the limit.
    mutating func translate(_ b: inout IRBlock, _ window: inout CodeWindow, limit: Int) {
        pc = block(b.pc)
        let start = pc
        while true {
            guard let operands = fetch(&window) else {
                if pc != start { b.goto(pc) }
                break
            }
            next = wrap(pc &+ operands.length)
            b.startInstruction(pc)
            translate(&b, operands)
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

    private func block(_ pc: UInt64) -> UInt64 { wrap(pc) }

    /// An address in XLEN bits.
    func wrap(_ address: UInt64) -> UInt64 { rv64 ? address : address & 0xffff_ffff }

    /// The bits of the instruction at `pc`; nil if they cannot be fetched.
    private func fetch(_ window: inout CodeWindow) -> Operands? {
        guard let low = window.halfword(at: pc) else { return nil }
        if low & 3 != 3 {
            var operands = Operands(UInt32(low))
            operands.length = 2
            return operands
        }
        guard let high = window.halfword(at: wrap(pc &+ 2)) else { return nil }
        return Operands(UInt32(low) | UInt32(high) << 16)
    }

    private mutating func translate(_ b: inout IRBlock, _ operands: Operands) {
        var wide = operands
        if operands.length == 2 {
            guard let id = InstructionID(number: Decoder.compressed.lookup(operands.bits, features: features)),
                let instruction = CompressedInstruction(rawValue: id.index),
                let bits = expand(instruction, operands.bits, rv64: rv64)
            else { return illegal(&b, operands) }
            wide.bits = bits
        }
        guard let id = InstructionID(number: Decoder.wide.lookup(wide.bits, features: features)) else { return illegal(&b, operands) }
        if !dispatch(&b, id, wide) { illegal(&b, operands) }
    }

    /// Translates one instruction; false if its operands make it illegal.
    private mutating func dispatch(_ b: inout IRBlock, _ id: InstructionID, _ o: Operands) -> Bool {
        switch id.chapter {
        case .base: BaseInstruction(rawValue: id.index).map { base(&b, $0, o) } ?? false
        case .multiply: MultiplyInstruction(rawValue: id.index).map { multiply(&b, $0, o) } ?? false
        case .atomic: AtomicInstruction(rawValue: id.index).map { atomic(&b, $0, o) } ?? false
        case .single: SingleInstruction(rawValue: id.index).map { single(&b, $0, o) } ?? false
        case .double: DoubleInstruction(rawValue: id.index).map { double(&b, $0, o) } ?? false
        case .half: HalfInstruction(rawValue: id.index).map { half(&b, $0, o) } ?? false
        case .compressed: false
        case .bitmanip: BitmanipInstruction(rawValue: id.index).map { bitmanip(&b, $0, o) } ?? false
        case .system: SystemInstruction(rawValue: id.index).map { system(&b, $0, o) } ?? false
        }
    }

    // MARK: Registers

    /// A register's value in the type of a full register.
    func read(_ b: inout IRBlock, _ register: Int) -> Value { read(&b, word, register) }

    /// A register's low bits as a value of an integer type.
    func read(_ b: inout IRBlock, _ type: IRType, _ register: Int) -> Value {
        if register == 0 { return b.const(type, 0) }
        let full = b.read(.i64, RISCVRegisters.x(register))
        return type == .i64 ? full : b.trunc(type, full)
    }

    /// Sets a register to a value of i64, or of a narrower type, which is sign-extended.
    func write(_ b: inout IRBlock, _ register: Int, _ type: IRType, _ value: Value) {
        guard register != 0 else { return }
        b.write(.i64, RISCVRegisters.x(register), type == .i64 ? value : b.sext(.i64, value))
    }

    /// Sets a register to a constant of XLEN bits.
    func write(_ b: inout IRBlock, _ register: Int, constant: UInt64) {
        guard register != 0 else { return }
        b.write(.i64, RISCVRegisters.x(register), b.const(.i64, rv64 ? constant : constant.signExtended(from: 32)))
    }

    /// The 64-bit address in a register plus an offset: the base and the displacement to use with it.
    func address(_ b: inout IRBlock, _ register: Int, _ offset: Int64) -> (base: Value, displacement: Int64) {
        if rv64 { return (read(&b, register), offset) }
        let sum = b.add(.i32, read(&b, register), b.const(.i32, UInt64(bitPattern: offset)))
        return (b.zext(.i64, sum), 0)
    }

    func memory(_ size: Int, signed: Bool = false, alignment: MemoryOperation.Alignment = .any, order: MemoryOperation.Order = .relaxed)
        -> MemoryOperation
    {
        MemoryOperation(size, signed: signed, alignment: alignment, order: order, mmuIndex: flags.mmuIndex)
    }

    // MARK: Ends of blocks

    mutating func illegal(_ b: inout IRBlock, _ o: Operands) {
        b.call(RISCVHelper.illegal.rawValue, b.const(.i64, UInt64(o.bits)))
        b.exit(.exception, pc: pc)
        ended = true
    }

    /// Goes on behind this instruction, in whatever context the state now says.
    mutating func endBehind(_ b: inout IRBlock) {
        b.goto(b.const(.i64, next), hint: .anew)
        ended = true
    }

    /// Goes on where a helper has set `pc`.
    mutating func endAtPC(_ b: inout IRBlock) {
        b.goto(b.read(.i64, CPUHeader.Offset.pc), hint: .anew)
        ended = true
    }
}
