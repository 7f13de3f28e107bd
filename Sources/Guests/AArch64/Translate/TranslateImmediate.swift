import Bits
import IR

extension Translator {
    /// Data processing, immediate.
    mutating func immediate(_ b: inout IRBlock, _ instruction: ImmediateInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .adr: write(&b, o.rd, .i64, b.const(.i64, pc &+ UInt64(bitPattern: o.pcRelative)))
        case .adrp: write(&b, o.rd, .i64, b.const(.i64, pc & ~0xfff &+ UInt64(bitPattern: o.pcRelative << 12)))
        case .add_imm: addImmediate(&b, .add, o)
        case .sub_imm: addImmediate(&b, .sub, o)
        case .adds_imm:
            let left = readSP(&b, word(o), o.rn)
            addSettingFlags(&b, o, left, b.const(word(o), o.arithmeticImmediate))
        case .subs_imm:
            let left = readSP(&b, word(o), o.rn)
            subtractSettingFlags(&b, o, left, b.const(word(o), o.arithmeticImmediate))
        case .and_imm: return logicalImmediate(&b, .and, o)
        case .orr_imm: return logicalImmediate(&b, .or, o)
        case .eor_imm: return logicalImmediate(&b, .xor, o)
        case .ands_imm: return logicalImmediate(&b, .and, o, setsFlags: true)
        case .movn, .movz, .movk: return moveWide(&b, instruction, o)
        case .sbfm: return bitfield(&b, o, signed: true)
        case .ubfm: return bitfield(&b, o, signed: false)
        case .bfm: return bitfieldInsert(&b, o)
        case .extr: return extractPair(&b, o)
        }
        return true
    }

    private func addImmediate(_ b: inout IRBlock, _ opcode: Opcode, _ o: Operands) {
        let type = word(o)
        let left = readSP(&b, type, o.rn)
        writeSP(&b, o.rd, type, b.binary(opcode, type, left, b.const(type, o.arithmeticImmediate)))
    }

    mutating func addSettingFlags(_ b: inout IRBlock, _ o: Operands, _ left: Value, _ right: Value) {
        let result = b.add(word(o), left, right)
        setFlags(&b, add: word(o), left, right, result: result)
        write(&b, o.rd, word(o), result)
    }

    mutating func subtractSettingFlags(_ b: inout IRBlock, _ o: Operands, _ left: Value, _ right: Value) {
        setFlags(&b, sub: word(o), left, right)
        if o.rd != 31 { write(&b, o.rd, word(o), b.sub(word(o), left, right)) }
    }

    private mutating func logicalImmediate(_ b: inout IRBlock, _ opcode: Opcode, _ o: Operands, setsFlags: Bool = false) -> Bool {
        guard let mask = o.bitmask else { return false }
        let type = word(o)
        let left = read(&b, type, o.rn)
        let result = b.binary(opcode, type, left, b.const(type, mask))
        if setsFlags {
            setFlags(&b, logic: type, result)
            write(&b, o.rd, type, result)
        } else {
            writeSP(&b, o.rd, type, result)
        }
        return true
    }

    private func moveWide(_ b: inout IRBlock, _ instruction: ImmediateInstruction, _ o: Operands) -> Bool {
        let shift = 16 * o.field(21, 2)
        guard o.is64 || shift < 32 else { return false }
        let type = word(o)
        let value = UInt64(o.field(5, 16)) << UInt64(shift)
        if instruction != .movk {
            write(&b, o.rd, .i64, b.const(.i64, (instruction == .movn ? ~value : value) & type.mask))
        } else {
            let old = read(&b, type, o.rd)
            write(&b, o.rd, type, b.deposit(type, old, b.const(type, UInt64(o.field(5, 16))), low: shift, count: 16))
        }
        return true
    }

    // MARK: Bit fields

    /// Whether N is as the size wants it and the positions lie within it.
    private func isValidBitfield(_ o: Operands) -> Bool { o.bit(22) == o.is64 && (o.is64 || (!o.bit(21) && !o.bit(15))) }

    /// ubfm and sbfm: shifts, extensions and moves of a field.
    private func bitfield(_ b: inout IRBlock, _ o: Operands, signed: Bool) -> Bool {
        guard isValidBitfield(o) else { return false }
        let type = word(o), first = o.field(16, 6), last = o.field(10, 6)
        let source = read(&b, type, o.rn)
        let result: Value
        if last == type.bits - 1 {
            result = b.binary(signed ? .shrS : .shrU, type, source, b.const(type, UInt64(first)))
        } else if last >= first {
            result = b.extract(type, source, low: first, count: last - first + 1, signed: signed)
        } else {
            let shift = type.bits - first
            let isPlainShift = last + 1 + shift == type.bits
            let field = isPlainShift ? source : b.extract(type, source, low: 0, count: last + 1, signed: signed)
            result = b.binary(.shl, type, field, b.const(type, UInt64(shift)))
        }
        write(&b, o.rd, type, result)
        return true
    }

    private func bitfieldInsert(_ b: inout IRBlock, _ o: Operands) -> Bool {
        guard isValidBitfield(o) else { return false }
        let type = word(o), first = o.field(16, 6), last = o.field(10, 6)
        let source = read(&b, type, o.rn), old = read(&b, type, o.rd)
        let result: Value
        if last >= first {
            let moved = b.binary(.shrU, type, source, b.const(type, UInt64(first)))
            result = b.deposit(type, old, moved, low: 0, count: last - first + 1)
        } else {
            result = b.deposit(type, old, source, low: type.bits - first, count: last + 1)
        }
        write(&b, o.rd, type, result)
        return true
    }

    private func extractPair(_ b: inout IRBlock, _ o: Operands) -> Bool {
        guard o.bit(22) == o.is64, o.is64 || !o.bit(15) else { return false }
        let type = word(o), low = o.field(10, 6)
        let right = read(&b, type, o.rm)
        var result = right
        if o.rn == o.rm {
            result = b.binary(.rotr, type, right, b.const(type, UInt64(low)))
        } else if low != 0 {
            let upper = b.binary(.shl, type, read(&b, type, o.rn), b.const(type, UInt64(type.bits - low)))
            result = b.binary(.or, type, b.binary(.shrU, type, right, b.const(type, UInt64(low))), upper)
        }
        write(&b, o.rd, type, result)
        return true
    }
}

