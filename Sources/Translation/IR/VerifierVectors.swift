/// The rules about vectors: what the operands and the result are, which lanes there are, what the number may be.
extension Verifier {
    func problemOfVector(_ op: IROp, _ types: [IRType]) -> String? {
        if op.imm & 15 > 3 { return "there are no lanes of that size" }
        if op.imm & ~0xff_ff0f != 0 { return "its immediate means nothing" }
        if !op.opcode.lanes.contains(op.lane) { return "it has no lanes of \(op.lane.bits) bits" }
        return problemOfShape(op, types) ?? problemOfNumber(op, types)
    }

    private func problemOfShape(_ op: IROp, _ types: [IRType]) -> String? {
        switch op.opcode {
        case .vsplat: return op.type.isVector ? problemOfScalar(op, types[0]) : "its result is a vector"
        case .vinsert: return op.type.isVector ? problemOfScalar(op, types[1]) : "its first operand is a vector"
        case .vextractU, .vextractS:
            if op.opcode == .vextractU, op.type == op.lane.float, types[0].isVector { return nil }
            return problemOfYield(op, types[0])
        case .vreduceAddS, .vreduceAddU, .vreduceMinS, .vreduceMaxS, .vreduceMinU, .vreduceMaxU: return problemOfYield(op, types[0])
        case .vany: return types[0].isVector && op.type.isInteger ? nil : "it makes a truth value of a vector"
        case .vhigh, .vnarrow, .vnarrowSatS, .vnarrowSatSU, .vnarrowSatU, .vfnarrow:
            return types[0] == .v128 && op.type == .v64 ? nil : "it makes a v64 of a v128"
        case .vconcat, .vwidenS, .vwidenU, .vmulLongS, .vmulLongU, .vpolyMulLong, .vfwiden:
            return types.allSatisfy { $0 == .v64 } && op.type == .v128 ? nil : "it makes a v128 of v64"
        case .vtable: return types[0] == .v128 && types[1] == op.type && op.type.isVector ? nil : "it takes bytes of a v128"
        case .vaesEncrypt, .vaesDecrypt, .vaesMix, .vaesUnmix: return op.type == .v128 ? nil : "an AES block has 128 bits"
        default: return op.type.isVector ? nil : "it computes with vectors"
        }
    }

    /// What goes into a lane: an integer that has the bits, or a float of the very width.
    private func problemOfScalar(_ op: IROp, _ scalar: IRType) -> String? {
        let fits = scalar.isInteger && scalar.bits >= op.lane.bits && scalar.bits <= 64 || scalar == op.lane.float
        return fits ? nil : "\(scalar) is no lane of \(op.lane.bits) bits"
    }

    /// What comes out of lanes: an integer with room for one.
    private func problemOfYield(_ op: IROp, _ vector: IRType) -> String? {
        if !vector.isVector { return "it takes lanes of a vector" }
        return op.type.isInteger && op.type.bits >= op.lane.bits && op.type.bits <= 64 ? nil : "\(op.type) holds no lane of \(op.lane.bits) bits"
    }

    private func problemOfNumber(_ op: IROp, _ types: [IRType]) -> String? {
        let limit: Int =
            switch op.opcode {
            case .vinsert, .vextractU, .vextractS: types[0].bytes / op.lane.bytes
            case .vextractBytes: op.type.bytes
            case .vshlImm, .vrotrImm: op.lane.bits
            case .vshrUImm, .vshrSImm: op.lane.bits + 1
            case .vmulDoubleHigh: 2
            case .vcompare: Condition.allCases.count
            case .vfcompare: FloatCondition.allCases.count
            case .vreverse: op.type.bytes + 1
            default: 1
            }
        if op.number >= limit { return "the number \(op.number) is too large" }
        if op.opcode.pairsLanes, op.type.bytes == op.lane.bytes { return "it has no lanes of \(op.lane.bits) bits" }
        if op.opcode == .vreverse {
            let isGroup = op.number > op.lane.bytes && op.number & (op.number - 1) == 0
            return isGroup ? nil : "\(op.number) bytes are no group of lanes"
        }
        return nil
    }
}
