import Bits

/// The 8-bit estimates of the reciprocal instructions (DDI 0487, RecipEstimate and RecipSqrtEstimate).
public enum Estimate {
    /// Of a number from 256 to 511, which stands for 0.5 to 1.
    public static func reciprocal(_ a: Int) -> Int { ((1 << 19) / (2 * a + 1) + 1) / 2 }

    /// Of a number from 128 to 511, which stands for 0.25 to 1.
    public static func rootReciprocal(_ a: Int) -> Int {
        let middle = a < 256 ? 2 * a + 1 : (a & ~1 + 1) * 2
        var b = 512
        while middle * (b + 1) * (b + 1) < 1 << 28 { b += 1 }
        return (b + 1) / 2
    }
}

extension Estimate {
    /// urecpe: of an unsigned word, which stands for a number below 1.
    public static func unsignedReciprocal(_ value: UInt64) -> UInt64 { value.bit(31) ? UInt64(reciprocal(Int(value >> 23))) << 23 : 0xffff_ffff }

    /// ursqrte.
    public static func unsignedRoot(_ value: UInt64) -> UInt64 {
        value >> 30 != 0 ? UInt64(rootReciprocal(Int(value >> 23))) << 23 : 0xffff_ffff
    }
}
