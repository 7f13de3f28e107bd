import CHost
import Diagnostics
import Glibc
import HostOS

/// Which time a timer follows.
public enum ClockKind: Sendable {
    /// The host's monotonic time; goes on while the machine is paused.
    case realtime
    /// The guest's time: starts at 0, stands still while the machine is paused; with `-icount` it follows the instructions.
    case virtual
}

/// The machine's main loop: descriptors, timers and posted work, all run on one thread with the machine lock held.
///
/// It is the only reader of clocks and randomness on the guest's behalf.
public final class EventLoop: @unchecked Sendable {
    public let lock = MachineLock()
    private let poller: Int32
    private let wakeup: Int32
    private var watches: [Int32: FDWatch] = [:]
    private var sources: [any PollSource] = []
    private var timers = TimerQueue()
    private let postedLock = Mutex()
    private var posted: [() -> Void] = []
    /// The loop sleeps, or is about to: work that is posted must wake it. Guarded by `postedLock`.
    private var isWaiting = false
    private var finishStatus: Int32?
    private var virtualOffset = monotonicNanoseconds()
    private var pausedAt: Int64?
    private var virtualSource: (() -> Int64)?
    private var onEarlierDeadline: () -> Void = {}

    public init() throws(HostError) {
        poller = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard poller >= 0 else { throw HostError("make the event loop's epoll descriptor") }
        wakeup = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard wakeup >= 0 else { throw HostError("make the event loop's event descriptor") }
        control(EPOLL_CTL_ADD, wakeup, UInt32(EPOLLIN.rawValue))
    }

    deinit {
        close(poller)
        close(wakeup)
    }

    // MARK: Running

    /// Runs callbacks until `stop`; returns its status.
    public func run() -> Int32 {
        lock.lock()
        defer { lock.unlock() }
        while true {
            runPosted()
            fireDueTimers()
            if let finishStatus { return finishStatus }
            let events = sleep()
            postedLock.withLock { isWaiting = false }
            for event in events { dispatch(event) }
        }
    }

    /// Waits without the lock until something happens or a timer is due.
    private func sleep() -> [epoll_event] {
        let timeout = pollTimeout()
        if sources.isEmpty {
            lock.unlock()
            defer { lock.lock() }
            return poll(timeout)
        }
        var sleep = Sleep(poller: poller, timeout: timeout, sources: sources)
        lock.unlock()
        sleep.wait()
        lock.lock()
        sleep.finish()
        return poll(0)
    }

    /// Ends `run` with this status. From any thread that holds the lock; the first status wins.
    public func stop(status: Int32) {
        if finishStatus == nil { finishStatus = status }
        wake()
    }

    /// After `stop`: `run` may be called again.
    public func resume() { finishStatus = nil }

    public var isStopping: Bool { finishStatus != nil }

    /// Runs `work` soon, on the loop's thread with the lock held. From any thread.
    public func post(_ work: @escaping () -> Void) {
        postedLock.lock()
        posted.append(work)
        let mustWake = isWaiting
        isWaiting = false
        postedLock.unlock()
        if mustWake { wake() }
    }

    private func runPosted() {
        postedLock.lock()
        let work = posted
        posted.removeAll(keepingCapacity: true)
        postedLock.unlock()
        for item in work { item() }
    }

    /// Runs what has been posted, and what that posts, while the loop itself does not run: for a machine that is to have nothing under way. With the lock held.
    public func settlePosted() {
        while hasPosted { runPosted() }
    }

    /// Whether posted work waits.
    public var hasPosted: Bool { postedLock.withLock { !posted.isEmpty } }

    func wake() { eventfd_write(wakeup, 1) }

    // MARK: Descriptors

    /// Calls back when the descriptor can be read or written, until the watch is cancelled.
    public func watch(_ descriptor: Int32, readable: (() -> Void)? = nil, writable: (() -> Void)? = nil) -> FDWatch {
        let watch = FDWatch(self, descriptor, readable, writable)
        precondition(watches[descriptor] == nil, "descriptor \(descriptor) is watched already")
        watches[descriptor] = watch
        control(EPOLL_CTL_ADD, descriptor, watch.events)
        return watch
    }

    /// Asks the source for its descriptors before each sleep from now on.
    public func add(_ source: any PollSource) { sources.append(source) }
    public func remove(_ source: any PollSource) { sources.removeAll { $0 === source } }

    func changed(_ watch: FDWatch) { control(EPOLL_CTL_MOD, watch.descriptor, watch.events) }

    func cancelled(_ watch: FDWatch) {
        guard watches[watch.descriptor] === watch else { return }
        watches[watch.descriptor] = nil
        control(EPOLL_CTL_DEL, watch.descriptor, 0)
    }

    private func control(_ operation: Int32, _ descriptor: Int32, _ events: UInt32) {
        var event = epoll_event(events: events, data: epoll_data(fd: descriptor))
        unsafe epoll_ctl(poller, operation, descriptor, &event)
    }

