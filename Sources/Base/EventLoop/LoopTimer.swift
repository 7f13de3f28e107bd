/// A one-shot timer on one of the loop's clocks.
public final class LoopTimer {
    private weak var loop: EventLoop?
    let clock: ClockKind
    let fire: () -> Void
    /// When it fires, in nanoseconds on its clock; nil while it is not armed.
    public internal(set) var deadline: Int64?

    /// The callback runs on the loop's thread with the machine lock held.
    public init(_ loop: EventLoop, _ clock: ClockKind, _ fire: @escaping () -> Void) {
        self.loop = loop
        self.clock = clock
        self.fire = fire
    }

    deinit { cancel() }

    /// Fires once at `deadline`, or at once if that is past. Call with the machine lock held.
    public func arm(at deadline: Int64) { loop?.arm(self, at: deadline) }

    public func cancel() {
        if deadline != nil { loop?.disarm(self) }
    }
}

/// The armed timers. A machine has a handful, so a list kept in order is quickest.
struct TimerQueue {
    private struct Entry {
        let deadline: Int64
        let timer: Unmanaged<LoopTimer>
    }

    private var realtime: [Entry] = []
    private var virtual: [Entry] = []

    /// Puts a timer in its place and says whether it is now the first of its clock.
    mutating func arm(_ timer: LoopTimer, at deadline: Int64) -> Bool {
        disarm(timer)
        timer.deadline = deadline
        let entry = unsafe Entry(deadline: deadline, timer: .passUnretained(timer))
        switch timer.clock {
        case .realtime: return TimerQueue.insert(entry, into: &realtime)
        case .virtual: return TimerQueue.insert(entry, into: &virtual)
        }
    }

    mutating func disarm(_ timer: LoopTimer) {
        guard timer.deadline != nil else { return }
        timer.deadline = nil
        switch timer.clock {
        case .realtime: realtime.removeAll { unsafe $0.timer.toOpaque() == Unmanaged.passUnretained(timer).toOpaque() }
        case .virtual: virtual.removeAll { unsafe $0.timer.toOpaque() == Unmanaged.passUnretained(timer).toOpaque() }
        }
    }

    func nextDeadline(_ clock: ClockKind) -> Int64? {
        switch clock {
        case .realtime: realtime.first?.deadline
        case .virtual: virtual.first?.deadline
        }
    }

    private static func insert(_ entry: Entry, into entries: inout [Entry]) -> Bool {
        let place = entries.firstIndex { $0.deadline > entry.deadline } ?? entries.count
        entries.insert(entry, at: place)
        return place == 0
    }

    /// Takes the first timer that is due, no longer armed; nil if none is.
    mutating func takeDue(_ clock: ClockKind, now: Int64) -> LoopTimer? {
        guard let deadline = nextDeadline(clock), deadline <= now else { return nil }
        let entry = clock == .realtime ? realtime.removeFirst() : virtual.removeFirst()
        let timer = unsafe entry.timer.takeUnretainedValue()
        timer.deadline = nil
        return timer
    }
}
