import Compression
import GuestRISCV
import HostOS
import MachineModel

/// What `-kernel` may be: an ELF file, a Linux Image, either of them packed with gzip, or raw code.
struct VirtKernel {
    /// ELF's number of the architecture.
    static let machine: UInt16 = 243
    /// The most that a packed kernel may unpack to, in bytes.
    private static let limit = 512 << 20

    let path: String
    let model: RISCVModel

    /// The kernel, where its format leaves the choice at `start`.
    func image(at start: UInt64) throws -> GuestImage {
        var bytes = try HostFile.contents(path)
        if Gzip.isGzip(bytes) {
            do { bytes = try Gzip.unpack(bytes, limit: VirtKernel.limit) } catch { throw MachineError.badImage(path, reason: error.cause) }
        }
        if let image = try GuestImage(elf: bytes, machine: VirtKernel.machine, path: path) { return image }
        guard bytes.count > 64 else { throw MachineError.badImage(path, reason: "it is too short for a kernel") }
        if Array(bytes[0x38..<0x3c]) == Array("RSC\u{5}".utf8) { return try linux(bytes, start) }
        guard looksLikeCode(bytes) else { throw MachineError.badImage(path, reason: "it is no RISC-V Linux Image, no ELF file, and no RISC-V code") }
        return GuestImage(raw: bytes, at: start)
    }

    /// A Linux Image (Documentation/arch/riscv/boot-image-header.rst), which says how much memory it needs.
    private func linux(_ bytes: [UInt8], _ start: UInt64) throws -> GuestImage {
        let size = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[16 + $1]) << UInt64(8 * $1) }
        guard size < 1 << 32, UInt64(bytes.count) <= max(size, 1 << 32) else { throw MachineError.badImage(path, reason: "its header is damaged") }
        if let end = endOfSections(bytes), bytes.count < end {
            throw MachineError.badImage(path, reason: "it is cut off: \(bytes.count) bytes, and its header tells of \(end)")
        }
        return GuestImage(raw: bytes, at: start, size: size)
    }

    /// Where the last section of an Image that is an EFI program as well ends in the file; nil for others
    /// (PE Format, sections "COFF File Header" and "Section Table").
    private func endOfSections(_ bytes: [UInt8]) -> Int? {
        func number(_ offset: Int, _ count: Int) -> Int? {
            guard offset >= 0, offset + count <= bytes.count else { return nil }
            return (0..<count).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
        }
        guard bytes.starts(with: Array("MZ".utf8)), let header = number(0x3c, 4), number(header, 4) == 0x4550, let count = number(header + 6, 2),
            let optional = number(header + 20, 2)
        else { return nil }
        return (0..<count).compactMap { index in
            let section = header + 24 + optional + 40 * index
            guard let size = number(section + 16, 4), let place = number(section + 20, 4) else { return nil }
            return place + size
        }.max()
    }

    /// Whether a file without a format begins with instructions, as a boot loader's raw code does. Kernels for other machines in PE wrappers
    /// ("MZ") are none.
    private func looksLikeCode(_ bytes: [UInt8]) -> Bool {
        if bytes.starts(with: Array("MZ".utf8)) { return false }
        var offset = 0
        for _ in 0..<4 {
            let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
            let isWide = bits & 3 == 3
            guard RISCVInstructionSet.mnemonic(of: isWide ? bits : bits & 0xffff, model: model) != nil, bits & 0xffff != 0 else { return false }
            offset += isWide ? 4 : 2
        }
        return true
    }
}
