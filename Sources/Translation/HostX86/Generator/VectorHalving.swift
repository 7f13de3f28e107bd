import IR

/// Sums that are halved or saturated, and doubled products, of lanes that the host has only some of.
extension BlockEmitter {
    func emitHalvedOrSaturated(_ op: IROp) -> Bool {
        switch op.opcode {
        case .vroundingAddS where op.lane <= .b16: emitAverage(op, rounded: true, signed: true)
        case .vhalvingAddS where op.lane <= .b16: emitAverage(op, rounded: false, signed: true)
        case .vhalvingAddU where op.lane <= .b16: emitAverage(op, rounded: false, signed: false)
        case .vhalvingAddS where op.lane == .b32: emitWideAverage(op, .psrad)
        case .vhalvingAddU where op.lane == .b32: emitWideAverage(op, .psrld)
        case .vaddSatU where op.lane == .b32: emitUnsignedSum(op)
        case .vsubSatU where op.lane == .b32: emitUnsignedDifference(op)
        case .vmulDoubleHigh where op.lane == .b16: emitDoubledProduct(op)
        default: return false
        }
        return true
    }

    /// The host rounds up and knows unsigned lanes: 1 is taken off where the sum is odd, and signed lanes have their top bits turned over.
    private func emitAverage(_ op: IROp, rounded: Bool, signed: Bool) {
        let isByte = op.lane == .b8
        var left = useVector(op.a), right = useVector(op.b)
        let dst = vectorDestination(avoiding: left, right)
        let bias = signed ? vectorConstant(isByte ? 0x8080_8080_8080_8080 : 0x8000_8000_8000_8000, .v128) : nil
        if let bias {
            let (x, y) = (allocateVector(), allocateVector())
            a.vector(.pxor, x, left, bias)
            a.vector(.pxor, y, right, bias)
            (left, right) = (x, y)
        }
        a.vector(isByte ? .pavgb : .pavgw, dst, left, right)
        if !rounded {
            let odd = vectorConstant(isByte ? 0x0101_0101_0101_0101 : 0x0001_0001_0001_0001, .v128)
            let different = allocateVector()
            a.vector(.pxor, different, left, right)
            a.vector(.pand, odd, odd, different)
            a.vector(isByte ? .psubb : .psubw, dst, dst, odd)
        }
        if let bias { a.vector(.pxor, dst, dst, bias) }
    }

    /// What both have, and half of what only one has.
    private func emitWideAverage(_ op: IROp, _ half: VectorShift) {
        let left = useVector(op.a), right = useVector(op.b)
        let different = allocateVector()
        let dst = vectorDestination(avoiding: left, right)
        a.vector(.pxor, different, left, right)
        a.vector(half, different, different, 1)
        a.vector(.pand, dst, left, right)
        a.vector(.paddd, dst, dst, different)
    }

    /// a is cut to what b leaves room for.
    private func emitUnsignedSum(_ op: IROp) {
        let left = useVector(op.a), right = useVector(op.b)
        let room = vectorConstant(.max, .v128)
        a.vector(.pxor, room, room, right)
        a.vector(.pminud, room, room, left)
        a.vector(.paddd, vectorDestination(), room, right)
    }

    private func emitUnsignedDifference(_ op: IROp) {
        let left = useVector(op.a), right = useVector(op.b)
        let greater = allocateVector()
        a.vector(.pmaxud, greater, left, right)
        a.vector(.psubd, vectorDestination(), greater, right)
    }

    /// The product's bits 15 to 30; only MIN * MIN does not fit, and gives MIN, which no other product does.
    private func emitDoubledProduct(_ op: IROp) {
        let left = useVector(op.a), right = useVector(op.b)
        let dst = vectorDestination(avoiding: left, right)
        if op.number == 1 {
            a.vector(.pmulhrsw, dst, left, right)
        } else {
            let low = allocateVector()
            a.vector(.pmullw, low, left, right)
            a.vector(.psrlw, low, low, 15)
            a.vector(.pmulhw, dst, left, right)
            a.vector(.psllw, dst, dst, 1)
            a.vector(.por, dst, dst, low)
            unlock(low)
        }
        let overflow = vectorConstant(0x8000_8000_8000_8000, .v128)
        a.vector(.pcmpeqw, overflow, overflow, dst)
        a.vector(.pxor, dst, dst, overflow)
    }
}
