/// The rules about attribute bits, immediates and control.
extension Verifier {
    func problemOfAttribute(_ op: IROp, _ info: OpcodeInfo, _ types: [IRType]) -> String? {
        switch info.attribute {
        case .target: return op.attribute <= 16 ? nil : "no instruction that calls has \(op.attribute) bytes"
        case .none, .constant, .label, .pc, .bitRange, .helper, .fence, .state:
            if op.attribute != 0 { return "it has no attributes" }
            return problemOfImmediate(op, info)
        case .condition, .conditionLabel:
            return Int(op.attribute) < Condition.allCases.count ? nil : "there is no condition \(op.attribute)"
        case .division: return Int(op.attribute) < DivisionRule.allCases.count ? nil : "there is no division rule \(op.attribute)"
        case .jump: return Int(op.attribute) < JumpHint.allCases.count ? nil : "there is no jump hint \(op.attribute)"
        case .exit: return Int(op.attribute & 0x7fff) < ExitReason.allCases.count ? nil : "there is no exit reason \(op.attribute)"
        case .floatCondition:
            if op.imm < 0 || op.imm >= FloatCondition.allCases.count { return "there is no float condition \(op.imm)" }
            return problemOfFloat(op.attribute, op)
        case .float: return problemOfFloat(op.attribute, op)
        case .memory, .atomic: return problemOfMemory(op, types)
        case .lanes, .lanesNumber, .lanesCondition:
            return op.attribute != 0 ? "it has no attributes" : nil
        case .lanesFloat, .lanesFloatCondition: return problemOfFloat(op.attribute, op)
        }
    }

    private func problemOfImmediate(_ op: IROp, _ info: OpcodeInfo) -> String? {
        switch info.attribute {
        case .bitRange:
            let isInside = op.bitCount > 0 && op.bitLow + op.bitCount <= op.type.bits && op.imm >> 16 == 0
            if !isInside { return "the bit range lies outside \(op.type)" }
        case .helper:
            if op.imm < 0 || op.imm >= helpers.count { return "there is no helper \(op.imm)" }
        case .fence:
            if op.imm & ~Int64(FenceKind.all.rawValue) != 0 { return "there is no fence \(op.imm)" }
        case .state:
            guard let field = layout.field(at: Int(op.imm)) else { return "no state field is at \(op.imm)" }
            if field.type.bits != op.type.bits { return "the field \(field.name) has type \(field.type)" }
        default: break
        }
        return nil
    }

    private func problemOfFloat(_ attribute: UInt16, _ op: IROp) -> String? {
        let isKnown =
            FloatAttributes.Rounding(rawValue: UInt8(attribute & 7)) != nil
            && FloatAttributes.NaNRule(rawValue: UInt8(attribute >> 3 & 7)) != nil
            && (op.hasMinMaxRule || FloatAttributes.Saturation(rawValue: UInt8(attribute >> 12 & 3)) != nil)
        return isKnown ? nil : "the float attributes \(attribute) mean nothing"
    }

    private func problemOfMemory(_ op: IROp, _ types: [IRType]) -> String? {
        let memory = op.memory
        if types[0] != .i64 { return "an address has 64 bits, not \(types[0])" }
        if memory.sizeLog2 > 5 || op.attribute >> 5 & 3 == 3 || op.attribute >> 13 != 0 { return "the memory attributes mean nothing" }
        if memory.mmuIndex >= CPUHeader.mmuIndices { return "there is no MMU index \(memory.mmuIndex)" }
        let value = op.opcode == .store ? types[1] : op.type
        if memory.size * 8 > value.bits { return "\(memory.size) bytes are more than \(value) holds" }
        if value.isVector && memory.size != value.bytes { return "a vector is accessed whole" }
        if op.opcode == .store && op.type != value { return "the stored value has type \(value)" }
        if op.opcode != .load && op.opcode != .store {
            if memory.size > 16 || memory.size == 16 && op.opcode == .atomicRMW { return "no such access is atomic" }
            if let other = types.dropFirst().first(where: { $0 != op.type }) { return "an operand has type \(other)" }
        }
        if op.opcode != .load && op.opcode != .store && op.opcode != .atomicRMW && op.imm != 0 { return "it takes no displacement" }
        if op.opcode == .atomicRMW && AtomicOperation(rawValue: UInt8(truncatingIfNeeded: op.imm)) == nil {
            return "there is no atomic operation \(op.imm)"
        }
        return nil
    }

    /// Labels placed once, branches to placed labels, an end that control cannot fall through.
    func problemOfControl(_ block: borrowing IRBlock) -> String? {
        if block.count == 0 { return "the block is empty" }
        if !block[block.count - 1].opcode.info.effects.contains(.endsRun) { return "control would fall out of the block" }
        var placed: Set<Int64> = []
        var used: Set<Int64> = []
        for index in 0..<block.count {
            let op = block[index]
            switch op.opcode {
            case .label:
                if !placed.insert(op.imm).inserted { return "the label L\(op.imm) is placed twice" }
                if op.imm < 0 || op.imm >= Int64(block.labels) { return "the label L\(op.imm) was never made" }
            case .br, .brIf, .brCompare: used.insert(op.imm)
            default: break
            }
        }
        return used.subtracting(placed).min().map { "the label L\($0) is placed nowhere" }
    }
}
