import Bits
import Decoding

/// The manual's chapters of A64 (DDI 0487, C4.1): each has an enum of its instructions, its rows and its translation.
enum Chapter: Int, CaseIterable {
    case immediate, register, branch, loadStore, float, structure, vector, crypto
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

extension InstructionID {
    /// Whether an instruction uses the SIMD and floating-point registers: of loads and stores those whose bit 26 is set.
    func usesVectors(_ o: Operands) -> Bool {
        switch chapter {
        case .immediate, .register, .branch: false
        case .loadStore: o.bit(26)
        case .float, .structure, .vector, .crypto: true
        }
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
    init<Case: ChapterInstruction>(_ instruction: Case, _ pattern: String, _ features: Features = []) {
        self.init(
            id: InstructionID(Case.chapter, instruction.rawValue).number, mnemonic: instruction.name, pattern: pattern,
            features: features.rawValue)
    }
}

/// An instruction's operand fields. Which of them mean something depends on the instruction.
struct Operands {
    let bits: UInt32

    init(_ bits: UInt32) { self.bits = bits }

    /// Rd or Rt.
    var rd: Int { field(0, 5) }
    var rn: Int { field(5, 5) }
    /// Ra or Rt2.
    var ra: Int { field(10, 5) }
    /// Rm or Rs.
    var rm: Int { field(16, 5) }
    /// sf: operands of 64 bits.
    var is64: Bool { bits.bit(31) }
    /// Q: vectors of 128 bits.
    var q: Bool { bits.bit(30) }
    /// Condition of csel and its like.
    var cond: Int { field(12, 4) }

    func field(_ low: Int, _ count: Int) -> Int { Int(bits.bits(low, count)) }
    func signed(_ low: Int, _ count: Int) -> Int64 { bits.bits(low, count).signExtended(from: count) }
    func bit(_ index: Int) -> Bool { bits.bit(index) }
}

/// The decode table over all chapters.
enum Decoder {
    static let rows: [DecodeRow] = [
        immediateRows, registerRows, registerPointerRows, branchRows, systemRows, loadStoreRows, loadStoreRegisterRows, loadStoreFloatRows,
        atomicRows, floatRows, structureRows, vectorRows, vectorFloatRows, vectorWideRows, vectorUnaryRows, vectorUnaryFloatRows, vectorMoveRows,
        vectorElementRows, vectorShiftRows, scalarRows, scalarFloatRows, scalarConversionRows, cryptoRows,
    ].flatMap { $0 }

    /// By bits 28 to 21, which all groups use, and bits 11 and 10.
    static let table = DecodeTable(rows, key: .init((low: 21, count: 8), (low: 10, count: 2)))
}
