import Diagnostics
import HostOS
import QAPI

/// A machine that comes from another process or a file, on a thread of its own. It runs when it is complete, and where the source can hear, when the source has
/// let go of it; otherwise the emulator ends.
final class IncomingMigration: @unchecked Sendable {
    private unowned let host: any MigrationHost
    private let settings: MigrationSettings
    private let pipe: MigrationPipe
    private let lock = Mutex()
    private var status = MigrationStatus.setup
    private var thread: HostThread?
    /// How long a source that is refused may go on sending, in nanoseconds.
    private static let patience: Int64 = 5_000_000_000

    init(_ host: any MigrationHost, _ settings: MigrationSettings, _ pipe: MigrationPipe) {
        (self.host, self.settings, self.pipe) = (host, settings, pipe)
    }

    /// With the machine lock held.
    func start() throws(HostError) {
        tell(.setup)
        thread = try HostThread(name: "incoming") { [self] in run() }
    }

    var information: MigrationInfo { MigrationInfo(status: lock.withLock { status }) }

    /// The emulator ends. Without the machine lock.
    func endWithEmulator() {
        pipe.cancel()
        thread?.join()
    }

    private func withMachineLock<Result>(_ body: () -> Result) -> Result { host.machine.loop.lock.withLock(body) }

    private func tell(_ new: MigrationStatus) {
        lock.withLock { status = new }
        if settings.has(.events) { host.emit(MigrationEvent(status: new)) }
    }

    private func run() {
        do { try take() } catch {
            pipe.abandon()
            if case .cancelled = error { return withMachineLock { tell(.cancelled) } }
            withMachineLock {
                tell(.failed)
                host.failIncoming(error.description)
            }
        }
    }

    private func take() throws(MigrationError) {
        withMachineLock { tell(.active) }
        let loader = MachineLoader(host.machine, guest: host.guest)
        var reader = StreamReader(pipe.receive)
        var expectsAnswer = false
        do {
            try loader.begin(&reader, expectsAnswer: &expectsAnswer)
            let received = try loader.receive(&reader)
            try fill(received, loader)
            if expectsAnswer { try awaitGo(&reader) }
            finish(received.state.state)
        } catch {
            if expectsAnswer { refuse(error) }
            throw error
        }
    }

    private func fill(_ received: ReceivedMachine, _ loader: MachineLoader) throws(MigrationError) {
        let outcome = withMachineLock { () -> Result<Void, MigrationError> in
            host.memoryWasReplaced()
            do throws(MigrationError) { return .success(try loader.fill(received, setTime: host.setVirtualTime)) } catch { return .failure(error) }
        }
        try outcome.get()
    }

    private func awaitGo(_ reader: inout StreamReader) throws(MigrationError) {
        try pipe.send(SectionWriter(.ready).finish())
        let word = try reader.section()
        guard word.kind == .go else { throw .damaged("a section of kind \(word.kind) where the source was to let go") }
    }

    /// Tells the source, if it still listens, why its machine does not run here.
    private func refuse(_ error: MigrationError) {
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
