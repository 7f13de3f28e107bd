import Decoding

/// The decode rows of all chapters, for tests, fuzzers and coverage tables.
public enum AArch64InstructionSet {
    public static var rows: [DecodeRow] { Decoder.rows }

    /// Pairs of rows that claim the same bits.
    public static func ambiguities() -> [(DecodeRow, DecodeRow)] { Decoder.table.ambiguities() }

    /// The row that bits decode to for a model; nil for none.
    public static func row(of bits: UInt32, model: AArch64Model) -> DecodeRow? {
        let number = Decoder.table.lookup(bits, features: model.features.rawValue)
        return Decoder.rows.first { $0.id == number && bits & $0.mask == $0.match }
    }
}
