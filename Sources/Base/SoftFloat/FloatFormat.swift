/// A binary interchange format. Its methods are the arithmetic: operands and results are bit patterns in the low bits of a `UInt128`.
public struct FloatFormat: Sendable {
    public let exponentBits: Int
    /// Bits of the significand below the integer bit.
    public let fractionBits: Int
    /// Whether the integer bit is stored, as in the x87's 80-bit format.
    public let hasIntegerBit: Bool
    /// The biased exponent of which subnormals are multiples; 0 where an exponent of 0 means no less than any other.
    public private(set) var lowestExponent = 1
    /// Whether the highest exponent is that of infinities and NaNs, or an exponent like others.
    public private(set) var hasSpecials = true

    public static var f16: FloatFormat { .init(exponentBits: 5, fractionBits: 10, hasIntegerBit: false) }
    public static var bf16: FloatFormat { .init(exponentBits: 8, fractionBits: 7, hasIntegerBit: false) }
    public static var f32: FloatFormat { .init(exponentBits: 8, fractionBits: 23, hasIntegerBit: false) }
    public static var f64: FloatFormat { .init(exponentBits: 11, fractionBits: 52, hasIntegerBit: false) }
    public static var f80: FloatFormat { .init(exponentBits: 15, fractionBits: 63, hasIntegerBit: true) }
    public static var f128: FloatFormat { .init(exponentBits: 15, fractionBits: 112, hasIntegerBit: false) }

    /// The 68881's: an exponent of 0 is one like others, unnormalized numbers are numbers (M68000 Family Programmer's Manual, 1.6).
    public static var f80m68k: FloatFormat { .init(exponentBits: 15, fractionBits: 63, hasIntegerBit: true, lowestExponent: 0) }
    /// ARM's alternative half precision, of which there are conversions only (ARM ARM, A1.4.2).
    public static var f16Alternative: FloatFormat { .init(exponentBits: 5, fractionBits: 10, hasIntegerBit: false, hasSpecials: false) }

    var precision: Int { fractionBits + 1 }
    var bias: Int { 1 << (exponentBits - 1) - 1 }
    /// The biased exponent of infinities and NaNs.
    var topExponent: Int { 1 << exponentBits - 1 }
    /// Where the exponent field begins.
    private var exponentShift: Int { fractionBits + (hasIntegerBit ? 1 : 0) }

    /// Puts a number together; `significand` includes the integer bit.
    func pack(_ isNegative: Bool, _ exponent: Int, _ significand: UInt128) -> UInt128 {
        let stored = hasIntegerBit ? significand : significand & (1 << fractionBits - 1)
        return (isNegative ? 1 : 0) << (exponentShift + exponentBits) | UInt128(exponent) << exponentShift | stored
    }

    func zero(_ isNegative: Bool) -> UInt128 { pack(isNegative, 0, 0) }

    func infinity(_ isNegative: Bool) -> UInt128 { pack(isNegative, topExponent, lowestExponent == 0 ? 0 : 1 << fractionBits) }

    var largestExponent: Int { hasSpecials ? topExponent - 1 : topExponent }

    /// The largest finite number with that many significant bits.
    func largestFinite(_ isNegative: Bool, _ bits: Int) -> UInt128 {
        pack(isNegative, largestExponent, (1 << bits - 1) << (precision - bits))
    }

    /// An operand of an operation.
    func unpack(_ bits: UInt128, _ environment: inout FloatEnvironment) -> Unpacked {
        let operand = unpack(bits, environment.nanRule)
        guard environment.flushesOperands, operand.kind == .finite, operand.exponent < lowestExponent - bias else { return operand }
        environment.flags.insert(.flushedOperand)
        return Unpacked(.zero, operand.isNegative, 0, 0)
    }

    private func unpack(_ bits: UInt128, _ rule: FloatNaNRule) -> Unpacked {
        let isNegative = bits >> (exponentShift + exponentBits) & 1 != 0
        let biased = Int(truncatingIfNeeded: bits >> exponentShift) & topExponent
        let fraction = bits & (1 << fractionBits - 1)
        let integer: UInt128 = hasIntegerBit ? bits >> fractionBits & 1 : (biased == 0 ? 0 : 1)
        if biased != 0 && integer == 0 && lowestExponent != 0 { return Unpacked(.unsupported, isNegative, 0, 0) }
        if biased == topExponent && hasSpecials {
            let payload = fraction << (128 - fractionBits)
            if payload == 0 { return Unpacked(.infinity, isNegative, 0, 0) }
            return Unpacked((payload >> 127 != 0) != rule.signalsByOne ? .quietNaN : .signallingNaN, isNegative, 0, payload)
        }
        let significand = fraction | integer << fractionBits
        if significand == 0 { return Unpacked(.zero, isNegative, 0, 0) }
        let lead = significand.leadingZeroBitCount
        let exponent = max(biased, lowestExponent) - bias + (127 - lead) - fractionBits
        return Unpacked(.finite, isNegative, exponent, significand << lead)
    }
}

/// A float taken apart: (-1)^sign × significand / 2^127 × 2^exponent, with the significand's top bit set.
struct Unpacked {
    enum Kind: UInt8 {
        case zero, finite, infinity, quietNaN, signallingNaN
        /// An 80-bit pattern without the integer bit that it needs; an operand like this is invalid (Intel SDM 1, 8.2.2).
        case unsupported
    }

    var kind: Kind
    var isNegative: Bool
    var exponent: Int
    /// Of a NaN the payload, its quiet bit on top.
    var significand: UInt128

    init(_ kind: Kind, _ isNegative: Bool, _ exponent: Int, _ significand: UInt128) {
        self.kind = kind
        self.isNegative = isNegative
        self.exponent = exponent
        self.significand = significand
    }

    var isNaN: Bool { kind.rawValue >= Kind.quietNaN.rawValue }
    /// Whether use of the operand is invalid.
    var isSignalling: Bool { kind.rawValue > Kind.quietNaN.rawValue }
}
