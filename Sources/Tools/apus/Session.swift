import BlockSetup
import Catalog
import CharacterSetup
import Chardev
import CommandLine
import Diagnostics
import Display
import DisplaySetup
import EventLoop
import HostOS
import Input
import MachineControl
import MachineModel
import MachineDebugger
import MachineSnapshots
import Migration
import Monitor
import NetworkSetup
import ObjectModel
import QAPI
import QMP
import Templates
import TLS
import TranslatedExecution
import Window

/// One run of a machine: from the command line to the end, with the pauses and resets between.
final class Session {
    /// A character back end for a monitor, and which kind.
    struct MonitorPlace {
        enum Kind { case human, protocolOnly, pretty }
        let backend: CharacterBackend
        let kind: Kind
    }

    let options: ParsedCommandLine
    let guest: String
    let loop: EventLoop
    var configuration = MachineConfiguration()
    var engineOptions = EngineOptions()
    var machineAccelerator: String?
    var guestName: String?
    var uuid: String?
    var actions = GuestActions()
    /// The ids of `-audiodev`.
    var audioBackEnds: [String] = []
    /// `-machine memory-backend=`.
    var memoryBackEnd: String?
    var machineValues: PropertyValues?
    let characters: CharacterSetup
    let blocks: BlockSetup
    let networks: NetworkSetup
    let objects: ObjectTree
    let displays = ConsoleList()
    let input: InputHub
    let vnc: VNCSetup
    /// `-display sdl`.
    private var window: DesktopWindow?
    let backEnds: BackEnds
    let devices: DeviceFactory
    /// `-numa`.
    let nodes = NUMASetup()
    let events: EventHub
    var monitorPlaces: [MonitorPlace] = []
    lazy var snapshots = MachineSnapshots(self, blocks: blocks)
    lazy var templates = TemplateSaving(self, blocks: blocks, options: options) { [unowned self] in devices.changesSinceStart }
    /// What it is a clone of.
    var template: Template?
    lazy var migration = MigrationControl(
        self, loop: loop, credentials: { [unowned self] in try backEnds.credentials($0, $1, option: "migrate") },
        blocker: { [unowned self] in blocks.migrationBlocker })
    /// A machine that comes from elsewhere runs when it has come.
    private(set) var startsAfterIncoming = true
    /// Filled in by `startMonitors`.
    var monitors: [any CharacterFrontEnd] = []
    /// `-gdb`.
    var debugServer: DebugServer?
    /// The monitor that a debugger gives orders to. Filled in by `startMonitors`.
    var debuggersMonitor: MonitorCommands?
    /// Whether virtual time goes on while the vCPUs run: not while a debugger steps through them.
    private var clockRuns = true

    private(set) var builtMachine: Machine?
    private(set) var engine: TranslationEngine?
    /// What is built when the configuration is complete.
    private(set) var type: MachineType?
    /// `.running` if the vCPUs run, or are about to.
    private(set) var runState = RunState.running
    /// Work for the time when the vCPUs have stopped.
    private var waiting: [() -> Void] = []
    private var resetRequested = false
    private var ending: Int32?

    /// Nanoseconds for what secured connections still have to send when the emulator ends.
    private static let goodbyes: Int64 = 1_000_000_000

    init(_ options: ParsedCommandLine, guest: String) throws {
        self.options = options
        self.guest = guest
        loop = try EventLoop()
        let events = EventHub(loop: loop)
        self.events = events
        var quit: () -> Void = {}
        var stop: () -> Void = {}
        blocks = BlockSetup(loop: loop, pause: { stop() }, emit: { events.emit($0) })
        objects = ObjectTree(types: Catalog.types(guest: guest, more: DeviceRequest.allTypes + BackEndTypes.all))
        let backEnds = BackEnds(tree: objects, randomBytes: loop.randomBytes)
        self.backEnds = backEnds
        characters = CharacterSetup(loop: loop, credentials: { try backEnds.credentials($0, $1, option: "chardev") }, consoles: displays) { command in
            if command == .quit { quit() }
        }
        networks = NetworkSetup(loop: loop, characters: characters, models: DeviceFactory.cardModels)
        input = InputHub(loop: loop)
        vnc = VNCSetup(loop: loop, consoles: displays, hub: input, renewed: { try backEnds.renewCredentials($0) }, emit: { events.emit($0) })
        devices = DeviceFactory(
            .init(
                loop: loop, characters: characters, blocks: blocks, networks: networks, backEnds: backEnds, objects: objects, displays: displays,
                input: input,
                emit: { events.emit($0) }))
        quit = { [unowned self] in end(0, .hostUi, byGuest: false) }
        stop = { [unowned self] in interrupt(.ioError) }
    }

