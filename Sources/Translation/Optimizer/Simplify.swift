import IR

/// Constant folding and algebra. Every function returns the value that stands for the operation: an old one, or one that it emits.
extension Optimizer {
    /// Operations travel by reference: by value their fields would be packed into registers and unpacked at every call.
    mutating func simplify(_ op: inout IROp) -> Int32 {
        let source = definition(op.a).type
        if op.type.isVector || source.isVector { return crossing(&op, source) }
        if !op.type.isNarrow || !source.isNarrow { return emit(op) }
        if op.isCommutative && isConstant(op.a) && !isConstant(op.b) { swap(&op.a, &op.b) }
        if let folded = fold(&op, source) { return folded }
        switch op.opcode {
        case .add, .sub, .mul, .divU, .divS, .remU, .neg: return arithmetic(&op)
        case .and, .or, .xor, .andNot, .not, .minS, .maxS, .minU, .maxU: return logic(&op)
        case .shl, .shrU, .shrS, .rotl, .rotr: return shift(&op)
        case .compare: return comparison(&op)
        case .select: return selection(&op)
        case .zext, .sext, .trunc, .bitcast: return conversion(&op, source)
        case .extractU, .extractS:
            return op.bitCount == op.type.bits ? op.a : field(&op, op.opcode, op.a, low: UInt64(op.bitLow), count: UInt64(op.bitCount))
        case .deposit: return op.bitCount == op.type.bits ? op.b : emit(op)
        default: return emit(op)
        }
    }

    /// Simplifies an operation that a rule has made.
    mutating func simplify(_ opcode: Opcode, _ type: IRType, a: Int32, b: Int32 = -1) -> Int32 {
        var op = IROp(opcode, type, a: a, b: b)
        return simplify(&op)
    }

    /// The constant that an operation on constants yields.
    private mutating func fold(_ op: inout IROp, _ source: IRType) -> Int32? {
        guard op.type.isInteger, let a = constantBits(op.a) else { return nil }
        var b: UInt64 = 0
        var c: UInt64 = 0
        if op.b >= 0 {
            guard let bits = constantBits(op.b) else { return nil }
            b = bits
        }
        if op.c >= 0 {
            guard let bits = constantBits(op.c) else { return nil }
            c = bits
        }
        return constant(op.type, Evaluate.narrow(op, source: source, a, b, c))
    }

    /// `op` with the constant `b` as its second operand.
    private mutating func emit(_ op: inout IROp, _ opcode: Opcode, a: Int32, constant b: UInt64) -> Int32 {
        let b = constant(op.type, b)
        return emit(IROp(opcode, op.type, a: a, b: b))
    }

    private mutating func arithmetic(_ op: inout IROp) -> Int32 {
        if op.opcode == .neg {
            let inner = definition(op.a)
            return inner.opcode == .neg ? inner.a : emit(op)
        }
        if op.opcode == .sub && op.a == op.b { return constant(op.type, 0) }
        if op.opcode == .sub && constantBits(op.a) == 0 { return simplify(.neg, op.type, a: op.b) }
        guard let k = constantBits(op.b) else { return rotation(&op) ?? emit(op) }
        let isPower = k != 0 && k & (k &- 1) == 0
        let exponent = UInt64(k.trailingZeroBitCount)
        switch op.opcode {
        case .add: return addition(&op, k)
        case .sub: return addition(&op, 0 &- k)
        case .mul where k == 0: return op.b
        case .mul where k == 1: return op.a
        case .mul where isPower: return emit(&op, .shl, a: op.a, constant: exponent)
        case .mul where k == op.type.mask: return emit(IROp(.neg, op.type, a: op.a))
        case .divU where k == 1, .divS where k == 1: return op.a
        case .divU where isPower: return emit(&op, .shrU, a: op.a, constant: exponent)
        case .remU where isPower: return simplify(.and, op.type, a: op.a, b: constant(op.type, k &- 1))
        default: return emit(op)
        }
    }

    /// a + k, where a may be a sum with a constant itself.
    private mutating func addition(_ op: inout IROp, _ k: UInt64) -> Int32 {
        let inner = definition(op.a)
        if inner.opcode == .add, let first = constantBits(inner.b) {
            let sum = (first &+ k) & op.type.mask
            return sum == 0 ? inner.a : emit(&op, .add, a: inner.a, constant: sum)
        }
        if k & op.type.mask == 0 { return op.a }
        return op.opcode == .add ? emit(op) : emit(&op, .add, a: op.a, constant: k)
    }

    private mutating func logic(_ op: inout IROp) -> Int32 {
        if op.opcode == .not {
            let inner = definition(op.a)
            return inner.opcode == .not ? inner.a : emit(op)
        }
        if op.a == op.b {
            return op.opcode == .xor || op.opcode == .andNot ? constant(op.type, 0) : op.a
        }
        guard let k = constantBits(op.b) else { return rotation(&op) ?? words(&op) ?? emit(op) }
        switch op.opcode {
        case .and: return conjunction(&op, k)
        case .andNot: return simplify(.and, op.type, a: op.a, b: constant(op.type, ~k))
        case .or where k == 0, .xor where k == 0: return op.a
        case .or where k == op.type.mask: return op.b
        case .xor where k == op.type.mask: return simplify(.not, op.type, a: op.a)
        case .xor where k == 1 && definition(op.a).opcode == .compare:
            // eq has the raw value 0, the attribute of an op without one.
            return simplify(.compare, op.type, a: op.a, b: constant(op.type, 0))
        default: return emit(op)
        }
    }

