import Decoding

/// F (Volume I, chapter 20).
enum SingleInstruction: Int, ChapterInstruction {
    case flw, fsw, fmadd_s, fmsub_s, fnmsub_s, fnmadd_s
    case fadd_s, fsub_s, fmul_s, fdiv_s, fsqrt_s, fsgnj_s, fsgnjn_s, fsgnjx_s, fmin_s, fmax_s
    case fcvt_w_s, fcvt_wu_s, fcvt_l_s, fcvt_lu_s, fmv_x_w, feq_s, flt_s, fle_s, fclass_s
    case fcvt_s_w, fcvt_s_wu, fcvt_s_l, fcvt_s_lu, fmv_w_x

    static let chapter = Chapter.single
}

let singleRows: [DecodeRow] = [
    .init(SingleInstruction.flw, "iiiiiiiiiiii sssss 010 DDDDD 0000111", .f),
    .init(SingleInstruction.fsw, "eeeeeee TTTTT sssss 010 eeeee 0100111", .f),
    .init(SingleInstruction.fmadd_s, "UUUUU 00 TTTTT SSSSS mmm DDDDD 1000011", .f),
    .init(SingleInstruction.fmsub_s, "UUUUU 00 TTTTT SSSSS mmm DDDDD 1000111", .f),
    .init(SingleInstruction.fnmsub_s, "UUUUU 00 TTTTT SSSSS mmm DDDDD 1001011", .f),
    .init(SingleInstruction.fnmadd_s, "UUUUU 00 TTTTT SSSSS mmm DDDDD 1001111", .f),
    .init(SingleInstruction.fadd_s, "0000000 TTTTT SSSSS mmm DDDDD 1010011", .f),
    .init(SingleInstruction.fsub_s, "0000100 TTTTT SSSSS mmm DDDDD 1010011", .f),
    .init(SingleInstruction.fmul_s, "0001000 TTTTT SSSSS mmm DDDDD 1010011", .f),
    .init(SingleInstruction.fdiv_s, "0001100 TTTTT SSSSS mmm DDDDD 1010011", .f),
    .init(SingleInstruction.fsqrt_s, "0101100 00000 SSSSS mmm DDDDD 1010011", .f),
    .init(SingleInstruction.fsgnj_s, "0010000 TTTTT SSSSS 000 DDDDD 1010011", .f),
    .init(SingleInstruction.fsgnjn_s, "0010000 TTTTT SSSSS 001 DDDDD 1010011", .f),
    .init(SingleInstruction.fsgnjx_s, "0010000 TTTTT SSSSS 010 DDDDD 1010011", .f),
    .init(SingleInstruction.fmin_s, "0010100 TTTTT SSSSS 000 DDDDD 1010011", .f),
    .init(SingleInstruction.fmax_s, "0010100 TTTTT SSSSS 001 DDDDD 1010011", .f),
    .init(SingleInstruction.fcvt_w_s, "1100000 00000 SSSSS mmm ddddd 1010011", .f),
    .init(SingleInstruction.fcvt_wu_s, "1100000 00001 SSSSS mmm ddddd 1010011", .f),
    .init(SingleInstruction.fcvt_l_s, "1100000 00010 SSSSS mmm ddddd 1010011", [.f, .rv64]),
    .init(SingleInstruction.fcvt_lu_s, "1100000 00011 SSSSS mmm ddddd 1010011", [.f, .rv64]),
    .init(SingleInstruction.fmv_x_w, "1110000 00000 SSSSS 000 ddddd 1010011", .f),
    .init(SingleInstruction.feq_s, "1010000 TTTTT SSSSS 010 ddddd 1010011", .f),
    .init(SingleInstruction.flt_s, "1010000 TTTTT SSSSS 001 ddddd 1010011", .f),
    .init(SingleInstruction.fle_s, "1010000 TTTTT SSSSS 000 ddddd 1010011", .f),
    .init(SingleInstruction.fclass_s, "1110000 00000 SSSSS 001 ddddd 1010011", .f),
    .init(SingleInstruction.fcvt_s_w, "1101000 00000 sssss mmm DDDDD 1010011", .f),
    .init(SingleInstruction.fcvt_s_wu, "1101000 00001 sssss mmm DDDDD 1010011", .f),
    .init(SingleInstruction.fcvt_s_l, "1101000 00010 sssss mmm DDDDD 1010011", [.f, .rv64]),
    .init(SingleInstruction.fcvt_s_lu, "1101000 00011 sssss mmm DDDDD 1010011", [.f, .rv64]),
    .init(SingleInstruction.fmv_w_x, "1111000 00000 sssss 000 DDDDD 1010011", .f),
]

/// D (Volume I, chapter 21).
enum DoubleInstruction: Int, ChapterInstruction {
    case fld, fsd, fmadd_d, fmsub_d, fnmsub_d, fnmadd_d
    case fadd_d, fsub_d, fmul_d, fdiv_d, fsqrt_d, fsgnj_d, fsgnjn_d, fsgnjx_d, fmin_d, fmax_d
    case fcvt_s_d, fcvt_d_s, feq_d, flt_d, fle_d, fclass_d
    case fcvt_w_d, fcvt_wu_d, fcvt_l_d, fcvt_lu_d, fmv_x_d
    case fcvt_d_w, fcvt_d_wu, fcvt_d_l, fcvt_d_lu, fmv_d_x

