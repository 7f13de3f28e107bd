import IR

/// What guests without rotations and without 32-bit logic spell out (RV64 without Zbb).
extension Optimizer {
    /// The rotation that two shifts make whose results are brought together by or, xor or an addition.
    mutating func rotation(_ op: inout IROp) -> Int32? {
        guard [.or, .xor, .add].contains(op.opcode) else { return nil }
        let a = extended(op.a), b = extended(op.b)
        let (left, right) = a.op.opcode == .shl ? (a, b) : (b, a)
        let type = left.op.type
        guard left.op.opcode == .shl, right.op.opcode == .shrU, right.op.type == type, type == .i32 || type == .i64,
            origin(left.op.a) == origin(right.op.a), let up = constantBits(left.op.b), let down = constantBits(right.op.b), up > 0, down > 0,
            up + down == UInt64(type.bits)
        else { return nil }
        let rotated = emit(IROp(.rotr, type, a: left.op.a, b: right.op.b))
        // What was shifted to the right has no sign any more: the other word's extension is the result's.
        return type == op.type ? rotated : simplify(left.extension ?? .zext, op.type, a: rotated)
    }

    /// and, or, xor of words that were extended by their sign, as one of words: often nobody wants the extensions.
    mutating func words(_ op: inout IROp) -> Int32? {
        let a = definition(op.a), b = definition(op.b)
        guard op.type == .i64, a.opcode == .sext, b.opcode == .sext, op.opcode != .andNot, definition(a.a).type == .i32, definition(b.a).type == .i32
        else {
            return nil
        }
        var word = IROp(op.opcode, .i32, a: a.a, b: b.a)
        return simplify(.sext, .i64, a: simplify(&word))
    }

    /// The operation behind an extension to 64 bits, and that extension.
    private func extended(_ value: Int32) -> (op: IROp, extension: Opcode?) {
        let op = definition(value)
        return op.opcode == .sext || op.opcode == .zext ? (definition(op.a), op.opcode) : (op, nil)
    }

    /// The value that a word is the lower half of, else itself.
    private func origin(_ value: Int32) -> Int32 {
        let op = definition(value)
        return op.opcode == .trunc ? op.a : value
    }
}
