import EventLoop
import Snapshot

/// A counter that counts down with virtual time, as many timers have one. When it comes to zero it says so, and goes on from `reload`, or stops.
final class DownCounter {
    /// Called when it comes to zero.
    var onZero: () -> Void = {}
    /// Nanoseconds of a tick, at least 1.
    private(set) var tick: Int64
    /// What it goes on from after zero; nil to stop there.
    var reload: UInt32?
    private(set) var isRunning = false
    /// The count at `since`, or while it stands still.
    private var count: UInt32 = 0
    private var since: Int64 = 0
    private let loop: EventLoop
    private lazy var timer = LoopTimer(loop, .virtual) { [weak self] in self?.fire() }

    init(loop: EventLoop, tick: Int64) {
        self.loop = loop
        self.tick = tick
    }

    var value: UInt32 {
        guard isRunning else { return count }
        let passed = (loop.now(.virtual) - since) / tick
        return passed >= Int64(count) ? 0 : count - UInt32(passed)
    }

    /// Goes on from a value.
    func set(_ value: UInt32) {
        count = value
        since = loop.now(.virtual)
        arm()
    }

    func setRunning(_ runs: Bool) {
        guard runs != isRunning else { return }
        count = value
        isRunning = runs
        since = loop.now(.virtual)
        arm()
    }

    /// Changes how long a tick is, from the present value on.
    func setTick(_ nanoseconds: Int64) {
        guard nanoseconds != tick else { return }
        count = value
        since = loop.now(.virtual)
        tick = nanoseconds
        arm()
    }

    func reset() {
        isRunning = false
        (count, reload) = (0, nil)
        timer.cancel()
    }

    private func arm() {
        // One tick at least: a reload of zero would never let anything else happen.
        if isRunning { timer.arm(at: since + max(Int64(count), 1) * tick) } else { timer.cancel() }
    }

    private func fire() {
        since += max(Int64(count), 1) * tick
        // A machine that has stood still, or an interval too short to follow, loses rounds rather than catching up.
        if loop.now(.virtual) - since > 1_000_000_000 { since = loop.now(.virtual) }
        if let reload {
            count = reload
            arm()
        } else {
            (count, isRunning) = (0, false)
        }
        onZero()
    }

    /// The count as it is now; ticks and reloads follow from the device's registers.
    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        var (now, runs) = (value, isRunning)
        visitor.field("count", &now)
        visitor.field("isRunning", &runs)
        guard visitor.isReading else { return }
        (count, isRunning) = (now, runs)
        since = loop.now(.virtual)
    }

    /// Behind a restored `tick` and `reload`.
    func restored() { arm() }
}
