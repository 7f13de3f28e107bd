import IR

extension Translator {
    /// Advanced SIMD, vectors and scalars.
    mutating func vector(_ b: inout IRBlock, _ instruction: VectorInstruction, _ o: Operands) -> Bool {
        let narrow: ClosedRange<Lane> = .b8 ... .b32
        switch instruction {
        case .shadd_v: return binary(&b, o, integerShape(o, narrow), .vhalvingAddS)
        case .uhadd_v: return binary(&b, o, integerShape(o, narrow), .vhalvingAddU)
        case .srhadd_v: return binary(&b, o, integerShape(o, narrow), .vroundingAddS)
        case .urhadd_v: return binary(&b, o, integerShape(o, narrow), .vroundingAddU)
        case .shsub_v: return binary(&b, o, integerShape(o, narrow), .vhalvingSubS)
        case .uhsub_v: return binary(&b, o, integerShape(o, narrow), .vhalvingSubU)
        case .sqadd_v: return saturating(&b, o, .vaddSatS, .vadd)
        case .uqadd_v: return saturating(&b, o, .vaddSatU, .vadd)
        case .sqsub_v: return saturating(&b, o, .vsubSatS, .vsub)
        case .uqsub_v: return saturating(&b, o, .vsubSatU, .vsub)
        case .cmgt_v: return compare(&b, o, .gtS)
        case .cmge_v: return compare(&b, o, .geS)
        case .cmhi_v: return compare(&b, o, .gtU)
        case .cmhs_v: return compare(&b, o, .geU)
        case .cmeq_v: return compare(&b, o, .eq)
        case .cmtst_v:
            return binary(&b, o, integerShape(o)) { b, shape, x, y in
                b.vcompare(shape.type, shape.lane, .ne, b.binary(.and, shape.type, x, y), constant(&b, shape, 0))
            }
        case .cmgt_zero_v: return compareZero(&b, o, .gtS)
        case .cmge_zero_v: return compareZero(&b, o, .geS)
        case .cmeq_zero_v: return compareZero(&b, o, .eq)
        case .cmle_zero_v: return compareZero(&b, o, .leS)
        case .cmlt_zero_v: return compareZero(&b, o, .ltS)
        case .sshl_v: return binary(&b, o, integerShape(o)) { b, shape, x, y in shiftedByRegister(&b, shape, x, y, .vshrS) }
        case .ushl_v: return binary(&b, o, integerShape(o)) { b, shape, x, y in shiftedByRegister(&b, shape, x, y, .vshrU) }
        case .srshl_v, .urshl_v: return laneHelper(&b, instruction, o, integerShape(o))
        case .sqshl_v, .uqshl_v, .sqrshl_v, .uqrshl_v, .suqadd_v, .usqadd_v:
            return laneHelper(&b, instruction, o, integerShape(o, scalar: .b8 ... .b64))
        case .smax_v: return binary(&b, o, integerShape(o, narrow), .vmaxS)
        case .smin_v: return binary(&b, o, integerShape(o, narrow), .vminS)
        case .umax_v: return binary(&b, o, integerShape(o, narrow), .vmaxU)
        case .umin_v: return binary(&b, o, integerShape(o, narrow), .vminU)
        case .smaxp_v: return pairwise(&b, o, integerShape(o, narrow), .vmaxS)
        case .sminp_v: return pairwise(&b, o, integerShape(o, narrow), .vminS)
        case .umaxp_v: return pairwise(&b, o, integerShape(o, narrow), .vmaxU)
        case .uminp_v: return pairwise(&b, o, integerShape(o, narrow), .vminU)
        case .addp_v: return pairwise(&b, o, integerShape(o), .vadd)
        case .sabd_v: return binary(&b, o, integerShape(o, narrow), .vabsDiffS)
        case .uabd_v: return binary(&b, o, integerShape(o, narrow), .vabsDiffU)
        case .saba_v: return accumulate(&b, o, integerShape(o, narrow), .vadd, .vabsDiffS)
        case .uaba_v: return accumulate(&b, o, integerShape(o, narrow), .vadd, .vabsDiffU)
        case .add_v: return binary(&b, o, integerShape(o), .vadd)
        case .sub_v: return binary(&b, o, integerShape(o), .vsub)
        case .mul_v: return binary(&b, o, integerShape(o, narrow), .vmul)
        case .mla_v: return accumulate(&b, o, integerShape(o, narrow), .vadd, .vmul)
        case .mls_v: return accumulate(&b, o, integerShape(o, narrow), .vsub, .vmul)
        case .pmul_v: return binary(&b, o, integerShape(o, .b8 ... .b8), .vpolyMul)
        case .sqdmulh_v, .sqrdmulh_v:
            let lanes: ClosedRange<Lane> = .b16 ... .b32
            return binary(&b, o, integerShape(o, lanes, scalar: lanes)) { b, shape, x, y in
                doubleHigh(&b, shape, x, y, rounds: instruction == .sqrdmulh_v)
            }
        case .and_v, .bic_v, .orr_v, .orn_v, .eor_v, .bsl_v, .bit_v, .bif_v: bitwise(&b, instruction, o)
        case .sqrdmlah_v, .sqrdmlsh_v: return laneHelper(&b, instruction, o, integerShape(o, .b16 ... .b32, scalar: .b16 ... .b32))
        case .sdot_v: dot(&b, o, .vdotS)
        case .udot_v: dot(&b, o, .vdotU)
        case .usdot_v: dot(&b, o, .vdotUS)
        case .smmla_v, .ummla_v, .usmmla_v, .bfmmla_v, .bfdot_v, .bfmlal_v: return laneHelper(&b, instruction, o, shape(o, .b32))
        case .rev64_v: return reverse(&b, o, bytes: 8)
        case .rev32_v: return reverse(&b, o, bytes: 4)
        case .rev16_v: return reverse(&b, o, bytes: 2)
        case .saddlp_v, .uaddlp_v: return addLongPairs(&b, o, signed: instruction == .saddlp_v, accumulates: false)
        case .sadalp_v, .uadalp_v: return addLongPairs(&b, o, signed: instruction == .sadalp_v, accumulates: true)
        case .cls_v: return unary(&b, o, integerShape(o, narrow)) { b, shape, x in b.vector(.vcls, shape.type, shape.lane, x) }
        case .clz_v: return unary(&b, o, integerShape(o, narrow)) { b, shape, x in b.vector(.vclz, shape.type, shape.lane, x) }
        case .cnt_v: return unary(&b, o, integerShape(o, .b8 ... .b8)) { b, shape, x in b.vector(.vpopcnt, shape.type, shape.lane, x) }
        case .not_v: return unary(&b, o, shape(o, .b8)) { b, shape, x in b.unary(.not, shape.type, x) }
        case .rbit_v: return unary(&b, o, shape(o, .b8)) { b, shape, x in b.unary(.bitReverseBytes, shape.type, x) }
        case .abs_v: return unary(&b, o, integerShape(o)) { b, shape, x in b.vector(.vabs, shape.type, shape.lane, x) }
        case .neg_v: return unary(&b, o, integerShape(o)) { b, shape, x in b.vector(.vneg, shape.type, shape.lane, x) }
        case .sqabs_v, .sqneg_v:
            return unary(&b, o, integerShape(o, scalar: .b8 ... .b64)) { b, shape, x in
                saturatingSign(&b, shape, x, isAbsolute: instruction == .sqabs_v)
            }
        case .saddlv_v: return reduce(&b, o, .vreduceAddS, widens: true)
        case .uaddlv_v: return reduce(&b, o, .vreduceAddU, widens: true)
        case .addv_v: return reduce(&b, o, .vreduceAddU, widens: false)
        case .smaxv_v: return reduce(&b, o, .vreduceMaxS, widens: false)
        case .sminv_v: return reduce(&b, o, .vreduceMinS, widens: false)
        case .umaxv_v: return reduce(&b, o, .vreduceMaxU, widens: false)
        case .uminv_v: return reduce(&b, o, .vreduceMinU, widens: false)
        case .addp_pair:
            let vector = readVector(&b, o.rn)
            let low = b.vextract(.i64, .b64, vector, at: 0), high = b.vextract(.i64, .b64, vector, at: 1)
            writeLow(&b, o.rd, b.add(.i64, low, high))
        case .urecpe_v, .ursqrte_v: return laneHelper(&b, instruction, o, shape(o, .b32))
        default: return wideVector(&b, instruction, o)
        }
        return true
    }

