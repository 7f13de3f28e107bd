import Diagnostics
import JSON
import MachineControl
import QAPI

/// The monitor's commands. Most are commands of the machine protocol with arguments in words.
public final class MonitorCommands {
    struct Row {
        let names: [String]
        let arguments: String
        let help: String
        /// Whether it needs vCPUs that stand still.
        let stops: Bool
        /// Whether it gets words in quotes as they are typed.
        let keepsQuotes: Bool
        /// Whether, with these words, the monitor waits until the migration that it has begun is over.
        let waits: ([String]) -> Bool
        let run: (MonitorCommands, [String]) throws -> String

        init(
            _ names: [String], _ arguments: String, _ help: String, stops: Bool = false, keepsQuotes: Bool = false,
            waits: @escaping ([String]) -> Bool = { _ in false }, _ run: @escaping (MonitorCommands, [String]) throws -> String
        ) {
            (self.names, self.arguments, self.help, self.stops, self.waits, self.run) = (names, arguments, help, stops, waits, run)
            self.keepsQuotes = keepsQuotes
        }
    }

    unowned let session: any MachineSession
    let table: CommandTable
    /// The vCPU that `info registers` and `x` look at.
    private(set) var current = 0

    public init(_ session: any MachineSession, _ table: CommandTable) { (self.session, self.table) = (session, table) }

    func names(startingWith typed: String) -> [String] {
        if typed.hasPrefix("info ") { return MonitorCommands.subjects.map { "info " + $0.name }.filter { $0.hasPrefix(typed) } }
        return MonitorCommands.rows.map { $0.names[0] }.filter { $0.hasPrefix(typed) }
    }

    /// Runs a line and hands over what it has to say, now or later.
    func run(_ line: String, _ done: @escaping (String) -> Void) {
        guard let (row, words) = find(line) else { return done(MonitorCommands.unknown(line)) }
        guard row.stops else {
            let text = output(row, words)
            guard row.waits(words), text.isEmpty else { return done(text) }
            return session.whenMigrationIsOver { [self] in done(migrationResult()) }
        }
        session.whileStopped { [self] in done(output(row, words)) }
    }

    /// Runs a line for the machine protocol; the vCPUs stand still.
    public func runAtOnce(_ line: String, cpu: Int64?) throws(QAPIError) -> String {
        if let cpu {
            guard session.hasMachine, session.machine.cpus.contains(where: { Int64($0.index) == cpu }) else {
                throw .expects("cpu-index", "a CPU number")
            }
            current = Int(cpu)
        }
        return answer(line).replacing("\n", with: "\r\n")
    }

    /// What a line has to say; the vCPUs stand still.
    public func answer(_ line: String) -> String { find(line).map { output($0.row, $0.words) } ?? MonitorCommands.unknown(line) }

    private func find(_ line: String) -> (row: Row, words: [String])? {
        var words = MonitorWords.split(line)
        guard let first = words.first else { return (Row([], "", "") { _, _ in "" }, []) }
        // "x/8x ADDRESS": the format hangs on the name.
        let name = first.split(separator: "/", maxSplits: 1).first.map(String.init) ?? first
        words[0] = String(first.dropFirst(name.count))
        if words[0].isEmpty { words.removeFirst() }
        return MonitorCommands.rows.first { $0.names.contains(name) }.map { ($0, words) }
    }

    private static func unknown(_ line: String) -> String { "not supported: \(line.split(separator: " ").first ?? "")\n" }

    private func output(_ row: Row, _ words: [String]) -> String {
        do {
            let plain = try row.keepsQuotes ? words : words.map(MonitorCommands.unquoted)
            return try row.run(self, plain)
        } catch { return "Error: \(error)\n" }
    }

    private static func unquoted(_ word: String) throws(QAPIError) -> String {
        guard let text = MonitorWords.unquoted(word) else { throw .init(.generic, "\(word) is no string in quotes") }
        return text
    }

    /// Gives a command of the machine protocol.
    @discardableResult
    func call(_ name: String, _ arguments: JSONObject = [:]) throws -> JSONValue {
        guard let row = table[name] else { throw QAPIError.notSupported(name) }
        return try row.call(arguments, from: nil).get()
    }

    func chooseCPU(_ words: [String]) -> String {
        guard let index = words.first.flatMap({ Int($0) }), session.machine.cpus.indices.contains(index) else { return "invalid CPU index\n" }
        current = index
        return ""
    }

    // MARK: Values and memory

    /// A register of the chosen vCPU by its name in the debugger's table.
    private func registerValue(_ name: String) -> UInt64? {
        guard session.machine.cpus.indices.contains(current) else { return nil }
        let cpu = session.machine.cpus[current]
        guard let number = cpu.debugRegisters.registers.firstIndex(where: { $0.name.lowercased() == name.lowercased() }) else { return nil }
        let bytes = cpu.debugRegister(number)
        return bytes.isEmpty ? nil : bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    func evaluated(_ text: String, _ use: (UInt64) -> String) -> String {
        guard let value = Expression(register: registerValue).value(text) else {
            return "not supported: the expression '\(text)'; numbers, registers behind $, + - * / % & | ^ ~ and parentheses are\n"
        }
        return use(value)
    }

    /// `print`: a value in the form of /x, /d, /u, /o or /c.
    func printed(_ words: [String]) -> String {
        let format = words.first?.hasPrefix("/") == true ? String(words[0].dropFirst()) : "x"
        guard format.count == 1, let form = format.first, "xduoc".contains(form) else { return "not supported: the format '\(format)'\n" }
        let rest = words.first?.hasPrefix("/") == true ? words.dropFirst() : words[...]
        return evaluated(rest.joined(separator: " ")) { (form == "x" ? hex($0) : MemoryDump.shown($0, bytes: 8, form)) + "\n" }
    }

    /// `sum`: the checksum that BSD's program of this name makes of bytes of physical memory.
    func checksum(_ words: [String]) -> String {
        guard words.count == 2 else { return "not supported: sum without an address and a size\n" }
        return evaluated(words[0]) { start in evaluated(words[1]) { checksum(start, $0) ?? "Cannot access memory\n" } }
    }

    private func checksum(_ start: UInt64, _ size: UInt64) -> String? {
        var sum: UInt16 = 0
        var done: UInt64 = 0
        while done < size {
            let count = min(size - done, 1 << 16)
            guard let bytes = session.machine.memory.read(start &+ done, count: Int(count)) else { return nil }
            for byte in bytes { sum = (sum >> 1 | sum << 15) &+ UInt16(byte) }
            done += count
        }
        let digits = String(sum)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits + "\n"
    }

    func dump(_ words: [String], isPhysical: Bool) -> String {
        var words = words[...]
        let format = words.first.map { $0.hasPrefix("/") } == true ? String(words.removeFirst().dropFirst()) : ""
        guard let layout = MemoryDump.Layout(format) else { return "not supported: the format '\(format)'\n" }
        return evaluated(words.joined(separator: " ")) { address in
            MemoryDump(cpu: session.machine.cpus[current], memory: session.machine.memory, isPhysical: isPhysical).text(address, layout)
        }
    }
}
