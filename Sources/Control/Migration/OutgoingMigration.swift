import AddressSpace
import Diagnostics
import HostOS
import MachineModel
import QAPI

/// A machine on its way out, on a thread of its own: memory first, while the guest runs, again and again what it has written meanwhile; when little is left the
/// guest stops, and the rest follows with the state of vCPUs and devices.
///
/// At every moment at most one of the two sides runs the guest: the target goes on only when it has heard `go`, after which the source does not any more.
final class OutgoingMigration: @unchecked Sendable {
    /// Makes the way to the other side, and gives up as soon as it is not wanted any more.
    typealias Way = (_ isWanted: () -> Bool) throws(MigrationError) -> MigrationPipe

    /// Where the machine goes.
    enum Destination {
        case stream(Way)
        /// Besides the first connection more of the same, for pages: `multifd`.
        case channels(Way)
        /// A file that can be mapped: `mapped-ram`.
        ///
        /// - `channels`: threads that write to it; nil for the migration's own.
        case file(String, channels: Int?)
    }

    private unowned let host: any MigrationHost
    private let settings: MigrationSettings
    /// Nil when it has been taken: what it holds is closed with the pipe.
    private var destination: Destination?
    private let blocks: [RAMBlock]
    private let lock = Mutex()
    private let changed = ConditionVariable()
    private var thread: HostThread?

    // Guarded by `lock`.
    private var status = MigrationStatus.setup
    private var statistics: MigrationStatistics
    private var failure: String?
    private var pipe: MigrationPipe?
    private var channels: OutgoingChannels?
    /// Bytes that channels have sent and the throttle has not been told of.
    private var untoldBytes = 0
    private var isCancelled = false
    private var mayContinue = false
    /// From here on the machine belongs to the other side.
    private var isCommitted = false
    private var hasStopped = false
    private var isEnding = false
    private var onEnd: [() -> Void] = []
    /// The guest is to go on at the other side before its memory is there.
    private var wantsPostcopy = false
    /// By which way a migration that is paused goes on.
    private var resumption: Way?

    // The thread's own.
    private var throttle = Throttle()
    private lazy var guestThrottle = GuestThrottle(host)
    private var file: MappedWriter?
    private var fileChannels: FileChannels?
    private var sections: UInt64 = 0
    /// What the machine did before it was stopped.
    private var stateBefore = RunState.running
    /// What a connection after one that broke is known by.
    private lazy var token = host.machine.loop.randomBytes(8).reduce(0) { $0 << 8 | UInt64($1) }

    init(_ host: any MigrationHost, _ settings: MigrationSettings, to destination: Destination) {
        (self.host, self.settings, self.destination) = (host, settings, destination)
        blocks = host.machine.memory.ramBlocks
        statistics = MigrationStatistics(started: monotonicNanoseconds())
        statistics.total = blocks.reduce(0) { $0 + Int64($1.pages * RAMBlock.pageSize) }
        statistics.remaining = statistics.total
    }

    func start() throws(HostError) {
        tell(.setup)
        thread = try HostThread(name: "migration") { [self] in run() }
    }

    // MARK: From other threads, with the machine lock held

    var isOver: Bool { lock.withLock { [.completed, .failed, .cancelled].contains(status) } }
    var information: MigrationInfo {
        lock.withLock { statistics.information(status, error: failure, now: monotonicNanoseconds()) }
    }

    /// Lets the guest go on at the other side before its memory is there, soon; false if memory is not being sent.
    func startPostcopy() -> Bool {
        lock.withLock {
            guard status == .active || wantsPostcopy, !isCancelled else { return false }
            wantsPostcopy = true
            changed.broadcast()
            return true
        }
    }

    /// Whether the guest is, or is about to be, at the other side without its memory.
    var isInPostcopy: Bool { lock.withLock { isInPostcopyLocked } }
    private var isInPostcopyLocked: Bool { [.postcopyActive, .postcopyPaused, .postcopyRecover].contains(status) }