    static let chapter = Chapter.double
}

let doubleRows: [DecodeRow] = [
    .init(DoubleInstruction.fld, "iiiiiiiiiiii sssss 011 DDDDD 0000111", .d),
    .init(DoubleInstruction.fsd, "eeeeeee TTTTT sssss 011 eeeee 0100111", .d),
    .init(DoubleInstruction.fmadd_d, "UUUUU 01 TTTTT SSSSS mmm DDDDD 1000011", .d),
    .init(DoubleInstruction.fmsub_d, "UUUUU 01 TTTTT SSSSS mmm DDDDD 1000111", .d),
    .init(DoubleInstruction.fnmsub_d, "UUUUU 01 TTTTT SSSSS mmm DDDDD 1001011", .d),
    .init(DoubleInstruction.fnmadd_d, "UUUUU 01 TTTTT SSSSS mmm DDDDD 1001111", .d),
    .init(DoubleInstruction.fadd_d, "0000001 TTTTT SSSSS mmm DDDDD 1010011", .d),
    .init(DoubleInstruction.fsub_d, "0000101 TTTTT SSSSS mmm DDDDD 1010011", .d),
    .init(DoubleInstruction.fmul_d, "0001001 TTTTT SSSSS mmm DDDDD 1010011", .d),
    .init(DoubleInstruction.fdiv_d, "0001101 TTTTT SSSSS mmm DDDDD 1010011", .d),
    .init(DoubleInstruction.fsqrt_d, "0101101 00000 SSSSS mmm DDDDD 1010011", .d),
    .init(DoubleInstruction.fsgnj_d, "0010001 TTTTT SSSSS 000 DDDDD 1010011", .d),
    .init(DoubleInstruction.fsgnjn_d, "0010001 TTTTT SSSSS 001 DDDDD 1010011", .d),
    .init(DoubleInstruction.fsgnjx_d, "0010001 TTTTT SSSSS 010 DDDDD 1010011", .d),
    .init(DoubleInstruction.fmin_d, "0010101 TTTTT SSSSS 000 DDDDD 1010011", .d),
    .init(DoubleInstruction.fmax_d, "0010101 TTTTT SSSSS 001 DDDDD 1010011", .d),
    .init(DoubleInstruction.fcvt_s_d, "0100000 00001 SSSSS mmm DDDDD 1010011", .d),
    .init(DoubleInstruction.fcvt_d_s, "0100001 00000 SSSSS mmm DDDDD 1010011", .d),
    .init(DoubleInstruction.feq_d, "1010001 TTTTT SSSSS 010 ddddd 1010011", .d),
    .init(DoubleInstruction.flt_d, "1010001 TTTTT SSSSS 001 ddddd 1010011", .d),
    .init(DoubleInstruction.fle_d, "1010001 TTTTT SSSSS 000 ddddd 1010011", .d),
    .init(DoubleInstruction.fclass_d, "1110001 00000 SSSSS 001 ddddd 1010011", .d),
    .init(DoubleInstruction.fcvt_w_d, "1100001 00000 SSSSS mmm ddddd 1010011", .d),
    .init(DoubleInstruction.fcvt_wu_d, "1100001 00001 SSSSS mmm ddddd 1010011", .d),
    .init(DoubleInstruction.fcvt_l_d, "1100001 00010 SSSSS mmm ddddd 1010011", [.d, .rv64]),
    .init(DoubleInstruction.fcvt_lu_d, "1100001 00011 SSSSS mmm ddddd 1010011", [.d, .rv64]),
    .init(DoubleInstruction.fmv_x_d, "1110001 00000 SSSSS 000 ddddd 1010011", [.d, .rv64]),
    .init(DoubleInstruction.fcvt_d_w, "1101001 00000 sssss mmm DDDDD 1010011", .d),
    .init(DoubleInstruction.fcvt_d_wu, "1101001 00001 sssss mmm DDDDD 1010011", .d),
    .init(DoubleInstruction.fcvt_d_l, "1101001 00010 sssss mmm DDDDD 1010011", [.d, .rv64]),
    .init(DoubleInstruction.fcvt_d_lu, "1101001 00011 sssss mmm DDDDD 1010011", [.d, .rv64]),
    .init(DoubleInstruction.fmv_d_x, "1111001 00000 sssss 000 DDDDD 1010011", [.d, .rv64]),
]

/// Zfh and Zfhmin (Volume I, chapter 23).
enum HalfInstruction: Int, ChapterInstruction {
    case flh, fsh, fmadd_h, fmsub_h, fnmsub_h, fnmadd_h
    case fadd_h, fsub_h, fmul_h, fdiv_h, fsqrt_h, fsgnj_h, fsgnjn_h, fsgnjx_h, fmin_h, fmax_h
    case fcvt_s_h, fcvt_h_s, fcvt_d_h, fcvt_h_d, feq_h, flt_h, fle_h, fclass_h
    case fcvt_w_h, fcvt_wu_h, fcvt_l_h, fcvt_lu_h, fmv_x_h
    case fcvt_h_w, fcvt_h_wu, fcvt_h_l, fcvt_h_lu, fmv_h_x

