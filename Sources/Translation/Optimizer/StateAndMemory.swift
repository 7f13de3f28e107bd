import IR

/// Forwarding of guest state, addresses, NaN boxes and branches.
extension Optimizer {
    /// A field that the run has read or written before has a known value.
    mutating func read(_ op: inout IROp) -> Int32 {
        if StateTable.isShared(op.imm) { return emit(op) }
        if let known = fields.value(op.imm) {
            if definition(known).type == op.type { return known }
            return simplify(.bitcast, op.type, a: known)
        }
        let value = emit(op)
        fields.set(op.imm, value)
        return value
    }

    /// Writing what the field holds already is nothing; a float that is an integer's bits is written as the integer.
    mutating func write(_ op: inout IROp) {
        if StateTable.isShared(op.imm) {
            emit(op)
            return
        }
        if fields.value(op.imm) == op.a { return }
        fields.set(op.imm, op.a)
        let value = definition(op.a)
        if value.opcode == .bitcast {
            op.type = definition(value.a).type
            op.a = value.a
        }
        emit(op)
    }

    /// A constant added to the address goes into the displacement, if that stays within 32 bits.
    mutating func access(_ op: inout IROp) -> Int32 {
        let address = definition(op.a)
        if address.opcode == .add, let added = constantBits(address.b) {
            let displacement = op.imm &+ Int64(bitPattern: added)
            if displacement == Int64(Int32(truncatingIfNeeded: displacement)) {
                op.a = address.a
                op.imm = displacement
            }
        }
        return emit(op)
    }

    /// Taking a narrow float out of the cell it was just put into.
    mutating func unbox(_ op: inout IROp) -> Int32 {
        let box = definition(op.a)
        if box.opcode == .boxFloat, definition(box.a).type == op.type { return box.a }
        return emit(op)
    }

    /// - Returns: whether control may go on behind the branch.
    mutating func branch(_ op: inout IROp) -> Bool {
        if op.opcode == .brIf {
            let condition = definition(op.a)
            if let bits = constantBits(op.a) { return branch(op, isTaken: bits != 0) }
            guard condition.opcode == .compare else {
                emit(op)
                return true
            }
            op = IROp(.brCompare, .none, attribute: condition.attribute, a: condition.a, b: condition.b, imm: op.imm)
        }
        if let known = resolveComparison(&op) { return branch(op, isTaken: known) }
        emit(op)
        return true
    }

    private mutating func branch(_ op: IROp, isTaken: Bool) -> Bool {
        if isTaken { emit(IROp(.br, .none, imm: op.imm)) }
        return !isTaken
    }
}
