import Decoding

/// Advanced SIMD (DDI 0487, C4.1.90), vectors and scalars alike. The suffixes: v registers, e by element, i shift by immediate, zero.
enum VectorInstruction: Int, ChapterInstruction {
    // Three registers of the same shape.
    case shadd_v, sqadd_v, srhadd_v, shsub_v, sqsub_v, cmgt_v, cmge_v, sshl_v, sqshl_v, srshl_v, sqrshl_v, smax_v, smin_v, sabd_v, saba_v
    case add_v, cmtst_v, mla_v, mul_v, smaxp_v, sminp_v, sqdmulh_v, addp_v, uhadd_v, uqadd_v, urhadd_v, uhsub_v, uqsub_v, cmhi_v, cmhs_v
    case ushl_v, uqshl_v, urshl_v, uqrshl_v, umax_v, umin_v, uabd_v, uaba_v, sub_v, cmeq_v, mls_v, pmul_v, umaxp_v, uminp_v, sqrdmulh_v
    case and_v, bic_v, orr_v, orn_v, eor_v, bsl_v, bit_v, bif_v, fmaxnm_v, fmla_v, fadd_v, fmulx_v, fcmeq_v, fmax_v, frecps_v, fminnm_v
    case fmls_v, fsub_v, fmin_v, frsqrts_v, fmaxnmp_v, faddp_v, fmul_v, fcmge_v, facge_v, fmaxp_v, fdiv_v, fminnmp_v, fabd_v, fcmgt_v
    case facgt_v, fminp_v
    // Complex numbers, dot products, matrices.
    case sqrdmlah_v, sqrdmlsh_v, sdot_v, udot_v, usdot_v, fcmla_v, fcadd_v, bfdot_v, bfmmla_v, bfmlal_v, smmla_v, ummla_v, usmmla_v
    case fmlal_v, fmlsl_v, fmlal2_v, fmlsl2_v
    // Three registers of different shapes.
    case saddl_v, saddw_v, ssubl_v, ssubw_v, addhn_v, sabal_v, subhn_v, sabdl_v, smlal_v, sqdmlal_v, smlsl_v, sqdmlsl_v, smull_v
    case sqdmull_v, pmull_v, uaddl_v, uaddw_v, usubl_v, usubw_v, raddhn_v, uabal_v, rsubhn_v, uabdl_v, umlal_v, umlsl_v, umull_v
    // Two registers.
    case rev64_v, rev16_v, saddlp_v, suqadd_v, cls_v, cnt_v, sadalp_v, sqabs_v, cmgt_zero_v, cmeq_zero_v, cmlt_zero_v, abs_v, xtn_v
    case sqxtn_v, rev32_v, uaddlp_v, usqadd_v, clz_v, uadalp_v, sqneg_v, cmge_zero_v, cmle_zero_v, neg_v, sqxtun_v, shll_v, uqxtn_v
    case frintn_v, frintm_v, fcvtns_v, fcvtms_v, fcvtas_v, scvtf_v, fcmgt_zero_v, fcmeq_zero_v, fcmlt_zero_v, fabs_v, frintp_v, frintz_v
    case fcvtps_v, fcvtzs_v, frecpe_v, frinta_v, frintx_v, fcvtnu_v, fcvtmu_v, fcvtau_v, ucvtf_v, fcmge_zero_v, fcmle_zero_v, fneg_v
    case frinti_v, fcvtpu_v, fcvtzu_v, frsqrte_v, fsqrt_v, not_v, rbit_v, fcvtn_v, fcvtl_v, fcvtxn_v, bfcvtn_v, urecpe_v, ursqrte_v
    case frint32z_v, frint32x_v, frint64z_v, frint64x_v, frecpx_v
    // All lanes, pairs of lanes.
    case saddlv_v, smaxv_v, sminv_v, addv_v, uaddlv_v, umaxv_v, uminv_v, fmaxnmv_v, fmaxv_v, fminnmv_v, fminv_v, addp_pair, fmaxnmp_pair
    case faddp_pair, fmaxp_pair, fminnmp_pair, fminp_pair
    // Moves.
    case dup_element, dup_general, smov, umov, ins_general, ins_element, movi, fmov_half, uzp1, trn1, zip1, uzp2, trn2, zip2, ext, tbl, tbx
    // By element.
    case smlal_e, sqdmlal_e, smlsl_e, sqdmlsl_e, mul_e, smull_e, sqdmull_e, sqdmulh_e, sqrdmulh_e, mla_e, umlal_e, mls_e, umlsl_e, umull_e
    case fmla_e, fmls_e, fmul_e, fmulx_e, sdot_e, udot_e, usdot_e, sudot_e, sqrdmlah_e, sqrdmlsh_e, bfdot_e, bfmlal_e, fmlal_e, fmlsl_e
    case fmlal2_e, fmlsl2_e, fcmla_e
    // Shifts by immediates.
    case sshr_i, ssra_i, srshr_i, srsra_i, shl_i, sqshl_i, shrn_i, rshrn_i, sqshrn_i, sqrshrn_i, sshll_i, scvtf_i, fcvtzs_i, ushr_i
    case usra_i, urshr_i, ursra_i, sri_i, sli_i, sqshlu_i, uqshl_i, sqshrun_i, sqrshrun_i, uqshrn_i, uqrshrn_i, ushll_i, ucvtf_i, fcvtzu_i

