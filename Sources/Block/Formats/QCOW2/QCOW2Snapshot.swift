import HostOS

/// A state of an image's disk that is kept in it (QEMU documentation, docs/interop/qcow2.txt, "Snapshots"), and perhaps what its machine was then.
public struct QCOW2Snapshot: Equatable, Sendable {
    public var id: String
    public var name: String
    /// When it was made, since 1970.
    public var seconds: UInt32
    public var nanoseconds: UInt32
    /// What the machine's virtual clock showed, in nanoseconds.
    public var clock: UInt64
    /// Bytes of the machine's state; 0 without.
    public var stateSize: UInt64
    /// Bytes of the disk.
    public var diskSize: UInt64
    var l1Offset: UInt64
    var l1Entries: Int
    /// What is not known of it, kept as it is.
    var rest: [UInt8] = []

    private static let fixed = 40

    /// Reads a table's entry; `position` is where it begins, and then where the next one does.
    init?(_ bytes: [UInt8], _ position: inout Int, header: QCOW2Header) {
        let start = position
        guard let l1Offset: UInt64 = bytes.bigEndian(at: start), let l1Entries: UInt32 = bytes.bigEndian(at: start + 8),
            let idLength: UInt16 = bytes.bigEndian(at: start + 12), let nameLength: UInt16 = bytes.bigEndian(at: start + 14),
            let seconds: UInt32 = bytes.bigEndian(at: start + 16), let nanoseconds: UInt32 = bytes.bigEndian(at: start + 20),
            let clock: UInt64 = bytes.bigEndian(at: start + 24), let stateSize: UInt32 = bytes.bigEndian(at: start + 32),
            let extraLength: UInt32 = bytes.bigEndian(at: start + 36)
        else { return nil }
        let extra = start + QCOW2Snapshot.fixed
        guard extraLength <= 1024 else { return nil }
        let idStart = extra + Int(extraLength)
        let nameStart = idStart + Int(idLength), end = nameStart + Int(nameLength)
        guard end <= bytes.count, l1Entries <= 4 << 20, l1Offset & UInt64(header.clusterSize - 1) == 0 else { return nil }
        let large: UInt64? = extraLength >= 8 ? bytes.bigEndian(at: extra) : nil
        let disk: UInt64? = extraLength >= 16 ? bytes.bigEndian(at: extra + 8) : nil
        (self.l1Offset, self.l1Entries, self.seconds, self.nanoseconds, self.clock) = (l1Offset, Int(l1Entries), seconds, nanoseconds, clock)
        (self.stateSize, diskSize) = (large ?? UInt64(stateSize), disk ?? header.size)
        rest = extraLength > 16 ? Array(bytes[extra + 16..<idStart]) : []
        id = String(decoding: bytes[idStart..<nameStart], as: UTF8.self)
        name = String(decoding: bytes[nameStart..<end], as: UTF8.self)
        position = start + (end - start + 7) & ~7
    }

    init(
        id: String, name: String, seconds: UInt32, nanoseconds: UInt32, clock: UInt64, stateSize: UInt64, diskSize: UInt64, l1Offset: UInt64,
        l1Entries: Int
    ) {
        (self.id, self.name, self.seconds, self.nanoseconds, self.clock) = (id, name, seconds, nanoseconds, clock)
        (self.stateSize, self.diskSize, self.l1Offset, self.l1Entries) = (stateSize, diskSize, l1Offset, l1Entries)
    }

    /// The table's entry.
    var encoded: [UInt8] {
        let idBytes = Array(id.utf8), nameBytes = Array(name.utf8)
        var bytes = bigEndianBytes(l1Offset) + bigEndianBytes(UInt32(l1Entries)) + bigEndianBytes(UInt16(idBytes.count))
        bytes += bigEndianBytes(UInt16(nameBytes.count)) + bigEndianBytes(seconds) + bigEndianBytes(nanoseconds) + bigEndianBytes(clock)
        // The large field says it; the small one is for readers that do not know that.
        bytes += bigEndianBytes(UInt32(truncatingIfNeeded: stateSize)) + bigEndianBytes(UInt32(16 + rest.count))
        bytes += bigEndianBytes(stateSize) + bigEndianBytes(diskSize) + rest + idBytes + nameBytes
        return bytes + [UInt8](repeating: 0, count: (8 - bytes.count & 7) & 7)
    }

    static func table(_ bytes: [UInt8], _ header: QCOW2Header) -> [QCOW2Snapshot]? {
        var position = 0
        var list: [QCOW2Snapshot] = []
        for _ in 0..<header.snapshots {
            guard let next = QCOW2Snapshot(bytes, &position, header: header) else { return nil }
            list.append(next)
        }
        return list
    }
}
