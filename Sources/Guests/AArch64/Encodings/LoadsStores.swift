import Decoding

/// Loads and stores of registers (DDI 0487, C4.1.88). The suffixes: post and pre index, unscaled, unprivileged, register offset, literal; v for
/// SIMD and floating-point registers.
enum LoadStoreInstruction: Int, ChapterInstruction {
    case ldr_lit, ldrsw_lit, prfm_lit, ldr_litv
    case stxr, ldxr, stxp, ldxp, stlr, ldar, stllr, ldlar, cas, casp
    case stlur, ldapur, ldapurs, ldapr
    case stnp, ldnp, stp_post, ldp_post, stp, ldp, stp_pre, ldp_pre, ldpsw_post, ldpsw, ldpsw_pre
    case stnp_v, ldnp_v, stp_postv, ldp_postv, stp_v, ldp_v, stp_prev, ldp_prev
    case stur, ldur, ldurs, prfum, str_post, ldr_post, ldrs_post, sttr, ldtr, ldtrs, str_pre, ldr_pre, ldrs_pre
    case str, ldr, ldrs, prfm, str_reg, ldr_reg, ldrs_reg, prfm_reg
    case stur_v, ldur_v, str_postv, ldr_postv, str_prev, ldr_prev, str_v, ldr_v, str_regv, ldr_regv
    case ldadd, ldclr, ldeor, ldset, ldsmax, ldsmin, ldumax, ldumin, swp
    case ldraa, ldrab

    static let chapter = Chapter.loadStore
}

/// Letters: z the size, f the size of a pair's registers or of a literal, t, u the registers, n the base, m the index, s status or operand, T, U SIMD
/// registers, i offsets, j distances.
let loadStoreRows: [DecodeRow] = [
    .init(LoadStoreInstruction.ldr_lit, "0f 011 0 00 jjjjjjjjjjjjjjjjjjj ttttt"),
    .init(LoadStoreInstruction.ldrsw_lit, "10 011 0 00 jjjjjjjjjjjjjjjjjjj ttttt"),
    .init(LoadStoreInstruction.prfm_lit, "11 011 0 00 jjjjjjjjjjjjjjjjjjj iiiii"),
    .init(LoadStoreInstruction.ldr_litv, "zz 011 1 00 jjjjjjjjjjjjjjjjjjj TTTTT"),
    .init(LoadStoreInstruction.stxr, "zz 001000 000 sssss o xxxxx nnnnn ttttt"),
    .init(LoadStoreInstruction.ldxr, "zz 001000 010 xxxxx o xxxxx nnnnn ttttt"),
    .init(LoadStoreInstruction.stxp, "1f 001000 001 sssss o uuuuu nnnnn ttttt"),
    .init(LoadStoreInstruction.ldxp, "1f 001000 011 xxxxx o uuuuu nnnnn ttttt"),
    .init(LoadStoreInstruction.stlr, "zz 001000 100 xxxxx 1 xxxxx nnnnn ttttt"),
    .init(LoadStoreInstruction.ldar, "zz 001000 110 xxxxx 1 xxxxx nnnnn ttttt"),
    .init(LoadStoreInstruction.stllr, "zz 001000 100 xxxxx 0 xxxxx nnnnn ttttt", .lor),
    .init(LoadStoreInstruction.ldlar, "zz 001000 110 xxxxx 0 xxxxx nnnnn ttttt", .lor),
    .init(LoadStoreInstruction.cas, "zz 001000 1o1 sssss o 11111 nnnnn ttttt", .lse),
    .init(LoadStoreInstruction.casp, "0f 001000 0o1 sssss o 11111 nnnnn ttttt", .lse),
    .init(LoadStoreInstruction.stlur, "zz 011001 00 0 iiiiiiiii 00 nnnnn ttttt", .lrcpc2),
    .init(LoadStoreInstruction.ldapur, "zz 011001 01 0 iiiiiiiii 00 nnnnn ttttt", .lrcpc2),
    .init(LoadStoreInstruction.ldapurs, "zz 011001 1o 0 iiiiiiiii 00 nnnnn ttttt", .lrcpc2),
    .init(LoadStoreInstruction.ldapr, "zz 111000 101 11111 1 100 00 nnnnn ttttt", .lrcpc),
    .init(LoadStoreInstruction.stnp, "f0 101 0 000 0 iiiiiii uuuuu nnnnn ttttt"),
    .init(LoadStoreInstruction.ldnp, "f0 101 0 000 1 iiiiiii uuuuu nnnnn ttttt"),
    .init(LoadStoreInstruction.stp_post, "f0 101 0 001 0 iiiiiii uuuuu nnnnn ttttt"),
    .init(LoadStoreInstruction.ldp_post, "f0 101 0 001 1 iiiiiii uuuuu nnnnn ttttt"),
    .init(LoadStoreInstruction.stp, "f0 101 0 010 0 iiiiiii uuuuu nnnnn ttttt"),
    .init(LoadStoreInstruction.ldp, "f0 101 0 010 1 iiiiiii uuuuu nnnnn ttttt"),
    .init(LoadStoreInstruction.stp_pre, "f0 101 0 011 0 iiiiiii uuuuu nnnnn ttttt"),
    .init(LoadStoreInstruction.ldp_pre, "f0 101 0 011 1 iiiiiii uuuuu nnnnn ttttt"),
    .init(LoadStoreInstruction.ldpsw_post, "01 101 0 001 1 iiiiiii uuuuu nnnnn ttttt"),
    .init(LoadStoreInstruction.ldpsw, "01 101 0 010 1 iiiiiii uuuuu nnnnn ttttt"),
    .init(LoadStoreInstruction.ldpsw_pre, "01 101 0 011 1 iiiiiii uuuuu nnnnn ttttt"),
    .init(LoadStoreInstruction.stnp_v, "zz 101 1 000 0 iiiiiii UUUUU nnnnn TTTTT"),
    .init(LoadStoreInstruction.ldnp_v, "zz 101 1 000 1 iiiiiii UUUUU nnnnn TTTTT"),
    .init(LoadStoreInstruction.stp_postv, "zz 101 1 001 0 iiiiiii UUUUU nnnnn TTTTT"),
    .init(LoadStoreInstruction.ldp_postv, "zz 101 1 001 1 iiiiiii UUUUU nnnnn TTTTT"),
    .init(LoadStoreInstruction.stp_v, "zz 101 1 010 0 iiiiiii UUUUU nnnnn TTTTT"),
    .init(LoadStoreInstruction.ldp_v, "zz 101 1 010 1 iiiiiii UUUUU nnnnn TTTTT"),
    .init(LoadStoreInstruction.stp_prev, "zz 101 1 011 0 iiiiiii UUUUU nnnnn TTTTT"),
    .init(LoadStoreInstruction.ldp_prev, "zz 101 1 011 1 iiiiiii UUUUU nnnnn TTTTT"),
]