    static let chapter = Chapter.vector
}

/// Letters: q the vectors' size, z the lanes', y the precision, D, N, M registers, i immediates.
let vectorRows: [DecodeRow] = [
    .init(VectorInstruction.shadd_v, "0 q 0 01110 zz 1 MMMMM 00000 1 NNNNN DDDDD"),
    .init(VectorInstruction.sqadd_v, "0 q 0 01110 zz 1 MMMMM 00001 1 NNNNN DDDDD"),
    .init(VectorInstruction.srhadd_v, "0 q 0 01110 zz 1 MMMMM 00010 1 NNNNN DDDDD"),
    .init(VectorInstruction.shsub_v, "0 q 0 01110 zz 1 MMMMM 00100 1 NNNNN DDDDD"),
    .init(VectorInstruction.sqsub_v, "0 q 0 01110 zz 1 MMMMM 00101 1 NNNNN DDDDD"),
    .init(VectorInstruction.cmgt_v, "0 q 0 01110 zz 1 MMMMM 00110 1 NNNNN DDDDD"),
    .init(VectorInstruction.cmge_v, "0 q 0 01110 zz 1 MMMMM 00111 1 NNNNN DDDDD"),
    .init(VectorInstruction.sshl_v, "0 q 0 01110 zz 1 MMMMM 01000 1 NNNNN DDDDD"),
    .init(VectorInstruction.sqshl_v, "0 q 0 01110 zz 1 MMMMM 01001 1 NNNNN DDDDD"),
    .init(VectorInstruction.srshl_v, "0 q 0 01110 zz 1 MMMMM 01010 1 NNNNN DDDDD"),
    .init(VectorInstruction.sqrshl_v, "0 q 0 01110 zz 1 MMMMM 01011 1 NNNNN DDDDD"),
    .init(VectorInstruction.smax_v, "0 q 0 01110 zz 1 MMMMM 01100 1 NNNNN DDDDD"),
    .init(VectorInstruction.smin_v, "0 q 0 01110 zz 1 MMMMM 01101 1 NNNNN DDDDD"),
    .init(VectorInstruction.sabd_v, "0 q 0 01110 zz 1 MMMMM 01110 1 NNNNN DDDDD"),
    .init(VectorInstruction.saba_v, "0 q 0 01110 zz 1 MMMMM 01111 1 NNNNN DDDDD"),
    .init(VectorInstruction.add_v, "0 q 0 01110 zz 1 MMMMM 10000 1 NNNNN DDDDD"),
    .init(VectorInstruction.cmtst_v, "0 q 0 01110 zz 1 MMMMM 10001 1 NNNNN DDDDD"),
    .init(VectorInstruction.mla_v, "0 q 0 01110 zz 1 MMMMM 10010 1 NNNNN DDDDD"),
    .init(VectorInstruction.mul_v, "0 q 0 01110 zz 1 MMMMM 10011 1 NNNNN DDDDD"),
    .init(VectorInstruction.smaxp_v, "0 q 0 01110 zz 1 MMMMM 10100 1 NNNNN DDDDD"),
    .init(VectorInstruction.sminp_v, "0 q 0 01110 zz 1 MMMMM 10101 1 NNNNN DDDDD"),
    .init(VectorInstruction.sqdmulh_v, "0 q 0 01110 zz 1 MMMMM 10110 1 NNNNN DDDDD"),
    .init(VectorInstruction.addp_v, "0 q 0 01110 zz 1 MMMMM 10111 1 NNNNN DDDDD"),
    .init(VectorInstruction.uhadd_v, "0 q 1 01110 zz 1 MMMMM 00000 1 NNNNN DDDDD"),
    .init(VectorInstruction.uqadd_v, "0 q 1 01110 zz 1 MMMMM 00001 1 NNNNN DDDDD"),
    .init(VectorInstruction.urhadd_v, "0 q 1 01110 zz 1 MMMMM 00010 1 NNNNN DDDDD"),
    .init(VectorInstruction.uhsub_v, "0 q 1 01110 zz 1 MMMMM 00100 1 NNNNN DDDDD"),
    .init(VectorInstruction.uqsub_v, "0 q 1 01110 zz 1 MMMMM 00101 1 NNNNN DDDDD"),
    .init(VectorInstruction.cmhi_v, "0 q 1 01110 zz 1 MMMMM 00110 1 NNNNN DDDDD"),
    .init(VectorInstruction.cmhs_v, "0 q 1 01110 zz 1 MMMMM 00111 1 NNNNN DDDDD"),
    .init(VectorInstruction.ushl_v, "0 q 1 01110 zz 1 MMMMM 01000 1 NNNNN DDDDD"),
    .init(VectorInstruction.uqshl_v, "0 q 1 01110 zz 1 MMMMM 01001 1 NNNNN DDDDD"),
    .init(VectorInstruction.urshl_v, "0 q 1 01110 zz 1 MMMMM 01010 1 NNNNN DDDDD"),
    .init(VectorInstruction.uqrshl_v, "0 q 1 01110 zz 1 MMMMM 01011 1 NNNNN DDDDD"),
    .init(VectorInstruction.umax_v, "0 q 1 01110 zz 1 MMMMM 01100 1 NNNNN DDDDD"),
    .init(VectorInstruction.umin_v, "0 q 1 01110 zz 1 MMMMM 01101 1 NNNNN DDDDD"),
    .init(VectorInstruction.uabd_v, "0 q 1 01110 zz 1 MMMMM 01110 1 NNNNN DDDDD"),
    .init(VectorInstruction.uaba_v, "0 q 1 01110 zz 1 MMMMM 01111 1 NNNNN DDDDD"),
    .init(VectorInstruction.sub_v, "0 q 1 01110 zz 1 MMMMM 10000 1 NNNNN DDDDD"),
    .init(VectorInstruction.cmeq_v, "0 q 1 01110 zz 1 MMMMM 10001 1 NNNNN DDDDD"),
    .init(VectorInstruction.mls_v, "0 q 1 01110 zz 1 MMMMM 10010 1 NNNNN DDDDD"),
    .init(VectorInstruction.pmul_v, "0 q 1 01110 zz 1 MMMMM 10011 1 NNNNN DDDDD"),
    .init(VectorInstruction.umaxp_v, "0 q 1 01110 zz 1 MMMMM 10100 1 NNNNN DDDDD"),
    .init(VectorInstruction.uminp_v, "0 q 1 01110 zz 1 MMMMM 10101 1 NNNNN DDDDD"),
    .init(VectorInstruction.sqrdmulh_v, "0 q 1 01110 zz 1 MMMMM 10110 1 NNNNN DDDDD"),
    .init(VectorInstruction.and_v, "0 q 0 01110 00 1 MMMMM 00011 1 NNNNN DDDDD"),
    .init(VectorInstruction.bic_v, "0 q 0 01110 01 1 MMMMM 00011 1 NNNNN DDDDD"),
    .init(VectorInstruction.orr_v, "0 q 0 01110 10 1 MMMMM 00011 1 NNNNN DDDDD"),
    .init(VectorInstruction.orn_v, "0 q 0 01110 11 1 MMMMM 00011 1 NNNNN DDDDD"),
    .init(VectorInstruction.eor_v, "0 q 1 01110 00 1 MMMMM 00011 1 NNNNN DDDDD"),
    .init(VectorInstruction.bsl_v, "0 q 1 01110 01 1 MMMMM 00011 1 NNNNN DDDDD"),
    .init(VectorInstruction.bit_v, "0 q 1 01110 10 1 MMMMM 00011 1 NNNNN DDDDD"),
    .init(VectorInstruction.bif_v, "0 q 1 01110 11 1 MMMMM 00011 1 NNNNN DDDDD"),
]

