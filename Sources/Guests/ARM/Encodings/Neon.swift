import Decoding

/// NEON, whose encodings T32 has with other first bits (DDI 0406, A7.4; DDI 0487, F3.1.9 and F3.1.10). z is the lanes' size, u tells unsigned.
enum NeonInstruction: Int, ChapterInstruction {
    static let chapter = Chapter.neon
    // Three registers of one width.
    case vhadd, vqadd, vrhadd, vand, vbic, vorr, vorn, veor, vbsl, vbit, vbif, vhsub, vqsub, vcgt, vcge, vshl, vqshl, vrshl, vqrshl
    case vmax, vmin, vabd, vaba, vadd, vsub, vtst, vceq, vmla, vmls, vmul, vmul_p, vpmax, vpmin, vqdmulh, vqrdmulh, vpadd, vqrdmlah, vqrdmlsh
    case vfma, vfms, vadd_f, vsub_f, vpadd_f, vabd_f, vmla_f, vmls_f, vmul_f, vceq_f, vcge_f, vcgt_f, vacge, vacgt
    case vmax_f, vmin_f, vpmax_f, vpmin_f, vrecps, vrsqrts, vmaxnm, vminnm
    case sha1c, sha1p, sha1m, sha1su0, sha256h, sha256h2, sha256su1
    // Three registers of two widths.
    case vaddl, vaddw, vsubl, vsubw, vaddhn, vraddhn, vabal, vsubhn, vrsubhn, vabdl, vmlal, vqdmlal, vmlsl, vqdmlsl, vmull, vqdmull, vmull_p
    // By scalar.
    case vmla_s, vmla_fs, vmlal_s, vqdmlal_s, vmls_s, vmls_fs, vmlsl_s, vqdmlsl_s, vmul_s, vmul_fs, vmull_s, vqdmull_s, vqdmulh_s, vqrdmulh_s
    case vqrdmlah_s, vqrdmlsh_s
    // Shifts by immediates.
    case vshr_i, vsra_i, vrshr_i, vrsra_i, vsri_i, vshl_i, vsli_i, vqshlu_i, vqshl_i, vshrn_i, vrshrn_i, vqshrun_i, vqrshrun_i, vqshrn_i, vqrshrn_i
    case vshll_i, vcvt_tofix, vcvt_fromfix
    // Two registers.
    case vrev64, vrev32, vrev16, vpaddl, vcls, vclz, vcnt, vmvn, vpadal, vqabs, vqneg
    case vcgt_zero, vcge_zero, vceq_zero, vcle_zero, vclt_zero, vabs, vneg
    case vcgt_fzero, vcge_fzero, vceq_fzero, vcle_fzero, vclt_fzero, vabs_f, vneg_f
    case vswp, vtrn, vuzp, vzip, vmovn, vqmovun, vqmovn, vshll, vrint_x, vrint_z, vrint_m, vcvt_tohalf, vcvt_fromhalf, vcvt_m
    case vrecpe, vrsqrte, vrecpe_f, vrsqrte_f, vcvt_fromint, vcvt_toint
    case aese, aesd, aesmc, aesimc, sha1h, sha1su1, sha256su0
    // Moves.
    case vmov_imm, vext, vtbl, vdup_s
    case vdot, vdot_s
}

/// A row for each of the sizes 8, 16 and 32; 64 bits there are other instructions.
private func sizes(_ instruction: NeonInstruction, _ pattern: String, _ features: ARMFeatures = .neon, _ codes: [String] = ["00", "01", "10"])
    -> [DecodeRow]
{
    codes.map { code in
        let bits = pattern.split(separator: "zz", maxSplits: 1, omittingEmptySubsequences: false).joined(separator: code)
        return DecodeRow(instruction, bits, features, name: "\(instruction.name)_\(8 << (code == "01" ? 1 : code == "10" ? 2 : 0))")
    }
}

