import Decoding

/// RV32M and RV64M (Volume I, chapter 13).
enum MultiplyInstruction: Int, ChapterInstruction {
    case mul, mulh, mulhsu, mulhu, div, divu, rem, remu
    case mulw, divw, divuw, remw, remuw

    static let chapter = Chapter.multiply
}

let multiplyRows: [DecodeRow] = [
    .init(MultiplyInstruction.mul, "0000001 ttttt sssss 000 ddddd 0110011", .m),
    .init(MultiplyInstruction.mulh, "0000001 ttttt sssss 001 ddddd 0110011", .m),
    .init(MultiplyInstruction.mulhsu, "0000001 ttttt sssss 010 ddddd 0110011", .m),
    .init(MultiplyInstruction.mulhu, "0000001 ttttt sssss 011 ddddd 0110011", .m),
    .init(MultiplyInstruction.div, "0000001 ttttt sssss 100 ddddd 0110011", .m),
    .init(MultiplyInstruction.divu, "0000001 ttttt sssss 101 ddddd 0110011", .m),
    .init(MultiplyInstruction.rem, "0000001 ttttt sssss 110 ddddd 0110011", .m),
    .init(MultiplyInstruction.remu, "0000001 ttttt sssss 111 ddddd 0110011", .m),
    .init(MultiplyInstruction.mulw, "0000001 ttttt sssss 000 ddddd 0111011", [.m, .rv64]),
    .init(MultiplyInstruction.divw, "0000001 ttttt sssss 100 ddddd 0111011", [.m, .rv64]),
    .init(MultiplyInstruction.divuw, "0000001 ttttt sssss 101 ddddd 0111011", [.m, .rv64]),
    .init(MultiplyInstruction.remw, "0000001 ttttt sssss 110 ddddd 0111011", [.m, .rv64]),
    .init(MultiplyInstruction.remuw, "0000001 ttttt sssss 111 ddddd 0111011", [.m, .rv64]),
]

/// RV32A and RV64A (Volume I, chapter 14), Zacas, Zawrs.
enum AtomicInstruction: Int, ChapterInstruction {
    case lr_w, sc_w, amoswap_w, amoadd_w, amoxor_w, amoand_w, amoor_w, amomin_w, amomax_w, amominu_w, amomaxu_w
    case lr_d, sc_d, amoswap_d, amoadd_d, amoxor_d, amoand_d, amoor_d, amomin_d, amomax_d, amominu_d, amomaxu_d
    case amocas_w, amocas_d, amocas_q
    case wrs_nto, wrs_sto

    static let chapter = Chapter.atomic
}

let atomicRows: [DecodeRow] = [
    .init(AtomicInstruction.lr_w, "00010 a r 00000 sssss 010 ddddd 0101111", .a),
    .init(AtomicInstruction.sc_w, "00011 a r ttttt sssss 010 ddddd 0101111", .a),
    .init(AtomicInstruction.amoswap_w, "00001 a r ttttt sssss 010 ddddd 0101111", .a),
    .init(AtomicInstruction.amoadd_w, "00000 a r ttttt sssss 010 ddddd 0101111", .a),
    .init(AtomicInstruction.amoxor_w, "00100 a r ttttt sssss 010 ddddd 0101111", .a),
    .init(AtomicInstruction.amoand_w, "01100 a r ttttt sssss 010 ddddd 0101111", .a),
    .init(AtomicInstruction.amoor_w, "01000 a r ttttt sssss 010 ddddd 0101111", .a),
    .init(AtomicInstruction.amomin_w, "10000 a r ttttt sssss 010 ddddd 0101111", .a),
    .init(AtomicInstruction.amomax_w, "10100 a r ttttt sssss 010 ddddd 0101111", .a),
    .init(AtomicInstruction.amominu_w, "11000 a r ttttt sssss 010 ddddd 0101111", .a),
    .init(AtomicInstruction.amomaxu_w, "11100 a r ttttt sssss 010 ddddd 0101111", .a),
    .init(AtomicInstruction.lr_d, "00010 a r 00000 sssss 011 ddddd 0101111", [.a, .rv64]),
    .init(AtomicInstruction.sc_d, "00011 a r ttttt sssss 011 ddddd 0101111", [.a, .rv64]),
    .init(AtomicInstruction.amoswap_d, "00001 a r ttttt sssss 011 ddddd 0101111", [.a, .rv64]),
    .init(AtomicInstruction.amoadd_d, "00000 a r ttttt sssss 011 ddddd 0101111", [.a, .rv64]),
    .init(AtomicInstruction.amoxor_d, "00100 a r ttttt sssss 011 ddddd 0101111", [.a, .rv64]),
    .init(AtomicInstruction.amoand_d, "01100 a r ttttt sssss 011 ddddd 0101111", [.a, .rv64]),
    .init(AtomicInstruction.amoor_d, "01000 a r ttttt sssss 011 ddddd 0101111", [.a, .rv64]),
    .init(AtomicInstruction.amomin_d, "10000 a r ttttt sssss 011 ddddd 0101111", [.a, .rv64]),
    .init(AtomicInstruction.amomax_d, "10100 a r ttttt sssss 011 ddddd 0101111", [.a, .rv64]),
    .init(AtomicInstruction.amominu_d, "11000 a r ttttt sssss 011 ddddd 0101111", [.a, .rv64]),
    .init(AtomicInstruction.amomaxu_d, "11100 a r ttttt sssss 011 ddddd 0101111", [.a, .rv64]),
    .init(AtomicInstruction.amocas_w, "00101 a r ttttt sssss 010 ddddd 0101111", .zacas),
    .init(AtomicInstruction.amocas_d, "00101 a r ttttt sssss 011 ddddd 0101111", .zacas),
    .init(AtomicInstruction.amocas_q, "00101 a r ttttt sssss 100 ddddd 0101111", [.zacas, .rv64]),
    .init(AtomicInstruction.wrs_nto, "0000000 01101 00000 000 00000 1110011", .zawrs),
    .init(AtomicInstruction.wrs_sto, "0000000 11101 00000 000 00000 1110011", .zawrs),
]
