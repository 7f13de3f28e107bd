import HostOS

/// Makes, deletes and restores the snapshots of an image that nobody uses meanwhile: everything is on the disk before and after each step.
///
/// What a snapshot is made of is counted first, then it is made known, and what nobody leads to any more is counted last: whatever ends the emulator in between leaves clusters
/// that are counted too often, no cluster that is counted too seldom. The image is marked as dirty meanwhile, so that the next one who opens it counts anew (`recount`).
struct QCOW2SnapshotStore {
    enum Entry {
        static let copied: UInt64 = 1 << 63, compressed: UInt64 = 1 << 62, offset: UInt64 = 0x00ff_ffff_ffff_fe00
    }

    let file: HostFile
    private(set) var header: QCOW2Header
    var refcounts: QCOW2Refcounts
    private(set) var list: [QCOW2Snapshot]
    /// Bytes of the table of snapshots that is in the file.
    private(set) var tableBytes: Int

    init(_ file: HostFile, _ header: QCOW2Header) throws(HostError) {
        (self.file, self.header) = (file, header)
        refcounts = try QCOW2Refcounts(file, header)
        (list, tableBytes) = ([], 0)
        guard header.snapshots > 0 else { return }
        let bytes = try file.read(at: header.snapshotOffset, count: QCOW2SnapshotStore.mostTableBytes)
        guard let list = QCOW2Snapshot.table(bytes, header) else { throw QCOW2Error.damaged(file, "the table of snapshots is damaged") }
        (self.list, tableBytes) = (list, list.reduce(0) { $0 + $1.encoded.count })
    }

    /// QEMU takes no larger table either.
    private static let mostTableBytes = 64 << 20

    var bits: UInt64 { UInt64(header.clusterBits) }
    func clusters(_ bytes: Int) -> Int { (bytes + header.clusterSize - 1) >> header.clusterBits }

    /// Entries of the L1 table that are the disk's; behind them lies the machine's state.
    private var diskEntries: Int { Int((header.size + header.l2Span - 1) / header.l2Span) }

    // MARK: Tables

    func readL1(_ offset: UInt64, _ entries: Int) throws(HostError) -> [UInt64] {
        let bytes = try file.read(at: offset, count: entries * 8)
        guard bytes.count == entries * 8 else { throw QCOW2Error.damaged(file, "an L1 table lies outside") }
        return (0..<entries).map { bytes.bigEndian(at: 8 * $0) ?? 0 }
    }

    func readL2(_ entry: UInt64) throws(HostError) -> [UInt64] {
        let place = entry & Entry.offset
        let bytes = try file.read(at: place, count: header.clusterSize)
        guard place & UInt64(header.clusterSize - 1) == 0, bytes.count == header.clusterSize else {
            throw QCOW2Error.damaged(file, "an L2 table lies outside")
        }
        return (0..<header.l2Entries).map { bytes.bigEndian(at: 8 * $0) ?? 0 }
    }

    /// The clusters that an entry of an L2 table leads to.
    func clusters(of entry: UInt64) -> ClosedRange<UInt64>? {
        if entry & Entry.compressed != 0 {
            let bits = UInt64(62 - (header.clusterBits - 8))
            let start = entry & (1 << bits - 1)
            let count = ((entry >> bits & (1 << (62 - bits) - 1)) + 1) * 512 - start & 511
            return start >> self.bits...(start + count - 1) >> self.bits
        }
        let place = entry & Entry.offset
        return place == 0 ? nil : place >> bits...place >> bits
    }

    /// Counts everything that an L1 table leads to once more, or once less.
    private mutating func count(_ l1: [UInt64], by change: Int) throws(HostError) {
        for entry in l1 where entry & Entry.offset != 0 {
            try refcounts.change((entry & Entry.offset) >> bits, by: change)
            for inner in try readL2(entry) {
                if let clusters = clusters(of: inner) { for cluster in clusters { try refcounts.change(cluster, by: change) } }
            }
        }
    }

