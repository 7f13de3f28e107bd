import IR

/// Comparisons that are known, or that compare the outcome of another.
extension Optimizer {
    mutating func comparison(_ op: inout IROp) -> Int32 {
        if let known = resolveComparison(&op) { return constant(op.type, known ? 1 : 0) }
        return emit(op)
    }

    /// Brings condition and operands of a `compare` or `brCompare` to their simplest form.
    /// - Returns: the outcome if it is known.
    mutating func resolveComparison(_ op: inout IROp) -> Bool? {
        let type = definition(op.a).type
        if type.bits > 64 { return nil }
        if isConstant(op.a) && !isConstant(op.b) {
            swap(&op.a, &op.b)
            op.setCondition(op.condition.swapped)
        }
        if op.a == op.b { return Evaluate.holds(op.condition, type.bits, 0, 0) }
        while let k = constantBits(op.b) {
            if let a = constantBits(op.a) { return Evaluate.holds(op.condition, definition(op.a).type.bits, a, k) }
            if k == 1 && op.condition == .ltU {
                // Below 1, unsigned, is 0.
                op.setCondition(.eq)
                op.b = constant(definition(op.a).type, 0)
                continue
            }
            if k == 0, let known = compareWithZero(&op) { return known }
            if !unwrapComparison(&op, k) { break }
        }
        return nil
    }

    /// Unsigned comparisons with 0 are equalities or foregone.
    private func compareWithZero(_ op: inout IROp) -> Bool? {
        switch op.condition {
        case .ltU: return false
        case .geU: return true
        case .gtU: op.setCondition(.ne)
        case .leU: op.setCondition(.eq)
        default: break
        }
        return nil
    }

    /// Looks through a truth value, a difference or an exclusive-or that is compared for equality.
    /// - Returns: whether `op` changed.
    private func unwrapComparison(_ op: inout IROp, _ k: UInt64) -> Bool {
        guard op.condition == .eq || op.condition == .ne else { return false }
        let inner = definition(op.a)
        switch inner.opcode {
        case .compare where k <= 1:
            let isSame = (op.condition == .ne) == (k == 0)
            op.setCondition(isSame ? inner.condition : inner.condition.negated)
        case .sub where k == 0, .xor where k == 0: break
        default: return false
        }
        op.a = inner.a
        op.b = inner.b
        return true
    }
}

extension IROp {
    @inline(__always) mutating func setCondition(_ condition: Condition) { attribute = UInt16(condition.rawValue) }
}
