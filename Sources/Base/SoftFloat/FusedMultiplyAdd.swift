extension FloatFormat {
    /// a × b + c, rounded once; with the product or the addend negated if asked.
    public func multiplyAdd(
        _ a: UInt128, _ b: UInt128, _ c: UInt128, negateProduct: Bool, negateAddend: Bool, _ environment: inout FloatEnvironment
    ) -> UInt128 {
        let x = unpack(a, &environment)
        let y = unpack(b, &environment)
        var z = unpack(c, &environment)
        if x.isNaN || y.isNaN || z.isNaN { return propagate(x, y, z, &environment) }
        if negateAddend { z.isNegative.toggle() }
        let isNegative = (x.isNegative != y.isNegative) != negateProduct
        if x.kind == .infinity || y.kind == .infinity {
            let isImpossible = x.kind == .zero || y.kind == .zero || z.kind == .infinity && z.isNegative != isNegative
            return isImpossible ? invalid(&environment) : infinity(isNegative)
        }
        if z.kind == .infinity { return infinity(z.isNegative) }
        if x.kind == .zero || y.kind == .zero {
            if z.kind == .zero { return zero(z.isNegative == isNegative ? isNegative : environment.rounding == .down) }
            return round(z.isNegative, z.exponent, z.significand, &environment)
        }
        let (high, low) = x.significand.multipliedFullWidth(by: y.significand)
        // One bit of room for the carry: the product's top bit is bit 254 or 253.
        var product = Term(isNegative, x.exponent + y.exponent + 1, DoubleWidth(high: high, low: low).shiftedRightSticky(1))
        if z.kind == .zero { return round(product, &environment) }
        product.normalize()
        let addend = Term(z.isNegative, z.exponent, DoubleWidth(high: z.significand >> 1, low: z.significand << 127))
        return round(product, addend, &environment)
    }

    private func round(_ product: Term, _ addend: Term, _ environment: inout FloatEnvironment) -> UInt128 {
        let isSwapped =
            product.exponent < addend.exponent || product.exponent == addend.exponent && product.significand < addend.significand
        var large = isSwapped ? addend : product
        let small = isSwapped ? product : addend
        let aligned = small.significand.shiftedRightSticky(large.exponent - small.exponent)
        if large.isNegative == small.isNegative {
            large.significand.add(aligned)
        } else {
            large.significand.subtract(aligned)
            if large.significand.isZero { return zero(environment.rounding == .down) }
        }
        return round(large, &environment)
    }

    private func round(_ term: Term, _ environment: inout FloatEnvironment) -> UInt128 {
        let lead = term.significand.leadingZeroBitCount
        let normal = term.significand.shiftedLeft(lead)
        return round(term.isNegative, term.exponent + 1 - lead, normal.high | (normal.low == 0 ? 0 : 1), &environment)
    }
}

/// significand / 2^254 × 2^exponent.
private struct Term {
    var isNegative: Bool
    var exponent: Int
    var significand: DoubleWidth

    init(_ isNegative: Bool, _ exponent: Int, _ significand: DoubleWidth) {
        self.isNegative = isNegative
        self.exponent = exponent
        self.significand = significand
    }

    /// Brings the top bit to bit 254.
    mutating func normalize() {
        let lead = significand.leadingZeroBitCount - 1
        significand = significand.shiftedLeft(lead)
        exponent -= lead
    }
}

/// 256 bits.
private struct DoubleWidth {
    var high: UInt128
    var low: UInt128

    var isZero: Bool { high | low == 0 }
    var leadingZeroBitCount: Int { high != 0 ? high.leadingZeroBitCount : 128 + low.leadingZeroBitCount }

    static func < (a: DoubleWidth, b: DoubleWidth) -> Bool { a.high < b.high || a.high == b.high && a.low < b.low }

    mutating func add(_ other: DoubleWidth) {
        let sum = low.addingReportingOverflow(other.low)
        low = sum.partialValue
        high = high &+ other.high &+ (sum.overflow ? 1 : 0)
    }

    mutating func subtract(_ other: DoubleWidth) {
        let difference = low.subtractingReportingOverflow(other.low)
        low = difference.partialValue
        high = high &- other.high &- (difference.overflow ? 1 : 0)
    }

    func shiftedLeft(_ count: Int) -> DoubleWidth {
        if count == 0 { return self }
        if count >= 128 { return DoubleWidth(high: low << (count - 128), low: 0) }
        return DoubleWidth(high: high << count | low >> (128 - count), low: low << count)
    }

    func shiftedRightSticky(_ count: Int) -> DoubleWidth {
        if count == 0 { return self }
        if count >= 128 {
            let sticky: UInt128 = low == 0 ? 0 : 1
            return DoubleWidth(high: 0, low: high.shiftedRightSticky(count - 128) | sticky)
        }
        let sticky: UInt128 = low << (128 - count) == 0 ? 0 : 1
        return DoubleWidth(high: high >> count, low: low >> count | high << (128 - count) | sticky)
    }
}
