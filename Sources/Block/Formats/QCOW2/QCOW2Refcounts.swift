import HostOS

/// How often each cluster of an image's file is in use (qcow2, "Host cluster management"). Blocks of counts are read when they are needed and kept.
struct QCOW2Refcounts {
    private let file: HostFile
    private var header: QCOW2Header
    private var table: [UInt64]
    private var blocks: [Int: [UInt8]] = [:]
    private var dirtyBlocks: Set<Int> = []
    private var isTableDirty = false
    /// Where to look for the next free cluster.
    private var hint: UInt64 = 1
    /// Clusters whose last use is gone, as soon as nothing on the disk leads there any more.
    private(set) var leaving: [UInt64] = []

    init(_ file: HostFile, _ header: QCOW2Header) throws(HostError) {
        (self.file, self.header) = (file, header)
        let bytes = try file.read(at: header.refcountOffset, count: header.refcountClusters << header.clusterBits)
        table = (0..<bytes.count / 8).map { (bytes.bigEndian(at: 8 * $0) ?? 0) & ~0x1ff }
    }

    var isDirty: Bool { !dirtyBlocks.isEmpty || isTableDirty }

    private func place(_ cluster: UInt64) -> (block: Int, entry: Int) {
        let (block, entry) = cluster.quotientAndRemainder(dividingBy: UInt64(header.refcountsInBlock))
        return (Int(clamping: block), Int(entry))
    }

    private mutating func load(_ block: Int) throws(HostError) {
        guard blocks[block] == nil else { return }
        guard block < table.count, table[block] & UInt64(header.clusterSize - 1) == 0, table[block] < 1 << 56 else {
            throw QCOW2Error.damaged(file, "a refcount block lies outside")
        }
        let bytes = try file.read(at: table[block], count: header.clusterSize)
        if blocks.count >= QCOW2Tables.mostTables(header), let clean = blocks.keys.first(where: { !dirtyBlocks.contains($0) }) { blocks[clean] = nil }
        blocks[block] = bytes + [UInt8](repeating: 0, count: header.clusterSize - bytes.count)
    }

    /// Blocks of counts that are there, and where.
    var places: [(block: Int, cluster: UInt64)] {
        table.enumerated().compactMap { $0.element == 0 ? nil : ($0.offset, $0.element >> UInt64(header.clusterBits)) }
    }

    // MARK: Counts

    mutating func count(_ cluster: UInt64) throws(HostError) -> UInt64 {
        let (block, entry) = place(cluster)
        guard block < table.count, table[block] != 0 else { return 0 }
        try load(block)
        guard let bytes = blocks[block] else { return 0 }
        let order = header.refcountOrder
        if order < 3 {
            let bit = entry << order
            return UInt64(bytes[bit >> 3] >> UInt8(bit & 7)) & (1 << (1 << UInt64(order)) - 1)
        }
        let width = 1 << (order - 3)
        return (0..<width).reduce(0) { $0 << 8 | UInt64(bytes[entry * width + $1]) }
    }

    /// The most that a count can be.
    private var largest: UInt64 { header.refcountOrder == 6 ? .max : (1 << (1 << UInt64(header.refcountOrder))) - 1 }

