import Decoding

/// The decode rows of all chapters, for tests, fuzzers and coverage tables.
public enum RISCVInstructionSet {
    public static var rows: [DecodeRow] { Decoder.allRows }

    /// Pairs of rows that claim the same bits.
    public static func ambiguities() -> [(DecodeRow, DecodeRow)] { Decoder.wide.ambiguities() + Decoder.compressed.ambiguities() }

    /// The mnemonic of the row that bits decode to for a model; nil for none.
    public static func mnemonic(of bits: UInt32, model: RISCVModel) -> String? {
        let table = bits & 3 == 3 ? Decoder.wide : Decoder.compressed
        let number = table.lookup(bits, features: model.extensions.rawValue)
        return table.rows.first { $0.id == number && bits & $0.mask == $0.match }?.mnemonic
    }
}
