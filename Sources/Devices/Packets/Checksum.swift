/// The Internet's checksum (RFC 1071): the one's complement of the one's complement sum of 16-bit words, highest byte first.
public struct Checksum {
    private var sum: UInt64 = 0

    public init() {}

    /// Adds bytes that begin at an even place.
    public mutating func add(_ bytes: ArraySlice<UInt8>) {
        var (high, low) = (UInt64(0), UInt64(0))
        var index = bytes.startIndex
        while index &+ 1 < bytes.endIndex {
            high &+= UInt64(bytes[index])
            low &+= UInt64(bytes[index &+ 1])
            index &+= 2
        }
        if index < bytes.endIndex { high &+= UInt64(bytes[index]) }
        sum &+= high << 8 &+ low
    }

    public mutating func add(_ word: Int) { sum &+= UInt64(word & 0xffff) }

    public var value: UInt16 {
        var folded = sum
        while folded > 0xffff { folded = folded & 0xffff &+ folded >> 16 }
        return ~UInt16(folded)
    }
}

extension Array where Element == UInt8 {
    /// Two bytes of a packet as a number, highest first.
    public func half(_ offset: Int) -> Int { Int(self[offset]) << 8 | Int(self[offset + 1]) }

    public mutating func setHalf(_ offset: Int, _ value: Int) {
        self[offset] = UInt8(truncatingIfNeeded: value >> 8)
        self[offset + 1] = UInt8(truncatingIfNeeded: value)
    }

    /// Finishes a checksum that its sender has begun: at `start` + `offset` is the sum of what does not stand behind `start`. False if those
    /// places are not in the packet.
    public mutating func finishChecksum(start: Int, offset: Int) -> Bool {
        guard start + offset + 2 <= count else { return false }
        var sum = Checksum()
        sum.add(self[start...])
        // All ones stand for nothing too; a UDP checksum of zero would mean that there is none.
        setHalf(start + offset, sum.value == 0 ? 0xffff : Int(sum.value))
        return true
    }
}
