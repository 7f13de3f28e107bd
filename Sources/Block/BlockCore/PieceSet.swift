/// Chunks of a disk that have something in common, such as that they are to be copied.
public struct PieceSet: Equatable, Sendable {
    /// Bytes of a chunk.
    public let chunk: UInt64
    public let size: UInt64
    private var words: [UInt64]
    /// Chunks of the set.
    public private(set) var count = 0

    public init(size: UInt64, chunk: UInt64, all: Bool) {
        (self.size, self.chunk) = (size, chunk)
        let chunks = Int((size + chunk - 1) / chunk)
        words = [UInt64](repeating: all ? .max : 0, count: (chunks + 63) / 64)
        guard all else { return }
        count = chunks
        if chunks % 64 != 0 { words[words.count - 1] = 1 << UInt64(chunks % 64) - 1 }
    }

    /// Bytes of the set, as far as whole chunks go.
    public var bytes: UInt64 { UInt64(count) * chunk }

    private var chunks: Int { Int((size + chunk - 1) / chunk) }

    /// The chunks that a range touches.
    private func places(_ range: Range<UInt64>) -> Range<Int> {
        if range.isEmpty { return 0..<0 }
        let end = min(chunks, Int((range.upperBound - 1) / chunk) + 1)
        return min(Int(range.lowerBound / chunk), end)..<end
    }

    private func contains(_ place: Int) -> Bool { words[place >> 6] >> UInt64(place & 63) & 1 != 0 }

    public mutating func insert(_ range: Range<UInt64>) {
        for place in places(range) where !contains(place) {
            words[place >> 6] |= 1 << UInt64(place & 63)
            count += 1
        }
    }

    public mutating func remove(_ range: Range<UInt64>) {
        for place in places(range) where contains(place) {
            words[place >> 6] &= ~(1 << UInt64(place & 63))
            count -= 1
        }
    }

    public mutating func removeAll() {
        for index in words.indices { words[index] = 0 }
        count = 0
    }

    /// Takes in what another set holds, whose chunks may have another size.
    public mutating func formUnion(_ other: PieceSet) {
        var place: UInt64 = 0
        while let range = other.first(from: place, most: other.size, avoiding: { _ in false }) {
            insert(range)
            place = range.upperBound
            if place >= other.size { return }
        }
    }

    /// The first chunks of the set from an offset on that lie together: at most so many bytes, and nothing that `avoiding` says.
    public func first(from offset: UInt64, most: UInt64, avoiding: (Range<UInt64>) -> Bool) -> Range<UInt64>? {
        var place = Int(offset / chunk)
        while place < chunks {
            if words[place >> 6] >> UInt64(place & 63) == 0 {
                place = (place | 63) + 1
                continue
            }
            guard contains(place), !avoiding(bounds(place..<place + 1)) else {
                place += 1
                continue
            }
            var end = place + 1
            while end < chunks, UInt64(end + 1 - place) * chunk <= max(most, chunk), contains(end), !avoiding(bounds(end..<end + 1)) { end += 1 }
            return bounds(place..<end)
        }
        return nil
    }

    /// The chunks of the set that a range touches, one by one.
    public func members(_ range: Range<UInt64>) -> [Range<UInt64>] { places(range).filter(contains).map { bounds($0..<$0 + 1) } }

    private func bounds(_ places: Range<Int>) -> Range<UInt64> { UInt64(places.lowerBound) * chunk..<min(size, UInt64(places.upperBound) * chunk) }
}
