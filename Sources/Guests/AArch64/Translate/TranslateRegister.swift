import Bits
import IR

extension Translator {
    /// Data processing, register.
    mutating func register(_ b: inout IRBlock, _ instruction: RegisterInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .and_reg: return logical(&b, .and, o)
        case .bic: return logical(&b, .andNot, o)
        case .orr_reg: return logical(&b, .or, o)
        case .orn: return logical(&b, .or, o, inverts: true)
        case .eor_reg: return logical(&b, .xor, o)
        case .eon: return logical(&b, .xor, o, inverts: true)
        case .ands_reg: return logical(&b, .and, o, setsFlags: true)
        case .bics: return logical(&b, .andNot, o, setsFlags: true)
        case .add_reg: return addShifted(&b, .add, o, setsFlags: false)
        case .adds_reg: return addShifted(&b, .add, o, setsFlags: true)
        case .sub_reg: return addShifted(&b, .sub, o, setsFlags: false)
        case .subs_reg: return addShifted(&b, .sub, o, setsFlags: true)
        case .add_ext: return addExtended(&b, .add, o, setsFlags: false)
        case .adds_ext: return addExtended(&b, .add, o, setsFlags: true)
        case .sub_ext: return addExtended(&b, .sub, o, setsFlags: false)
        case .subs_ext: return addExtended(&b, .sub, o, setsFlags: true)
        case .adc: addWithCarry(&b, o, inverts: false, setsFlags: false)
        case .adcs: addWithCarry(&b, o, inverts: false, setsFlags: true)
        case .sbc: addWithCarry(&b, o, inverts: true, setsFlags: false)
        case .sbcs: addWithCarry(&b, o, inverts: true, setsFlags: true)
        case .rmif: rotateIntoFlags(&b, o)
        case .setf8: setFlagsOfNarrow(&b, o, width: 8)
        case .setf16: setFlagsOfNarrow(&b, o, width: 16)
        case .ccmn_reg: conditionalCompare(&b, o, read(&b, word(o), o.rm), adds: true)
        case .ccmp_reg: conditionalCompare(&b, o, read(&b, word(o), o.rm), adds: false)
        case .ccmn_imm: conditionalCompare(&b, o, b.const(word(o), UInt64(o.rm)), adds: true)
        case .ccmp_imm: conditionalCompare(&b, o, b.const(word(o), UInt64(o.rm)), adds: false)
        case .csel, .csinc, .csinv, .csneg: conditionalSelect(&b, instruction, o)
        case .udiv: divide(&b, .divU, o)
        case .sdiv: divide(&b, .divS, o)
        case .lslv: shift(&b, .shl, o)
        case .lsrv: shift(&b, .shrU, o)
        case .asrv: shift(&b, .shrS, o)
        case .rorv: shift(&b, .rotr, o)
        case .crc32b, .crc32cb: checksum(&b, o, .i8)
        case .crc32h, .crc32ch: checksum(&b, o, .i16)
        case .crc32w, .crc32cw: checksum(&b, o, .i32)
        case .crc32x, .crc32cx: checksum(&b, o, .i64)
        case .rbit: unary(&b, o) { b, type, value in b.unary(.bswap, type, reverseBitsOfBytes(&b, type, value)) }
        case .rev16: unary(&b, o, reverseHalfwords)
        case .rev_32, .rev: unary(&b, o) { b, type, value in b.unary(.bswap, type, value) }
        case .rev32: unary(&b, o) { b, type, value in b.binary(.rotl, type, b.unary(.bswap, type, value), b.const(type, 32)) }
        case .clz: unary(&b, o) { b, type, value in b.unary(.clz, type, value) }
        case .cls: unary(&b, o, countSignBits)
        case .madd: multiplyAdd(&b, .add, o)
        case .msub: multiplyAdd(&b, .sub, o)
        case .smaddl: multiplyAddLong(&b, .add, o, signed: true)
        case .smsubl: multiplyAddLong(&b, .sub, o, signed: true)
        case .umaddl: multiplyAddLong(&b, .add, o, signed: false)
        case .umsubl: multiplyAddLong(&b, .sub, o, signed: false)
        case .smulh: write(&b, o.rd, .i64, b.binary(.mulHighS, .i64, read(&b, .i64, o.rn), read(&b, .i64, o.rm)))
        case .umulh: write(&b, o.rd, .i64, b.binary(.mulHighU, .i64, read(&b, .i64, o.rn), read(&b, .i64, o.rm)))
        case .pacga: write(&b, o.rd, .i64, b.call(AArch64Helper.genericCode.rawValue, read(&b, .i64, o.rn), readSP(&b, .i64, o.rm)))
        case .pacia, .pacib, .pacda, .pacdb, .autia, .autib, .autda, .autdb:
            pointer(&b, o.rd, AuthenticationStep(fields: o.field(10, 3)), modifier: readSP(&b, .i64, o.rn))
        case .paciza, .pacizb, .pacdza, .pacdzb, .autiza, .autizb, .autdza, .autdzb:
            pointer(&b, o.rd, AuthenticationStep(fields: o.field(10, 3)), modifier: b.const(.i64, 0))
        case .xpaci, .xpacd: write(&b, o.rd, .i64, stripped(&b, read(&b, .i64, o.rd)))
        }
        return true
    }

    // MARK: Operands

    /// A shifted register; nil for a shift that the size does not have.
    private func shifted(_ b: inout IRBlock, _ o: Operands) -> Value? {
        let type = word(o), amount = o.field(10, 6)
        guard amount < type.bits else { return nil }
        let value = read(&b, type, o.rm)
        if amount == 0 { return value }
        let opcodes: [Opcode] = [.shl, .shrU, .shrS, .rotr]
        return b.binary(opcodes[o.field(22, 2)], type, value, b.const(type, UInt64(amount)))
    }

    /// A register extended from a byte, half-word, word or double-word, then shifted left.
    func extended(_ b: inout IRBlock, _ type: IRType, _ register: Int, kind: Int, shift: Int) -> Value {
        let width = 8 << (kind & 3)
        var value = read(&b, type, register)
        if width < type.bits { value = b.extract(type, value, low: 0, count: width, signed: kind & 4 != 0) }
        return shift == 0 ? value : b.binary(.shl, type, value, b.const(type, UInt64(shift)))
    }

    private func unary(_ b: inout IRBlock, _ o: Operands, _ operation: (inout IRBlock, IRType, Value) -> Value) {
        let value = read(&b, word(o), o.rn)
        write(&b, o.rd, word(o), operation(&b, word(o), value))
    }

    // MARK: Arithmetic and logic

    private mutating func logical(
        _ b: inout IRBlock, _ opcode: Opcode, _ o: Operands, inverts: Bool = false, setsFlags: Bool = false
    ) -> Bool {
        guard var right = shifted(&b, o) else { return false }
        let type = word(o)
        if inverts { right = b.unary(.not, type, right) }
        // mov: nothing to compute.
        let isMove = o.rn == 31 && (opcode == .or || opcode == .xor)
        let result = isMove ? right : b.binary(opcode, type, read(&b, type, o.rn), right)
        if setsFlags { setFlags(&b, logic: type, result) }
        write(&b, o.rd, type, result)
        return true
    }

    private mutating func addShifted(_ b: inout IRBlock, _ opcode: Opcode, _ o: Operands, setsFlags: Bool) -> Bool {
        guard o.field(22, 2) != 3, let right = shifted(&b, o) else { return false }
        let left = read(&b, word(o), o.rn)
        if setsFlags {
            if opcode == .add { addSettingFlags(&b, o, left, right) } else { subtractSettingFlags(&b, o, left, right) }
        } else {
            write(&b, o.rd, word(o), b.binary(opcode, word(o), left, right))
        }
        return true
    }

    private mutating func addExtended(_ b: inout IRBlock, _ opcode: Opcode, _ o: Operands, setsFlags: Bool) -> Bool {
        guard o.field(10, 3) <= 4 else { return false }
        let right = extended(&b, word(o), o.rm, kind: o.field(13, 3), shift: o.field(10, 3))
        let left = readSP(&b, word(o), o.rn)
        if setsFlags {
            if opcode == .add { addSettingFlags(&b, o, left, right) } else { subtractSettingFlags(&b, o, left, right) }
        } else {
            writeSP(&b, o.rd, word(o), b.binary(opcode, word(o), left, right))
        }
        return true
    }

    private mutating func addWithCarry(_ b: inout IRBlock, _ o: Operands, inverts: Bool, setsFlags: Bool) {
        let type = word(o)
        let left = read(&b, type, o.rn)
        var right = read(&b, type, o.rm)
        if inverts { right = b.unary(.not, type, right) }
        let carry = test(&b, A64Condition.cs.rawValue).truth(&b, type)
        let partial = b.add(type, left, right)
        let result = b.add(type, partial, carry)
        write(&b, o.rd, type, result)
        guard setsFlags else { return }
        let first = b.compare(.i64, .ltU, partial, left), second = b.compare(.i64, .ltU, result, partial)
        let overflow = b.binary(.and, type, b.binary(.xor, type, left, result), b.binary(.xor, type, right, result))
        setFlags(&b, type, result: result, carry: b.binary(.or, .i64, first, second), overflow: overflow)
    }

    private func divide(_ b: inout IRBlock, _ opcode: Opcode, _ o: Operands) {
        let left = read(&b, word(o), o.rn), right = read(&b, word(o), o.rm)
        write(&b, o.rd, word(o), b.divide(opcode, word(o), left, right, .zero))
    }

    private func shift(_ b: inout IRBlock, _ opcode: Opcode, _ o: Operands) {
        let left = read(&b, word(o), o.rn), right = read(&b, word(o), o.rm)
        write(&b, o.rd, word(o), b.binary(opcode, word(o), left, right))
    }

    private func multiplyAdd(_ b: inout IRBlock, _ opcode: Opcode, _ o: Operands) {
        let type = word(o)
        let product = b.binary(.mul, type, read(&b, type, o.rn), read(&b, type, o.rm))
        // mul: nothing to add.
        let isProduct = o.ra == 31 && opcode == .add
        write(&b, o.rd, type, isProduct ? product : b.binary(opcode, type, read(&b, type, o.ra), product))
    }

    private func multiplyAddLong(_ b: inout IRBlock, _ opcode: Opcode, _ o: Operands, signed: Bool) {
        func wide(_ b: inout IRBlock, _ register: Int) -> Value {
            let half = read(&b, .i32, register)
            return signed ? b.sext(.i64, half) : b.zext(.i64, half)
        }
        let product = b.binary(.mul, .i64, wide(&b, o.rn), wide(&b, o.rm))
        let isProduct = o.ra == 31 && opcode == .add
        write(&b, o.rd, .i64, isProduct ? product : b.binary(opcode, .i64, read(&b, .i64, o.ra), product))
    }

    // MARK: Conditions

    private func conditionalSelect(_ b: inout IRBlock, _ instruction: RegisterInstruction, _ o: Operands) {
        let type = word(o)
        let test = test(&b, o.cond)
        let yes = read(&b, type, o.rn)
        var no = read(&b, type, o.rm)
        // cset and csetm are the truth itself.
        if o.rn == 31, o.rm == 31, instruction == .csinc { return write(&b, o.rd, type, test.negated.truth(&b, type)) }
        switch instruction {
        case .csinc: no = b.add(type, no, b.const(type, 1))
        case .csinv: no = b.unary(.not, type, no)
        case .csneg: no = b.unary(.neg, type, no)
        default: break
        }
        write(&b, o.rd, type, test.select(&b, type, yes, no))
    }

    private mutating func conditionalCompare(_ b: inout IRBlock, _ o: Operands, _ right: Value, adds: Bool) {
        let type = word(o)
        let truth = test(&b, o.cond).truth(&b)
        setFlags(&b, if: truth, adds: adds, type, read(&b, type, o.rn), right, otherwise: UInt64(o.field(0, 4)))
    }

    // MARK: Flags as operands

    private mutating func rotateIntoFlags(_ b: inout IRBlock, _ o: Operands) {
        let rotated = b.binary(.rotr, .i64, read(&b, .i64, o.rn), b.const(.i64, UInt64(o.field(15, 6))))
        let mask = UInt64(o.field(0, 4))
        let kept = b.binary(.and, .i64, nzcv(&b), b.const(.i64, ~mask & 15))
        setFlags(&b, explicit: b.binary(.or, .i64, kept, b.binary(.and, .i64, rotated, b.const(.i64, mask))))
    }

    private mutating func setFlagsOfNarrow(_ b: inout IRBlock, _ o: Operands, width: UInt64) {
        let value = read(&b, .i64, o.rn)
        let carry = b.binary(.and, .i64, nzcv(&b), b.const(.i64, 2))
        func bit(_ b: inout IRBlock, _ value: Value, _ place: UInt64) -> Value { b.extract(.i64, value, low: Int(place), count: 1) }
        let sign = bit(&b, value, width - 1)
        let overflow = b.binary(.xor, .i64, bit(&b, value, width), sign)
        let low = b.extract(.i64, value, low: 0, count: Int(width))
        let zero = b.binary(.shl, .i64, b.compare(.i64, .eq, low, b.const(.i64, 0)), b.const(.i64, 2))
        let negative = b.binary(.shl, .i64, sign, b.const(.i64, 3))
        setFlags(&b, explicit: b.binary(.or, .i64, b.binary(.or, .i64, negative, zero), b.binary(.or, .i64, carry, overflow)))
    }

    // MARK: Bits

    /// Without the IR's own operation, which the code generators lack: swaps of neighbours, pairs and nibbles.
    private func reverseBitsOfBytes(_ b: inout IRBlock, _ type: IRType, _ value: Value) -> Value {
        let masks: [(UInt64, UInt64)] = [(1, 0x5555_5555_5555_5555), (2, 0x3333_3333_3333_3333), (4, 0x0f0f_0f0f_0f0f_0f0f)]
        return masks.reduce(value) { value, step in swapFields(&b, type, value, mask: step.1, distance: step.0) }
    }

    private func reverseHalfwords(_ b: inout IRBlock, _ type: IRType, _ value: Value) -> Value {
        swapFields(&b, type, value, mask: 0x00ff_00ff_00ff_00ff, distance: 8)
    }

    /// Exchanges the fields that the mask shows with those `distance` bits above.
    private func swapFields(_ b: inout IRBlock, _ type: IRType, _ value: Value, mask: UInt64, distance: UInt64) -> Value {
        let mask = b.const(type, mask), distance = b.const(type, distance)
        let up = b.binary(.shl, type, b.binary(.and, type, value, mask), distance)
        return b.binary(.or, type, up, b.binary(.and, type, b.binary(.shrU, type, value, distance), mask))
    }

    /// Leading bits equal to the sign, without the sign itself.
    private func countSignBits(_ b: inout IRBlock, _ type: IRType, _ value: Value) -> Value {
        let sign = b.binary(.shrS, type, value, b.const(type, UInt64(type.bits - 1)))
        let zeros = b.unary(.clz, type, b.binary(.xor, type, value, sign))
        return b.sub(type, zeros, b.const(type, 1))
    }

    private func checksum(_ b: inout IRBlock, _ o: Operands, _ type: IRType) {
        let value = read(&b, .i64, o.rm), accumulator = b.zext(.i64, read(&b, .i32, o.rn))
        let kind = UInt64(type.bytes) | (o.bit(12) ? 16 : 0)
        write(&b, o.rd, .i64, b.call(AArch64Helper.checksum.rawValue, accumulator, value, b.const(.i64, kind)))
    }
}
