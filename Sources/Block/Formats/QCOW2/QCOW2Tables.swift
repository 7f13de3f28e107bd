import HostOS

/// Where the clusters of an image's disk are: L1 and L2 tables and reference counts. Read when they are needed, changed in memory, and written down by
/// `write…` in an order in which nothing on the disk ever leads to what is not there.
struct QCOW2Tables {
    enum Cluster: Equatable {
        /// As in the backing file, or zeros.
        case absent
        /// Zeros, with a cluster kept for it or without.
        case zero(kept: UInt64?)
        /// At an offset in the file; `isOwn` if nobody else uses the cluster, so that it may be written.
        case data(UInt64, isOwn: Bool)
        case compressed(UInt64, count: Int)
    }

    private enum Entry {
        static let copied: UInt64 = 1 << 63, compressed: UInt64 = 1 << 62, zero: UInt64 = 1, offset: UInt64 = 0x00ff_ffff_ffff_fe00
    }

    let file: HostFile
    private(set) var header: QCOW2Header
    private(set) var refcounts: QCOW2Refcounts
    private var l1: [UInt64]
    private var isL1Dirty = false
    private var l2: [Int: [UInt64]] = [:]
    private var dirtyL2: Set<Int> = []
    /// Tables that have been handed out to be written, and are not on the disk yet.
    private var writingL2: Set<Int> = []
    /// When each table was last looked at; those that need not be written may go.
    private var uses: [Int: UInt64] = [:]
    private var clock: UInt64 = 0

    /// Tables, and blocks of counts, that are kept in memory: a table is as large as a cluster, up to 2 MiB.
    static func mostTables(_ header: QCOW2Header) -> Int { max(8, (16 << 20) >> header.clusterBits) }

    init(_ file: HostFile, _ header: QCOW2Header) throws(HostError) {
        (self.file, self.header) = (file, header)
        refcounts = try QCOW2Refcounts(file, header)
        let bytes = try file.read(at: header.l1Offset, count: header.l1Entries * 8)
        l1 = (0..<header.l1Entries).map { bytes.bigEndian(at: 8 * $0) ?? 0 }
    }

    private var clusterMask: UInt64 { UInt64(header.clusterSize - 1) }

    private func place(_ offset: UInt64) -> (l1: Int, l2: Int) {
        let cluster = offset >> UInt64(header.clusterBits)
        return (Int(cluster / UInt64(header.l2Entries)), Int(cluster % UInt64(header.l2Entries)))
    }

    // MARK: Looking up

    /// What there is at an offset of the disk.
    mutating func cluster(_ offset: UInt64) throws(HostError) -> Cluster {
        let (first, second) = place(offset)
        guard first < l1.count, l1[first] & Entry.offset != 0 else { return .absent }
        try load(first)
        return try decode(l2[first]?[second] ?? 0)
    }

    private func decode(_ entry: UInt64) throws(HostError) -> Cluster {
        if entry & Entry.compressed != 0 {
            let bits = UInt64(62 - (header.clusterBits - 8))
            let start = entry & (1 << bits - 1)
            let sectors = Int(entry >> bits & (1 << (62 - bits) - 1))
            return .compressed(start, count: (sectors + 1) * 512 - Int(start & 511))
        }
        let place = entry & Entry.offset
        guard place & clusterMask == 0 else { throw QCOW2Error.damaged(file, "a cluster is not aligned") }
        if entry & Entry.zero != 0, header.version >= 3 { return .zero(kept: place == 0 ? nil : place) }
        return place == 0 ? .absent : .data(place, isOwn: entry & Entry.copied != 0)
    }

    private mutating func load(_ index: Int) throws(HostError) {
        clock += 1
        uses[index] = clock
        guard l2[index] == nil else { return }
        let place = l1[index] & Entry.offset
        guard place & clusterMask == 0 else { throw QCOW2Error.damaged(file, "an L2 table is not aligned") }
        let bytes = try file.read(at: place, count: header.clusterSize)
        guard bytes.count == header.clusterSize else { throw QCOW2Error.damaged(file, "an L2 table lies outside") }
        if l2.count >= QCOW2Tables.mostTables(header) { forgetOldest() }
        l2[index] = (0..<header.l2Entries).map { bytes.bigEndian(at: 8 * $0) ?? 0 }
    }

    private mutating func forgetOldest() {
        let clean = l2.keys.filter { !dirtyL2.contains($0) && !writingL2.contains($0) }
        guard let oldest = clean.min(by: { uses[$0, default: 0] < uses[$1, default: 0] }) else { return }
        (l2[oldest], uses[oldest]) = (nil, nil)
    }

    // MARK: Changing