    mutating func writeCounts() throws(HostError) {
        // A larger table of counts may have taken the place of another.
        _ = try refcounts.free(refcounts.leaving.count)
        try refcounts.write()
        try file.synchronize()
    }

    /// Writes anew in the tables of the disk which clusters are its own.
    mutating func markOwn() throws(HostError) {
        var l1 = try readL1(header.l1Offset, header.l1Entries)
        for index in l1.indices where l1[index] & Entry.offset != 0 {
            var l2 = try readL2(l1[index])
            let before = l2
            for inner in l2.indices where l2[inner] & Entry.compressed == 0 && l2[inner] & Entry.offset != 0 {
                l2[inner] = try marked(l2[inner])
            }
            if l2 != before { try file.write(at: l1[index] & Entry.offset, l2.flatMap(bigEndianBytes)) }
            l1[index] = try marked(l1[index])
        }
        try file.write(at: header.l1Offset, l1.flatMap(bigEndianBytes))
        try file.synchronize()
    }

    private mutating func marked(_ entry: UInt64) throws(HostError) -> UInt64 {
        let isOwn = try refcounts.count((entry & Entry.offset) >> bits) == 1
        return isOwn ? entry | Entry.copied : entry & ~Entry.copied
    }

    /// Puts bytes into clusters of their own that lie together.
    private mutating func writeTogether(_ bytes: [UInt8]) throws(HostError) -> UInt64 {
        let first = try refcounts.allocate(together: max(clusters(bytes.count), 1), from: (try file.size() + UInt64(header.clusterSize) - 1) >> bits)
        try file.write(at: first << bits, bytes + [UInt8](repeating: 0, count: max(clusters(bytes.count), 1) * header.clusterSize - bytes.count))
        return first << bits
    }

    private mutating func release(_ offset: UInt64, bytes: Int) throws(HostError) {
        for cluster in 0..<UInt64(clusters(bytes)) { try refcounts.change(offset >> bits + cluster, by: -1) }
    }

    /// Makes another list of snapshots the image's.
    private mutating func replaceList(_ new: [QCOW2Snapshot]) throws(HostError) {
        let (old, oldBytes) = (header.snapshotOffset, tableBytes)
        let bytes = new.flatMap(\.encoded)
        let place = new.isEmpty ? 0 : try writeTogether(bytes)
        try writeCounts()
        // Count and offset lie together in the image's header.
        try file.write(at: 60, bigEndianBytes(UInt32(new.count)) + bigEndianBytes(place))
        try file.synchronize()
        (header.snapshots, header.snapshotOffset, list, tableBytes) = (new.count, place, new, bytes.count)
        if oldBytes > 0 { try release(old, bytes: oldBytes) }
    }

    // MARK: What can be done

    /// Makes the disk larger. An L1 table that is too short for it is copied to where there is room.
    ///
    /// - Parameter size: bytes, more than now.
    mutating func grow(to size: UInt64) throws(HostError) {
        let (old, oldEntries) = (header.l1Offset, header.l1Entries)
        var (place, entries) = (old, oldEntries)
        let wanted = size / header.l2Span + (size % header.l2Span == 0 ? 0 : 1)
        guard wanted <= 4 << 20 else {
            throw HostError("make '\(file.path)' so large", errno: notSupportedNumber, remedy: "larger clusters (cluster_size=) allow it")
        }
        if wanted > UInt64(oldEntries) {
            entries = Int(wanted)
            let table = try readL1(old, oldEntries) + [UInt64](repeating: 0, count: entries - oldEntries)
            place = try writeTogether(table.flatMap(bigEndianBytes))
            try writeCounts()
            try file.synchronize()
        }
        // Size, method of encryption, length and place of the table lie together in the image's header.
        try file.write(at: 24, bigEndianBytes(size) + bigEndianBytes(0 as UInt32) + bigEndianBytes(UInt32(entries)) + bigEndianBytes(place))
        try file.synchronize()
        (header.size, header.l1Offset, header.l1Entries) = (size, place, entries)
        guard place != old else { return }
        try release(old, bytes: oldEntries * 8)
        try writeCounts()
    }

