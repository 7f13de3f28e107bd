/// How two floats stand to each other.
public enum FloatOrdering: Sendable { case less, equal, greater, unordered }

extension FloatFormat {
    /// - Parameter isSignalling: whether a quiet NaN is invalid, too.
    public func compare(_ a: UInt128, _ b: UInt128, isSignalling: Bool, _ environment: inout FloatEnvironment) -> FloatOrdering {
        let x = unpack(a, &environment)
        let y = unpack(b, &environment)
        if x.isNaN || y.isNaN {
            if isSignalling || x.isSignalling || y.isSignalling { environment.flags.insert(.invalid) }
            return .unordered
        }
        return order(x, y)
    }

    private func order(_ x: Unpacked, _ y: Unpacked) -> FloatOrdering {
        if x.kind == .zero && y.kind == .zero { return .equal }
        // Zeros lie between the signs.
        let xSign = x.kind == .zero ? 0 : x.isNegative ? -1 : 1
        let ySign = y.kind == .zero ? 0 : y.isNegative ? -1 : 1
        if xSign != ySign { return xSign < ySign ? .less : .greater }
        let magnitude = magnitudeOrder(x, y)
        if magnitude == .equal { return .equal }
        return (magnitude == .less) == (xSign > 0) ? .less : .greater
    }

    private func magnitudeOrder(_ x: Unpacked, _ y: Unpacked) -> FloatOrdering {
        if x.kind == .infinity || y.kind == .infinity {
            return x.kind == y.kind ? .equal : x.kind == .infinity ? .greater : .less
        }
        if x.exponent != y.exponent { return x.exponent < y.exponent ? .less : .greater }
        return x.significand == y.significand ? .equal : x.significand < y.significand ? .less : .greater
    }

    /// The lesser, -0 before +0; of a number and a NaN what the rule says.
    public func minimum(_ a: UInt128, _ b: UInt128, rule: FloatMinMaxRule = .number, _ environment: inout FloatEnvironment) -> UInt128 {
        choose(a, b, .less, rule, &environment)
    }

    /// The greater, +0 after -0; of a number and a NaN what the rule says.
    public func maximum(_ a: UInt128, _ b: UInt128, rule: FloatMinMaxRule = .number, _ environment: inout FloatEnvironment) -> UInt128 {
        choose(a, b, .greater, rule, &environment)
    }

    /// The operand itself, or the zero that it was taken for.
    private func flushed(_ bits: UInt128, _ operand: Unpacked) -> UInt128 { operand.kind == .zero ? zero(operand.isNegative) : bits }

    private func choose(
        _ a: UInt128, _ b: UInt128, _ wanted: FloatOrdering, _ rule: FloatMinMaxRule, _ environment: inout FloatEnvironment
    ) -> UInt128 {
        let x = unpack(a, &environment)
        let y = unpack(b, &environment)
        if rule == .second {
            if x.isNaN || y.isNaN { environment.flags.insert(.invalid) }
            return !x.isNaN && !y.isNaN && order(x, y) == wanted ? flushed(a, x) : flushed(b, y)
        }
        if x.isNaN || y.isNaN {
            let ignoresNaN = rule == .number || rule == .quietNumber && !x.isSignalling && !y.isSignalling
            if x.isNaN && y.isNaN || !ignoresNaN { return propagate(x, y, &environment) }
            if x.isSignalling || y.isSignalling { environment.flags.insert(.invalid) }
            return x.isNaN ? flushed(b, y) : flushed(a, x)
        }
        let ordering = order(x, y)
        let isFirst = ordering == .equal ? x.isNegative == (wanted == .less) : ordering == wanted
        return isFirst ? flushed(a, x) : flushed(b, y)
    }
}
