import Bits
import IR

/// Instructions whose operands and results differ in width, and those by scalar.
extension Translator {
    mutating func neonWide(_ b: inout IRBlock, _ instruction: NeonInstruction, _ o: Operands) -> Bool {
        let isUnsigned = o.isUnsigned
        switch instruction {
        case .vaddl, .vsubl: return long(&b, o, instruction == .vaddl ? .vadd : .vsub)
        case .vaddw, .vsubw: return wide(&b, o, instruction == .vaddw ? .vadd : .vsub)
        case .vaddhn: return highNarrow(&b, o, .vadd, rounds: false)
        case .vraddhn: return highNarrow(&b, o, .vadd, rounds: true)
        case .vsubhn: return highNarrow(&b, o, .vsub, rounds: false)
        case .vrsubhn: return highNarrow(&b, o, .vsub, rounds: true)
        case .vabdl, .vabal: return differences(&b, o, accumulates: instruction == .vabal)
        case .vmull, .vmull_s: return multiplyLong(&b, instruction, o, isUnsigned ? .vmulLongU : .vmulLongS, nil)
        case .vmlal, .vmlal_s: return multiplyLong(&b, instruction, o, isUnsigned ? .vmulLongU : .vmulLongS, .vadd)
        case .vmlsl, .vmlsl_s: return multiplyLong(&b, instruction, o, isUnsigned ? .vmulLongU : .vmulLongS, .vsub)
        case .vmull_p:
            guard o.vd(.v128) & 1 == 0 else { return false }
            let lane: Lane = o.bit(21) ? .b64 : .b8
            let product = b.vector(.vpolyMulLong, .v128, lane, readDouble(&b, o.vn(.v128)), readDouble(&b, o.vm(.v128)))
            writeQuad(&b, o.vd(.v128) >> 1, product)
            return true
        case .vqdmull, .vqdmull_s: return doublingLong(&b, instruction, o, nil)
        case .vqdmlal, .vqdmlal_s: return doublingLong(&b, instruction, o, .vaddSatS)
        case .vqdmlsl, .vqdmlsl_s: return doublingLong(&b, instruction, o, .vsubSatS)
        case .vmul_s: return byScalar(&b, o) { b, s, x, y in b.vector(.vmul, s.type, s.lane, x, y) }
        case .vmla_s, .vmls_s:
            return byScalar(&b, o) { b, s, x, y in
                let product = b.vector(.vmul, s.type, s.lane, x, y)
                return b.vector(instruction == .vmla_s ? .vadd : .vsub, s.type, s.lane, readVector(&b, s.type, o.vd(.v128)), product)
            }
        case .vmul_fs: return byScalar(&b, o) { b, s, x, y in b.vfloat(.vfmul, s.type, s.lane, standard(s.lane), x, y) }
        case .vmla_fs, .vmls_fs:
            return byScalar(&b, o) { b, s, x, y in multipliedAndAdded(&b, o, s, x, y, subtracts: instruction == .vmls_fs) }
        case .vqdmulh_s, .vqrdmulh_s:
            return byScalar(&b, o) { b, s, x, y in doubleHigh(&b, s, x, y, rounds: instruction == .vqrdmulh_s) }
        case .vqrdmlah_s, .vqrdmlsh_s: return laneHelper(&b, instruction, o, scalarShape(o))
        default: return neonShift(&b, instruction, o)
        }
    }

    // MARK: Scalars

    /// The vectors that a scalar is combined with: quadwords by bit 24.
    private func scalarShape(_ o: Operands) -> VectorShape? {
        guard !o.bit(24) || (o.vd(.v128) | o.vn(.v128)) & 1 == 0 else { return nil }
        return VectorShape(type: o.bit(24) ? .v128 : .v64, lane: o.bit(21) ? .b32 : .b16)
    }

    /// The scalar in all lanes.
    private func scalar(_ b: inout IRBlock, _ o: Operands, _ type: IRType) -> Value {
        let place = o.scalarPlace
        return b.vsplat(type, place.lane, b.vextract(.i32, place.lane, readDouble(&b, place.register), at: place.index))
    }

    private func byScalar(_ b: inout IRBlock, _ o: Operands, _ operation: Binary) -> Bool {
        guard let s = scalarShape(o) else { return false }
        let left = readVector(&b, s.type, o.vn(.v128))
        let right = scalar(&b, o, s.type)
        writeVector(&b, o.vd(.v128), operation(&b, s, left, right))
        return true
    }

    // MARK: Widening

    /// The narrow lanes of the double-words that are widened, and the lanes of the result.
    private func lanes(_ o: Operands) -> (narrow: Lane, wide: Lane)? {
        guard let narrow = Lane(rawValue: UInt8(o.field(20, 2))), let wide = narrow.wider, o.vd(.v128) & 1 == 0 else { return nil }
        return (narrow, wide)
    }

    private func widened(_ b: inout IRBlock, _ o: Operands, _ lane: Lane, _ register: Int) -> Value {
        b.vector(o.isUnsigned ? .vwidenU : .vwidenS, .v128, lane, readDouble(&b, register))
    }