    func run() throws -> Int32 {
        try configureLog()
        let daemon = options.has("daemonize") ? try Daemon() : nil
        try sandbox()?.enter()
        let process = try options.last("pidfile").map(PIDFile.init)
        defer { process?.remove() }
        defer { TLSTunnel.finishAll(within: Session.goodbyes) }
        type = try machineType()
        if let type { try configure(type) }
        // Before the vCPUs have their threads: signals that end the emulator are for one thread only.
        onTermination { [loop] in loop.post { [unowned self] in end(0, .hostSignal, byGuest: false) } }
        if options.has("preconfig") {
            runState = .prelaunch
            startMonitors()
            daemon?.isReady()
            while builtMachine == nil { if let status = runUntilInterrupted() { return status } }
        } else {
            try build()
            if configuration.dumpDeviceTree != nil { return 0 }
            try becomeClone()
            startMonitors()
            daemon?.isReady()
        }
        defer { window?.end() }
        defer { migration.end() }
        try beginIncoming()
        try loadSnapshot()
        while true {
            if let status = runUntilInterrupted() { return status }
        }
    }

    /// Makes the machine and what is plugged into it.
    private func build() throws {
        guard let type else { preconditionFailure("the machine's type comes first") }
        try finishNodes()
        let machine = try type.build(configuration, guest, loop) { [unowned self] in handle($0) }
        if configuration.dumpDeviceTree != nil { return }
        blocks.isInactive = options.has("incoming")
        try blocks.define(options, interface: machine.diskInterface)
        for entry in type.version?.properties ?? [] { devices.globals.add(entry.type, entry.property, entry.value) }
        for text in options.all("global") { try devices.globals.add(text, types: objects.types) }
        try devices.attach(options, to: machine, memorySize: memorySize)
        for place in viewersPlaces {
            try vnc.define(
                place, name: guestName, audio: audioBackEnds, secret: { try backEnds.secret($0) },
                credentials: { try backEnds.credentials($0, .server, option: "vnc") })
        }
        if let text = windowOptions {
            let wanted = try WindowOptions.parse(text, name: guestName)
            window = try DesktopWindow(wanted, loop: loop, hub: input, consoles: displays) { [unowned self] in end(0, .hostUi, byGuest: false) }
        }
        if options.has("only-migratable"), let reason = blocks.lastingBlocker {
            throw QAPIError(.generic, "-only-migratable: the machine could not be moved: \(reason)")
        }
        networks.warnOfLooseEnds()
        objects.add(
            machine, values: machineValues ?? PropertyValues(type.objectType),
            cpu: try Catalog.cpuValues(configuration.cpu ?? type.defaultCPU(guest), guest: guest),
            isNoted: { [devices] in devices.node(of: $0) != nil })
        machine.reset(loads: !configuration.isFilledLater)
        if !machine.cpus.isEmpty { engine = try TranslationEngine(cpus: machine.cpus, loop: loop, options: engineOptions) }
        engine?.onDebugStop = { [loop] in loop.post { loop.stop(status: 0) } }
        if options.has("S") || options.has("preconfig") { runState = .prelaunch }
        if options.has("incoming") {
            startsAfterIncoming = runState == .running
            runState = .inmigrate
        }
        builtMachine = machine
        if let place = options.last("gdb") ?? (options.has("s") ? Session.usualDebugPlace : nil) { try serveDebugger(place) }
    }

    func leavePreconfiguration() throws { try build() }

