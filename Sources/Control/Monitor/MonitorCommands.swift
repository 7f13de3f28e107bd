import AddressSpace
import Diagnostics
import MachineModel

/// The monitor's commands.
final class MonitorCommands {
    private struct Row {
        let names: [String]
        let arguments: String
        let help: String
        /// Whether it needs vCPUs that stand still.
        let stops: Bool
        let run: (MonitorCommands, [String]) -> String

        init(_ names: [String], _ arguments: String, _ help: String, stops: Bool = false, _ run: @escaping (MonitorCommands, [String]) -> String) {
            (self.names, self.arguments, self.help, self.stops, self.run) = (names, arguments, help, stops, run)
        }
    }

    private unowned let target: any MonitorTarget
    /// The vCPU that `info registers` and `x` look at.
    private var current = 0

    init(_ target: any MonitorTarget) { self.target = target }

    private static var rows: [Row] {
        [
            Row(["cont", "c"], "", "let the guest go on", stops: true) { commands, _ in commands.target.resume().map { $0 + "\n" } ?? "" },
            Row(["cpu"], "index", "choose the cpu that other commands look at") { $0.chooseCPU($1) },
            Row(["help", "?"], "[cmd]", "list the commands") { $0.help($1) },
            Row(["info"], "[subject]", "show something of the machine", stops: true) { $0.info($1) },
            Row(["print", "p"], "expr", "show a value") { commands, words in commands.evaluated(words.first) { hex($0) + "\n" } },
            Row(["quit", "q"], "", "end the emulator") { commands, _ in
                commands.target.quit()
                return ""
            },
            Row(["ringbuf_read"], "device size", "take bytes out of a ring buffer back end") { $0.readRingBuffer($1) },
            Row(["ringbuf_write"], "device data", "send bytes into the guest through a ring buffer back end") { $0.writeRingBuffer($1) },
            Row(["stop", "s"], "", "stop the guest", stops: true) { commands, _ in
                commands.target.pause()
                return ""
            },
            Row(["system_powerdown"], "", "press the power button") { _, _ in "not supported: system_powerdown: the machine has no power button\n" },
            Row(["system_reset"], "", "reset the machine", stops: true) { commands, _ in
                commands.target.reset()
                return ""
            },
            Row(["x"], "/fmt addr", "show memory at a virtual address", stops: true) { $0.dump($1, isPhysical: false) },
            Row(["xp"], "/fmt addr", "show memory at a physical address", stops: true) { $0.dump($1, isPhysical: true) },
        ]
    }

    private static let subjects = [
        "block", "chardev", "cpus", "jit", "mtree", "name", "network", "registers", "status", "usernet", "version",
    ]

    func names(startingWith typed: String) -> [String] {
        if typed.hasPrefix("info ") { return MonitorCommands.subjects.map { "info " + $0 }.filter { $0.hasPrefix(typed) } }
        return MonitorCommands.rows.map { $0.names[0] }.filter { $0.hasPrefix(typed) }
    }

    /// Runs a line and hands over what it has to say, now or later.
    func run(_ line: String, _ done: @escaping (String) -> Void) {
        var words = line.split(separator: " ").map(String.init)
        guard let first = words.first else { return done("") }
        // "x/8x ADDRESS": the format hangs on the name.
        let name = first.split(separator: "/", maxSplits: 1).first.map(String.init) ?? first
        words[0] = String(first.dropFirst(name.count))
        if words[0].isEmpty { words.removeFirst() }
        guard let row = MonitorCommands.rows.first(where: { $0.names.contains(name) }) else { return done("not supported: \(name)\n") }
        guard row.stops else { return done(row.run(self, words)) }
        target.whileStopped { done(row.run(self, words)) }
    }

    private func help(_ words: [String]) -> String {
        let rows = MonitorCommands.rows.filter { row in words.first.map { row.names.contains($0) } ?? true }
        if rows.isEmpty { return "not supported: \(words.first ?? "")\n" }
        let lines = rows.map { $0.names.joined(separator: "|") + ($0.arguments.isEmpty ? "" : " " + $0.arguments) + " -- " + $0.help + "\n" }
        return lines.joined()
    }

    // MARK: Information

    private func info(_ words: [String]) -> String {
        guard let subject = words.first else { return MonitorCommands.subjects.map { "info \($0)\n" }.joined() }
        switch subject {
        case "status": return "VM status: \(target.status)\n"
        case "version": return target.version + "\n"
        case "name": return target.guestName.map { $0 + "\n" } ?? ""
        case "mtree": return words.contains("-f") ? target.machine.memory.describe() : target.machine.memory.describeTree()
        case "cpus":
            return target.machine.cpus.map { cpu in
                "\(cpu.index == current ? "*" : " ") CPU #\(cpu.index):\(cpu.isHalted ? " (halted)" : "")\n"
            }.joined()
        case "registers": return registers(all: words.contains("-a"))
        default: return target.information(subject) ?? "not supported: info \(subject)\n"
        }
    }

    private func registers(all: Bool) -> String {
        let cpus = target.machine.cpus
        return (all ? cpus : [cpus[current]]).map { "\nCPU#\($0.index)\n" + $0.describeRegisters() + "\n" }.joined()
    }

    private func chooseCPU(_ words: [String]) -> String {
        guard let index = words.first.flatMap({ Int($0) }), target.machine.cpus.indices.contains(index) else { return "invalid CPU index\n" }
        current = index
        return ""
    }

    // MARK: Values and memory

    private func evaluated(_ text: String?, _ use: (UInt64) -> String) -> String {
        guard let text, let value = Expression(pc: target.machine.cpus[current].header.pc).value(text) else {
            return "not supported: the expression '\(text ?? "")'; numbers, $pc, + and - are\n"
        }
        return use(value)
    }

    private func dump(_ words: [String], isPhysical: Bool) -> String {
        var words = words[...]
        let format = words.first.map { $0.hasPrefix("/") } == true ? String(words.removeFirst().dropFirst()) : ""
        guard let layout = MemoryDump.Layout(format) else { return "not supported: the format '\(format)'\n" }
        return evaluated(words.joined(separator: "")) { address in
            MemoryDump(cpu: target.machine.cpus[current], memory: target.machine.memory, isPhysical: isPhysical).text(address, layout)
        }
    }

    // MARK: Ring buffers

    private func readRingBuffer(_ words: [String]) -> String {
        guard words.count == 2, let count = Int(words[1]), count >= 0 else { return "ringbuf_read: device and size are needed\n" }
        guard let bytes = target.readRingBuffer(words[0], count) else { return "Device '\(words[0])' not found\n" }
        return String(decoding: bytes, as: UTF8.self) + "\n"
    }

    private func writeRingBuffer(_ words: [String]) -> String {
        guard words.count >= 2 else { return "ringbuf_write: device and data are needed\n" }
        let text = words.dropFirst().joined(separator: " ")
        return target.writeRingBuffer(words[0], Array(text.utf8)) ? "" : "Device '\(words[0])' not found\n"
    }
}