    private func long(_ b: inout IRBlock, _ o: Operands, _ opcode: Opcode) -> Bool {
        guard let lanes = lanes(o) else { return false }
        let left = widened(&b, o, lanes.narrow, o.vn(.v128)), right = widened(&b, o, lanes.narrow, o.vm(.v128))
        writeQuad(&b, o.vd(.v128) >> 1, b.vector(opcode, .v128, lanes.wide, left, right))
        return true
    }

    private func wide(_ b: inout IRBlock, _ o: Operands, _ opcode: Opcode) -> Bool {
        guard let lanes = lanes(o), o.vn(.v128) & 1 == 0 else { return false }
        let right = widened(&b, o, lanes.narrow, o.vm(.v128))
        writeQuad(&b, o.vd(.v128) >> 1, b.vector(opcode, .v128, lanes.wide, readQuad(&b, o.vn(.v128) >> 1), right))
        return true
    }

    private func differences(_ b: inout IRBlock, _ o: Operands, accumulates: Bool) -> Bool {
        guard let lanes = lanes(o) else { return false }
        let left = readDouble(&b, o.vn(.v128)), right = readDouble(&b, o.vm(.v128))
        let difference = b.vector(o.isUnsigned ? .vabsDiffU : .vabsDiffS, .v64, lanes.narrow, left, right)
        var result = b.vector(.vwidenU, .v128, lanes.narrow, difference)
        if accumulates { result = b.vector(.vadd, .v128, lanes.wide, readQuad(&b, o.vd(.v128) >> 1), result) }
        writeQuad(&b, o.vd(.v128) >> 1, result)
        return true
    }

    /// The second operand: a register or, of the scalar forms, an element in all lanes.
    private func second(_ b: inout IRBlock, _ instruction: NeonInstruction, _ o: Operands) -> Value {
        instruction.rawValue >= NeonInstruction.vmla_s.rawValue ? scalar(&b, o, .v64) : readDouble(&b, o.vm(.v128))
    }

    private func multiplyLong(_ b: inout IRBlock, _ instruction: NeonInstruction, _ o: Operands, _ opcode: Opcode, _ accumulation: Opcode?) -> Bool {
        guard let lanes = lanes(o) else { return false }
        var product = b.vector(opcode, .v128, lanes.narrow, readDouble(&b, o.vn(.v128)), second(&b, instruction, o))
        if let accumulation { product = b.vector(accumulation, .v128, lanes.wide, readQuad(&b, o.vd(.v128) >> 1), product) }
        writeQuad(&b, o.vd(.v128) >> 1, product)
        return true
    }

    /// Twice the product, saturated, then the saturated accumulation.
    private func doublingLong(_ b: inout IRBlock, _ instruction: NeonInstruction, _ o: Operands, _ accumulation: Opcode?) -> Bool {
        guard let lanes = lanes(o), lanes.narrow != .b8 else { return false }
        let s = VectorShape(type: .v128, lane: lanes.wide)
        let product = b.vector(.vmulLongS, .v128, lanes.narrow, readDouble(&b, o.vn(.v128)), second(&b, instruction, o))
        var result = saturating(&b, s, .vaddSatS, .vadd, product, product)
        if let accumulation {
            result = saturating(&b, s, accumulation, accumulation == .vaddSatS ? .vadd : .vsub, readQuad(&b, o.vd(.v128) >> 1), result)
        }
        writeQuad(&b, o.vd(.v128) >> 1, result)
        return true
    }

    // MARK: Narrowing

    private func highNarrow(_ b: inout IRBlock, _ o: Operands, _ opcode: Opcode, rounds: Bool) -> Bool {
        guard let narrow = Lane(rawValue: UInt8(o.field(20, 2))), let wide = narrow.wider, (o.vn(.v128) | o.vm(.v128)) & 1 == 0 else { return false }
        var sum = b.vector(opcode, .v128, wide, readQuad(&b, o.vn(.v128) >> 1), readQuad(&b, o.vm(.v128) >> 1))
        if rounds { sum = b.vector(.vadd, .v128, wide, sum, constant(&b, VectorShape(type: .v128, lane: wide), 1 << UInt64(narrow.bits - 1))) }
        sum = b.vector(.vshrUImm, .v128, wide, sum, number: narrow.bits)
        writeDouble(&b, o.vd(.v128), b.vector(.vnarrow, .v64, wide, sum))
        return true
    }

    /// Narrowed with saturation, which is noted where widening again does not give the same.
    func narrowed(_ b: inout IRBlock, _ wide: Lane, _ x: Value, _ opcode: Opcode, _ back: Opcode) -> Value {
        let result = b.vector(opcode, .v64, wide, x)
        noteVectorSaturation(&b, .v128, b.vector(back, .v128, wide.narrower ?? .b8, result), x)
        return result
    }
}

extension Operands {
    /// The register and the element of a scalar operand: half-words in D0 to D7, words in D0 to D15.
    var scalarPlace: (lane: Lane, register: Int, index: Int) {
        bit(21) ? (.b32, field(0, 4), field(5, 1)) : (.b16, field(0, 3), field(5, 1) << 1 | field(3, 1))
    }
}
