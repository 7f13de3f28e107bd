/// Decode rows folded into flat buckets: one look-up is an index computation and a few masked comparisons.
///
/// Made once and kept for the life of the process.
public final class DecodeTable: @unchecked Sendable {
    @usableFromInline struct Entry {
        @usableFromInline let mask: UInt32
        @usableFromInline let match: UInt32
        @usableFromInline let features: UInt64
        @usableFromInline let id: Int32
    }

    /// Two runs of bits that choose the bucket.
    public struct Key: Sendable {
        public let low1: UInt32, count1: UInt32, low2: UInt32, count2: UInt32
        public init(_ first: (low: Int, count: Int), _ second: (low: Int, count: Int)) {
            low1 = UInt32(first.low)
            count1 = UInt32(first.count)
            low2 = UInt32(second.low)
            count2 = UInt32(second.count)
        }
        @inlinable func index(_ bits: UInt32) -> Int {
            let a = (bits &>> low1) & ((1 &<< count1) &- 1)
            let b = (bits &>> low2) & ((1 &<< count2) &- 1)
            return Int(a | b &<< count1)
        }
    }

    public let rows: [DecodeRow]
    @usableFromInline let key: Key
    @usableFromInline let starts: UnsafeMutablePointer<Int32>
    @usableFromInline let entries: UnsafeMutablePointer<Entry>

    /// Folds rows into buckets. Where two rows match the same bits the one with more fixed bits comes first.
    public init(_ rows: [DecodeRow], key: Key) {
        self.rows = rows
        self.key = key
        let buckets = 1 << Int(key.count1 + key.count2)
        let keyMask = DecodeTable.spread(buckets - 1, key)
        let ordered = rows.sorted { $0.mask.nonzeroBitCount > $1.mask.nonzeroBitCount }
        var flat: [Entry] = []
        unsafe starts = .allocate(capacity: buckets + 1)
        for bucket in 0..<buckets {
            unsafe starts[bucket] = Int32(flat.count)
            let bits = DecodeTable.spread(bucket, key)
            for row in ordered where (bits ^ row.match) & row.mask & keyMask == 0 {
                flat.append(Entry(mask: row.mask, match: row.match, features: row.features, id: Int32(row.id)))
            }
        }
        unsafe starts[buckets] = Int32(flat.count)
        unsafe entries = .allocate(capacity: max(flat.count, 1))
        for (index, entry) in flat.enumerated() { unsafe (entries + index).initialize(to: entry) }
    }

    deinit {
        unsafe starts.deallocate()
        unsafe entries.deallocate()
    }

    private static func spread(_ bucket: Int, _ key: Key) -> UInt32 {
        let value = UInt32(bucket)
        return (value & ((1 << key.count1) - 1)) << key.low1 | (value >> key.count1) << key.low2
    }

    /// The id of the instruction that the bits are, among those whose features are on; -1 if there is none.
    @inlinable public func lookup(_ bits: UInt32, features: UInt64) -> Int {
        let bucket = key.index(bits)
        var index = unsafe Int(starts[bucket])
        let end = unsafe Int(starts[bucket + 1])
        while index < end {
            let entry = unsafe entries[index]
            if bits & entry.mask == entry.match, entry.features & ~features == 0 { return Int(entry.id) }
            index += 1
        }
        return -1
    }

    /// Pairs of rows that match the same bits although neither is a special case of the other. A sound table has none.
    public func ambiguities() -> [(DecodeRow, DecodeRow)] {
        var found: [(DecodeRow, DecodeRow)] = []
        for (index, first) in rows.enumerated() {
            for second in rows[(index + 1)...] where (first.match ^ second.match) & first.mask & second.mask == 0 {
                let special = first.mask & second.mask == first.mask || first.mask & second.mask == second.mask
                if !special || first.mask == second.mask, first.features == second.features { found.append((first, second)) }
            }
        }
        return found
    }
}
