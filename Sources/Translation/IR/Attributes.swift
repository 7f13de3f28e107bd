/// How two integers are compared.
public enum Condition: UInt8, CaseIterable, Sendable {
    case eq, ne
    case ltS, geS, leS, gtS
    case ltU, geU, leU, gtU

    /// The condition that holds exactly when this one does not.
    @inlinable public var negated: Condition {
        switch self {
        case .eq: .ne
        case .ne: .eq
        case .ltS: .geS
        case .geS: .ltS
        case .leS: .gtS
        case .gtS: .leS
        case .ltU: .geU
        case .geU: .ltU
        case .leU: .gtU
        case .gtU: .leU
        }
    }

    /// The condition with the operands exchanged.
    @inlinable public var swapped: Condition {
        switch self {
        case .eq, .ne: self
        case .ltS: .gtS
        case .geS: .leS
        case .leS: .geS
        case .gtS: .ltS
        case .ltU: .gtU
        case .geU: .leU
        case .leU: .geU
        case .gtU: .ltU
        }
    }
}

/// How two floats are compared. Every condition but `unordered` is false when an operand is a NaN.
public enum FloatCondition: UInt8, CaseIterable, Sendable {
    case eq, lt, le, unordered
}

/// What an integer division does where arithmetic has no answer.
///
/// The overflowing quotient MIN / -1 is MIN with remainder 0 in every rule.
public enum DivisionRule: UInt8, CaseIterable, Sendable {
    /// x / 0 has all bits set and x rem 0 = x (RISC-V).
    case allOnes
    /// x / 0 = 0 and x rem 0 = x (ARM, LoongArch).
    case zero
}

/// Size, sign, byte order, alignment and memory order of an access; the 16 attribute bits of a memory operation.
///
/// Bits: 0–2 log2(size in bytes), 3 sign-extend, 4 big-endian, 5–6 alignment rule, 7–8 order, 9–12 MMU index.
public struct MemoryOperation: RawRepresentable, Equatable, Sendable {
    public var rawValue: UInt16
    @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// What happens to an access whose address is no multiple of its size.
    public enum Alignment: UInt8, CaseIterable, Sendable {
        /// It works, byte by byte if it must.
        case any
        /// It raises the guest's misaligned-address fault.
        case fault
        /// It is atomic within an aligned 16-byte unit and faults across units.
        case within16
    }

    public enum Order: UInt8, CaseIterable, Sendable { case relaxed, acquire, release, sequential }

    @inlinable public init(
        _ size: Int, signed: Bool = false, bigEndian: Bool = false, alignment: Alignment = .any, order: Order = .relaxed, mmuIndex: Int = 0
    ) {
        var raw = UInt16(size.trailingZeroBitCount)
        if signed { raw |= 8 }
        if bigEndian { raw |= 16 }
        raw |= UInt16(alignment.rawValue) << 5
        raw |= UInt16(order.rawValue) << 7
        raw |= UInt16(mmuIndex) << 9
        rawValue = raw
    }

    /// Bytes: 1, 2, 4, 8, 16 or 32.
    @inlinable public var size: Int { 1 << Int(rawValue & 7) }
    @inlinable public var sizeLog2: Int { Int(rawValue & 7) }
    @inlinable public var isSigned: Bool { rawValue & 8 != 0 }
    @inlinable public var isBigEndian: Bool { rawValue & 16 != 0 }
    @inlinable public var alignment: Alignment { Alignment(rawValue: UInt8(rawValue >> 5 & 3)) ?? .any }
    @inlinable public var order: Order { Order(rawValue: UInt8(rawValue >> 7 & 3)) ?? .relaxed }
    @inlinable public var mmuIndex: Int { Int(rawValue >> 9 & 15) }
}

/// What an atomic read-modify-write puts back; the old value is its result.
public enum AtomicOperation: UInt8, CaseIterable, Sendable {
    case exchange, add, and, or, xor, andNot, minS, maxS, minU, maxU
}

/// A float operation's rounding mode, NaN rule and tininess; its 16 attribute bits.
///
/// Bits: 0–2 rounding, 3–5 NaN rule, 6 tininess before rounding, 7 raises no flags, 8 negates the product (of a comparison: repeats an earlier
/// one's operands, so that nothing is lost when it is dropped), 9 negates the addend,
/// 10 signals on quiet NaNs (comparisons), 11 signed (conversions), 12–13 rule of a conversion that does not fit or of a minimum, 14 keeps inexact silent,
/// 15 takes subnormal operands for zeros and makes zeros of results that are tiny (ARM's FPCR.FZ; halves that are converted stay).
public struct FloatAttributes: RawRepresentable, Equatable, Sendable {
    public var rawValue: UInt16
    @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

    public enum Rounding: UInt8, CaseIterable, Sendable {
        case nearestEven, towardZero, down, up, nearestAway, odd
        /// The mode that the guest has set: `CPUHeader.roundingMode`, in MXCSR while generated code runs.
        case dynamic = 7
    }

