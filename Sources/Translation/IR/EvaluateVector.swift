/// The meaning of the vector operations on bits and integers, lane by lane, in plain arithmetic.
public enum EvaluateVector {
    /// The result of `op`, whose operands lie in 128-bit cells, zero-extended.
    /// - Parameter source: the type of operand a.
    public static func compute(_ op: IROp, source: IRType, _ a: UInt128, _ b: UInt128, _ c: UInt128) -> UInt128 {
        let lanes = Lanes(op.opcode == .vsplat ? op.type : source, op.lane.bits)
        if let moved = moveLanes(op, lanes, a, b) { return moved }
        if let changed = changeWidth(op, lanes, a, b) { return changed }
        switch op.opcode {
        case .vbitSelect: return a & b | ~a & c
        case .vdotS, .vdotU, .vdotUS: return dotProduct(op, lanes, a, b, c)
        case .vaesEncrypt: return AES.encryptRound(a)
        case .vaesDecrypt: return AES.decryptRound(a)
        case .vaesMix: return AES.mixColumns(a, [2, 3, 1, 1])
        case .vaesUnmix: return AES.mixColumns(a, [14, 11, 13, 9])
        default: break
        }
        return op.opcode.info.operands == 1 ? unary(op, lanes, a) : binary(op, lanes, a, b)
    }

    private static func unary(_ op: IROp, _ lanes: Lanes, _ a: UInt128) -> UInt128 {
        let unused = 128 - lanes.bits
        return lanes.make { index in
            let x = lanes[a, index, isSigned: true]
            let bits = UInt128(lanes[a, index])
            switch op.opcode {
            case .vneg: return 0 - x
            case .vabs: return abs(x)
            case .vshlImm: return x << op.number
            case .vshrUImm: return Int128(bits >> op.number)
            case .vshrSImm: return x >> op.number
            case .vrotrImm: return Int128(truncatingIfNeeded: bits >> op.number | bits << (lanes.bits - op.number))
            case .vpopcnt: return Int128(bits.nonzeroBitCount)
            case .vclz: return Int128(bits.leadingZeroBitCount - unused)
            case .vcls: return Int128((x < 0 ? ~x : x).leadingZeroBitCount - unused - 1)
            default: preconditionFailure("\(op.opcode) is no vector operation of one operand")
            }
        }
    }

    private static func binary(_ op: IROp, _ lanes: Lanes, _ a: UInt128, _ b: UInt128) -> UInt128 {
        let isSigned = isSigned(op.opcode)
        let rounding: Int128 = op.number == 0 ? 0 : 1 << (lanes.bits - 1)
        return lanes.make { index in
            let x = lanes[a, index, isSigned: isSigned]
            let y = lanes[b, index, isSigned: isSigned]
            switch op.opcode {
            case .vadd: return x + y
            case .vsub: return x - y
            case .vmul: return x &* y
            case .vminS, .vminU: return min(x, y)
            case .vmaxS, .vmaxU: return max(x, y)
            case .vabsDiffS, .vabsDiffU: return abs(x - y)
            case .vaddSatS, .vaddSatU: return lanes.saturated(x + y, isSigned: isSigned)
            case .vsubSatS, .vsubSatU: return lanes.saturated(x - y, isSigned: isSigned)
            case .vhalvingAddS, .vhalvingAddU: return (x + y) >> 1
            case .vroundingAddS, .vroundingAddU: return (x + y + 1) >> 1
            case .vhalvingSubS, .vhalvingSubU: return (x - y) >> 1
            case .vcompare: return Evaluate.holds(op.laneCondition, lanes.bits, lanes[a, index], lanes[b, index]) ? -1 : 0
            case .vshl: return lanes[b, index] < lanes.bits ? x << y : 0
            case .vshrU: return lanes[b, index] < lanes.bits ? x >> y : 0
            case .vshrS: return x >> Int128(min(lanes[b, index], UInt64(lanes.bits - 1)))
            case .vmulHighS: return (x * y) >> lanes.bits
            case .vmulHighU: return Int128(truncatingIfNeeded: (UInt128(x) &* UInt128(y)) >> lanes.bits)
            case .vmulDoubleHigh: return lanes.saturated((2 * x * y + rounding) >> lanes.bits, isSigned: true)
            case .vpolyMul: return Int128(Evaluate.carrylessProduct(lanes[a, index], lanes[b, index]).low)
            default: preconditionFailure("\(op.opcode) is no vector operation of two operands")
            }
        }
    }

    /// Whether lanes are read as signed numbers.
    static func isSigned(_ opcode: Opcode) -> Bool {
        switch opcode {
        case .vminS, .vmaxS, .vabsDiffS, .vaddSatS, .vsubSatS, .vhalvingAddS, .vroundingAddS, .vhalvingSubS, .vshrS, .vmulHighS,
            .vmulDoubleHigh, .vextractS, .vwidenS, .vnarrowSatS, .vnarrowSatSU, .vmulLongS, .vreduceAddS, .vreduceMinS, .vreduceMaxS:
            true
        default: false
        }
    }

    private static func dotProduct(_ op: IROp, _ bytes: Lanes, _ a: UInt128, _ b: UInt128, _ c: UInt128) -> UInt128 {
        let words = Lanes(op.type, 32)
        return words.make { index in
            (4 * index..<4 * index + 4).reduce(Int128(words[a, index])) { sum, byte in
                sum + bytes[b, byte, isSigned: op.opcode == .vdotS] * bytes[c, byte, isSigned: op.opcode != .vdotU]
            }
        }
    }
}

/// A vector's cell as lanes of up to 64 bits.
struct Lanes {
    let bits: Int
    let count: Int

    init(_ type: IRType, _ bits: Int) {
        self.bits = bits
        count = type.bits / bits
    }

    private var mask: UInt64 { .max >> UInt64(64 - bits) }

    subscript(_ cell: UInt128, _ index: Int) -> UInt64 { (cell >> (index * bits)).lowHalf & mask }

    subscript(_ cell: UInt128, _ index: Int, isSigned isSigned: Bool) -> Int128 {
        isSigned ? Int128(Evaluate.signed(self[cell, index], bits)) : Int128(self[cell, index])
    }

    /// A cell whose lanes are the low bits of what `lane` gives.
    func make(_ lane: (Int) -> Int128) -> UInt128 {
        (0..<count).reduce(UInt128(0)) { cell, index in
            cell | UInt128(UInt64(truncatingIfNeeded: lane(index)) & mask) << (index * bits)
        }
    }

    /// The nearest number that a lane holds.
    func saturated(_ value: Int128, isSigned: Bool) -> Int128 {
        let least: Int128 = isSigned ? -(1 << (bits - 1)) : 0
        let greatest: Int128 = isSigned ? 1 << (bits - 1) - 1 : 1 << bits - 1
        return max(least, min(greatest, value))
    }
}
