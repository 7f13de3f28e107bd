import HostOS

/// The header of a qcow2 image (QEMU documentation, docs/interop/qcow2.txt), versions 2 and 3: checked, nothing in it is trusted.
public struct QCOW2Header: Equatable, Sendable {
    static let magic: UInt32 = 0x5146_49fb
    /// Bytes that are looked at.
    static let most = 1 << 16

    public private(set) var version: UInt32 = 3
    public private(set) var clusterBits = 16
    /// Bytes of the disk.
    public internal(set) var size: UInt64 = 0
    public private(set) var backingFile: String?
    public private(set) var backingFormat: String?
    /// Bytes before the extensions.
    private(set) var length = 72
    var l1Entries = 0
    var l1Offset: UInt64 = 0
    var refcountOffset: UInt64 = 0
    var refcountClusters = 0
    /// Bits of a reference count: 1 << this.
    private(set) var refcountOrder = 4
    var snapshots = 0
    var snapshotOffset: UInt64 = 0
    private(set) var incompatible: UInt64 = 0
    private(set) var autoclear: UInt64 = 0

    public var clusterSize: Int { 1 << clusterBits }
    /// Entries of an L2 table.
    var l2Entries: Int { clusterSize / 8 }
    /// Bytes of the disk that one L2 table is of.
    var l2Span: UInt64 { UInt64(l2Entries) << UInt64(clusterBits) }
    /// Clusters that one refcount block counts.
    var refcountsInBlock: Int { (clusterSize * 8) >> refcountOrder }

    private enum Incompatible {
        static let dirty: UInt64 = 1, corrupt: UInt64 = 2, externalData: UInt64 = 4, compressionType: UInt64 = 8, extendedL2: UInt64 = 16
    }

    private enum Extension { static let end: UInt32 = 0, backingFormat: UInt32 = 0xe279_2aca }

    public static func isHeader(_ bytes: [UInt8]) -> Bool { bytes.bigEndian(at: 0) as UInt32? == magic }

    /// - Parameter bytes: the file's beginning.
    public init(_ bytes: [UInt8], path: String, fileSize: UInt64, writing: Bool) throws(BlockError) {
        func number<Number: FixedWidthInteger>(_ place: Int) throws(BlockError) -> Number {
            guard let value: Number = bytes.bigEndian(at: place) else { throw .damagedImage(path, "its header is cut off") }
            return value
        }
        func damaged(_ what: String) -> BlockError { .damagedImage(path, what) }
        guard QCOW2Header.isHeader(bytes) else { throw damaged("it is no qcow2 image") }
        version = try number(4)
        guard version == 2 || version == 3 else { throw .unsupportedImage(path, "qcow2 version \(version)") }
        clusterBits = Int(try number(20) as UInt32)
        guard (9...21).contains(clusterBits) else { throw damaged("clusters of 2^\(clusterBits) bytes") }
        size = try number(24)
        guard try number(32) as UInt32 == 0 else { throw .unsupportedImage(path, "encryption") }
        l1Entries = Int(try number(36) as UInt32)
        l1Offset = try number(40)
        refcountOffset = try number(48)
        refcountClusters = Int(try number(56) as UInt32)
        snapshots = Int(try number(60) as UInt32)
        snapshotOffset = try number(64)
        if version == 3 {
            incompatible = try number(72)
            autoclear = try number(88)
            refcountOrder = Int(try number(96) as UInt32)
            length = Int(try number(100) as UInt32)
            let type: UInt8 = length > 104 ? try number(104) : 0
            guard type == 0 else { throw .unsupportedImage(path, "compression of type \(type)") }
        }
        try checkFeatures(path, writing)
        try checkTables(path, fileSize)
        try readNames(bytes, path)
    }

    private func checkFeatures(_ path: String, _ writing: Bool) throws(BlockError) {
        if incompatible & Incompatible.externalData != 0 { throw .unsupportedImage(path, "an external data file") }
        if incompatible & Incompatible.extendedL2 != 0 { throw .unsupportedImage(path, "extended L2 entries") }
        let known = Incompatible.dirty | Incompatible.corrupt | Incompatible.compressionType
        if incompatible & ~known != 0 { throw .unsupportedImage(path, "incompatible features \(incompatible & ~known)") }
        if writing, incompatible & Incompatible.corrupt != 0 {
            throw .damagedImage(path, "it is marked as corrupt; qemu-img check -r all mends it")
        }
    }

