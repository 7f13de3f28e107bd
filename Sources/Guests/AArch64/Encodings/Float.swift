import Decoding

/// Floating point, scalar (DDI 0487, C4.1.90): bits 23 and 22 choose single, double or (FP16) half precision.
enum FloatInstruction: Int, ChapterInstruction {
    case fmov_reg, fabs, fneg, fsqrt, fcvt_s, fcvt_d, fcvt_h, bfcvt
    case frintn, frintp, frintm, frintz, frinta, frintx, frinti, frint32z, frint32x, frint64z, frint64x
    case fmul, fdiv, fadd, fsub, fmax, fmin, fmaxnm, fminnm, fnmul
    case fmadd, fmsub, fnmadd, fnmsub
    case fcmp, fcmp_zero, fcmpe, fcmpe_zero, fccmp, fccmpe, fcsel, fmov_imm
    case scvtf_fix, ucvtf_fix, fcvtzs_fix, fcvtzu_fix
    case fcvtns, fcvtnu, scvtf, ucvtf, fcvtas, fcvtau, fmov_to, fmov_from, fcvtps, fcvtpu, fcvtms, fcvtmu, fcvtzs, fcvtzu
    case fmov_totop, fmov_fromtop, fjcvtzs

    static let chapter = Chapter.float
}

