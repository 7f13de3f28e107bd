/// What a rounding cut off, against half of the last place.
enum Remainder: UInt8 {
    case none, belowHalf, half, aboveHalf

    /// The remainder `rest` of a place worth `2 * half`.
    init(_ rest: UInt128, half: UInt128) {
        self = rest == 0 ? .none : rest < half ? .belowHalf : rest == half ? .half : .aboveHalf
    }
}

extension FloatRounding {
    /// Whether a magnitude with this remainder goes up by one in its last place, which is odd or not. `odd` never goes up.
    func roundsUp(_ remainder: Remainder, isNegative: Bool, isOdd: Bool) -> Bool {
        switch self {
        case .nearestEven: remainder == .aboveHalf || remainder == .half && isOdd
        case .nearestAway: remainder.rawValue >= Remainder.half.rawValue
        case .towardZero, .odd: false
        case .down: isNegative && remainder != .none
        case .up: !isNegative && remainder != .none
        }
    }
}

extension UInt128 {
    /// Shifted right, with the lowest bit set if any bit was lost: enough to round rightly later.
    func shiftedRightSticky(_ count: Int) -> UInt128 {
        if count == 0 { return self }
        if count >= 128 { return self == 0 ? 0 : 1 }
        return self >> count | (self << (128 - count) == 0 ? 0 : 1)
    }
}

extension FloatFormat {
    /// Rounds to the format: the value is significand / 2^127 × 2^exponent, the significand's top bit set, its lowest bit sticky.
    func round(_ isNegative: Bool, _ exponent: Int, _ significand: UInt128, _ environment: inout FloatEnvironment) -> UInt128 {
        round(isNegative, exponent, significand, bits: precision, &environment)
    }

    /// The same for a sum, product, quotient or root, which the x87 can be told to keep short.
    func roundArithmetic(_ isNegative: Bool, _ exponent: Int, _ significand: UInt128, _ environment: inout FloatEnvironment) -> UInt128 {
        let bits = hasIntegerBit ? environment.extendedPrecision.rawValue : precision
        return round(isNegative, exponent, significand, bits: bits, &environment)
    }

    private func round(
        _ isNegative: Bool, _ exponent: Int, _ significand: UInt128, bits: Int, _ environment: inout FloatEnvironment
    ) -> UInt128 {
        var biased = exponent + bias
        var whole = significand
        var isTiny = false
        if biased < lowestExponent {
            let isBefore = environment.isTinyBeforeRounding || environment.flushing == .arm
            isTiny = isBefore || biased < lowestExponent - 1 || !reachesNormal(isNegative, significand, bits, environment.rounding)
            if isTiny, environment.flushing != .never {
                environment.flags.insert(environment.flushing == .sse ? [.inexact, .underflow] : .underflow)
                return zero(isNegative)
            }
            whole = whole.shiftedRightSticky(lowestExponent - biased)
            biased = lowestExponent
        }
        let (rounded, remainder) = roundToPrecision(isNegative, whole, bits, environment.rounding)
        var kept = rounded << (precision - bits)
        if kept >> precision != 0 {
            kept >>= 1
            biased += 1
        }
        if biased > largestExponent { return overflow(isNegative, bits, &environment) }
        if remainder != .none { environment.flags.insert(isTiny ? [.inexact, .underflow] : .inexact) }
        return pack(isNegative, kept >> fractionBits == 0 ? 0 : biased, kept)
    }

    /// The top `bits` bits of `significand`, rounded; one bit more on a carry.
    private func roundToPrecision(_ isNegative: Bool, _ significand: UInt128, _ bits: Int, _ rounding: FloatRounding) -> (UInt128, Remainder) {
        let cut = 128 - bits
        let kept = significand >> cut
        let remainder = Remainder(significand & (1 << cut - 1), half: 1 << (cut - 1))
        if rounding == .odd && remainder != .none { return (kept | 1, remainder) }
        return (rounding.roundsUp(remainder, isNegative: isNegative, isOdd: kept & 1 != 0) ? kept + 1 : kept, remainder)
    }

    /// Whether a value just below the smallest normal number becomes that when it is rounded as if the exponent had no bound.
    private func reachesNormal(_ isNegative: Bool, _ significand: UInt128, _ bits: Int, _ rounding: FloatRounding) -> Bool {
        roundToPrecision(isNegative, significand, bits, rounding).0 >> bits != 0
    }

    func overflow(_ isNegative: Bool, _ bits: Int, _ environment: inout FloatEnvironment) -> UInt128 {
        if !hasSpecials {
            environment.flags.insert(.invalid)
            return largestFinite(isNegative, bits)
        }
        environment.flags.insert([.overflow, .inexact])
        let isInfinite =
            switch environment.rounding {
            case .nearestEven, .nearestAway: true
            case .towardZero, .odd: false
            case .down: isNegative
            case .up: !isNegative
            }
        return isInfinite ? infinity(isNegative) : largestFinite(isNegative, bits)
    }
}
