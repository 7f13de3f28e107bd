extension FloatFormat {
    /// How the quotient of a remainder is rounded to an integer.
    public enum QuotientRounding: Sendable {
        /// IEEE 754-2019, 5.3.1; the x87's FPREM1, the 68881's FREM.
        case nearestEven
        /// C's fmod, the 68881's FMOD.
        case towardZero
    }

    /// What is left of a after the integral quotient, and the low 64 bits of that quotient's magnitude. Exact in any rounding mode.
    public func remainder(
        _ a: UInt128, _ b: UInt128, _ rounding: QuotientRounding, _ environment: inout FloatEnvironment
    ) -> (value: UInt128, quotient: UInt64) {
        let x = unpack(a, &environment)
        let y = unpack(b, &environment)
        if x.isNaN || y.isNaN { return (propagate(x, y, &environment), 0) }
        if x.kind == .infinity || y.kind == .zero { return (invalid(&environment), 0) }
        if x.kind == .zero { return (zero(x.isNegative), 0) }
        let distance = x.exponent - y.exponent
        if y.kind == .infinity || distance < -1 { return (round(x.isNegative, x.exponent, x.significand, &environment), 0) }
        return divide(x, y, distance, rounding, &environment)
    }

    /// Long division, a bit of the quotient at a time. The low bits of significands are free in all formats: there is room to shift.
    private func divide(
        _ x: Unpacked, _ y: Unpacked, _ distance: Int, _ rounding: QuotientRounding, _ environment: inout FloatEnvironment
    ) -> (value: UInt128, quotient: UInt64) {
        let divisor = y.significand >> 1
        var rest = x.significand >> (distance < 0 ? 2 : 1)
        var quotient: UInt64 = 0
        for step in 0..<max(distance + 1, 0) {
            if step > 0 { rest <<= 1 }
            quotient <<= 1
            if rest >= divisor {
                rest -= divisor
                quotient |= 1
            }
        }
        var isNegative = x.isNegative
        if rounding == .nearestEven, rest << 1 > divisor || rest << 1 == divisor && quotient & 1 != 0 {
            rest = divisor - rest
            quotient &+= 1
            isNegative.toggle()
        }
        if rest == 0 { return (zero(x.isNegative), quotient) }
        let lead = rest.leadingZeroBitCount
        return (round(isNegative, y.exponent + 1 - lead, rest << lead, &environment), quotient)
    }
}