/// Letters: y the precision, f the integer's size, D, N, M, A float registers, d, n general ones, i immediates, c condition, k flags.
let floatRows: [DecodeRow] = [
    .init(FloatInstruction.fmov_reg, "000 11110 yy 1 000000 10000 NNNNN DDDDD"),
    .init(FloatInstruction.fabs, "000 11110 yy 1 000001 10000 NNNNN DDDDD"),
    .init(FloatInstruction.fneg, "000 11110 yy 1 000010 10000 NNNNN DDDDD"),
    .init(FloatInstruction.fsqrt, "000 11110 yy 1 000011 10000 NNNNN DDDDD"),
    .init(FloatInstruction.fcvt_s, "000 11110 yy 1 000100 10000 NNNNN DDDDD"),
    .init(FloatInstruction.fcvt_d, "000 11110 yy 1 000101 10000 NNNNN DDDDD"),
    .init(FloatInstruction.fcvt_h, "000 11110 yy 1 000111 10000 NNNNN DDDDD"),
    .init(FloatInstruction.bfcvt, "000 11110 01 1 000110 10000 NNNNN DDDDD", .bf16),
    .init(FloatInstruction.frintn, "000 11110 yy 1 001000 10000 NNNNN DDDDD"),
    .init(FloatInstruction.frintp, "000 11110 yy 1 001001 10000 NNNNN DDDDD"),
    .init(FloatInstruction.frintm, "000 11110 yy 1 001010 10000 NNNNN DDDDD"),
    .init(FloatInstruction.frintz, "000 11110 yy 1 001011 10000 NNNNN DDDDD"),
    .init(FloatInstruction.frinta, "000 11110 yy 1 001100 10000 NNNNN DDDDD"),
    .init(FloatInstruction.frintx, "000 11110 yy 1 001110 10000 NNNNN DDDDD"),
    .init(FloatInstruction.frinti, "000 11110 yy 1 001111 10000 NNNNN DDDDD"),
    .init(FloatInstruction.frint32z, "000 11110 0y 1 010000 10000 NNNNN DDDDD", .frintts),
    .init(FloatInstruction.frint32x, "000 11110 0y 1 010001 10000 NNNNN DDDDD", .frintts),
    .init(FloatInstruction.frint64z, "000 11110 0y 1 010010 10000 NNNNN DDDDD", .frintts),
    .init(FloatInstruction.frint64x, "000 11110 0y 1 010011 10000 NNNNN DDDDD", .frintts),
    .init(FloatInstruction.fmul, "000 11110 yy 1 MMMMM 0000 10 NNNNN DDDDD"),
    .init(FloatInstruction.fdiv, "000 11110 yy 1 MMMMM 0001 10 NNNNN DDDDD"),
    .init(FloatInstruction.fadd, "000 11110 yy 1 MMMMM 0010 10 NNNNN DDDDD"),
    .init(FloatInstruction.fsub, "000 11110 yy 1 MMMMM 0011 10 NNNNN DDDDD"),
    .init(FloatInstruction.fmax, "000 11110 yy 1 MMMMM 0100 10 NNNNN DDDDD"),
    .init(FloatInstruction.fmin, "000 11110 yy 1 MMMMM 0101 10 NNNNN DDDDD"),
    .init(FloatInstruction.fmaxnm, "000 11110 yy 1 MMMMM 0110 10 NNNNN DDDDD"),
    .init(FloatInstruction.fminnm, "000 11110 yy 1 MMMMM 0111 10 NNNNN DDDDD"),
    .init(FloatInstruction.fnmul, "000 11110 yy 1 MMMMM 1000 10 NNNNN DDDDD"),
    .init(FloatInstruction.fmadd, "000 11111 yy 0 MMMMM 0 AAAAA NNNNN DDDDD"),
    .init(FloatInstruction.fmsub, "000 11111 yy 0 MMMMM 1 AAAAA NNNNN DDDDD"),
    .init(FloatInstruction.fnmadd, "000 11111 yy 1 MMMMM 0 AAAAA NNNNN DDDDD"),
    .init(FloatInstruction.fnmsub, "000 11111 yy 1 MMMMM 1 AAAAA NNNNN DDDDD"),
    .init(FloatInstruction.fcmp, "000 11110 yy 1 MMMMM 00 1000 NNNNN 00000"),
    .init(FloatInstruction.fcmp_zero, "000 11110 yy 1 xxxxx 00 1000 NNNNN 01000"),
    .init(FloatInstruction.fcmpe, "000 11110 yy 1 MMMMM 00 1000 NNNNN 10000"),
    .init(FloatInstruction.fcmpe_zero, "000 11110 yy 1 xxxxx 00 1000 NNNNN 11000"),
    .init(FloatInstruction.fccmp, "000 11110 yy 1 MMMMM cccc 01 NNNNN 0 kkkk"),
    .init(FloatInstruction.fccmpe, "000 11110 yy 1 MMMMM cccc 01 NNNNN 1 kkkk"),
    .init(FloatInstruction.fcsel, "000 11110 yy 1 MMMMM cccc 11 NNNNN DDDDD"),
    .init(FloatInstruction.fmov_imm, "000 11110 yy 1 iiiiiiii 100 00000 DDDDD"),
    .init(FloatInstruction.scvtf_fix, "f 00 11110 yy 0 00 010 iiiiii nnnnn DDDDD"),
    .init(FloatInstruction.ucvtf_fix, "f 00 11110 yy 0 00 011 iiiiii nnnnn DDDDD"),
    .init(FloatInstruction.fcvtzs_fix, "f 00 11110 yy 0 11 000 iiiiii NNNNN ddddd"),
    .init(FloatInstruction.fcvtzu_fix, "f 00 11110 yy 0 11 001 iiiiii NNNNN ddddd"),
    .init(FloatInstruction.fcvtns, "f 00 11110 yy 1 00 000 000000 NNNNN ddddd"),
    .init(FloatInstruction.fcvtnu, "f 00 11110 yy 1 00 001 000000 NNNNN ddddd"),
    .init(FloatInstruction.scvtf, "f 00 11110 yy 1 00 010 000000 nnnnn DDDDD"),
    .init(FloatInstruction.ucvtf, "f 00 11110 yy 1 00 011 000000 nnnnn DDDDD"),
    .init(FloatInstruction.fcvtas, "f 00 11110 yy 1 00 100 000000 NNNNN ddddd"),
    .init(FloatInstruction.fcvtau, "f 00 11110 yy 1 00 101 000000 NNNNN ddddd"),
    .init(FloatInstruction.fmov_to, "f 00 11110 yy 1 00 110 000000 NNNNN ddddd"),
    .init(FloatInstruction.fmov_from, "f 00 11110 yy 1 00 111 000000 nnnnn DDDDD"),
    .init(FloatInstruction.fcvtps, "f 00 11110 yy 1 01 000 000000 NNNNN ddddd"),
    .init(FloatInstruction.fcvtpu, "f 00 11110 yy 1 01 001 000000 NNNNN ddddd"),
    .init(FloatInstruction.fcvtms, "f 00 11110 yy 1 10 000 000000 NNNNN ddddd"),
    .init(FloatInstruction.fcvtmu, "f 00 11110 yy 1 10 001 000000 NNNNN ddddd"),
    .init(FloatInstruction.fcvtzs, "f 00 11110 yy 1 11 000 000000 NNNNN ddddd"),
    .init(FloatInstruction.fcvtzu, "f 00 11110 yy 1 11 001 000000 NNNNN ddddd"),
    .init(FloatInstruction.fmov_totop, "1 00 11110 10 1 01 110 000000 NNNNN ddddd"),
    .init(FloatInstruction.fmov_fromtop, "1 00 11110 10 1 01 111 000000 nnnnn DDDDD"),
    .init(FloatInstruction.fjcvtzs, "0 00 11110 01 1 11 110 000000 NNNNN ddddd", .jscvt),
]