extension Operands {
    /// The distance of adr and adrp.
    var pcRelative: Int64 { (bits.bits(5, 19) << 2 | bits.bits(29, 2)).signExtended(from: 21) }

    /// The immediate of add and sub, shifted.
    var arithmeticImmediate: UInt64 { UInt64(field(10, 12)) << (bit(22) ? 12 : 0) }

    /// The bitmask immediate of the logical instructions; nil for a reserved one.
    var bitmask: UInt64? { bitmaskImmediate(n: field(22, 1), immr: field(16, 6), imms: field(10, 6), is64: is64) }
}

/// DecodeBitMasks (DDI 0487, J1.1.3): a run of `imms` + 1 ones, rotated and repeated.
func bitmaskImmediate(n: Int, immr: Int, imms: Int, is64: Bool) -> UInt64? {
    let selector = n << 6 | (~imms & 63)
    guard selector > 1, is64 || n == 0 else { return nil }
    let length = Int.bitWidth - 1 - selector.leadingZeroBitCount
    let size = 1 << length
    let ones = imms & (size - 1), rotation = UInt64(immr & (size - 1))
    guard ones != size - 1 else { return nil }
    let run: UInt64 = (1 << UInt64(ones + 1)) - 1
    let mask: UInt64 = size == 64 ? .max : (1 << UInt64(size)) - 1
    var element = rotation == 0 ? run : (run >> rotation | run << (UInt64(size) - rotation)) & mask
    var width = size
    while width < 64 {
        element |= element << UInt64(width)
        width *= 2
    }
    return is64 ? element : element & 0xffff_ffff
}
