import IR

/// Lanes of floats.
extension Translator {
    func vectorFloat(_ b: inout IRBlock, _ instruction: VectorInstruction, _ o: Operands) -> Bool {
        switch instruction {
        case .fadd_v: return floatBinary(&b, o, .vfadd)
        case .fsub_v: return floatBinary(&b, o, .vfsub)
        case .fmul_v: return floatBinary(&b, o, .vfmul)
        case .fdiv_v: return floatBinary(&b, o, .vfdiv)
        case .fmax_v: return floatBinary(&b, o, .vfmax, .nan)
        case .fmin_v: return floatBinary(&b, o, .vfmin, .nan)
        case .fmaxnm_v: return floatBinary(&b, o, .vfmax, .quietNumber)
        case .fminnm_v: return floatBinary(&b, o, .vfmin, .quietNumber)
        case .faddp_v: return floatPairwise(&b, o, .vfadd)
        case .fmaxp_v: return floatPairwise(&b, o, .vfmax, .nan)
        case .fminp_v: return floatPairwise(&b, o, .vfmin, .nan)
        case .fmaxnmp_v: return floatPairwise(&b, o, .vfmax, .quietNumber)
        case .fminnmp_v: return floatPairwise(&b, o, .vfmin, .quietNumber)
        case .faddp_pair: return floatReduce(&b, o, .vfadd, pairs: true)
        case .fmaxp_pair: return floatReduce(&b, o, .vfmax, .nan, pairs: true)
        case .fminp_pair: return floatReduce(&b, o, .vfmin, .nan, pairs: true)
        case .fmaxnmp_pair: return floatReduce(&b, o, .vfmax, .quietNumber, pairs: true)
        case .fminnmp_pair: return floatReduce(&b, o, .vfmin, .quietNumber, pairs: true)
        case .fmaxv_v: return floatReduce(&b, o, .vfmax, .nan, pairs: false)
        case .fminv_v: return floatReduce(&b, o, .vfmin, .nan, pairs: false)
        case .fmaxnmv_v: return floatReduce(&b, o, .vfmax, .quietNumber, pairs: false)
        case .fminnmv_v: return floatReduce(&b, o, .vfmin, .quietNumber, pairs: false)
        case .fabd_v:
            return binary(&b, o, floatShape3(o)) { b, s, x, y in magnitude(&b, s, b.vfloat(.vfsub, s.type, s.lane, attributes(s.lane.float), x, y)) }
        case .fmla_v, .fmls_v:
            return binary(&b, o, floatShape3(o)) { b, s, x, y in fused(&b, o, s, x, y, negates: instruction == .fmls_v) }
        case .fmla_e, .fmls_e:
            return elementBinary(&b, o) { b, s, x, y in fused(&b, o, s, x, y, negates: instruction == .fmls_e) }
        case .fmul_e: return elementBinary(&b, o) { b, s, x, y in b.vfloat(.vfmul, s.type, s.lane, attributes(s.lane.float), x, y) }
        case .fcmeq_v: return floatCompare(&b, o, .eq, signalling: false)
        case .fcmge_v: return floatCompare(&b, o, .le, signalling: true)
        case .fcmgt_v: return floatCompare(&b, o, .lt, signalling: true)
        case .facge_v: return floatCompare(&b, o, .le, signalling: true, magnitudes: true)
        case .facgt_v: return floatCompare(&b, o, .lt, signalling: true, magnitudes: true)
        case .fcmeq_zero_v: return floatCompareZero(&b, o, .eq, zeroFirst: false)
        case .fcmge_zero_v: return floatCompareZero(&b, o, .le, zeroFirst: true)
        case .fcmgt_zero_v: return floatCompareZero(&b, o, .lt, zeroFirst: true)
        case .fcmle_zero_v: return floatCompareZero(&b, o, .le, zeroFirst: false)
        case .fcmlt_zero_v: return floatCompareZero(&b, o, .lt, zeroFirst: false)
        case .fabs_v: return unary(&b, o, floatShape2(o)) { b, s, x in magnitude(&b, s, x) }
        case .fneg_v: return unary(&b, o, floatShape2(o)) { b, s, x in negated(&b, s, x) }
        case .fsqrt_v: return unary(&b, o, floatShape2(o)) { b, s, x in b.vfloat(.vfsqrt, s.type, s.lane, attributes(s.lane.float), x) }
        case .frintn_v: return round(&b, o, .nearestEven)
        case .frintp_v: return round(&b, o, .up)
        case .frintm_v: return round(&b, o, .down)
        case .frintz_v: return round(&b, o, .towardZero)
        case .frinta_v: return round(&b, o, .nearestAway)
        case .frinti_v: return round(&b, o, .dynamic)
        case .frintx_v: return round(&b, o, .dynamic, exact: true)
        case .fmulx_v, .frecps_v, .frsqrts_v: return laneHelper(&b, instruction, o, floatShape3(o))
        case .fmulx_e: return laneHelper(&b, instruction, o, elementFloatShape(o))
        case .frecpe_v, .frsqrte_v, .frecpx_v: return laneHelper(&b, instruction, o, floatShape2(o))
        case .frint32z_v, .frint32x_v, .frint64z_v, .frint64x_v: return laneHelper(&b, instruction, o, floatShape(o, isHalf: false))
        default: return vectorConvert(&b, instruction, o)
        }
    }

