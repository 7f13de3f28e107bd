extension Opcode {
    /// Whether the result is a function of the operands' bits alone that `Evaluate` computes.
    @inlinable public var isPureInteger: Bool { rawValue >= Opcode.add.rawValue && rawValue <= Opcode.deposit.rawValue }
}

/// The meaning of the pure integer operations, shared by the interpreter and the optimizer's constant folding.
public enum Evaluate {
    /// The result of `op` where its type and its operands have at most 64 bits.
    ///
    /// Values are zero-extended in their cells, on the way in and out.
    /// - Parameter source: the type of operand a.
    public static func narrow(_ op: IROp, source: IRType, _ a: UInt64, _ b: UInt64, _ c: UInt64) -> UInt64 {
        let width = op.type.bits
        let mask = op.type.mask
        switch op.opcode {
        case .add: return (a &+ b) & mask
        case .sub: return (a &- b) & mask
        case .mul: return (a &* b) & mask
        case .mulHighS, .mulHighU, .mulHighSU: return mulHigh(op.opcode, width, a, b)
        case .divS, .remS: return divideSigned(op, width, a, b) & mask
        case .divU: return b == 0 ? (op.division == .allOnes ? mask : 0) : a / b
        case .remU: return b == 0 ? a : a % b
        case .and: return a & b
        case .or: return a | b
        case .xor: return a ^ b
        case .andNot: return a & ~b
        case .not: return ~a & mask
        case .neg: return (0 &- a) & mask
        case .shl, .shrU, .shrS, .rotl, .rotr: return shift(op.opcode, width, a, UInt64(width - 1) & b) & mask
        case .clz: return UInt64(a.leadingZeroBitCount - (64 - width))
        case .ctz: return UInt64(min(a.trailingZeroBitCount, width))
        case .popcnt: return UInt64(a.nonzeroBitCount)
        case .bswap: return a.byteSwapped >> UInt64(64 - width)
        case .bitReverseBytes: return reverseBitsOfBytes(a)
        case .clmul: return carrylessProduct(a, b).low & mask
        case .clmulHigh:
            let product = carrylessProduct(a, b)
            return width == 64 ? product.high : product.low >> UInt64(width) & mask
        case .minS: return signed(a, width) < signed(b, width) ? a : b
        case .maxS: return signed(a, width) < signed(b, width) ? b : a
        case .minU: return min(a, b)
        case .maxU: return max(a, b)
        case .compare: return holds(op.condition, source.bits, a, b) ? 1 : 0
        case .select: return a != 0 ? b : c
        case .zext, .bitcast: return a
        case .trunc: return a & mask
        case .sext: return UInt64(bitPattern: signed(a, source.bits)) & mask
        case .extractU: return a >> UInt64(op.bitLow) & ones(op.bitCount)
        case .extractS: return UInt64(bitPattern: signed(a >> UInt64(op.bitLow) & ones(op.bitCount), op.bitCount)) & mask
        case .deposit:
            let field = ones(op.bitCount) << UInt64(op.bitLow)
            return a & ~field | b << UInt64(op.bitLow) & field
        default: preconditionFailure("\(op.opcode) is no pure integer operation")
        }
    }

    /// Whether `condition` holds between two values of `width` bits, at most 64.
    @inlinable public static func holds(_ condition: Condition, _ width: Int, _ a: UInt64, _ b: UInt64) -> Bool {
        switch condition {
        case .eq: a == b
        case .ne: a != b
        case .ltS: signed(a, width) < signed(b, width)
        case .geS: signed(a, width) >= signed(b, width)
        case .leS: signed(a, width) <= signed(b, width)
        case .gtS: signed(a, width) > signed(b, width)
        case .ltU: a < b
        case .geU: a >= b
        case .leU: a <= b
        case .gtU: a > b
        }
    }

    /// The low `width` bits of `a` as a signed number.
    @inlinable public static func signed(_ a: UInt64, _ width: Int) -> Int64 {
        let unused = UInt64(64 - width)
        return Int64(bitPattern: a << unused) >> Int64(unused)
    }

    /// A mask of the low `count` bits, 0 to 64.
    @inlinable static func ones(_ count: Int) -> UInt64 { count >= 64 ? .max : (1 << UInt64(count)) &- 1 }

    private static func mulHigh(_ opcode: Opcode, _ width: Int, _ a: UInt64, _ b: UInt64) -> UInt64 {
        let isASigned = opcode != .mulHighU
        let isBSigned = opcode == .mulHighS
        if width < 64 {
            let x = isASigned ? signed(a, width) : Int64(a)
            let y = isBSigned ? signed(b, width) : Int64(b)
            return UInt64(bitPattern: x &* y) >> UInt64(width) & ones(width)
        }
        var high = a.multipliedFullWidth(by: b).high
        if isASigned && a >> 63 != 0 { high &-= b }
        if isBSigned && b >> 63 != 0 { high &-= a }
        return high
    }

    private static func divideSigned(_ op: IROp, _ width: Int, _ a: UInt64, _ b: UInt64) -> UInt64 {
        let isQuotient = op.opcode == .divS
        if b == 0 { return isQuotient ? (op.division == .allOnes ? .max : 0) : a }
        let x = signed(a, width)
        let y = signed(b, width)
        if y == -1 { return isQuotient ? 0 &- a : 0 }
        return UInt64(bitPattern: isQuotient ? x / y : x % y)
    }

    private static func shift(_ opcode: Opcode, _ width: Int, _ a: UInt64, _ count: UInt64) -> UInt64 {
        switch opcode {
        case .shl: a << count
        case .shrU: a >> count
        case .shrS: UInt64(bitPattern: signed(a, width) >> Int64(count))
        case .rotl: a << count | a >> (UInt64(width) - count)
        default: a >> count | a << (UInt64(width) - count)
        }
    }

    static func reverseBitsOfBytes(_ a: UInt64) -> UInt64 {
        var x = a
        x = (x & 0x5555_5555_5555_5555) << 1 | x >> 1 & 0x5555_5555_5555_5555
        x = (x & 0x3333_3333_3333_3333) << 2 | x >> 2 & 0x3333_3333_3333_3333
        return (x & 0x0f0f_0f0f_0f0f_0f0f) << 4 | x >> 4 & 0x0f0f_0f0f_0f0f_0f0f
    }

    static func carrylessProduct(_ a: UInt64, _ b: UInt64) -> (high: UInt64, low: UInt64) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        for bit in 0..<64 where b >> UInt64(bit) & 1 != 0 {
            low ^= a << UInt64(bit)
            high ^= bit == 0 ? 0 : a >> UInt64(64 - bit)
        }
        return (high, low)
    }
}
