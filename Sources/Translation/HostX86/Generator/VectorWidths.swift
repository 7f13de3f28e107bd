import IR

/// Lanes that change their width, and lanes put together.
extension BlockEmitter {
    func emitWidthChange(_ op: IROp) -> Bool {
        let size = Int(op.lane.rawValue)
        switch op.opcode {
        case .vwidenS: unary(BlockEmitter.signExtensions[size], op)
        case .vwidenU: unary(BlockEmitter.zeroExtensions[size], op)
        case .vnarrow: emitNarrow(op)
        case .vnarrowSatS where op.lane != .b64: pack(op.lane == .b16 ? .packsswb : .packssdw, op)
        case .vnarrowSatSU where op.lane != .b64: pack(op.lane == .b16 ? .packuswb : .packusdw, op)
        case .vnarrowSatU where op.lane != .b64: emitNarrowUnsigned(op)
        case .vmulLongS: emitLongProduct(op, BlockEmitter.signExtensions, .pmuldq)
        case .vmulLongU: emitLongProduct(op, BlockEmitter.zeroExtensions, .pmuludq)
        case .vpolyMulLong where op.lane == .b64:
            let left = useVector(op.a), right = useVector(op.b)
            a.vpclmulqdq(vectorDestination(), left, right, 0)
        case .vdotS, .vdotU, .vdotUS: emitDotProduct(op)
        case .vany: emitAny(op)
        default: return emitReduction(op)
        }
        return true
    }

    private static let signExtensions: [VectorUnary] = [.pmovsxbw, .pmovsxwd, .pmovsxdq]
    private static let zeroExtensions: [VectorUnary] = [.pmovzxbw, .pmovzxwd, .pmovzxdq]

    private func pack(_ instruction: VectorBinary, _ op: IROp) {
        let source = useVector(op.a)
        a.vector(instruction, vectorDestination(), source, source)
    }

    private func emitNarrow(_ op: IROp) {
        let source = useVector(op.a)
        if op.lane == .b64 { return a.vpshufd(vectorDestination(), source, 0x08) }
        let order = vectorConstant(op.lane == .b16 ? 0x0e0c_0a08_0604_0200 : 0x0d0c_0908_0504_0100, .v64)
        a.vector(.pshufb, vectorDestination(), source, order)
    }

    /// The host packs signed lanes: what is too large is cut first.
    private func emitNarrowUnsigned(_ op: IROp) {
        let source = useVector(op.a)
        let limit = vectorConstant(op.lane == .b16 ? 0x00ff_00ff_00ff_00ff : 0x0000_ffff_0000_ffff, .v128)
        a.vector(op.lane == .b16 ? .pminuw : .pminud, limit, source, limit)
        a.vector(op.lane == .b16 ? .packuswb : .packusdw, vectorDestination(), limit, limit)
    }

    private func emitLongProduct(_ op: IROp, _ extensions: [VectorUnary], _ widest: VectorBinary) {
        let left = useVector(op.a), right = useVector(op.b)
        let other = allocateVector()
        let dst = vectorDestination(avoiding: left, right)
        let widening = extensions[Int(op.lane.rawValue)]
        a.vector(widening, other, right)
        a.vector(widening, dst, left)
        a.vector([.pmullw, .pmulld, widest][Int(op.lane.rawValue)], dst, dst, other)
    }

    /// Bytes as 16-bit lanes, multiplied and added by twos, then those sums by twos.
    private func emitDotProduct(_ op: IROp) {
        let sum = useVector(op.a), first = useVector(op.b), second = useVector(op.c)
        let left: VectorUnary = op.opcode == .vdotS ? .pmovsxbw : .pmovzxbw
        let right: VectorUnary = op.opcode == .vdotU ? .pmovzxbw : .pmovsxbw
        let x = allocateVector(), y = allocateVector(), low = allocateVector()
        a.vector(left, x, first)
        a.vector(right, y, second)
        a.vector(.pmaddwd, low, x, y)
        a.vpshufd(x, first, 0xee)
        a.vpshufd(y, second, 0xee)
        a.vector(left, x, x)
        a.vector(right, y, y)
        a.vector(.pmaddwd, x, x, y)
        a.vector(.phaddd, low, low, x)
        a.vector(.paddd, vectorDestination(), low, sum)
    }

    private func emitAny(_ op: IROp) {
        let source = useVector(op.a)
        if unsafe ops[Int(op.a)].type == .v64 {
            let bits = allocate()
            a.vmovq(bits, source)
            a.test(.b64, bits, bits)
        } else {
            a.vector(.ptest, source, source)
        }
        let dst = destination()
        a.setcc(.ne, dst)
        a.movzx(dst, .b8, dst)
    }

    // MARK: All lanes

    /// The instruction that puts two lanes together, where all sums fit into a lane.
    private static func combining(_ op: IROp) -> VectorBinary? {
        let size = op.lane
        return switch op.opcode {
        case .vreduceAddS, .vreduceAddU:
            op.type.bits == size.bits ? BlockEmitter.choose(size, .paddb, .paddw, .paddd, .paddq) : nil
        case .vreduceMinS: BlockEmitter.choose(size, .pminsb, .pminsw, .pminsd, nil)
        case .vreduceMaxS: BlockEmitter.choose(size, .pmaxsb, .pmaxsw, .pmaxsd, nil)
        case .vreduceMinU: BlockEmitter.choose(size, .pminub, .pminuw, .pminud, nil)
        case .vreduceMaxU: BlockEmitter.choose(size, .pmaxub, .pmaxuw, .pmaxud, nil)
        default: nil
        }
    }

    /// Halves the count of lanes until the lowest has them all.
    private func emitReduction(_ op: IROp) -> Bool {
        if op.opcode == .vreduceAddU, op.lane == .b8, op.type.bits > 8 {
            emitByteSum(op)
            return true
        }
        guard let instruction = BlockEmitter.combining(op) else { return false }
        var source = useVector(op.a)
        let other = allocateVector(), all = allocateVector()
        var distance = unsafe ops[Int(op.a)].type.bytes / 2
        while distance >= op.lane.bytes {
            a.vector(.psrldq, other, source, UInt8(distance))
            a.vector(instruction, all, source, other)
            source = all
            distance /= 2
        }
        fetchLowLane(op, source)
        return true
    }

    private func fetchLowLane(_ op: IROp, _ source: Vector) {
        let dst = destination()
        switch op.lane {
        case .b8: a.vpextr(.b8, dst, source, 0)
        case .b16: a.vpextr(.b16, dst, source, 0)
        case .b32: a.vmovd(dst, source)
        case .b64: a.vmovq(dst, source)
        }
        extend(dst, op, signed: op.opcode == .vreduceMinS || op.opcode == .vreduceMaxS)
    }

    /// Differences to zero, added up for each half.
    private func emitByteSum(_ op: IROp) {
        let source = useVector(op.a)
        let sums = vectorConstant(0, .v128)
        a.vector(.psadbw, sums, source, sums)
        if unsafe ops[Int(op.a)].type == .v128 {
            let high = allocateVector()
            a.vpshufd(high, sums, 0xee)
            a.vector(.paddd, sums, sums, high)
        }
        a.vmovd(destination(), sums)
    }
}