    /// Cuts the connection of a migration whose guest runs at the other side already; false if it is none.
    func pause() -> Bool {
        let pipe = lock.withLock { [.postcopyActive, .postcopyRecover].contains(status) ? self.pipe : nil }
        pipe?.cancel()
        return pipe != nil
    }

    /// Lets it go on by another way; false if it is not paused.
    func resume(by way: @escaping Way) -> Bool {
        lock.withLock {
            guard status == .postcopyPaused else { return false }
            resumption = way
            changed.broadcast()
            return true
        }
    }

    /// Gives up, unless it is too late.
    func cancel() {
        let (mayCancel, pipe, channels) = lock.withLock { () -> (Bool, MigrationPipe?, OutgoingChannels?) in
            guard !isCommitted, !isCancelled, !isInPostcopyLocked, ![.completed, .failed, .cancelled].contains(status) else { return (false, nil, nil) }
            isCancelled = true
            status = .cancelling
            changed.broadcast()
            return (true, self.pipe, self.channels)
        }
        guard mayCancel else { return }
        pipe?.cancel()
        channels?.cancel()
        tell(.cancelling)
    }

    /// Lets it go on from `pre-switchover`; false if it is not there.
    func goOn(from wanted: MigrationStatus) -> Bool {
        lock.withLock {
            guard status == wanted, wanted == .preSwitchover else { return false }
            mayContinue = true
            changed.broadcast()
            return true
        }
    }

    /// Calls back, with the machine lock held, when it is over.
    func whenOver(_ body: @escaping () -> Void) {
        let isOver = lock.withLock {
            if [.completed, .failed, .cancelled].contains(status) { return true }
            onEnd.append(body)
            return false
        }
        if isOver { body() }
    }

    /// The emulator ends: waits until nothing uses the machine any more. Without the machine lock. Memory that the other side still lacks is lost.
    func endWithEmulator() {
        host.machine.loop.lock.withLock { cancel() }
        let pipe = lock.withLock { () -> MigrationPipe? in
            isEnding = true
            changed.broadcast()
            return isInPostcopyLocked ? self.pipe : nil
        }
        pipe?.cancel()
        // A thread that is still looking for the other side has not begun, and may take long.
        if lock.withLock({ pipe != nil || status == .active || isInPostcopyLocked || failure != nil || status == .completed || status == .cancelled }) { thread?.join() }
    }

    // MARK: The thread

    private func run() {
        do {
            try transfer()
            end(.completed, nil)
        } catch {
            if case .cancelled = error { end(.cancelled, nil) } else { end(.failed, error.description) }
        }
    }

    private func transfer() throws(MigrationError) {
        guard let destination else { preconditionFailure("a migration is sent once") }
        self.destination = nil
        switch destination {
        case .stream(let open): try transfer(by: open, channels: false)
        case .channels(let open): try transfer(by: open, channels: true)
        case .file(let path, let channels): try transfer(to: path, channels: channels)
        }
    }

    private func transfer(by open: Way, channels: Bool) throws(MigrationError) {
        let pipe = try way(open)
        lock.withLock { self.pipe = pipe }
        try check()
        try send(MachineDescription(host.machine, guest: host.guest, expectsAnswer: pipe.isTwoWay).header)
        if settings.has(.postcopyRam) { try send(PostcopyFormat.advice(token)) }
        if channels { try openChannels(open) }
        var pages = try begin()
        try copyWhileRunning(&pages)
        try stopMachine()
        try waitBeforeSwitchover()
        if lock.withLock({ wantsPostcopy }) { return try switchOver(&pages, pipe) }
        try copyWhileStopped(&pages, pipe)
        try handOver(pipe)
    }

