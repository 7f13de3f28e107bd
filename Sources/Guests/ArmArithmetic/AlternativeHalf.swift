import SoftFloat

/// The alternative half-precision format (FPCR.AHP): no infinities and no NaNs, one exponent more.
public enum AlternativeHalf {
    /// A conversion from or to it. `kind`: bytes of the operand, bytes of the result << 4.
    public static func convert(_ bits: UInt64, _ kind: UInt64, _ environment: inout FloatEnvironment) -> UInt64 {
        if kind & 15 == 2 { return widened(bits, to: kind >> 4 == 4 ? .f32 : .f64, &environment) }
        return narrowed(bits, from: kind & 15 == 4 ? .f32 : .f64, &environment)
    }

    /// Exact: every such number is one of the wider formats.
    private static func widened(_ bits: UInt64, to format: FloatFormat, _ environment: inout FloatEnvironment) -> UInt64 {
        environment.flushesOperands = false
        if bits >> 10 & 31 != 31 { return FloatFormat.f16.convert(UInt128(bits), to: format, &environment).lowHalf }
        // 2^16 × 1.fraction: the same fraction one exponent lower, doubled.
        let half = FloatFormat.f16.convert(UInt128(bits - 0x400), to: format, &environment)
        return format.add(half, half, &environment).lowHalf
    }

    private static func narrowed(_ bits: UInt64, from format: FloatFormat, _ environment: inout FloatEnvironment) -> UInt64 {
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
}

extension UInt128 {
    fileprivate var lowHalf: UInt64 { UInt64(truncatingIfNeeded: self) }
}
