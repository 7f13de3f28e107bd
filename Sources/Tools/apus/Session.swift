import BlockSetup
import CharacterSetup
import Chardev
import CommandLine
import EventLoop
import HostOS
import MachineModel
import Monitor
import NetworkSetup
import TranslatedExecution

/// One run of a machine: from the command line to the end, with the pauses and resets between.
final class Session {
    let options: ParsedCommandLine
    let guest: String
    let loop: EventLoop
    var configuration = MachineConfiguration()
    var engineOptions = EngineOptions()
    var machineAccelerator: String?
    var guestName: String?
    let characters: CharacterSetup
    private let blocks: BlockSetup
    let networks: NetworkSetup
    var monitorBackends: [CharacterBackend] = []

    private var monitors: [HumanMonitor] = []
    private var builtMachine: Machine?
    private var engine: TranslationEngine?
    /// Why the vCPUs stand still; nil if they run.
    private var pauseReason: String?
    /// Work for the time when the vCPUs have stopped.
    private var waiting: [() -> Void] = []
    private var resetRequested = false
    private var ending: Int32?

    /// The guest has switched the machine off, and `-no-shutdown` keeps it.
    private static let switchedOff = "shutdown"
    /// The host has failed a disk request that is to be tried again.
    private static let diskFailed = "io-error"

    init(_ options: ParsedCommandLine, guest: String) throws {
        self.options = options
        self.guest = guest
        loop = try EventLoop()
        var quit: () -> Void = {}
        characters = CharacterSetup(loop: loop) { command in if command == .quit { quit() } }
        networks = NetworkSetup(loop: loop, characters: characters, models: NetworkCards.models)
        var stop: () -> Void = {}
        blocks = BlockSetup(loop: loop) { stop() }
        quit = { [unowned self] in end(0) }
        stop = { [unowned self] in interrupt(Session.diskFailed) }
    }

    func run() throws -> Int32 {
        try configureLog()
        let type = try machineType()
        try configure()
        let machine = try type.build(configuration, guest, loop) { [unowned self] in handle($0) }
        if configuration.dumpDeviceTree != nil { return 0 }
        builtMachine = machine
        try blocks.define(options)
        try DeviceList.attach(options, to: machine, characters: characters, blocks: blocks, networks: networks)
        networks.warnOfLooseEnds()
        machine.reset()
        let engine = try TranslationEngine(cpus: machine.cpus, loop: loop, options: engineOptions)
        self.engine = engine
        if options.has("S") { pauseReason = "prelaunch" }
        startMonitors()
        onTermination { [loop] in loop.post { [unowned self] in end(0) } }
        while true {
            if let status = try runUntilInterrupted(machine, engine) { return status }
        }
    }

    /// Lets the machine run, or stand still, until something has to be done with stopped vCPUs; the exit status if that was the end.
    private func runUntilInterrupted(_ machine: Machine, _ engine: TranslationEngine) throws -> Int32? {
        let runs = pauseReason == nil
        loop.lock.withLock { loop.setVirtualClockPaused(!runs) }
        if runs { try engine.start() }
        _ = loop.run()
        engine.stop()
        return loop.lock.withLock {
            loop.resume()
            loop.setVirtualClockPaused(true)
            blocks.drain()
            if resetRequested {
                resetRequested = false
                machine.reset()
            }
            let work = waiting
            waiting = []
            for item in work { item() }
            if resetRequested {
                resetRequested = false
                machine.reset()
            }
            return ending
        }
    }

    private func handle(_ request: MachineRequest) {
        switch request {
        case .powerOff where options.has("no-shutdown"): interrupt(Session.switchedOff)
        case .powerOff(let status): end(status)
        case .reset where options.has("no-reboot"): end(0)
        case .reset: reset()
        }
    }

    /// Makes the vCPUs stand still until the monitor lets them go on.
    private func interrupt(_ reason: String) {
        pauseReason = reason
        loop.stop(status: 0)
    }

    private func end(_ status: Int32) {
        if ending == nil { ending = status }
        loop.stop(status: 0)
    }

    private func startMonitors() {
        loop.lock.withLock {
            let shared = characters.monitorMultiplexers.map { (backend: $0.makePort() as CharacterBackend, isShared: true) }
            for (backend, isShared) in shared + monitorBackends.map({ ($0, $0 is Multiplexer.Port) }) {
                monitors.append(HumanMonitor(backend, target: self, isShared: isShared))
            }
        }
    }
}

extension Session: MonitorTarget {
    var version: String { "Apus \(apusVersion) (the interface of QEMU \(interfaceVersion))" }

    var machine: Machine {
        guard let builtMachine else { preconditionFailure("monitors begin after the machine") }
        return builtMachine
    }

    var status: String {
        switch pauseReason {
        case nil: "running"
        case "": "paused"
        case let reason?: "paused (\(reason))"
        }
    }

    private func describeTranslation(_ engine: TranslationEngine) -> String {
        "translated blocks: \(engine.translatedBlocks)\nloops made one block: \(engine.loops)\ncode flushes: \(engine.codeFlushes)\naccesses that wander: \(engine.wanderingAccesses)\n"
    }

    func information(_ subject: String) -> String? {
        switch subject {
        case "block": blocks.description
        case "network": networks.description
        case "usernet": networks.connections
        case "chardev": characters.description
        case "jit": engine.map(describeTranslation)
        default: nil
        }
    }

    func readRingBuffer(_ id: String, _ count: Int) -> [UInt8]? { characters.ringBuffer(id)?.take(count) }

    func writeRingBuffer(_ id: String, _ bytes: [UInt8]) -> Bool {
        guard let ring = characters.ringBuffer(id) else { return false }
        ring.send(bytes)
        return true
    }

    func whileStopped(_ work: @escaping () -> Void) {
        waiting.append(work)
        loop.stop(status: 0)
    }

    func pause() { if pauseReason == nil { pauseReason = "" } }

    func resume() -> String? {
        if pauseReason == Session.switchedOff { return "Resetting the Virtual Machine is required" }
        pauseReason = nil
        blocks.retry()
        return nil
    }

    func reset() {
        resetRequested = true
        if pauseReason == Session.switchedOff { pauseReason = "" }
        loop.stop(status: 0)
    }

    func quit() { end(0) }
}
