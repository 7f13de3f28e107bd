import ArmArithmetic
import Bits
import IR
import SoftFloat

/// Operations on lanes of floats.
extension LaneJob {
    private var format: FloatFormat { lane == .b16 ? .f16 : lane == .b32 ? .f32 : .f64 }

    func runFloat() {
        var environment = cpu.floatEnvironment(half: lane == .b16)
        switch instruction {
        case .fmulx_v, .fmulx_e: writeFloats(&environment) { step, index in step.multiplyExtended(n[index], m[index]) }
        case .frecps_v: writeFloats(&environment) { step, index in step.reciprocalStep(n[index], m[index]) }
        case .frsqrts_v: writeFloats(&environment) { step, index in step.rootStep(n[index], m[index]) }
        case .frecpe_v: writeFloats(&environment) { step, index in step.reciprocalEstimate(n[index]) }
        case .frsqrte_v: writeFloats(&environment) { step, index in step.rootEstimate(n[index]) }
        case .frecpx_v: writeFloats(&environment) { step, index in step.reciprocalExponent(n[index]) }
        case .frint32z_v, .frint32x_v, .frint64z_v, .frint64x_v:
            let isWide = instruction == .frint64z_v || instruction == .frint64x_v
            let isCurrent = instruction == .frint32x_v || instruction == .frint64x_v
            let kind: UInt64 = (isCurrent ? 1 : 0) | (isWide ? 2 : 0) | (lane == .b64 ? 16 : 0)
            write { cpu.roundToWidth(n[$0], kind) }
        case .scvtf_i, .ucvtf_i: writeFloats(&environment) { step, index in fromFixed(index, &step.environment) }
        case .bfmlal_v, .bfmlal_e: multiplyAddLongBF16(&environment)
        case .fmlal_v, .fmlal_e: multiplyAddLongHalf(&environment, upper: false, negates: false)
        case .fmlsl_v, .fmlsl_e: multiplyAddLongHalf(&environment, upper: false, negates: true)
        case .fmlal2_v, .fmlal2_e: multiplyAddLongHalf(&environment, upper: true, negates: false)
        case .fmlsl2_v, .fmlsl2_e: multiplyAddLongHalf(&environment, upper: true, negates: true)
        case .bfdot_v, .bfdot_e: write { LaneJob.dotBF16(d[$0], n[$0], m[$0]) }
        case .bfmmla_v: write { LaneJob.dotBF16(LaneJob.dotBF16(d[$0], n[$0 & 2], m[2 * ($0 & 1)]), n[$0 & 2 | 1], m[2 * ($0 & 1) + 1]) }
        case .bfcvtn_v: narrow { cpu.narrowToBF16($0) }
        case .fcvtn_v: narrow { cpu.convertAlternativeHalf($0, 4 | 2 << 4) }
        case .fcvtl_v: widenAlternativeHalf()
        default: preconditionFailure("no lanes of floats are made by \(instruction)")
        }
        if lane == .b16 { environment.flags.remove(.flushedOperand) }
        cpu.accrue(environment)
    }

    private func writeFloats(_ environment: inout FloatEnvironment, _ operation: (inout FloatStep, Int) -> UInt64) {
        var step = FloatStep(format: format, environment: environment)
        write { operation(&step, $0) }
        environment = step.environment
    }

    /// A fixed-point half-word, exact in double precision, then rounded once.
    private func fromFixed(_ index: Int, _ environment: inout FloatEnvironment) -> UInt64 {
        let isSigned = instruction == .scvtf_i
        var exact = FloatEnvironment()
        let whole = FloatFormat.f64.fromInteger(UInt128(n[index]), width: 16, isSigned: isSigned, &exact)
        let scale = UInt128(1023 - o.rightShift(lane)) << 52
        let value = FloatFormat.f64.multiply(whole, scale, &exact)
        return UInt64(truncatingIfNeeded: FloatFormat.f64.convert(value, to: .f16, &environment))
    }