    private func poll(_ timeout: Int32) -> [epoll_event] {
        unsafe withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 32) { buffer in
            let count = unsafe epoll_wait(poller, buffer.baseAddress, 32, timeout)
            return count > 0 ? Array(buffer[0..<Int(count)]) : []
        }
    }

    private func dispatch(_ event: epoll_event) {
        let descriptor = unsafe event.data.fd
        if descriptor == wakeup {
            var count: eventfd_t = 0
            unsafe eventfd_read(wakeup, &count)
            return
        }
        guard let watch = watches[descriptor] else { return }
        let broken = event.events & (UInt32(EPOLLHUP.rawValue) | UInt32(EPOLLERR.rawValue)) != 0
        if event.events & UInt32(EPOLLIN.rawValue) != 0 || broken { watch.readable?() }
        if watches[descriptor] === watch, event.events & UInt32(EPOLLOUT.rawValue) != 0 || broken { watch.writable?() }
        // A hang-up that nobody listens to would be reported for ever.
        if broken, watches[descriptor] === watch, watch.readable == nil, watch.writable == nil { watch.cancel() }
    }

    // MARK: Time

    /// Nanoseconds on a clock.
    public func now(_ clock: ClockKind) -> Int64 {
        switch clock {
        case .realtime: monotonicNanoseconds()
        case .virtual: virtualSource?() ?? ((pausedAt ?? monotonicNanoseconds()) - virtualOffset)
        }
    }

    /// Nanoseconds since 1970 on the host's wall clock.
    public func wallClock() -> Int64 { wallClockNanoseconds() }

    public func randomBytes(_ count: Int) -> [UInt8] { hostRandomBytes(count) }

    /// Makes the virtual clock follow a count of instructions. Whoever counts fires its timers, with `fireDueVirtualTimers`, and is told, from any
    /// thread with the lock held, when a timer has become the next one.
    public func setVirtualClockSource(_ source: @escaping () -> Int64, onEarlierDeadline: @escaping () -> Void) {
        virtualSource = source
        self.onEarlierDeadline = onEarlierDeadline
    }

    /// Stops the virtual clock, or lets it go on. With the lock held.
    ///
    /// What is due at the moment at which it stops happens before this returns: as long as the clock stands still, no timer is behind it, and a
    /// device shows what follows from the time that is shown.
    public func setVirtualClockPaused(_ paused: Bool) {
        if paused, pausedAt == nil {
            pausedAt = monotonicNanoseconds()
            fireDueVirtualTimers()
        } else if !paused, let since = pausedAt {
            virtualOffset += monotonicNanoseconds() - since
            pausedAt = nil
            wake()
        }
    }

    /// What the virtual clock shows from now on, in nanoseconds from 0 on. Where it follows a count of instructions, whoever counts has to be told too.
    public func setVirtualTime(_ nanoseconds: Int64) { virtualOffset = (pausedAt ?? monotonicNanoseconds()) - nanoseconds }

    /// The earliest deadline of an armed timer on a clock.
    public func nextDeadline(_ clock: ClockKind) -> Int64? { timers.nextDeadline(clock) }

    private func fireDueTimers() {
        fireDue(.realtime)
        if pausedAt == nil, virtualSource == nil { fireDue(.virtual) }
    }

    /// For whoever moves the virtual clock on: fires what is due on it now.
    public func fireDueVirtualTimers() { fireDue(.virtual) }

    private func fireDue(_ clock: ClockKind) {
        let now = now(clock)
        while let timer = timers.takeDue(clock, now: now) { timer.fire() }
    }

    func arm(_ timer: LoopTimer, at deadline: Int64) {
        // No clock shows less than 0; a restored deadline may be anything.
        guard timers.arm(timer, at: max(0, deadline)) else { return }
        if timer.clock == .virtual, virtualSource != nil { onEarlierDeadline() } else { wake() }
    }

    func disarm(_ timer: LoopTimer) { timers.disarm(timer) }

    private func pollTimeout() -> Int32 {
        postedLock.lock()
        let busy = !posted.isEmpty
        isWaiting = !busy
        postedLock.unlock()
        if busy { return 0 }
        var wait = Int64.max
        for clock in [ClockKind.realtime, .virtual] {
            if clock == .virtual, pausedAt != nil || virtualSource != nil { continue }
            if let deadline = timers.nextDeadline(clock) { wait = min(wait, max(0, deadline - now(clock))) }
        }
        // An hour at most, so that nothing overflows.
        return wait == .max ? -1 : Int32((min(wait, 3_600_000_000_000) + 999_999) / 1_000_000)
    }
}

/// A descriptor that the loop watches.
public final class FDWatch {
    private weak var loop: EventLoop?
    public let descriptor: Int32
    /// Called when there is something to read; nil to stop listening.
    public var readable: (() -> Void)? { didSet { loop?.changed(self) } }
    /// Called when there is room to write; nil to stop listening.
    public var writable: (() -> Void)? { didSet { loop?.changed(self) } }

    init(_ loop: EventLoop, _ descriptor: Int32, _ readable: (() -> Void)?, _ writable: (() -> Void)?) {
        self.loop = loop
        self.descriptor = descriptor
        self.readable = readable
        self.writable = writable
    }

    var events: UInt32 {
        (readable == nil ? 0 : UInt32(EPOLLIN.rawValue)) | (writable == nil ? 0 : UInt32(EPOLLOUT.rawValue))
    }

    /// Stops watching. Must come before the descriptor is closed.
    public func cancel() { loop?.cancelled(self) }
}