    /// The file has its name when it is whole.
    private func transfer(to path: String, channels: Int?) throws(MigrationError) {
        let draft = path + ".part"
        let writer = try MappedWriter(draft, host.machine, guest: host.guest)
        file = writer
        defer { fileChannels?.end() }
        do throws(MigrationError) {
            fileChannels = try channels.map { (count) throws(MigrationError) in try FileChannels(count, name: "multifdsend") }
            var pages = try begin()
            try copyWhileRunning(&pages)
            try stopMachine()
            try waitBeforeSwitchover()
            takeWrittenPages(into: &pages)
            try send(&pages, throttled: false)
            let sections = try captureRest(into: writer)
            try giveDisksAway()
            try writer.finish(sections, stateBefore)
            try check()
            do throws(HostError) { try HostFile.rename(draft, to: path) } catch { throw .host(error) }
            try commit()
        } catch {
            fileChannels?.end()
            HostFile.remove(draft)
            throw error
        }
    }

    /// Begins to note what is written; all pages are to be sent.
    private func begin() throws(MigrationError) -> [PageSet] {
        lock.withLock { statistics.setUp = monotonicNanoseconds() }
        try change(to: .active)
        for block in blocks { block.startLogging() }
        host.revokeWrites()
        return blocks.map { PageSet(pages: $0.pages, all: true) }
    }

    private func openChannels(_ open: Way) throws(MigrationError) {
        let channels = OutgoingChannels(settings.packing, level: settings.packingLevel) { [self] bytes, tally in
            let now = monotonicNanoseconds()
            lock.withLock {
                statistics.note(sent: bytes, tally, at: now)
                statistics.channelBytes += UInt64(bytes)
                untoldBytes += bytes
            }
        }
        lock.withLock { self.channels = channels }
        let count = settings.channels
        try send(ChannelAnnouncement(count: count, token: token).encoded)
        try heeding { () throws(MigrationError) in
            try channels.open(count, token: token) { () throws(MigrationError) in try way(open) }
        }
    }

    /// What goes wrong on a channel while the other side says why is what it says: it may still be about to.
    private func heeding(_ body: () throws(MigrationError) -> Void) throws(MigrationError) {
        do throws(MigrationError) { try body() } catch {
            try check()
            if let pipe = lock.withLock({ pipe }), pipe.hasInput(within: OutgoingMigration.patience) { try hear(pipe, expecting: nil) }
            try check()
            throw error
        }
    }

    /// How long the other side has to say why it has given up, in milliseconds.
    private static let patience: Int32 = 2000

    /// Whoever refuses the machine says so in between.
    private func listen() throws(MigrationError) {
        try check()
        if let pipe = lock.withLock({ pipe }), pipe.hasInput() { try hear(pipe, expecting: nil) }
    }

    private func way(_ open: Way) throws(MigrationError) -> MigrationPipe {
        do { return try open({ [self] in lock.withLock { !isCancelled } }) } catch {
            // What is no longer wanted fails in one way or another.
            try check()
            throw error
        }
    }

    private func check() throws(MigrationError) { if lock.withLock({ isCancelled }) { throw .cancelled } }

    private func change(to new: MigrationStatus) throws(MigrationError) {
        let isCancelled = lock.withLock {
            if !self.isCancelled { status = new }
            return self.isCancelled
        }
        if isCancelled { throw .cancelled }
        withMachineLock { tell(new) }
    }

    private func withMachineLock<Result>(_ body: () -> Result) -> Result { host.machine.loop.lock.withLock(body) }

    private func tell(_ status: MigrationStatus) { if settings.has(.events) { host.emit(MigrationEvent(status: status)) } }

    // MARK: Memory

