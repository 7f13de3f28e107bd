import Chardev
import EventLoop
import Input
import MachineControl
import MachineDebugger
import MachineModel
import QAPI
import QMP
import RISCVMachines
import TranslatedExecution

/// A machine with two vCPUs that never run, for what orders machines about. Nothing of it touches the host.
final class FuzzSession: DebuggedMachine, QMPTarget {
    let loop: EventLoop
    let machine: Machine
    let numa: NUMA? = nil
    let kindOfMachine: MachineType? = VirtBoard.type
    let cpuTopology = CPUTopology(cores: 2)
    let version = "Apus fuzz"
    let guest = "riscv64"
    let guestName: String? = nil
    let uuid: String? = nil
    let isSingleStepped = false
    let hasMachine = true
    var runState = RunState.running
    let memorySize: UInt64 = 2 << 20
    let ownMemoryID: String? = "riscv_virt_board.ram"
    var actions = GuestActions()
    let hostThreads: [Int64] = [1, 2]
    let engine: TranslationEngine?
    private var waiting: [() -> Void] = []

    init() throws {
        var configuration = MachineConfiguration()
        configuration.firmware = "none"
        configuration.cpus = 2
        configuration.memory = memorySize
        loop = try EventLoop()
        machine = try VirtBoard.type.build(configuration, "riscv64", loop) { _ in }
        machine.reset()
        var options = EngineOptions()
        options.kind = .interpreter
        engine = try TranslationEngine(cpus: machine.cpus, loop: loop, options: options)
    }

    func information(_ subject: String) -> String? { nil }
    func define(_ option: String, _ text: String) throws { throw QAPIError.notSupported("-\(option) while fuzzing") }
    func whileStopped(_ work: @escaping () -> Void) { waiting.append(work) }
    func pause() { runState = .paused }
    func resume() throws(QAPIError) { try resume({ _ in .run }, clockRuns: true) }
    func resume(_ action: (Int) -> DebugAction, clockRuns: Bool) throws(QAPIError) {
        engine?.setDebugActions(action)
        runState = .running
    }
    func reset() { machine.reset() }
    func quit() {}
    lazy var input = InputHub(loop: loop)
    var pointers: PointerOrders { PointerOrders(input) }
    func powerDown() {}
    func leavePreconfiguration() throws {}
    func whenMigrationIsOver(_ body: @escaping () -> Void) { body() }
    func endStepping() { engine?.setDebugActions { _ in .run } }
    func monitor(_ line: String) -> String { line + "\n" }

    /// Does what waits for vCPUs that stand still.
    func settle() { while !waiting.isEmpty { waiting.removeFirst()() } }
}

/// A peer that sends what it is told to and keeps what it hears.
final class FuzzPeer: CharacterBackend {
    private(set) var heard: [UInt8] = []
    override func write(_ bytes: [UInt8]) { heard += bytes }

    func takeHeard() -> [UInt8] {
        defer { heard = [] }
        return heard
    }

    /// Sends bytes as the front end takes them; those that it never takes are lost.
    func send(_ bytes: [UInt8], then settle: () -> Void) {
        var rest = bytes[...]
        while let frontEnd, !rest.isEmpty {
            let room = frontEnd.receivableBytes()
            if room <= 0 { return }
            frontEnd.receive(Array(rest.prefix(room)))
            rest = rest.dropFirst(room)
            settle()
        }
    }
}
