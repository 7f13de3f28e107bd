import Bits
import Decoding

/// The chapters of A32 and T32 (DDI 0406, A5 and A6; DDI 0487, F3 and F4): each has an enum of its instructions, its rows and its translation. An
/// instruction that both sets have is one case with two rows.
enum Chapter: Int, CaseIterable {
    case data, multiply, media, memory, branch, system, narrow, float, neon, neonMemory
}

/// An instruction's number: its chapter and its case there.
struct InstructionID: Equatable {
    let chapter: Chapter
    let index: Int

    static let casesPerChapter = 512
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

/// An enum of one chapter's instructions. A case is named by the manual's mnemonic; what follows an underscore tells its variants apart.
protocol ChapterInstruction: RawRepresentable, CaseIterable, Sendable where RawValue == Int {
    static var chapter: Chapter { get }
}

extension ChapterInstruction {
    var name: String {
        let name = String(describing: self)
        return name.hasSuffix("_") ? String(name.dropLast()) : name
    }
}

extension DecodeRow {
    init<Case: ChapterInstruction>(_ instruction: Case, _ pattern: String, _ features: ARMFeatures = [], name: String? = nil) {
        self.init(
            id: InstructionID(Case.chapter, instruction.rawValue).number, mnemonic: name ?? instruction.name, pattern: pattern,
            features: features.rawValue)
    }
}

extension [[DecodeRow]] {
    /// One table of many.
    var joinedRows: [DecodeRow] { flatMap { $0 } }
}

/// An instruction's operand fields. Which of them mean something, and where they lie, depends on the instruction and the instruction set.
struct Operands {
    let bits: UInt32
    /// Of T32, the first half-word in the upper half; or of T16.
    let isThumb: Bool

    init(_ bits: UInt32, isThumb: Bool) {
        self.bits = bits
        self.isThumb = isThumb
    }

    var rn: Int { field(16, 4) }
    /// Rd of data processing.
    var rd: Int { isThumb ? field(8, 4) : field(12, 4) }
    var rt: Int { field(12, 4) }
    var rm: Int { field(0, 4) }
    /// S.
    var setsFlags: Bool { bit(20) }

    func field(_ low: Int, _ count: Int) -> Int { Int(bits.bits(low, count)) }
    func signed(_ low: Int, _ count: Int) -> Int64 { bits.bits(low, count).signExtended(from: count) }
    func bit(_ index: Int) -> Bool { bits.bit(index) }
}

/// The decode tables, one for each shape of encodings.
enum Decoder {
    /// A32 with a condition, A32 without, T32, T16. Their VFP and NEON rows are those of `float` and `neon`.
    static let conditionalRows: [DecodeRow] = [
        a32DataRows, a32MultiplyRows, a32MediaRows, a32ParallelRows, a32MemoryRows, a32BranchRows, a32SystemRows, floatRows, floatConversionRows,
        floatMemoryRows,
    ].joinedRows
    static let unconditionalRows: [DecodeRow] = [
        a32UnconditionalRows, float8Rows, neonThreeRows, neonThreeFloatRows, neonWideRows, neonScalarRows, neonShiftRows, neonUnaryRows,
        neonUnaryFloatRows, neonMoveRows, neonMemoryRows, neonExtensionRows,
    ].joinedRows
    static let wideRows: [DecodeRow] = [
        t32DataRows, t32MultiplyRows, t32MediaRows, t32ParallelRows, t32LiteralRows, t32MemoryRows, t32BranchRows, t32SystemRows,
    ].joinedRows
    static let narrowRows = t16Rows

    static let conditional = DecodeTable(conditionalRows, key: .init((low: 20, count: 8), (low: 4, count: 4)))
    static let unconditional = DecodeTable(unconditionalRows, key: .init((low: 20, count: 8), (low: 4, count: 4)))
    static let wide = DecodeTable(wideRows, key: .init((low: 20, count: 9), (low: 4, count: 4)))
    static let narrow = DecodeTable(narrowRows, key: .init((low: 6, count: 10), (low: 0, count: 1)))

    /// The A32 form of a T32 instruction that A32 encodes alike: VFP, and NEON, whose bit 28 is A32's bit 24; nil for others.
    static func vectorForm(ofWide bits: UInt32) -> UInt32? {
        switch bits >> 24 {
        case 0xec, 0xed, 0xee: [9, 10, 11].contains(bits >> 8 & 15) ? bits : nil
        case 0xfc, 0xfe: [9, 10, 11, 13].contains(bits >> 8 & 15) ? bits : nil
        case 0xef: bits & 0x00ff_ffff | 0xf200_0000
        case 0xff: bits & 0x00ff_ffff | 0xf300_0000
        case 0xf9: bits & 0x0010_0000 == 0 ? bits & 0x00ff_ffff | 0xf400_0000 : nil
        default: nil
        }
    }
}
