import Bits
import CPUModel
import IR
import SoftFloat

/// Conversions that the IR has no operation for.
extension AArch64CPU {
    /// The environment that FPCR says, for operations in half precision or in wider types.
    func floatEnvironment(half: Bool = false) -> FloatEnvironment {
        let fpcr = unsafe element.pointee.fpcr
        var environment = FloatEnvironment(
            rounding: FloatRounding(rawValue: UInt8(header.roundingMode)) ?? .nearestEven, nanRule: fpcr & FPCR.dn != 0 ? .canonical : .arm,
            isTinyBeforeRounding: true)
        if fpcr & (half ? FPCR.fz16 : FPCR.fz) != 0 {
            environment.flushing = .arm
            environment.flushesOperands = true
        }
        return environment
    }

    /// Adds the exceptions of an environment to those that have accrued.
    func accrue(_ environment: FloatEnvironment) {
        header.floatFlags |= FloatStatus(rawValue: environment.flags.rawValue).rawValue
    }

    /// bfcvt.
    func narrowToBF16(_ bits: UInt64) -> UInt64 {
        var environment = floatEnvironment()
        let result = FloatFormat.f32.convert(UInt128(bits), to: .bf16, &environment)
        accrue(environment)
        return result.lowHalf
    }

    /// fcvt to or from half precision with FPCR.AHP: no infinities and no NaNs, one exponent more. `kind`: bytes of the operand, bytes of
    /// the result << 4.
    func convertAlternativeHalf(_ bits: UInt64, _ kind: UInt64) -> UInt64 {
        var environment = floatEnvironment()
        let result: UInt64
        if kind & 15 == 2 {
            result = fromAlternativeHalf(bits, to: kind >> 4 == 4 ? .f32 : .f64, &environment)
        } else {
            result = toAlternativeHalf(bits, from: kind & 15 == 4 ? .f32 : .f64, &environment)
        }
        accrue(environment)
        return result
    }

    /// Exact: every such number is one of the wider formats.
    private func fromAlternativeHalf(_ bits: UInt64, to format: FloatFormat, _ environment: inout FloatEnvironment) -> UInt64 {
        environment.flushesOperands = false
        if bits >> 10 & 31 != 31 { return FloatFormat.f16.convert(UInt128(bits), to: format, &environment).lowHalf }
        // 2^16 × 1.fraction: the same fraction one exponent lower, doubled.
        let half = FloatFormat.f16.convert(UInt128(bits - 0x400), to: format, &environment)
        return format.add(half, half, &environment).lowHalf
    }

    private func toAlternativeHalf(_ bits: UInt64, from format: FloatFormat, _ environment: inout FloatEnvironment) -> UInt64 {
        let sign = (bits >> (format.exponentBits == 8 ? 31 : 63)) << 15
        let top = (1 << format.exponentBits) - 1
        let exponent = Int(bits >> UInt64(format.fractionBits)) & top
        let isNaN = exponent == top && bits << UInt64(64 - format.fractionBits) != 0
        if exponent == top {
            environment.flags.insert(.invalid)
            return isNaN ? sign : sign | 0x7fff
        }
        var trial = environment
        trial.flushing = .never
        // A format with half precision's fraction and a larger exponent range, so that 2^16 is no overflow.
        let bias = format.exponentBits == 8 ? 127 : 1023
        if exponent - bias < 15 {
            let narrow = format.convert(UInt128(bits), to: .f16, &trial).lowHalf
            environment.flags = trial.flags
            return narrow
        }
        let halved = bits - 1 << UInt64(format.fractionBits)
        let narrow = exponent - bias > 16 ? 0x7c00 : format.convert(UInt128(halved), to: .f16, &trial).lowHalf
        let isTooLarge = narrow & 0x7fff >= 0x7c00
        environment.flags.formUnion(isTooLarge ? .invalid : trial.flags)
        return isTooLarge ? sign | 0x7fff : narrow + 0x400
    }

    /// frint32z and its like. `kind`: bit 0 the current rounding and exact, bit 1 64 bits wide, bit 4 double precision.
    func roundToWidth(_ bits: UInt64, _ kind: UInt64) -> UInt64 {
        var environment = floatEnvironment()
        let result = roundToWidth(UInt128(bits), kind.bit(4) ? .f64 : .f32, width: kind.bit(1) ? 64 : 32, &environment, current: kind.bit(0))
        accrue(environment)
        return result.lowHalf
    }

    private func roundToWidth(
        _ bits: UInt128, _ format: FloatFormat, width: Int, _ environment: inout FloatEnvironment, current: Bool
    ) -> UInt128 {
        if !current { environment.rounding = .towardZero }
        var trial = environment
        _ = format.toInteger(bits, width: width, isSigned: true, .indefinite, &trial)
        if trial.flags.contains(.invalid), !environment.flags.contains(.invalid) {
            environment.flags.insert(.invalid)
            var exact = FloatEnvironment()
            return format.fromInteger(1 << (width - 1), width: width, isSigned: true, &exact)
        }
        return format.roundToIntegral(bits, &environment)
    }

    /// fjcvtzs (FPToFixedJS): the low 32 bits of the integer that a double is cut to; bit 32 says that it was that integer.
    func javaScriptConvert(_ bits: UInt64) -> UInt64 {
        var environment = floatEnvironment()
        environment.rounding = .towardZero
        var trial = environment
        let whole = FloatFormat.f64.toInteger(UInt128(bits), width: 32, isSigned: true, .nanToZero, &trial)
        if !trial.flags.contains(.invalid) {
            accrue(trial)
            let isMinusZero = bits == 1 << 63
            return whole.lowHalf | (trial.flags.isDisjoint(with: [.inexact, .flushedOperand]) && !isMinusZero ? 1 << 32 : 0)
        }
        environment.flags.insert(.invalid)
        accrue(environment)
        return UInt64(truncatedBits(bits))
    }

    /// The low 32 bits of a large double's integer part; 0 for infinities and NaNs.
    private func truncatedBits(_ bits: UInt64) -> UInt32 {
        let exponent = Int(bits >> 52 & 0x7ff)
        guard exponent != 0x7ff else { return 0 }
        let significand = bits & (1 << 52 - 1) | 1 << 52
        let shift = exponent - 1075
        let magnitude = shift >= 32 ? 0 : shift >= 0 ? significand << UInt64(shift) : shift > -64 ? significand >> UInt64(-shift) : 0
        let low = UInt32(truncatingIfNeeded: magnitude)
        return bits >> 63 != 0 ? 0 &- low : low
    }
}