    // MARK: Arithmetic

    private func floatBinary(_ b: inout IRBlock, _ o: Operands, _ opcode: Opcode, _ rule: FloatAttributes.MinMaxRule = .number) -> Bool {
        binary(&b, o, floatShape3(o)) { b, s, x, y in b.vfloat(opcode, s.type, s.lane, attributes(s.lane.float, minMax: rule), x, y) }
    }

    private func floatPairwise(_ b: inout IRBlock, _ o: Operands, _ opcode: Opcode, _ rule: FloatAttributes.MinMaxRule = .number) -> Bool {
        binary(&b, o, floatShape3(o)) { b, s, x, y in
            let even = b.vector(.vunzipEven, s.type, s.lane, x, y), odd = b.vector(.vunzipOdd, s.type, s.lane, x, y)
            return b.vfloat(opcode, s.type, s.lane, attributes(s.lane.float, minMax: rule), even, odd)
        }
    }

    /// Pairs of neighbours, until one is left.
    private func floatReduce(
        _ b: inout IRBlock, _ o: Operands, _ opcode: Opcode, _ rule: FloatAttributes.MinMaxRule = .number, pairs: Bool
    ) -> Bool {
        let lane: Lane = !o.bit(29) ? .b16 : pairs && o.bit(22) ? .b64 : .b32
        let type: IRType = !pairs && o.q || lane == .b64 ? .v128 : .v64
        var value = readVector(&b, type, o.rn)
        if pairs, lane == .b16 { value = b.zext(.v64, readLow(&b, .i32, o.rn)) }
        var count = pairs ? 2 : type.bits / lane.bits
        while count > 1 {
            let even = b.vector(.vunzipEven, type, lane, value, value), odd = b.vector(.vunzipOdd, type, lane, value, value)
            value = b.vfloat(opcode, type, lane, attributes(lane.float, minMax: rule), even, odd)
            count /= 2
        }
        writeLow(&b, o.rd, b.vextract(lane.integer, lane, value, at: 0))
        return true
    }

    /// Without the signs.
    private func magnitude(_ b: inout IRBlock, _ s: VectorShape, _ x: Value) -> Value {
        b.binary(.andNot, s.type, x, constant(&b, s, 1 << UInt64(s.size - 1)))
    }

    func negated(_ b: inout IRBlock, _ s: VectorShape, _ x: Value) -> Value {
        b.binary(.xor, s.type, x, constant(&b, s, 1 << UInt64(s.size - 1)))
    }

    private func fused(_ b: inout IRBlock, _ o: Operands, _ s: VectorShape, _ x: Value, _ y: Value, negates: Bool) -> Value {
        let addend = read(&b, s, o.rd)
        return b.vfloat(.vfma, s.type, s.lane, attributes(s.lane.float), negates ? negated(&b, s, x) : x, y, addend)
    }

    private func round(_ b: inout IRBlock, _ o: Operands, _ rounding: FloatAttributes.Rounding, exact: Bool = false) -> Bool {
        unary(&b, o, floatShape2(o)) { b, s, x in
            b.vfloat(.vfroundInt, s.type, s.lane, attributes(s.lane.float, rounding, inexactSilent: !exact), x)
        }
    }

    // MARK: By element

    private func elementFloatShape(_ o: Operands) -> VectorShape? {
        let lane: Lane = !o.bit(23) ? .b16 : o.bit(22) ? .b64 : .b32
        return lane == .b64 && o.bit(21) ? nil : shape(o, lane)
    }

    private func elementBinary(_ b: inout IRBlock, _ o: Operands, _ operation: Binary) -> Bool {
        guard let shape = elementFloatShape(o) else { return false }
        var right = element(&b, o, shape.lane, shape.type)
        if shape.isScalar, shape.lane != .b64 { right = b.zext(.v64, b.vextract(shape.lane.integer, shape.lane, right, at: 0)) }
        let left = read(&b, shape, o.rn)
        write(&b, shape, o.rd, operation(&b, shape, left, right))
        return true
    }

    // MARK: Comparing

    /// `le` and `lt` with the operands exchanged are greater or equal, and greater.
    private func floatCompare(
        _ b: inout IRBlock, _ o: Operands, _ condition: FloatCondition, signalling: Bool, magnitudes: Bool = false
    ) -> Bool {
        binary(&b, o, floatShape3(o)) { b, s, x, y in
            let first = magnitudes ? magnitude(&b, s, x) : x, second = magnitudes ? magnitude(&b, s, y) : y
            return b.vfcompare(s.type, s.lane, condition, attributes(s.lane.float, signalling: signalling), second, first)
        }
    }

    private func floatCompareZero(_ b: inout IRBlock, _ o: Operands, _ condition: FloatCondition, zeroFirst: Bool) -> Bool {
        unary(&b, o, floatShape2(o)) { b, s, x in
            let zero = constant(&b, s, 0), rule = attributes(s.lane.float, signalling: condition != .eq)
            return b.vfcompare(s.type, s.lane, condition, rule, zeroFirst ? zero : x, zeroFirst ? x : zero)
        }
    }
}
