import AddressSpace
import Diagnostics
import EventLoop
import HostOS
import QAPI

/// A machine that comes from another process or a file, on a thread of its own. It runs when it is complete, and where the source can hear, when the source has
/// let go of it; otherwise the emulator ends.
final class IncomingMigration: @unchecked Sendable {
    /// What it comes by.
    enum Source {
        case stream(MigrationPipe, IncomingChannels?, Rendezvous?)
        case mapped(MappedMachine)
    }

    private unowned let host: any MigrationHost
    private let settings: MigrationSettings
    private let source: Source
    private let lock = Mutex()
    private var status = MigrationStatus.setup
    /// The guest runs, or is about to, and its memory is still to come.
    private var postcopy: PostcopyTarget?
    private var rendezvous: Rendezvous?
    private var failure: String?
    private var isEnding = false
    private var thread: HostThread?
    /// How long a source that is refused may go on sending, in nanoseconds.
    private static let patience: Int64 = 5_000_000_000

    init(_ host: any MigrationHost, _ settings: MigrationSettings, _ source: Source) {
        (self.host, self.settings, self.source) = (host, settings, source)
        if case .stream(_, _, let rendezvous) = source { self.rendezvous = rendezvous }
    }

    /// With the machine lock held.
    func start() throws(HostError) {
        tell(.setup)
        thread = try HostThread(name: "incoming") { [self] in run() }
    }

    var information: MigrationInfo { lock.withLock { MigrationInfo(status: status, errorDesc: failure) } }

    /// Whether memory is still to come although the machine is here.
    var lacksMemory: Bool { lock.withLock { postcopy != nil } }

    /// Cuts the connection by which memory still comes; false if there is none.
    func pause() -> Bool { lock.withLock { status == .postcopyActive ? postcopy : nil }?.pause() ?? false }

    /// Waits elsewhere for a source whose connection has broken; false if none has.
    func recover(at place: Rendezvous) -> Bool {
        lock.withLock {
            guard status == .postcopyPaused else { return false }
            rendezvous = place
            return true
        }
    }

    /// The emulator is about to end, and vCPUs may wait for memory that does not come. From any thread.
    func willEnd() {
        guard lacksMemory, !lock.withLock({ () -> Bool in defer { isEnding = true }; return isEnding }) else { return }
        _ = try? HostThread(name: "grace") { [lock, ended] in
            let isStuck = lock.withLock { () -> Bool in
                let deadline = monotonicNanoseconds() + IncomingMigration.grace
                while !ended.value, monotonicNanoseconds() < deadline { ended.changed.wait(lock, until: deadline) }
                return !ended.value
            }
            guard isStuck else { return }
            writeLine("apus: error: the guest is lost: memory that it waits for has not come", to: 2)
            exitProcess(1)
        }
    }

    /// Whether nothing uses the machine any more.
    private final class Ended: @unchecked Sendable {
        var value = false
        let changed = ConditionVariable()
    }
    private let ended = Ended()
    /// How long vCPUs and devices have to stop that wait for memory, in nanoseconds.
    private static let grace: Int64 = 5_000_000_000

    /// The emulator ends, and nothing uses the machine any more. Without the machine lock.
    func endWithEmulator() {
        lock.withLock {
            (isEnding, ended.value) = (true, true)
            ended.changed.broadcast()
        }
        if case .stream(let pipe, let channels, _) = source {
            pipe.cancel()
            channels?.end()
        }
        lock.withLock { postcopy }?.cancel()
        thread?.join()
    }

    private func withMachineLock<Result>(_ body: () -> Result) -> Result { host.machine.loop.lock.withLock(body) }

    private func tell(_ new: MigrationStatus) {
        lock.withLock { status = new }
        if settings.has(.events) { host.emit(MigrationEvent(status: new)) }
    }