let neonThreeRows: [DecodeRow] = [
    .init(NeonInstruction.vhadd, "1111 001u 0Dzz nnnn dddd 0000 NQM0 mmmm", .neon),
    .init(NeonInstruction.vqadd, "1111 001u 0Dzz nnnn dddd 0000 NQM1 mmmm", .neon),
    .init(NeonInstruction.vrhadd, "1111 001u 0Dzz nnnn dddd 0001 NQM0 mmmm", .neon),
    .init(NeonInstruction.vand, "1111 0010 0D00 nnnn dddd 0001 NQM1 mmmm", .neon),
    .init(NeonInstruction.vbic, "1111 0010 0D01 nnnn dddd 0001 NQM1 mmmm", .neon),
    .init(NeonInstruction.vorr, "1111 0010 0D10 nnnn dddd 0001 NQM1 mmmm", .neon),
    .init(NeonInstruction.vorn, "1111 0010 0D11 nnnn dddd 0001 NQM1 mmmm", .neon),
    .init(NeonInstruction.veor, "1111 0011 0D00 nnnn dddd 0001 NQM1 mmmm", .neon),
    .init(NeonInstruction.vbsl, "1111 0011 0D01 nnnn dddd 0001 NQM1 mmmm", .neon),
    .init(NeonInstruction.vbit, "1111 0011 0D10 nnnn dddd 0001 NQM1 mmmm", .neon),
    .init(NeonInstruction.vbif, "1111 0011 0D11 nnnn dddd 0001 NQM1 mmmm", .neon),
    .init(NeonInstruction.vhsub, "1111 001u 0Dzz nnnn dddd 0010 NQM0 mmmm", .neon),
    .init(NeonInstruction.vqsub, "1111 001u 0Dzz nnnn dddd 0010 NQM1 mmmm", .neon),
    .init(NeonInstruction.vcgt, "1111 001u 0Dzz nnnn dddd 0011 NQM0 mmmm", .neon),
    .init(NeonInstruction.vcge, "1111 001u 0Dzz nnnn dddd 0011 NQM1 mmmm", .neon),
    .init(NeonInstruction.vshl, "1111 001u 0Dzz nnnn dddd 0100 NQM0 mmmm", .neon),
    .init(NeonInstruction.vqshl, "1111 001u 0Dzz nnnn dddd 0100 NQM1 mmmm", .neon),
    .init(NeonInstruction.vrshl, "1111 001u 0Dzz nnnn dddd 0101 NQM0 mmmm", .neon),
    .init(NeonInstruction.vqrshl, "1111 001u 0Dzz nnnn dddd 0101 NQM1 mmmm", .neon),
    .init(NeonInstruction.vmax, "1111 001u 0Dzz nnnn dddd 0110 NQM0 mmmm", .neon),
    .init(NeonInstruction.vmin, "1111 001u 0Dzz nnnn dddd 0110 NQM1 mmmm", .neon),
    .init(NeonInstruction.vabd, "1111 001u 0Dzz nnnn dddd 0111 NQM0 mmmm", .neon),
    .init(NeonInstruction.vaba, "1111 001u 0Dzz nnnn dddd 0111 NQM1 mmmm", .neon),
    .init(NeonInstruction.vadd, "1111 0010 0Dzz nnnn dddd 1000 NQM0 mmmm", .neon),
    .init(NeonInstruction.vsub, "1111 0011 0Dzz nnnn dddd 1000 NQM0 mmmm", .neon),
    .init(NeonInstruction.vtst, "1111 0010 0Dzz nnnn dddd 1000 NQM1 mmmm", .neon),
    .init(NeonInstruction.vceq, "1111 0011 0Dzz nnnn dddd 1000 NQM1 mmmm", .neon),
    .init(NeonInstruction.vmla, "1111 0010 0Dzz nnnn dddd 1001 NQM0 mmmm", .neon),
    .init(NeonInstruction.vmls, "1111 0011 0Dzz nnnn dddd 1001 NQM0 mmmm", .neon),
    .init(NeonInstruction.vmul, "1111 0010 0Dzz nnnn dddd 1001 NQM1 mmmm", .neon),
    .init(NeonInstruction.vmul_p, "1111 0011 0D00 nnnn dddd 1001 NQM1 mmmm", .neon),
    .init(NeonInstruction.vpmax, "1111 001u 0Dzz nnnn dddd 1010 N0M0 mmmm", .neon),
    .init(NeonInstruction.vpmin, "1111 001u 0Dzz nnnn dddd 1010 N0M1 mmmm", .neon),
    .init(NeonInstruction.vqdmulh, "1111 0010 0Dzz nnnn dddd 1011 NQM0 mmmm", .neon),
    .init(NeonInstruction.vqrdmulh, "1111 0011 0Dzz nnnn dddd 1011 NQM0 mmmm", .neon),
    .init(NeonInstruction.vpadd, "1111 0010 0Dzz nnnn dddd 1011 N0M1 mmmm", .neon),
    .init(NeonInstruction.vqrdmlah, "1111 0011 0Dzz nnnn dddd 1011 NQM1 mmmm", .rdm),
    .init(NeonInstruction.vqrdmlsh, "1111 0011 0Dzz nnnn dddd 1100 NQM1 mmmm", .rdm),
    .init(NeonInstruction.sha1c, "1111 0010 0D00 nnnn dddd 1100 N1M0 mmmm", .sha1),
    .init(NeonInstruction.sha1p, "1111 0010 0D01 nnnn dddd 1100 N1M0 mmmm", .sha1),
    .init(NeonInstruction.sha1m, "1111 0010 0D10 nnnn dddd 1100 N1M0 mmmm", .sha1),
    .init(NeonInstruction.sha1su0, "1111 0010 0D11 nnnn dddd 1100 N1M0 mmmm", .sha1),
    .init(NeonInstruction.sha256h, "1111 0011 0D00 nnnn dddd 1100 N1M0 mmmm", .sha2),
    .init(NeonInstruction.sha256h2, "1111 0011 0D01 nnnn dddd 1100 N1M0 mmmm", .sha2),
    .init(NeonInstruction.sha256su1, "1111 0011 0D10 nnnn dddd 1100 N1M0 mmmm", .sha2),
]

