import CPUModel
import Chardev
import GDBStub
import MachineControl
import QAPI
import TranslatedExecution

/// gdb's server for a machine, on a character back end. A debugger that comes stops the machine; what it asks is done while the vCPUs stand still.
public final class DebugServer: CharacterFrontEnd {
    public let backend: CharacterBackend
    private unowned let machine: any DebuggedMachine
    private let target: MachineDebugTarget
    private var reader = PacketReader()
    private var session = DebugSession(thread: 1)
    private var items: [PacketReader.Item] = []
    private var isScheduled = false
    /// The debugger has let the machine go on and is to be told why it stops.
    private var awaitsStop = false
    /// Stops of vCPUs that the debugger has not been told of.
    private var stops: [DebugStop] = []
    private var lastReply: [UInt8] = []
    /// What is still to be sent: the back end keeps no more than so much for a slow reader, and loses the rest.
    private var unsent: [UInt8] = []

    public init(_ backend: CharacterBackend, machine: any DebuggedMachine) {
        self.backend = backend
        self.machine = machine
        target = MachineDebugTarget(machine)
        noteStart()
        backend.frontEnd = self
    }

    /// The server ends; the machine stays as it is.
    public func close() {
        backend.frontEnd = nil
        leave()
        backend.disconnect()
    }

    // MARK: Input

    /// Of what comes faster than it is worked off, the rest waits at the other side.
    private static let mostItems = 64

    public func receivableBytes() -> Int { items.count < DebugServer.mostItems ? 4096 : 0 }

    public func receive(_ bytes: [UInt8]) {
        for byte in bytes { if let item = reader.take(byte), item != .acknowledgement { items.append(item) } }
        if items.isEmpty || isScheduled { return }
        isScheduled = true
        machine.whileStopped { [weak self] in
            self?.isScheduled = false
            self?.work()
        }
    }

    public func handle(_ event: CharacterEvent) {
        (reader, items, unsent) = (PacketReader(), [], [])
        switch event {
        case .opened: machine.whileStopped { [weak self] in self?.begin() }
        case .closed: machine.whileStopped { [weak self] in self?.leave() }
        case .lineBreak: break
        }
    }

    /// A debugger has come: the machine stops for it.
    private func begin() {
        (awaitsStop, stops) = (false, [])
        session = DebugSession(thread: 1)
        target.begin()
        machine.pause()
        noteStart()
    }

    /// What a debugger learns that asks first of all why the machine stands still.
    private func noteStart() {
        target.lastThread = 1
        _ = session.report(StopReport(signal: Signal.trap, thread: 1, reason: .signal), target)
    }

    /// The debugger has gone: nothing of it stays, and the machine runs or stands as it does.
    private func leave() {
        (awaitsStop, stops) = (false, [])
        target.removeAll()
        machine.endStepping()
    }

    private func work() {
        while !items.isEmpty { take(items.removeFirst()) }
        tellIfStopped()
        backend.frontEndIsReady()
    }

    private var acknowledges: Bool { !session.terms.contains(.noAcknowledgement) }

    private func take(_ item: PacketReader.Item) {
        switch item {
        case .interrupt: machine.pause()
        case .damaged: if acknowledges { transmit([UInt8(ascii: "-")]) }
        case .retransmission: if acknowledges { transmit(lastReply) }
        case .acknowledgement: break
        case .packet(let packet):
            if acknowledges { transmit([UInt8(ascii: "+")]) }
            // A debugger that speaks wants the machine to stand still, whoever let it run.
            machine.pause()
            awaitsStop = false
            act(packet)
        }
    }

    private func send(_ reply: [UInt8]) {
        lastReply = PacketCoding.packet(reply)
        transmit(lastReply)
    }

    /// Bytes that are handed over at a time; far fewer than any back end keeps.
    private static let piece = 1 << 16

    private func transmit(_ bytes: [UInt8]) {
        unsent += bytes
        backendHasRoom()
    }

