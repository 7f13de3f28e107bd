import Bits

/// A compressed instruction as the 32-bit instruction that it stands for (Volume I, tables 26.1 to 26.5).
///
/// Returns nil for the reserved encodings.
func expand(_ instruction: CompressedInstruction, _ bits: UInt32, rv64: Bool) -> UInt32? {
    let c = CompressedFields(bits)
    switch instruction {
    case .c_addi4spn: return c.immAddi4spn == 0 ? nil : wide(.addi, 0x13, rd: c.z, rs1: 2, imm: c.immAddi4spn)
    case .c_lw: return wide(.lw, 0x2003, rd: c.z, rs1: c.x, imm: c.immWord)
    case .c_ld: return wide(.ld, 0x3003, rd: c.z, rs1: c.x, imm: c.immDouble)
    case .c_flw: return wide(.lw, 0x2007, rd: c.z, rs1: c.x, imm: c.immWord)
    case .c_fld: return wide(.ld, 0x3007, rd: c.z, rs1: c.x, imm: c.immDouble)
    case .c_sw: return store(0x2023, rs1: c.x, rs2: c.z, imm: c.immWord)
    case .c_sd: return store(0x3023, rs1: c.x, rs2: c.z, imm: c.immDouble)
    case .c_fsw: return store(0x2027, rs1: c.x, rs2: c.z, imm: c.immWord)
    case .c_fsd: return store(0x3027, rs1: c.x, rs2: c.z, imm: c.immDouble)
    case .c_addi: return wide(.addi, 0x13, rd: c.d, rs1: c.d, imm: c.imm6)
    case .c_jal: return jump(rd: 1, imm: c.immJump)
    case .c_addiw: return c.d == 0 ? nil : wide(.addiw, 0x1b, rd: c.d, rs1: c.d, imm: c.imm6)
    case .c_li: return wide(.addi, 0x13, rd: c.d, rs1: 0, imm: c.imm6)
    case .c_addi16sp: return c.immAddi16sp == 0 ? nil : wide(.addi, 0x13, rd: 2, rs1: 2, imm: c.immAddi16sp)
    case .c_lui: return c.imm6 == 0 ? nil : 0x37 | c.d << 7 | UInt32(truncatingIfNeeded: c.imm6) << 12
    case .c_srli: return shift(0x5013, c, rd: c.x, rv64: rv64)
    case .c_srai: return shift(0x4000_5013, c, rd: c.x, rv64: rv64)
    case .c_slli: return shift(0x1013, c, rd: c.d, rv64: rv64)
    case .c_andi: return wide(.andi, 0x7013, rd: c.x, rs1: c.x, imm: c.imm6)
    case .c_sub: return register(0x4000_0033, c.x, c.x, c.z)
    case .c_xor: return register(0x4033, c.x, c.x, c.z)
    case .c_or: return register(0x6033, c.x, c.x, c.z)
    case .c_and: return register(0x7033, c.x, c.x, c.z)
    case .c_subw: return register(0x4000_003b, c.x, c.x, c.z)
    case .c_addw: return register(0x3b, c.x, c.x, c.z)
    case .c_j: return jump(rd: 0, imm: c.immJump)
    case .c_beqz: return branch(0x63, rs1: c.x, imm: c.immBranch)
    case .c_bnez: return branch(0x1063, rs1: c.x, imm: c.immBranch)
    case .c_fldsp: return wide(.ld, 0x3007, rd: c.d, rs1: 2, imm: c.immDoubleSP)
    case .c_lwsp: return c.d == 0 ? nil : wide(.lw, 0x2003, rd: c.d, rs1: 2, imm: c.immWordSP)
    case .c_flwsp: return wide(.lw, 0x2007, rd: c.d, rs1: 2, imm: c.immWordSP)
    case .c_ldsp: return c.d == 0 ? nil : wide(.ld, 0x3003, rd: c.d, rs1: 2, imm: c.immDoubleSP)
    case .c_jr: return c.d == 0 ? nil : wide(.jalr, 0x67, rd: 0, rs1: c.d, imm: 0)
    case .c_mv: return register(0x33, c.d, 0, c.t)
    case .c_ebreak: return 0x0010_0073
    case .c_jalr: return wide(.jalr, 0x67, rd: 1, rs1: c.d, imm: 0)
    case .c_add: return register(0x33, c.d, c.d, c.t)
    case .c_fsdsp: return store(0x3027, rs1: 2, rs2: c.t, imm: c.immStoreDoubleSP)
    case .c_swsp: return store(0x2023, rs1: 2, rs2: c.t, imm: c.immStoreWordSP)
    case .c_fswsp: return store(0x2027, rs1: 2, rs2: c.t, imm: c.immStoreWordSP)
    case .c_sdsp: return store(0x3023, rs1: 2, rs2: c.t, imm: c.immStoreDoubleSP)
    case .c_lbu: return wide(.lbu, 0x4003, rd: c.z, rs1: c.x, imm: c.immByte)
    case .c_lhu: return wide(.lhu, 0x5003, rd: c.z, rs1: c.x, imm: c.immHalf)
    case .c_lh: return wide(.lh, 0x1003, rd: c.z, rs1: c.x, imm: c.immHalf)
    case .c_sb: return store(0x23, rs1: c.x, rs2: c.z, imm: c.immByte)
    case .c_sh: return store(0x1023, rs1: c.x, rs2: c.z, imm: c.immHalf)
    case .c_zext_b: return wide(.andi, 0x7013, rd: c.x, rs1: c.x, imm: 255)
    case .c_sext_b: return wide(.addi, 0x6040_1013, rd: c.x, rs1: c.x, imm: 0)
    case .c_zext_h: return register(rv64 ? 0x0800_403b : 0x0800_4033, c.x, c.x, 0)
    case .c_sext_h: return wide(.addi, 0x6050_1013, rd: c.x, rs1: c.x, imm: 0)
    case .c_zext_w: return register(0x0800_003b, c.x, c.x, 0)
    case .c_not: return wide(.xori, 0x4013, rd: c.x, rs1: c.x, imm: -1)
    case .c_mul: return register(0x0200_0033, c.x, c.x, c.z)
    }
}