    /// Lets the machine run, or stand still, until something has to be done with stopped vCPUs; the exit status if that was the end.
    private func runUntilInterrupted() -> Int32? {
        let runs = runState == .running
        loop.lock.withLock { loop.setVirtualClockPaused(!runs || !clockRuns) }
        if runs { engine?.start() }
        _ = loop.run()
        engine?.stop()
        return loop.lock.withLock {
            loop.resume()
            loop.setVirtualClockPaused(true)
            blocks.drain()
            // Completions that were to come in a moment are part of what is drained.
            loop.settlePosted()
            blocks.drain()
            resetIfAsked()
            let stops = engine?.takeDebugStops() ?? []
            if !stops.isEmpty, runState == .running {
                runState = .debug
                events.emit(StopEvent())
            }
            debugServer?.machineStopped(stops)
            let work = waiting
            waiting = []
            for item in work { item() }
            resetIfAsked()
            // What came up meanwhile may have stopped it as well.
            debugServer?.machineStopped([])
            if let ending { debugServer?.ended(status: ending) }
            if ending != nil { blocks.finish() }
            return ending
        }
    }

    private func resetIfAsked() {
        guard resetRequested else { return }
        resetRequested = false
        // One that is still to come has not begun.
        if runState != .inmigrate { builtMachine?.reset() }
    }

    // MARK: What the guest asks for

    private func handle(_ request: MachineRequest) {
        switch request {
        case .powerOff where actions.shutdown == .pause:
            events.emit(ShutdownEvent(guest: true, reason: .guestShutdown))
            interrupt(.shutdown)
        case .powerOff(let status): end(status, .guestShutdown, byGuest: true)
        case .reset where actions.reboot == .shutdown: end(0, .guestReset, byGuest: true)
        case .reset: reset(.guestReset, byGuest: true)
        }
    }

    /// Makes the vCPUs stand still until a monitor lets them go on.
    private func interrupt(_ state: RunState) {
        let wasRunning = runState == .running
        runState = state
        if wasRunning { events.emit(StopEvent()) }
        loop.stop(status: 0)
    }

    private func end(_ status: Int32, _ reason: ShutdownCause, byGuest: Bool) {
        if ending == nil {
            ending = status
            migration.willEnd()
            events.emit(ShutdownEvent(guest: byGuest, reason: reason))
        }
        loop.stop(status: 0)
    }

    private func reset(_ reason: ShutdownCause, byGuest: Bool) {
        resetRequested = true
        events.emit(ResetEvent(guest: byGuest, reason: reason))
        if runState == .shutdown { runState = .paused }
        loop.stop(status: 0)
    }

    // MARK: What monitors ask for

    func whileStopped(_ work: @escaping () -> Void) {
        waiting.append(work)
        loop.stop(status: 0)
    }

    func pause() {
        if runState == .inmigrate { startsAfterIncoming = false }
        guard runState == .running else { return }
        runState = .paused
        events.emit(StopEvent())
    }

    func resume() throws(QAPIError) {
        try resume({ _ in .run }, clockRuns: true)
    }

    func resume(_ action: (Int) -> DebugAction, clockRuns: Bool) throws(QAPIError) {
        if runState == .shutdown { throw QAPIError(.generic, "Resetting the Virtual Machine is required") }
        if runState == .finishMigrate { throw QAPIError(.generic, "Migration is not finalized yet") }
        if runState == .inmigrate { return startsAfterIncoming = true }
        guard runState != .running else { return }
        do { try takeDisks() } catch { throw QAPIError(error) }
        engine?.setDebugActions(action)
        self.clockRuns = clockRuns
        enter(.running)
    }

    func endStepping() {
        engine?.setDebugActions { _ in .run }
        guard !clockRuns else { return }
        clockRuns = true
        // The clock is started where the loop is entered.
        loop.stop(status: 0)
    }

    /// Changes the state with its events, while the vCPUs stand still.
    func enter(_ state: RunState) {
        let (ran, runs) = (runState == .running, state == .running)
        runState = state
        if ran, !runs { events.emit(StopEvent()) }
        guard runs, !ran else { return }
        events.emit(ResumeEvent())
        blocks.retry()
    }

    /// Ends without a word about the guest, which has never been here.
    func end(complaining text: String) {
        writeLine("apus: error: \(text)", to: 2)
        if ending == nil { ending = 1 }
        loop.stop(status: 0)
    }

    func reset() { reset(.hostQmpSystemReset, byGuest: false) }
    func quit() { end(0, .hostQmpQuit, byGuest: false) }
    func powerDown() {
        events.emit(PowerdownEvent())
        builtMachine?.onPowerButton?()
    }
}
