import Decoding

/// T16 (DDI 0406, A6.2).
enum NarrowInstruction: Int, ChapterInstruction {
    static let chapter = Chapter.narrow
    case lsl_imm, lsr_imm, asr_imm, add_reg, sub_reg, add_imm3, sub_imm3, mov_imm8, cmp_imm8, add_imm8, sub_imm8
    case and, eor, lsl, lsr, asr, adc, sbc, ror, tst, rsb, cmp, cmn, orr, mul, bic, mvn
    case add_hi, cmp_hi, mov_hi, bx, blx
    case ldr_lit, str_r, strh_r, strb_r, ldrsb_r, ldr_r, ldrh_r, ldrb_r, ldrsh_r
    case str, ldr, strb, ldrb, strh, ldrh, str_sp, ldr_sp, adr, add_sp
    case add_sp7, sub_sp7, cbz, cbnz, sxth, sxtb, uxth, uxtb, push, pop, setend, cps, rev, rev16, revsh, bkpt, hlt, it, hint
    case stm, ldm, b_cond, udf, svc, b
}

let t16Rows: [DecodeRow] =
    [
        .init(NarrowInstruction.lsl_imm, "00000 iiiii mmm ddd"),
        .init(NarrowInstruction.lsr_imm, "00001 iiiii mmm ddd"),
        .init(NarrowInstruction.asr_imm, "00010 iiiii mmm ddd"),
        .init(NarrowInstruction.add_reg, "0001100 mmm nnn ddd"),
        .init(NarrowInstruction.sub_reg, "0001101 mmm nnn ddd"),
        .init(NarrowInstruction.add_imm3, "0001110 iii nnn ddd"),
        .init(NarrowInstruction.sub_imm3, "0001111 iii nnn ddd"),
        .init(NarrowInstruction.mov_imm8, "00100 ddd iiiiiiii"),
        .init(NarrowInstruction.cmp_imm8, "00101 ddd iiiiiiii"),
        .init(NarrowInstruction.add_imm8, "00110 ddd iiiiiiii"),
        .init(NarrowInstruction.sub_imm8, "00111 ddd iiiiiiii"),
        .init(NarrowInstruction.and, "010000 0000 mmm ddd"),
        .init(NarrowInstruction.eor, "010000 0001 mmm ddd"),
        .init(NarrowInstruction.lsl, "010000 0010 mmm ddd"),
        .init(NarrowInstruction.lsr, "010000 0011 mmm ddd"),
        .init(NarrowInstruction.asr, "010000 0100 mmm ddd"),
        .init(NarrowInstruction.adc, "010000 0101 mmm ddd"),
        .init(NarrowInstruction.sbc, "010000 0110 mmm ddd"),
        .init(NarrowInstruction.ror, "010000 0111 mmm ddd"),
        .init(NarrowInstruction.tst, "010000 1000 mmm ddd"),
        .init(NarrowInstruction.rsb, "010000 1001 mmm ddd"),
        .init(NarrowInstruction.cmp, "010000 1010 mmm ddd"),
        .init(NarrowInstruction.cmn, "010000 1011 mmm ddd"),
        .init(NarrowInstruction.orr, "010000 1100 mmm ddd"),
        .init(NarrowInstruction.mul, "010000 1101 mmm ddd"),
        .init(NarrowInstruction.bic, "010000 1110 mmm ddd"),
        .init(NarrowInstruction.mvn, "010000 1111 mmm ddd"),
        .init(NarrowInstruction.add_hi, "01000100 h mmmm ddd"),
        .init(NarrowInstruction.cmp_hi, "01000101 h mmmm ddd"),
        .init(NarrowInstruction.mov_hi, "01000110 h mmmm ddd"),
        .init(NarrowInstruction.bx, "010001110 mmmm 000"),
        .init(NarrowInstruction.blx, "010001111 mmmm 000"),
        .init(NarrowInstruction.ldr_lit, "01001 ttt iiiiiiii"),
        .init(NarrowInstruction.str_r, "0101 000 mmm nnn ttt"),
        .init(NarrowInstruction.strh_r, "0101 001 mmm nnn ttt"),
        .init(NarrowInstruction.strb_r, "0101 010 mmm nnn ttt"),
        .init(NarrowInstruction.ldrsb_r, "0101 011 mmm nnn ttt"),
        .init(NarrowInstruction.ldr_r, "0101 100 mmm nnn ttt"),
        .init(NarrowInstruction.ldrh_r, "0101 101 mmm nnn ttt"),
        .init(NarrowInstruction.ldrb_r, "0101 110 mmm nnn ttt"),
        .init(NarrowInstruction.ldrsh_r, "0101 111 mmm nnn ttt"),
        .init(NarrowInstruction.str, "01100 iiiii nnn ttt"),
        .init(NarrowInstruction.ldr, "01101 iiiii nnn ttt"),
        .init(NarrowInstruction.strb, "01110 iiiii nnn ttt"),
        .init(NarrowInstruction.ldrb, "01111 iiiii nnn ttt"),
        .init(NarrowInstruction.strh, "10000 iiiii nnn ttt"),
        .init(NarrowInstruction.ldrh, "10001 iiiii nnn ttt"),
        .init(NarrowInstruction.str_sp, "10010 ttt iiiiiiii"),
        .init(NarrowInstruction.ldr_sp, "10011 ttt iiiiiiii"),
        .init(NarrowInstruction.adr, "10100 ddd iiiiiiii"),
        .init(NarrowInstruction.add_sp, "10101 ddd iiiiiiii"),
        .init(NarrowInstruction.add_sp7, "1011 0000 0 iiiiiii"),
        .init(NarrowInstruction.sub_sp7, "1011 0000 1 iiiiiii"),
        .init(NarrowInstruction.cbz, "1011 0 0 j 1 jjjjj nnn", .v6t2),
        .init(NarrowInstruction.cbnz, "1011 1 0 j 1 jjjjj nnn", .v6t2),
        .init(NarrowInstruction.sxth, "1011 0010 00 mmm ddd", .v6),
        .init(NarrowInstruction.sxtb, "1011 0010 01 mmm ddd", .v6),
        .init(NarrowInstruction.uxth, "1011 0010 10 mmm ddd", .v6),
        .init(NarrowInstruction.uxtb, "1011 0010 11 mmm ddd", .v6),
    ] + t16RestRows

