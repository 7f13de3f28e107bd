/// A set of sectors, kept as bits by the page so that an untouched disk takes nothing.
struct SectorSet {
    private static let perPage: UInt64 = 1 << 15
    private var pages: [UInt64: [UInt64]] = [:]

    mutating func insert(_ sectors: Range<UInt64>) {
        var start = sectors.lowerBound
        while start < sectors.upperBound {
            let page = start / SectorSet.perPage
            let end = min(sectors.upperBound, (page + 1) * SectorSet.perPage)
            let bits = (start - page * SectorSet.perPage)..<(end - page * SectorSet.perPage)
            SectorSet.set(bits, in: &pages[page, default: Array(repeating: 0, count: Int(SectorSet.perPage / 64))])
            start = end
        }
    }

    private static func set(_ bits: Range<UInt64>, in words: inout [UInt64]) {
        for bit in bits { words[Int(bit / 64)] |= 1 << (bit % 64) }
    }

    func contains(_ sector: UInt64) -> Bool {
        let (page, bit) = sector.quotientAndRemainder(dividingBy: SectorSet.perPage)
        return pages[page].map { $0[Int(bit / 64)] >> (bit % 64) & 1 != 0 } ?? false
    }

    /// All sectors of the set, in order.
    var ranges: [Range<UInt64>] {
        pages.keys.sorted().flatMap { page in
            runs(page * SectorSet.perPage..<(page + 1) * SectorSet.perPage).filter(\.isMember).map(\.sectors)
        }
    }

    /// Cuts a range where membership changes. An empty range is one run.
    func runs(_ sectors: Range<UInt64>) -> [(sectors: Range<UInt64>, isMember: Bool)] {
        guard let first = sectors.first else { return [(sectors, false)] }
        var runs: [(sectors: Range<UInt64>, isMember: Bool)] = []
        var (start, isMember) = (first, contains(first))
        for sector in sectors.dropFirst() where contains(sector) != isMember {
            runs.append((start..<sector, isMember))
            (start, isMember) = (sector, !isMember)
        }
        return runs + [(start..<sectors.upperBound, isMember)]
    }
}