    private mutating func conjunction(_ op: inout IROp, _ k: UInt64) -> Int32 {
        let inner = definition(op.a)
        if k == 0 { return op.b }
        if inner.opcode == .and, let first = constantBits(inner.b) {
            return first & k == first ? op.a : emit(&op, .and, a: inner.a, constant: first & k)
        }
        if possibleBits(inner) & ~k == 0 { return op.a }
        if let bits = [8, 16, 32].first(where: { k == 1 << $0 - 1 && $0 < op.type.bits }) {
            return field(&op, .extractU, op.a, low: 0, count: UInt64(bits))
        }
        // A mask that clears the sign leaves nothing of a word's extension.
        if inner.opcode == .sext, definition(inner.a).type == .i32, k <= UInt64(Int32.max) {
            return simplify(.zext, op.type, a: simplify(.and, .i32, a: inner.a, b: constant(.i32, k)))
        }
        return emit(op)
    }

    /// The bits that may be 1 in what `op` yields.
    private func possibleBits(_ op: IROp) -> UInt64 {
        switch op.opcode {
        case .zext: definition(op.a).type.mask
        case .compare, .fcompare: 1
        case .extractU: op.bitCount >= 64 ? .max : 1 << UInt64(op.bitCount) - 1
        case .load: op.memory.isSigned || op.memory.size >= 8 ? op.type.mask : 1 << UInt64(op.memory.size * 8) - 1
        case .and: constantBits(op.b) ?? op.type.mask
        case .shrU: constantBits(op.b).map { op.type.mask >> ($0 & UInt64(op.type.bits - 1)) } ?? op.type.mask
        default: op.type.mask
        }
    }

    private mutating func shift(_ op: inout IROp) -> Int32 {
        guard let k = constantBits(op.b) else { return emit(op) }
        let width = UInt64(op.type.bits)
        let count = k & (width - 1)
        if count == 0 { return op.a }
        let inner = definition(op.a)
        guard let k = constantBits(inner.b), inner.type == op.type else { return emit(op) }
        let first = k & (width - 1)
        switch (inner.opcode, op.opcode) {
        case (.shl, .shl), (.shrU, .shrU):
            return first + count < width ? emit(&op, op.opcode, a: inner.a, constant: first + count) : constant(op.type, 0)
        case (.shrS, .shrS): return emit(&op, .shrS, a: inner.a, constant: min(first + count, width - 1))
        case (.shl, .shrU) where first > count && type(of: width - first) != nil:
            return emit(&op, .shl, a: field(&op, .extractU, inner.a, low: 0, count: width - first), constant: first - count)
        case (.shl, .shrU) where first <= count: return field(&op, .extractU, inner.a, low: count - first, count: width - count)
        case (.shl, .shrS) where first <= count: return field(&op, .extractS, inner.a, low: count - first, count: width - count)
        default: return emit(op)
        }
    }

    private mutating func field(_ op: inout IROp, _ opcode: Opcode, _ a: Int32, low: UInt64, count: UInt64) -> Int32 {
        if low == 0, let narrow = type(of: count) {
            let part = simplify(.trunc, narrow, a: a)
            return simplify(opcode == .extractU ? .zext : .sext, op.type, a: part)
        }
        return emit(IROp(opcode, op.type, a: a, imm: Int64(low | count << 8)))
    }

    private func type(of bits: UInt64) -> IRType? { bits == 32 ? .i32 : bits == 16 ? .i16 : bits == 8 ? .i8 : nil }

    private mutating func selection(_ op: inout IROp) -> Int32 {
        if op.b == op.c { return op.b }
        if let condition = constantBits(op.a) { return condition != 0 ? op.b : op.c }
        return emit(op)
    }

    private mutating func conversion(_ op: inout IROp, _ source: IRType) -> Int32 {
        if op.type == source { return op.a }
        let inner = definition(op.a)
        if op.opcode == .sext, possibleBits(inner) < 1 << UInt64(source.bits - 1) { op.opcode = .zext }
        switch (op.opcode, inner.opcode) {
        case (.bitcast, .bitcast), (.trunc, .trunc), (.zext, .zext), (.sext, .sext): op.a = inner.a
        case (.sext, .zext):
            op.opcode = .zext
            op.a = inner.a
        case (.bitcast, .trunc) where op.type.isSingleOrDouble && definition(inner.a).type.isVector: return emit(IROp(.trunc, op.type, a: inner.a))
        case (.zext, .compare), (.trunc, .compare):
            // A truth value of another width is the same comparison.
            var compare = inner
            compare.type = op.type
            return emit(compare)
        case (.trunc, .zext), (.trunc, .sext):
            let narrow = definition(inner.a).type
            if narrow.bits < op.type.bits { op.opcode = inner.opcode }
            op.a = inner.a
        default: return emit(op)
        }
        return definition(op.a).type == op.type ? op.a : emit(op)
    }
}

extension IRType {
    /// Whether the host's vector registers take a value in and out of their lowest lane, the rest being cleared.
    @inline(__always) var isSingleOrDouble: Bool { self == .f32 || self == .f64 }

    /// Whether a value has at most 64 bits.
    @inline(__always) var isNarrow: Bool {
        switch self {
        case .none, .i8, .i16, .i32, .i64, .f16, .f32, .f64, .v64: true
        case .i128, .f80, .f128, .v128, .v256: false
        }
    }
}

extension IROp {
    @inline(__always) var isCommutative: Bool {
        switch opcode {
        case .add, .mul, .mulHighS, .mulHighU, .and, .or, .xor, .clmul, .clmulHigh, .minS, .maxS, .minU, .maxU: true
        default: false
        }
    }
}
