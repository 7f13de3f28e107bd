import CHost
import CPUModel
import Diagnostics
import Glibc
import UserExecution

/// `-strace` and `-d strace`: a line for each system call, in QEMU's form.
enum Strace {
    /// Bytes of a buffer that are shown.
    private static let shownBytes = 40

    /// The beginning of a line, until the result is known; one for each host thread is under way at a time.
    static func begin(_ call: SystemCall, _ registers: SystemCallRegisters, _ thread: LinuxThread) {
        let shown = call.arguments.enumerated().map { index, argument in text(argument, registers[index], registers, thread) }
        let line = "\(getpid()) \(call.name)(\(shown.joined(separator: ",")))"
        // This one has no result.
        if call.name == "exit_group" { Log.write(.strace, line) } else { Log.write(part: line, .strace) }
    }

    static func end(_ call: SystemCall, _ result: Int64, _ memory: GuestMemory) {
        if let reason = refusal(call, memory) { remark(reason) }
        Log.write(.strace, " = " + text(result, of: call))
    }

    private static func refusal(_ call: SystemCall, _ memory: GuestMemory) -> String? {
        switch call.action {
        case .refuse(_, let reason): reason
        case .direct(_, let reason) where memory.base != 0, .handleDirectly(_, let reason) where memory.base != 0: reason
        default: nil
        }
    }

    private static func text(_ result: Int64, of call: SystemCall) -> String {
        if result == CallResult.none { return "?" }
        if result == CallResult.notBegun { return "? (to be done again)" }
        if result < 0, result > -4096 { return "-1 errno=\(-result) (\(errorText(Int32(-result))))" }
        return ["brk", "mmap", "mremap", "shmat"].contains(call.name) ? hex(UInt64(bitPattern: result), digits: 16) : "\(result)"
    }

    /// A remark between a call and its result.
    static func remark(_ text: @autoclosure () -> String) { Log.write(part: " [\(text())]", .strace) }

    static func unknown(_ registers: SystemCallRegisters) { Log.write(.strace, "\(getpid()) Unknown syscall \(registers.number)") }

    /// seccomp's answer to a call that is not done.
    static func filtered(_ name: String, _ verdict: Seccomp.Verdict) { Log.write(.strace, "\(getpid()) \(name) is filtered: \(verdict)") }

    // MARK: Arguments

    private static func text(_ argument: Argument, _ value: UInt64, _ registers: SystemCallRegisters, _ thread: LinuxThread) -> String {
        let memory = thread.memory
        return switch argument {
        case .fd: Int32(truncatingIfNeeded: value) == AT_FDCWD ? "AT_FDCWD" : "\(Int32(truncatingIfNeeded: value))"
        case .int: "\(Int32(truncatingIfNeeded: value))"
        case .long, .size, .wide, .lowHalf, .highHalf: "\(Int64(bitPattern: value))"
        case .octal: "0" + String(value, radix: 8)
        case .signal: signalName(Int32(truncatingIfNeeded: value))
        case .openFlags: openFlags(value)
        case .named(let names): names.text(value)
        case .control: ControlTable[UInt32(truncatingIfNeeded: value), wordSize: thread.wordSize]?.name ?? hex(value & 0xffff_ffff)
        case .path, .newPath, .string: memory.string(at: value, most: 4096).map { quoted($0) } ?? pointer(value)
        case .bytes(let size): buffer(value, registers[size], memory)
        case .structure(_, .writes): pointer(value)
        case .structure(let structure, _): StraceStructures.text(structure, value, thread) ?? pointer(value)
        case .socketAddress(let size): StraceStructures.address(value, registers[size], memory) ?? pointer(value)
        case .pointer, .written, .buffer, .vector, .remoteVector, .message, .place, .mapping: pointer(value)
        }
    }

    private static func buffer(_ address: UInt64, _ size: UInt64, _ memory: GuestMemory) -> String {
        guard let bytes = memory.bytes(at: address, count: Int(min(size, UInt64(shownBytes)))) else { return pointer(address) }
        return quoted(bytes) + (size > UInt64(shownBytes) ? "..." : "")
    }

    static func pointer(_ value: UInt64) -> String { value == 0 ? "NULL" : hex(value, digits: 16) }

    static func quoted(_ bytes: [UInt8]) -> String {
        "\"" + bytes.map { (32..<127).contains($0) ? String(UnicodeScalar($0)) : $0 == 10 ? "\\n" : "\\" + String($0, radix: 8) }.joined() + "\""
    }

    private static func openFlags(_ value: UInt64) -> String {
        let access = ["O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"][Int(value & 3)]
        let names: [(UInt64, String)] = [
            (0o100, "O_CREAT"), (0o200, "O_EXCL"), (0o400, "O_NOCTTY"), (0o1000, "O_TRUNC"), (0o2000, "O_APPEND"), (0o4000, "O_NONBLOCK"),
            (0o2000000, "O_CLOEXEC"), (0o10000000, "O_PATH"),
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