    mutating func set(_ cluster: UInt64, _ value: UInt64) throws(HostError) {
        guard value <= largest else { throw QCOW2Error.damaged(file, "a cluster is used too often") }
        let (block, entry) = place(cluster)
        try load(block)
        let order = header.refcountOrder
        if order < 3 {
            let bit = entry << order
            let mask = UInt8((1 << (1 << order)) - 1) << UInt8(bit & 7)
            blocks[block]?[bit >> 3] &= ~mask
            blocks[block]?[bit >> 3] |= UInt8(truncatingIfNeeded: value) << UInt8(bit & 7)
        } else {
            let width = 1 << (order - 3)
            for index in 0..<width { blocks[block]?[entry * width + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * (width - 1 - index))) }
        }
        dirtyBlocks.insert(block)
    }

    /// Counts a cluster more or less often.
    mutating func change(_ cluster: UInt64, by change: Int) throws(HostError) {
        let old = try count(cluster)
        guard change > 0 || old > 0 else { throw QCOW2Error.damaged(file, "a cluster in use is counted as free") }
        if change > 0, old >= largest {
            throw HostError(
                "count a cluster of '\(file.path)' once more", errno: notSupportedNumber,
                remedy:
                    "images whose counts have \(1 << header.refcountOrder) bits hold no more snapshots; qemu-img convert -o refcount_bits=16 makes another"
            )
        }
        try set(cluster, change > 0 ? old + 1 : old - 1)
        if change < 0, old == 1 { hint = max(1, min(hint, cluster)) }
    }

    // MARK: Taking and giving back

    /// Clusters that nobody uses and that lie together, now used once, from a cluster on.
    mutating func allocate(together count: Int, from start: UInt64) throws(HostError) -> UInt64 {
        var first = max(start, 1)
        var next = first
        while next < first + UInt64(count) {
            let (block, _) = place(next)
            if block >= table.count { try grow() }
            if table[block] == 0 { try addBlock(block) }
            if try self.count(next) != 0 { first = next + 1 }
            next += 1
        }
        for cluster in first..<first + UInt64(count) { try set(cluster, 1) }
        return first
    }

    /// A cluster that nobody uses, now used once.
    mutating func allocate() throws(HostError) -> UInt64 {
        while true {
            let (block, _) = place(hint)
            if block >= table.count { try grow() }
            if table[block] == 0 { try addBlock(block) }
            defer { hint += 1 }
            if try count(hint) == 0 {
                try set(hint, 1)
                return hint
            }
        }
    }

    /// Puts a block of counts into the first cluster that it counts: behind the last block there is nothing.
    private mutating func addBlock(_ block: Int) throws(HostError) {
        let cluster = UInt64(block) * UInt64(header.refcountsInBlock)
        table[block] = cluster << UInt64(header.clusterBits)
        isTableDirty = true
        blocks[block] = [UInt8](repeating: 0, count: header.clusterSize)
        try set(cluster, 1)
    }

    /// Puts a larger table, with the block that counts it, behind everything that the old one can count.
    private mutating func grow() throws(HostError) {
        let before = self
        do throws(HostError) { try writeLargerTable() } catch {
            // On the disk the old one is still the image's.
            self = before
            throw error
        }
        // Offset and clusters lie together in the image's header.
        try file.write(at: 48, bigEndianBytes(header.refcountOffset) + bigEndianBytes(UInt32(header.refcountClusters)))
        try file.synchronize()
        let place = before.header.refcountOffset >> UInt64(header.clusterBits)
        for cluster in place..<place + UInt64(before.header.refcountClusters) { release(cluster) }
    }

    private mutating func writeLargerTable() throws(HostError) {
        let oldEntries = table.count
        let first = UInt64(oldEntries) * UInt64(header.refcountsInBlock)
        let clusters = min(2 * header.refcountClusters, header.refcountsInBlock - 1)
        guard clusters > header.refcountClusters else {
            throw HostError("take space in '\(file.path)'", errno: noSpaceLeft, remedy: "qemu-img convert makes an image with larger clusters")
        }
        table += [UInt64](repeating: 0, count: (clusters << header.clusterBits) / 8 - oldEntries)
        try addBlock(oldEntries)
        for cluster in first + 1...first + UInt64(clusters) { try set(cluster, 1) }
        (header.refcountOffset, header.refcountClusters) = ((first + 1) << UInt64(header.clusterBits), clusters)
        try write()
        try file.synchronize()
    }

    /// One use less, once the tables on the disk say so too.
    mutating func release(_ cluster: UInt64) { leaving.append(cluster) }

    /// The tables are on the disk and nothing is under way: what has left is free.
    ///
    /// - Returns: the clusters that are free now.
    mutating func free(_ clusters: Int) throws(HostError) -> [UInt64] {
        var free: [UInt64] = []
        let gone = leaving.prefix(clusters)
        leaving.removeFirst(gone.count)
        for cluster in gone {
            let old = try count(cluster)
            guard old > 0 else { throw QCOW2Error.damaged(file, "a cluster in use is counted as free") }
            try set(cluster, old - 1)
            guard old == 1 else { continue }
            hint = max(1, min(hint, cluster))
            free.append(cluster)
        }
        return free
    }

    /// Writes down what has changed; the table is written after the blocks that it leads to.
    mutating func write() throws(HostError) {
        for block in dirtyBlocks.sorted() { if let bytes = blocks[block] { try file.write(at: table[block], bytes) } }
        dirtyBlocks = []
        guard isTableDirty else { return }
        try file.synchronize()
        try file.write(at: header.refcountOffset, table.flatMap(bigEndianBytes))
        isTableDirty = false
    }
}

/// What is wrong with an image's tables. The requests that meet it fail with EIO.
enum QCOW2Error {
    static func damaged(_ file: HostFile, _ what: String) -> HostError {
        HostError("use '\(file.path)': \(what)", errno: inputOutputError, remedy: "qemu-img check tells more")
    }
}