    /// A new cluster of the file for the disk's data: its offset.
    mutating func allocate() throws(HostError) -> UInt64 { try refcounts.allocate() << UInt64(header.clusterBits) }

    /// A cluster that turns out not to be needed.
    mutating func giveBack(_ place: UInt64) { refcounts.release(place >> UInt64(header.clusterBits)) }

    /// From now on a cluster of the disk is at a place that was allocated for it.
    mutating func set(_ offset: UInt64, to place: UInt64) throws(HostError) { try replace(offset, by: place | Entry.copied) }

    /// From now on it is zeros. False if the format cannot say so.
    ///
    /// - Parameter keeping: whether a cluster of its own stays its own.
    mutating func setZero(_ offset: UInt64, hasBacking: Bool, keeping: Bool) throws(HostError) -> Bool {
        guard header.version >= 3 || !hasBacking && !keeping else { return false }
        let old = try cluster(offset)
        if !hasBacking, old == .absent { return true }
        if keeping, case .data(let place, true) = old {
            let (first, second) = self.place(offset)
            try makeOwn(first)
            l2[first]?[second] = place | Entry.copied | Entry.zero
            dirtyL2.insert(first)
            return true
        }
        try replace(offset, by: header.version >= 3 && hasBacking ? Entry.zero : 0)
        return true
    }

    private mutating func replace(_ offset: UInt64, by entry: UInt64) throws(HostError) {
        let (first, second) = place(offset)
        try makeOwn(first)
        let old = try decode(l2[first]?[second] ?? 0)
        l2[first]?[second] = entry
        dirtyL2.insert(first)
        release(old)
    }

    private mutating func release(_ old: Cluster) {
        switch old {
        case .absent, .zero(nil): break
        case .zero(let kept?): giveBack(kept)
        case .data(let place, _): giveBack(place)
        case .compressed(let start, let count):
            let first = start >> UInt64(header.clusterBits), last = (start + UInt64(count) - 1) >> UInt64(header.clusterBits)
            for cluster in first...last { refcounts.release(cluster) }
        }
    }

    /// Sees to it that an L2 table is there and nobody else's.
    private mutating func makeOwn(_ index: Int) throws(HostError) {
        let old = l1[index] & Entry.offset
        if old != 0 { try load(index) }
        if old != 0, l1[index] & Entry.copied != 0 { return }
        let place = try allocate()
        if old == 0 { l2[index] = [UInt64](repeating: 0, count: header.l2Entries) } else { giveBack(old) }
        l1[index] = place | Entry.copied
        isL1Dirty = true
        dirtyL2.insert(index)
    }

    // MARK: Writing down

    var isDirty: Bool { !dirtyL2.isEmpty || isL1Dirty || refcounts.isDirty || !refcounts.leaving.isEmpty }

    /// First, and then what is written must be on stable storage: counts, and the data that has been written before.
    mutating func writeCounts() throws(HostError) { try refcounts.write() }

    /// What leads to data that is on stable storage: L2 tables as they are at one moment.
    struct Links {
        fileprivate var tables: [(place: UInt64, bytes: [UInt8])] = []
        fileprivate var l1: [UInt8]?
        fileprivate var leaving = 0
    }

    /// The links to write down after the counts are stable.
    mutating func takeLinks() -> Links {
        var links = Links()
        for index in dirtyL2.sorted() {
            guard let table = l2[index] else { continue }
            links.tables.append((l1[index] & Entry.offset, table.flatMap(bigEndianBytes)))
        }
        if isL1Dirty { links.l1 = l1.flatMap(bigEndianBytes) }
        links.leaving = refcounts.leaving.count
        writingL2 = dirtyL2
        (dirtyL2, isL1Dirty) = ([], false)
        return links
    }

    func write(_ links: Links) throws(HostError) {
        for table in links.tables { try file.write(at: table.place, table.bytes) }
        guard let l1 = links.l1 else { return }
        try file.synchronize()
        try file.write(at: header.l1Offset, l1)
    }

    /// The links are stable and nothing is under way: what they led to before may be used again.
    ///
    /// - Returns: where nobody's clusters are now.
    mutating func free(_ links: Links) throws(HostError) -> [UInt64] {
        writingL2 = []
        return try refcounts.free(links.leaving).map { $0 << UInt64(header.clusterBits) }
    }

    /// The links could not be written, or not surely: they are still to be.
    mutating func putBack(_ links: Links) {
        dirtyL2.formUnion(writingL2)
        writingL2 = []
        isL1Dirty = isL1Dirty || links.l1 != nil
    }

    /// The links are stable, and something is under way that may use what they led to before.
    mutating func keepLeaving() { writingL2 = [] }
}
