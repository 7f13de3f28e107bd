extension FloatFormat {
    /// `a`, which has this format, in another one.
    public func convert(_ a: UInt128, to target: FloatFormat, _ environment: inout FloatEnvironment) -> UInt128 {
        let x = unpack(a, &environment)
        if !target.hasSpecials && x.isNaN {
            environment.flags.insert(.invalid)
            return target.zero(x.isNegative)
        }
        switch x.kind {
        case .zero: return target.zero(x.isNegative)
        case .infinity where !target.hasSpecials: return target.overflow(x.isNegative, target.precision, &environment)
        case .infinity: return target.infinity(x.isNegative)
        case .finite: return target.round(x.isNegative, x.exponent, x.significand, &environment)
        case .quietNaN, .signallingNaN, .unsupported: return target.propagate(x, x, &environment)
        }
    }

    /// a × 2^exponent.
    public func scale(_ a: UInt128, by exponent: Int, _ environment: inout FloatEnvironment) -> UInt128 {
        let x = unpack(a, &environment)
        switch x.kind {
        case .zero: return zero(x.isNegative)
        case .infinity: return infinity(x.isNegative)
        // Further than from the smallest number to the largest no exponent leads.
        case .finite: return round(x.isNegative, x.exponent + min(max(exponent, -0x2_0000), 0x2_0000), x.significand, &environment)
        case .quietNaN, .signallingNaN, .unsupported: return propagate(x, x, &environment)
        }
    }

    /// `a` rounded to an integral value.
    public func roundToIntegral(_ a: UInt128, _ environment: inout FloatEnvironment) -> UInt128 {
        let x = unpack(a, &environment)
        if x.isNaN { return propagate(x, x, &environment) }
        if x.kind == .zero { return zero(x.isNegative) }
        if x.kind == .infinity { return infinity(x.isNegative) }
        if x.exponent >= fractionBits { return round(x.isNegative, x.exponent, x.significand, &environment) }
        let magnitude = integer(x, &environment)
        if magnitude == 0 { return zero(x.isNegative) }
        let lead = magnitude.leadingZeroBitCount
        return round(x.isNegative, 127 - lead, magnitude << lead, &environment)
    }

    /// The magnitude of a finite number below 2^128, rounded to an integer.
    private func integer(_ x: Unpacked, _ environment: inout FloatEnvironment) -> UInt128 {
        let cut = 127 - x.exponent
        if cut == 0 { return x.significand }
        var whole: UInt128 = 0
        var remainder = Remainder.belowHalf
        if cut <= 128 {
            let rest = cut == 128 ? x.significand : x.significand & (1 << cut - 1)
            whole = x.significand >> cut
            remainder = Remainder(rest, half: 1 << (cut - 1))
        }
        if remainder == .none { return whole }
        environment.flags.insert(.inexact)
        if environment.rounding == .odd { return whole | 1 }
        return environment.rounding.roundsUp(remainder, isNegative: x.isNegative, isOdd: whole & 1 != 0) ? whole + 1 : whole
    }

    /// `a` as an integer of `width` bits, at most 128, rounded; zero-extended. What does not fit is invalid.
    public func toInteger(
        _ a: UInt128, width: Int, isSigned: Bool, _ saturation: FloatSaturation, _ environment: inout FloatEnvironment
    ) -> UInt128 {
        let x = unpack(a, &environment)
        let mask = UInt128.max >> (128 - width)
        let top = UInt128(1) << (width - 1)
        let largest = isSigned ? top - 1 : mask
        if x.isNaN {
            environment.flags.insert(.invalid)
            return saturation == .nanToMaximum ? largest : saturation == .nanToZero ? 0 : top
        }
        if x.kind == .zero { return 0 }
        var trial = environment
        let isHuge = x.kind == .infinity || x.exponent > 127
        let magnitude = isHuge ? .max : integer(x, &trial)
        let limit = x.isNegative ? (isSigned ? top : 0) : largest
        if isHuge || magnitude > limit {
            environment.flags.insert(.invalid)
            if saturation == .indefinite { return top }
            return x.isNegative ? (isSigned ? top : 0) : largest
        }
        environment.flags = trial.flags
        return (x.isNegative ? 0 &- magnitude : magnitude) & mask
    }

    /// The integer in the low `width` bits of `value` as a float, rounded.
    public func fromInteger(_ value: UInt128, width: Int, isSigned: Bool, _ environment: inout FloatEnvironment) -> UInt128 {
        let mask = UInt128.max >> (128 - width)
        let isNegative = isSigned && value >> (width - 1) & 1 != 0
        let magnitude = (isNegative ? 0 &- value : value) & mask
        if magnitude == 0 { return zero(false) }
        let lead = magnitude.leadingZeroBitCount
        return round(isNegative, 127 - lead, magnitude << lead, &environment)
    }
}
