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

/// A system register as tests and coverage tables see it.
public struct AArch64RegisterDescription: Sendable {
    public let name: String
    /// op0, op1, CRn, CRm and op2 in 16 bits, as mrs and msr hold them from bit 5 on.
    public let encoding: Int
    public let isReadable: Bool, isWritable: Bool
    /// The lowest exception levels that may read and write it, and the level that the machine must have for it.
    public let readLevel: Int, writeLevel: Int, needsLevel: Int
    public let reset: UInt64
    /// Bits that software may change.
    public let writable: UInt64
}

extension AArch64InstructionSet {
    /// All system registers but those that identify the element.
    public static var systemRegisters: [AArch64RegisterDescription] {
        SystemRegisterRow.all.map { row in
            AArch64RegisterDescription(
                name: row.name, encoding: row.encoding, isReadable: row.access != .writeOnly, isWritable: row.access != .readOnly,
                readLevel: row.level, writeLevel: row.writeLevel, needsLevel: row.op1 == 4 ? 2 : row.op1 >= 6 ? 3 : 1, reset: row.reset,
                writable: row.writable)
        }
    }

    /// All operations of `sys`: their names, op1, CRn, CRm and op2 in 14 bits, and the lowest level that may use them.
    public static var systemOperations: [(name: String, encoding: Int, level: Int)] {
        SystemOperationRow.all.map { ($0.name, $0.encoding, $0.level) }
    }
}

extension AArch64CPU {
    /// A system register by the manual's name, as the current level reads it; nil if there is none. For debuggers, with the element stopped.
    public func systemRegister(_ name: String) -> UInt64? {
        guard let row = SystemRegisterRow.all.first(where: { $0.name == name }) else { return nil }
        return readRegister(row.register, row.encoding)
    }

    /// Sets a system register as the current level does; false if there is none.
    public func setSystemRegister(_ name: String, _ value: UInt64) -> Bool {
        guard let row = SystemRegisterRow.all.first(where: { $0.name == name }) else { return false }
        writeRegister(row.register, row.encoding, value)
        return true
    }
}
