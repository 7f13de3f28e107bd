import IR

/// Conversions of lanes, and complex numbers.
extension Translator {
    func vectorConvert(_ b: inout IRBlock, _ instruction: VectorInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .fcvtns_v: return toIntegers(&b, o, .nearestEven, signed: true)
        case .fcvtnu_v: return toIntegers(&b, o, .nearestEven, signed: false)
        case .fcvtps_v: return toIntegers(&b, o, .up, signed: true)
        case .fcvtpu_v: return toIntegers(&b, o, .up, signed: false)
        case .fcvtms_v: return toIntegers(&b, o, .down, signed: true)
        case .fcvtmu_v: return toIntegers(&b, o, .down, signed: false)
        case .fcvtas_v: return toIntegers(&b, o, .nearestAway, signed: true)
        case .fcvtau_v: return toIntegers(&b, o, .nearestAway, signed: false)
        case .fcvtzs_v: return toIntegers(&b, o, .towardZero, signed: true)
        case .fcvtzu_v: return toIntegers(&b, o, .towardZero, signed: false)
        case .scvtf_v, .ucvtf_v:
            let rule = attributes(nil, signed: instruction == .scvtf_v)
            return unary(&b, o, floatShape2(o)) { b, s, x in b.vfloat(.vintToFloat, s.type, s.lane, rule, x) }
        case .fcvtzs_i, .fcvtzu_i: return toFixed(&b, o, signed: instruction == .fcvtzs_i)
        case .scvtf_i, .ucvtf_i:
            // An unsigned half-word may be more than half precision holds before it is scaled down.
            if o.shiftLane == .b16 { return laneHelper(&b, instruction, o, shape(o, .b16)) }
            return fromFixed(&b, o, signed: instruction == .scvtf_i)
        case .fcvtl_v:
            let lane: Lane = o.bit(22) ? .b32 : .b16
            guard !(lane == .b16 && flags.alternativeHalf) else { return laneHelper(&b, instruction, o, shape(o, .b32)) }
            writeVector(&b, o.rd, b.vfloat(.vfwiden, .v128, lane, attributes(.f64), readHalf(&b, o, o.rn)))
        case .fcvtn_v:
            let lane: Lane = o.bit(22) ? .b64 : .b32
            guard !(lane == .b32 && flags.alternativeHalf) else { return laneHelper(&b, instruction, o, shape(o, .b32)) }
            writeHalf(&b, o, b.vfloat(.vfnarrow, .v64, lane, attributes(.f64), readVector(&b, o.rn)))
        case .fcvtxn_v: roundToOdd(&b, o)
        case .bfcvtn_v: return laneHelper(&b, instruction, o, shape(o, .b32))
        case .fcadd_v: return complexAdd(&b, o)
        case .fcmla_v: return complexMultiply(&b, o)
        case .fcmla_e: return complexMultiplyElement(&b, o)
        case .fmlal_v, .fmlsl_v, .fmlal2_v, .fmlsl2_v, .fmlal_e, .fmlsl_e, .fmlal2_e, .fmlsl2_e:
            return laneHelper(&b, instruction, o, shape(o, .b32))
        default: return false
        }
        return true
    }

    // MARK: Integers

    private func toIntegers(_ b: inout IRBlock, _ o: Operands, _ rounding: FloatAttributes.Rounding, signed: Bool) -> Bool {
        unary(&b, o, floatShape2(o)) { b, s, x in
            b.vfloat(.vfloatToInt, s.type, s.lane, attributes(s.lane.float, rounding, signed: signed, saturates: true), x)
        }
    }

    /// A power of two in a lane's format.
    private func powerOfTwo(_ b: inout IRBlock, _ s: VectorShape, _ exponent: Int) -> Value {
        let (bias, fraction) = s.lane == .b16 ? (15, 10) : s.lane == .b32 ? (127, 23) : (1023, 52)
        return constant(&b, s, UInt64(bias + exponent) << UInt64(fraction))
    }

    /// What overflows when it is scaled up would have been saturated anyway. 2^16 is more than half precision has: it goes in two steps.
    private func scaled(_ b: inout IRBlock, _ s: VectorShape, _ x: Value, _ exponent: Int, _ rule: FloatAttributes) -> Value {
        let steps = s.lane == .b16 && abs(exponent) > 14 ? [exponent / 2, exponent - exponent / 2] : [exponent]
        return steps.reduce(x) { value, step in b.vfloat(.vfmul, s.type, s.lane, rule, value, powerOfTwo(&b, s, step)) }
    }

    private func toFixed(_ b: inout IRBlock, _ o: Operands, signed: Bool) -> Bool {
        unary(&b, o, shape(o, o.shiftLane)) { b, s, x in
            let value = scaled(&b, s, x, o.rightShift(s.lane), attributes(s.lane.float, .nearestEven, silent: true))
            return b.vfloat(.vfloatToInt, s.type, s.lane, attributes(s.lane.float, .towardZero, signed: signed, saturates: true), value)
        }
    }

    private func fromFixed(_ b: inout IRBlock, _ o: Operands, signed: Bool) -> Bool {
        unary(&b, o, shape(o, o.shiftLane)) { b, s, x in
            let value = b.vfloat(.vintToFloat, s.type, s.lane, attributes(s.lane.float, signed: signed), x)
            return scaled(&b, s, value, -o.rightShift(s.lane), attributes(s.lane.float))
        }
    }

    // MARK: Widths

    private func roundToOdd(_ b: inout IRBlock, _ o: Operands) {
        if isScalarForm(o) {
            writeFloat(&b, o.rd, .f32, b.float(.fconvert, .f32, attributes(.f64, .odd), readFloat(&b, .f64, o.rn)))
        } else {
            writeHalf(&b, o, b.vfloat(.vfnarrow, .v64, .b64, attributes(.f64, .odd), readVector(&b, o.rn)))
        }
    }

    // MARK: Complex numbers

    private func complexShape(_ o: Operands) -> VectorShape? {
        guard let lane = Lane(rawValue: UInt8(o.field(22, 2))), lane > .b8, lane != .b16 || model.features.contains(.fp16) else { return nil }
        return shape(o, lane)
    }

    private func swapped(_ b: inout IRBlock, _ s: VectorShape, _ x: Value) -> Value {
        s.lane == .b64
            ? b.vector(.vextractBytes, s.type, .b8, x, x, number: 8)
            : b.vector(.vreverse, s.type, s.lane, x, number: 2 * s.lane.bytes)
    }

    /// The signs of the even lanes, or of the odd ones, as a mask.
    private func signs(_ b: inout IRBlock, _ s: VectorShape, odd: Bool) -> Value {
        let zero = constant(&b, s, 0), sign = constant(&b, s, 1 << UInt64(s.size - 1))
        return b.vector(.vtransposeEven, s.type, s.lane, odd ? zero : sign, odd ? sign : zero)
    }

    /// The second operand turned by 90 or 270 degrees.
    private func complexAdd(_ b: inout IRBlock, _ o: Operands) -> Bool {
        binary(&b, o, complexShape(o)) { b, s, x, y in
            let turned = b.binary(.xor, s.type, swapped(&b, s, y), signs(&b, s, odd: o.bit(12)))
            return b.vfloat(.vfadd, s.type, s.lane, attributes(s.lane.float), x, turned)
        }
    }

    private func complexMultiply(_ b: inout IRBlock, _ o: Operands) -> Bool {
        binary(&b, o, complexShape(o)) { b, s, x, y in complexProduct(&b, o, s, x, y, rotation: o.field(11, 2)) }
    }

    private func complexMultiplyElement(_ b: inout IRBlock, _ o: Operands) -> Bool {
        guard let s = complexShape(o), s.lane != .b64, let pair = s.lane.wider else { return false }
        // The pair's number: H and L for half-words, H for words.
        let index = s.lane == .b16 ? o.field(11, 1) << 1 | o.field(21, 1) : o.field(11, 1)
        guard s.lane == .b16 ? o.q || !o.bit(11) : o.q && !o.bit(21) else { return false }
        let right = b.vsplat(s.type, pair, b.vextract(.i64, pair, readVector(&b, o.rm), at: index))
        write(&b, s, o.rd, complexProduct(&b, o, s, read(&b, s, o.rn), right, rotation: o.field(13, 2)))
        return true
    }

    /// Half of a product: by the real part of the first operand or, turned, by the imaginary one.
    private func complexProduct(_ b: inout IRBlock, _ o: Operands, _ s: VectorShape, _ x: Value, _ y: Value, rotation: Int) -> Value {
        let part: Opcode = rotation & 1 == 0 ? .vtransposeEven : .vtransposeOdd
        let factor = b.vector(part, s.type, s.lane, x, x)
        var other = rotation & 1 == 0 ? y : swapped(&b, s, y)
        if rotation == 1 || rotation == 2 { other = b.binary(.xor, s.type, other, signs(&b, s, odd: false)) }
        if rotation == 2 || rotation == 3 { other = b.binary(.xor, s.type, other, signs(&b, s, odd: true)) }
        return b.vfloat(.vfma, s.type, s.lane, attributes(s.lane.float), factor, other, read(&b, s, o.rd))
    }
}
