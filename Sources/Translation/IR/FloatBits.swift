/// What float operations do that only looks at bits.
public enum FloatBits {
    /// Exponent and fraction widths in bits; f80's fraction includes its explicit integer bit.
    static func widths(_ type: IRType) -> (exponent: Int, fraction: Int) {
        switch type {
        case .f16: (5, 10)
        case .f32: (8, 23)
        case .f64: (11, 52)
        case .f80: (15, 64)
        case .f128: (15, 112)
        default: preconditionFailure("\(type) is no float type")
        }
    }

    /// One bit by class: 0 -inf, 1 -normal, 2 -subnormal, 3 -0, 4 +0, 5 +subnormal, 6 +normal, 7 +inf, 8 signalling NaN, 9 quiet NaN.
    public static func classify(_ bits: UInt128, _ type: IRType) -> UInt64 {
        let (exponentWidth, fractionWidth) = widths(type)
        let largest = UInt64(1) << UInt64(exponentWidth) - 1
        let exponent = (bits >> fractionWidth).lowHalf & largest
        // f80 keeps the integer bit in the fraction; the class looks at what is below it.
        let significant = type == .f80 ? 63 : fractionWidth
        let fraction = bits & (1 << significant - 1)
        let isNegative = bits >> (fractionWidth + exponentWidth) & 1 != 0
        if exponent == largest {
            if fraction != 0 { return fraction >> (significant - 1) != 0 ? 1 << 9 : 1 << 8 }
            return isNegative ? 1 << 0 : 1 << 7
        }
        if exponent != 0 { return isNegative ? 1 << 1 : 1 << 6 }
        let isZero = bits & (1 << fractionWidth - 1) == 0
        if isZero { return isNegative ? 1 << 3 : 1 << 4 }
        return isNegative ? 1 << 2 : 1 << 5
    }

    /// The positive quiet NaN without payload, for types up to 64 bits.
    public static func canonicalNaN(_ type: IRType) -> UInt64 {
        let (exponentWidth, fractionWidth) = widths(type)
        return (1 << UInt64(exponentWidth + 1) - 1) << UInt64(fractionWidth - 1)
    }

    /// The narrow float in the low bits of a cell whose bits above it are all 1, else the canonical NaN (RISC-V "NaN boxing").
    public static func unbox(_ cell: UInt64, from source: IRType, to type: IRType) -> UInt64 {
        let above = source.mask & ~type.mask
        return cell & above == above ? cell & type.mask : canonicalNaN(type)
    }
}
