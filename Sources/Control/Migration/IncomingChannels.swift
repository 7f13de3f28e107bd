import AddressSpace
import HostOS

/// The further connections by which a machine comes whose source has the capability `multifd`: each has a thread that puts pages into memory.
final class IncomingChannels: @unchecked Sendable {
    /// How many there are to be.
    let count: Int
    private let lock = Mutex()
    private let changed = ConditionVariable()
    /// Called when a channel has failed, so that nobody waits for the main connection any more.
    private let failed: () -> Void

    // Guarded by `lock`.
    private var pipes: [MigrationPipe] = []
    private var threads: [HostThread] = []
    private var blocks: [RAMBlock] = []
    private var token: UInt64?
    private var greeted: Set<UInt8> = []
    /// How often each has come to a `sync`, and how often they may go on from there.
    private var arrivals: [UInt8: Int] = [:]
    private var mayPass = 0
    private var arrived: [PageReceiver] = []
    private var failure: MigrationError?
    private var isEnding = false

    init(_ count: Int, failed: @escaping () -> Void) { (self.count, self.failed) = (count, failed) }

    /// Another connection. From the loop's thread.
    func add(_ pipe: MigrationPipe) throws(HostError) {
        let number = lock.withLock { () -> Int in
            pipes.append(pipe)
            return pipes.count
        }
        let thread = try HostThread(name: "multifdrecv_\(number)") { [self] in run(pipe) }
        lock.withLock { threads.append(thread) }
    }

    /// What the main connection has announced. Channels that are there already have waited for it.
    func begin(_ announcement: ChannelAnnouncement, _ blocks: [RAMBlock]) throws(MigrationError) {
        guard announcement.count == count else {
            throw .otherChannels("the source has \(announcement.count) channels, and multifd-channels is \(count) here")
        }
        lock.withLock {
            (token, self.blocks) = (announcement.token, blocks)
            changed.broadcast()
        }
    }

    /// Waits until every channel has put into memory what was sent before, then lets them go on.
    func awaitSync() throws(MigrationError) {
        lock.withLock {
            while failure == nil, !isEnding, arrivals.count < count || arrivals.values.contains(where: { $0 <= mayPass }) { changed.wait(lock) }
            mayPass += 1
            changed.broadcast()
        }
        try check()
    }

    /// Pages that have come, when all has come.
    func finish(into pages: inout PageReceiver) throws(MigrationError) {
        end()
        if let failure = lock.withLock({ failure }) { throw failure }
        for receiver in lock.withLock({ arrived }) { pages.join(receiver) }
    }

    /// What has gone wrong on a channel.
    var error: MigrationError? { lock.withLock { failure } }

    /// Makes the threads end.
    func end() {
        let (pipes, threads) = lock.withLock { () -> ([MigrationPipe], [HostThread]) in
            isEnding = true
            changed.broadcast()
            defer { self.threads = [] }
            return (self.pipes, self.threads)
        }
        for pipe in pipes { pipe.cancel() }
        for thread in threads { thread.join() }
    }

    private func check() throws(MigrationError) {
        let (failure, isEnding) = lock.withLock { (self.failure, self.isEnding) }
        if let failure { throw failure }
        if isEnding { throw .cancelled }
    }

    // MARK: A channel's thread

    private func run(_ pipe: MigrationPipe) {
        do throws(MigrationError) { try take(pipe) } catch {
            let isNews = lock.withLock { () -> Bool in
                if isEnding || failure != nil { return false }
                failure = error
                changed.broadcast()
                return true
            }
            if isNews { failed() }
        }
    }

    private func take(_ pipe: MigrationPipe) throws(MigrationError) {
        var reader = StreamReader(pipe.receive)
        let greeting = try ChannelGreeting(&reader, pipe.receive)
        let blocks = try admit(greeting)
        var pages = PageReceiver(blocks)
        while true {
            var section = try reader.section()
            switch section.kind {
            case .pages: try pages.take(&section)
            case .packed:
                var unpacked = try Packing.unpack(&section)
                try pages.take(&unpacked)
            case .sync:
                arrive(greeting.number, pages)
                pages = PageReceiver(blocks)
            default: throw .damaged("a section of kind \(section.kind) on a channel")
            }
            try section.finish()
        }
    }

    /// Waits until the main connection has said which channels there are.
    private func admit(_ greeting: ChannelGreeting) throws(MigrationError) -> [RAMBlock] {
        let (isOne, blocks) = lock.withLock { () -> (Bool, [RAMBlock]) in
            while token == nil, failure == nil, !isEnding { changed.wait(lock) }
            return (greeting.token == token && Int(greeting.number) < count && greeted.insert(greeting.number).inserted, self.blocks)
        }
        try check()
        guard isOne else { throw .otherChannels("a connection has come that is none of the announced channels") }
        return blocks
    }

    private func arrive(_ number: UInt8, _ pages: PageReceiver) {
        lock.withLock {
            arrived.append(pages)
            let times = arrivals[number, default: 0] + 1
            arrivals[number] = times
            changed.broadcast()
            while mayPass < times, failure == nil, !isEnding { changed.wait(lock) }
        }
    }
}

/// What the main connection says of the channels: how many, and what they name themselves by.
struct ChannelAnnouncement: Equatable {
    var count: Int
    var token: UInt64

    init(count: Int, token: UInt64) { (self.count, self.token) = (count, token) }

    var encoded: [UInt8] {
        var section = SectionWriter(.channels)
        section.add(UInt8(count))
        section.add(token)
        return section.finish()
    }

    init(_ section: inout SectionReader) throws(MigrationError) {
        count = Int(try section.number(UInt8.self))
        token = try section.number()
    }
}
