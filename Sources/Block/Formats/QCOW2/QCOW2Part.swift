import HostOS

/// A piece of a request that is all of one kind.
struct QCOW2Part {
    /// Bytes from the request's beginning, and where that is on the disk.
    var start: Int
    var count: Int
    var offset: UInt64
    var cluster: QCOW2Tables.Cluster

    /// Whether the disk's data there may be written where it is.
    var isOwn: Bool { if case .data(_, true) = cluster { true } else { false } }
}

extension QCOW2Tables {
    /// Cuts a request at clusters and joins what lies together.
    mutating func parts(_ offset: UInt64, _ count: Int) throws(HostError) -> [QCOW2Part] {
        if count == 0 { return [QCOW2Part(start: 0, count: 0, offset: offset, cluster: .absent)] }
        var parts: [QCOW2Part] = []
        var start = 0
        while start < count {
            let place = offset + UInt64(start)
            let inner = Int(place & UInt64(header.clusterSize - 1))
            let length = min(count - start, header.clusterSize - inner)
            let cluster = try cluster(place)
            if let last = parts.last, follows(last, cluster, inner) {
                parts[parts.count - 1].count += length
            } else {
                parts.append(QCOW2Part(start: start, count: length, offset: place, cluster: cluster))
            }
            start += length
        }
        return parts
    }

    private func follows(_ last: QCOW2Part, _ cluster: Cluster, _ inner: Int) -> Bool {
        switch (last.cluster, cluster) {
        case (.absent, .absent), (.zero, .zero): return true
        case (.data(let first, let isOwn), .data(let next, let isNextOwn)):
            let begin = last.offset & UInt64(header.clusterSize - 1)
            return isOwn == isNextOwn && first + begin + UInt64(last.count) == next
        default: return false
        }
    }
}
