import HostOS

/// Makes qcow2 images (QEMU documentation, docs/interop/qcow2.txt), version 3, with clusters of 64 KiB.
public enum QCOW2Creation {
    private static let clusterBits: UInt32 = 16
    public static let clusterSize: UInt64 = 1 << UInt64(clusterBits)
    private static let headerLength: UInt32 = 104
    static let backingFormat: UInt32 = 0xe279_2aca
    /// Bytes of the largest disk, whose L1 table has 4 Mi entries: larger tables are not opened.
    static let largestDisk: UInt64 = 1 << 51
    /// The longest name of a backing file.
    static let longestName = 1023

    /// Makes a new image of a disk of `size` bytes that has nothing of its own: it shows zeros, or what its backing file shows.
    public static func make(_ path: String, size: UInt64, backing: (path: String, format: ImageOptions.Format)?) throws(BlockError) {
        if let backing, backing.path.utf8.count > longestName { throw .unsupportedImage(path, "the long name of its backing file '\(backing.path)'") }
        guard size <= largestDisk else { throw .unsupportedImage(path, "a disk of \(size) bytes") }
        // One L2 table is of 8192 clusters.
        let entries = (size + (clusterSize << 13) - 1) / (clusterSize << 13)
        let tables = max(1, (entries * 8 + clusterSize - 1) / clusterSize)
        let used = 3 + tables
        do {
            let file = try HostFile(path, .create)
            try file.write(at: 0, header(size: size, entries: UInt32(entries), backing))
            // The table of reference counts, its only block, and what that counts: the clusters up to the end of the L1 table.
            try file.write(at: clusterSize, bigEndianBytes(2 * clusterSize))
            try file.write(at: 2 * clusterSize, (0..<used).flatMap { _ in bigEndianBytes(1 as UInt16) })
            try file.resize(used * clusterSize)
        } catch { throw .host(error) }
    }

    private static func header(size: UInt64, entries: UInt32, _ backing: (path: String, format: ImageOptions.Format)?) -> [UInt8] {
        var extensions: [UInt8] = []
        if let backing {
            let name = Array(backing.format.rawValue.utf8)
            extensions = bigEndianBytes(backingFormat) + bigEndianBytes(UInt32(name.count)) + name
            extensions += [UInt8](repeating: 0, count: (8 - name.count % 8) % 8)
        }
        extensions += [UInt8](repeating: 0, count: 8)
        let name = Array((backing?.path ?? "").utf8)
        let place = name.isEmpty ? 0 : UInt64(headerLength) + UInt64(extensions.count)
        var bytes = bigEndianBytes(QCOW2Header.magic) + bigEndianBytes(3 as UInt32)
        bytes += bigEndianBytes(place) + bigEndianBytes(UInt32(name.count)) + bigEndianBytes(clusterBits)
        // The disk, no encryption, the L1 table, the reference counts, no snapshots, no features, counts of 2^4 bits.
        bytes += bigEndianBytes(size) + bigEndianBytes(0 as UInt32)
        bytes += bigEndianBytes(entries) + bigEndianBytes(3 * clusterSize)
        bytes += bigEndianBytes(clusterSize) + bigEndianBytes(1 as UInt32)
        bytes += bigEndianBytes(0 as UInt32) + bigEndianBytes(0 as UInt64)
        bytes += [UInt8](repeating: 0, count: 24) + bigEndianBytes(4 as UInt32) + bigEndianBytes(headerLength)
        return bytes + extensions + name
    }
}

extension QCOW2Header {
    /// Whether a file is a qcow2 image, and what it stands on: absolute, with its format.
    public static func backing(of path: String) throws(BlockError) -> (path: String, format: ImageOptions.Format)? {
        let (start, size): ([UInt8], UInt64)
        do {
            let file = try HostFile(path, .readOnly)
            (start, size) = (try file.read(at: 0, count: most), try file.size())
        } catch { throw .host(error) }
        let header = try QCOW2Header(start, path: path, fileSize: size, writing: false)
        guard let name = header.backingFile else { return nil }
        guard let format = header.backingFormat.flatMap(ImageOptions.Format.init) else {
            throw .unsupportedImage(path, "a backing file whose format it does not say")
        }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        return (HostFile.absolute(name.hasPrefix("/") ? name : folder + name), format)
    }
}

extension QCOW2Image {
    /// The image's file.
    public var path: String { metadata.path }
}