    /// Whether somebody ended while reference counts and tables did not agree.
    var isDirty: Bool { incompatible & Incompatible.dirty != 0 }

    /// Says in the file that counts and tables do not agree, or that they do again. Version 2 has no word for that.
    mutating func mark(dirty: Bool, in file: HostFile) throws(HostError) {
        guard version >= 3 else { return }
        incompatible = incompatible & ~Incompatible.dirty | (dirty ? Incompatible.dirty : 0)
        try file.write(at: 72, bigEndianBytes(incompatible))
        try file.synchronize()
    }

    /// The largest disk and the largest tables that are taken: tables are read as wholes.
    private func checkTables(_ path: String, _ fileSize: UInt64) throws(BlockError) {
        func damaged(_ what: String) -> BlockError { .damagedImage(path, what) }
        let mask = UInt64(clusterSize - 1)
        guard (0...6).contains(refcountOrder) else { throw damaged("reference counts of 2^\(refcountOrder) bits") }
        guard length >= 72, length <= clusterSize else { throw damaged("a header of \(length) bytes") }
        guard size <= 1 << 56 else { throw damaged("a disk of \(size) bytes") }
        guard UInt64(l1Entries) >= (size + l2Span - 1) / l2Span, l1Entries <= 4 << 20 else { throw damaged("an L1 table of \(l1Entries) entries") }
        guard l1Offset & mask == 0, l1Offset <= fileSize, UInt64(l1Entries) * 8 <= fileSize - l1Offset else {
            throw damaged("the L1 table lies outside")
        }
        guard refcountClusters > 0, refcountClusters << clusterBits <= 8 << 20, refcountOffset & mask == 0, refcountOffset > 0,
            refcountOffset <= fileSize,
            UInt64(refcountClusters) << UInt64(clusterBits) <= fileSize - refcountOffset
        else { throw damaged("the refcount table lies outside") }
        guard snapshots <= 65536, snapshots == 0 || (snapshotOffset & mask == 0 && snapshotOffset < fileSize) else {
            throw damaged("the snapshot table lies outside")
        }
    }

    private mutating func readNames(_ bytes: [UInt8], _ path: String) throws(BlockError) {
        let place: UInt64 = bytes.bigEndian(at: 8) ?? 0, count: UInt32 = bytes.bigEndian(at: 16) ?? 0
        if place != 0 {
            guard count <= 1023, place <= UInt64(bytes.count), Int(count) <= bytes.count - Int(place) else {
                throw .damagedImage(path, "the backing file's name lies outside")
            }
            backingFile = String(decoding: bytes[Int(place)..<Int(place) + Int(count)], as: UTF8.self)
        }
        var position = length
        while let kind: UInt32 = bytes.bigEndian(at: position), kind != Extension.end, let size: UInt32 = bytes.bigEndian(at: position + 4) {
            let start = position + 8
            guard Int(size) <= bytes.count - start else { throw .damagedImage(path, "a header extension lies outside") }
            if kind == Extension.backingFormat { backingFormat = String(decoding: bytes[start..<start + Int(size)], as: UTF8.self) }
            position = start + (Int(size) + 7) & ~7
        }
    }

    /// The extensions, which have been checked, as they are.
    func extensions(of bytes: [UInt8]) -> [(kind: UInt32, bytes: [UInt8])] {
        var (position, list) = (length, [(kind: UInt32, bytes: [UInt8])]())
        while let kind: UInt32 = bytes.bigEndian(at: position), kind != Extension.end, let size: UInt32 = bytes.bigEndian(at: position + 4) {
            list.append((kind, Array(bytes[position + 8..<position + 8 + Int(size)])))
            position += 8 + (Int(size) + 7) & ~7
        }
        return list
    }
}

extension [UInt8] {
    /// A big-endian number; nil if it does not lie within.
    func bigEndian<Number: FixedWidthInteger>(at place: Int) -> Number? {
        let width = Number.bitWidth / 8
        guard place >= 0, count - place >= width else { return nil }
        return (0..<width).reduce(0) { $0 << 8 | Number(truncatingIfNeeded: self[place + $1]) }
    }
}

/// Numbers as bytes, the highest first.
func bigEndianBytes<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
    (0..<Number.bitWidth / 8).reversed().map { UInt8(truncatingIfNeeded: value >> Number(8 * $0)) }
}
