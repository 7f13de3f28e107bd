/// The steps of SHA-1 and SHA-256 that one instruction does (FIPS 180-4; DDI 0487, shared functions), on registers of four words.
public enum SecureHash {
    public static func sha1c(_ d: UInt128, _ n: UInt128, _ m: UInt128) -> UInt128 { sha1(d, n, m) { x, y, z in (y ^ z) & x ^ z } }
    public static func sha1p(_ d: UInt128, _ n: UInt128, _ m: UInt128) -> UInt128 { sha1(d, n, m) { x, y, z in x ^ y ^ z } }
    public static func sha1m(_ d: UInt128, _ n: UInt128, _ m: UInt128) -> UInt128 { sha1(d, n, m, majority) }
    public static func sha1h(_ n: UInt128) -> UInt128 { UInt128(UInt32(truncatingIfNeeded: n).rotated(30)) }
    public static func sha1su0(_ d: UInt128, _ n: UInt128, _ m: UInt128) -> UInt128 { (n << 64 | d >> 64) ^ d ^ m }
    public static func sha1su1(_ d: UInt128, _ n: UInt128) -> UInt128 { sha1Schedule(d, n) }
    public static func sha256h(_ d: UInt128, _ n: UInt128, _ m: UInt128) -> UInt128 { sha256(d, n, m).first }
    public static func sha256h2(_ d: UInt128, _ n: UInt128, _ m: UInt128) -> UInt128 { sha256(n, d, m).second }
    public static func sha256su0(_ d: UInt128, _ n: UInt128) -> UInt128 { sha256Schedule(d, n) }
    public static func sha256su1(_ d: UInt128, _ n: UInt128, _ m: UInt128) -> UInt128 { sha256Schedule(d, n, m) }

    public static func majority(_ x: UInt32, _ y: UInt32, _ z: UInt32) -> UInt32 { x & y | (x | y) & z }

    private static func sha1(_ d: UInt128, _ n: UInt128, _ m: UInt128, _ mix: (UInt32, UInt32, UInt32) -> UInt32) -> UInt128 {
        var x = Words(d), y = UInt32(truncatingIfNeeded: n)
        let w = Words(m)
        for step in 0..<4 {
            y = y &+ x[0].rotated(5) &+ mix(x[1], x[2], x[3]) &+ w[step]
            x[1] = x[1].rotated(30)
            (y, x) = (x[3], Words(y, x[0], x[1], x[2]))
        }
        return x.bits
    }

    private static func sha1Schedule(_ d: UInt128, _ n: UInt128) -> UInt128 {
        let t = Words(d ^ n >> 32)
        return Words(t[0].rotated(1), t[1].rotated(1), t[2].rotated(1), t[3].rotated(1) ^ t[0].rotated(2)).bits
    }

    private static func sha256(_ d: UInt128, _ n: UInt128, _ m: UInt128) -> (first: UInt128, second: UInt128) {
        var x = Words(d), y = Words(n)
        let w = Words(m)
        for step in 0..<4 {
            let choice = (y[1] ^ y[2]) & y[0] ^ y[2]
            let sigma1 = y[0].rotated(26) ^ y[0].rotated(21) ^ y[0].rotated(7)
            let t = y[3] &+ sigma1 &+ choice &+ w[step]
            let sigma0 = x[0].rotated(30) ^ x[0].rotated(19) ^ x[0].rotated(10)
            let next = t &+ sigma0 &+ majority(x[0], x[1], x[2])
            (x, y) = (Words(next, x[0], x[1], x[2]), Words(t &+ x[3], y[0], y[1], y[2]))
        }
        return (x.bits, y.bits)
    }

    private static func sha256Schedule(_ d: UInt128, _ n: UInt128) -> UInt128 {
        let old = Words(d), t = Words(n << 96 | d >> 32)
        return Words.make { old[$0] &+ (t[$0].rotated(25) ^ t[$0].rotated(14) ^ t[$0] >> 3) }.bits
    }

    private static func sha256Schedule(_ d: UInt128, _ n: UInt128, _ m: UInt128) -> UInt128 {
        let old = Words(d), t = Words(m << 96 | n >> 32), last = Words(m)
        var result = Words(0)
        for index in 0..<4 {
            let source = index < 2 ? last[index + 2] : result[index - 2]
            result[index] = old[index] &+ t[index] &+ (source.rotated(15) ^ source.rotated(13) ^ source >> 10)
        }
        return result.bits
    }
}

/// A vector register as four words.
public struct Words {
    private var words: InlineArray<4, UInt32>

    public init(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32) { words = [a, b, c, d] }

    public init(_ bits: UInt128) {
        words = InlineArray { UInt32(truncatingIfNeeded: bits >> (32 * $0)) }
    }

    public static func make(_ word: (Int) -> UInt32) -> Words { Words(word(0), word(1), word(2), word(3)) }

    public subscript(_ index: Int) -> UInt32 {
        get { words[index] }
        set { words[index] = newValue }
    }

    public var bits: UInt128 { (0..<4).reduce(0) { $0 | UInt128(words[$1]) << (32 * $1) } }
}

extension UInt32 {
    /// Rotated left.
    public func rotated(_ count: UInt32) -> UInt32 { self << count | self >> (32 - count) }
}
