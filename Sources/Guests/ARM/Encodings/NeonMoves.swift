import Decoding

/// Rows for each size of lanes, which the leading one of L and imm6 tells; without one the encodings are those of vmov.
private func shifts(_ instruction: NeonInstruction, _ first: String, _ rest: String, narrow: Bool = false) -> [DecodeRow] {
    let sizes = [("001iii", "0", 8), ("01iiii", "0", 16), ("1iiiii", "0", 32)] + (narrow ? [] : [("iiiiii", "1", 64)])
    return sizes.map { field, long, width in
        let rest = rest.split(separator: "L", maxSplits: 1, omittingEmptySubsequences: false).joined(separator: long)
        return DecodeRow(instruction, "1111 001\(first) 1D \(field) dddd \(rest)", .neon, name: "\(instruction.name)_\(width)")
    }
}

let neonShiftRows: [DecodeRow] = [
    shifts(.vshr_i, "u", "0000 LQM1 mmmm"), shifts(.vsra_i, "u", "0001 LQM1 mmmm"), shifts(.vrshr_i, "u", "0010 LQM1 mmmm"),
    shifts(.vrsra_i, "u", "0011 LQM1 mmmm"), shifts(.vsri_i, "1", "0100 LQM1 mmmm"), shifts(.vshl_i, "0", "0101 LQM1 mmmm"),
    shifts(.vsli_i, "1", "0101 LQM1 mmmm"), shifts(.vqshlu_i, "1", "0110 LQM1 mmmm"), shifts(.vqshl_i, "u", "0111 LQM1 mmmm"),
    shifts(.vshrn_i, "0", "1000 00M1 mmmm", narrow: true), shifts(.vrshrn_i, "0", "1000 01M1 mmmm", narrow: true),
    shifts(.vqshrun_i, "1", "1000 00M1 mmmm", narrow: true), shifts(.vqrshrun_i, "1", "1000 01M1 mmmm", narrow: true),
    shifts(.vqshrn_i, "u", "1001 00M1 mmmm", narrow: true), shifts(.vqrshrn_i, "u", "1001 01M1 mmmm", narrow: true),
    shifts(.vshll_i, "u", "1010 00M1 mmmm", narrow: true),
    [
        .init(NeonInstruction.vcvt_fromfix, "1111 001u 1D 1iiiii dddd 1110 0QM1 mmmm", .neon),
        .init(NeonInstruction.vcvt_tofix, "1111 001u 1D 1iiiii dddd 1111 0QM1 mmmm", .neon),
        .init(NeonInstruction.vcvt_fromfix, "1111 001u 1D 1iiiii dddd 1100 0QM1 mmmm", .fp16, name: "vcvt_fromfix_h"),
        .init(NeonInstruction.vcvt_tofix, "1111 001u 1D 1iiiii dddd 1101 0QM1 mmmm", .fp16, name: "vcvt_tofix_h"),
    ],
].joinedRows