    /// Sends pages until few enough are left that the guest would stand still for no longer than it may.
    private func copyWhileRunning(_ pages: inout [PageSet]) throws(MigrationError) {
        var watch = ConvergenceWatch()
        defer { guestThrottle.end() }
        while true {
            let start = monotonicNanoseconds()
            let sent = pages.reduce(0) { $0 + $1.count }
            try send(&pages, throttled: true)
            if lock.withLock({ wantsPostcopy }) { return }
            takeWrittenPages(into: &pages, since: start)
            host.revokeWrites()
            let left = pages.reduce(0) { $0 + $1.count }
            let (pace, passes) = lock.withLock { (statistics.pace(packed: channels != nil && settings.packing != nil), statistics.syncs) }
            let expected = Double(left) / pace * 1000
            lock.withLock {
                statistics.remaining = Int64(left * RAMBlock.pageSize)
                statistics.expectedDowntime = Int64(min(expected, 1e12))
            }
            if settings.has(.events) { withMachineLock { host.emit(MigrationPassEvent(pass: Int64(passes))) } }
            if expected <= Double(settings.downtimeLimit) { return }
            if settings.has(.autoConverge) { try slowDown(&watch, written: left, sent: sent) }
        }
    }

    /// Holds the guest more if it writes too fast.
    private func slowDown(_ watch: inout ConvergenceWatch, written: Int, sent: Int) throws(MigrationError) {
        let part = watch.passed(
            written: written * RAMBlock.pageSize, sent: sent * RAMBlock.pageSize, held: guestThrottle.percentage, settings)
        guard let part else { return }
        try guestThrottle.set(part)
        lock.withLock { statistics.throttle = part }
    }

    /// - Parameter start: when they began to be written; nil where the machine has stood still since, which says nothing of its pace.
    private func takeWrittenPages(into pages: inout [PageSet], since start: Int64? = nil) {
        var written = 0
        for (index, block) in blocks.enumerated() {
            let new = block.takeWrittenPages()
            written += new.count
            pages[index].formUnion(new)
        }
        let now = monotonicNanoseconds()
        lock.withLock {
            statistics.syncs += 1
            if let start { statistics.dirtyRate = Int64(Double(written) * 1e9 / Double(max(1, now - start))) }
            statistics.closeWindow(now)
        }
    }

    private func send(_ pages: inout [PageSet], throttled: Bool) throws(MigrationError) {
        let channels = lock.withLock { self.channels }
        for number in blocks.indices {
            var cursor = 0
            if let file, let fileChannels {
                try put(number, &pages[number], file, fileChannels, throttled: throttled)
                continue
            }
            if let file {
                while let tally = try file.putNext(number, &pages[number], cursor: &cursor) { try noteWritten(tally, throttled: throttled) }
                continue
            }
            while !throttled || !lock.withLock({ wantsPostcopy }),
                let (bytes, tally) = PageSender.section(blocks[number], number: number, &pages[number], cursor: &cursor)
            {
                if let channels { try send(bytes, tally, on: channels, throttled: throttled) } else { try send(bytes, tally, throttled: throttled) }
            }
        }
        // Pages of the next pass must not be overtaken.
        try fileChannels?.flush()
        guard let channels else { return }
        try heeding { () throws(MigrationError) in try channels.flush(while: listen) }
        try send(SectionWriter(.sync).finish())
    }

    private func send(_ bytes: [UInt8], _ tally: PageSender.Tally, on channels: OutgoingChannels, throttled: Bool) throws(MigrationError) {
        try listen()
        try heeding { () throws(MigrationError) in try channels.send(bytes, tally, while: listen) }
        let gone = lock.withLock { () -> Int in
            statistics.remaining = max(0, statistics.remaining - Int64((tally.zeros + tally.normal) * RAMBlock.pageSize))
            defer { untoldBytes = 0 }
            return untoldBytes
        }
        if throttled { try pause(until: throttle.note(gone, limit: settings.maxBandwidth, now: monotonicNanoseconds())) }
    }

