import Bits
import IR

/// Shifts by immediates, where L and imm6 tell the lanes' size by their leading one and the count below it; and instructions of two registers.
extension Translator {
    mutating func neonShift(_ b: inout IRBlock, _ instruction: NeonInstruction, _ o: Operands) -> Bool {
        let right: Opcode = o.isUnsigned ? .vshrUImm : .vshrSImm
        switch instruction {
        case .vshr_i: return shift(&b, o) { b, s, x, n in b.vector(right, s.type, s.lane, x, number: n) }
        case .vsra_i: return shift(&b, o, accumulates: true) { b, s, x, n in b.vector(right, s.type, s.lane, x, number: n) }
        case .vrshr_i: return shift(&b, o) { b, s, x, n in rounded(&b, s, x, n, right) }
        case .vrsra_i: return shift(&b, o, accumulates: true) { b, s, x, n in rounded(&b, s, x, n, right) }
        case .vsri_i: return shift(&b, o) { b, s, x, n in insertedRight(&b, o, s, x, n) }
        case .vshl_i: return shift(&b, o) { b, s, x, n in b.vector(.vshlImm, s.type, s.lane, x, number: s.size - n) }
        case .vsli_i: return shift(&b, o) { b, s, x, n in insertedLeft(&b, o, s, x, s.size - n) }
        case .vqshlu_i, .vqshl_i: return laneHelper(&b, instruction, o, shape(o, o.shiftLane, hasN: false))
        case .vshrn_i, .vrshrn_i:
            return shiftNarrow(&b, o, rounds: instruction == .vrshrn_i, signed: false) { b, wide, x in b.vector(.vnarrow, .v64, wide, x) }
        case .vqshrn_i, .vqrshrn_i:
            return shiftNarrow(&b, o, rounds: instruction == .vqrshrn_i, signed: !o.isUnsigned) { b, wide, x in
                o.isUnsigned ? narrowed(&b, wide, x, .vnarrowSatU, .vwidenU) : narrowed(&b, wide, x, .vnarrowSatS, .vwidenS)
            }
        case .vqshrun_i, .vqrshrun_i:
            return shiftNarrow(&b, o, rounds: instruction == .vqrshrun_i, signed: true) { b, wide, x in
                narrowed(&b, wide, x, .vnarrowSatSU, .vwidenU)
            }
        case .vshll_i:
            guard let wide = o.shiftLane.wider, o.vd(.v128) & 1 == 0 else { return false }
            let value = b.vector(o.isUnsigned ? .vwidenU : .vwidenS, .v128, o.shiftLane, readDouble(&b, o.vm(.v128)))
            let count = o.shiftLane.bits - o.rightShift
            writeQuad(&b, o.vd(.v128) >> 1, b.vector(.vshlImm, .v128, wide, value, number: count))
            return true
        default: return neonUnary(&b, instruction, o)
        }
    }

    private typealias Shift = (inout IRBlock, VectorShape, Value, Int) -> Value

    /// - Parameter operation: takes the count as a right shift has it, 1 to the lane's width.
    private func shift(_ b: inout IRBlock, _ o: Operands, accumulates: Bool = false, _ operation: Shift) -> Bool {
        unary(&b, o, shape(o, o.shiftLane, hasN: false)) { b, s, x in
            let result = operation(&b, s, x, o.rightShift)
            return accumulates ? b.vector(.vadd, s.type, s.lane, readVector(&b, s.type, o.vd(.v128)), result) : result
        }
    }

    /// Half of the last bit that goes is added without an overflow: the bit itself, after the shift.
    private func rounded(_ b: inout IRBlock, _ s: VectorShape, _ x: Value, _ count: Int, _ shift: Opcode) -> Value {
        let whole = b.vector(shift, s.type, s.lane, x, number: count)
        let last = b.vector(.vshrUImm, s.type, s.lane, x, number: count - 1)
        return b.vector(.vadd, s.type, s.lane, whole, b.binary(.and, s.type, last, constant(&b, s, 1)))
    }

    private func insertedRight(_ b: inout IRBlock, _ o: Operands, _ s: VectorShape, _ x: Value, _ count: Int) -> Value {
        let shifted = b.vector(.vshrUImm, s.type, s.lane, x, number: count)
        let field = count == s.size ? 0 : s.lane.integer.mask >> UInt64(count)
        return b.vector(.vbitSelect, s.type, .b8, constant(&b, s, field), shifted, readVector(&b, s.type, o.vd(.v128)))
    }

    private func insertedLeft(_ b: inout IRBlock, _ o: Operands, _ s: VectorShape, _ x: Value, _ count: Int) -> Value {
        let shifted = b.vector(.vshlImm, s.type, s.lane, x, number: count)
        return b.vector(
            .vbitSelect, s.type, .b8, constant(&b, s, s.lane.integer.mask << UInt64(count)), shifted, readVector(&b, s.type, o.vd(.v128)))
    }

    private func shiftNarrow(
        _ b: inout IRBlock, _ o: Operands, rounds: Bool, signed: Bool, _ operation: (inout IRBlock, Lane, Value) -> Value
    ) -> Bool {
        guard let wide = o.shiftLane.wider, o.vm(.v128) & 1 == 0 else { return false }
        let s = VectorShape(type: .v128, lane: wide)
        let source = readQuad(&b, o.vm(.v128) >> 1)
        let shift: Opcode = signed ? .vshrSImm : .vshrUImm
        let value = rounds ? rounded(&b, s, source, o.rightShift, shift) : b.vector(shift, .v128, wide, source, number: o.rightShift)
        writeDouble(&b, o.vd(.v128), operation(&b, wide, value))
        return true
    }