    static let chapter = Chapter.half
}

let halfRows: [DecodeRow] = [
    .init(HalfInstruction.flh, "iiiiiiiiiiii sssss 001 DDDDD 0000111", .zfhmin),
    .init(HalfInstruction.fsh, "eeeeeee TTTTT sssss 001 eeeee 0100111", .zfhmin),
    .init(HalfInstruction.fmadd_h, "UUUUU 10 TTTTT SSSSS mmm DDDDD 1000011", .zfh),
    .init(HalfInstruction.fmsub_h, "UUUUU 10 TTTTT SSSSS mmm DDDDD 1000111", .zfh),
    .init(HalfInstruction.fnmsub_h, "UUUUU 10 TTTTT SSSSS mmm DDDDD 1001011", .zfh),
    .init(HalfInstruction.fnmadd_h, "UUUUU 10 TTTTT SSSSS mmm DDDDD 1001111", .zfh),
    .init(HalfInstruction.fadd_h, "0000010 TTTTT SSSSS mmm DDDDD 1010011", .zfh),
    .init(HalfInstruction.fsub_h, "0000110 TTTTT SSSSS mmm DDDDD 1010011", .zfh),
    .init(HalfInstruction.fmul_h, "0001010 TTTTT SSSSS mmm DDDDD 1010011", .zfh),
    .init(HalfInstruction.fdiv_h, "0001110 TTTTT SSSSS mmm DDDDD 1010011", .zfh),
    .init(HalfInstruction.fsqrt_h, "0101110 00000 SSSSS mmm DDDDD 1010011", .zfh),
    .init(HalfInstruction.fsgnj_h, "0010010 TTTTT SSSSS 000 DDDDD 1010011", .zfh),
    .init(HalfInstruction.fsgnjn_h, "0010010 TTTTT SSSSS 001 DDDDD 1010011", .zfh),
    .init(HalfInstruction.fsgnjx_h, "0010010 TTTTT SSSSS 010 DDDDD 1010011", .zfh),
    .init(HalfInstruction.fmin_h, "0010110 TTTTT SSSSS 000 DDDDD 1010011", .zfh),
    .init(HalfInstruction.fmax_h, "0010110 TTTTT SSSSS 001 DDDDD 1010011", .zfh),
    .init(HalfInstruction.fcvt_s_h, "0100000 00010 SSSSS mmm DDDDD 1010011", .zfhmin),
    .init(HalfInstruction.fcvt_h_s, "0100010 00000 SSSSS mmm DDDDD 1010011", .zfhmin),
    .init(HalfInstruction.fcvt_d_h, "0100001 00010 SSSSS mmm DDDDD 1010011", [.zfhmin, .d]),
    .init(HalfInstruction.fcvt_h_d, "0100010 00001 SSSSS mmm DDDDD 1010011", [.zfhmin, .d]),
    .init(HalfInstruction.feq_h, "1010010 TTTTT SSSSS 010 ddddd 1010011", .zfh),
    .init(HalfInstruction.flt_h, "1010010 TTTTT SSSSS 001 ddddd 1010011", .zfh),
    .init(HalfInstruction.fle_h, "1010010 TTTTT SSSSS 000 ddddd 1010011", .zfh),
    .init(HalfInstruction.fclass_h, "1110010 00000 SSSSS 001 ddddd 1010011", .zfh),
    .init(HalfInstruction.fcvt_w_h, "1100010 00000 SSSSS mmm ddddd 1010011", .zfh),
    .init(HalfInstruction.fcvt_wu_h, "1100010 00001 SSSSS mmm ddddd 1010011", .zfh),
    .init(HalfInstruction.fcvt_l_h, "1100010 00010 SSSSS mmm ddddd 1010011", [.zfh, .rv64]),
    .init(HalfInstruction.fcvt_lu_h, "1100010 00011 SSSSS mmm ddddd 1010011", [.zfh, .rv64]),
    .init(HalfInstruction.fmv_x_h, "1110010 00000 SSSSS 000 ddddd 1010011", .zfhmin),
    .init(HalfInstruction.fcvt_h_w, "1101010 00000 sssss mmm DDDDD 1010011", .zfh),
    .init(HalfInstruction.fcvt_h_wu, "1101010 00001 sssss mmm DDDDD 1010011", .zfh),
    .init(HalfInstruction.fcvt_h_l, "1101010 00010 sssss mmm DDDDD 1010011", [.zfh, .rv64]),
    .init(HalfInstruction.fcvt_h_lu, "1101010 00011 sssss mmm DDDDD 1010011", [.zfh, .rv64]),
    .init(HalfInstruction.fmv_h_x, "1111010 00000 sssss 000 DDDDD 1010011", .zfhmin),
]