let loadStoreRegisterRows: [DecodeRow] = [
    .init(LoadStoreInstruction.stur, "zz 111000 00 0 iiiiiiiii 00 nnnnn ttttt"),
    .init(LoadStoreInstruction.ldur, "zz 111000 01 0 iiiiiiiii 00 nnnnn ttttt"),
    .init(LoadStoreInstruction.ldurs, "zz 111000 1o 0 iiiiiiiii 00 nnnnn ttttt"),
    .init(LoadStoreInstruction.prfum, "11 111000 10 0 iiiiiiiii 00 nnnnn iiiii"),
    .init(LoadStoreInstruction.str_post, "zz 111000 00 0 iiiiiiiii 01 nnnnn ttttt"),
    .init(LoadStoreInstruction.ldr_post, "zz 111000 01 0 iiiiiiiii 01 nnnnn ttttt"),
    .init(LoadStoreInstruction.ldrs_post, "zz 111000 1o 0 iiiiiiiii 01 nnnnn ttttt"),
    .init(LoadStoreInstruction.sttr, "zz 111000 00 0 iiiiiiiii 10 nnnnn ttttt"),
    .init(LoadStoreInstruction.ldtr, "zz 111000 01 0 iiiiiiiii 10 nnnnn ttttt"),
    .init(LoadStoreInstruction.ldtrs, "zz 111000 1o 0 iiiiiiiii 10 nnnnn ttttt"),
    .init(LoadStoreInstruction.str_pre, "zz 111000 00 0 iiiiiiiii 11 nnnnn ttttt"),
    .init(LoadStoreInstruction.ldr_pre, "zz 111000 01 0 iiiiiiiii 11 nnnnn ttttt"),
    .init(LoadStoreInstruction.ldrs_pre, "zz 111000 1o 0 iiiiiiiii 11 nnnnn ttttt"),
    .init(LoadStoreInstruction.str, "zz 111001 00 iiiiiiiiiiii nnnnn ttttt"),
    .init(LoadStoreInstruction.ldr, "zz 111001 01 iiiiiiiiiiii nnnnn ttttt"),
    .init(LoadStoreInstruction.ldrs, "zz 111001 1o iiiiiiiiiiii nnnnn ttttt"),
    .init(LoadStoreInstruction.prfm, "11 111001 10 iiiiiiiiiiii nnnnn iiiii"),
    .init(LoadStoreInstruction.str_reg, "zz 111000 00 1 mmmmm o1o h 10 nnnnn ttttt"),
    .init(LoadStoreInstruction.ldr_reg, "zz 111000 01 1 mmmmm o1o h 10 nnnnn ttttt"),
    .init(LoadStoreInstruction.ldrs_reg, "zz 111000 1o 1 mmmmm o1o h 10 nnnnn ttttt"),
    .init(LoadStoreInstruction.prfm_reg, "11 111000 10 1 mmmmm o1o h 10 nnnnn iiiii"),
    .init(LoadStoreInstruction.ldraa, "11 111000 0i 1 iiiiiiiii w1 nnnnn ttttt", .pauth),
    .init(LoadStoreInstruction.ldrab, "11 111000 1i 1 iiiiiiiii w1 nnnnn ttttt", .pauth),
]