/// Bit 20 tells half precision.
private func floats(_ instruction: NeonInstruction, _ pattern: String, _ features: ARMFeatures = .neon) -> [DecodeRow] {
    func row(_ bit: String) -> String { pattern.split(separator: "z", maxSplits: 1, omittingEmptySubsequences: false).joined(separator: bit) }
    return [.init(instruction, row("0"), features), .init(instruction, row("1"), features.union(.fp16), name: instruction.name + "_h")]
}

let neonThreeFloatRows: [DecodeRow] = [
    floats(.vfma, "1111 0010 0D0z nnnn dddd 1100 NQM1 mmmm", [.neon, .vfp4]),
    floats(.vfms, "1111 0010 0D1z nnnn dddd 1100 NQM1 mmmm", [.neon, .vfp4]),
    floats(.vadd_f, "1111 0010 0D0z nnnn dddd 1101 NQM0 mmmm"), floats(.vsub_f, "1111 0010 0D1z nnnn dddd 1101 NQM0 mmmm"),
    floats(.vpadd_f, "1111 0011 0D0z nnnn dddd 1101 N0M0 mmmm"), floats(.vabd_f, "1111 0011 0D1z nnnn dddd 1101 NQM0 mmmm"),
    floats(.vmla_f, "1111 0010 0D0z nnnn dddd 1101 NQM1 mmmm"), floats(.vmls_f, "1111 0010 0D1z nnnn dddd 1101 NQM1 mmmm"),
    floats(.vmul_f, "1111 0011 0D0z nnnn dddd 1101 NQM1 mmmm"), floats(.vceq_f, "1111 0010 0D0z nnnn dddd 1110 NQM0 mmmm"),
    floats(.vcge_f, "1111 0011 0D0z nnnn dddd 1110 NQM0 mmmm"), floats(.vcgt_f, "1111 0011 0D1z nnnn dddd 1110 NQM0 mmmm"),
    floats(.vacge, "1111 0011 0D0z nnnn dddd 1110 NQM1 mmmm"), floats(.vacgt, "1111 0011 0D1z nnnn dddd 1110 NQM1 mmmm"),
    floats(.vmax_f, "1111 0010 0D0z nnnn dddd 1111 NQM0 mmmm"), floats(.vmin_f, "1111 0010 0D1z nnnn dddd 1111 NQM0 mmmm"),
    floats(.vpmax_f, "1111 0011 0D0z nnnn dddd 1111 N0M0 mmmm"), floats(.vpmin_f, "1111 0011 0D1z nnnn dddd 1111 N0M0 mmmm"),
    floats(.vrecps, "1111 0010 0D0z nnnn dddd 1111 NQM1 mmmm"), floats(.vrsqrts, "1111 0010 0D1z nnnn dddd 1111 NQM1 mmmm"),
    floats(.vmaxnm, "1111 0011 0D0z nnnn dddd 1111 NQM1 mmmm", [.neon, .simd8]),
    floats(.vminnm, "1111 0011 0D1z nnnn dddd 1111 NQM1 mmmm", [.neon, .simd8]),
].joinedRows

