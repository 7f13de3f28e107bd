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
        let ordered = rows.sorted { $0.mask.nonzeroBitCount > $1.mask.nonzeroBitCount }
        let starts = UnsafeMutablePointer<Int32>.allocate(capacity: buckets + 1)
        unsafe starts.initialize(repeating: 0, count: buckets + 1)
        for row in ordered { DecodeTable.forEachBucket(of: row, key) { unsafe starts[$0 + 1] += 1 } }
        for bucket in 0..<buckets { unsafe starts[bucket + 1] += starts[bucket] }
        let entries = unsafe UnsafeMutablePointer<Entry>.allocate(capacity: max(Int(starts[buckets]), 1))
        var ends = (0..<buckets).map { unsafe Int(starts[$0]) }
        for row in ordered {
            let entry = Entry(mask: row.mask, match: row.match, features: row.features, id: Int32(row.id))
            DecodeTable.forEachBucket(of: row, key) { bucket in
                unsafe (entries + ends[bucket]).initialize(to: entry)
                ends[bucket] += 1
            }
        }
        unsafe self.starts = unsafe starts
        unsafe self.entries = unsafe entries
    }

    deinit {
        unsafe starts.deallocate()
        unsafe entries.deallocate()
    }

    /// The buckets of the keys that a row's bits may have: its fixed bits with every choice of the others.
    private static func forEachBucket(of row: DecodeRow, _ key: Key, _ body: (Int) -> Void) {
        let fixed = key.index(row.match)
        let free = ~key.index(row.mask) & ((1 << Int(key.count1 + key.count2)) - 1)
        var choice = 0
        repeat {
            body(fixed | choice)
            choice = (choice &- free) & free
        } while choice != 0
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