    // MARK: BF16 and other narrow formats

    /// Products of half-precision lanes of the lower or the upper half, exact, added with one rounding (FPMulAddH).
    private func multiplyAddLongHalf(_ environment: inout FloatEnvironment, upper: Bool, negates: Bool) {
        let left = LaneVector(n.bits, width: 16), right = LaneVector(m.bits, width: 16)
        var result = LaneVector(0, width: 32)
        for index in 0..<count {
            let place = upper ? count + index : index
            let x = widened(left[place] ^ (negates ? 0x8000 : 0), &environment), y = widened(right[place], &environment)
            let sum = FloatFormat.f32.multiplyAdd(x, y, UInt128(d[index]), negateProduct: false, negateAddend: false, &environment)
            result[index] = UInt64(truncatingIfNeeded: sum)
        }
        cpu.setVectorBits(o.rd, result.bits)
    }

    /// In single precision, where a NaN still signals.
    private func widened(_ half: UInt64, _ environment: inout FloatEnvironment) -> UInt128 {
        if half & 0x7fff > 0x7c00 { return UInt128((half >> 15) << 31 | 0xff << 23 | (half & 0x3ff) << 13) }
        return FloatFormat.f16.convert(UInt128(half), to: .f32, &environment)
    }

    /// Odd or even elements by Q, widened, with the rounding and the exceptions of single precision.
    private func multiplyAddLongBF16(_ environment: inout FloatEnvironment) {
        var result = LaneVector(0, width: 32)
        for index in 0..<4 {
            let x = half(n[index]), y = half(m[index])
            let sum = FloatFormat.f32.multiplyAdd(
                UInt128(x), UInt128(y), UInt128(d[index]), negateProduct: false, negateAddend: false, &environment)
            result[index] = UInt64(truncatingIfNeeded: sum)
        }
        cpu.setVectorBits(o.rd, result.bits)
    }

    private func half(_ word: UInt64) -> UInt64 { o.q ? word & 0xffff_0000 : word << 16 & 0xffff_0000 }

    /// BFDotAdd: rounded to odd, subnormals flushed, default NaNs, no exceptions.
    private static func dotBF16(_ sum: UInt64, _ x: UInt64, _ y: UInt64) -> UInt64 {
        let low = compute { $0.multiply(UInt128(x << 16 & 0xffff_ffff), UInt128(y << 16 & 0xffff_ffff), &$1) }
        let high = compute { $0.multiply(UInt128(x & 0xffff_0000), UInt128(y & 0xffff_0000), &$1) }
        let products = compute { $0.add(low, high, &$1) }
        return UInt64(truncatingIfNeeded: compute { $0.add(UInt128(sum), products, &$1) })
    }

    private static func compute(_ operation: (FloatFormat, inout FloatEnvironment) -> UInt128) -> UInt128 {
        var environment = FloatEnvironment(rounding: .odd, nanRule: .canonical, isTinyBeforeRounding: true)
        environment.flushing = .arm
        environment.flushesOperands = true
        let result = operation(.f32, &environment)
        // What overflows becomes infinite.
        return environment.flags.contains(.overflow) ? result & 0x8000_0000 | 0x7f80_0000 : result
    }

    private func narrow(_ convert: (UInt64) -> UInt64) {
        var half = LaneVector(0, width: 16)
        for index in 0..<4 { half[index] = convert(n[index]) }
        cpu.setVectorBits(o.rd, o.q ? d.bits & (1 << 64 - 1) | half.bits << 64 : half.bits)
    }

    private func widenAlternativeHalf() {
        let half = LaneVector(o.q ? n.bits >> 64 : n.bits, width: 16)
        var result = LaneVector(0, width: 32)
        for index in 0..<4 { result[index] = cpu.convertAlternativeHalf(half[index], 2 | 4 << 4) }
        cpu.setVectorBits(o.rd, result.bits)
    }
}
