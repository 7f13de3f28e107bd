import AddressSpace
import CPUModel
import Diagnostics
import MachineControl

/// Memory as `x` and `xp` show it.
struct MemoryDump {
    /// What stands behind the slash: how many, of which form, of which size.
    struct Layout {
        var count = 1
        /// x, d, u, o, c, or i for instructions.
        var form: Character = "x"
        /// Bytes of each.
        var size = 4
        /// More would only flood the terminal.
        private static let most = 65536

        init?(_ text: String) {
            let digits = text.prefix { $0.isNumber }
            if !digits.isEmpty {
                guard let number = Int(digits), number <= Layout.most else { return nil }
                count = number
            }
            var sizeGiven = false
            for letter in text.dropFirst(digits.count) {
                if let bytes = ["b": 1, "h": 2, "w": 4, "g": 8][String(letter)] {
                    (size, sizeGiven) = (bytes, true)
                } else if "xduoci".contains(letter) {
                    form = letter
                } else {
                    return nil
                }
            }
            if form == "c", !sizeGiven { size = 1 }
        }
    }

    let cpu: VirtualCPU
    let memory: AddressSpace
    let isPhysical: Bool

    func text(_ address: UInt64, _ layout: Layout) -> String {
        if layout.form == "i" { return instructions(address, layout.count) }
        let inLine = layout.size == 1 ? 8 : 16 / layout.size
        var lines = ""
        for first in stride(from: 0, to: layout.count, by: inLine) {
            let start = address &+ UInt64(first * layout.size)
            lines += String(hex(start, digits: 16).dropFirst(2)) + ":"
            for index in first..<min(first + inLine, layout.count) {
                guard let bytes = bytes(address &+ UInt64(index * layout.size), layout.size) else { return lines + "\nCannot access memory\n" }
                lines += " " + shown(bytes, layout)
            }
            lines += "\n"
        }
        return lines
    }

    private func shown(_ bytes: [UInt8], _ layout: Layout) -> String {
        MemoryDump.shown(bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }, bytes: bytes.count, layout.form)
    }

    /// A value of some bytes in one of the forms.
    static func shown(_ value: UInt64, bytes: Int, _ form: Character) -> String {
        let unused = UInt64(64 - 8 * bytes)
        switch form {
        case "d": return String(Int64(bitPattern: value << unused) >> Int64(unused))
        case "u": return String(value)
        case "o": return "0" + String(value, radix: 8)
        case "c":
            if (32...126).contains(value) { return "'\(Character(UnicodeScalar(UInt8(value))))'" }
            return "'\\x\(String(hex(value, digits: 2).dropFirst(2)))'"
        default: return hex(value, digits: 2 * bytes)
        }
    }

    /// Bytes that may lie on several pages; nil if one is not there.
    private func bytes(_ address: UInt64, _ count: Int) -> [UInt8]? {
        isPhysical ? memory.read(address, count: count) : VirtualMemory(cpu: cpu, memory: memory).read(address, count: count)
    }

    private func instructions(_ start: UInt64, _ count: Int) -> String {
        var lines = ""
        var address = start
        for _ in 0..<count {
            guard let code = bytes(address, 4) ?? bytes(address, 2) else { return lines + "Cannot access memory\n" }
            let (text, length) = cpu.disassemble(address, code)
            let raw = code.prefix(length).reversed().map { String(hex($0, digits: 2).dropFirst(2)) }.joined()
            lines += "\(hex(address, digits: 8)):  \(raw)\(String(repeating: " ", count: max(1, 18 - raw.count)))\(text)\n"
            address &+= UInt64(max(length, 2))
        }
        return lines
    }
}
