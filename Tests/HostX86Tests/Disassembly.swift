import Foundation

/// The distribution's disassembler (binutils), which knows nothing of ours.
enum Disassembly {
    private static let program = "/usr/bin/objdump"
    static let isInstalled = FileManager.default.isExecutableFile(atPath: program)

    /// Offset and text of each instruction in Intel's syntax, one blank between mnemonic and operands, comments left out.
    static func lines(_ code: [UInt8]) throws -> [(offset: Int, text: String)] {
        let path = NSTemporaryDirectory() + "apus-code-\(ProcessInfo.processInfo.processIdentifier)-\(UInt64.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(code).write(to: URL(fileURLWithPath: path))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["-D", "-b", "binary", "-m", "i386:x86-64", "-M", "intel", "--no-show-raw-insn", "-w", "-z", path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text.split(separator: "\n").compactMap(line)
    }

    private static func line(_ text: Substring) -> (offset: Int, text: String)? {
        let parts = text.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let offset = Int(parts[0].drop { $0 == " " }, radix: 16) else { return nil }
        let code = parts[1].split(separator: "#").first ?? ""
        return (offset, code.split { $0 == " " || $0 == "\t" }.joined(separator: " "))
    }
}