let neonUnaryRows: [DecodeRow] = [
    .init(NeonInstruction.vrev64, "1111 0011 1D11 zz00 dddd 0000 0QM0 mmmm", .neon),
    .init(NeonInstruction.vrev32, "1111 0011 1D11 zz00 dddd 0000 1QM0 mmmm", .neon),
    .init(NeonInstruction.vrev16, "1111 0011 1D11 zz00 dddd 0001 0QM0 mmmm", .neon),
    .init(NeonInstruction.vpaddl, "1111 0011 1D11 zz00 dddd 0010 uQM0 mmmm", .neon),
    .init(NeonInstruction.aese, "1111 0011 1D11 0000 dddd 0011 00M0 mmmm", .aes),
    .init(NeonInstruction.aesd, "1111 0011 1D11 0000 dddd 0011 01M0 mmmm", .aes),
    .init(NeonInstruction.aesmc, "1111 0011 1D11 0000 dddd 0011 10M0 mmmm", .aes),
    .init(NeonInstruction.aesimc, "1111 0011 1D11 0000 dddd 0011 11M0 mmmm", .aes),
    .init(NeonInstruction.vcls, "1111 0011 1D11 zz00 dddd 0100 0QM0 mmmm", .neon),
    .init(NeonInstruction.vclz, "1111 0011 1D11 zz00 dddd 0100 1QM0 mmmm", .neon),
    .init(NeonInstruction.vcnt, "1111 0011 1D11 0000 dddd 0101 0QM0 mmmm", .neon),
    .init(NeonInstruction.vmvn, "1111 0011 1D11 0000 dddd 0101 1QM0 mmmm", .neon),
    .init(NeonInstruction.vpadal, "1111 0011 1D11 zz00 dddd 0110 uQM0 mmmm", .neon),
    .init(NeonInstruction.vqabs, "1111 0011 1D11 zz00 dddd 0111 0QM0 mmmm", .neon),
    .init(NeonInstruction.vqneg, "1111 0011 1D11 zz00 dddd 0111 1QM0 mmmm", .neon),
    .init(NeonInstruction.vcgt_zero, "1111 0011 1D11 zz01 dddd 0000 0QM0 mmmm", .neon),
    .init(NeonInstruction.vcge_zero, "1111 0011 1D11 zz01 dddd 0000 1QM0 mmmm", .neon),
    .init(NeonInstruction.vceq_zero, "1111 0011 1D11 zz01 dddd 0001 0QM0 mmmm", .neon),
    .init(NeonInstruction.vcle_zero, "1111 0011 1D11 zz01 dddd 0001 1QM0 mmmm", .neon),
    .init(NeonInstruction.vclt_zero, "1111 0011 1D11 zz01 dddd 0010 0QM0 mmmm", .neon),
    .init(NeonInstruction.sha1h, "1111 0011 1D11 1001 dddd 0010 11M0 mmmm", .sha1),
    .init(NeonInstruction.vabs, "1111 0011 1D11 zz01 dddd 0011 0QM0 mmmm", .neon),
    .init(NeonInstruction.vneg, "1111 0011 1D11 zz01 dddd 0011 1QM0 mmmm", .neon),
    .init(NeonInstruction.vswp, "1111 0011 1D11 0010 dddd 0000 0QM0 mmmm", .neon),
    .init(NeonInstruction.vtrn, "1111 0011 1D11 zz10 dddd 0000 1QM0 mmmm", .neon),
    .init(NeonInstruction.vuzp, "1111 0011 1D11 zz10 dddd 0001 0QM0 mmmm", .neon),
    .init(NeonInstruction.vzip, "1111 0011 1D11 zz10 dddd 0001 1QM0 mmmm", .neon),
    .init(NeonInstruction.vmovn, "1111 0011 1D11 zz10 dddd 0010 00M0 mmmm", .neon),
    .init(NeonInstruction.vqmovun, "1111 0011 1D11 zz10 dddd 0010 01M0 mmmm", .neon),
    .init(NeonInstruction.vqmovn, "1111 0011 1D11 zz10 dddd 0010 1uM0 mmmm", .neon),
    .init(NeonInstruction.vshll, "1111 0011 1D11 zz10 dddd 0011 00M0 mmmm", .neon),
    .init(NeonInstruction.sha1su1, "1111 0011 1D11 1010 dddd 0011 10M0 mmmm", .sha1),
    .init(NeonInstruction.sha256su0, "1111 0011 1D11 1010 dddd 0011 11M0 mmmm", .sha2),
    .init(NeonInstruction.vcvt_tohalf, "1111 0011 1D11 0110 dddd 0110 00M0 mmmm", .halfConversions),
    .init(NeonInstruction.vcvt_fromhalf, "1111 0011 1D11 0110 dddd 0111 00M0 mmmm", .halfConversions),
    .init(NeonInstruction.vrecpe, "1111 0011 1D11 1011 dddd 0100 0QM0 mmmm", .neon),
    .init(NeonInstruction.vrsqrte, "1111 0011 1D11 1011 dddd 0100 1QM0 mmmm", .neon),
]

/// The size is 10 for single precision, 01 for half precision.
private func floats(_ instruction: NeonInstruction, _ rest: String, _ features: ARMFeatures = .neon) -> [DecodeRow] {
    [
        .init(instruction, "1111 0011 1D11 10\(rest)", features),
        .init(instruction, "1111 0011 1D11 01\(rest)", features.union([.fp16, .neon]), name: instruction.name + "_h"),
    ]
}

