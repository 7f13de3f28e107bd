import AddressSpace
import Diagnostics
import HostOS

/// A program to put into the guest's memory: segments and an entry point.
public struct GuestImage {
    public struct Segment {
        /// Physical address.
        public let address: UInt64
        public let bytes: [UInt8]
        /// Bytes in memory; what goes beyond `bytes` is zero.
        public let size: UInt64
    }

    public let segments: [Segment]
    public let entry: UInt64
    /// The first address behind all segments.
    public var end: UInt64 { segments.map { $0.address &+ $0.size }.max() ?? entry }

    /// Reads an ELF executable (ELF-64 Object File Format 1.5) for a machine number; nil if the bytes are no ELF file.
    public init?(elf bytes: [UInt8], machine: UInt16, path: String) throws(MachineError) {
        guard bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else { return nil }
        let reader = ELFReader(bytes: bytes, path: path)
        self = try reader.image(machine: machine)
    }

    /// Bytes that are loaded as they are; `size` may set aside more memory than they take.
    public init(raw bytes: [UInt8], at address: UInt64, size: UInt64 = 0) {
        segments = [Segment(address: address, bytes: bytes, size: max(size, UInt64(bytes.count)))]
        entry = address
    }

    init(segments: [Segment], entry: UInt64) {
        self.segments = segments
        self.entry = entry
    }

    /// Puts the segments into memory.
    public func load(into memory: AddressSpace, path: String) throws(MachineError) {
        for segment in segments {
            guard memory.write(segment.address, segment.bytes) == .ok else {
                throw .badImage(path, reason: "its segment at \(hex(segment.address)) does not lie in memory")
            }
            guard clear(memory, from: segment.address &+ UInt64(segment.bytes.count), to: segment.address &+ segment.size) else {
                throw .badImage(path, reason: "its segment at \(hex(segment.address)) does not fit in memory")
            }
        }
    }

    /// Writes zeros piece by piece, so that a segment of absurd size fails where memory ends; false then.
    private func clear(_ memory: AddressSpace, from start: UInt64, to end: UInt64) -> Bool {
        let zeros = [UInt8](repeating: 0, count: 1 << 16)
        var position = start
        while position < end {
            let part = min(end - position, UInt64(zeros.count))
            guard memory.write(position, part == UInt64(zeros.count) ? zeros : Array(zeros.prefix(Int(part)))) == .ok else { return false }
            position += part
        }
        return true
    }
}

/// Bounds-checked reading of ELF files, 32 and 64 bits, little-endian.
private struct ELFReader {
    let bytes: [UInt8]
    let path: String

    private func fail(_ reason: String) -> MachineError { .badImage(path, reason: reason) }

    private func number(_ offset: UInt64, _ size: Int) throws(MachineError) -> UInt64 {
        guard offset <= UInt64(bytes.count), UInt64(bytes.count) - offset >= UInt64(size) else { throw fail("the ELF file is cut off") }
        return (0..<size).reduce(0) { $0 | UInt64(bytes[Int(offset) + $1]) << UInt64(8 * $1) }
    }

    func image(machine: UInt16) throws(MachineError) -> GuestImage {
        guard bytes.count >= 52 else { throw fail("the ELF file is cut off") }
        guard bytes[5] == 1 else { throw fail("it is a big-endian ELF file") }
        let is64 = bytes[4] == 2
        let found = try number(18, 2)
        guard found == UInt64(machine) else { throw fail("it is for another architecture (ELF machine \(found), not \(machine))") }
        let entry = try number(24, is64 ? 8 : 4)
        let table = try number(is64 ? 32 : 28, is64 ? 8 : 4)
        let entrySize = try number(is64 ? 54 : 42, 2)
        let count = try number(is64 ? 56 : 44, 2)
        var segments: [GuestImage.Segment] = []
        for index in 0..<count {
            let (header, overflow) = table.addingReportingOverflow(index * entrySize)
            guard !overflow else { throw fail("its program headers lie outside the file") }
            if let segment = try segment(header, is64) { segments.append(segment) }
        }
        guard !segments.isEmpty else { throw fail("it has nothing to load") }
        return GuestImage(segments: segments, entry: entry)
    }

    private func segment(_ header: UInt64, _ is64: Bool) throws(MachineError) -> GuestImage.Segment? {
        guard try number(header, 4) == 1 else { return nil }
        let word = is64 ? 8 : 4
        let offset = try number(header &+ (is64 ? 8 : 4), word)
        let address = try number(header &+ (is64 ? 24 : 12), word)
        let fileSize = try number(header &+ (is64 ? 32 : 16), word)
        let memorySize = try number(header &+ (is64 ? 40 : 20), word)
        guard offset <= UInt64(bytes.count), UInt64(bytes.count) - offset >= fileSize else { throw fail("a segment is cut off") }
        guard memorySize >= fileSize, address.addingReportingOverflow(memorySize).overflow == false else { throw fail("a segment has no sane size") }
        if memorySize == 0 { return nil }
        return .init(address: address, bytes: Array(bytes[Int(offset)..<Int(offset + fileSize)]), size: memorySize)
    }
}
