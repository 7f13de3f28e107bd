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

/// Newton steps and estimates in one format.
struct FloatStep {
    let format: FloatFormat
    var environment: FloatEnvironment

    private var fractionBits: UInt64 { UInt64(format.fractionBits) }
    private var topExponent: UInt64 { (1 << UInt64(format.exponentBits)) - 1 }
    private var bias: Int { (1 << (format.exponentBits - 1)) - 1 }
    private var sign: UInt64 { 1 << UInt64(format.exponentBits + format.fractionBits) }
    private var infinity: UInt64 { topExponent << fractionBits }

    private func exponent(_ x: UInt64) -> Int { Int(x >> fractionBits & topExponent) }
    private func fraction(_ x: UInt64) -> UInt64 { x & ((1 << fractionBits) - 1) }
    private func isNaN(_ x: UInt64) -> Bool { x & ~sign > infinity }
    private func isInfinite(_ x: UInt64) -> Bool { x & ~sign == infinity }
    /// An operand that FPCR.FZ makes zero is one.
    private func isZero(_ x: UInt64) -> Bool { x & ~sign == 0 || (environment.flushesOperands && exponent(x) == 0) }

    private func number(_ significand: UInt64, _ exponent: Int) -> UInt64 {
        UInt64(bias + exponent) << fractionBits | significand << (fractionBits - 1)
    }

    private mutating func product(_ x: UInt64, _ y: UInt64) -> UInt64 {
        UInt64(truncatingIfNeeded: format.multiply(UInt128(x), UInt128(y), &environment))
    }

    private func isZeroTimesInfinity(_ x: UInt64, _ y: UInt64) -> Bool { isZero(x) && isInfinite(y) || isInfinite(x) && isZero(y) }

    /// FPMulX: zero times infinity is 2.
    mutating func multiplyExtended(_ x: UInt64, _ y: UInt64) -> UInt64 {
        isZeroTimesInfinity(x, y) ? (x ^ y) & sign | number(0, 1) : product(x, y)
    }

    /// FPRecipStepFused: 2 - x y.
    mutating func reciprocalStep(_ x: UInt64, _ y: UInt64) -> UInt64 {
        let x = x ^ sign
        if isNaN(x) || isNaN(y) { return product(x, y) }
        return isZeroTimesInfinity(x, y) ? number(0, 1) : fused(x, y, number(0, 1))
    }

    /// FPRSqrtStepFused: (3 - x y) / 2. One factor is halved beforehand, so that nothing overflows.
    mutating func rootStep(_ x: UInt64, _ y: UInt64) -> UInt64 {
        var x = x ^ sign, y = y
        if isNaN(x) || isNaN(y) { return product(x, y) }
        if isZeroTimesInfinity(x, y) { return number(1, 0) }
        if exponent(x) > 1, !isInfinite(x) {
            x -= 1 << fractionBits
        } else if exponent(y) > 1, !isInfinite(y) {
            y -= 1 << fractionBits
        }
        return fused(x, y, number(1, 0))
    }

    private mutating func fused(_ x: UInt64, _ y: UInt64, _ addend: UInt64) -> UInt64 {
        UInt64(
            truncatingIfNeeded: format.multiplyAdd(
                UInt128(x), UInt128(y), UInt128(addend), negateProduct: false, negateAddend: false, &environment))
    }

    /// FPRecipEstimate.
    mutating func reciprocalEstimate(_ x: UInt64) -> UInt64 {
        if isNaN(x) { return quiet(x) }
        let sign = x & sign
        if isInfinite(x) { return sign }
        if isZero(x) {
            environment.flags.insert(.divideByZero)
            return sign | infinity
        }
        if exponent(x) == 0, fraction(x) < 1 << (fractionBits - 2) { return overflowed(sign) }
        if environment.flushing != .never, exponent(x) >= 2 * bias - 1 {
            environment.flags.insert(.underflow)
            return sign
        }
        var (exponent, fraction) = normalized(x, most: 2)
        let estimate = UInt64(Estimate.reciprocal(Int(256 | fraction >> (fractionBits - 8))) & 255) << (fractionBits - 8)
        exponent = 2 * bias - 1 - exponent
        fraction = estimate
        if exponent <= 0 {
            fraction = (fraction | 1 << fractionBits) >> UInt64(1 - exponent)
            exponent = 0
        }
        return sign | UInt64(exponent) << fractionBits | fraction
    }

    /// FPRSqrtEstimate.
    mutating func rootEstimate(_ x: UInt64) -> UInt64 {
        if isNaN(x) { return quiet(x) }
        if isZero(x) {
            environment.flags.insert(.divideByZero)
            return x & sign | infinity
        }
        if x & sign != 0 {
            environment.flags.insert(.invalid)
            return infinity | 1 << (fractionBits - 1)
        }
        if isInfinite(x) { return 0 }
        let (exponent, fraction) = normalized(x, most: format.fractionBits)
        let scaled = exponent & 1 == 0 ? Int(256 | fraction >> (fractionBits - 8)) : Int(128 | fraction >> (fractionBits - 7))
        let estimate = UInt64(Estimate.rootReciprocal(scaled) & 255) << (fractionBits - 8)
        return UInt64((3 * bias - 1 - exponent) / 2) << fractionBits | estimate
    }

    /// FPRecpX: the exponent's complement.
    mutating func reciprocalExponent(_ x: UInt64) -> UInt64 {
        if isNaN(x) { return quiet(x) }
        let exponent = isZero(x) || exponent(x) == 0 ? topExponent - 1 : ~UInt64(exponent(x)) & topExponent
        return x & sign | exponent << fractionBits
    }

    /// Exponent and fraction as of a normal number; a subnormal one is shifted up at most that many bits.
    private func normalized(_ x: UInt64, most: Int) -> (exponent: Int, fraction: UInt64) {
        var exponent = exponent(x), fraction = fraction(x)
        guard exponent == 0 else { return (exponent, fraction) }
        exponent = 1
        for _ in 0..<most where fraction < 1 << fractionBits {
            fraction <<= 1
            exponent -= 1
        }
        return (exponent, fraction & ((1 << fractionBits) - 1))
    }

    private mutating func overflowed(_ sign: UInt64) -> UInt64 {
        environment.flags.formUnion([.overflow, .inexact])
        let toInfinity: Bool
        switch environment.rounding {
        case .nearestEven, .nearestAway: toInfinity = true
        case .up: toInfinity = sign == 0
        case .down: toInfinity = sign != 0
        case .towardZero, .odd: toInfinity = false
        }
        return sign | (toInfinity ? infinity : infinity - 1)
    }

    private mutating func quiet(_ x: UInt64) -> UInt64 {
        UInt64(truncatingIfNeeded: format.roundToIntegral(UInt128(x), &environment))
    }
}
