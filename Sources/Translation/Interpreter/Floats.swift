import IR

extension Interpreter {
    func computeFloat(_ op: IROp, _ index: Int, _ ops: UnsafeMutablePointer<IROp>, _ header: CPUHeader) {
        let rounding = FloatAttributes.Rounding(rawValue: UInt8(truncatingIfNeeded: header.roundingMode)) ?? .nearestEven
        var flags = FloatStatus(rawValue: header.floatFlags)
        let evaluate = op.opcode.isVector ? FloatEvaluation.evaluateLanes : FloatEvaluation.evaluateWide
        let result = evaluate(op, unsafe ops[Int(op.a)].type, wide(op.a), wide(op.b), wide(op.c), rounding, &flags)
        header.floatFlags = flags.rawValue
        setWide(index, result)
    }
}
