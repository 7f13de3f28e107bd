import IR

/// Vector operations. Of a v64 only the low half of its register counts; the upper half may hold anything.
extension BlockEmitter {
    func emitVector(_ op: IROp) {
        if op.opcode.isVectorFloat { return emitVectorFloat(op) }
        if emitLanewise(op) || emitHalvedOrSaturated(op) || emitShift(op) || emitLaneMove(op) || emitWidthChange(op) { return }
        emitVectorFallback(op)
    }

    /// One instruction on operands a and b.
    func binary(_ instruction: VectorBinary, _ op: IROp) {
        let left = useVector(op.a), right = useVector(op.b)
        a.vector(instruction, vectorDestination(), left, right)
    }

    func unary(_ instruction: VectorUnary, _ op: IROp) {
        let source = useVector(op.a)
        a.vector(instruction, vectorDestination(), source)
    }

    // MARK: Fallback

    private func slot(_ index: Int) -> Memory { Memory(HostRegisters.state, CPUHeader.Offset.vectorOperands + 16 * index) }

    /// The word that tells the runtime which operation to compute: opcode, type << 8, source type << 16, imm << 24, attributes << 48.
    func vectorDescription(_ op: IROp) -> UInt64 {
        let source = unsafe ops[Int(op.a)].type
        let types = UInt64(op.opcode.rawValue) | UInt64(op.type.rawValue) << 8 | UInt64(source.rawValue) << 16
        return types | UInt64(op.imm & 0xff_ffff) << 24 | UInt64(op.attribute) << 48
    }

    /// The runtime computes the operation.
    func emitVectorFallback(_ op: IROp) {
        pass(op.a, 0)
        if op.b >= 0 { pass(op.b, 1) }
        if op.c >= 0 { pass(op.c, 2) }
        callVectorFallback(vectorDescription(op))
        if op.type.livesInVector {
            a.vmovups(vectorDestination(), slot(0))
        } else {
            a.mov(.b64, destination(), slot(0))
        }
    }

    private func pass(_ value: Int32, _ index: Int) {
        let held = (locked, lockedVectors)
        if unsafe ops[Int(value)].type.livesInVector {
            a.vmovups(slot(index), useVector(value))
        } else {
            a.mov(.b64, slot(index), use(value))
        }
        (locked, lockedVectors) = held
    }

    func callVectorFallback(_ description: UInt64) {
        let kind = Memory(HostRegisters.state, CPUHeader.Offset.accessKind)
        a.mov(.b32, kind, Int32(truncatingIfNeeded: description))
        a.mov(.b32, Memory(HostRegisters.state, CPUHeader.Offset.accessKind + 4), Int32(truncatingIfNeeded: description >> 32))
        a.call(to: thunks[.vector])
    }

    /// Out of line: the same for operands that are in registers.
    func emitVectorFallback(_ item: OutOfLine) {
        for (index, operand) in [item.operands.0, item.operands.1, item.operands.2].enumerated() {
            if let operand { a.vmovups(slot(index), operand) }
        }
        callVectorFallback(item.memory)
        if let vector = item.destinationVector { a.vmovups(vector, slot(0)) }
        a.jmp(to: item.back)
    }
}

extension IRType {
    /// Whether a value is kept in a vector register.
    @inline(__always) var livesInVector: Bool { isFloat || isVector }
}
