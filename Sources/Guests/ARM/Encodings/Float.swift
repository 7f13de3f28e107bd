import Decoding

/// VFP (DDI 0406, A7.5 to A7.9; DDI 0487, F3.1.11 and F3.1.12). z is the precision: 10 single, 11 double, 01 half.
enum FloatInstruction: Int, ChapterInstruction {
    static let chapter = Chapter.float
    case vmla, vmls, vnmla, vnmls, vmul, vnmul, vadd, vsub, vdiv, vfma, vfms, vfnma, vfnms
    case vmov_imm, vmov_reg, vabs, vneg, vsqrt, vcmp, vcmp_zero, vrintr, vrintz, vrintx
    case vcvt_width, vcvt_fromhalf, vcvt_tohalf, vcvt_fromint, vcvt_toint, vcvt_fix
    case vsel, vmaxnm, vminnm, vrint, vcvt_mode, vmovx, vins
    case vmov_single, vmov_half, vmov_pair, vmov_doublepair, vmov_toscalar, vmov_fromscalar, vdup
    case vmrs, vmsr
    case vldr, vstr, vldm_ia, vstm_ia, vldm_db, vstm_db
}

/// A row in single and double precision, and one in half precision.
private func precisions(_ instruction: FloatInstruction, _ pattern: String, _ features: ARMFeatures) -> [DecodeRow] {
    let half = pattern.replacing("101z", with: "1001")
    return [.init(instruction, pattern, features), .init(instruction, half, features.union(.fp16), name: instruction.name + "_h")]
}

extension String {
    fileprivate func replacing(_ part: String, with other: String) -> String {
        guard let range = firstRange(of: part) else { return self }
        return self[..<range.lowerBound] + other + self[range.upperBound...]
    }

    fileprivate func firstRange(of part: String) -> Range<Index>? {
        indices.lazy.compactMap { start in self[start...].hasPrefix(part) ? start..<self.index(start, offsetBy: part.count) : nil }.first
    }
}

let floatRows: [DecodeRow] = [
    precisions(.vmla, "cccc 1110 0D00 nnnn dddd 101z N0M0 mmmm", .vfp),
    precisions(.vmls, "cccc 1110 0D00 nnnn dddd 101z N1M0 mmmm", .vfp),
    precisions(.vnmls, "cccc 1110 0D01 nnnn dddd 101z N0M0 mmmm", .vfp),
    precisions(.vnmla, "cccc 1110 0D01 nnnn dddd 101z N1M0 mmmm", .vfp),
    precisions(.vmul, "cccc 1110 0D10 nnnn dddd 101z N0M0 mmmm", .vfp),
    precisions(.vnmul, "cccc 1110 0D10 nnnn dddd 101z N1M0 mmmm", .vfp),
    precisions(.vadd, "cccc 1110 0D11 nnnn dddd 101z N0M0 mmmm", .vfp),
    precisions(.vsub, "cccc 1110 0D11 nnnn dddd 101z N1M0 mmmm", .vfp),
    precisions(.vdiv, "cccc 1110 1D00 nnnn dddd 101z N0M0 mmmm", .vfp),
    precisions(.vfnms, "cccc 1110 1D01 nnnn dddd 101z N0M0 mmmm", .vfp4),
    precisions(.vfnma, "cccc 1110 1D01 nnnn dddd 101z N1M0 mmmm", .vfp4),
    precisions(.vfma, "cccc 1110 1D10 nnnn dddd 101z N0M0 mmmm", .vfp4),
    precisions(.vfms, "cccc 1110 1D10 nnnn dddd 101z N1M0 mmmm", .vfp4),
    precisions(.vmov_imm, "cccc 1110 1D11 iiii dddd 101z 0000 iiii", .vfp3),
    precisions(.vabs, "cccc 1110 1D11 0000 dddd 101z 11M0 mmmm", .vfp),
    precisions(.vneg, "cccc 1110 1D11 0001 dddd 101z 01M0 mmmm", .vfp),
    precisions(.vsqrt, "cccc 1110 1D11 0001 dddd 101z 11M0 mmmm", .vfp),
    precisions(.vcmp, "cccc 1110 1D11 0100 dddd 101z e1M0 mmmm", .vfp),
    precisions(.vcmp_zero, "cccc 1110 1D11 0101 dddd 101z e100 0000", .vfp),
    precisions(.vrintr, "cccc 1110 1D11 0110 dddd 101z 01M0 mmmm", .simd8),
    precisions(.vrintz, "cccc 1110 1D11 0110 dddd 101z 11M0 mmmm", .simd8),
    precisions(.vrintx, "cccc 1110 1D11 0111 dddd 101z 01M0 mmmm", .simd8),
    precisions(.vcvt_fromint, "cccc 1110 1D11 1000 dddd 101z s1M0 mmmm", .vfp),
    precisions(.vcvt_toint, "cccc 1110 1D11 110s dddd 101z r1M0 mmmm", .vfp),
    precisions(.vcvt_fix, "cccc 1110 1D11 1o1u dddd 101z x1i0 iiii", .vfp3),
].joinedRows