    // MARK: Bits

    private func bitwise(_ b: inout IRBlock, _ instruction: VectorInstruction, _ o: Operands) {
        let type: IRType = o.q ? .v128 : .v64
        let left = readVector(&b, type, o.rn), right = readVector(&b, type, o.rm)
        let result: Value
        switch instruction {
        case .and_v: result = b.binary(.and, type, left, right)
        case .bic_v: result = b.binary(.andNot, type, left, right)
        case .orr_v: result = o.rn == o.rm ? left : b.binary(.or, type, left, right)
        case .orn_v: result = b.binary(.or, type, left, b.unary(.not, type, right))
        case .eor_v: result = b.binary(.xor, type, left, right)
        case .bsl_v: result = b.vector(.vbitSelect, type, .b8, readVector(&b, type, o.rd), left, right)
        case .bit_v: result = b.vector(.vbitSelect, type, .b8, right, left, readVector(&b, type, o.rd))
        default: result = b.vector(.vbitSelect, type, .b8, right, readVector(&b, type, o.rd), left)
        }
        writeResult(&b, o.rd, result)
    }

    private func reverse(_ b: inout IRBlock, _ o: Operands, bytes: Int) -> Bool {
        guard let lane = Lane(rawValue: UInt8(o.field(22, 2))), lane.bytes < bytes else { return false }
        return unary(&b, o, shape(o, lane)) { b, shape, x in b.vector(.vreverse, shape.type, lane, x, number: bytes) }
    }

