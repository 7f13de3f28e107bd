import CPUModel
import Diagnostics

public enum ELFError: ExplainedError {
    case notELF(String)
    case damaged(String, String)
    case wrongMachine(String, ELFIdentity)
    case cannotMap(String, errno: Int32)
    case cannotOpen(String, errno: Int32)

    public var cause: String {
        switch self {
        case .notELF(let path): "'\(path)' is no ELF program"
        case .damaged(let path, let what): "'\(path)' is damaged: \(what)"
        case .wrongMachine(let path, let identity): "'\(path)' is a program for \(identity), which Apus does not run here"
        case .cannotMap(let path, let code): "cannot map '\(path)': \(errorText(code))"
        case .cannotOpen(let path, let code): "cannot open '\(path)': \(errorText(code))"
        }
    }

    public var remedy: String? {
        switch self {
        case .wrongMachine: "call apus-user by the name of the program's guest, or check the file with readelf -h"
        case .cannotMap: "check with readelf -l where the program wants to be; -B chooses another place for the guest's memory"
        case .cannotOpen: "-L names the folder with the guest's libraries"
        case .notELF, .damaged: nil
        }
    }

    /// The errno with which execve(2) refuses the file.
    public var errno: Int32 {
        switch self {
        case .notELF, .damaged, .wrongMachine: 8
        case .cannotMap: 12
        case .cannotOpen(_, let code): code
        }
    }
}

/// The header and the program headers of an ELF file (System V ABI, chapters 4 and 5), checked.
public struct ELFImage: Sendable {
    public struct Segment: Sendable {
        public let type: UInt32
        public let flags: UInt32
        public let offset: UInt64, address: UInt64, fileSize: UInt64, memorySize: UInt64, alignment: UInt64

        public static let load: UInt32 = 1, interpreter: UInt32 = 3, headers: UInt32 = 6, stack: UInt32 = 0x6474_e551
    }

    public let identity: ELFIdentity
    /// Whether it is at home at any address (ET_DYN).
    public let isRelocatable: Bool
    public let entry: UInt64
    public let headerOffset: UInt64, headerSize: Int
    public let segments: [Segment]

    /// Bytes from the start of a file that say what it is.
    public static let headerBytes = 64

    /// What a file's first bytes say of the programs' machine; nil if it is no ELF file.
    public static func identity(_ bytes: [UInt8]) -> ELFIdentity? {
        guard bytes.count >= 20, bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]), (1...2).contains(bytes[4]), (1...2).contains(bytes[5]) else {
            return nil
        }
        let reader = ELFReader(bytes: bytes, is64Bit: bytes[4] == 2, isBigEndian: bytes[5] == 2)
        return ELFIdentity(machine: UInt16(reader.number(18, 2)), is64Bit: reader.is64Bit, isBigEndian: reader.isBigEndian)
    }

    /// - Parameters:
    ///   - path: for errors.
    ///   - read: reads bytes of the file; fewer if it ends.
    public init(path: String, read: (_ offset: UInt64, _ count: Int) -> [UInt8]) throws(ELFError) {
        let bytes = read(0, ELFImage.headerBytes)
        guard let identity = ELFImage.identity(bytes) else { throw .notELF(path) }
        self.identity = identity
        let wide = identity.is64Bit
        guard bytes.count >= (wide ? 64 : 52) else { throw .damaged(path, "it ends in its header") }
        let header = ELFReader(bytes: bytes, is64Bit: wide, isBigEndian: identity.isBigEndian)
        let type = header.number(16, 2)
        guard type == 2 || type == 3 else { throw .damaged(path, "it is neither a program nor a shared object") }
        isRelocatable = type == 3
        entry = header.number(24, wide ? 8 : 4)
        headerOffset = wide ? header.number(32, 8) : header.number(28, 4)
        headerSize = Int(header.number(wide ? 54 : 42, 2))
        let count = Int(header.number(wide ? 56 : 44, 2))
        guard headerSize == (wide ? 56 : 32), count > 0, count * headerSize <= 65536, headerOffset < 1 << 62 else {
            throw .damaged(path, "its program headers have an impossible size")
        }
        let table = read(headerOffset, count * headerSize)
        guard table.count == count * headerSize else { throw .damaged(path, "it ends in its program headers") }
        let reader = ELFReader(bytes: table, is64Bit: wide, isBigEndian: identity.isBigEndian)
        segments = (0..<count).map { reader.segment(at: $0 * (wide ? 56 : 32)) }
        for segment in segments where segment.type == Segment.load {
            guard segment.fileSize <= segment.memorySize, segment.memorySize < 1 << 47, segment.address < 1 << 48, segment.offset < 1 << 62,
                segment.address & 4095 == segment.offset & 4095, wide || segment.address + segment.memorySize <= 1 << 32
            else { throw .damaged(path, "a segment lies at an impossible place") }
        }
        guard segments.contains(where: { $0.type == Segment.load }) else { throw .damaged(path, "it has nothing to load") }
    }

    public func segment(_ type: UInt32) -> Segment? { segments.first { $0.type == type } }

    /// The loaded segments, and the pages that they span: from the first byte's page to behind the last byte's.
    public var loaded: [Segment] { segments.filter { $0.type == Segment.load } }
    public var span: (start: UInt64, end: UInt64) {
        let start = loaded.map(\.address).min() ?? 0
        let end = loaded.map { $0.address + $0.memorySize }.max() ?? 0
        return (start & ~4095, (end + 4095) & ~4095)
    }
}

/// Numbers in the width and byte order of an ELF file.
private struct ELFReader {
    let bytes: [UInt8]
    let is64Bit: Bool
    let isBigEndian: Bool

    func number(_ offset: Int, _ size: Int) -> UInt64 {
        (0..<size).reduce(UInt64(0)) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * (isBigEndian ? size - 1 - $1 : $1)) }
    }

    func segment(at o: Int) -> ELFImage.Segment {
        if is64Bit {
            return ELFImage.Segment(
                type: UInt32(number(o, 4)), flags: UInt32(number(o + 4, 4)), offset: number(o + 8, 8), address: number(o + 16, 8),
                fileSize: number(o + 32, 8), memorySize: number(o + 40, 8), alignment: number(o + 48, 8))
        }
        return ELFImage.Segment(
            type: UInt32(number(o, 4)), flags: UInt32(number(o + 24, 4)), offset: number(o + 4, 4), address: number(o + 8, 4),
            fileSize: number(o + 16, 4), memorySize: number(o + 20, 4), alignment: number(o + 28, 4))
    }
}