    private func run() {
        do throws(MigrationError) {
            switch source {
            case .stream(let pipe, let channels, _): try take(pipe, channels)
            case .mapped(let machine): try take(machine)
            }
        } catch {
            if case .cancelled = error { return withMachineLock { tell(.cancelled) } }
            withMachineLock {
                tell(.failed)
                host.failIncoming(error.description)
            }
        }
    }

    private func take(_ pipe: MigrationPipe, _ channels: IncomingChannels?) throws(MigrationError) {
        withMachineLock { tell(.active) }
        let loader = MachineLoader(host.machine, guest: host.guest)
        var reader = StreamReader(pipe.receive)
        var expectsAnswer = false
        var advice: PostcopyAdvice?
        do {
            try loader.begin(&reader, expectsAnswer: &expectsAnswer)
            let received = try loader.receive(&reader, channels: channels, allowsPostcopy: settings.has(.postcopyRam), advice: &advice)
            if let missing = received.missing, let advice {
                // From here on it answers itself.
                expectsAnswer = false
                return try run(received, loader, try prepare(missing, pipe, reader), advice.token)
            }
            try fill(received, loader)
            if expectsAnswer { try awaitGo(pipe, &reader) }
            finish(received.state.state, as: .completed)
        } catch {
            // The first connection ends as well when a channel fails.
            let reason = channels?.error ?? error
            if expectsAnswer { refuse(pipe, reason) }
            channels?.end()
            pipe.abandon()
            throw reason
        }
    }

    // MARK: Postcopy

    private func prepare(_ missing: [PageSet], _ pipe: MigrationPipe, _ reader: StreamReader) throws(MigrationError) -> PostcopyTarget {
        do throws(MigrationError) {
            let target = try PostcopyTarget(host.machine.memory.ramBlocks, missing)
            lock.withLock { postcopy = target }
            try target.serve(pipe, reader)
            return target
        } catch {
            refuse(pipe, error)
            throw error
        }
    }

    /// Fills the state in and runs the guest while its memory comes.
    private func run(
        _ received: ReceivedMachine, _ loader: MachineLoader, _ target: PostcopyTarget, _ token: UInt64
    ) throws(MigrationError) {
        defer { lock.withLock { postcopy = nil } }
        do throws(MigrationError) { try fill(received, loader) } catch {
            // Its threads take what still comes until the source has heard.
            target.send(MachineRefusal.section(error))
            if case .broken = target.progress(wasReleased: false) {}
            throw error
        }
        tellSoon(.postcopyActive)
        target.send(SectionWriter(.ready).finish())
        var runs = false
        while true {
            switch target.progress(wasReleased: runs) {
            case .released:
                runs = true
                finish(received.state.state, as: .postcopyActive)
            case .complete:
                target.end()
                return tellSoon(.completed)
            case .broken(.refused(let text)) where !runs: throw .refused(text)
            case .broken(let error): try recover(target, token, error)
            case .ended: throw .cancelled
            }
        }
    }

    /// Waits until the source has come again and says what is missing.
    private func recover(_ target: PostcopyTarget, _ token: UInt64, _ error: MigrationError) throws(MigrationError) {
        target.disconnect()
        var reason = error.description
        while true {
            lock.withLock { failure = reason }
            tellSoon(.postcopyPaused)
            let pipe = try meet(token)
            lock.withLock { failure = nil }
            tellSoon(.postcopyRecover)
            do throws(MigrationError) {
                let state = target.state
                for section in PostcopyFormat.missing(state.missing) { try pipe.send(section) }
                try pipe.send(PostcopyFormat.resumption(isReleased: state.hasHeardGo))
                try target.serve(pipe, StreamReader(pipe.receive))
                return tellSoon(.postcopyActive)
            } catch { reason = error.description }
        }
    }

