import IR

/// Lanes that move.
extension BlockEmitter {
    func emitLaneMove(_ op: IROp) -> Bool {
        switch op.opcode {
        case .vsplat: emitSplat(op)
        case .vinsert: emitInsert(op)
        case .vextractU, .vextractS: op.type.isFloat ? emitExtractFloat(op) : emitExtractLane(op)
        case .vconcat: binary(.punpcklqdq, op)
        case .vhigh:
            let source = useVector(op.a)
            a.vpshufd(vectorDestination(), source, 0xee)
        case .vzipLow, .vzipHigh: emitZip(op, high: op.opcode == .vzipHigh)
        case .vunzipEven, .vunzipOdd: emitUnzip(op, odd: op.opcode == .vunzipOdd)
        case .vtransposeEven: emitTransposeEven(op)
        case .vtransposeOdd: emitTransposeOdd(op)
        case .vextractBytes: emitExtractBytes(op)
        case .vtable: emitTable(op)
        case .vreverse: emitReverse(op)
        default: return false
        }
        return true
    }

    private func emitSplat(_ op: IROp) {
        let broadcast: VectorUnary = [.pbroadcastb, .pbroadcastw, .pbroadcastd, .pbroadcastq][Int(op.lane.rawValue)]
        if unsafe ops[Int(op.a)].type.livesInVector { return unary(broadcast, op) }
        let source = use(op.a)
        let dst = vectorDestination()
        if op.lane == .b64 { a.vmovq(dst, source) } else { a.vmovd(dst, source) }
        a.vector(broadcast, dst, dst)
    }

    private func emitInsert(_ op: IROp) {
        let vector = useVector(op.a)
        if unsafe !ops[Int(op.b)].type.livesInVector {
            let scalar = use(op.b)
            return a.vpinsr(Width(rawValue: op.lane.rawValue) ?? .b64, vectorDestination(), vector, scalar, UInt8(op.number))
        }
        let scalar = useVector(op.b)
        let dst = vectorDestination()
        if op.lane == .b32 {
            a.vinsertps(dst, vector, scalar, UInt8(op.number) << 4)
        } else if op.number == 0 {
            a.vpblendw(dst, vector, scalar, 0x0f)
        } else {
            a.vector(.punpcklqdq, dst, vector, scalar)
        }
    }

    private func emitExtractFloat(_ op: IROp) {
        let source = useVector(op.a)
        let lanes: [UInt8] = op.lane == .b32 ? [0xe4, 0x55, 0xee, 0xff] : [0xe4, 0xee]
        a.vpshufd(vectorDestination(), source, lanes[op.number])
    }

    private func emitExtractLane(_ op: IROp) {
        let source = useVector(op.a)
        let dst = destination()
        let lane = UInt8(op.number)
        switch op.lane {
        case .b8: a.vpextr(.b8, dst, source, lane)
        case .b16: a.vpextr(.b16, dst, source, lane)
        case .b32: a.vpextrd(dst, source, lane)
        case .b64: lane == 0 ? a.vmovq(dst, source) : a.vpextrq(dst, source, lane)
        }
        extend(dst, op, signed: op.opcode == .vextractS)
    }

    /// Extends a lane that is in a register, zero-extended, to the operation's type.
    func extend(_ register: Register, _ op: IROp, signed: Bool) {
        guard op.type.bits > op.lane.bits, signed else { return }
        let from = Width(rawValue: op.lane.rawValue) ?? .b32
        a.movsx(op.type == .i64 ? .b64 : .b32, register, from, register)
        if op.type == .i16 { a.movzx(register, .b16, register) }
    }

    // MARK: Pairs

    private func emitZip(_ op: IROp, high: Bool) {
        let lows: [VectorBinary] = [.punpcklbw, .punpcklwd, .punpckldq, .punpcklqdq]
        let highs: [VectorBinary] = [.punpckhbw, .punpckhwd, .punpckhdq, .punpckhqdq]
        let size = Int(op.lane.rawValue)
        if op.type == .v128 { return binary(high ? highs[size] : lows[size], op) }
        let left = useVector(op.a), right = useVector(op.b)
        let dst = vectorDestination()
        a.vector(lows[size], dst, left, right)
        if high { a.vpshufd(dst, dst, 0xee) }
    }