let neonWideRows: [DecodeRow] = [
    sizes(.vaddl, "1111 001u 1Dzz nnnn dddd 0000 N0M0 mmmm"), sizes(.vaddw, "1111 001u 1Dzz nnnn dddd 0001 N0M0 mmmm"),
    sizes(.vsubl, "1111 001u 1Dzz nnnn dddd 0010 N0M0 mmmm"), sizes(.vsubw, "1111 001u 1Dzz nnnn dddd 0011 N0M0 mmmm"),
    sizes(.vaddhn, "1111 0010 1Dzz nnnn dddd 0100 N0M0 mmmm"), sizes(.vraddhn, "1111 0011 1Dzz nnnn dddd 0100 N0M0 mmmm"),
    sizes(.vabal, "1111 001u 1Dzz nnnn dddd 0101 N0M0 mmmm"),
    sizes(.vsubhn, "1111 0010 1Dzz nnnn dddd 0110 N0M0 mmmm"), sizes(.vrsubhn, "1111 0011 1Dzz nnnn dddd 0110 N0M0 mmmm"),
    sizes(.vabdl, "1111 001u 1Dzz nnnn dddd 0111 N0M0 mmmm"), sizes(.vmlal, "1111 001u 1Dzz nnnn dddd 1000 N0M0 mmmm"),
    sizes(.vqdmlal, "1111 0010 1Dzz nnnn dddd 1001 N0M0 mmmm", .neon, ["01", "10"]), sizes(.vmlsl, "1111 001u 1Dzz nnnn dddd 1010 N0M0 mmmm"),
    sizes(.vqdmlsl, "1111 0010 1Dzz nnnn dddd 1011 N0M0 mmmm", .neon, ["01", "10"]), sizes(.vmull, "1111 001u 1Dzz nnnn dddd 1100 N0M0 mmmm"),
    sizes(.vqdmull, "1111 0010 1Dzz nnnn dddd 1101 N0M0 mmmm", .neon, ["01", "10"]),
    sizes(.vmull_p, "1111 0010 1Dzz nnnn dddd 1110 N0M0 mmmm", .neon, ["00"]),
    sizes(.vmull_p, "1111 0010 1Dzz nnnn dddd 1110 N0M0 mmmm", .pmull, ["10"]),
].joinedRows

/// Of floats the size 01 is half precision.
private func scalarFloats(_ instruction: NeonInstruction, _ pattern: String) -> [DecodeRow] {
    sizes(instruction, pattern, .neon, ["10"]) + sizes(instruction, pattern, .fp16, ["01"])
}

private let halfAndWord = ["01", "10"]

let neonScalarRows: [DecodeRow] = [
    sizes(.vmla_s, "1111 001Q 1Dzz nnnn dddd 0000 N1M0 mmmm", .neon, halfAndWord), scalarFloats(.vmla_fs, "1111 001Q 1Dzz nnnn dddd 0001 N1M0 mmmm"),
    sizes(.vmlal_s, "1111 001u 1Dzz nnnn dddd 0010 N1M0 mmmm", .neon, halfAndWord),
    sizes(.vqdmlal_s, "1111 0010 1Dzz nnnn dddd 0011 N1M0 mmmm", .neon, halfAndWord),
    sizes(.vmls_s, "1111 001Q 1Dzz nnnn dddd 0100 N1M0 mmmm", .neon, halfAndWord), scalarFloats(.vmls_fs, "1111 001Q 1Dzz nnnn dddd 0101 N1M0 mmmm"),
    sizes(.vmlsl_s, "1111 001u 1Dzz nnnn dddd 0110 N1M0 mmmm", .neon, halfAndWord),
    sizes(.vqdmlsl_s, "1111 0010 1Dzz nnnn dddd 0111 N1M0 mmmm", .neon, halfAndWord),
    sizes(.vmul_s, "1111 001Q 1Dzz nnnn dddd 1000 N1M0 mmmm", .neon, halfAndWord), scalarFloats(.vmul_fs, "1111 001Q 1Dzz nnnn dddd 1001 N1M0 mmmm"),
    sizes(.vmull_s, "1111 001u 1Dzz nnnn dddd 1010 N1M0 mmmm", .neon, halfAndWord),
    sizes(.vqdmull_s, "1111 0010 1Dzz nnnn dddd 1011 N1M0 mmmm", .neon, halfAndWord),
    sizes(.vqdmulh_s, "1111 001Q 1Dzz nnnn dddd 1100 N1M0 mmmm", .neon, halfAndWord),
    sizes(.vqrdmulh_s, "1111 001Q 1Dzz nnnn dddd 1101 N1M0 mmmm", .neon, halfAndWord),
    sizes(.vqrdmlah_s, "1111 001Q 1Dzz nnnn dddd 1110 N1M0 mmmm", .rdm, halfAndWord),
    sizes(.vqrdmlsh_s, "1111 001Q 1Dzz nnnn dddd 1111 N1M0 mmmm", .rdm, halfAndWord),
].joinedRows