    // MARK: Two registers

    private mutating func neonUnary(_ b: inout IRBlock, _ instruction: NeonInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .vrev64: return reverse(&b, o, bytes: 8)
        case .vrev32: return reverse(&b, o, bytes: 4)
        case .vrev16: return reverse(&b, o, bytes: 2)
        case .vpaddl, .vpadal: return addLongPairs(&b, o, accumulates: instruction == .vpadal)
        case .vcls: return unary(&b, o, unaryShape(o)) { b, s, x in b.vector(.vcls, s.type, s.lane, x) }
        case .vclz: return unary(&b, o, unaryShape(o)) { b, s, x in b.vector(.vclz, s.type, s.lane, x) }
        case .vcnt: return unary(&b, o, unaryShape(o)) { b, s, x in b.vector(.vpopcnt, s.type, s.lane, x) }
        case .vmvn: return unary(&b, o, unaryShape(o)) { b, s, x in b.unary(.not, s.type, x) }
        case .vabs: return unary(&b, o, unaryShape(o)) { b, s, x in b.vector(.vabs, s.type, s.lane, x) }
        case .vneg: return unary(&b, o, unaryShape(o)) { b, s, x in b.vector(.vneg, s.type, s.lane, x) }
        case .vqabs, .vqneg:
            return unary(&b, o, unaryShape(o)) { b, s, x in
                let negated = saturating(&b, s, .vsubSatS, .vsub, constant(&b, s, 0), x)
                return instruction == .vqabs ? b.vector(.vmaxS, s.type, s.lane, x, negated) : negated
            }
        case .vcgt_zero: return compareZero(&b, o, .gtS)
        case .vcge_zero: return compareZero(&b, o, .geS)
        case .vceq_zero: return compareZero(&b, o, .eq)
        case .vcle_zero: return compareZero(&b, o, .leS)
        case .vclt_zero: return compareZero(&b, o, .ltS)
        case .aese, .aesd, .aesmc, .aesimc: return aes(&b, instruction, o)
        default: return neonMove(&b, instruction, o)
        }
    }

    /// Lanes by bits 19 and 18; nil for double-words.
    func unaryShape(_ o: Operands) -> VectorShape? {
        guard let lane = Lane(rawValue: UInt8(o.field(18, 2))), lane != .b64 else { return nil }
        return shape(o, lane, hasN: false)
    }

    private func reverse(_ b: inout IRBlock, _ o: Operands, bytes: Int) -> Bool {
        guard let s = unaryShape(o), s.lane.bytes < bytes else { return false }
        return unary(&b, o, s) { b, s, x in b.vector(.vreverse, s.type, s.lane, x, number: bytes) }
    }

    private func compareZero(_ b: inout IRBlock, _ o: Operands, _ condition: Condition) -> Bool {
        unary(&b, o, unaryShape(o)) { b, s, x in b.vcompare(s.type, s.lane, condition, x, constant(&b, s, 0)) }
    }

    private func addLongPairs(_ b: inout IRBlock, _ o: Operands, accumulates: Bool) -> Bool {
        guard let s = unaryShape(o), let wide = s.lane.wider else { return false }
        let shift: Opcode = o.bit(7) ? .vshrUImm : .vshrSImm
        return unary(&b, o, s) { b, s, x in
            let odd = b.vector(shift, s.type, wide, x, number: s.size)
            let even = b.vector(shift, s.type, wide, b.vector(.vshlImm, s.type, wide, x, number: s.size), number: s.size)
            let sum = b.vector(.vadd, s.type, wide, even, odd)
            return accumulates ? b.vector(.vadd, s.type, wide, readVector(&b, s.type, o.vd(.v128)), sum) : sum
        }
    }

    private func aes(_ b: inout IRBlock, _ instruction: NeonInstruction, _ o: Operands) -> Bool {
        guard (o.vd(.v128) | o.vm(.v128)) & 1 == 0 else { return false }
        let source = readQuad(&b, o.vm(.v128) >> 1), target = o.vd(.v128) >> 1
        func mixed(_ b: inout IRBlock) -> Value { b.binary(.xor, .v128, readQuad(&b, target), source) }
        let result =
            switch instruction {
            case .aese: b.vector(.vaesEncrypt, .v128, .b8, mixed(&b))
            case .aesd: b.vector(.vaesDecrypt, .v128, .b8, mixed(&b))
            case .aesmc: b.vector(.vaesMix, .v128, .b8, source)
            default: b.vector(.vaesUnmix, .v128, .b8, source)
            }
        writeQuad(&b, target, result)
        return true
    }
}

extension Operands {
    /// L and imm6.
    private var shiftCode: Int { field(7, 1) << 6 | field(16, 6) }
    /// Of narrowing and widening shifts the narrow lanes.
    var shiftLane: Lane { Lane(rawValue: UInt8(max(0, Int.bitWidth - 1 - (shiftCode >> 3).leadingZeroBitCount))) ?? .b64 }
    /// The count of a right shift, 1 to the lane's width.
    var rightShift: Int { 2 * shiftLane.bits - shiftCode }
}
