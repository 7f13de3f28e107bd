/// A set of pages, a bit for each.
public struct PageSet: Sendable, Equatable {
    private var words: [UInt64]
    /// Pages in the set.
    public private(set) var count = 0

    /// - Parameter pages: one more than the highest that can be in the set.
    public init(pages: Int, all: Bool = false) {
        words = [UInt64](repeating: all ? .max : 0, count: (pages + 63) / 64)
        guard all else { return }
        if pages % 64 != 0 { words[words.count - 1] = (1 << UInt64(pages % 64)) - 1 }
        count = pages
    }

    public var isEmpty: Bool { count == 0 }

    /// No page in the set is as high.
    public var limit: Int { words.count * 64 }

    public func contains(_ page: Int) -> Bool { words[page >> 6] >> UInt64(page & 63) & 1 != 0 }

    public mutating func insert(_ page: Int) {
        if contains(page) { return }
        words[page >> 6] |= 1 << UInt64(page & 63)
        count += 1
    }

    public mutating func remove(_ page: Int) {
        guard contains(page) else { return }
        words[page >> 6] &= ~(1 << UInt64(page & 63))
        count -= 1
    }

    public mutating func formUnion(_ other: PageSet) {
        precondition(words.count == other.words.count, "sets of pages of the same memory")
        for index in words.indices { words[index] |= other.words[index] }
        count = words.reduce(0) { $0 + $1.nonzeroBitCount }
    }

    /// Takes the first page from `start` on out of the set; nil if there is none.
    public mutating func takeFirst(from start: Int = 0) -> Int? {
        var index = start >> 6
        var mask = UInt64.max << UInt64(start & 63)
        while index < words.count {
            let found = words[index] & mask
            if found != 0 {
                let bit = found.trailingZeroBitCount
                words[index] &= ~(1 << UInt64(bit))
                count -= 1
                return index << 6 | bit
            }
            (index, mask) = (index + 1, .max)
        }
        return nil
    }
}
