extension Evaluate {
    /// The result of `op` where its type or an operand has more than 64 bits, at most 128.
    /// - Parameter source: the type of operand a.
    public static func wide(_ op: IROp, source: IRType, _ a: UInt128, _ b: UInt128, _ c: UInt128) -> UInt128 {
        let count = Int(truncatingIfNeeded: b & 127)
        switch op.opcode {
        case .add: return a &+ b
        case .sub: return a &- b
        case .mul: return a &* b
        case .mulHighS, .mulHighU, .mulHighSU: return mulHigh(op.opcode, a, b)
        case .divS, .remS: return divideSigned(op, a, b)
        case .divU: return b == 0 ? (op.division == .allOnes ? .max : 0) : a / b
        case .remU: return b == 0 ? a : a % b
        case .and: return a & b
        case .or: return a | b
        case .xor: return a ^ b
        case .andNot: return a & ~b
        case .not: return ~a
        case .neg: return 0 &- a
        case .shl: return a << count
        case .shrU: return a >> count
        case .shrS: return UInt128(bitPattern: Int128(bitPattern: a) >> count)
        case .rotl: return a << count | a >> (128 - count)
        case .rotr: return a >> count | a << (128 - count)
        case .clz: return UInt128(a.leadingZeroBitCount)
        case .ctz: return UInt128(a.trailingZeroBitCount)
        case .popcnt: return UInt128(a.nonzeroBitCount)
        case .bswap: return a.byteSwapped
        case .bitReverseBytes: return UInt128(high: reverseBitsOfBytes(a.highHalf), low: reverseBitsOfBytes(a.lowHalf))
        case .clmul: return carrylessProduct(a, b).low
        case .clmulHigh: return carrylessProduct(a, b).high
        case .minS: return Int128(bitPattern: a) < Int128(bitPattern: b) ? a : b
        case .maxS: return Int128(bitPattern: a) < Int128(bitPattern: b) ? b : a
        case .minU: return min(a, b)
        case .maxU: return max(a, b)
        case .compare:
            // The operands' width counts, not the result's.
            if source.bits <= 64 { return holds(op.condition, source.bits, a.lowHalf, b.lowHalf) ? 1 : 0 }
            return holds(op.condition, a, b) ? 1 : 0
        case .select: return a != 0 ? b : c
        case .zext, .bitcast: return a
        case .trunc: return a & UInt128(op.type.mask)
        case .sext: return UInt128(truncatingIfNeeded: signedWide(a, source.bits))
        case .extractU: return a >> op.bitLow & onesWide(op.bitCount)
        case .extractS: return UInt128(truncatingIfNeeded: signedWide(a >> op.bitLow, op.bitCount))
        case .deposit:
            let field = onesWide(op.bitCount) << op.bitLow
            return a & ~field | b << op.bitLow & field
        default: preconditionFailure("\(op.opcode) is no pure integer operation")
        }
    }

    private static func holds(_ condition: Condition, _ a: UInt128, _ b: UInt128) -> Bool {
        let x = Int128(bitPattern: a)
        let y = Int128(bitPattern: b)
        return switch condition {
        case .eq: a == b
        case .ne: a != b
        case .ltS: x < y
        case .geS: x >= y
        case .leS: x <= y
        case .gtS: x > y
        case .ltU: a < b
        case .geU: a >= b
        case .leU: a <= b
        case .gtU: a > b
        }
    }

    private static func signedWide(_ a: UInt128, _ width: Int) -> Int128 {
        Int128(bitPattern: a << (128 - width)) >> (128 - width)
    }

    private static func onesWide(_ count: Int) -> UInt128 { count >= 128 ? .max : (1 << count) &- 1 }

    private static func mulHigh(_ opcode: Opcode, _ a: UInt128, _ b: UInt128) -> UInt128 {
        var high = a.multipliedFullWidth(by: b).high
        if opcode != .mulHighU && a >> 127 != 0 { high &-= b }
        if opcode == .mulHighS && b >> 127 != 0 { high &-= a }
        return high
    }

    private static func divideSigned(_ op: IROp, _ a: UInt128, _ b: UInt128) -> UInt128 {
        let isQuotient = op.opcode == .divS
        if b == 0 { return isQuotient ? (op.division == .allOnes ? .max : 0) : a }
        if b == .max { return isQuotient ? 0 &- a : 0 }
        let x = Int128(bitPattern: a)
        let y = Int128(bitPattern: b)
        return UInt128(bitPattern: isQuotient ? x / y : x % y)
    }

    private static func carrylessProduct(_ a: UInt128, _ b: UInt128) -> (high: UInt128, low: UInt128) {
        var high: UInt128 = 0
        var low: UInt128 = 0
        for bit in 0..<128 where b >> bit & 1 != 0 {
            low ^= a << bit
            high ^= a >> (128 - bit)
        }
        return (high, low)
    }
}

extension UInt128 {
    @inlinable public init(high: UInt64, low: UInt64) { self = UInt128(high) << 64 | UInt128(low) }
    @inlinable public var lowHalf: UInt64 { UInt64(truncatingIfNeeded: self) }
    @inlinable public var highHalf: UInt64 { UInt64(truncatingIfNeeded: self >> 64) }
}
