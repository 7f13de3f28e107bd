import HostOS

/// Keeps the guest from computing for a part of the time, so that it writes less memory: `auto-converge`.
final class GuestThrottle: @unchecked Sendable {
    /// The part is one of so many nanoseconds. It is short, since nobody can stop the guest while it is held.
    private static let period: Int64 = 100_000_000

    private unowned let host: any MigrationHost
    private let lock = Mutex()
    private let changed = ConditionVariable()
    private var thread: HostThread?
    /// Guarded by `lock`.
    private var part = 0

    init(_ host: any MigrationHost) { self.host = host }

    /// For how much of the time it is held, in percent; 0 if it is not.
    var percentage: Int { lock.withLock { part } }

    /// From the migration's thread.
    ///
    /// - Parameter percentage: 1 to 99.
    func set(_ percentage: Int) throws(MigrationError) {
        lock.withLock { part = percentage }
        guard thread == nil else { return }
        do throws(HostError) { thread = try HostThread(name: "throttle") { [self] in run() } } catch { throw .host(error) }
    }

    /// From the migration's thread: the guest may do as it likes.
    func end() {
        lock.withLock {
            part = 0
            changed.broadcast()
        }
        thread?.join()
        thread = nil
    }

    private func run() {
        while true {
            let part = Int64(percentage)
            if part == 0 { return }
            host.hold { [self] in wait(GuestThrottle.period * part / 100) }
            wait(GuestThrottle.period * (100 - part) / 100)
        }
    }

    /// Waits so many nanoseconds, or until the end.
    private func wait(_ time: Int64) {
        let end = monotonicNanoseconds() + time
        lock.withLock { while part != 0, monotonicNanoseconds() < end { changed.wait(lock, until: end) } }
    }
}

/// When the guest is to be held, and for how much of the time: it writes memory faster than it can be sent.
struct ConvergenceWatch {
    /// Passes in which it did so since it was last held more.
    private var hasty = 0
    /// As many are needed: one may be chance.
    private static let patience = 2

    /// A pass is over; for how much of the time the guest is to be held now, in percent; nil for as much as before.
    ///
    /// - Parameters:
    ///   - written: bytes of the pages that have been written in the pass.
    ///   - sent: bytes of the pages that have been sent in it.
    ///   - held: for how much of the time it was held.
    mutating func passed(written: Int, sent: Int, held: Int, _ settings: MigrationSettings) -> Int? {
        guard written * 100 > sent * settings.throttleThreshold else { return nil }
        hasty += 1
        guard hasty >= ConvergenceWatch.patience else { return nil }
        hasty = 0
        let wanted = held == 0 ? settings.throttleInitial : held + settings.throttleIncrement
        return min(wanted, settings.throttleMost)
    }
}