let floatConversionRows: [DecodeRow] = [
    .init(FloatInstruction.vmov_reg, "cccc 1110 1D11 0000 dddd 101z 01M0 mmmm", .vfp),
    .init(FloatInstruction.vcvt_width, "cccc 1110 1D11 0111 dddd 101z 11M0 mmmm", .vfp),
    .init(FloatInstruction.vcvt_fromhalf, "cccc 1110 1D11 0010 dddd 1010 t1M0 mmmm", .halfConversions),
    .init(FloatInstruction.vcvt_tohalf, "cccc 1110 1D11 0011 dddd 1010 t1M0 mmmm", .halfConversions),
    .init(FloatInstruction.vcvt_fromhalf, "cccc 1110 1D11 0010 dddd 1011 t1M0 mmmm", .simd8, name: "vcvt_fromhalf_d"),
    .init(FloatInstruction.vcvt_tohalf, "cccc 1110 1D11 0011 dddd 1011 t1M0 mmmm", .simd8, name: "vcvt_tohalf_d"),
    .init(FloatInstruction.vmov_single, "cccc 1110 000o nnnn tttt 1010 N001 0000", .vfp),
    .init(FloatInstruction.vmov_half, "cccc 1110 000o nnnn tttt 1001 N001 0000", .fp16),
    .init(FloatInstruction.vmov_pair, "cccc 1100 010o uuuu tttt 1010 00M1 mmmm", .vfp),
    .init(FloatInstruction.vmov_doublepair, "cccc 1100 010o uuuu tttt 1011 00M1 mmmm", .vfp),
    .init(FloatInstruction.vmov_toscalar, "cccc 1110 0oo0 nnnn tttt 1011 Npp1 0000", .vfp),
    .init(FloatInstruction.vmov_fromscalar, "cccc 1110 uoo1 nnnn tttt 1011 Npp1 0000", .vfp),
    .init(FloatInstruction.vdup, "cccc 1110 1bq0 nnnn tttt 1011 N0e1 0000", .neon),
    .init(FloatInstruction.vmsr, "cccc 1110 1110 kkkk tttt 1010 0001 0000", .vfp),
    .init(FloatInstruction.vmrs, "cccc 1110 1111 kkkk tttt 1010 0001 0000", .vfp),
]

let floatMemoryRows: [DecodeRow] = [
    precisions(.vstr, "cccc 1101 uD00 nnnn dddd 101z iiiiiiii", .vfp),
    precisions(.vldr, "cccc 1101 uD01 nnnn dddd 101z iiiiiiii", .vfp),
    [
        .init(FloatInstruction.vstm_ia, "cccc 1100 1Dw0 nnnn dddd 101z iiiiiiii", .vfp),
        .init(FloatInstruction.vldm_ia, "cccc 1100 1Dw1 nnnn dddd 101z iiiiiiii", .vfp),
        .init(FloatInstruction.vstm_db, "cccc 1101 0D10 nnnn dddd 101z iiiiiiii", .vfp),
        .init(FloatInstruction.vldm_db, "cccc 1101 0D11 nnnn dddd 101z iiiiiiii", .vfp),
    ],
].joinedRows

/// What has no condition.
let float8Rows: [DecodeRow] = [
    precisions(.vsel, "1111 1110 0Dcc nnnn dddd 101z N0M0 mmmm", .simd8),
    precisions(.vmaxnm, "1111 1110 1D00 nnnn dddd 101z N0M0 mmmm", .simd8),
    precisions(.vminnm, "1111 1110 1D00 nnnn dddd 101z N1M0 mmmm", .simd8),
    precisions(.vrint, "1111 1110 1D11 10rr dddd 101z 01M0 mmmm", .simd8),
    precisions(.vcvt_mode, "1111 1110 1D11 11rr dddd 101z s1M0 mmmm", .simd8),
    [
        .init(FloatInstruction.vmovx, "1111 1110 1D11 0000 dddd 1010 01M0 mmmm", .fp16),
        .init(FloatInstruction.vins, "1111 1110 1D11 0000 dddd 1010 11M0 mmmm", .fp16),
    ],
].joinedRows
