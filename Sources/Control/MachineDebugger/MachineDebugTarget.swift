import AddressSpace
import CPUModel
import GDBStub
import MachineControl

/// A machine as the debugger sees and changes it while it stands still: vCPU N is thread N + 1 of process 1.
final class MachineDebugTarget: DebugTarget {
    private unowned let machine: any DebuggedMachine
    private(set) var points = DebugPointList()
    /// The thread that stopped last.
    var lastThread = 1
    /// Whether addresses of memory are physical ones.
    private var isPhysical = false
    private(set) var steps = StepFlags.all

    /// How a vCPU does a single step, as QEMU's `sstepbits` name it.
    struct StepFlags: OptionSet {
        let rawValue: UInt64
        static let enable = StepFlags(rawValue: 1)
        /// It takes no interrupts.
        static let noInterrupts = StepFlags(rawValue: 2)
        /// Virtual time stands still.
        static let noTimer = StepFlags(rawValue: 4)
        static let all: StepFlags = [.enable, .noInterrupts, .noTimer]
    }

    init(_ machine: any DebuggedMachine) { self.machine = machine }

    private var cpus: [VirtualCPU] { machine.machine.cpus }
    private func cpu(_ thread: Int) -> VirtualCPU? { cpus.indices.contains(thread - 1) ? cpus[thread - 1] : nil }

    /// A new debugger begins with the settings that all begin with.
    func begin() {
        isPhysical = false
        steps = .all
    }

    // MARK: Threads and registers

    private static let noRegisters = DebugRegisterTable(architecture: "", watchesStopBefore: false, expedited: [], [])
    var registers: DebugRegisterTable { cpus.first?.debugRegisters ?? MachineDebugTarget.noRegisters }
    let process = 1
    let isAttached = true
    let abilities: [String] = []
    var threads: [Int] { [lastThread] + (1...max(cpus.count, 1)).filter { $0 != lastThread } }

    func threadName(_ thread: Int) -> String {
        guard let cpu = cpu(thread) else { return "" }
        return "CPU#\(cpu.index) [\(cpu.isHalted ? "halted " : "running")]"
    }

    func register(_ number: Int, of thread: Int) -> [UInt8]? { cpu(thread)?.debugRegister(number) }
    func setRegister(_ number: Int, of thread: Int, _ bytes: [UInt8]) { cpu(thread)?.setDebugRegister(number, bytes) }

    func programCounter(_ thread: Int) -> UInt64 { cpu(thread)?.header.pc ?? 0 }

    // MARK: Memory

    /// An address without what debuggers put above 32 bits for a guest that has no more.
    private func wrapped(_ address: UInt64) -> UInt64 {
        let isNarrow = registers.registers.first { $0.name == "pc" }?.bits == 32
        return isNarrow ? address & 0xffff_ffff : address
    }

    /// Calls `body` with the physical addresses of a range's parts, which lie on one page each, while it says that it could do its part.
    private func eachPage(_ address: UInt64, _ count: Int, _ thread: Int, _ body: (UInt64, Range<Int>) -> Bool) -> Bool {
        guard let cpu = cpu(thread) else { return false }
        var done = 0
        while done < count {
            let place = wrapped(address &+ UInt64(done))
            let size = min(count - done, Int(4096 - place & 0xfff))
            guard let physical = isPhysical ? place : cpu.debugTranslate(place), body(physical, done..<done + size) else { return false }
            done += size
        }
        return true
    }

    func readMemory(_ address: UInt64, _ count: Int, of thread: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        _ = eachPage(address, count, thread) { place, range in
            guard let part = machine.machine.memory.read(place, count: range.count) else { return false }
            bytes += part
            return true
        }
        return bytes
    }

    func writeMemory(_ address: UInt64, _ bytes: [UInt8], of thread: Int) -> Bool {
        eachPage(address, bytes.count, thread) { place, range in machine.machine.memory.patch(place, Array(bytes[range])) == .ok }
    }

    // MARK: Points

    func insert(_ point: DebugPoint) -> Bool {
        guard let engine = machine.engine else { return false }
        points.insert(wrapped(point), into: engine)
        return true
    }

    func remove(_ point: DebugPoint) { if let engine = machine.engine { points.remove(wrapped(point), from: engine) } }

    func removeAll() { if let engine = machine.engine { points.removeAll(from: engine) } }

    private func wrapped(_ point: DebugPoint) -> DebugPoint {
        switch point {
        case .software(let address): .software(wrapped(address))
        case .hardware(let address): .hardware(wrapped(address))
        case .watch(let point): .watch(Watchpoint(point.kind, address: wrapped(point.address), count: point.count))
        }
    }

    // MARK: What is QEMU's

    func monitor(_ command: String) -> String? { machine.monitor(command) }

    func query(_ text: String) -> String? {
        switch text {
        case "qemu.Supported": "sstepbits;sstep;PhyMemMode"
        case "qemu.sstepbits": "ENABLE=1,NOIRQ=2,NOTIMER=4"
        case "qemu.sstep": "0x" + String(steps.rawValue, radix: 16)
        case "qemu.PhyMemMode": isPhysical ? "1" : "0"
        default: nil
        }
    }

    func set(_ text: String) -> String? {
        let parts = text.split(maxSplits: 1) { $0 == "=" || $0 == ":" }.map(String.init)
        guard parts.count == 2, let value = UInt64(parts[1].hasPrefix("0x") ? String(parts[1].dropFirst(2)) : parts[1], radix: 16) else { return nil }
        switch parts[0] {
        case "qemu.PhyMemMode": isPhysical = value != 0
        case "qemu.sstep": steps = StepFlags(rawValue: value & StepFlags.all.rawValue)
        default: return nil
        }
        return "OK"
    }
}
