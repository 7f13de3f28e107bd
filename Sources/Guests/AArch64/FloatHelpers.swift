import ArmArithmetic
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

    /// fcvt to or from half precision with FPCR.AHP. `kind`: bytes of the operand, bytes of the result << 4.
    func convertAlternativeHalf(_ bits: UInt64, _ kind: UInt64) -> UInt64 {
        var environment = floatEnvironment()
        let result = AlternativeHalf.convert(bits, kind, &environment)
        accrue(environment)
        return result
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