    public func backendHasRoom() {
        while !unsent.isEmpty, backend.unsentBytes == 0 {
            let part = Array(unsent.prefix(DebugServer.piece))
            unsent.removeFirst(part.count)
            backend.write(part)
        }
    }

    private func act(_ packet: [UInt8]) {
        switch session.handle(packet, target) {
        case .reply(let reply): send(reply)
        case .resume(let choices): resume(choices)
        case .detach:
            send(Array("OK".utf8))
            leave()
            // A machine that has to be reset first stays stopped.
            try? machine.resume()
        case .kill:
            if packet.first == UInt8(ascii: "v") { send(Array("OK".utf8)) }
            machine.quit()
        }
    }

    // MARK: Going on and stopping

    private func resume(_ choices: [ResumeChoice]) {
        awaitsStop = true
        // What has been met by others at the last stop is told first.
        if !stops.isEmpty { return tellIfStopped() }
        func action(_ index: Int) -> DebugAction {
            guard let choice = choices.first(where: { $0.thread == nil || $0.thread == index + 1 }) else { return .hold }
            return choice.action.steps && target.steps.contains(.enable) ? .step : .run
        }
        let cpus = machine.machine.cpus
        // One that sleeps waits for a timer, perhaps.
        let stepsAwake = cpus.contains { action($0.index) == .step && !$0.isHalted }
        machine.engine?.stepsTakeInterrupts = !target.steps.contains(.noInterrupts)
        do { try machine.resume(action, clockRuns: !stepsAwake || !target.steps.contains(.noTimer)) } catch {
            awaitsStop = false
            send(Array("E22".utf8))
        }
    }

    /// The machine has come to stand still. Called with what its vCPUs have met.
    public func machineStopped(_ stops: [DebugStop]) {
        // One that does not wait sees where the machine is when it looks.
        guard awaitsStop else { return }
        // A breakpoint or a step that is not told is met again, an access that has been done is not.
        let isDone = !target.registers.watchesStopBefore
        for stop in stops {
            if case .watchpoint = stop.reason, isDone { self.stops.append(stop) } else if self.stops.isEmpty { self.stops.append(stop) }
        }
        tellIfStopped()
    }

    private func tellIfStopped() {
        guard awaitsStop, machine.runState != .running else { return }
        awaitsStop = false
        let report = stops.isEmpty ? interruption : DebugServer.report(stops.removeFirst(), target)
        stops.removeAll { if case .watchpoint = $0.reason { false } else { true } }
        target.lastThread = report.thread
        send(session.report(report, target))
    }

    /// The end of the emulator: the debugger is told like of a process's.
    public func ended(status: Int32) {
        if awaitsStop { send(session.report(.exited(UInt8(truncatingIfNeeded: status)), process: target.process)) }
    }

    private enum Signal { static let interrupt: Int32 = 2, quit: Int32 = 3, trap: Int32 = 5, stop: Int32 = 19 }

    /// A stop that no vCPU has caused.
    private var interruption: StopReport {
        let signal =
            switch machine.runState {
            case .shutdown: Signal.quit
            case .ioError: Signal.stop
            case .debug: Signal.trap
            default: Signal.interrupt
            }
        return StopReport(signal: signal, thread: target.lastThread, reason: .signal)
    }

    private static func report(_ stop: DebugStop, _ target: MachineDebugTarget) -> StopReport {
        let thread = stop.cpu + 1
        switch stop.reason {
        case .stepped: return StopReport(signal: Signal.trap, thread: thread, reason: .signal)
        case .watchpoint(let kind, let address): return StopReport(signal: Signal.trap, thread: thread, reason: .watchpoint(kind, address))
        case .breakpoint:
            let isHardware = target.points.contains(.hardware(target.programCounter(thread)))
            return StopReport(signal: Signal.trap, thread: thread, reason: isHardware ? .hardwareBreakpoint : .softwareBreakpoint)
        }
    }
}
