extension FloatFormat {
    /// a + b.
    public func add(_ a: UInt128, _ b: UInt128, _ environment: inout FloatEnvironment) -> UInt128 {
        let x = unpack(a, &environment)
        let y = unpack(b, &environment)
        return sum(x, y, &environment)
    }

    /// a - b.
    public func subtract(_ a: UInt128, _ b: UInt128, _ environment: inout FloatEnvironment) -> UInt128 {
        let x = unpack(a, &environment)
        var y = unpack(b, &environment)
        if !y.isNaN { y.isNegative.toggle() }
        return sum(x, y, &environment)
    }

    private func sum(_ a: Unpacked, _ b: Unpacked, _ environment: inout FloatEnvironment) -> UInt128 {
        if a.isNaN || b.isNaN { return propagate(a, b, &environment) }
        if a.kind == .infinity || b.kind == .infinity {
            if a.kind == b.kind && a.isNegative != b.isNegative { return invalid(&environment) }
            return infinity(a.kind == .infinity ? a.isNegative : b.isNegative)
        }
        if a.kind == .zero && b.kind == .zero {
            return zero(a.isNegative == b.isNegative ? a.isNegative : environment.rounding == .down)
        }
        if b.kind == .zero { return roundArithmetic(a.isNegative, a.exponent, a.significand, &environment) }
        if a.kind == .zero { return roundArithmetic(b.isNegative, b.exponent, b.significand, &environment) }
        return finiteSum(a, b, &environment)
    }

    private func finiteSum(_ a: Unpacked, _ b: Unpacked, _ environment: inout FloatEnvironment) -> UInt128 {
        let isSwapped = a.exponent < b.exponent || a.exponent == b.exponent && a.significand < b.significand
        let large = isSwapped ? b : a
        let small = isSwapped ? a : b
        // One bit of room for the carry; no format uses the low bits of a significand.
        let x = large.significand >> 1
        let y = (small.significand >> 1).shiftedRightSticky(large.exponent - small.exponent)
        let total = large.isNegative == small.isNegative ? x + y : x - y
        if total == 0 { return zero(environment.rounding == .down) }
        let lead = total.leadingZeroBitCount
        return roundArithmetic(large.isNegative, large.exponent + 1 - lead, total << lead, &environment)
    }

    /// a × b.
    public func multiply(_ a: UInt128, _ b: UInt128, _ environment: inout FloatEnvironment) -> UInt128 {
        let x = unpack(a, &environment)
        let y = unpack(b, &environment)
        let isNegative = x.isNegative != y.isNegative
        if x.isNaN || y.isNaN { return propagate(x, y, &environment) }
        if x.kind == .infinity || y.kind == .infinity {
            return x.kind == .zero || y.kind == .zero ? invalid(&environment) : infinity(isNegative)
        }
        if x.kind == .zero || y.kind == .zero { return zero(isNegative) }
        let product = x.significand.multipliedFullWidth(by: y.significand)
        let sticky: UInt128 = product.low == 0 ? 0 : 1
        if product.high >> 127 != 0 { return roundArithmetic(isNegative, x.exponent + y.exponent + 1, product.high | sticky, &environment) }
        // The sticky bit may be a real one; shifted up, it makes way for the next.
        let normal = product.high << 1 | product.low >> 127
        return roundArithmetic(isNegative, x.exponent + y.exponent, normal | (product.low << 1 == 0 ? 0 : 1), &environment)
    }

    /// a / b.
    public func divide(_ a: UInt128, _ b: UInt128, _ environment: inout FloatEnvironment) -> UInt128 {
        let x = unpack(a, &environment)
        let y = unpack(b, &environment)
        let isNegative = x.isNegative != y.isNegative
        if x.isNaN || y.isNaN { return propagate(x, y, &environment) }
        if x.kind == .infinity { return y.kind == .infinity ? invalid(&environment) : infinity(isNegative) }
        if y.kind == .infinity { return zero(isNegative) }
        if y.kind == .zero {
            if x.kind == .zero { return invalid(&environment) }
            environment.flags.insert(.divideByZero)
            return infinity(isNegative)
        }
        if x.kind == .zero { return zero(isNegative) }
        let isLess = x.significand < y.significand
        let dividend = isLess ? (x.significand, 0) : (x.significand >> 1, x.significand << 127)
        let (quotient, remainder) = y.significand.dividingFullWidth(dividend)
        let exponent = x.exponent - y.exponent - (isLess ? 1 : 0)
        return roundArithmetic(isNegative, exponent, quotient | (remainder == 0 ? 0 : 1), &environment)
    }

    /// The square root of a.
    public func squareRoot(_ a: UInt128, _ environment: inout FloatEnvironment) -> UInt128 {
        let x = unpack(a, &environment)
        if x.isNaN { return propagate(x, x, &environment) }
        if x.kind == .zero { return zero(x.isNegative) }
        if x.isNegative { return invalid(&environment) }
        if x.kind == .infinity { return infinity(false) }
        // Digit by digit: the next two bits of the radicand join the remainder, the next bit of the root is tried.
        var radicand = x.exponent & 1 == 0 ? x.significand >> 1 : x.significand
        var root: UInt128 = 0
        var remainder: UInt128 = 0
        let digits = precision + 2
        for _ in 0..<digits {
            remainder = remainder << 2 | radicand >> 126
            radicand <<= 2
            let trial = root << 2 | 1
            root <<= 1
            if remainder >= trial {
                remainder -= trial
                root |= 1
            }
        }
        return roundArithmetic(false, x.exponent >> 1, root << (128 - digits) | (remainder | radicand == 0 ? 0 : 1), &environment)
    }
}