/// Floats; the second half is FP16.
let vectorFloatRows: [DecodeRow] = [
    .init(VectorInstruction.fmaxnm_v, "0 q 0 01110 0y 1 MMMMM 11000 1 NNNNN DDDDD"),
    .init(VectorInstruction.fmla_v, "0 q 0 01110 0y 1 MMMMM 11001 1 NNNNN DDDDD"),
    .init(VectorInstruction.fadd_v, "0 q 0 01110 0y 1 MMMMM 11010 1 NNNNN DDDDD"),
    .init(VectorInstruction.fmulx_v, "0 q 0 01110 0y 1 MMMMM 11011 1 NNNNN DDDDD"),
    .init(VectorInstruction.fcmeq_v, "0 q 0 01110 0y 1 MMMMM 11100 1 NNNNN DDDDD"),
    .init(VectorInstruction.fmax_v, "0 q 0 01110 0y 1 MMMMM 11110 1 NNNNN DDDDD"),
    .init(VectorInstruction.frecps_v, "0 q 0 01110 0y 1 MMMMM 11111 1 NNNNN DDDDD"),
    .init(VectorInstruction.fminnm_v, "0 q 0 01110 1y 1 MMMMM 11000 1 NNNNN DDDDD"),
    .init(VectorInstruction.fmls_v, "0 q 0 01110 1y 1 MMMMM 11001 1 NNNNN DDDDD"),
    .init(VectorInstruction.fsub_v, "0 q 0 01110 1y 1 MMMMM 11010 1 NNNNN DDDDD"),
    .init(VectorInstruction.fmin_v, "0 q 0 01110 1y 1 MMMMM 11110 1 NNNNN DDDDD"),
    .init(VectorInstruction.frsqrts_v, "0 q 0 01110 1y 1 MMMMM 11111 1 NNNNN DDDDD"),
    .init(VectorInstruction.fmaxnmp_v, "0 q 1 01110 0y 1 MMMMM 11000 1 NNNNN DDDDD"),
    .init(VectorInstruction.faddp_v, "0 q 1 01110 0y 1 MMMMM 11010 1 NNNNN DDDDD"),
    .init(VectorInstruction.fmul_v, "0 q 1 01110 0y 1 MMMMM 11011 1 NNNNN DDDDD"),
    .init(VectorInstruction.fcmge_v, "0 q 1 01110 0y 1 MMMMM 11100 1 NNNNN DDDDD"),
    .init(VectorInstruction.facge_v, "0 q 1 01110 0y 1 MMMMM 11101 1 NNNNN DDDDD"),
    .init(VectorInstruction.fmaxp_v, "0 q 1 01110 0y 1 MMMMM 11110 1 NNNNN DDDDD"),
    .init(VectorInstruction.fdiv_v, "0 q 1 01110 0y 1 MMMMM 11111 1 NNNNN DDDDD"),
    .init(VectorInstruction.fminnmp_v, "0 q 1 01110 1y 1 MMMMM 11000 1 NNNNN DDDDD"),
    .init(VectorInstruction.fabd_v, "0 q 1 01110 1y 1 MMMMM 11010 1 NNNNN DDDDD"),
    .init(VectorInstruction.fcmgt_v, "0 q 1 01110 1y 1 MMMMM 11100 1 NNNNN DDDDD"),
    .init(VectorInstruction.facgt_v, "0 q 1 01110 1y 1 MMMMM 11101 1 NNNNN DDDDD"),
    .init(VectorInstruction.fminp_v, "0 q 1 01110 1y 1 MMMMM 11110 1 NNNNN DDDDD"),
    .init(VectorInstruction.fmaxnm_v, "0 q 0 01110 010 MMMMM 00000 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.fmla_v, "0 q 0 01110 010 MMMMM 00001 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.fadd_v, "0 q 0 01110 010 MMMMM 00010 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.fmulx_v, "0 q 0 01110 010 MMMMM 00011 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.fcmeq_v, "0 q 0 01110 010 MMMMM 00100 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.fmax_v, "0 q 0 01110 010 MMMMM 00110 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.frecps_v, "0 q 0 01110 010 MMMMM 00111 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.fminnm_v, "0 q 0 01110 110 MMMMM 00000 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.fmls_v, "0 q 0 01110 110 MMMMM 00001 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.fsub_v, "0 q 0 01110 110 MMMMM 00010 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.fmin_v, "0 q 0 01110 110 MMMMM 00110 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.frsqrts_v, "0 q 0 01110 110 MMMMM 00111 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.fmaxnmp_v, "0 q 1 01110 010 MMMMM 00000 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.faddp_v, "0 q 1 01110 010 MMMMM 00010 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.fmul_v, "0 q 1 01110 010 MMMMM 00011 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.fcmge_v, "0 q 1 01110 010 MMMMM 00100 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.facge_v, "0 q 1 01110 010 MMMMM 00101 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.fmaxp_v, "0 q 1 01110 010 MMMMM 00110 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.fdiv_v, "0 q 1 01110 010 MMMMM 00111 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.fminnmp_v, "0 q 1 01110 110 MMMMM 00000 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.fabd_v, "0 q 1 01110 110 MMMMM 00010 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.fcmgt_v, "0 q 1 01110 110 MMMMM 00100 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.facgt_v, "0 q 1 01110 110 MMMMM 00101 1 NNNNN DDDDD", .fp16),
    .init(VectorInstruction.fminp_v, "0 q 1 01110 110 MMMMM 00110 1 NNNNN DDDDD", .fp16),
]