    /// Has pages put into the file by whichever channel is free.
    private func put(_ number: Int, _ pages: inout PageSet, _ file: MappedWriter, _ channels: FileChannels, throttled: Bool) throws(MigrationError) {
        var cursor = 0
        while let range = MappedWriter.takeNext(&pages, cursor: &cursor) {
            try channels.perform { [self] () throws(MigrationError) in
                let tally = try file.putAll(number, range)
                let (now, bytes) = (monotonicNanoseconds(), tally.normal * RAMBlock.pageSize)
                lock.withLock {
                    statistics.note(sent: bytes, tally, at: now)
                    statistics.channelBytes += UInt64(bytes)
                    statistics.remaining = max(0, statistics.remaining - Int64(range.count * RAMBlock.pageSize))
                    untoldBytes += bytes
                }
            }
            try check()
            let gone = lock.withLock { () -> Int in
                defer { untoldBytes = 0 }
                return untoldBytes
            }
            if throttled { try pause(until: throttle.note(gone, limit: settings.maxBandwidth, now: monotonicNanoseconds())) }
        }
    }

    /// Pages have gone into the file.
    private func noteWritten(_ tally: PageSender.Tally, throttled: Bool) throws(MigrationError) {
        try check()
        let (now, bytes) = (monotonicNanoseconds(), tally.normal * RAMBlock.pageSize)
        lock.withLock {
            statistics.note(sent: bytes, tally, at: now)
            statistics.remaining = max(0, statistics.remaining - Int64((tally.zeros + tally.normal) * RAMBlock.pageSize))
        }
        if throttled { try pause(until: throttle.note(bytes, limit: settings.maxBandwidth, now: now)) }
    }

    private func send(_ bytes: [UInt8], _ tally: PageSender.Tally = .init(), throttled: Bool = false) throws(MigrationError) {
        guard let pipe = lock.withLock({ pipe }) else { throw .cancelled }
        // Who refuses the machine says so in between.
        if pipe.hasInput() { try hear(pipe, expecting: nil) }
        try pipe.send(bytes)
        sections += 1
        let now = monotonicNanoseconds()
        lock.withLock {
            statistics.note(sent: bytes.count, tally, at: now)
            statistics.remaining = max(0, statistics.remaining - Int64((tally.zeros + tally.normal) * RAMBlock.pageSize))
        }
        if throttled { try pause(until: throttle.note(bytes.count, limit: settings.maxBandwidth, now: now)) }
    }

    private func pause(until time: Int64) throws(MigrationError) {
        lock.withLock { while !isCancelled, !wantsPostcopy, monotonicNanoseconds() < time { changed.wait(lock, until: time) } }
        try check()
    }

    // MARK: The switch

    private func stopMachine() throws(MigrationError) {
        withMachineLock {
            host.whileStopped { [self] in
                let isWanted = lock.withLock {
                    if !isCancelled {
                        hasStopped = true
                        statistics.stopped = monotonicNanoseconds()
                    }
                    changed.broadcast()
                    return hasStopped
                }
                guard isWanted else { return }
                stateBefore = host.runState
                host.enter(.finishMigrate)
            }
        }
        lock.withLock { while !hasStopped, !isCancelled { changed.wait(lock) } }
        try check()
        // The closure has done all that it does when the machine lock is free again.
        withMachineLock {}
    }

    private func waitBeforeSwitchover() throws(MigrationError) {
        guard settings.has(.pauseBeforeSwitchover) else { return }
        try change(to: .preSwitchover)
        lock.withLock { while !mayContinue, !isCancelled { changed.wait(lock) } }
        try change(to: .device)
    }

    /// Sends what is left, and the state of everything else as it is at one moment.
    private func copyWhileStopped(_ pages: inout [PageSet], _ pipe: MigrationPipe) throws(MigrationError) {
        takeWrittenPages(into: &pages)
        try send(&pages, throttled: false)
        for (bytes, tally) in try captureRest() { try send(bytes, tally) }
        // Who cannot be asked whether he is there may begin as soon as he has the end.
        if !pipe.isTwoWay { try giveDisksAway() }
        try send(StreamEnd(sections: sections, state: stateBefore).encoded)
    }

