import Compression
import HostOS
import MachineModel

/// What tells an architecture's kernels from others.
public struct KernelArchitecture {
    /// "RISC-V".
    let name: String
    /// ELF's number of the architecture.
    let machine: UInt16
    /// Four bytes of a Linux Image, and where they are.
    let magic: [UInt8]
    let magicOffset: Int
    /// How many bytes an Image says that it takes in memory, or of a zImage that it has; nil for a damaged header.
    let size: (_ header: [UInt8]) -> UInt64?
    /// Whether bytes are the beginning of instructions.
    let isInstruction: (UInt32) -> (isKnown: Bool, bytes: Int)
    /// Whether an instruction is a jump behind which anything may lie.
    let isJump: (UInt32) -> Bool

    public init(
        name: String, machine: UInt16, magic: String, isJump: @escaping (UInt32) -> Bool = { _ in false },
        isInstruction: @escaping (UInt32) -> (isKnown: Bool, bytes: Int)
    ) {
        self.init(
            name: name, machine: machine, magic: Array(magic.utf8), magicOffset: 0x38, size: KernelArchitecture.imageSize, isJump: isJump,
            isInstruction: isInstruction)
    }

    public init(
        name: String, machine: UInt16, magic: [UInt8], magicOffset: Int, size: @escaping (_ header: [UInt8]) -> UInt64?,
        isJump: @escaping (UInt32) -> Bool = { _ in false }, isInstruction: @escaping (UInt32) -> (isKnown: Bool, bytes: Int)
    ) {
        self.name = name
        self.machine = machine
        self.magic = magic
        self.magicOffset = magicOffset
        self.size = size
        self.isInstruction = isInstruction
        self.isJump = isJump
    }

    /// The size that an Image of the 64-bit architectures says it needs (Documentation/arch/riscv/boot-image-header.rst,
    /// Documentation/arch/arm64/booting.rst).
    private static func imageSize(_ header: [UInt8]) -> UInt64? {
        (0..<8).reduce(UInt64(0)) { $0 | UInt64(header[16 + $1]) << UInt64(8 * $1) }
    }
}

/// What `-kernel` may be: an ELF file, a Linux Image, either of them packed with gzip, or raw code.
public struct KernelFile {
    /// The most that a packed kernel may unpack to, in bytes.
    private static let limit = 512 << 20

    let path: String
    let architecture: KernelArchitecture

    public init(path: String, architecture: KernelArchitecture) {
        self.path = path
        self.architecture = architecture
    }

    /// The kernel, where its format leaves the choice at `start`.
    public func image(at start: UInt64) throws -> GuestImage {
        var bytes = try HostFile.contents(path)
        if Gzip.isGzip(bytes) {
            do { bytes = try Gzip.unpack(bytes, limit: KernelFile.limit) } catch { throw MachineError.badImage(path, reason: error.cause) }
        }
        if let image = try GuestImage(elf: bytes, machine: architecture.machine, path: path) { return image }
        guard bytes.count > 64 else { throw MachineError.badImage(path, reason: "it is too short for a kernel") }
        let place = architecture.magicOffset
        if Array(bytes[place..<place + 4]) == architecture.magic { return try linux(bytes, start) }
        guard looksLikeCode(bytes) else {
            throw MachineError.badImage(path, reason: "it is no \(architecture.name) Linux Image, no ELF file, and no \(architecture.name) code")
        }
        return GuestImage(raw: bytes, at: start)
    }

    /// A Linux Image, which says how much memory it needs.
    private func linux(_ bytes: [UInt8], _ start: UInt64) throws -> GuestImage {
        guard let size = architecture.size(bytes), size < 1 << 32, UInt64(bytes.count) <= max(size, 1 << 32) else {
            throw MachineError.badImage(path, reason: "its header is damaged")
        }
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
            let instruction = architecture.isInstruction(bits)
            guard instruction.isKnown else { return false }
            if architecture.isJump(bits) { return true }
            offset += instruction.bytes
        }
        return true
    }
}