    // MARK: Shifts by registers

    /// The lowest byte of a count, signed, shifts left, or right if it is negative.
    private func shiftedByRegister(_ b: inout IRBlock, _ shape: VectorShape, _ x: Value, _ y: Value, _ right: Opcode) -> Value {
        let (type, lane) = (shape.type, shape.lane)
        let rest = lane.bits - 8
        var count = y
        if rest > 0 {
            count = b.vector(.vshrSImm, type, lane, b.vector(.vshlImm, type, lane, y, number: rest), number: rest)
        }
        let left = b.vector(.vshl, type, lane, x, count)
        let shifted = b.vector(right, type, lane, x, b.vector(.vneg, type, lane, count))
        let isNegative = b.vector(.vshrSImm, type, lane, count, number: lane.bits - 1)
        return b.vector(.vbitSelect, type, .b8, isNegative, shifted, left)
    }

    // MARK: Sums

    private func dot(_ b: inout IRBlock, _ o: Operands, _ opcode: Opcode) {
        let type: IRType = o.q ? .v128 : .v64
        let sum = readVector(&b, type, o.rd), left = readVector(&b, type, o.rn), right = readVector(&b, type, o.rm)
        writeResult(&b, o.rd, b.vector(opcode, type, .b8, sum, left, right))
    }

    private func addLongPairs(_ b: inout IRBlock, _ o: Operands, signed: Bool, accumulates: Bool) -> Bool {
        guard let narrow = integerShape(o, .b8 ... .b32), let wide = narrow.lane.wider else { return false }
        let type = narrow.type, half = narrow.size
        let value = read(&b, narrow, o.rn)
        let shift: Opcode = signed ? .vshrSImm : .vshrUImm
        let odd = b.vector(shift, type, wide, value, number: half)
        let even = b.vector(shift, type, wide, b.vector(.vshlImm, type, wide, value, number: half), number: half)
        var sum = b.vector(.vadd, type, wide, even, odd)
        if accumulates { sum = b.vector(.vadd, type, wide, readVector(&b, type, o.rd), sum) }
        writeResult(&b, o.rd, sum)
        return true
    }

    private func reduce(_ b: inout IRBlock, _ o: Operands, _ opcode: Opcode, widens: Bool) -> Bool {
        guard let shape = integerShape(o, .b8 ... .b32), shape.lane < .b32 || o.q else { return false }
        let value = b.vector(opcode, .i64, shape.lane, read(&b, shape, o.rn))
        let bits = widens ? 2 * shape.size : shape.size
        writeLow(&b, o.rd, bits == 64 ? value : b.trunc(.integer(bits: bits), value))
        return true
    }

    private func saturatingSign(_ b: inout IRBlock, _ shape: VectorShape, _ x: Value, isAbsolute: Bool) -> Value {
        let zero = constant(&b, shape, 0)
        let negated = saturating(&b, shape, .vsubSatS, .vsub, zero, x)
        return isAbsolute ? b.vector(.vmaxS, shape.type, shape.lane, x, negated) : negated
    }
}
