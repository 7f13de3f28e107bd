import MachineControl
import Migration
import QAPI
import Templates
import TranslatedExecution

extension Session: MigrationHost {
    func revokeWrites() { engine?.revokeWrites() }
    func hold(_ body: () -> Void) { if let engine { engine.hold(body) } else { body() } }
    func memoryWasReplaced() { engine?.memoryWasReplaced() }

    func setVirtualTime(_ nanoseconds: Int64) {
        loop.setVirtualTime(nanoseconds)
        engine?.setVirtualTime(nanoseconds)
    }

    func settleDisks() throws {
        if let reason = blocks.migrationBlocker { throw QAPIError(.generic, reason) }
        try blocks.settle()
    }

    func giveDisksAway() throws { try blocks.setActive(false) }

    func takeDisks() throws { try blocks.setActive(true) }

    func emit(_ event: any QAPIEvent) { events.emit(event) }
    func failIncoming(_ reason: String) { end(complaining: "the machine that was to come does not: \(reason)") }
    var memoryOnItsWay: String? { migration.memoryOnItsWay }
    func whenMigrationIsOver(_ body: @escaping () -> Void) { migration.whenOver(body) }

    /// `-loadvm`.
    func loadSnapshot() throws {
        guard let tag = options.last("loadvm") else { return }
        if options.has("incoming") { throw QAPIError(.generic, "-loadvm and -incoming do not go together: each brings a machine") }
        var failure: (any Error)?
        loop.lock.withLock {
            // It stands still until the machine runs.
            loop.setVirtualClockPaused(true)
            do { try snapshots.loadAtStart(tag) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// `-clone`, before anything is made.
    func beginClone(of template: Template, disks folder: String?) {
        self.template = template
        configuration.isFilledLater = true
        blocks.stand(on: template.disks, keepingIn: folder)
    }

    /// Makes the machine what its template is of.
    func becomeClone() throws {
        guard let template else { return }
        var failure: (any Error)?
        loop.lock.withLock {
            loop.setVirtualClockPaused(true)
            do { try template.load(into: machine, setTime: setVirtualTime) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// `-incoming`.
    func beginIncoming() throws {
        guard let text = options.last("incoming") else { return }
        var failure: (any Error)?
        loop.lock.withLock { do { try migration.expect(text) } catch { failure = error } }
        if let failure { throw failure }
    }
}
