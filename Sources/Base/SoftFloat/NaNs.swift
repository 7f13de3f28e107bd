extension FloatNaNRule {
    /// Whether it is the signalling NaNs whose fraction has its top bit set.
    var signalsByOne: Bool { self == .legacy || self == .hppa }
}

extension FloatFormat {
    /// The NaN of operations that have no result.
    func defaultNaN(_ rule: FloatNaNRule) -> UInt128 {
        let quietBit = UInt128(1) << (fractionBits - 1)
        let fraction =
            switch rule {
            case .canonical, .arm, .sse, .x87, .firstOperand, .s390x: quietBit
            case .sparc, .m68k: 2 * quietBit - 1
            case .legacy: quietBit - 1
            case .hppa: quietBit >> 1
            }
        return pack(rule == .sse || rule == .x87, topExponent, 1 << fractionBits | fraction)
    }

    /// A quiet NaN of a NaN's sign and payload.
    func quietNaN(_ nan: Unpacked, _ rule: FloatNaNRule) -> UInt128 {
        let quietBit = UInt128(1) << (fractionBits - 1)
        var fraction = nan.significand >> (128 - fractionBits)
        if rule == .hppa {
            if nan.isSignalling || fraction == 0 { fraction = fraction & ~quietBit | quietBit >> 1 }
        } else {
            fraction |= quietBit
        }
        return pack(nan.isNegative, topExponent, 1 << fractionBits | fraction)
    }

    /// The result of an operation that has none.
    func invalid(_ environment: inout FloatEnvironment) -> UInt128 {
        environment.flags.insert(.invalid)
        return defaultNaN(environment.nanRule)
    }

    /// The NaN that results from operands of which at least one is a NaN.
    func propagate(_ a: Unpacked, _ b: Unpacked, _ environment: inout FloatEnvironment) -> UInt128 {
        if a.isSignalling || b.isSignalling { environment.flags.insert(.invalid) }
        if a.kind == .unsupported || b.kind == .unsupported { return defaultNaN(environment.nanRule) }
        let chosen: Unpacked
        switch environment.nanRule {
        case .canonical, .legacy: return defaultNaN(environment.nanRule)
        case .arm, .s390x, .hppa: chosen = a.isSignalling ? a : b.isSignalling ? b : a.isNaN ? a : b
        case .sparc: chosen = b.isSignalling ? b : a.isSignalling ? a : b.isNaN ? b : a
        case .sse, .firstOperand, .m68k: chosen = a.isNaN ? a : b
        case .x87: chosen = largerNaN(a, b)
        }
        return quietNaN(chosen, environment.nanRule)
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
        let rule = environment.nanRule
        let order: (Unpacked, Unpacked, Unpacked)
        switch rule {
        case .canonical, .legacy: return defaultNaN(rule)
        case .arm:
            if isInvalidProduct && c.kind == .quietNaN { return defaultNaN(rule) }
            order = (c, a, b)
        case .s390x:
            if isInvalidProduct { return defaultNaN(rule) }
            order = (a, b, c)
        case .sparc: order = (c, b, a)
        case .sse, .x87, .m68k, .hppa: order = (a, b, c)
        case .firstOperand: order = (a, c, b)
        }
        let prefersSignalling = rule == .arm || rule == .s390x || rule == .sparc
        if prefersSignalling, let signalling = first(order, where: { $0.isSignalling }) { return quietNaN(signalling, rule) }
        guard let chosen = first(order, where: { $0.isNaN }), chosen.kind != .unsupported else { return defaultNaN(rule) }
        return quietNaN(chosen, rule)
    }

    private func first(_ order: (Unpacked, Unpacked, Unpacked), where holds: (Unpacked) -> Bool) -> Unpacked? {
        if holds(order.0) { return order.0 }
        if holds(order.1) { return order.1 }
        return holds(order.2) ? order.2 : nil
    }
}
