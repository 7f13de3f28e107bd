import Glibc
import SoftFloat

/// The host's own arithmetic as the oracle. Its functions are opaque, so that nothing moves across a change of the rounding mode.
enum Host {
    /// Rounding modes with fesetround's numbers; Swift imports the names twice.
    static let roundings: [(FloatRounding, Int32)] = [
        (.nearestEven, 0), (.towardZero, 0xc00), (.down, 0x400), (.up, 0x800),
    ]

    /// The exceptions' bits in x86's status words.
    private static let allExceptions = Int32(0x3d)

    /// Runs `work` under a rounding mode; its result and the exceptions that it raised.
    @inline(never) @_optimize(none)
    static func run<T>(_ rounding: Int32, _ work: () -> T) -> (T, FloatFlags) {
        fesetround(rounding)
        feclearexcept(allExceptions)
        let result = work()
        let raised = fetestexcept(allExceptions)
        fesetround(0)
        var flags: FloatFlags = []
        if raised & 0x20 != 0 { flags.insert(.inexact) }
        if raised & 0x10 != 0 { flags.insert(.underflow) }
        if raised & 8 != 0 { flags.insert(.overflow) }
        if raised & 4 != 0 { flags.insert(.divideByZero) }
        if raised & 1 != 0 { flags.insert(.invalid) }
        return (result, flags)
    }

    @inline(never) @_optimize(none) static func add(_ a: Double, _ b: Double) -> Double { a + b }
    @inline(never) @_optimize(none) static func subtract(_ a: Double, _ b: Double) -> Double { a - b }
    @inline(never) @_optimize(none) static func multiply(_ a: Double, _ b: Double) -> Double { a * b }
    @inline(never) @_optimize(none) static func divide(_ a: Double, _ b: Double) -> Double { a / b }
    @inline(never) @_optimize(none) static func root(_ a: Double) -> Double { a.squareRoot() }
    @inline(never) @_optimize(none) static func narrow(_ a: Double) -> Float { Float(a) }
    @inline(never) @_optimize(none) static func integral(_ a: Double) -> Double { rint(a) }

    /// 0 sum, 1 difference, 2 product, 3 quotient, 4 root: in the x87.
    @inline(never) @_optimize(none) static func extended(_ kind: Int, _ a: Float80, _ b: Float80) -> Float80 {
        switch kind {
        case 0: a + b
        case 1: a - b
        case 2: a * b
        case 3: a / b
        default: a.squareRoot()
        }
    }

    @inline(never) @_optimize(none) static func add(_ a: Float, _ b: Float) -> Float { a + b }
    @inline(never) @_optimize(none) static func subtract(_ a: Float, _ b: Float) -> Float { a - b }
    @inline(never) @_optimize(none) static func multiply(_ a: Float, _ b: Float) -> Float { a * b }
    @inline(never) @_optimize(none) static func divide(_ a: Float, _ b: Float) -> Float { a / b }
    @inline(never) @_optimize(none) static func root(_ a: Float) -> Float { a.squareRoot() }
}

/// Repeatable operands that are often special: zeros, subnormals, the ends of the range, near each other, few significant bits.
struct Operands {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }

    /// A bit pattern of a format; `near` may lend its exponent.
    mutating func pattern(_ format: FloatFormat, near: UInt128 = 0) -> UInt128 {
        let fraction = format.fractionBits
        let top = 1 << format.exponentBits - 1
        var exponent = Int(next() % UInt64(top + 1))
        switch next() % 8 {
        case 0: exponent = 0
        case 1: exponent = Int(next() % 4)
        case 2: exponent = top - Int(next() % 3)
        case 3, 4: exponent = top / 2 + Int(next() % 8) - 4
        case 5: exponent = Int(truncatingIfNeeded: near >> fraction) & top
        default: break
        }
        var bits = UInt128(next()) << 64 | UInt128(next())
        switch next() % 4 {
        case 0: bits = UInt128(next() & 3)
        case 1: bits = bits << (fraction - Int(next() % 4))
        case 2: bits = ~UInt128(next() & 3)
        default: break
        }
        let integer: UInt128 = format.hasIntegerBit && exponent != 0 ? 1 : 0
        let whole = bits & (1 << fraction - 1) | integer << fraction
        let stored = fraction + (format.hasIntegerBit ? 1 : 0)
        return UInt128(next() & 1) << (stored + format.exponentBits) | UInt128(exponent) << stored | whole
    }
}