    /// The next connection that the source makes.
    private func meet(_ token: UInt64) throws(MigrationError) -> MigrationPipe {
        var open: (place: Rendezvous, socket: ListeningSocket)?
        while true {
            let (place, isEnding) = lock.withLock { (rendezvous, self.isEnding) }
            if isEnding { throw .cancelled }
            if place !== open?.place {
                // Before the same address is listened at again.
                open = nil
                if let place, let socket = place.listen() { open = (place, socket) } else { forget(place) }
            }
            guard let open else {
                sleep(milliseconds: IncomingMigration.look)
                continue
            }
            guard open.socket.hasCaller(within: IncomingMigration.look), let stream = open.socket.accept() else { continue }
            do throws(MigrationError) {
                let pipe = MigrationPipe(try open.place.secure(stream), isTwoWay: true)
                guard try PostcopyFormat.takeGreeting(pipe.receive) == token else { throw .damaged("it is another migration's") }
                return pipe
            } catch { warn("a connection for the machine whose memory is to come is turned away: \(error)") }
        }
    }

    /// How long a wait lasts before it is looked whether it still makes sense, in milliseconds.
    private static let look: Int32 = 100

    /// Nobody can come there.
    private func forget(_ place: Rendezvous?) { lock.withLock { if rendezvous === place { rendezvous = nil } } }

    /// The same without the machine lock, which somebody may hold who waits for memory.
    private func tellSoon(_ new: MigrationStatus) {
        lock.withLock { status = new }
        guard settings.has(.events) else { return }
        host.machine.loop.post { [weak self] in self?.host.emit(MigrationEvent(status: new)) }
    }

    private func take(_ mapped: MappedMachine) throws(MigrationError) {
        withMachineLock { tell(.active) }
        try mapped.check(host.machine, guest: host.guest)
        let received = try mapped.state()
        if settings.has(.multifd) {
            try mapped.read(into: host.machine, channels: settings.channels)
        } else {
            let outcome = withMachineLock { () -> Result<Void, MigrationError> in
                do throws(MigrationError) { return .success(try mapped.map(into: host.machine)) } catch { return .failure(error) }
            }
            try outcome.get()
        }
        try fill(received, MachineLoader(host.machine, guest: host.guest))
        finish(received.state.state, as: .completed)
    }

    private func fill(_ received: ReceivedMachine, _ loader: MachineLoader) throws(MigrationError) {
        let outcome = withMachineLock { () -> Result<Void, MigrationError> in
            host.memoryWasReplaced()
            do throws(MigrationError) { return .success(try loader.fill(received, setTime: host.setVirtualTime)) } catch { return .failure(error) }
        }
        try outcome.get()
    }

    private func awaitGo(_ pipe: MigrationPipe, _ reader: inout StreamReader) throws(MigrationError) {
        try pipe.send(SectionWriter(.ready).finish())
        let word = try reader.section()
        guard word.kind == .go else { throw .damaged("a section of kind \(word.kind) where the source was to let go") }
    }

    /// Tells the source, if it still listens, why its machine does not run here.
    private func refuse(_ pipe: MigrationPipe, _ error: MigrationError) {
        try? pipe.send(MachineRefusal.section(error))
        // The source is still sending: whatever is not read when the connection ends may take the answer with it.
        pipe.discardInput(until: monotonicNanoseconds() + IncomingMigration.patience)
    }

    private func finish(_ stateBefore: RunState, as status: MigrationStatus) {
        withMachineLock {
            host.whileStopped { [self] in
                if status == .completed { tell(.completed) }
                do { try host.takeDisks() } catch {
                    warn("the guest has come and cannot go on: \(error)")
                    return host.enter(.paused)
                }
                host.enter(stateHere(stateBefore))
            }
        }
    }

    /// What becomes of a machine that did something else where it comes from.
    private func stateHere(_ before: RunState) -> RunState {
        switch before {
        case .running: host.startsAfterIncoming ? .running : .paused
        case .shutdown, .ioError, .watchdog, .guestPanicked, .internalError: before
        default: .paused
        }
    }
}
