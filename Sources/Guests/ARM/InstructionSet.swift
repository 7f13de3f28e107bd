import Bits
import Decoding

/// The decode rows, for tests, fuzzers and coverage tables.
public enum ARMInstructionSet: CaseIterable, Sendable {
    case a32, t32, t16

    public var rows: [DecodeRow] {
        switch self {
        case .a32: Decoder.conditionalRows + Decoder.unconditionalRows
        // VFP and NEON rows are A32's, whose bits `vectorForm` makes.
        case .t32: Decoder.wideRows
        case .t16: Decoder.narrowRows
        }
    }

    /// Pairs of rows that claim the same bits.
    public static func ambiguities() -> [(DecodeRow, DecodeRow)] {
        [Decoder.conditional, Decoder.unconditional, Decoder.wide, Decoder.narrow].flatMap { $0.ambiguities() }
    }

    /// The row that bits decode to for a model; nil for none.
    public func row(of bits: UInt32, model: ARMModel) -> DecodeRow? {
        let table: DecodeTable =
            switch self {
            case .a32: bits >> 28 == 15 ? Decoder.unconditional : Decoder.conditional
            case .t32: Decoder.wide
            case .t16: Decoder.narrow
            }
        let number = table.lookup(bits, features: model.features.rawValue)
        // More than one row may have a number; the most special one is meant.
        return table.rows.filter { $0.id == number && bits & $0.mask == $0.match }.max { $0.mask.nonzeroBitCount < $1.mask.nonzeroBitCount }
    }

    /// The A32 bits of a VFP or NEON instruction as T32 has it.
    public static func wideForm(ofVector bits: UInt32) -> UInt32? {
        switch bits >> 24 {
        case 0xf2: bits & 0x00ff_ffff | 0xef00_0000
        case 0xf3: bits & 0x00ff_ffff | 0xff00_0000
        case 0xf4: bits & 0x00ff_ffff | 0xf900_0000
        case 0xfc, 0xfd, 0xfe: bits
        default: bits >> 28 < 15 && [12, 13, 14].contains(bits >> 24 & 15) ? bits & 0x0fff_ffff | 0xe000_0000 : nil
        }
    }
}

extension ARMCPU {
    /// A register of coprocessor 15 by the manual's name, as the mode in use reads it; nil if there is none. For debuggers, with the element stopped.
    public func systemRegister(_ name: String) -> UInt64? {
        guard let row = privilegedRows.first(where: { $0.register.name == name }) else { return nil }
        return readRegister(row, row.place)
    }

    /// Sets a register of coprocessor 15; false if there is none.
    public func setSystemRegister(_ name: String, _ value: UInt64) -> Bool {
        guard let row = privilegedRows.first(where: { $0.register.name == name }) else { return false }
        writeRegister(row, row.place, value)
        return true
    }

    /// Sets SPSR of the mode in use; false in a mode that has none.
    public func setSavedState(_ value: UInt32) -> Bool {
        savedState = UInt64(value)
        return mode.hasSavedState
    }
}