    /// The bytes that make the even or odd lanes of 16 bytes.
    private static func alternate(_ lane: Lane, odd: Bool) -> UInt64 {
        let even: UInt64 = lane == .b8 ? 0x0e0c_0a08_0604_0200 : 0x0d0c_0908_0504_0100
        return even + (odd ? UInt64(lane.bytes) * 0x0101_0101_0101_0101 : 0)
    }

    private func emitUnzip(_ op: IROp, odd: Bool) {
        if op.lane == .b64 { return binary(odd ? .punpckhqdq : .punpcklqdq, op) }
        let left = useVector(op.a), right = useVector(op.b)
        if op.lane == .b32 {
            let dst = vectorDestination(avoiding: left, right)
            if op.type == .v128 { return a.vshufps(dst, left, right, odd ? 0xdd : 0x88) }
            a.vector(.punpckldq, dst, left, right)
            return odd ? a.vpshufd(dst, dst, 0xee) : ()
        }
        let order = vectorConstant(BlockEmitter.alternate(op.lane, odd: odd), .v64)
        let dst = vectorDestination(avoiding: left, right)
        if op.type == .v64 {
            a.vector(.punpcklqdq, dst, left, right)
            return a.vector(.pshufb, dst, dst, order)
        }
        a.vector(.pshufb, dst, left, order)
        a.vector(.pshufb, order, right, order)
        a.vector(.punpcklqdq, dst, dst, order)
    }

    /// Lanes b moved up by one between the lanes of a.
    private func emitTransposeEven(_ op: IROp) {
        if op.lane == .b64 { return binary(.punpcklqdq, op) }
        let left = useVector(op.a), right = useVector(op.b)
        let moved = allocateVector()
        a.vector([.psllw, .pslld, .psllq][Int(op.lane.rawValue)], moved, right, UInt8(op.lane.bits))
        if op.lane != .b8 { return a.vpblendw(vectorDestination(), left, moved, op.lane == .b16 ? 0xaa : 0xcc) }
        let mask = vectorConstant(0x00ff_00ff_00ff_00ff, .v128)
        let dst = vectorDestination()
        a.vector(.pand, dst, left, mask)
        a.vector(.por, dst, dst, moved)
    }

    /// Lanes a moved down by one between the lanes of b.
    private func emitTransposeOdd(_ op: IROp) {
        if op.lane == .b64 { return binary(.punpckhqdq, op) }
        let left = useVector(op.a), right = useVector(op.b)
        let moved = allocateVector()
        a.vector([.psrlw, .psrld, .psrlq][Int(op.lane.rawValue)], moved, left, UInt8(op.lane.bits))
        if op.lane != .b8 { return a.vpblendw(vectorDestination(), moved, right, op.lane == .b16 ? 0xaa : 0xcc) }
        let mask = vectorConstant(0xff00_ff00_ff00_ff00, .v128)
        let dst = vectorDestination()
        a.vector(.pand, dst, right, mask)
        a.vector(.por, dst, dst, moved)
    }

    // MARK: Bytes

    private func emitExtractBytes(_ op: IROp) {
        let left = useVector(op.a), right = useVector(op.b)
        let dst = vectorDestination()
        if op.type == .v128 { return a.vpalignr(dst, right, left, UInt8(op.number)) }
        a.vector(.punpcklqdq, dst, left, right)
        a.vector(.psrldq, dst, dst, UInt8(op.number))
    }

    /// The host's shuffle clears where the top bit of a choice is set: saturating addition sets it for choices above 15.
    private func emitTable(_ op: IROp) {
        let table = useVector(op.a), choices = useVector(op.b)
        let order = vectorConstant(0x7070_7070_7070_7070, .v128)
        a.vector(.paddusb, order, choices, order)
        a.vector(.pshufb, vectorDestination(), table, order)
    }

    private func emitReverse(_ op: IROp) {
        let source = useVector(op.a)
        let flip = op.number - op.lane.bytes
        func half(_ first: Int) -> UInt64 { (0..<8).reduce(UInt64(0)) { $0 | UInt64((first + $1) ^ flip) << UInt64(8 * $1) } }
        let order = vectorConstant(half(0), .v64)
        if op.type == .v128 {
            let register = allocate()
            a.mov(register, half(8))
            a.vpinsr(.b64, order, order, register, 1)
        }
        a.vector(.pshufb, vectorDestination(), source, order)
    }
}
