import CPUModel
import GDBStub

/// Two threads with two registers, and sixteen bytes of memory at 0x100.
final class FakeTarget: DebugTarget {
    let registers = DebugRegisterTable(
        architecture: "riscv:rv64", watchesStopBefore: false, expedited: ["pc"],
        [
            DebugFeature(
                "org.gnu.gdb.riscv.cpu",
                [DebugRegister("zero", bits: 64, type: "int", group: "general"), DebugRegister("pc", bits: 64, type: "code_ptr", group: "general")])
        ])
    let process = 0x10
    let isAttached = false
    let abilities = ["fork-events+"]
    let threads = [0x10, 0x11]
    var values: [Int: [[UInt8]]] = [0x10: [word(0), word(0x1234)], 0x11: [word(0), word(0x5678)]]
    var memory = [UInt8](0..<16)
    var points: Set<DebugPoint> = []
    var passed: Set<Int32> = []
    var caught = CaughtCalls.none

    static func word(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) } }

    func threadName(_ thread: Int) -> String { "thread <\(thread)>" }
    func register(_ number: Int, of thread: Int) -> [UInt8]? { values[thread]?[number] }
    func setRegister(_ number: Int, of thread: Int, _ bytes: [UInt8]) { values[thread]?[number] = bytes }
    func readMemory(_ address: UInt64, _ count: Int, of thread: Int) -> [UInt8] {
        address >= 0x100 && address < 0x110 ? Array(memory[Int(address - 0x100)...].prefix(count)) : []
    }
    func writeMemory(_ address: UInt64, _ bytes: [UInt8], of thread: Int) -> Bool {
        guard address >= 0x100, address < 0x110, bytes.count <= 0x110 - Int(address) else { return false }
        memory.replaceSubrange(Int(address) - 0x100..<Int(address) - 0x100 + bytes.count, with: bytes)
        return true
    }
    func insert(_ point: DebugPoint) -> Bool {
        points.insert(point)
        return true
    }
    func remove(_ point: DebugPoint) { points.remove(point) }
    func object(_ name: String, thread: Int) -> [UInt8]? { name == "auxv" ? Array("a}b#c".utf8) : nil }
    func setSignalInformation(_ offset: Int, _ bytes: [UInt8], thread: Int) -> Bool { false }
    func setPassedSignals(_ signals: Set<Int32>) { passed = signals }
    func setCaughtCalls(_ calls: CaughtCalls) { caught = calls }
    func hostPath(_ path: String) -> String { path }
    func query(_ text: String) -> String? { text == "own.query" ? "42" : nil }
    func set(_ text: String) -> String? { text == "own.setting:1" ? "OK" : nil }
    func monitor(_ command: String) -> String? { command == "hello" ? "hi\n" : nil }
}
