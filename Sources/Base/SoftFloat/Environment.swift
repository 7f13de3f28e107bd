/// The direction in which an inexact result is rounded.
public enum FloatRounding: UInt8, CaseIterable, Sendable {
    case nearestEven, towardZero, down, up, nearestAway
    /// Von Neumann rounding: an inexact result gets an odd last bit.
    case odd
}

/// Which NaN an operation on NaNs returns, and what the default NaN looks like.
public enum FloatNaNRule: UInt8, CaseIterable, Sendable {
    /// Always the positive default NaN (RISC-V; ARM with FPCR.DN).
    case canonical
    /// The first signalling operand, else the first quiet one, quietened; of a fused operation the addend first (ARM ARM, FPProcessNaNs3).
    case arm
    /// The first operand that is a NaN, quietened; the default NaN is negative (Intel SDM 1, table 4-7).
    case sse
    /// The operand with the larger significand; the default NaN is negative (Intel SDM 1, table 4-7).
    case x87
    /// The first NaN operand in the order a, c, b (Power ISA, 4.3.2).
    case firstOperand
}

/// What an integer conversion returns for a value that does not fit.
public enum FloatSaturation: UInt8, CaseIterable, Sendable {
    /// The nearest integer; a NaN gives the largest.
    case nanToMaximum
    /// The nearest integer; a NaN gives zero.
    case nanToZero
    /// Only the top bit set.
    case indefinite
}

/// What a minimum or maximum of a number and a NaN is.
public enum FloatMinMaxRule: UInt8, CaseIterable, Sendable {
    /// The number (IEEE 754-2019, 9.6, minimumNumber).
    case number
    /// The number if the NaN is quiet, else a NaN (IEEE 754-2008, 5.3.1, minNum).
    case quietNumber
    /// A NaN (IEEE 754-2019, 9.6, minimum).
    case nan
    /// The second operand, of two zeros as well; every NaN is invalid (Intel SDM 2, MINPS).
    case second
}

/// The five exceptions of IEEE 754.
public struct FloatFlags: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    public static let inexact = FloatFlags(rawValue: 1)
    public static let underflow = FloatFlags(rawValue: 2)
    public static let overflow = FloatFlags(rawValue: 4)
    public static let divideByZero = FloatFlags(rawValue: 8)
    public static let invalid = FloatFlags(rawValue: 16)
    /// A subnormal operand was taken for zero. Not one of the five.
    public static let flushedOperand = FloatFlags(rawValue: 32)
}

/// Whether results that would be subnormal become zero, with their sign.
public enum FloatFlushing: UInt8, CaseIterable, Sendable {
    case never
    /// Underflow and inexact are raised (Intel SDM 1, 10.2.3.3).
    case sse
    /// What is tiny before rounding goes; only underflow is raised (ARM ARM, FPRoundBase).
    case arm
}

/// How many significant bits f80 arithmetic leaves, in the full exponent range: the x87's precision control (Intel SDM 1, 8.1.5.2).
public enum ExtendedPrecision: Int, CaseIterable, Sendable {
    case single = 24, double = 53, extended = 64
}

/// The mode that operations run under and the exceptions that they have raised.
public struct FloatEnvironment: Sendable {
    public var rounding: FloatRounding
    public var nanRule: FloatNaNRule
    /// Whether a result is tiny that would be subnormal before it is rounded; else after (IEEE 754-2019, 7.5).
    public var isTinyBeforeRounding: Bool
    public var flushing = FloatFlushing.never
    /// Whether subnormal operands are taken for zeros.
    public var flushesOperands = false
    /// Of sums, products, quotients and roots in f80.
    public var extendedPrecision = ExtendedPrecision.extended
    /// Sticky.
    public var flags: FloatFlags = []

    public init(rounding: FloatRounding = .nearestEven, nanRule: FloatNaNRule = .canonical, isTinyBeforeRounding: Bool = false) {
        self.rounding = rounding
        self.nanRule = nanRule
        self.isTinyBeforeRounding = isTinyBeforeRounding
    }
}
