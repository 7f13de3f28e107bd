import IR

/// Lanes of integers.
extension BlockEmitter {
    /// One of four, by the size of lanes.
    @inline(__always) static func choose<T>(_ lane: Lane, _ b8: T, _ b16: T, _ b32: T, _ b64: T) -> T {
        switch lane {
        case .b8: b8
        case .b16: b16
        case .b32: b32
        case .b64: b64
        }
    }

    /// The instruction that does it all, if there is one for the size of its lanes.
    private static func instruction(_ op: IROp) -> VectorBinary? {
        switch op.opcode {
        case .vadd: choose(op.lane, .paddb, .paddw, .paddd, .paddq)
        case .vsub: choose(op.lane, .psubb, .psubw, .psubd, .psubq)
        case .vmul: choose(op.lane, nil, .pmullw, .pmulld, nil)
        case .vmulHighS: choose(op.lane, nil, .pmulhw, nil, nil)
        case .vmulHighU: choose(op.lane, nil, .pmulhuw, nil, nil)
        case .vminS: choose(op.lane, .pminsb, .pminsw, .pminsd, nil)
        case .vmaxS: choose(op.lane, .pmaxsb, .pmaxsw, .pmaxsd, nil)
        case .vminU: choose(op.lane, .pminub, .pminuw, .pminud, nil)
        case .vmaxU: choose(op.lane, .pmaxub, .pmaxuw, .pmaxud, nil)
        case .vaddSatS: choose(op.lane, .paddsb, .paddsw, nil, nil)
        case .vaddSatU: choose(op.lane, .paddusb, .paddusw, nil, nil)
        case .vsubSatS: choose(op.lane, .psubsb, .psubsw, nil, nil)
        case .vsubSatU: choose(op.lane, .psubusb, .psubusw, nil, nil)
        case .vroundingAddU: choose(op.lane, .pavgb, .pavgw, nil, nil)
        default: nil
        }
    }

    /// Emits an operation that stays within its lanes, if the host has it.
    func emitLanewise(_ op: IROp) -> Bool {
        if let instruction = BlockEmitter.instruction(op) {
            binary(instruction, op)
            return true
        }
        switch op.opcode {
        case .vneg: emitNegate(op)
        case .vabs where op.lane != .b64: unary([.pabsb, .pabsw, .pabsd][Int(op.lane.rawValue)], op)
        case .vcompare: emitVectorCompare(op)
        case .vbitSelect: emitBitSelect(op)
        case .vabsDiffS where op.lane != .b64: emitDifference(op, [.pmaxsb, .pmaxsw, .pmaxsd], [.pminsb, .pminsw, .pminsd])
        case .vabsDiffU where op.lane != .b64: emitDifference(op, [.pmaxub, .pmaxuw, .pmaxud], [.pminub, .pminuw, .pminud])
        case .vminS, .vmaxS, .vminU, .vmaxU: emitWideMinMax(op)
        case .vmul where op.lane == .b8: emitByteProduct(op)
        case .vmul: emitWideProduct(op)
        case .vpopcnt where op.lane == .b8: emitPopulation(op)
        case .vaesEncrypt, .vaesDecrypt, .vaesMix, .vaesUnmix: emitAES(op)
        default: return false
        }
        return true
    }

    private static let subtractions: [VectorBinary] = [.psubb, .psubw, .psubd, .psubq]

    private func emitNegate(_ op: IROp) {
        let source = useVector(op.a)
        let dst = vectorDestination(avoiding: source)
        a.vector(.pxor, dst, dst, dst)
        a.vector(BlockEmitter.subtractions[Int(op.lane.rawValue)], dst, dst, source)
    }

    /// b ^ ((b ^ c) & ~a) keeps to one temporary.
    private func emitBitSelect(_ op: IROp) {
        let mask = useVector(op.a), yes = useVector(op.b), no = useVector(op.c)
        let dst = vectorDestination(avoiding: mask, yes, no)
        a.vector(.pxor, dst, yes, no)
        a.vector(.pandn, dst, mask, dst)
        a.vector(.pxor, dst, dst, yes)
    }

    private func emitDifference(_ op: IROp, _ greatest: [VectorBinary], _ least: [VectorBinary]) {
        let size = Int(op.lane.rawValue)
        let left = useVector(op.a), right = useVector(op.b)
        let lesser = allocateVector()
        let dst = vectorDestination(avoiding: left, right)
        a.vector(least[size], lesser, left, right)
        a.vector(greatest[size], dst, left, right)
        a.vector(BlockEmitter.subtractions[size], dst, dst, lesser)
    }

    // MARK: Comparisons

    private func emitVectorCompare(_ op: IROp) {
        let left = useVector(op.a), right = useVector(op.b)
        let dst = vectorDestination(avoiding: left, right)
        compareLanes(op.laneCondition, op.lane, dst, left, right)
    }