    /// Which NaN an operation returns.
    public enum NaNRule: UInt8, CaseIterable, Sendable {
        /// Always the positive default NaN (RISC-V; ARM with FPCR.DN).
        case canonical
        /// The first signalling operand, else the first quiet one, quietened (ARM).
        case arm
        /// x86 SSE: the first operand that is a NaN, quietened; the default NaN is negative.
        case sse
        /// x87: the operand with the larger significand.
        case x87
        /// The first NaN operand in the order a, c, b (PowerPC, s390x).
        case firstOperand
    }

    /// What a conversion to an integer returns for a value that does not fit.
    public enum Saturation: UInt8, CaseIterable, Sendable {
        /// The nearest integer; a NaN gives the largest (RISC-V).
        case nanToMaximum
        /// The nearest integer; a NaN gives zero (ARM, WebAssembly).
        case nanToZero
        /// The "integer indefinite", only the top bit set (x86).
        case indefinite
    }

    /// What a minimum or maximum of a number and a NaN is; kept in the bits of the conversions' rule.
    public enum MinMaxRule: UInt8, CaseIterable, Sendable {
        /// The number (IEEE 754-2019 minimumNumber; RISC-V).
        case number
        /// The number if the NaN is quiet, else a NaN by the NaN rule (IEEE 754-2008 minNum; ARM's FMINNM).
        case quietNumber
        /// A NaN by the NaN rule (IEEE 754-2019 minimum; ARM's FMIN).
        case nan
        /// Operand b, of two zeros as well; every NaN is invalid (x86 MINPS).
        case second
    }

    @inlinable public init(
        rounding: Rounding = .dynamic, nan: NaNRule = .canonical, tinyBefore: Bool = false, silent: Bool = false,
        negateProduct: Bool = false, negateAddend: Bool = false, signalling: Bool = false, signed: Bool = false,
        saturation: Saturation = .nanToMaximum, inexactSilent: Bool = false, minMax: MinMaxRule = .number, flushes: Bool = false
    ) {
        var raw = UInt16(rounding.rawValue) | UInt16(nan.rawValue) << 3
        if tinyBefore { raw |= 1 << 6 }
        if silent { raw |= 1 << 7 }
        if negateProduct { raw |= 1 << 8 }
        if negateAddend { raw |= 1 << 9 }
        if signalling { raw |= 1 << 10 }
        if signed { raw |= 1 << 11 }
        raw |= UInt16(saturation.rawValue | minMax.rawValue) << 12
        if inexactSilent { raw |= 1 << 14 }
        if flushes { raw |= 1 << 15 }
        rawValue = raw
    }

    @inlinable public var rounding: Rounding { Rounding(rawValue: UInt8(rawValue & 7)) ?? .dynamic }
    @inlinable public var nan: NaNRule { NaNRule(rawValue: UInt8(rawValue >> 3 & 7)) ?? .canonical }
    @inlinable public var tinyBefore: Bool { rawValue & 1 << 6 != 0 }
    @inlinable public var silent: Bool { rawValue & 1 << 7 != 0 }
    @inlinable public var negateProduct: Bool { rawValue & 1 << 8 != 0 }
    /// Of a comparison: whatever it raises has been raised before.
    @inlinable public var repeats: Bool { negateProduct }
    /// The attributes of a comparison that repeats one with these.
    @inlinable public var repeated: FloatAttributes { FloatAttributes(rawValue: rawValue | 1 << 8) }
    @inlinable public var negateAddend: Bool { rawValue & 1 << 9 != 0 }
    @inlinable public var signalling: Bool { rawValue & 1 << 10 != 0 }
    @inlinable public var signed: Bool { rawValue & 1 << 11 != 0 }
    @inlinable public var saturation: Saturation { Saturation(rawValue: UInt8(rawValue >> 12 & 3)) ?? .nanToMaximum }
    @inlinable public var minMax: MinMaxRule { MinMaxRule(rawValue: UInt8(rawValue >> 12 & 3)) ?? .number }
    @inlinable public var inexactSilent: Bool { rawValue & 1 << 14 != 0 }
    @inlinable public var flushes: Bool { rawValue & 1 << 15 != 0 }
}

/// Which earlier accesses a fence orders before which later ones.
public struct FenceKind: OptionSet, Sendable {
    public let rawValue: UInt8
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
    @inlinable public static var loadLoad: FenceKind { .init(rawValue: 1) }
    @inlinable public static var loadStore: FenceKind { .init(rawValue: 2) }
    @inlinable public static var storeLoad: FenceKind { .init(rawValue: 4) }
    @inlinable public static var storeStore: FenceKind { .init(rawValue: 8) }
    @inlinable public static var all: FenceKind { .init(rawValue: 15) }
}

/// What an indirect exit is, so that host code may predict it.
public enum JumpHint: UInt8, CaseIterable, Sendable {
    case none, call, `return`
    /// What blocks depend on beside their address may have changed: calls that are under way do not return to their blocks.
    case anew
}

/// Why generated code returns to the execution loop.
public enum ExitReason: UInt8, CaseIterable, Sendable {
    /// The state has changed so that the next block must be looked up anew (mode, mapping, interrupt mask); `pc` is set.
    case lookup
    /// A helper or a memory access left an exception in `CPUHeader.exception`.
    case exception
    /// The interrupt check at a block's entry found `CPUHeader.exitRequest` set.
    case interrupt
    /// The instruction budget is used up (`-icount`, single step).
    case budget
}
