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
        /// Whether, with these words, the monitor waits until the migration that it has begun is over.
        let waits: ([String]) -> Bool
        let run: (MonitorCommands, [String]) throws -> String

        init(
            _ names: [String], _ arguments: String, _ help: String, stops: Bool = false, waits: @escaping ([String]) -> Bool = { _ in false },
            _ run: @escaping (MonitorCommands, [String]) throws -> String
        ) {
            (self.names, self.arguments, self.help, self.stops, self.waits, self.run) = (names, arguments, help, stops, waits, run)
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
        let text = find(line).map { output($0.row, $0.words) } ?? MonitorCommands.unknown(line)
        return text.replacing("\n", with: "\r\n")
    }

    private func find(_ line: String) -> (row: Row, words: [String])? {
        var words = line.split(separator: " ").map(String.init)
        guard let first = words.first else { return (Row([], "", "") { _, _ in "" }, []) }
        // "x/8x ADDRESS": the format hangs on the name.
        let name = first.split(separator: "/", maxSplits: 1).first.map(String.init) ?? first
        words[0] = String(first.dropFirst(name.count))
        if words[0].isEmpty { words.removeFirst() }
        return MonitorCommands.rows.first { $0.names.contains(name) }.map { ($0, words) }
    }

    private static func unknown(_ line: String) -> String { "not supported: \(line.split(separator: " ").first ?? "")\n" }

    private func output(_ row: Row, _ words: [String]) -> String {
        do { return try row.run(self, words) } catch { return "Error: \(error)\n" }
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

    func evaluated(_ text: String?, _ use: (UInt64) -> String) -> String {
        guard let text, let value = Expression(pc: session.machine.cpus[current].header.pc).value(text) else {
            return "not supported: the expression '\(text ?? "")'; numbers, $pc, + and - are\n"
        }
        return use(value)
    }

    func dump(_ words: [String], isPhysical: Bool) -> String {
        var words = words[...]
        let format = words.first.map { $0.hasPrefix("/") } == true ? String(words.removeFirst().dropFirst()) : ""
        guard let layout = MemoryDump.Layout(format) else { return "not supported: the format '\(format)'\n" }
        return evaluated(words.joined(separator: "")) { address in
            MemoryDump(cpu: session.machine.cpus[current], memory: session.machine.memory, isPhysical: isPhysical).text(address, layout)
        }
    }
}
