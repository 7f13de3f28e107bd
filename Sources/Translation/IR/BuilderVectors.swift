/// The front ends' words for vector operations.
extension IRBlock {
    /// Any operation on lanes of integers or on whole vectors; `type` is the result's type, `lane` the size of operand a's lanes.
    /// - Parameter number: the lane, count, offset or group that the operation takes, see `Opcode.table`.
    public mutating func vector(
        _ opcode: Opcode, _ type: IRType, _ lane: Lane = .b8, _ a: Value, _ b: Value? = nil, _ c: Value? = nil, number: Int = 0
    ) -> Value {
        let imm = Int64(lane.rawValue) | Int64(number) << 8
        return append(IROp(opcode, type, a: a.index, b: b?.index ?? -1, c: c?.index ?? -1, imm: imm))
    }

    /// All ones in the lanes where the condition holds, else 0.
    public mutating func vcompare(_ type: IRType, _ lane: Lane, _ condition: Condition, _ a: Value, _ b: Value) -> Value {
        vector(.vcompare, type, lane, a, b, number: Int(condition.rawValue))
    }

    /// The low bits of a scalar in every lane.
    public mutating func vsplat(_ type: IRType, _ lane: Lane, _ scalar: Value) -> Value { vector(.vsplat, type, lane, scalar) }

    public mutating func vinsert(_ type: IRType, _ lane: Lane, _ a: Value, at index: Int, _ scalar: Value) -> Value {
        vector(.vinsert, type, lane, a, scalar, number: index)
    }

    /// Lane `index` of a vector as a value of an integer type, or as a float of the lane's width.
    public mutating func vextract(_ type: IRType, _ lane: Lane, _ a: Value, at index: Int, signed: Bool = false) -> Value {
        vector(signed ? .vextractS : .vextractU, type, lane, a, number: index)
    }

    /// Any operation on lanes of floats, with its attributes.
    public mutating func vfloat(
        _ opcode: Opcode, _ type: IRType, _ lane: Lane, _ attributes: FloatAttributes, _ a: Value, _ b: Value? = nil, _ c: Value? = nil
    ) -> Value {
        append(
            IROp(
                opcode, type, attribute: attributes.rawValue, a: a.index, b: b?.index ?? -1, c: c?.index ?? -1, imm: Int64(lane.rawValue)))
    }

    /// All ones in the lanes where the condition holds between two floats, else 0.
    public mutating func vfcompare(
        _ type: IRType, _ lane: Lane, _ condition: FloatCondition, _ attributes: FloatAttributes, _ a: Value, _ b: Value
    ) -> Value {
        let imm = Int64(lane.rawValue) | Int64(condition.rawValue) << 8
        return append(IROp(.vfcompare, type, attribute: attributes.rawValue, a: a.index, b: b.index, imm: imm))
    }
}
