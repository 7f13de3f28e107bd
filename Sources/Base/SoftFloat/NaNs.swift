extension FloatFormat {
    /// The result of an operation that has none.
    func invalid(_ environment: inout FloatEnvironment) -> UInt128 {
        environment.flags.insert(.invalid)
        return defaultNaN(environment.nanRule)
    }

    /// The NaN that results from operands of which at least one is a NaN.
    func propagate(_ a: Unpacked, _ b: Unpacked, _ environment: inout FloatEnvironment) -> UInt128 {
        if a.isSignalling || b.isSignalling { environment.flags.insert(.invalid) }
        if a.kind == .unsupported || b.kind == .unsupported { return defaultNaN(environment.nanRule) }
        switch environment.nanRule {
        case .canonical: return defaultNaN(.canonical)
        case .arm: return quietNaN(a.isSignalling ? a : b.isSignalling ? b : a.isNaN ? a : b)
        case .sse, .firstOperand: return quietNaN(a.isNaN ? a : b)
        case .x87: return quietNaN(largerNaN(a, b))
        }
    }

    /// x87: a quiet NaN before a signalling one, then the larger significand, then the positive one.
    private func largerNaN(_ a: Unpacked, _ b: Unpacked) -> Unpacked {
        if !b.isNaN { return a }
        if !a.isNaN { return b }
        if a.isSignalling != b.isSignalling { return a.isSignalling ? b : a }
        if a.significand != b.significand { return a.significand > b.significand ? a : b }
        return a.isNegative ? b : a
    }

    /// The NaN that results from a × b + c with at least one NaN operand.
    func propagate(_ a: Unpacked, _ b: Unpacked, _ c: Unpacked, _ environment: inout FloatEnvironment) -> UInt128 {
        if a.isSignalling || b.isSignalling || c.isSignalling { environment.flags.insert(.invalid) }
        let isInvalidProduct = a.kind == .infinity && b.kind == .zero || a.kind == .zero && b.kind == .infinity
        if isInvalidProduct && environment.nanRule != .sse { environment.flags.insert(.invalid) }
        let order: (Unpacked, Unpacked, Unpacked)
        switch environment.nanRule {
        case .canonical: return defaultNaN(.canonical)
        case .arm:
            if isInvalidProduct && c.kind == .quietNaN { return defaultNaN(.arm) }
            order = (c, a, b)
            if let signalling = first(order, where: \.isSignalling) { return quietNaN(signalling) }
        case .sse, .x87: order = (a, b, c)
        case .firstOperand: order = (a, c, b)
        }
        return first(order, where: \.isNaN).map(quietNaN) ?? defaultNaN(environment.nanRule)
    }

    private func first(_ order: (Unpacked, Unpacked, Unpacked), where holds: (Unpacked) -> Bool) -> Unpacked? {
        if holds(order.0) { return order.0 }
        if holds(order.1) { return order.1 }
        return holds(order.2) ? order.2 : nil
    }
}