/// SIMD and floating-point registers: o is the high bit of the size.
let loadStoreFloatRows: [DecodeRow] = [
    .init(LoadStoreInstruction.stur_v, "zz 111100 o0 0 iiiiiiiii 00 nnnnn TTTTT"),
    .init(LoadStoreInstruction.ldur_v, "zz 111100 o1 0 iiiiiiiii 00 nnnnn TTTTT"),
    .init(LoadStoreInstruction.str_postv, "zz 111100 o0 0 iiiiiiiii 01 nnnnn TTTTT"),
    .init(LoadStoreInstruction.ldr_postv, "zz 111100 o1 0 iiiiiiiii 01 nnnnn TTTTT"),
    .init(LoadStoreInstruction.str_prev, "zz 111100 o0 0 iiiiiiiii 11 nnnnn TTTTT"),
    .init(LoadStoreInstruction.ldr_prev, "zz 111100 o1 0 iiiiiiiii 11 nnnnn TTTTT"),
    .init(LoadStoreInstruction.str_v, "zz 111101 o0 iiiiiiiiiiii nnnnn TTTTT"),
    .init(LoadStoreInstruction.ldr_v, "zz 111101 o1 iiiiiiiiiiii nnnnn TTTTT"),
    .init(LoadStoreInstruction.str_regv, "zz 111100 o0 1 mmmmm o1o h 10 nnnnn TTTTT"),
    .init(LoadStoreInstruction.ldr_regv, "zz 111100 o1 1 mmmmm o1o h 10 nnnnn TTTTT"),
]

/// LSE.
let atomicRows: [DecodeRow] = [
    .init(LoadStoreInstruction.ldadd, "zz 111000 oo 1 sssss 0 000 00 nnnnn ttttt", .lse),
    .init(LoadStoreInstruction.ldclr, "zz 111000 oo 1 sssss 0 001 00 nnnnn ttttt", .lse),
    .init(LoadStoreInstruction.ldeor, "zz 111000 oo 1 sssss 0 010 00 nnnnn ttttt", .lse),
    .init(LoadStoreInstruction.ldset, "zz 111000 oo 1 sssss 0 011 00 nnnnn ttttt", .lse),
    .init(LoadStoreInstruction.ldsmax, "zz 111000 oo 1 sssss 0 100 00 nnnnn ttttt", .lse),
    .init(LoadStoreInstruction.ldsmin, "zz 111000 oo 1 sssss 0 101 00 nnnnn ttttt", .lse),
    .init(LoadStoreInstruction.ldumax, "zz 111000 oo 1 sssss 0 110 00 nnnnn ttttt", .lse),
    .init(LoadStoreInstruction.ldumin, "zz 111000 oo 1 sssss 0 111 00 nnnnn ttttt", .lse),
    .init(LoadStoreInstruction.swp, "zz 111000 oo 1 sssss 1 000 00 nnnnn ttttt", .lse),
]
