import Bits

/// A vector register as lanes.
public struct LaneVector {
    public var bits: UInt128
    public let width: Int

    public init(_ bits: UInt128, width: Int) {
        self.bits = bits
        self.width = width
    }

    private var mask: UInt64 { width == 64 ? .max : (1 << UInt64(width)) - 1 }

    public subscript(_ index: Int) -> UInt64 {
        get { UInt64(truncatingIfNeeded: bits >> (index * width)) & mask }
        set {
            let place = index * width
            bits = bits & ~(UInt128(mask) << place) | UInt128(newValue & mask) << place
        }
    }

    public func signed(_ index: Int) -> Int128 { Int128(Int64(bitPattern: self[index].signExtended(from: width))) }
}