    /// The host compares for equality and signed "greater"; unsigned lanes are compared with their top bits turned over.
    private func compareLanes(_ condition: Condition, _ lane: Lane, _ dst: Vector, _ left: Vector, _ right: Vector) {
        let greater: VectorBinary = BlockEmitter.choose(lane, .pcmpgtb, .pcmpgtw, .pcmpgtd, .pcmpgtq)
        switch condition {
        case .eq: a.vector(BlockEmitter.choose(lane, .pcmpeqb, .pcmpeqw, .pcmpeqd, .pcmpeqq), dst, left, right)
        case .gtS: a.vector(greater, dst, left, right)
        case .ltS: a.vector(greater, dst, right, left)
        case .gtU, .ltU:
            let turned = allocateVector()
            let bias = vectorConstant(BlockEmitter.choose(lane, 0x8080_8080_8080_8080, 0x8000_8000_8000_8000, 0x8000_0000_8000_0000, 1 << 63), .v128)
            a.vector(.pxor, turned, left, bias)
            a.vector(.pxor, bias, right, bias)
            a.vector(greater, dst, condition == .gtU ? turned : bias, condition == .gtU ? bias : turned)
            unlock(turned)
            unlock(bias)
        case .ne, .geS, .leS, .geU, .leU:
            compareLanes(condition.negated, lane, dst, left, right)
            let ones = vectorConstant(.max, .v128)
            a.vector(.pxor, dst, dst, ones)
        }
    }

    /// 64-bit lanes: a comparison chooses.
    private func emitWideMinMax(_ op: IROp) {
        let left = useVector(op.a), right = useVector(op.b)
        let dst = vectorDestination(avoiding: left, right)
        let condition: Condition =
            switch op.opcode {
            case .vminS: .gtS
            case .vmaxS: .ltS
            case .vminU: .gtU
            default: .ltU
            }
        compareLanes(condition, op.lane, dst, left, right)
        // dst says where b is chosen: a ^ ((a ^ b) & dst).
        let difference = allocateVector()
        a.vector(.pxor, difference, left, right)
        a.vector(.pand, dst, dst, difference)
        a.vector(.pxor, dst, dst, left)
    }

    // MARK: Products

    /// Bytes at even places are multiplied in place, those at odd places from the upper half of their 16 bits.
    private func emitByteProduct(_ op: IROp) {
        let left = useVector(op.a), right = useVector(op.b)
        let odd = allocateVector(), other = allocateVector()
        let dst = vectorDestination(avoiding: left, right)
        a.vector(.psrlw, odd, left, 8)
        a.vector(.psrlw, other, right, 8)
        a.vector(.pmullw, odd, odd, other)
        a.vector(.psllw, odd, odd, 8)
        a.vector(.pmullw, dst, left, right)
        a.vector(.psllw, dst, dst, 8)
        a.vector(.psrlw, dst, dst, 8)
        a.vector(.por, dst, dst, odd)
    }

    /// 64-bit lanes from 32-bit halves: the crossed products count in the upper half only.
    private func emitWideProduct(_ op: IROp) {
        let left = useVector(op.a), right = useVector(op.b)
        let crossed = allocateVector(), other = allocateVector()
        let dst = vectorDestination(avoiding: left, right)
        a.vector(.psrlq, crossed, left, 32)
        a.vector(.pmuludq, crossed, crossed, right)
        a.vector(.psrlq, other, right, 32)
        a.vector(.pmuludq, other, other, left)
        a.vector(.paddq, crossed, crossed, other)
        a.vector(.psllq, crossed, crossed, 32)
        a.vector(.pmuludq, dst, left, right)
        a.vector(.paddq, dst, dst, crossed)
    }

    /// A table of the counts of four bits, looked up twice.
    private func emitPopulation(_ op: IROp) {
        let source = useVector(op.a)
        let table = allocateVector(), nibbles = vectorConstant(0x0f0f_0f0f_0f0f_0f0f, .v128)
        let dst = vectorDestination(avoiding: source)
        a.vmovups(table, Memory(target: thunks.nibbleCounts))
        a.vector(.pand, dst, source, nibbles)
        a.vector(.pshufb, dst, table, dst)
        let high = allocateVector()
        a.vector(.psrlw, high, source, 4)
        a.vector(.pand, high, high, nibbles)
        a.vector(.pshufb, high, table, high)
        a.vector(.paddb, dst, dst, high)
    }

    // MARK: AES

    /// A round without its key: the last round's instruction leaves the columns unmixed; a whole round after an inverse one mixes only.
    private func emitAES(_ op: IROp) {
        let source = useVector(op.a)
        if op.opcode == .vaesUnmix { return a.vector(.aesimc, vectorDestination(), source) }
        let zero = vectorConstant(0, .v128)
        let dst = vectorDestination(avoiding: source)
        switch op.opcode {
        case .vaesEncrypt: a.vector(.aesenclast, dst, source, zero)
        case .vaesDecrypt: a.vector(.aesdeclast, dst, source, zero)
        default:
            a.vector(.aesdeclast, dst, source, zero)
            a.vector(.aesenc, dst, dst, zero)
        }
    }
}
