import Compression

/// A machine's state as a stream of bytes: Apus's own format, no other emulator's.
///
/// The magic, a version (32 bits), then sections: a kind (8 bits), the length of what it holds (32 bits), that, and the CRC-32 of all three. Numbers are
/// little-endian. First comes `machine`, which says what the state is of; then `pages`, each page as often as it has changed; then `state`, one for each
/// part of the machine; then `end`. Where both sides can talk the target answers then, `ready` or a `refusal`, and the machine is its own when `go` has come. `places` is for files that are mapped (`MappedFormat`).
///
/// With further channels `channels` follows `machine`, with their number and a token; each channel begins with a magic of its own and `channel`, then has `pages`, or
/// `packed`, in which they are packed, and `sync` wherever the main connection has one: pages before it are older than those after it.
///
/// `advise`, `missing`, `request`, `complete` and `resume` are for machines that run before their memory is there (`PostcopyFormat`).
enum StreamFormat {
    static let magic = Array("APUSMIG\0".utf8)
    static let version: UInt32 = 1
    /// What streams of QEMU's begin with.
    static let qemuMagic = Array("QEVM".utf8)
    /// The most bytes that a section holds.
    static let largest = 16 << 20
    static let headerSize = 5
    static let checksumSize = 4

    enum Kind: UInt8 { case machine = 1, pages, state, end, ready, refusal, go, places, channels, channel, packed, sync, advise, missing, request, complete, resume }

    /// A run of pages in `pages`: first page, count, and whether their bytes follow.
    enum Run: UInt8 { case zeros = 0, bytes = 1 }
}

/// A section that is being put together.
struct SectionWriter {
    private(set) var bytes: [UInt8]

    init(_ kind: StreamFormat.Kind) { bytes = [kind.rawValue, 0, 0, 0, 0] }

    mutating func add<Number: FixedWidthInteger>(_ value: Number) { bytes.append(value) }

    mutating func add(_ more: [UInt8]) { bytes += more }

    /// With its length before it.
    mutating func add(text: String) {
        let utf8 = Array(text.utf8.prefix(Int(UInt16.max)))
        add(UInt16(utf8.count))
        bytes += utf8
    }

    var payloadSize: Int { bytes.count - StreamFormat.headerSize }

    /// The whole section.
    consuming func finish() -> [UInt8] {
        let length = UInt32(payloadSize)
        for index in 0..<4 { bytes[1 + index] = UInt8(truncatingIfNeeded: length >> UInt32(8 * index)) }
        var sum = Checksum()
        sum.add(bytes)
        bytes.append(sum.value)
        return bytes
    }
}

/// A section that is being taken apart: nothing in it is trusted.
struct SectionReader {
    let kind: StreamFormat.Kind
    let bytes: [UInt8]
    private(set) var position = 0

    init(kind: StreamFormat.Kind, bytes: [UInt8]) { (self.kind, self.bytes) = (kind, bytes) }

    var left: Int { bytes.count - position }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) throws(MigrationError) -> Number {
        guard let value: Number = bytes.number(at: position) else { throw .damaged("a section is too short") }
        position += Number.bitWidth / 8
        return value
    }

    mutating func text() throws(MigrationError) -> String {
        let count = Int(try number(UInt16.self))
        guard left >= count else { throw .damaged("a section is too short") }
        position += count
        return String(decoding: bytes[position - count..<position], as: UTF8.self)
    }

    /// Skips bytes and says where they are.
    mutating func skip(_ count: Int) throws(MigrationError) -> Int {
        guard count >= 0, left >= count else { throw .damaged("a section is too short") }
        position += count
        return position - count
    }

    mutating func rest() -> [UInt8] {
        defer { position = bytes.count }
        return Array(bytes[position...])
    }

    func finish() throws(MigrationError) { if left > 0 { throw .damaged("a section is too long") } }
}

extension [UInt8] {
    mutating func append<Number: FixedWidthInteger>(_ value: Number) {
        for index in 0..<Number.bitWidth / 8 { append(UInt8(truncatingIfNeeded: value >> Number(8 * index))) }
    }

    /// A little-endian number; nil if it does not lie within.
    func number<Number: FixedWidthInteger>(at place: Int) -> Number? {
        let width = Number.bitWidth / 8
        guard place >= 0, count - place >= width else { return nil }
        return (0..<width).reduce(0) { $0 | Number(truncatingIfNeeded: self[place + $1]) << Number(8 * $1) }
    }
}