    /// Back ends may have written into memory until now; under the machine lock nobody does.
    private func captureRest() throws(MigrationError) -> [([UInt8], PageSender.Tally)] {
        let outcome = withMachineLock { () -> Result<[([UInt8], PageSender.Tally)], MigrationError> in
            do { try host.settleDisks() } catch { return .failure(.disks("\(error)")) }
            var rest: [([UInt8], PageSender.Tally)] = []
            for (number, block) in blocks.enumerated() {
                var pages = block.takeWrittenPages()
                var cursor = 0
                while let section = PageSender.section(block, number: number, &pages, cursor: &cursor) { rest.append(section) }
            }
            return .success(rest + MachineState.save(host.machine).map { ($0.encoded, .init()) })
        }
        return try outcome.get()
    }

    /// The same for a file; the state of everything.
    private func captureRest(into file: MappedWriter) throws(MigrationError) -> [StateSection] {
        let outcome = withMachineLock { () -> Result<[StateSection], MigrationError> in
            do { try host.settleDisks() } catch { return .failure(.disks("\(error)")) }
            do throws(MigrationError) {
                for (number, block) in blocks.enumerated() {
                    var pages = block.takeWrittenPages()
                    var cursor = 0
                    while try file.putNext(number, &pages, cursor: &cursor) != nil {}
                }
            } catch { return .failure(error) }
            return .success(MachineState.save(host.machine))
        }
        return try outcome.get()
    }

    /// Hands the machine over. What cannot answer has it when everything has been written.
    private func handOver(_ pipe: MigrationPipe) throws(MigrationError) {
        guard pipe.isTwoWay else {
            try pipe.finish()
            return try commit()
        }
        try hear(pipe, expecting: .ready)
        try commit()
        try giveDisksAway()
        try pipe.send(SectionWriter(.go).finish())
    }

    // MARK: Postcopy

    /// Sends the state of everything but memory, and says which pages are still to come; then the guest goes on at the other side, and they follow.
    private func switchOver(_ pages: inout [PageSet], _ pipe: MigrationPipe) throws(MigrationError) {
        try change(to: .postcopyActive)
        let keepers = blocks.map(PageKeeper.init)
        defer { withMachineLock { for keeper in keepers { keeper.end() } } }
        let state = try captureState(&pages)
        for section in PostcopyFormat.missing(pages) + state.map(\.encoded) { try send(section) }
        let source = PostcopySource(blocks, keepers, pages, settings, orders(for: pages))
        try send(StreamEnd(sections: sections, state: stateBefore).encoded)
        var pipe = pipe
        while true {
            do throws(MigrationError) { return try source.serve(pipe) } catch {
                guard lock.withLock({ isCommitted && !isEnding }) else {
                    refuse(pipe, error)
                    throw error
                }
                pipe.cancel()
                pipe = try awaitResumption(source, error)
            }
        }
    }

    /// Under the machine lock nobody writes into memory; from then on what pages hold is kept.
    private func captureState(_ pages: inout [PageSet]) throws(MigrationError) -> [StateSection] {
        let outcome = withMachineLock { () -> Result<([PageSet], [StateSection]), MigrationError> in
            do { try host.settleDisks() } catch { return .failure(.disks("\(error)")) }
            return .success((blocks.map { $0.takeWrittenPages() }, MachineState.save(host.machine)))
        }
        let (written, state) = try outcome.get()
        for number in pages.indices { pages[number].formUnion(written[number]) }
        return state
    }

    private func orders(for pages: [PageSet]) -> PostcopySource.Orders {
        lock.withLock { statistics.remaining = Int64(pages.reduce(0) { $0 + $1.count } * RAMBlock.pageSize) }
        return .init(
            note: { [self] bytes, tally in
                let now = monotonicNanoseconds()
                lock.withLock {
                    statistics.note(sent: bytes, tally, at: now)
                    statistics.remaining = max(0, statistics.remaining - Int64((tally.zeros + tally.normal) * RAMBlock.pageSize))
                }
            }, requested: { [self] in lock.withLock { statistics.requests += 1 } },
            handOver: { [self] () throws(MigrationError) in
                try giveDisksAway()
                let pipe = lock.withLock { () -> MigrationPipe? in
                    isCommitted = true
                    statistics.resumed = monotonicNanoseconds()
                    return self.pipe
                }
                try pipe?.send(SectionWriter(.go).finish())
            },
            check: { [self] () throws(MigrationError) in if lock.withLock({ isEnding }) { throw .cancelled } })
    }

