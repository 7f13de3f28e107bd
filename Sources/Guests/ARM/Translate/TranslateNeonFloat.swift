import Bits
import IR

/// Lanes of floats.
extension Translator {
    mutating func neonFloat(_ b: inout IRBlock, _ instruction: NeonInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .vadd_f: return floatBinary(&b, o, .vfadd)
        case .vsub_f: return floatBinary(&b, o, .vfsub)
        case .vmul_f: return floatBinary(&b, o, .vfmul)
        case .vmax_f: return floatBinary(&b, o, .vfmax, .nan)
        case .vmin_f: return floatBinary(&b, o, .vfmin, .nan)
        case .vmaxnm: return floatBinary(&b, o, .vfmax, .quietNumber)
        case .vminnm: return floatBinary(&b, o, .vfmin, .quietNumber)
        case .vpadd_f: return floatPairwise(&b, o, .vfadd)
        case .vpmax_f: return floatPairwise(&b, o, .vfmax, .nan)
        case .vpmin_f: return floatPairwise(&b, o, .vfmin, .nan)
        case .vabd_f:
            return binary(&b, o, floatShape(o)) { b, s, x, y in magnitude(&b, s, b.vfloat(.vfsub, s.type, s.lane, standard(s.lane), x, y)) }
        case .vmla_f, .vmls_f:
            return binary(&b, o, floatShape(o)) { b, s, x, y in multipliedAndAdded(&b, o, s, x, y, subtracts: instruction == .vmls_f) }
        case .vfma, .vfms:
            return binary(&b, o, floatShape(o)) { b, s, x, y in
                let addend = readVector(&b, s.type, o.vd(.v128))
                return b.vfloat(.vfma, s.type, s.lane, standard(s.lane), instruction == .vfms ? negated(&b, s, x) : x, y, addend)
            }
        case .vceq_f: return floatCompare(&b, o, .eq, signalling: false)
        case .vcge_f: return floatCompare(&b, o, .le, signalling: true)
        case .vcgt_f: return floatCompare(&b, o, .lt, signalling: true)
        case .vacge: return floatCompare(&b, o, .le, signalling: true, magnitudes: true)
        case .vacgt: return floatCompare(&b, o, .lt, signalling: true, magnitudes: true)
        case .vceq_fzero: return floatCompareZero(&b, o, .eq, zeroFirst: false)
        case .vcge_fzero: return floatCompareZero(&b, o, .le, zeroFirst: true)
        case .vcgt_fzero: return floatCompareZero(&b, o, .lt, zeroFirst: true)
        case .vcle_fzero: return floatCompareZero(&b, o, .le, zeroFirst: false)
        case .vclt_fzero: return floatCompareZero(&b, o, .lt, zeroFirst: false)
        case .vabs_f: return unary(&b, o, unaryFloatShape(o)) { b, s, x in magnitude(&b, s, x) }
        case .vneg_f: return unary(&b, o, unaryFloatShape(o)) { b, s, x in negated(&b, s, x) }
        case .vrecps, .vrsqrts: return laneHelper(&b, instruction, o, floatShape(o))
        case .vrecpe_f, .vrsqrte_f: return laneHelper(&b, instruction, o, unaryFloatShape(o))
        case .vrecpe, .vrsqrte: return laneHelper(&b, instruction, o, shape(o, .b32, hasN: false))
        case .vrint_x: return round(&b, o, .nearestEven, exact: true)
        case .vrint_z: return round(&b, o, .towardZero)
        case .vrint_m:
            // Bits 9 to 7.
            let modes: [Int: FloatAttributes.Rounding] = [0: .nearestEven, 2: .nearestAway, 5: .down, 7: .up]
            return modes[o.field(7, 3)].map { round(&b, o, $0) } ?? false
        case .vcvt_m: return toIntegers(&b, o, FloatAttributes.Rounding.v8[o.field(8, 2)], signed: !o.bit(7))
        case .vcvt_toint: return toIntegers(&b, o, .towardZero, signed: !o.bit(7))
        case .vcvt_fromint:
            return unary(&b, o, unaryFloatShape(o)) { b, s, x in b.vfloat(.vintToFloat, s.type, s.lane, standard(nil, signed: !o.bit(7)), x) }
        case .vcvt_tofix: return toFixed(&b, o)
        case .vcvt_fromfix: return fromFixed(&b, instruction, o)
        case .vcvt_tohalf, .vcvt_fromhalf: return halves(&b, instruction, o)
        default: return neonWide(&b, instruction, o)
        }
    }

    // MARK: Shapes and attributes

    /// Bit 20 tells half precision.
    private func floatShape(_ o: Operands) -> VectorShape? { shape(o, o.bit(20) ? .b16 : .b32) }

    /// The size of two registers' instructions: 10 single, 01 half precision.
    private func unaryFloatShape(_ o: Operands) -> VectorShape? { shape(o, o.field(18, 2) == 1 ? .b16 : .b32, hasN: false) }

    /// Arithmetic by the standard FPSCR; nil for what has no subnormals.
    func standard(
        _ lane: Lane?, _ rounding: FloatAttributes.Rounding = .nearestEven, signalling: Bool = false, signed: Bool = false,
        inexactSilent: Bool = false, silent: Bool = false, minMax: FloatAttributes.MinMaxRule = .number, saturates: Bool = false
    ) -> FloatAttributes {
        FloatAttributes(
            rounding: rounding, nan: .canonical, tinyBefore: true, silent: silent, signalling: signalling, signed: signed,
            saturation: saturates ? .nanToZero : .nanToMaximum, inexactSilent: inexactSilent, minMax: minMax,
            flushes: lane.map(flags.flushesVector) ?? false)
    }

    // MARK: Arithmetic

    private func floatBinary(_ b: inout IRBlock, _ o: Operands, _ opcode: Opcode, _ rule: FloatAttributes.MinMaxRule = .number) -> Bool {
        binary(&b, o, floatShape(o)) { b, s, x, y in b.vfloat(opcode, s.type, s.lane, standard(s.lane, minMax: rule), x, y) }
    }

    private func floatPairwise(_ b: inout IRBlock, _ o: Operands, _ opcode: Opcode, _ rule: FloatAttributes.MinMaxRule = .number) -> Bool {
        binary(&b, o, floatShape(o)) { b, s, x, y in
            let even = b.vector(.vunzipEven, s.type, s.lane, x, y), odd = b.vector(.vunzipOdd, s.type, s.lane, x, y)
            return b.vfloat(opcode, s.type, s.lane, standard(s.lane, minMax: rule), even, odd)
        }
    }

    /// Without the signs.
    private func magnitude(_ b: inout IRBlock, _ s: VectorShape, _ x: Value) -> Value {
        b.binary(.andNot, s.type, x, constant(&b, s, 1 << UInt64(s.size - 1)))
    }

    private func negated(_ b: inout IRBlock, _ s: VectorShape, _ x: Value) -> Value {
        b.binary(.xor, s.type, x, constant(&b, s, 1 << UInt64(s.size - 1)))
    }

    /// The product is rounded before it is added.
    func multipliedAndAdded(_ b: inout IRBlock, _ o: Operands, _ s: VectorShape, _ x: Value, _ y: Value, subtracts: Bool) -> Value {
        let product = b.vfloat(.vfmul, s.type, s.lane, standard(s.lane), x, y)
        return b.vfloat(subtracts ? .vfsub : .vfadd, s.type, s.lane, standard(s.lane), readVector(&b, s.type, o.vd(.v128)), product)
    }

    private func round(_ b: inout IRBlock, _ o: Operands, _ rounding: FloatAttributes.Rounding, exact: Bool = false) -> Bool {
        unary(&b, o, unaryFloatShape(o)) { b, s, x in
            b.vfloat(.vfroundInt, s.type, s.lane, standard(s.lane, rounding, inexactSilent: !exact), x)
        }
    }

    // MARK: Comparing

    /// `le` and `lt` with the operands exchanged are greater or equal, and greater.
    private func floatCompare(
        _ b: inout IRBlock, _ o: Operands, _ condition: FloatCondition, signalling: Bool, magnitudes: Bool = false
    ) -> Bool {
        binary(&b, o, floatShape(o)) { b, s, x, y in
            let first = magnitudes ? magnitude(&b, s, x) : x, second = magnitudes ? magnitude(&b, s, y) : y
            return b.vfcompare(s.type, s.lane, condition, standard(s.lane, signalling: signalling), second, first)
        }
    }

    private func floatCompareZero(_ b: inout IRBlock, _ o: Operands, _ condition: FloatCondition, zeroFirst: Bool) -> Bool {
        unary(&b, o, unaryFloatShape(o)) { b, s, x in
            let zero = constant(&b, s, 0), rule = standard(s.lane, signalling: condition != .eq)
            return b.vfcompare(s.type, s.lane, condition, rule, zeroFirst ? zero : x, zeroFirst ? x : zero)
        }
    }

    // MARK: Conversions

    private func toIntegers(_ b: inout IRBlock, _ o: Operands, _ rounding: FloatAttributes.Rounding, signed: Bool) -> Bool {
        unary(&b, o, unaryFloatShape(o)) { b, s, x in
            b.vfloat(.vfloatToInt, s.type, s.lane, standard(s.lane, rounding, signed: signed, saturates: true), x)
        }
    }

    private func fixedShape(_ o: Operands) -> VectorShape? { shape(o, o.bit(9) ? .b32 : .b16, hasN: false) }
    private func fractionBits(_ o: Operands) -> Int { 64 - o.field(16, 6) }

    /// A power of two in a lane's format.
    private func powerOfTwo(_ b: inout IRBlock, _ s: VectorShape, _ exponent: Int) -> Value {
        constant(&b, s, UInt64((s.lane == .b16 ? 15 : 127) + exponent) << (s.lane == .b16 ? 10 : 23))
    }

    /// What overflows when it is scaled up would have been saturated anyway. 2^16 is more than half precision has: it goes in two steps.
    private func scaled(_ b: inout IRBlock, _ s: VectorShape, _ x: Value, _ exponent: Int, _ rule: FloatAttributes) -> Value {
        let steps = s.lane == .b16 && abs(exponent) > 14 ? [exponent / 2, exponent - exponent / 2] : [exponent]
        return steps.reduce(x) { value, step in b.vfloat(.vfmul, s.type, s.lane, rule, value, powerOfTwo(&b, s, step)) }
    }

    private func toFixed(_ b: inout IRBlock, _ o: Operands) -> Bool {
        guard let s = fixedShape(o), fractionBits(o) <= s.size else { return false }
        return unary(&b, o, s) { b, s, x in
            // Raises what a flushed operand raises; scaling is silent.
            _ = b.vfcompare(s.type, s.lane, .eq, standard(s.lane), x, x)
            let value = scaled(&b, s, x, fractionBits(o), standard(s.lane, silent: true))
            return b.vfloat(.vfloatToInt, s.type, s.lane, standard(s.lane, .towardZero, signed: !o.isUnsigned, saturates: true), value)
        }
    }

    private func fromFixed(_ b: inout IRBlock, _ instruction: NeonInstruction, _ o: Operands) -> Bool {
        guard let s = fixedShape(o), fractionBits(o) <= s.size else { return false }
        // An unsigned half-word may be more than half precision holds before it is scaled down.
        if s.lane == .b16 { return laneHelper(&b, instruction, o, s) }
        return unary(&b, o, s) { b, s, x in
            let value = b.vfloat(.vintToFloat, s.type, s.lane, standard(s.lane, signed: !o.isUnsigned), x)
            return scaled(&b, s, value, -fractionBits(o), standard(s.lane))
        }
    }

    private func halves(_ b: inout IRBlock, _ instruction: NeonInstruction, _ o: Operands) -> Bool {
        let narrows = instruction == .vcvt_tohalf
        guard (narrows ? o.vm(.v128) : o.vd(.v128)) & 1 == 0 else { return false }
        if flags.alternativeHalf { return laneHelper(&b, instruction, o, VectorShape(type: .v128, lane: .b32)) }
        if narrows {
            let value = b.vfloat(.vfnarrow, .v64, .b32, standard(.b32), readQuad(&b, o.vm(.v128) >> 1))
            writeDouble(&b, o.vd(.v128), value)
        } else {
            writeQuad(&b, o.vd(.v128) >> 1, b.vfloat(.vfwiden, .v128, .b16, standard(.b32), readDouble(&b, o.vm(.v128))))
        }
        return true
    }
}
