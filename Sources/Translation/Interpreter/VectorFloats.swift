import IR

extension FloatEvaluation {
    /// The result of an operation on lanes of floats, each computed as the scalar operation.
    /// - Parameters:
    ///   - source: the type of operand a.
    ///   - rounding: what `dynamic` stands for.
    ///   - flags: where the exceptions of all lanes are added, unless the op is silent.
    public static func evaluateLanes(
        op: IROp, source: IRType, _ a: UInt128, _ b: UInt128, _ c: UInt128, rounding: FloatAttributes.Rounding, flags: inout FloatStatus
    ) -> UInt128 {
        guard let scalar = scalar(op), let type = laneType(op) else { preconditionFailure("\(op.opcode) is no operation on floats") }
        let width = op.lane.bits
        let mask = UInt128(op.lane.integer.mask)
        var cell: UInt128 = 0
        for index in 0..<source.bits / width {
            let place = index * width
            let result = evaluateWide(
                op: scalar, source: type, a >> place & mask, b >> place & mask, c >> place & mask, rounding: rounding, flags: &flags)
            let lane = op.opcode == .vfcompare && result != 0 ? mask : result
            cell |= lane << (index * scalar.type.bits)
        }
        return cell
    }

    /// The operation of one lane.
    private static func scalar(_ op: IROp) -> IROp? {
        guard let opcode = op.opcode.ofFloatLanes, let type = resultType(op) else { return nil }
        return IROp(opcode, type, attribute: op.attribute, imm: Int64(op.number))
    }

    private static func laneType(_ op: IROp) -> IRType? { op.opcode == .vintToFloat ? op.lane.integer : op.lane.float }

    private static func resultType(_ op: IROp) -> IRType? {
        switch op.opcode {
        case .vfcompare, .vfloatToInt: op.lane.integer
        case .vfwiden: op.lane.wider?.float
        case .vfnarrow: op.lane.narrower?.float
        default: op.lane.float
        }
    }
}