let neonUnaryFloatRows: [DecodeRow] = [
    floats(.vcgt_fzero, "01 dddd 0100 0QM0 mmmm"), floats(.vcge_fzero, "01 dddd 0100 1QM0 mmmm"), floats(.vceq_fzero, "01 dddd 0101 0QM0 mmmm"),
    floats(.vcle_fzero, "01 dddd 0101 1QM0 mmmm"), floats(.vclt_fzero, "01 dddd 0110 0QM0 mmmm"), floats(.vabs_f, "01 dddd 0111 0QM0 mmmm"),
    floats(.vneg_f, "01 dddd 0111 1QM0 mmmm"), floats(.vrint_x, "10 dddd 0100 1QM0 mmmm", [.neon, .simd8]),
    floats(.vrint_z, "10 dddd 0101 1QM0 mmmm", [.neon, .simd8]),
    // To nearest, with ties to even or away, down, up.
    ["1000", "1010", "1101", "1111"].flatMap { code in
        floats(.vrint_m, "10 dddd 0\(code.prefix(3)) \(code.suffix(1))QM0 mmmm", [.neon, .simd8])
    },
    floats(.vcvt_m, "11 dddd 00rr uQM0 mmmm", [.neon, .simd8]), floats(.vrecpe_f, "11 dddd 0101 0QM0 mmmm"),
    floats(.vrsqrte_f, "11 dddd 0101 1QM0 mmmm"), floats(.vcvt_fromint, "11 dddd 0110 uQM0 mmmm"), floats(.vcvt_toint, "11 dddd 0111 uQM0 mmmm"),
].joinedRows

let neonMoveRows: [DecodeRow] = [
    .init(NeonInstruction.vmov_imm, "1111 001i 1D00 0iii dddd kkkk 0Qo1 iiii", .neon),
    .init(NeonInstruction.vext, "1111 0010 1D11 nnnn dddd iiii NQM0 mmmm", .neon),
    .init(NeonInstruction.vtbl, "1111 0011 1D11 nnnn dddd 10ll NxM0 mmmm", .neon),
    .init(NeonInstruction.vdup_s, "1111 0011 1D11 iiii dddd 1100 0QM0 mmmm", .neon),
]

let neonExtensionRows: [DecodeRow] = [
    .init(NeonInstruction.vdot, "1111 1100 0D10 nnnn dddd 1101 NQMu mmmm", .dotprod),
    .init(NeonInstruction.vdot_s, "1111 1110 0D10 nnnn dddd 1101 NQMu mmmm", .dotprod),
]

/// Loads and stores of elements and structures (DDI 0406, A7.7).
enum NeonMemoryInstruction: Int, ChapterInstruction {
    static let chapter = Chapter.neonMemory
    case vst_multiple, vld_multiple, vst_lane, vld_lane, vld_all
}

/// The types of multiple structures.
private let structureTypes: [(code: String, name: String)] = [
    ("0000", "4"), ("0001", "4_2"), ("0010", "1_4"), ("0011", "2_4"), ("0100", "3"), ("0101", "3_2"), ("0110", "1_3"), ("0111", "1_1"),
    ("1000", "2"), ("1001", "2_2"), ("1010", "1_2"),
]

private func structures(_ instruction: NeonMemoryInstruction, _ load: String, _ name: String) -> [DecodeRow] {
    structureTypes.map { type in
        DecodeRow(instruction, "1111 0100 0D\(load)0 nnnn dddd \(type.code) zzaa mmmm", .neon, name: name + type.name)
    }
}

private func laneStructures(_ instruction: NeonMemoryInstruction, _ load: String, _ name: String) -> [DecodeRow] {
    ["00", "01", "10"].map { size in
        DecodeRow(instruction, "1111 0100 1D\(load)0 nnnn dddd \(size) kk iiii mmmm", .neon, name: name + size)
    }
}

let neonMemoryRows: [DecodeRow] = [
    structures(.vst_multiple, "0", "vst"), structures(.vld_multiple, "1", "vld"), laneStructures(.vst_lane, "0", "vst_lane_"),
    laneStructures(.vld_lane, "1", "vld_lane_"), [DecodeRow(NeonMemoryInstruction.vld_all, "1111 0100 1D10 nnnn dddd 11 kk zzta mmmm", .neon)],
].joinedRows
