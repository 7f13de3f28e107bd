import IR

/// Instructions whose operands and results differ in width: the half that a narrow operand or result is in, is the upper one where Q is set.
extension Translator {
    func wideVector(_ b: inout IRBlock, _ instruction: VectorInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .saddl_v: return long(&b, o, signed: true) { b, lane, x, y in b.vector(.vadd, .v128, lane, x, y) }
        case .uaddl_v: return long(&b, o, signed: false) { b, lane, x, y in b.vector(.vadd, .v128, lane, x, y) }
        case .ssubl_v: return long(&b, o, signed: true) { b, lane, x, y in b.vector(.vsub, .v128, lane, x, y) }
        case .usubl_v: return long(&b, o, signed: false) { b, lane, x, y in b.vector(.vsub, .v128, lane, x, y) }
        case .saddw_v: return wide(&b, o, .vadd, signed: true)
        case .uaddw_v: return wide(&b, o, .vadd, signed: false)
        case .ssubw_v: return wide(&b, o, .vsub, signed: true)
        case .usubw_v: return wide(&b, o, .vsub, signed: false)
        case .addhn_v: return highNarrow(&b, o, .vadd, rounds: false)
        case .raddhn_v: return highNarrow(&b, o, .vadd, rounds: true)
        case .subhn_v: return highNarrow(&b, o, .vsub, rounds: false)
        case .rsubhn_v: return highNarrow(&b, o, .vsub, rounds: true)
        case .sabdl_v: return absoluteDifference(&b, o, signed: true, accumulates: false)
        case .uabdl_v: return absoluteDifference(&b, o, signed: false, accumulates: false)
        case .sabal_v: return absoluteDifference(&b, o, signed: true, accumulates: true)
        case .uabal_v: return absoluteDifference(&b, o, signed: false, accumulates: true)
        case .smull_v: return multiplyLong(&b, o, .vmulLongS, nil)
        case .umull_v: return multiplyLong(&b, o, .vmulLongU, nil)
        case .smlal_v: return multiplyLong(&b, o, .vmulLongS, .vadd)
        case .umlal_v: return multiplyLong(&b, o, .vmulLongU, .vadd)
        case .smlsl_v: return multiplyLong(&b, o, .vmulLongS, .vsub)
        case .umlsl_v: return multiplyLong(&b, o, .vmulLongU, .vsub)
        case .sqdmull_v, .sqdmlal_v, .sqdmlsl_v: return doublingLong(&b, o, instruction)
        case .pmull_v: return polynomialLong(&b, o)
        case .xtn_v: return narrow(&b, o, scalar: nil) { b, lane, x in b.vector(.vnarrow, .v64, lane, x) }
        case .sqxtn_v: return narrow(&b, o, scalar: true) { b, lane, x in narrowed(&b, lane, x, .vnarrowSatS, .vwidenS) }
        case .uqxtn_v: return narrow(&b, o, scalar: true) { b, lane, x in narrowed(&b, lane, x, .vnarrowSatU, .vwidenU) }
        case .sqxtun_v: return narrow(&b, o, scalar: true) { b, lane, x in narrowed(&b, lane, x, .vnarrowSatSU, .vwidenU) }
        case .shll_v:
            guard let lane = longLane(o), let wide = lane.wider else { return false }
            let value = b.vector(.vwidenU, .v128, lane, readHalf(&b, o, o.rn))
            writeVector(&b, o.rd, b.vector(.vshlImm, .v128, wide, value, number: lane.bits))
            return true
        default: return vectorMove(&b, instruction, o)
        }
    }

    // MARK: Halves

    /// The half of a register that Q chooses; of the scalar forms the lowest lane.
    func readHalf(_ b: inout IRBlock, _ o: Operands, _ register: Int) -> Value {
        if isScalarForm(o) { return b.zext(.v64, readLow(&b, Lane(rawValue: UInt8(o.field(22, 2)))?.integer ?? .i64, register)) }
        let vector = readVector(&b, register)
        return o.q ? b.vector(.vhigh, .v64, .b8, vector) : b.trunc(.v64, vector)
    }

    func isScalarForm(_ o: Operands) -> Bool { o.bit(28) && o.bit(30) && !o.bit(31) }

    /// Puts 64 bits into the half of a register that Q chooses; the upper half becomes zero or the lower one stays.
    func writeHalf(_ b: inout IRBlock, _ o: Operands, _ value: Value) {
        if !o.q { return writeResult(&b, o.rd, value) }
        let low = b.trunc(.v64, readVector(&b, o.rd))
        writeVector(&b, o.rd, b.vector(.vconcat, .v128, .b8, low, value))
    }

    /// The narrow lanes by bits 23 and 22; nil for double-words, which nothing is twice as wide as.
    private func longLane(_ o: Operands) -> Lane? {
        let lane = Lane(rawValue: UInt8(o.field(22, 2)))
        return lane == .b64 ? nil : lane
    }

    // MARK: Widening

    private typealias WideOperation = (inout IRBlock, Lane, Value, Value) -> Value

    private func widened(_ b: inout IRBlock, _ lane: Lane, _ half: Value, signed: Bool) -> Value {
        b.vector(signed ? .vwidenS : .vwidenU, .v128, lane, half)
    }

    private func long(_ b: inout IRBlock, _ o: Operands, signed: Bool, _ operation: WideOperation) -> Bool {
        guard let lane = longLane(o), let wide = lane.wider else { return false }
        let left = widened(&b, lane, readHalf(&b, o, o.rn), signed: signed)
        let right = widened(&b, lane, readHalf(&b, o, o.rm), signed: signed)
        writeVector(&b, o.rd, operation(&b, wide, left, right))
        return true
    }

    private func wide(_ b: inout IRBlock, _ o: Operands, _ opcode: Opcode, signed: Bool) -> Bool {
        guard let lane = longLane(o), let wide = lane.wider else { return false }
        let right = widened(&b, lane, readHalf(&b, o, o.rm), signed: signed)
        writeVector(&b, o.rd, b.vector(opcode, .v128, wide, readVector(&b, o.rn), right))
        return true
    }

    private func absoluteDifference(_ b: inout IRBlock, _ o: Operands, signed: Bool, accumulates: Bool) -> Bool {
        guard let lane = longLane(o), let wide = lane.wider else { return false }
        let left = readHalf(&b, o, o.rn), right = readHalf(&b, o, o.rm)
        var result = b.vector(.vwidenU, .v128, lane, b.vector(signed ? .vabsDiffS : .vabsDiffU, .v64, lane, left, right))
        if accumulates { result = b.vector(.vadd, .v128, wide, readVector(&b, o.rd), result) }
        writeVector(&b, o.rd, result)
        return true
    }

    private func multiplyLong(_ b: inout IRBlock, _ o: Operands, _ opcode: Opcode, _ accumulation: Opcode?) -> Bool {
        guard let lane = longLane(o) else { return false }
        multiplyLong(&b, o, lane, opcode, accumulation, readHalf(&b, o, o.rn), readHalf(&b, o, o.rm))
        return true
    }

    func multiplyLong(_ b: inout IRBlock, _ o: Operands, _ lane: Lane, _ opcode: Opcode, _ accumulation: Opcode?, _ x: Value, _ y: Value) {
        guard let wide = lane.wider else { return }
        var product = b.vector(opcode, .v128, lane, x, y)
        if let accumulation { product = b.vector(accumulation, .v128, wide, readVector(&b, o.rd), product) }
        writeVector(&b, o.rd, product)
    }

    private func doublingLong(_ b: inout IRBlock, _ o: Operands, _ instruction: VectorInstruction) -> Bool {
        guard let lane = longLane(o), lane != .b8 else { return false }
        let accumulation: Opcode? = instruction == .sqdmull_v ? nil : instruction == .sqdmlal_v ? .vaddSatS : .vsubSatS
        doublingLong(&b, o, lane, accumulation, readHalf(&b, o, o.rn), readHalf(&b, o, o.rm))
        return true
    }

    /// Twice the product, saturated, then the saturated accumulation. Of the scalar forms only the lowest lane counts.
    func doublingLong(_ b: inout IRBlock, _ o: Operands, _ lane: Lane, _ accumulation: Opcode?, _ x: Value, _ y: Value) {
        guard let wide = lane.wider else { return }
        let shape = VectorShape(type: .v128, lane: wide, isScalar: false)
        let product = b.vector(.vmulLongS, .v128, lane, x, y)
        var result = saturating(&b, shape, .vaddSatS, .vadd, product, product)
        let isScalar = isScalarForm(o)
        if let accumulation {
            let sum = isScalar ? b.zext(.v128, readLow(&b, wide.integer, o.rd)) : readVector(&b, o.rd)
            result = saturating(&b, shape, accumulation, accumulation == .vaddSatS ? .vadd : .vsub, sum, result)
        }
        if isScalar { writeLow(&b, o.rd, b.trunc(wide.integer, result)) } else { writeVector(&b, o.rd, result) }
    }

    private func polynomialLong(_ b: inout IRBlock, _ o: Operands) -> Bool {
        let size = o.field(22, 2)
        guard size == 0 || (size == 3 && model.features.contains(.pmull)), let lane = Lane(rawValue: UInt8(size)) else { return false }
        let left = readHalf(&b, o, o.rn), right = readHalf(&b, o, o.rm)
        writeVector(&b, o.rd, b.vector(.vpolyMulLong, .v128, lane, left, right))
        return true
    }

    // MARK: Narrowing

    private func highNarrow(_ b: inout IRBlock, _ o: Operands, _ opcode: Opcode, rounds: Bool) -> Bool {
        guard let lane = longLane(o), let wide = lane.wider else { return false }
        let shape = VectorShape(type: .v128, lane: wide, isScalar: false)
        var sum = b.vector(opcode, .v128, wide, readVector(&b, o.rn), readVector(&b, o.rm))
        if rounds { sum = b.vector(.vadd, .v128, wide, sum, constant(&b, shape, 1 << UInt64(lane.bits - 1))) }
        sum = b.vector(.vshrUImm, .v128, wide, sum, number: lane.bits)
        writeHalf(&b, o, b.vector(.vnarrow, .v64, wide, sum))
        return true
    }

    /// - Parameter scalar: nil where there is no scalar form.
    private func narrow(_ b: inout IRBlock, _ o: Operands, scalar: Bool?, _ operation: (inout IRBlock, Lane, Value) -> Value) -> Bool {
        guard let lane = longLane(o), let wide = lane.wider else { return false }
        if isScalarForm(o) {
            guard scalar != nil else { return false }
            let value = operation(&b, wide, b.zext(.v128, readLow(&b, wide.integer, o.rn)))
            writeLow(&b, o.rd, b.vextract(lane.integer, lane, value, at: 0))
        } else {
            writeHalf(&b, o, operation(&b, wide, readVector(&b, o.rn)))
        }
        return true
    }

    /// Narrowed with saturation, which is noted where widening again does not give the same.
    func narrowed(_ b: inout IRBlock, _ wide: Lane, _ x: Value, _ opcode: Opcode, _ back: Opcode) -> Value {
        let result = b.vector(opcode, .v64, wide, x)
        noteSaturation(&b, .v128, b.vector(back, .v128, wide.narrower ?? .b8, result), x)
        return result
    }
}
