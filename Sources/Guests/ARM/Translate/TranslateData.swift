import Bits
import IR

extension Translator {
    /// Data processing.
    mutating func data(_ b: inout IRBlock, _ instruction: DataInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .immediate: return compute(&b, o.operation, o, rotatedImmediate(&b, o))
        case .register:
            let operation = o.operation
            let second = shifted(&b, read(&b, o.rm), o.field(5, 2), by: o.field(7, 5), wantsCarry: o.setsFlags && operation.isLogical)
            return compute(&b, operation, o, second)
        case .shifted:
            guard o.rd != 15 || o.operation.isTest, o.rn != 15 || o.operation.hasOneOperand, o.rm != 15, o.field(8, 4) != 15 else { return false }
            let operation = o.operation
            let wants = o.setsFlags && operation.isLogical
            return compute(&b, operation, o, shifted(&b, read(&b, o.rm), o.field(5, 2), byRegister: o.field(8, 4), wantsCarry: wants))
        case .immediate_t:
            guard let operation = o.wideOperation else { return false }
            return compute(&b, operation, o, expandedImmediate(&b, o))
        case .register_t:
            guard let operation = o.wideOperation else { return false }
            let second = shifted(&b, read(&b, o.rm), o.field(4, 2), by: o.wideShift, wantsCarry: o.setsFlags && operation.isLogical)
            return compute(&b, operation, o, second)
        case .movw: write(&b, o.rd, constant(&b, o.halfImmediate))
        case .movt: write(&b, o.rd, b.deposit(.i32, read(&b, o.rd), constant(&b, o.halfImmediate), low: 16, count: 16))
        case .addw, .subw:
            // adr, where the first operand is the program counter.
            let left = o.rn == 15 ? constant(&b, visiblePC & ~3) : read(&b, o.rn)
            write(&b, o.rd, b.binary(instruction == .addw ? .add : .sub, .i32, left, constant(&b, o.wideImmediate)))
        case .shift_t:
            let second = shifted(&b, read(&b, o.rn), o.field(21, 2), byRegister: o.rm, wantsCarry: o.setsFlags)
            compute(&b, .mov, setsFlags: o.setsFlags, 0, o.rd, second)
        }
        return true
    }

    /// Whether the destination is the program counter.
    func dataSetsPC(_ o: Operands, _ instruction: DataInstruction?) -> Bool { o.rd == 15 }

    private mutating func compute(_ b: inout IRBlock, _ operation: DataOperation, _ o: Operands, _ second: ShiftedOperand) -> Bool {
        // An exception's return, which no program does.
        if o.setsFlags, o.rd == 15, !operation.isTest { return computeReturn(&b, operation, o, second) }
        compute(&b, operation, setsFlags: o.setsFlags, o.rn, o.rd, second)
        return true
    }

    /// movs pc, lr and its like: the result is where the exception returns to.
    private mutating func computeReturn(_ b: inout IRBlock, _ operation: DataOperation, _ o: Operands, _ second: ShiftedOperand) -> Bool {
        guard hasSavedState, !o.isThumb else { return false }
        // By way of a register that then gets its old value back: a return needs no other operation.
        let offset = ARMRegisters.r(ARMRegisters.lr)
        let saved = b.read(.i64, offset)
        compute(&b, operation, setsFlags: false, o.rn, ARMRegisters.lr, second)
        let address = b.read(.i64, offset)
        b.write(.i64, offset, saved)
        return returnFromException(&b, to: address)
    }

    /// One operation on a register and a second operand.
    mutating func compute(
        _ b: inout IRBlock, _ operation: DataOperation, setsFlags: Bool, _ rn: Int, _ rd: Int, _ second: ShiftedOperand
    ) {
        let right = second.value
        let result: Value
        switch operation {
        case .mov: result = right
        case .mvn: result = b.unary(.not, .i32, right)
        case .and, .tst: result = b.binary(.and, .i32, read(&b, rn), right)
        case .eor, .teq: result = b.binary(.xor, .i32, read(&b, rn), right)
        case .orr: result = b.binary(.or, .i32, read(&b, rn), right)
        case .bic: result = b.binary(.andNot, .i32, read(&b, rn), right)
        case .orn: result = b.binary(.or, .i32, read(&b, rn), b.unary(.not, .i32, right))
        default: return arithmetic(&b, operation, setsFlags: setsFlags, read(&b, rn), right, rd)
        }
        if setsFlags {
            setResult(&b, result)
            if let carry = second.carry { setCarry(&b, carry) }
        }
        if !operation.isTest { writeResult(&b, rd, result) }
    }

    private mutating func arithmetic(
        _ b: inout IRBlock, _ operation: DataOperation, setsFlags: Bool, _ left: Value, _ right: Value, _ rd: Int
    ) {
        switch operation {
        case .add, .cmn: add(&b, setsFlags: setsFlags, left, right, carry: nil, operation == .add ? rd : nil)
        case .adc: add(&b, setsFlags: setsFlags, left, right, carry: carry(&b), rd)
        case .sbc: add(&b, setsFlags: setsFlags, left, b.unary(.not, .i32, right), carry: carry(&b), rd)
        case .rsc: add(&b, setsFlags: setsFlags, right, b.unary(.not, .i32, left), carry: carry(&b), rd)
        case .rsb: subtract(&b, setsFlags: setsFlags, right, left, rd)
        case .sub: subtract(&b, setsFlags: setsFlags, left, right, rd)
        default: subtract(&b, setsFlags: setsFlags, left, right, nil)
        }
    }

    private mutating func subtract(_ b: inout IRBlock, setsFlags: Bool, _ left: Value, _ right: Value, _ rd: Int?) {
        let result = b.sub(.i32, left, right)
        if setsFlags { setFlags(&b, difference: left, right, result: result) }
        if let rd { writeResult(&b, rd, result) }
    }

    private mutating func add(_ b: inout IRBlock, setsFlags: Bool, _ left: Value, _ right: Value, carry: Value?, _ rd: Int?) {
        guard setsFlags else {
            var result = b.add(.i32, left, right)
            if let carry { result = b.add(.i32, result, b.trunc(.i32, carry)) }
            if let rd { writeResult(&b, rd, result) }
            return
        }
        var wide = b.add(.i64, b.zext(.i64, left), b.zext(.i64, right))
        if let carry { wide = b.add(.i64, wide, carry) }
        let result = b.trunc(.i32, wide)
        setFlags(&b, sum: left, right, wide: wide, result: result)
        if let rd { writeResult(&b, rd, result) }
    }

    /// Sets a register, or goes on at an address: in A32 code as bx does from ARMv7 on, in T32 code without changing the set.
    mutating func writeResult(_ b: inout IRBlock, _ rd: Int, _ result: Value) {
        guard rd == 15 else { return write(&b, rd, result) }
        if isThumb {
            jump(&b, to: b.zext(.i64, b.binary(.or, .i32, result, b.const(.i32, 1))))
        } else if model.features.contains(.v7) {
            exchange(&b, result)
        } else {
            jump(&b, to: b.zext(.i64, b.binary(.and, .i32, result, b.const(.i32, 0xffff_fffc))))
        }
    }

    /// Goes on at an i32 whose bit 0 chooses the instruction set.
    mutating func exchange(_ b: inout IRBlock, _ target: Value, hint: JumpHint = .none) { jump(&b, to: b.zext(.i64, target), hint: hint) }
}

extension Operands {
    /// A32's opcode.
    var operation: DataOperation { DataOperation(rawValue: field(21, 4)) ?? .mov }

    /// T32's: what has no destination or no first operand is another operation.
    var wideOperation: DataOperation? {
        let code = field(21, 4)
        guard let operation = t32Operations.first(where: { Int($0.code, radix: 2) == code })?.operation else { return nil }
        switch operation {
        case .and where rd == 15 && setsFlags: return .tst
        case .eor where rd == 15 && setsFlags: return .teq
        case .add where rd == 15 && setsFlags: return .cmn
        case .sub where rd == 15 && setsFlags: return .cmp
        case .orr where rn == 15: return .mov
        case .orn where rn == 15: return .mvn
        default: return operation
        }
    }

    /// The immediate of movw and movt.
    var halfImmediate: UInt32 { bits.bits(16, 4) << 12 | (isThumb ? wideImmediate : bits.bits(0, 12)) }
}
