import IR

/// Shifts by immediates: the leading one of immh tells the lanes' size, what is below it the count.
extension Translator {
    func vectorShift(_ b: inout IRBlock, _ instruction: VectorInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .sshr_i: return shift(&b, o) { b, s, x, n in b.vector(.vshrSImm, s.type, s.lane, x, number: n) }
        case .ushr_i: return shift(&b, o) { b, s, x, n in b.vector(.vshrUImm, s.type, s.lane, x, number: n) }
        case .srshr_i: return shift(&b, o) { b, s, x, n in rounded(&b, s, x, n, signed: true) }
        case .urshr_i: return shift(&b, o) { b, s, x, n in rounded(&b, s, x, n, signed: false) }
        case .ssra_i: return shift(&b, o, accumulates: true) { b, s, x, n in b.vector(.vshrSImm, s.type, s.lane, x, number: n) }
        case .usra_i: return shift(&b, o, accumulates: true) { b, s, x, n in b.vector(.vshrUImm, s.type, s.lane, x, number: n) }
        case .srsra_i: return shift(&b, o, accumulates: true) { b, s, x, n in rounded(&b, s, x, n, signed: true) }
        case .ursra_i: return shift(&b, o, accumulates: true) { b, s, x, n in rounded(&b, s, x, n, signed: false) }
        case .sri_i: return shift(&b, o) { b, s, x, n in insertedRight(&b, o, s, x, n) }
        case .shl_i: return shift(&b, o) { b, s, x, n in b.vector(.vshlImm, s.type, s.lane, x, number: s.size - n) }
        case .sli_i: return shift(&b, o) { b, s, x, n in insertedLeft(&b, o, s, x, s.size - n) }
        case .sqshl_i, .uqshl_i, .sqshlu_i: return laneHelper(&b, instruction, o, shape(o, o.shiftLane))
        case .shrn_i: return shiftNarrow(&b, o, rounds: false, signed: false) { b, wide, x in b.vector(.vnarrow, .v64, wide, x) }
        case .rshrn_i: return shiftNarrow(&b, o, rounds: true, signed: false) { b, wide, x in b.vector(.vnarrow, .v64, wide, x) }
        case .sqshrn_i, .sqrshrn_i:
            return shiftNarrow(&b, o, rounds: instruction == .sqrshrn_i, signed: true) { b, wide, x in
                narrowed(&b, wide, x, .vnarrowSatS, .vwidenS)
            }
        case .uqshrn_i, .uqrshrn_i:
            return shiftNarrow(&b, o, rounds: instruction == .uqrshrn_i, signed: false) { b, wide, x in
                narrowed(&b, wide, x, .vnarrowSatU, .vwidenU)
            }
        case .sqshrun_i, .sqrshrun_i:
            return shiftNarrow(&b, o, rounds: instruction == .sqrshrun_i, signed: true) { b, wide, x in
                narrowed(&b, wide, x, .vnarrowSatSU, .vwidenU)
            }
        case .sshll_i, .ushll_i:
            guard let wide = o.shiftLane.wider else { return false }
            let value = b.vector(instruction == .sshll_i ? .vwidenS : .vwidenU, .v128, o.shiftLane, readHalf(&b, o, o.rn))
            writeVector(&b, o.rd, b.vector(.vshlImm, .v128, wide, value, number: o.shiftLane.bits - o.rightShift(o.shiftLane)))
            return true
        default: return vectorElement(&b, instruction, o)
        }
    }

    private typealias Shift = (inout IRBlock, VectorShape, Value, Int) -> Value

    /// - Parameter operation: takes the count as a right shift has it, 1 to the lane's width.
    private func shift(_ b: inout IRBlock, _ o: Operands, accumulates: Bool = false, _ operation: Shift) -> Bool {
        unary(&b, o, shape(o, o.shiftLane)) { b, shape, x in
            let result = operation(&b, shape, x, o.rightShift(shape.lane))
            return accumulates ? b.vector(.vadd, shape.type, shape.lane, read(&b, shape, o.rd), result) : result
        }
    }

    /// Half of the last bit that goes is added without an overflow: the bit itself, after the shift.
    private func rounded(_ b: inout IRBlock, _ s: VectorShape, _ x: Value, _ count: Int, signed: Bool) -> Value {
        let whole = b.vector(signed ? .vshrSImm : .vshrUImm, s.type, s.lane, x, number: count)
        let last = b.vector(.vshrUImm, s.type, s.lane, x, number: count - 1)
        return b.vector(.vadd, s.type, s.lane, whole, b.binary(.and, s.type, last, constant(&b, s, 1)))
    }

    private func insertedRight(_ b: inout IRBlock, _ o: Operands, _ s: VectorShape, _ x: Value, _ count: Int) -> Value {
        let shifted = b.vector(.vshrUImm, s.type, s.lane, x, number: count)
        let field = count == s.size ? 0 : s.lane.integer.mask >> UInt64(count)
        return b.vector(.vbitSelect, s.type, .b8, constant(&b, s, field), shifted, read(&b, s, o.rd))
    }

    private func insertedLeft(_ b: inout IRBlock, _ o: Operands, _ s: VectorShape, _ x: Value, _ count: Int) -> Value {
        let shifted = b.vector(.vshlImm, s.type, s.lane, x, number: count)
        return b.vector(.vbitSelect, s.type, .b8, constant(&b, s, s.lane.integer.mask << UInt64(count)), shifted, read(&b, s, o.rd))
    }

    private func shiftNarrow(
        _ b: inout IRBlock, _ o: Operands, rounds: Bool, signed: Bool, _ operation: (inout IRBlock, Lane, Value) -> Value
    ) -> Bool {
        let lane = o.shiftLane
        guard let wide = lane.wider else { return false }
        let shape = VectorShape(type: .v128, lane: wide, isScalar: false)
        let isScalar = isScalarForm(o)
        let value = isScalar ? b.zext(.v128, readLow(&b, wide.integer, o.rn)) : readVector(&b, o.rn)
        let count = o.rightShift(lane)
        let shifted =
            rounds
            ? rounded(&b, shape, value, count, signed: signed)
            : b.vector(signed ? .vshrSImm : .vshrUImm, .v128, wide, value, number: count)
        let result = operation(&b, wide, shifted)
        if isScalar { writeLow(&b, o.rd, b.vextract(lane.integer, lane, result, at: 0)) } else { writeHalf(&b, o, result) }
        return true
    }
}

extension Operands {
    /// The lane by the leading one of immh.
    var shiftLane: Lane { Lane(rawValue: UInt8(Int.bitWidth - 1 - field(19, 4).leadingZeroBitCount)) ?? .b64 }

    /// The count of a right shift: twice the lane's width less immh:immb.
    func rightShift(_ lane: Lane) -> Int { 2 * lane.bits - field(16, 7) }
}
