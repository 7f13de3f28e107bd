import Diagnostics
import HostOS
import QAPI

/// A machine that comes from another process or a file, on a thread of its own. It runs when it is complete, and where the source can hear, when the source has
/// let go of it; otherwise the emulator ends.
final class IncomingMigration: @unchecked Sendable {
    /// What it comes by.
    enum Source {
        case stream(MigrationPipe, IncomingChannels?)
        case mapped(MappedMachine)
    }

    private unowned let host: any MigrationHost
    private let settings: MigrationSettings
    private let source: Source
    private let lock = Mutex()
    private var status = MigrationStatus.setup
    private var thread: HostThread?
    /// How long a source that is refused may go on sending, in nanoseconds.
    private static let patience: Int64 = 5_000_000_000

    init(_ host: any MigrationHost, _ settings: MigrationSettings, _ source: Source) {
        (self.host, self.settings, self.source) = (host, settings, source)
    }

    /// With the machine lock held.
    func start() throws(HostError) {
        tell(.setup)
        thread = try HostThread(name: "incoming") { [self] in run() }
    }

    var information: MigrationInfo { MigrationInfo(status: lock.withLock { status }) }

    /// The emulator ends. Without the machine lock.
    func endWithEmulator() {
        if case .stream(let pipe, let channels) = source {
            pipe.cancel()
            channels?.end()
        }
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
            case .stream(let pipe, let channels): try take(pipe, channels)
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
        do {
            try loader.begin(&reader, expectsAnswer: &expectsAnswer)
            let received = try loader.receive(&reader, channels: channels)
            try fill(received, loader)
            if expectsAnswer { try awaitGo(pipe, &reader) }
            finish(received.state.state)
        } catch {
            // The first connection ends as well when a channel fails.
            let reason = channels?.error ?? error
            if expectsAnswer { refuse(pipe, reason) }
            channels?.end()
            pipe.abandon()
            throw reason
        }
    }

    private func take(_ mapped: MappedMachine) throws(MigrationError) {
        withMachineLock { tell(.active) }
        try mapped.check(host.machine, guest: host.guest)
        let received = try mapped.state()
        let outcome = withMachineLock { () -> Result<Void, MigrationError> in
            do throws(MigrationError) { return .success(try mapped.map(into: host.machine)) } catch { return .failure(error) }
        }
        try outcome.get()
        try fill(received, MachineLoader(host.machine, guest: host.guest))
        finish(received.state.state)
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
        var section = SectionWriter(.refusal)
        section.add(text: error.description)
        try? pipe.send(section.finish())
        // The source is still sending: whatever is not read when the connection ends may take the answer with it.
        pipe.discardInput(until: monotonicNanoseconds() + IncomingMigration.patience)
    }

    private func finish(_ stateBefore: RunState) {
        withMachineLock {
            host.whileStopped { [self] in
                tell(.completed)
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
