import Compression

/// How pages are packed on the channels of a migration: `multifd-compression`.
enum Packing: UInt8 {
    case zlib = 1, zstd = 2

    /// A section of pages in a section that holds it packed; as it is if it does not become smaller.
    func pack(_ section: [UInt8], level: Int) -> [UInt8] {
        let payload = Array(section[StreamFormat.headerSize..<section.count - StreamFormat.checksumSize])
        let packed = self == .zlib ? Zlib.pack(payload, level: level) : Zstd.pack(payload, level: level)
        guard let packed else { return section }
        var writer = SectionWriter(.packed)
        writer.add(rawValue)
        writer.add(UInt32(payload.count))
        writer.add(packed)
        return writer.finish()
    }

    /// The section of pages that was packed.
    static func unpack(_ section: inout SectionReader) throws(MigrationError) -> SectionReader {
        guard let packing = Packing(rawValue: try section.number()) else { throw .damaged("pages are packed in no known way") }
        let count = Int(try section.number(UInt32.self))
        guard count <= StreamFormat.largest else { throw .damaged("packed pages of \(count) bytes") }
        let start = try section.skip(section.left)
        let packed = section.bytes[start...]
        guard let bytes = packing == .zlib ? Zlib.unpack(packed, count: count) : Zstd.unpack(packed, count: count) else {
            throw .damaged("packed pages cannot be unpacked")
        }
        return SectionReader(kind: .pages, bytes: bytes)
    }
}
