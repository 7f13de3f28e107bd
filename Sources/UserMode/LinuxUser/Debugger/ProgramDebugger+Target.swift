import CPUModel
import Diagnostics
import GDBStub
import Glibc
import HostOS
import UserExecution

/// What the debugger sees and changes while the program stands still.
extension ProgramDebugger: DebugTarget {
    private var cpu: VirtualCPU? { lock.withLock { (entries[lastThread] ?? entries.values.first)?.thread.cpu } }

    private func cpu(_ thread: Int) -> VirtualCPU? { lock.withLock { entries[thread]?.thread.cpu } }

    var registers: DebugRegisterTable { cpu?.debugRegisters ?? DebugRegisterTable(architecture: "", watchesStopBefore: false, expedited: [], []) }
    var process: Int { Int(getpid()) }
    var isAttached: Bool { false }

    var abilities: [String] {
        [
            "fork-events+", "exec-events+", "qXfer:auxv:read+", "qXfer:exec-file:read+", "qXfer:siginfo:read+", "qXfer:siginfo:write+",
            "QPassSignals+", "QCatchSyscalls+",
        ]
    }

    var threads: [Int] {
        lock.withLock {
            let others = entries.keys.filter { $0 != lastThread }.sorted()
            return entries[lastThread] == nil ? others : [lastThread] + others
        }
    }

    func threadName(_ thread: Int) -> String {
        guard let file = try? HostFile("/proc/self/task/\(thread)/comm", .readOnly), let bytes = try? file.read(at: 0, count: 64) else { return "" }
        return String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self)
    }

    func register(_ number: Int, of thread: Int) -> [UInt8]? { cpu(thread)?.debugRegister(number) }
    func setRegister(_ number: Int, of thread: Int, _ bytes: [UInt8]) { cpu(thread)?.setDebugRegister(number, bytes) }

    func readMemory(_ address: UInt64, _ count: Int, of thread: Int) -> [UInt8] { program.engine.inspect(address, count) }
    func writeMemory(_ address: UInt64, _ bytes: [UInt8], of thread: Int) -> Bool { program.engine.patch(address, bytes) }

    // MARK: Points

    func insert(_ point: DebugPoint) -> Bool {
        points.insert(point, into: program.engine)
        return true
    }

    func remove(_ point: DebugPoint) { points.remove(point, from: program.engine) }

    // MARK: The kernel's objects

    func object(_ name: String, thread: Int) -> [UInt8]? {
        switch name {
        case "auxv": auxiliaryVector
        case "exec-file": program.executable.bytes
        case "siginfo": lock.withLock { entries[thread].map { isNarrow ? SignalInfo.narrow($0.information) : $0.information } }
        default: nil
        }
    }

    /// Whether the guest lays a siginfo out otherwise than the host.
    private var isNarrow: Bool { program.abi.family.wordSize == 4 }

    func setSignalInformation(_ offset: Int, _ bytes: [UInt8], thread: Int) -> Bool {
        lock.withLock {
            guard let entry = entries[thread], offset <= entry.information.count,
                bytes.count <= entry.information.count - offset
            else { return false }
            var information = isNarrow ? SignalInfo.narrow(entry.information) : entry.information
            information.replaceSubrange(offset..<offset + bytes.count, with: bytes)
            entries[thread]?.information = isNarrow ? SignalInfo.host(information) : information
            return true
        }
    }

    func setPassedSignals(_ signals: Set<Int32>) { lock.withLock { passedSignals = signals } }
    func setCaughtCalls(_ calls: CaughtCalls) { lock.withLock { caughtCalls = calls } }
    func hostPath(_ path: String) -> String { program.locate(path) }
    func ownFile(_ path: String) -> [UInt8]? { ProcFiles.text(path, program) }

    func monitor(_ command: String) -> String? {
        switch command {
        case "help": "help -- this list\nmaps -- the program's memory map\nregisters -- all threads' registers\n"
        case "maps": ProcFiles.maps(program)
        case "registers": threads.map { "thread \($0)\n\(cpu($0)?.describeRegisters() ?? "")\n" }.joined()
        default: nil
        }
    }
}
