import Chardev
import EventLoop
import Input
import MachineControl
import MachineModel
import QAPI
import QMP
import RISCVMachines

/// A session without vCPU threads: work for stopped vCPUs waits until the test lets it run.
final class FakeSession: MachineSession, QMPTarget {
    let loop: EventLoop
    let machine: Machine
    let version = "Apus test"
    let guest = "riscv64"
    let guestName: String? = "the guest"
    let uuid: String? = nil
    let isSingleStepped = false
    var hasMachine = true
    var runState = RunState.running
    let memorySize: UInt64 = 128 << 20
    let numa: NUMA? = nil
    let kindOfMachine: MachineType? = VirtBoard.type
    let cpuTopology = CPUTopology(cores: 2)
    let ownMemoryID: String? = "riscv_virt_board.ram"
    var actions = GuestActions()
    var waiting: [() -> Void] = []
    var orders: [String] = []

    init() throws {
        var configuration = MachineConfiguration()
        configuration.firmware = "none"
        configuration.cpus = 2
        loop = try EventLoop()
        machine = try VirtBoard.type.build(configuration, "riscv64", loop) { _ in }
        machine.reset()
    }

    let hostThreads: [Int64] = [1000, 1001]
    func information(_ subject: String) -> String? { subject == "block" ? "no disks\n" : nil }
    func define(_ option: String, _ text: String) throws { orders.append("\(option) \(text)") }
    func whileStopped(_ work: @escaping () -> Void) { waiting.append(work) }
    func pause() { if runState == .running { runState = .paused } }
    func resume() throws(QAPIError) {
        if runState == .shutdown { throw QAPIError(.generic, "Resetting the Virtual Machine is required") }
        runState = .running
    }
    func reset() { orders.append("reset") }
    var onQuit: (() -> Void)?
    func quit() {
        orders.append("quit")
        onQuit?()
    }
    lazy var input = InputHub(loop: loop)
    var pointers: PointerOrders { PointerOrders(input) }
    func powerDown() { orders.append("powerdown") }
    func leavePreconfiguration() throws { hasMachine = true }

    func whenMigrationIsOver(_ body: @escaping () -> Void) { body() }

    func settle() {
        repeat {
            loop.lock.withLock { loop.settlePosted() }
            if !waiting.isEmpty { waiting.removeFirst()() }
        } while !waiting.isEmpty || loop.hasPosted
    }
}

/// A back end that keeps what is written, or holds it up.
final class FakeTerminal: CharacterBackend {
    var sent: [UInt8] = []
    var held: [UInt8] = []
    var isSlow = false
    override var unsentBytes: Int { held.count }
    override func write(_ bytes: [UInt8]) { if isSlow { held += bytes } else { sent += bytes } }

    func takeText() -> String {
        defer { sent = [] }
        return String(decoding: sent, as: UTF8.self)
    }
}
