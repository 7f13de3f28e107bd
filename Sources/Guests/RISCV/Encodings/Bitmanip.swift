import Decoding

/// Zba, Zbb, Zbc, Zbs (Volume I, chapter 28) and Zicond.
enum BitmanipInstruction: Int, ChapterInstruction {
    case sh1add, sh2add, sh3add, add_uw, sh1add_uw, sh2add_uw, sh3add_uw, slli_uw
    case andn, orn, xnor, clz, ctz, cpop, clzw, ctzw, cpopw
    case max, maxu, min, minu, sext_b, sext_h, zext_h
    case rol, rolw, ror, rorw, rori, roriw, orc_b, rev8
    case clmul, clmulh, clmulr
    case bclr, bclri, bext, bexti, binv, binvi, bset, bseti
    case czero_eqz, czero_nez

    static let chapter = Chapter.bitmanip
}

let bitmanipRows: [DecodeRow] = [
    .init(BitmanipInstruction.sh1add, "0010000 ttttt sssss 010 ddddd 0110011", .zba),
    .init(BitmanipInstruction.sh2add, "0010000 ttttt sssss 100 ddddd 0110011", .zba),
    .init(BitmanipInstruction.sh3add, "0010000 ttttt sssss 110 ddddd 0110011", .zba),
    .init(BitmanipInstruction.add_uw, "0000100 ttttt sssss 000 ddddd 0111011", [.zba, .rv64]),
    .init(BitmanipInstruction.sh1add_uw, "0010000 ttttt sssss 010 ddddd 0111011", [.zba, .rv64]),
    .init(BitmanipInstruction.sh2add_uw, "0010000 ttttt sssss 100 ddddd 0111011", [.zba, .rv64]),
    .init(BitmanipInstruction.sh3add_uw, "0010000 ttttt sssss 110 ddddd 0111011", [.zba, .rv64]),
    .init(BitmanipInstruction.slli_uw, "000010 hhhhhh sssss 001 ddddd 0011011", [.zba, .rv64]),
    .init(BitmanipInstruction.andn, "0100000 ttttt sssss 111 ddddd 0110011", .zbb),
    .init(BitmanipInstruction.orn, "0100000 ttttt sssss 110 ddddd 0110011", .zbb),
    .init(BitmanipInstruction.xnor, "0100000 ttttt sssss 100 ddddd 0110011", .zbb),
    .init(BitmanipInstruction.clz, "0110000 00000 sssss 001 ddddd 0010011", .zbb),
    .init(BitmanipInstruction.ctz, "0110000 00001 sssss 001 ddddd 0010011", .zbb),
    .init(BitmanipInstruction.cpop, "0110000 00010 sssss 001 ddddd 0010011", .zbb),
    .init(BitmanipInstruction.clzw, "0110000 00000 sssss 001 ddddd 0011011", [.zbb, .rv64]),
    .init(BitmanipInstruction.ctzw, "0110000 00001 sssss 001 ddddd 0011011", [.zbb, .rv64]),
    .init(BitmanipInstruction.cpopw, "0110000 00010 sssss 001 ddddd 0011011", [.zbb, .rv64]),
    .init(BitmanipInstruction.max, "0000101 ttttt sssss 110 ddddd 0110011", .zbb),
    .init(BitmanipInstruction.maxu, "0000101 ttttt sssss 111 ddddd 0110011", .zbb),
    .init(BitmanipInstruction.min, "0000101 ttttt sssss 100 ddddd 0110011", .zbb),
    .init(BitmanipInstruction.minu, "0000101 ttttt sssss 101 ddddd 0110011", .zbb),
    .init(BitmanipInstruction.sext_b, "0110000 00100 sssss 001 ddddd 0010011", .zbb),
    .init(BitmanipInstruction.sext_h, "0110000 00101 sssss 001 ddddd 0010011", .zbb),
    .init(BitmanipInstruction.zext_h, "0000100 00000 sssss 100 ddddd 0111011", [.zbb, .rv64]),
    .init(BitmanipInstruction.zext_h, "0000100 00000 sssss 100 ddddd 0110011", [.zbb, .rv32]),
    .init(BitmanipInstruction.rol, "0110000 ttttt sssss 001 ddddd 0110011", .zbb),
    .init(BitmanipInstruction.rolw, "0110000 ttttt sssss 001 ddddd 0111011", [.zbb, .rv64]),
    .init(BitmanipInstruction.ror, "0110000 ttttt sssss 101 ddddd 0110011", .zbb),
    .init(BitmanipInstruction.rorw, "0110000 ttttt sssss 101 ddddd 0111011", [.zbb, .rv64]),
    .init(BitmanipInstruction.rori, "011000 hhhhhh sssss 101 ddddd 0010011", [.zbb, .rv64]),
    .init(BitmanipInstruction.rori, "0110000 hhhhh sssss 101 ddddd 0010011", [.zbb, .rv32]),
    .init(BitmanipInstruction.roriw, "0110000 hhhhh sssss 101 ddddd 0011011", [.zbb, .rv64]),
    .init(BitmanipInstruction.orc_b, "0010100 00111 sssss 101 ddddd 0010011", .zbb),
    .init(BitmanipInstruction.rev8, "0110101 11000 sssss 101 ddddd 0010011", [.zbb, .rv64]),
    .init(BitmanipInstruction.rev8, "0110100 11000 sssss 101 ddddd 0010011", [.zbb, .rv32]),
    .init(BitmanipInstruction.clmul, "0000101 ttttt sssss 001 ddddd 0110011", .zbc),
    .init(BitmanipInstruction.clmulh, "0000101 ttttt sssss 011 ddddd 0110011", .zbc),
    .init(BitmanipInstruction.clmulr, "0000101 ttttt sssss 010 ddddd 0110011", .zbc),
    .init(BitmanipInstruction.bclr, "0100100 ttttt sssss 001 ddddd 0110011", .zbs),
    .init(BitmanipInstruction.bclri, "010010 hhhhhh sssss 001 ddddd 0010011", [.zbs, .rv64]),
    .init(BitmanipInstruction.bclri, "0100100 hhhhh sssss 001 ddddd 0010011", [.zbs, .rv32]),
    .init(BitmanipInstruction.bext, "0100100 ttttt sssss 101 ddddd 0110011", .zbs),
    .init(BitmanipInstruction.bexti, "010010 hhhhhh sssss 101 ddddd 0010011", [.zbs, .rv64]),
    .init(BitmanipInstruction.bexti, "0100100 hhhhh sssss 101 ddddd 0010011", [.zbs, .rv32]),
    .init(BitmanipInstruction.binv, "0110100 ttttt sssss 001 ddddd 0110011", .zbs),
    .init(BitmanipInstruction.binvi, "011010 hhhhhh sssss 001 ddddd 0010011", [.zbs, .rv64]),
    .init(BitmanipInstruction.binvi, "0110100 hhhhh sssss 001 ddddd 0010011", [.zbs, .rv32]),
    .init(BitmanipInstruction.bset, "0010100 ttttt sssss 001 ddddd 0110011", .zbs),
    .init(BitmanipInstruction.bseti, "001010 hhhhhh sssss 001 ddddd 0010011", [.zbs, .rv64]),
    .init(BitmanipInstruction.bseti, "0010100 hhhhh sssss 001 ddddd 0010011", [.zbs, .rv32]),
    .init(BitmanipInstruction.czero_eqz, "0000111 ttttt sssss 101 ddddd 0110011", .zicond),
    .init(BitmanipInstruction.czero_nez, "0000111 ttttt sssss 111 ddddd 0110011", .zicond),
]
