import IR

/// Floating point, by SoftFloat.
extension Interpreter {
    func computeFloat(_ op: IROp, _ index: Int, _ ops: UnsafeMutablePointer<IROp>, _ header: CPUHeader) {
        switch op.opcode {
        case .fclass: set(index, FloatBits.classify(wide(op.a), unsafe ops[Int(op.a)].type))
        case .unboxFloat: set(index, FloatBits.unbox(narrow(op.a), from: unsafe ops[Int(op.a)].type, to: op.type))
        default: preconditionFailure("the interpreter cannot yet compute \(op.opcode)")
        }
    }
}