    /// The guest stays here: the other side need not wait for it, if it still listens.
    private func refuse(_ pipe: MigrationPipe, _ error: MigrationError) {
        try? pipe.send(MachineRefusal.section(error))
    }

    /// Waits until somebody says by which way it goes on, and until it does.
    private func awaitResumption(_ source: PostcopySource, _ error: MigrationError) throws(MigrationError) -> MigrationPipe {
        // Nobody but migrate-pause ends a connection on this side.
        var reason = if case .cancelled = error { "migrate-pause has cut the connection" } else { error.description }
        while true {
            let way = try pauseUntilResumed(reason)
            do throws(MigrationError) {
                let pipe = try way { [self] in lock.withLock { !isEnding } }
                lock.withLock { self.pipe = pipe }
                try source.resume(pipe, token: token)
                lock.withLock { statistics.remaining = Int64(source.remaining) }
                try change(to: .postcopyActive)
                return pipe
            } catch { reason = error.description }
        }
    }

    private func pauseUntilResumed(_ reason: String) throws(MigrationError) -> Way {
        lock.withLock { failure = reason }
        try change(to: .postcopyPaused)
        let way = lock.withLock { () -> Way? in
            while resumption == nil, !isEnding { changed.wait(lock) }
            defer { resumption = nil }
            return isEnding ? nil : resumption
        }
        guard let way else { throw .cancelled }
        lock.withLock { failure = nil }
        try change(to: .postcopyRecover)
        return way
    }

    private func hear(_ pipe: MigrationPipe, expecting wanted: StreamFormat.Kind?) throws(MigrationError) {
        var reader = StreamReader(pipe.receive)
        var answer = try reader.section()
        if answer.kind == .refusal { throw .refused(try answer.text()) }
        guard answer.kind == wanted else { throw .damaged("an answer of kind \(answer.kind)") }
    }

    private func commit() throws(MigrationError) {
        lock.withLock { if !isCancelled { isCommitted = true } }
        try check()
    }

    private func giveDisksAway() throws(MigrationError) {
        let refusal = withMachineLock { () -> String? in
            do { try host.giveDisksAway() } catch { return "\(error)" }
            return nil
        }
        if let refusal { throw .disks(refusal) }
    }

    // MARK: The end

    /// The guest stays: it does what it did.
    private func goOn() {
        do { try host.takeDisks() } catch {
            warn("the guest cannot go on here: \(error)")
            return host.enter(.paused)
        }
        host.enter(stateBefore)
    }

    private func end(_ outcome: MigrationStatus, _ reason: String?) {
        lock.withLock { channels }?.end()
        for block in blocks { block.stopLogging() }
        withMachineLock {
            let (goesOn, isHandedOver, waiting, pipe) = lock.withLock { () -> (Bool, Bool, [() -> Void], MigrationPipe?) in
                (status, failure) = (outcome, reason)
                statistics.ended = monotonicNanoseconds()
                if outcome == .completed { statistics.remaining = 0 }
                statistics.throttle = 0
                defer { (onEnd, self.pipe) = ([], nil) }
                return (hasStopped && outcome != .completed && !isCommitted, isCommitted, onEnd, self.pipe)
            }
            if outcome != .completed { pipe?.abandon() }
            // Who was told to go on, or may have been, has the guest now.
            if outcome == .completed || isHandedOver { host.enter(.postmigrate) }
            if goesOn { host.whileStopped { [self] in goOn() } }
            tell(outcome)
            for body in waiting { body() }
        }
    }
}
