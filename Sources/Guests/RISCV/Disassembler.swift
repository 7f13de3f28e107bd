import Bits
import Decoding

/// Guest instructions as text, for logs. Operands follow from the letters of the decode rows.
struct Disassembler {
    let rv64: Bool
    let extensions: Extensions

    /// The instruction at the start of the bytes, and how many of them it takes.
    func line(_ address: UInt64, _ bytes: [UInt8]) -> (text: String, length: Int) {
        guard bytes.count >= 2 else { return ("(no code)", bytes.count) }
        let low = UInt32(bytes[0]) | UInt32(bytes[1]) << 8
        if low & 3 != 3 {
            guard let id = InstructionID(number: Decoder.compressed.lookup(low, features: extensions.rawValue)),
                let instruction = CompressedInstruction(rawValue: id.index), let bits = expand(instruction, low, rv64: rv64)
            else { return (".half 0x" + String(low, radix: 16), 2) }
            return (text(address, bits) ?? instruction.mnemonic, 2)
        }
        guard bytes.count >= 4 else { return ("(cut off)", bytes.count) }
        let bits = low | UInt32(bytes[2]) << 16 | UInt32(bytes[3]) << 24
        return (text(address, bits) ?? ".word 0x" + String(bits, radix: 16), 4)
    }

    private func text(_ address: UInt64, _ bits: UInt32) -> String? {
        let number = Decoder.wide.lookup(bits, features: extensions.rawValue)
        guard let row = Decoder.wide.rows.first(where: { $0.id == number && bits & $0.mask == $0.match }) else { return nil }
        let operands = self.operands(row, address, Operands(bits))
        let gap = String(repeating: " ", count: max(1, 16 - row.mnemonic.count))
        return operands.isEmpty ? row.mnemonic : row.mnemonic + gap + operands.joined(separator: ",")
    }

    private func operands(_ row: DecodeRow, _ address: UInt64, _ o: Operands) -> [String] {
        let letters = Set(row.pattern)
        let isLoadOrStore = [0x03, 0x07, 0x23, 0x27].contains(o.bits & 0x7f)
        var list: [String] = []
        if letters.contains("d") { list.append(RISCVRegisters.names[o.rd]) }
        if letters.contains("D") { list.append(RISCVRegisters.floatNames[o.rd]) }
        if letters.contains("c") { list.append(CSR.names[o.csr] ?? "0x" + String(o.csr, radix: 16)) }
        if letters.contains("u") { list.append(String(o.rs1)) }
        if isLoadOrStore {
            if letters.contains("t") { list.append(RISCVRegisters.names[o.rs2]) }
            if letters.contains("T") { list.append(RISCVRegisters.floatNames[o.rs2]) }
            list.append("\(letters.contains("e") ? o.immS : o.immI)(\(RISCVRegisters.names[o.rs1]))")
            return list
        }
        if letters.contains("s") { list.append(RISCVRegisters.names[o.rs1]) }
        if letters.contains("S") { list.append(RISCVRegisters.floatNames[o.rs1]) }
        if letters.contains("t") { list.append(RISCVRegisters.names[o.rs2]) }
        if letters.contains("T") { list.append(RISCVRegisters.floatNames[o.rs2]) }
        if letters.contains("U") { list.append(RISCVRegisters.floatNames[o.rs3]) }
        if letters.contains("h") { list.append(String(o.shamt)) }
        if letters.contains("b") { list.append(target(address, o.immB)) }
        if letters.contains("j") { list.append(target(address, o.immJ)) }
        if letters.contains("i") { list.append(immediate(o)) }
        return list
    }

    private func target(_ address: UInt64, _ offset: Int64) -> String { "0x" + String(address &+ UInt64(bitPattern: offset), radix: 16) }

    private func immediate(_ o: Operands) -> String {
        let opcode = o.bits & 0x7f
        return opcode == 0x37 || opcode == 0x17 ? "0x" + String(o.bits >> 12, radix: 16) : String(o.immI)
    }
}
