import Bits
import Decoding

/// Guest instructions as text, for logs. Operands follow from the letters of the decode rows.
struct Disassembler {
    let features: ARMFeatures

    /// The instruction at the start of the bytes, and how many of them it takes. An odd address is one of T32 code.
    func line(_ address: UInt64, _ bytes: [UInt8]) -> (text: String, length: Int) {
        func half(_ index: Int) -> UInt32 { UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8 }
        guard bytes.count >= 2 else { return ("(cut off)", bytes.count) }
        if address.bit(0), half(0) >> 11 < 0x1d { return (text(half(0), Decoder.narrow, condition: nil), 2) }
        guard bytes.count >= 4 else { return ("(cut off)", bytes.count) }
        if !address.bit(0) {
            let bits = half(2) << 16 | half(0)
            return (text(bits, bits >> 28 == 15 ? Decoder.unconditional : Decoder.conditional, condition: Int(bits >> 28)), 4)
        }
        let bits = half(0) << 16 | half(2)
        guard let form = Decoder.vectorForm(ofWide: bits) else { return (text(bits, Decoder.wide, condition: nil), 4) }
        return (text(form, form >> 28 == 15 ? Decoder.unconditional : Decoder.conditional, condition: nil), 4)
    }

    private func text(_ bits: UInt32, _ table: DecodeTable, condition: Int?) -> String {
        let number = table.lookup(bits, features: features.rawValue)
        let rows = table.rows.filter { $0.id == number && bits & $0.mask == $0.match }
        guard let row = rows.max(by: { $0.mask.nonzeroBitCount < $1.mask.nonzeroBitCount }) else { return ".inst 0x" + String(bits, radix: 16) }
        let mnemonic = row.mnemonic.prefix { $0 != "_" } + (condition.map { ARMCondition.names[$0] } ?? "")
        let operands = operands(row, bits)
        return operands.isEmpty ? String(mnemonic) : mnemonic + "\t" + operands.joined(separator: ", ")
    }

    /// Registers and numbers by their letters, in the order of the row.
    private func operands(_ row: DecodeRow, _ bits: UInt32) -> [String] {
        let letters = Array(row.pattern.filter { $0 != " " })
        var fields: [(letter: Character, value: UInt32)] = []
        for (index, letter) in letters.enumerated() where letter.isLetter && letter != "c" {
            let bit = bits >> UInt32(letters.count - 1 - index) & 1
            if let known = fields.firstIndex(where: { $0.letter == letter }) {
                fields[known].value = fields[known].value << 1 | bit
            } else {
                fields.append((letter, bit))
            }
        }
        return fields.map { "dnmtsa".contains($0.letter) ? "\($0.letter)=r\($0.value)" : "\($0.letter)=0x" + String($0.value, radix: 16) }
    }
}