private let t16RestRows: [DecodeRow] = [
    .init(NarrowInstruction.push, "1011 010 r rrrrrrrr"),
    .init(NarrowInstruction.pop, "1011 110 r rrrrrrrr"),
    .init(NarrowInstruction.setend, "1011 0110 0101 e 000", .v6),
    .init(NarrowInstruction.cps, "1011 0110 011 m 0 iii", .v6),
    .init(NarrowInstruction.rev, "1011 1010 00 mmm ddd", .v6),
    .init(NarrowInstruction.rev16, "1011 1010 01 mmm ddd", .v6),
    .init(NarrowInstruction.revsh, "1011 1010 11 mmm ddd", .v6),
    .init(NarrowInstruction.hlt, "1011 1010 10 iiiiii", .v8),
    .init(NarrowInstruction.bkpt, "1011 1110 iiiiiiii"),
    .init(NarrowInstruction.it, "1011 1111 ffff kkkk", .v6t2),
    .init(NarrowInstruction.hint, "1011 1111 iiii 0000", .v6t2),
    .init(NarrowInstruction.stm, "11000 nnn rrrrrrrr"),
    .init(NarrowInstruction.ldm, "11001 nnn rrrrrrrr"),
    .init(NarrowInstruction.b_cond, "1101 cccc jjjjjjjj"),
    .init(NarrowInstruction.udf, "1101 1110 iiiiiiii"),
    .init(NarrowInstruction.svc, "1101 1111 iiiiiiii"),
    .init(NarrowInstruction.b, "11100 jjjjjjjjjjj"),
]
