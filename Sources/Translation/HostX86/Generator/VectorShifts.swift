import IR

/// Shifts of lanes.
extension BlockEmitter {
    func emitShift(_ op: IROp) -> Bool {
        switch op.opcode {
        case .vshlImm: emitShift(op, BlockEmitter.choose(op.lane, nil, .psllw, .pslld, .psllq))
        case .vshrUImm: emitShift(op, BlockEmitter.choose(op.lane, nil, .psrlw, .psrld, .psrlq))
        case .vshrSImm where op.lane == .b64: emitWideArithmetic(op)
        case .vshrSImm: emitShift(op, op.lane == .b8 ? nil : op.lane == .b16 ? .psraw : .psrad)
        case .vrotrImm where op.lane.rawValue >= Lane.b16.rawValue: emitVectorRotate(op)
        case .vshl where op.lane >= .b32: binary(op.lane == .b32 ? .psllvd : .psllvq, op)
        case .vshrU where op.lane >= .b32: binary(op.lane == .b32 ? .psrlvd : .psrlvq, op)
        case .vshrS where op.lane == .b32: binary(.psravd, op)
        default: return false
        }
        return true
    }

    private func emitShift(_ op: IROp, _ shift: VectorShift?) {
        guard let shift else { return emitByteShift(op) }
        let source = useVector(op.a)
        a.vector(shift, vectorDestination(), source, UInt8(op.number))
    }

    /// Bytes are shifted as 16-bit lanes; what came from the neighbour is cut off, and the sign put back by exclusive-or and subtraction.
    private func emitByteShift(_ op: IROp) {
        let source = useVector(op.a)
        let count = op.opcode == .vshrSImm ? min(op.number, 7) : op.number
        let kept: UInt8 = op.opcode == .vshlImm ? 0xff << UInt8(count) : 0xff >> UInt8(count)
        let mask = vectorConstant(UInt64(kept) &* 0x0101_0101_0101_0101, .v128)
        let sign = op.opcode == .vshrSImm ? vectorConstant(UInt64(0x80 >> UInt8(count)) &* 0x0101_0101_0101_0101, .v128) : nil
        let dst = vectorDestination(avoiding: source)
        a.vector(op.opcode == .vshlImm ? .psllw : .psrlw, dst, source, UInt8(count))
        a.vector(.pand, dst, dst, mask)
        if let sign {
            a.vector(.pxor, dst, dst, sign)
            a.vector(.psubb, dst, dst, sign)
        }
    }

    /// 64-bit lanes: zeros from above where the sign is clear; complement before and after where it is set.
    private func emitWideArithmetic(_ op: IROp) {
        let source = useVector(op.a)
        let sign = allocateVector()
        let dst = vectorDestination(avoiding: source)
        a.vector(.pxor, sign, sign, sign)
        a.vector(.pcmpgtq, sign, sign, source)
        a.vector(.pxor, dst, source, sign)
        a.vector(.psrlq, dst, dst, UInt8(min(op.number, 63)))
        a.vector(.pxor, dst, dst, sign)
    }

    private func emitVectorRotate(_ op: IROp) {
        let size = Int(op.lane.rawValue) - 1
        let source = useVector(op.a)
        let left = allocateVector()
        let dst = vectorDestination(avoiding: source)
        let ups: [VectorShift] = [.psllw, .pslld, .psllq]
        let downs: [VectorShift] = [.psrlw, .psrld, .psrlq]
        a.vector(ups[size], left, source, UInt8(op.lane.bits - op.number))
        a.vector(downs[size], dst, source, UInt8(op.number))
        a.vector(.por, dst, dst, left)
    }
}
