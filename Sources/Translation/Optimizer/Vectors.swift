import IR

/// Scalars that go into vectors and come out again.
extension Optimizer {
    /// An operation on bits that takes or makes a vector.
    mutating func crossing(_ op: inout IROp, _ source: IRType) -> Int32 {
        if op.type == source && op.opcode == .bitcast { return op.a }
        if op.opcode == .select { return op.b == op.c ? op.b : emit(op) }
        let inner = definition(op.a)
        switch (op.opcode, inner.opcode) {
        case (.trunc, .zext): return lowOfExtended(&op, inner)
        case (.trunc, .trunc), (.bitcast, .bitcast), (.zext, .zext): return shortened(&op, inner)
        case (.zext, .bitcast) where definition(inner.a).type.isSingleOrDouble: return emit(IROp(.zext, op.type, a: inner.a))
        default: return emit(op)
        }
    }

    /// The low bits of a scalar that was put into a vector: the scalar, if there are as many; its extension, if there are more.
    private mutating func lowOfExtended(_ op: inout IROp, _ inner: IROp) -> Int32 {
        let scalar = definition(inner.a).type
        if scalar == op.type { return inner.a }
        if scalar.bits == op.type.bits { return emit(IROp(.bitcast, op.type, a: inner.a)) }
        if scalar.isInteger && op.type.isInteger && scalar.bits > op.type.bits { return emit(IROp(.trunc, op.type, a: inner.a)) }
        let extends = scalar.bits < op.type.bits && (op.type.isVector || op.type.isInteger && scalar.isInteger)
        return emit(extends ? IROp(.zext, op.type, a: inner.a) : op)
    }

    /// One conversion in the place of two of a kind.
    private mutating func shortened(_ op: inout IROp, _ inner: IROp) -> Int32 {
        let first = definition(inner.a).type
        if op.opcode == .bitcast && first == op.type { return inner.a }
        if op.opcode == .bitcast || first.isVector || op.type.isVector { op.a = inner.a }
        return emit(op)
    }
}