    /// Keeps the disk as it is.
    ///
    /// - Parameter state: the machine's state; nil for none.
    mutating func create(name: String, time: (seconds: UInt32, nanoseconds: UInt32), clock: UInt64, state: QCOW2StateWriter.Result?) throws(HostError)
    {
        let disk = try readL1(header.l1Offset, header.l1Entries)
        if let state { refcounts = state.refcounts }
        try count(Array(disk.prefix(diskEntries)), by: 1)
        var l1 = disk.prefix(diskEntries).map { $0 & ~Entry.copied }
        for start in stride(from: 0, to: state?.places.count ?? 0, by: header.l2Entries) {
            let places = state?.places[start..<min(start + header.l2Entries, state?.places.count ?? 0)] ?? []
            var table = places.map { $0 | Entry.copied }
            table += [UInt64](repeating: 0, count: header.l2Entries - table.count)
            l1.append(try writeTogether(table.flatMap(bigEndianBytes)) | Entry.copied)
        }
        let place = try writeTogether(l1.flatMap(bigEndianBytes))
        try writeCounts()
        try markOwn()
        let id = (list.compactMap { UInt64($0.id) }.max() ?? 0) + 1
        let new = QCOW2Snapshot(
            id: "\(id)", name: name, seconds: time.seconds, nanoseconds: time.nanoseconds, clock: clock, stateSize: state?.size ?? 0,
            diskSize: header.size, l1Offset: place, l1Entries: l1.count)
        try replaceList(list + [new])
        try writeCounts()
    }

    mutating func delete(_ index: Int) throws(HostError) {
        let old = list[index]
        let l1 = try readL1(old.l1Offset, old.l1Entries)
        var left = list
        left.remove(at: index)
        try replaceList(left)
        try count(l1, by: -1)
        try release(old.l1Offset, bytes: old.l1Entries * 8)
        try writeCounts()
        try markOwn()
    }

    /// Makes the disk what it was.
    mutating func restore(_ index: Int) throws(HostError) {
        let snapshot = list[index]
        guard snapshot.diskSize == header.size else {
            throw HostError("restore '\(snapshot.name)': the disk had \(snapshot.diskSize) bytes then", errno: notSupportedNumber)
        }
        let before = try readL1(header.l1Offset, header.l1Entries)
        let kept = try readL1(snapshot.l1Offset, snapshot.l1Entries)
        var disk = kept.prefix(min(diskEntries, header.l1Entries)).map { $0 & ~Entry.copied }
        disk += [UInt64](repeating: 0, count: header.l1Entries - disk.count)
        try count(disk, by: 1)
        try writeCounts()
        try file.write(at: header.l1Offset, disk.flatMap(bigEndianBytes))
        try file.synchronize()
        try count(before, by: -1)
        try writeCounts()
        try markOwn()
    }

    /// Where the clusters of a snapshot's machine state are.
    func statePlaces(_ index: Int) throws(HostError) -> [UInt64] {
        let snapshot = list[index]
        let l1 = try readL1(snapshot.l1Offset, snapshot.l1Entries)
        var places: [UInt64] = []
        for entry in l1.dropFirst(diskEntries) {
            if entry & Entry.offset == 0 { throw QCOW2Error.damaged(file, "the machine's state of '\(snapshot.name)' has a hole") }
            places += try readL2(entry).map { $0 & Entry.offset }
        }
        let wanted = Int((snapshot.stateSize + UInt64(header.clusterSize) - 1) >> bits)
        guard places.count >= wanted, !places.prefix(wanted).contains(0) else {
            throw QCOW2Error.damaged(file, "the machine's state of '\(snapshot.name)' is cut off")
        }
        return Array(places.prefix(wanted))
    }
}

/// Takes a machine's state into clusters that nothing leads to yet.
public struct QCOW2StateWriter {
    struct Result {
        var places: [UInt64]
        var size: UInt64
        var refcounts: QCOW2Refcounts
    }

