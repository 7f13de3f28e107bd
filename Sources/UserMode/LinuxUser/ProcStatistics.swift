import Glibc

/// `/proc/self/stat` (proc_pid_stat(5)): the host's line, with the guest's addresses in the fields that hold some.
enum ProcStatistics {
    /// The fields' numbers, from 1 on as in the manual.
    private enum Field {
        static let codeStart = 26, codeEnd = 27, stack = 28, stackPointer = 29, programCounter = 30, dataStart = 45, dataEnd = 46, heap = 47
        static let argumentsStart = 48, argumentsEnd = 49, environmentStart = 50, environmentEnd = 51
    }

    static func text(_ process: LinuxProcess) -> [UInt8] {
        let host = ProcFiles.host("stat")
        // The name, in parentheses, may hold anything.
        guard let close = host.lastIndex(of: UInt8(ascii: ")")) else { return host }
        var fields = host[(close + 1)...].split(whereSeparator: { $0 == 32 || $0 == 10 }).map { String(decoding: $0, as: UTF8.self) }
        for (field, value) in addresses(process) where field - 3 < fields.count { fields[field - 3] = "\(value)" }
        return host[...close] + Array((" " + fields.joined(separator: " ") + "\n").utf8)
    }

    private static func addresses(_ process: LinuxProcess) -> [(Int, UInt64)] {
        let parts = process.memory.allRegions().filter { $0.file == process.executable.text }
        let code = parts.first { $0.protection.contains(.execute) }, data = parts.last { $0.protection.contains(.write) }
        let stack = process.stack
        return [
            (Field.codeStart, code?.start ?? 0), (Field.codeEnd, code?.end ?? 0), (Field.stack, stack.pointer), (Field.stackPointer, 0),
            (Field.programCounter, 0), (Field.dataStart, data?.start ?? 0), (Field.dataEnd, data?.end ?? 0), (Field.heap, process.heap.start),
            (Field.argumentsStart, stack.arguments.start), (Field.argumentsEnd, stack.arguments.end),
            (Field.environmentStart, stack.environment.start), (Field.environmentEnd, stack.environment.end),
        ]
    }
}
