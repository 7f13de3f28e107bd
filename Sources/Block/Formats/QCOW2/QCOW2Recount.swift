import HostOS

extension QCOW2SnapshotStore {
    /// Counts anew how often each cluster is in use, after somebody ended while counts and tables did not agree (qcow2, "Incompatible features", dirty bit), and
    /// marks anew what is the disk's own. Nobody uses the image meanwhile; what nothing leads to is free afterwards.
    mutating func recount() throws(HostError) {
        var uses = Uses(file, clusters: Int((try file.size() + UInt64(header.clusterSize) - 1) >> bits))
        try uses.add(0, 1)
        try uses.add(header.refcountOffset >> bits, header.refcountClusters)
        for block in refcounts.places { try uses.add(block.cluster, 1) }
        try uses.add(header.snapshotOffset >> bits, clusters(tableBytes))
        try add(header.l1Offset, header.l1Entries, to: &uses)
        for snapshot in list { try add(snapshot.l1Offset, snapshot.l1Entries, to: &uses) }
        try set(uses)
        try writeCounts()
        try markOwn()
    }

    /// An L1 table and everything that it leads to.
    private func add(_ offset: UInt64, _ entries: Int, to uses: inout Uses) throws(HostError) {
        try uses.add(offset >> bits, clusters(entries * 8))
        for entry in try readL1(offset, entries) where entry & Entry.offset != 0 {
            try uses.add((entry & Entry.offset) >> bits, 1)
            for inner in try readL2(entry) { if let range = clusters(of: inner) { try uses.add(range.lowerBound, range.count) } }
        }
    }

    private mutating func set(_ uses: Uses) throws(HostError) {
        let inBlock = UInt64(header.refcountsInBlock)
        guard refcounts.places.allSatisfy({ uses[$0.cluster] == 1 }) else {
            throw QCOW2Error.damaged(file, "a refcount block is used for something else")
        }
        let counted = refcounts.places.map { UInt64($0.block) * inBlock..<UInt64($0.block + 1) * inBlock }
        for range in counted {
            for cluster in range {
                let wanted = uses[cluster]
                if try refcounts.count(cluster) != wanted { try refcounts.set(cluster, wanted) }
            }
        }
        let isCounted = { (cluster: UInt64) in counted.contains { $0.contains(cluster) } }
        let starts = stride(from: 0, to: uses.end, by: Int(inBlock)).map(UInt64.init)
        for start in starts where !isCounted(start) && uses.any(in: start..<start + inBlock) {
            throw QCOW2Error.damaged(file, "clusters in use are not counted at all")
        }
    }
}

/// How often each cluster of a file is led to.
private struct Uses {
    private let file: HostFile
    private var counts: [UInt32]

    init(_ file: HostFile, clusters: Int) {
        // Compressed data may be said to end a sector behind the file's end.
        (self.file, counts) = (file, [UInt32](repeating: 0, count: clusters + 1))
    }

    var end: Int { counts.count }

    subscript(cluster: UInt64) -> UInt64 { cluster < UInt64(counts.count) ? UInt64(counts[Int(cluster)]) : 0 }

    func any(in range: Range<UInt64>) -> Bool { counts[min(Int(range.lowerBound), end)..<min(Int(range.upperBound), end)].contains { $0 != 0 } }

    mutating func add(_ cluster: UInt64, _ count: Int) throws(HostError) {
        guard cluster < UInt64(end), count <= end - Int(cluster) else { throw QCOW2Error.damaged(file, "a cluster lies outside") }
        for index in Int(cluster)..<Int(cluster) + count { counts[index] += 1 }
    }
}
