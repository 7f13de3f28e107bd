import CMPFR
import SoftFloat

extension FloatFormat {
    var width: Int { 1 + exponentBits + fractionBits + (hasIntegerBit ? 1 : 0) }
    var forOracle: MPFRFormat {
        MPFRFormat(
            exponentBits: Int32(exponentBits), fractionBits: Int32(fractionBits), hasIntegerBit: hasIntegerBit,
            lowestExponent: Int32(lowestExponent))
    }
}

extension MPFRBits {
    init(_ bits: UInt128) { self.init(low: UInt64(truncatingIfNeeded: bits), high: UInt64(bits >> 64)) }
    var whole: UInt128 { UInt128(high) << 64 | UInt128(low) }
}

extension FloatRounding {
    var forOracle: MPFRMode { MPFRMode(UInt32(rawValue)) }
}

/// A result and the exceptions that came with it.
struct Outcome: Equatable, CustomStringConvertible {
    var bits: UInt128
    var flags: FloatFlags
    /// Of a remainder the low three bits of the quotient.
    var quotient: UInt64 = 0

    init(_ bits: UInt128, _ flags: FloatFlags, quotient: UInt64 = 0) {
        self.bits = bits
        self.flags = flags
        self.quotient = quotient & 7
    }

    init(_ result: MPFRResult) { self.init(result.bits.whole, FloatFlags(rawValue: result.flags), quotient: UInt64(result.quotient)) }

    var description: String { "\(hex(bits)) flags \(flags.rawValue)" + (quotient == 0 ? "" : " quotient \(quotient)") }
}

func hex(_ bits: UInt128) -> String { "0x" + String(bits, radix: 16) }

/// Operands that are hard together.
struct HardOperands {
    private var random: Operands
    let format: FloatFormat
    /// The format that conversions round to.
    let target: FloatFormat

    init(_ format: FloatFormat, to target: FloatFormat? = nil, seed: UInt64) {
        random = Operands(seed: seed)
        self.format = format
        self.target = target ?? format
    }

    private var signBit: UInt128 { 1 << (format.width - 1) }

    mutating func next() -> UInt64 { random.next() }

    /// How far to scale: a little, by about the format's whole range, or beyond any.
    mutating func distance() -> Int64 {
        let bits = [6, format.exponentBits, format.exponentBits + 2, 64][Int(random.next() % 4)]
        return Int64(bitPattern: random.next()) >> Int64(64 - bits)
    }

    /// Zeros, the ends of the subnormal and of the normal numbers, infinities, NaNs of both kinds, one and its neighbours; all with both signs.
    var specials: [UInt128] {
        let fraction = format.fractionBits
        let stored = fraction + (format.hasIntegerBit ? 1 : 0)
        let integer: UInt128 = format.hasIntegerBit ? 1 << fraction : 0
        let top = UInt128(1) << format.exponentBits - 1
        let ones = UInt128(1) << fraction - 1
        func number(_ exponent: UInt128, _ below: UInt128) -> UInt128 { exponent << stored | integer | below }
        let magnitudes = [
            0, 1, ones, number(1, 0), number(1, 1), number(top - 1, ones), number(top, 0), number(top, 1), number(top, 1 << (fraction - 1)),
            number(top, ones), number(top / 2, 0), number(top / 2, 1), number(top / 2 - 1, ones), number(top / 2 + 1, 1 << (fraction - 1)),
        ]
        return magnitudes + magnitudes.map { $0 | signBit }
    }

    /// An operand that has something to do with `other`: its exponent, its bits, or nothing.
    mutating func operand(near other: UInt128 = 0) -> UInt128 {
        switch random.next() % 8 {
        case 0: return wellFormed(other &+ UInt128(random.next() % 5) &- 2) ^ (random.next() & 1 == 0 ? signBit : 0)
        case 1: return halfway()
        default: return random.pattern(format, near: other)
        }
    }

    /// A number on, or next to, the middle between two numbers of the target, with an exponent that the target has or nearly has.
    private mutating func halfway() -> UInt128 {
        let fraction = format.fractionBits
        let cut = max(fraction - target.fractionBits, 1) + (random.next() % 4 == 0 ? Int(random.next() % 12) : 0)
        let bits = UInt128(random.next()) << 64 | UInt128(random.next())
        let middle = cut > fraction ? bits : (bits >> cut * 2 | 1) << (cut - 1)
        let biases = (1 << (format.exponentBits - 1) - 1, 1 << (target.exponentBits - 1) - 1)
        let reach = random.next() % 3
        let distance = reach == 0 ? biases.1 : reach == 1 ? -biases.1 - Int(random.next() % UInt64(target.fractionBits + 3)) : 0
        let exponent = biases.0 + distance + Int(random.next() % 5) - 2
        let limited = UInt128(min(max(exponent, 0), 2 * biases.0))
        let stored = fraction + (format.hasIntegerBit ? 1 : 0)
        let integer: UInt128 = format.hasIntegerBit && limited != 0 ? 1 << fraction : 0
        let near = middle &+ UInt128(random.next() % 3) &- 1
        return UInt128(random.next() & 1) << (format.width - 1) | limited << stored | integer | near & (1 << fraction - 1)
    }

    /// With the integer bit that the exponent asks for.
    private func wellFormed(_ bits: UInt128) -> UInt128 {
        let bits = bits & (UInt128.max >> (128 - format.width))
        guard format.hasIntegerBit else { return bits }
        let integer = UInt128(1) << format.fractionBits
        let exponent = bits >> (format.fractionBits + 1) & (1 << format.exponentBits - 1)
        return exponent == 0 ? bits & ~integer : bits | integer
    }

    /// a, b and c for a × b + c; c often cancels the product, or nearly so.
    mutating func triple() -> (UInt128, UInt128, UInt128) {
        let a = operand()
        let b = operand(near: a)
        guard random.next() % 2 == 0 else { return (a, b, operand(near: a)) }
        var environment = FloatEnvironment(rounding: .towardZero)
        let product = format.multiply(a, b, &environment) ^ signBit
        return (a, b, wellFormed(product &+ UInt128(random.next() % 3)))
    }
}
