/// Bit fields of integers. Sums of shifted literals are slow to type-check; these are not.
extension FixedWidthInteger {
    /// `count` bits from bit `low` on, moved down to bit 0. For signed types the result is sign-extended only by `signExtended`.
    @inlinable public func bits(_ low: Int, _ count: Int) -> Self {
        count >= Self.bitWidth ? self : (self &>> Self(truncatingIfNeeded: low)) & ((1 &<< Self(truncatingIfNeeded: count)) &- 1)
    }

    /// Whether bit `index` is set.
    @inlinable public func bit(_ index: Int) -> Bool { (self &>> Self(truncatingIfNeeded: index)) & 1 != 0 }

    /// The value with `count` bits from bit `low` on replaced by the low bits of `field`.
    @inlinable public func replacingBits(_ low: Int, _ count: Int, with field: Self) -> Self {
        guard count < Self.bitWidth else { return field }
        let mask = ((1 as Self) &<< Self(truncatingIfNeeded: count)) &- 1
        let shift = Self(truncatingIfNeeded: low)
        return (self & ~(mask &<< shift)) | ((field & mask) &<< shift)
    }

    /// The value with bit `index` set or cleared.
    @inlinable public func settingBit(_ index: Int, to value: Bool) -> Self {
        let mask = (1 as Self) &<< Self(truncatingIfNeeded: index)
        return value ? self | mask : self & ~mask
    }
}

extension UInt64 {
    /// The low `count` bits read as a two's complement number.
    @inlinable public func signExtended(from count: Int) -> UInt64 {
        let shift = UInt64(64 - count)
        return UInt64(bitPattern: Int64(bitPattern: self &<< shift) &>> Int64(shift))
    }
}

extension UInt32 {
    /// The low `count` bits read as a two's complement number, widened.
    @inlinable public func signExtended(from count: Int) -> Int64 { Int64(bitPattern: UInt64(self).signExtended(from: count)) }
}