/// The operand fields of 16-bit instructions.
private struct CompressedFields {
    let bits: UInt32
    init(_ bits: UInt32) { self.bits = bits }

    /// Full register number in bits 7–11.
    var d: UInt32 { bits.bits(7, 5) }
    /// Full register number in bits 2–6.
    var t: UInt32 { bits.bits(2, 5) }
    /// Short register number in bits 7–9, of x8–x15.
    var x: UInt32 { 8 + bits.bits(7, 3) }
    /// Short register number in bits 2–4.
    var z: UInt32 { 8 + bits.bits(2, 3) }

    var imm6: Int64 { (bits.bits(2, 5) | bits.bits(12, 1) << 5).signExtended(from: 6) }
    var shamt: UInt32 { bits.bits(2, 5) | bits.bits(12, 1) << 5 }
    var immAddi4spn: Int64 {
        let high = bits.bits(7, 4) << 6 | bits.bits(11, 2) << 4
        return Int64(high | bits.bits(5, 1) << 3 | bits.bits(6, 1) << 2)
    }
    var immAddi16sp: Int64 {
        let high = bits.bits(12, 1) << 9 | bits.bits(3, 2) << 7 | bits.bits(5, 1) << 6
        return (high | bits.bits(2, 1) << 5 | bits.bits(6, 1) << 4).signExtended(from: 10)
    }
    var immWord: Int64 { Int64(bits.bits(10, 3) << 3 | bits.bits(6, 1) << 2 | bits.bits(5, 1) << 6) }
    var immDouble: Int64 { Int64(bits.bits(10, 3) << 3 | bits.bits(5, 2) << 6) }
    var immWordSP: Int64 { Int64(bits.bits(4, 3) << 2 | bits.bits(12, 1) << 5 | bits.bits(2, 2) << 6) }
    var immDoubleSP: Int64 { Int64(bits.bits(5, 2) << 3 | bits.bits(12, 1) << 5 | bits.bits(2, 3) << 6) }
    var immStoreWordSP: Int64 { Int64(bits.bits(9, 4) << 2 | bits.bits(7, 2) << 6) }
    var immStoreDoubleSP: Int64 { Int64(bits.bits(10, 3) << 3 | bits.bits(7, 3) << 6) }
    var immByte: Int64 { Int64(bits.bits(6, 1) | bits.bits(5, 1) << 1) }
    var immHalf: Int64 { Int64(bits.bits(5, 1) << 1) }
    var immJump: Int64 {
        let low = bits.bits(3, 3) << 1 | bits.bits(11, 1) << 4 | bits.bits(2, 1) << 5
        let high = bits.bits(7, 1) << 6 | bits.bits(6, 1) << 7 | bits.bits(9, 2) << 8
        return (low | high | bits.bits(8, 1) << 10 | bits.bits(12, 1) << 11).signExtended(from: 12)
    }
    var immBranch: Int64 {
        let low = bits.bits(3, 2) << 1 | bits.bits(10, 2) << 3 | bits.bits(2, 1) << 5
        return (low | bits.bits(5, 2) << 6 | bits.bits(12, 1) << 8).signExtended(from: 9)
    }
}

/// An I-type instruction; `instruction` names the row for the reader.
private func wide(_ instruction: BaseInstruction, _ opcode: UInt32, rd: UInt32, rs1: UInt32, imm: Int64) -> UInt32 {
    opcode | rd << 7 | rs1 << 15 | UInt32(truncatingIfNeeded: imm) << 20
}

private func register(_ opcode: UInt32, _ rd: UInt32, _ rs1: UInt32, _ rs2: UInt32) -> UInt32 { opcode | rd << 7 | rs1 << 15 | rs2 << 20 }

private func shift(_ opcode: UInt32, _ c: CompressedFields, rd: UInt32, rv64: Bool) -> UInt32? {
    !rv64 && c.shamt >= 32 ? nil : opcode | rd << 7 | rd << 15 | c.shamt << 20
}

private func store(_ opcode: UInt32, rs1: UInt32, rs2: UInt32, imm: Int64) -> UInt32 {
    let i = UInt32(truncatingIfNeeded: imm)
    return opcode | rs1 << 15 | rs2 << 20 | i.bits(0, 5) << 7 | i.bits(5, 7) << 25
}

private func branch(_ opcode: UInt32, rs1: UInt32, imm: Int64) -> UInt32 {
    let i = UInt32(truncatingIfNeeded: imm)
    let low = i.bits(1, 4) << 8 | i.bits(11, 1) << 7
    return opcode | rs1 << 15 | low | i.bits(5, 6) << 25 | i.bits(12, 1) << 31
}

private func jump(rd: UInt32, imm: Int64) -> UInt32 {
    let i = UInt32(truncatingIfNeeded: imm)
    let low = i.bits(12, 8) << 12 | i.bits(11, 1) << 20
    return 0x6f | rd << 7 | low | i.bits(1, 10) << 21 | i.bits(20, 1) << 31
}
