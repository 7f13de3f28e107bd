import CCapstone

/// Host instructions as text, by Capstone (its C interface, version 4).
enum Listing {
    /// One line an instruction in QEMU's columns: address, bytes, mnemonic and operands in AT&T's syntax. Bytes that are no instruction, such as
    /// a constant among the code, stand as `.byte`.
    static func text(_ code: [UInt8], at address: UInt64) -> String {
        var handle: csh = 0
        let opened = unsafe cs_open(CS_ARCH_X86, CS_MODE_64, &handle)
        precondition(opened == CS_ERR_OK, "Capstone knows x86-64")
        defer { unsafe cs_close(&handle) }
        cs_option(handle, CS_OPT_SYNTAX, Int(CS_OPT_SYNTAX_ATT.rawValue))
        cs_option(handle, CS_OPT_SKIPDATA, Int(CS_OPT_ON.rawValue))
        var instructions: UnsafeMutablePointer<cs_insn>?
        let count = unsafe cs_disasm(handle, code, code.count, address, 0, &instructions)
        guard let first = unsafe instructions else { return "" }
        defer { unsafe cs_free(first, count) }
        return unsafe UnsafeBufferPointer(start: first, count: count).map { unsafe line($0) }.joined()
    }

    private static func line(_ instruction: cs_insn) -> String {
        let bytes = unsafe withUnsafeBytes(of: instruction.bytes) { unsafe $0.prefix(Int(instruction.size)).map(hexByte) }.joined(separator: " ")
        let mnemonic = unsafe withUnsafeBytes(of: instruction.mnemonic) { unsafe string($0) }
        let operands = unsafe withUnsafeBytes(of: instruction.op_str) { unsafe string($0) }
        let text = "0x\(String(instruction.address, radix: 16)):  \(padded(bytes, 24)) \(padded(mnemonic, 8)) \(operands)"
        return text + "\n"
    }

    private static func string(_ bytes: UnsafeRawBufferPointer) -> String { unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }

    private static func hexByte(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

    private static func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }
}
