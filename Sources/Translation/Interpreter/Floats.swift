import IR

extension Interpreter {
    func computeFloat(_ op: IROp, _ index: Int, _ ops: UnsafeMutablePointer<IROp>, _ header: CPUHeader) {
        let rounding = FloatAttributes.Rounding(rawValue: UInt8(truncatingIfNeeded: header.roundingMode)) ?? .nearestEven
        var flags = FloatStatus(rawValue: header.floatFlags)
        let result = FloatEvaluation.evaluateWide(
            op: op, source: unsafe ops[Int(op.a)].type, wide(op.a), wide(op.b), wide(op.c), rounding: rounding, flags: &flags)
        header.floatFlags = flags.rawValue
        setWide(index, result)
    }
}
