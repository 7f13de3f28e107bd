import Bits
import Decoding

/// The extensions of the RISC-V architecture that a hart may have, one bit each. The names are those of `-cpu` and of the ISA string.
public struct Extensions: OptionSet, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    private static func bit(_ index: Int) -> Extensions { .init(rawValue: 1 << UInt64(index)) }
    /// Not an extension: XLEN is 64, or 32.
    public static let rv64 = bit(0), rv32 = bit(1)
    public static let i = bit(2), m = bit(3), a = bit(4), f = bit(5), d = bit(6), c = bit(7), s = bit(8), u = bit(9)
    public static let zicsr = bit(10), zifencei = bit(11), zicntr = bit(12), zihpm = bit(13)
    public static let zba = bit(14), zbb = bit(15), zbc = bit(16), zbs = bit(17)
    public static let zfh = bit(18), zfhmin = bit(19)
    public static let zicbom = bit(20), zicboz = bit(21), zicbop = bit(22), zicond = bit(23)
    public static let zawrs = bit(24), zacas = bit(25), zcb = bit(26)
    public static let sstc = bit(27), svadu = bit(28), svinval = bit(29), svnapot = bit(30), svpbmt = bit(31)
}

/// The manual's chapters: each has an enum of its instructions, its rows and its translation.
enum Chapter: Int, CaseIterable {
    case base, multiply, atomic, single, double, half, compressed, bitmanip, system
}

/// An instruction's number: its chapter and its case there.
struct InstructionID: Equatable {
    let chapter: Chapter
    let index: Int

    static let casesPerChapter = 128
    var number: Int { chapter.rawValue * InstructionID.casesPerChapter + index }

    init(_ chapter: Chapter, _ index: Int) {
        self.chapter = chapter
        self.index = index
    }

    init?(number: Int) {
        guard number >= 0, let chapter = Chapter(rawValue: number / InstructionID.casesPerChapter) else { return nil }
        self.init(chapter, number % InstructionID.casesPerChapter)
    }
}

/// An enum of one chapter's instructions.
protocol ChapterInstruction: RawRepresentable, CaseIterable, Sendable where RawValue == Int {
    static var chapter: Chapter { get }
}

extension ChapterInstruction {
    /// The manual's name: the case's, with dots for underscores.
    var mnemonic: String {
        let name = String(describing: self)
        return (name.hasSuffix("_") ? String(name.dropLast()) : name).replacing("_", with: ".")
    }
}

extension DecodeRow {
    init<Case: ChapterInstruction>(_ instruction: Case, _ pattern: String, _ features: Extensions) {
        self.init(
            id: InstructionID(Case.chapter, instruction.rawValue).number, mnemonic: instruction.mnemonic, pattern: pattern,
            features: features.rawValue)
    }
}

/// An instruction's operand fields. Which of them mean something depends on the instruction.
struct Operands {
    /// The bits as fetched; for a compressed instruction the low half.
    var bits: UInt32
    /// Bytes: 2 or 4.
    var length: UInt64 = 4

    init(_ bits: UInt32) { self.bits = bits }

    var rd: Int { Int(bits.bits(7, 5)) }
    var rs1: Int { Int(bits.bits(15, 5)) }
    var rs2: Int { Int(bits.bits(20, 5)) }
    var rs3: Int { Int(bits.bits(27, 5)) }
    var rm: Int { Int(bits.bits(12, 3)) }
    var aq: Bool { bits.bit(26) }
    var rl: Bool { bits.bit(25) }
    var shamt: Int { Int(bits.bits(20, 6)) }
    var csr: Int { Int(bits.bits(20, 12)) }

    var immI: Int64 { bits.bits(20, 12).signExtended(from: 12) }
    var immS: Int64 { (bits.bits(25, 7) << 5 | bits.bits(7, 5)).signExtended(from: 12) }
    var immB: Int64 {
        let low = bits.bits(8, 4) << 1 | bits.bits(25, 6) << 5
        return (low | bits.bits(7, 1) << 11 | bits.bits(31, 1) << 12).signExtended(from: 13)
    }
    var immU: Int64 { (bits & 0xffff_f000).signExtended(from: 32) }
    var immJ: Int64 {
        let low = bits.bits(21, 10) << 1 | bits.bits(20, 1) << 11
        return (low | bits.bits(12, 8) << 12 | bits.bits(31, 1) << 20).signExtended(from: 21)
    }
}

/// The decode tables over all chapters.
enum Decoder {
    /// 32-bit instructions, by opcode and funct3.
    static let wide = DecodeTable(
        baseRows + multiplyRows + atomicRows + singleRows + doubleRows + halfRows + bitmanipRows + systemRows,
        key: .init((low: 2, count: 5), (low: 12, count: 3)))
    /// 16-bit instructions, by quadrant and funct3.
    static let compressed = DecodeTable(compressedRows, key: .init((low: 0, count: 2), (low: 13, count: 3)))

    static var allRows: [DecodeRow] { wide.rows + compressed.rows }
}
