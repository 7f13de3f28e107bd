import CHost
import CPUModel
import Diagnostics
import Glibc
import UserExecution

/// `-strace`: a line for each system call, in QEMU's form.
enum Strace {
    /// The beginning of a line, until the result is known; one for each host thread is under way at a time.
    static func begin(_ call: SystemCall, _ registers: SystemCallRegisters, _ memory: GuestMemory) {
        let shown = call.arguments.enumerated().map { index, argument in text(argument, registers[index], registers, memory) }
        write("\(getpid()) \(call.name)(\(shown.joined(separator: ",")))")
    }

    static func end(_ call: SystemCall, _ result: Int64) {
        if case .refuse(_, let reason) = call.action { write(" [\(reason)]") }
        if result == CallResult.none { return write(" = ?\n") }
        if result == CallResult.notBegun { return write(" = ? (to be done again)\n") }
        if result < 0, result > -4096 { return write(" = -1 errno=\(-result) (\(errorText(Int32(-result))))\n") }
        let isAddress = ["brk", "mmap", "mremap", "shmat"].contains(call.name)
        write(isAddress ? " = \(hex(UInt64(bitPattern: result), digits: 16))\n" : " = \(result)\n")
    }

    static func unknown(_ registers: SystemCallRegisters) {
        write("\(getpid()) Unknown syscall \(registers.number)\n")
    }

    static func signal(_ signal: Int32, _ info: [UInt8]) {
        write("--- \(signalName(signal)) {si_signo=\(signalName(signal)), si_code=\(info.get(Int32.self, at: 8))} ---\n")
    }

    private static func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(2, $0.baseAddress, $0.count) }
    }

    private static func text(_ argument: Argument, _ value: UInt64, _ registers: SystemCallRegisters, _ memory: GuestMemory) -> String {
        switch argument {
        case .fd: Int32(truncatingIfNeeded: value) == AT_FDCWD ? "AT_FDCWD" : "\(Int32(truncatingIfNeeded: value))"
        case .int: "\(Int32(truncatingIfNeeded: value))"
        case .long, .size: "\(Int64(bitPattern: value))"
        case .octal: "0" + String(value, radix: 8)
        case .signal: signalName(Int32(truncatingIfNeeded: value))
        case .openFlags: openFlags(value)
        case .path, .newPath, .string: memory.string(at: value, most: 4096).map(quoted) ?? pointer(value)
        case .bytes(let size): memory.bytes(at: value, count: Int(min(registers[size], 32))).map(quoted) ?? pointer(value)
        case .pointer, .written, .buffer, .vector, .message, .place: pointer(value)
        }
    }

    private static func pointer(_ value: UInt64) -> String { value == 0 ? "NULL" : hex(value) }

    private static func quoted(_ bytes: [UInt8]) -> String {
        "\"" + bytes.map { (32..<127).contains($0) ? String(UnicodeScalar($0)) : $0 == 10 ? "\\n" : "\\" + String($0, radix: 8) }.joined() + "\""
    }

    private static func openFlags(_ value: UInt64) -> String {
        let access = ["O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"][Int(value & 3)]
        let names: [(UInt64, String)] = [
            (0o100, "O_CREAT"), (0o200, "O_EXCL"), (0o400, "O_NOCTTY"), (0o1000, "O_TRUNC"), (0o2000, "O_APPEND"), (0o4000, "O_NONBLOCK"),
            (0o2000000, "O_CLOEXEC"),
        ]
        return ([access] + names.filter { value & $0.0 != 0 }.map(\.1)).joined(separator: "|")
    }
}

/// "SIGSEGV" for 11; the number of one that has no name.
func signalName(_ signal: Int32) -> String {
    guard let name = unsafe apus_signal_name(signal) else { return "\(signal)" }
    return unsafe "SIG" + String(cString: name)
}

/// "ENOSYS" for 38.
func errnoName(_ code: Int32) -> String {
    guard let name = unsafe apus_errno_name(code) else { return "\(code)" }
    return unsafe String(cString: name)
}
