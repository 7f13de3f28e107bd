import Bits
import SoftFloat

/// Newton steps and estimates in one format.
public struct FloatStep {
    public let format: FloatFormat
    public var environment: FloatEnvironment

    public init(format: FloatFormat, environment: FloatEnvironment) {
        self.format = format
        self.environment = environment
    }

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

    private mutating func isZeroTimesInfinity(_ x: UInt64, _ y: UInt64) -> Bool {
        guard isZero(x) && isInfinite(y) || isInfinite(x) && isZero(y) else { return false }
        noteFlushing(x)
        noteFlushing(y)
        return true
    }

    /// FPMulX: zero times infinity is 2.
    public mutating func multiplyExtended(_ x: UInt64, _ y: UInt64) -> UInt64 {
        isZeroTimesInfinity(x, y) ? (x ^ y) & sign | number(0, 1) : product(x, y)
    }

    /// FPRecipStepFused: 2 - x y.
    public mutating func reciprocalStep(_ x: UInt64, _ y: UInt64) -> UInt64 {
        let x = x ^ sign
        if isNaN(x) || isNaN(y) { return product(x, y) }
        return isZeroTimesInfinity(x, y) ? number(0, 1) : fused(x, y, number(0, 1))
    }

    /// FPRSqrtStepFused: (3 - x y) / 2. One factor is halved beforehand, so that nothing overflows.
    public mutating func rootStep(_ x: UInt64, _ y: UInt64) -> UInt64 {
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

    /// A subnormal operand that counts as zero is noted.
    private mutating func noteFlushing(_ x: UInt64) {
        if environment.flushesOperands, exponent(x) == 0, fraction(x) != 0 { environment.flags.insert(.flushedOperand) }
    }

    /// FPRecipEstimate.
    public mutating func reciprocalEstimate(_ x: UInt64) -> UInt64 {
        noteFlushing(x)
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
    public mutating func rootEstimate(_ x: UInt64) -> UInt64 {
        noteFlushing(x)
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
    public mutating func reciprocalExponent(_ x: UInt64) -> UInt64 {
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
