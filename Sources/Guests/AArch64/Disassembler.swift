import Bits
import Decoding

/// Guest instructions as text, for logs. Operands follow from the letters of the decode rows.
struct Disassembler {
    let features: Features

    /// The instruction at the start of the bytes, and how many of them it takes.
    func line(_ address: UInt64, _ bytes: [UInt8]) -> (text: String, length: Int) {
        guard bytes.count >= 4 else { return ("(cut off)", bytes.count) }
        let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[$1]) << UInt32(8 * $1) }
        return (text(address, bits) ?? ".inst 0x" + String(bits, radix: 16), 4)
    }

    private func text(_ address: UInt64, _ bits: UInt32) -> String? {
        let number = Decoder.table.lookup(bits, features: features.rawValue)
        guard let row = Decoder.rows.first(where: { $0.id == number && bits & $0.mask == $0.match }) else { return nil }
        let operands = RowOperands(row, bits, address).list
        let mnemonic = self.mnemonic(row, bits)
        return operands.isEmpty ? mnemonic : mnemonic + "\t" + operands.joined(separator: ", ")
    }

    /// The manual's mnemonic: the row's name up to the underscore, with the size of a load or store, the condition of a branch.
    private func mnemonic(_ row: DecodeRow, _ bits: UInt32) -> String {
        let name = row.mnemonic.prefix { $0 != "_" }
        if row.mnemonic == "b_cond" { return "b." + A64Condition.names[Int(bits.bits(0, 4))] }
        let isAccess = row.pattern.hasPrefix("zz") && !row.pattern.contains("T")
        return isAccess ? name + ["b", "h", "", ""][Int(bits.bits(30, 2))] : String(name)
    }
}

/// The operands of an instruction, by the letters of its row.
private struct RowOperands {
    private let bits: UInt32
    private let address: UInt64
    /// The pattern's characters from bit 0 on.
    private let letters: [Character]
    private let isWide: Bool

    init(_ row: DecodeRow, _ bits: UInt32, _ address: UInt64) {
        self.bits = bits
        self.address = address
        letters = row.pattern.filter { $0 != " " }.reversed()
        let hasSize = letters[31] == "f" || letters.prefix(31).contains("f")
        let size = letters[31] == "z" && !letters.contains("T") ? bits.bits(30, 2) == 3 : true
        isWide = hasSize ? bits.bit(letters.firstIndex(of: "f") ?? 31) : size
    }

    var list: [String] {
        var words: [String] = []
        for letter in "sdDtTuU" { if let number = field(letter) { words.append(register(letter, number)) } }
        let isAccess = letters.contains("t") || letters.contains("T")
        if isAccess, let base = field("n") { return words + [memory(base)] }
        for letter in "nNmMaA" { if let number = field(letter) { words.append(register(letter, number)) } }
        if let distance = field("j") { words.append(target(distance)) }
        if let value = field("b") { words.append(bitmask(value)) }
        if let value = field("i") { words.append("#0x" + String(value, radix: 16)) }
        if let value = field("p") { words.append("s" + String(value, radix: 16)) }
        for letter in "rs" where letter == "r" { if let value = field(letter) { words.append("#\(value)") } }
        if let value = field("k") { words.append("#\(value)") }
        if let value = field("c"), letters.count(where: { $0 == "c" }) == 4, letters[0] != "c" { words.append(A64Condition.names[value]) }
        return words
    }

    /// The bits of a letter, wherever they lie, the highest first; nil if the row doesn't have it.
    private func field(_ letter: Character) -> Int? {
        guard letters.contains(letter) else { return nil }
        var value = 0
        for place in stride(from: 31, through: 0, by: -1) where letters[place] == letter { value = value << 1 | (bits.bit(place) ? 1 : 0) }
        return value
    }

    private func register(_ letter: Character, _ number: Int) -> String {
        if letter.isUppercase { return "v\(number)" }
        if number == 31 { return isWide ? "xzr" : "wzr" }
        return (isWide ? "x" : "w") + String(number)
    }

    private func memory(_ base: Int) -> String {
        let name = base == 31 ? "sp" : "x\(base)"
        if let index = field("m") { return "[\(name), x\(index)]" }
        guard let offset = field("i"), offset != 0 else { return "[\(name)]" }
        let width = letters.count { $0 == "i" }
        let value = width == 12 ? Int64(offset) : UInt64(offset).signExtended(from: width).asSigned
        return "[\(name), #\(value)]"
    }

    private func target(_ distance: Int) -> String {
        let width = letters.count { $0 == "j" }
        return "0x" + String(address &+ UInt64(distance).signExtended(from: width) &* 4, radix: 16)
    }

    private func bitmask(_ value: Int) -> String {
        let mask = bitmaskImmediate(n: value >> 12, immr: value >> 6 & 63, imms: value & 63, is64: isWide)
        return mask.map { "#0x" + String($0, radix: 16) } ?? "(reserved)"
    }
}

extension UInt64 {
    fileprivate var asSigned: Int64 { Int64(bitPattern: self) }
}
