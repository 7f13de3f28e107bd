import Diagnostics
import IR

/// What `-d in_asm,op,op_opt` shows of a block on its way.
extension VirtualCPU {
    /// - Parameter bytes: up to four bytes of guest code from an address on.
    public func logTranslation(_ block: borrowing IRBlock, bytes: (UInt64) -> [UInt8]) {
        if Log.isEnabled(.inAsm) {
            var lines: [String] = []
            // Not what lies between the block's ends: it goes on behind jumps.
            for index in 0..<block.count where block[index].opcode == .insnStart {
                lines.append(line(UInt64(bitPattern: block[index].imm), bytes))
            }
            Log.write(.inAsm, "----------------\nIN: \n" + lines.joined(separator: "\n") + "\n")
        }
        if Log.isEnabled(.op) { Log.write(.op, "OP:\n" + printer.text(block)) }
    }

    public func logOptimized(_ block: borrowing IRBlock) {
        if Log.isEnabled(.opOpt) { Log.write(.opOpt, "OP after optimization:\n" + printer.text(block)) }
    }

    private var printer: Printer { Printer(layout: guest.layout, helpers: guest.helpers) }

    private func line(_ address: UInt64, _ bytes: (UInt64) -> [UInt8]) -> String {
        let code = bytes(guest.codeAddress(address))
        let (text, length) = disassemble(address, code)
        let digits = code.prefix(length).reversed().map { hex($0, digits: 2).dropFirst(2) }.joined()
        return "\(hex(guest.codeAddress(address), digits: 16)):  \(digits)  \(text)"
    }
}
