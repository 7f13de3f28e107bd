/// Operations that move lanes, change their width or put them together.
extension EvaluateVector {
    /// The result of an operation that only moves lanes; `nil` for others.
    static func moveLanes(_ op: IROp, _ lanes: Lanes, _ a: UInt128, _ b: UInt128) -> UInt128? {
        let half = lanes.count / 2
        func lane(_ cell: UInt128, _ index: Int) -> Int128 { Int128(lanes[cell, index]) }
        switch op.opcode {
        case .vsplat: return lanes.make { _ in Int128(a.lowHalf) }
        case .vinsert: return lanes.make { $0 == op.number ? Int128(b.lowHalf) : lane(a, $0) }
        case .vextractU: return UInt128(lanes[a, op.number])
        case .vextractS: return cut(lanes[a, op.number, isSigned: true], op.type)
        case .vconcat: return UInt128(high: b.lowHalf, low: a.lowHalf)
        case .vhigh: return UInt128(a.highHalf)
        case .vzipLow: return lanes.make { lane($0 % 2 == 0 ? a : b, $0 / 2) }
        case .vzipHigh: return lanes.make { lane($0 % 2 == 0 ? a : b, half + $0 / 2) }
        case .vunzipEven: return lanes.make { lane($0 < half ? a : b, 2 * ($0 % half)) }
        case .vunzipOdd: return lanes.make { lane($0 < half ? a : b, 2 * ($0 % half) + 1) }
        case .vtransposeEven: return lanes.make { lane($0 % 2 == 0 ? a : b, $0 & ~1) }
        case .vtransposeOdd: return lanes.make { lane($0 % 2 == 0 ? a : b, $0 | 1) }
        case .vextractBytes: return lanes.make { $0 + op.number < lanes.count ? lane(a, $0 + op.number) : lane(b, $0 + op.number - lanes.count) }
        case .vtable:
            let chosen = Lanes(op.type, 8)
            return chosen.make { chosen[b, $0] < 16 ? lane(a, Int(chosen[b, $0])) : 0 }
        case .vreverse: return lanes.make { lane(a, $0 ^ (op.number / op.lane.bytes - 1)) }
        default: return nil
        }
    }

    private static func cut(_ value: Int128, _ type: IRType) -> UInt128 { UInt128(UInt64(truncatingIfNeeded: value) & type.mask) }

    /// The result of an operation whose result has other lanes than operand a; `nil` for others.
    static func changeWidth(_ op: IROp, _ lanes: Lanes, _ a: UInt128, _ b: UInt128) -> UInt128? {
        let isSigned = isSigned(op.opcode)
        switch op.opcode {
        case .vwidenS, .vwidenU: return Lanes(op.type, 2 * lanes.bits).make { lanes[a, $0, isSigned: isSigned] }
        case .vnarrow: return Lanes(op.type, lanes.bits / 2).make { Int128(lanes[a, $0]) }
        case .vnarrowSatS, .vnarrowSatSU, .vnarrowSatU:
            let narrow = Lanes(op.type, lanes.bits / 2)
            return narrow.make { narrow.saturated(lanes[a, $0, isSigned: isSigned], isSigned: op.opcode == .vnarrowSatS) }
        case .vmulLongS, .vmulLongU:
            return Lanes(op.type, 2 * lanes.bits).make { lanes[a, $0, isSigned: isSigned] &* lanes[b, $0, isSigned: isSigned] }
        case .vpolyMulLong: return polynomialProducts(lanes, a, b)
        case .vany: return a == 0 ? 0 : 1
        default: return reduce(op, (0..<lanes.count).map { lanes[a, $0, isSigned: isSigned] })
        }
    }

    private static func polynomialProducts(_ lanes: Lanes, _ a: UInt128, _ b: UInt128) -> UInt128 {
        (0..<lanes.count).reduce(UInt128(0)) { cell, index in
            let product = Evaluate.carrylessProduct(lanes[a, index], lanes[b, index])
            return cell | UInt128(high: product.high, low: product.low) << (2 * lanes.bits * index)
        }
    }

    private static func reduce(_ op: IROp, _ lanes: [Int128]) -> UInt128? {
        switch op.opcode {
        case .vreduceAddS, .vreduceAddU: cut(lanes.reduce(0, +), op.type)
        case .vreduceMinS, .vreduceMinU: lanes.min().map { cut($0, op.type) }
        case .vreduceMaxS, .vreduceMaxU: lanes.max().map { cut($0, op.type) }
        default: nil
        }
    }
}