    private let file: HostFile
    private let header: QCOW2Header
    private var refcounts: QCOW2Refcounts
    private var buffer: [UInt8] = []
    private var places: [UInt64] = []
    private var size: UInt64 = 0

    init(_ file: HostFile, _ header: QCOW2Header) throws(HostError) {
        (self.file, self.header) = (file, header)
        refcounts = try QCOW2Refcounts(file, header)
    }

    public mutating func append(_ bytes: [UInt8]) throws(HostError) {
        buffer += bytes
        size += UInt64(bytes.count)
        let whole = buffer.count >> header.clusterBits
        guard whole >= max(1, (1 << 20) >> header.clusterBits) else { return }
        try write(whole)
    }

    private mutating func write(_ count: Int) throws(HostError) {
        var new: [UInt64] = []
        for _ in 0..<count { new.append(try refcounts.allocate() << UInt64(header.clusterBits)) }
        var index = 0
        while index < count {
            var run = 1
            while index + run < count, new[index + run] == new[index] + UInt64(run << header.clusterBits) { run += 1 }
            try file.write(at: new[index], Array(buffer[index << header.clusterBits..<(index + run) << header.clusterBits]))
            index += run
        }
        places += new
        buffer.removeFirst(count << header.clusterBits)
    }

    mutating func finish() throws(HostError) -> Result {
        if !buffer.isEmpty {
            buffer += [UInt8](repeating: 0, count: header.clusterSize - buffer.count & (header.clusterSize - 1))
            try write(buffer.count >> header.clusterBits)
        }
        return Result(places: places, size: size, refcounts: refcounts)
    }
}

extension QCOW2Image {
    public func snapshots() throws(HostError) -> [QCOW2Snapshot] { try QCOW2SnapshotStore(metadata, header).list }

    /// Keeps the disk as it is. Nothing may be under way.
    ///
    /// - Parameter state: hands the machine's state over, if it is to be kept here.
    public func createSnapshot(
        name: String, time: (seconds: UInt32, nanoseconds: UInt32), clock: UInt64, state: ((inout QCOW2StateWriter) throws(HostError) -> Void)?
    ) throws(HostError) {
        try alone { header throws(HostError) in
            var result: QCOW2StateWriter.Result?
            if let state {
                var writer = try QCOW2StateWriter(self.metadata, header)
                try state(&writer)
                result = try writer.finish()
            }
            var store = try QCOW2SnapshotStore(self.metadata, header)
            try store.create(name: name, time: time, clock: clock, state: result)
        }
    }

    public func deleteSnapshot(_ index: Int) throws(HostError) {
        try alone { header throws(HostError) in
            var store = try QCOW2SnapshotStore(self.metadata, header)
            try store.delete(index)
        }
    }

    public func restoreSnapshot(_ index: Int) throws(HostError) {
        try alone { header throws(HostError) in
            var store = try QCOW2SnapshotStore(self.metadata, header)
            try store.restore(index)
        }
    }

    /// Reads the machine's state of a snapshot from the beginning: gives exactly so many bytes, an error behind the end.
    public func snapshotState(_ index: Int) throws(HostError) -> (Int) throws(HostError) -> [UInt8] {
        let store = try QCOW2SnapshotStore(metadata, header)
        let places = try store.statePlaces(index)
        let (size, clusterSize, file) = (Int(store.list[index].stateSize), header.clusterSize, metadata)
        var position = 0
        return { count throws(HostError) in
            guard count <= size - position else { throw QCOW2Error.damaged(file, "the machine's state ends before it is complete") }
            var bytes: [UInt8] = []
            while bytes.count < count {
                let inner = position & (clusterSize - 1)
                let part = min(count - bytes.count, clusterSize - inner)
                bytes += try file.read(at: places[position / clusterSize] + UInt64(inner), count: part)
                position += part
            }
            return bytes
        }
    }
}
