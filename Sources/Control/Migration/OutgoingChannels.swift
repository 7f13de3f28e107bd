import EventLoop
import HostOS

/// The further connections of a migration with the capability `multifd`: each has a thread that packs and sends sections of pages. What is sent before a
/// `flush` arrives before what is sent after it, in whatever order it arrives among itself.
final class OutgoingChannels: @unchecked Sendable {
    /// Sections that wait for a channel at most, for each.
    private static let waiting = 2
    /// How long a wait lasts before it is looked whether it still makes sense, in nanoseconds.
    private static let patience: Int64 = 100_000_000

    private let lock = Mutex()
    private let changed = ConditionVariable()
    private var pipes: [MigrationPipe] = []
    private var threads: [HostThread] = []
    private let packing: Packing?
    private let level: Int
    /// Called by channels, with the bytes that have gone and what they were.
    private let note: (Int, PageSender.Tally) -> Void

    // Guarded by `lock`.
    private var queue: [(section: [UInt8], tally: PageSender.Tally)] = []
    /// Sections that channels have taken and not sent yet.
    private var underWay = 0
    private var failure: MigrationError?
    private var isEnding = false

    init(_ packing: Packing?, level: Int, note: @escaping (Int, PageSender.Tally) -> Void) {
        (self.packing, self.level, self.note) = (packing, level, note)
    }

    /// Makes the connections, each of which says which one it is.
    func open(_ count: Int, token: UInt64, connect: () throws(MigrationError) -> MigrationPipe) throws(MigrationError) {
        for number in 0..<count {
            let pipe = try connect()
            lock.withLock { pipes.append(pipe) }
            try pipe.send(ChannelGreeting(number: UInt8(number), token: token).encoded)
        }
        do throws(HostError) {
            for (number, pipe) in pipes.enumerated() { threads.append(try HostThread(name: "multifdsend_\(number)") { [self] in run(pipe) }) }
        } catch { throw .host(error) }
    }

    /// Gives a section to whichever channel is free first.
    ///
    /// - Parameter wait: called again and again while none is; what it throws ends the waiting.
    func send(_ section: [UInt8], _ tally: PageSender.Tally, while wait: () throws(MigrationError) -> Void) throws(MigrationError) {
        try stay(wait) { queue.count < OutgoingChannels.waiting * pipes.count }
        lock.withLock {
            queue.append((section, tally))
            changed.broadcast()
        }
    }

    /// Everything has gone, and every channel has said so, when this returns.
    func flush(while wait: () throws(MigrationError) -> Void) throws(MigrationError) {
        try stay(wait) { queue.isEmpty && underWay == 0 }
        for pipe in pipes { try pipe.send(SectionWriter(.sync).finish()) }
    }

    private func stay(_ wait: () throws(MigrationError) -> Void, _ condition: () -> Bool) throws(MigrationError) {
        while true {
            let isMet = lock.withLock { () -> Bool in
                if !condition(), failure == nil, !isEnding { changed.wait(lock, until: monotonicNanoseconds() + OutgoingChannels.patience) }
                return condition()
            }
            try check()
            if isMet { return }
            try wait()
        }
    }

    private func check() throws(MigrationError) {
        let (failure, isEnding) = lock.withLock { (self.failure, self.isEnding) }
        if let failure { throw failure }
        if isEnding { throw .cancelled }
    }

    private func run(_ pipe: MigrationPipe) {
        while let (section, tally) = next() {
            let bytes = packing?.pack(section, level: level) ?? section
            do throws(MigrationError) {
                try pipe.send(bytes)
                note(bytes.count, tally)
                finish(nil)
            } catch { return finish(error) }
        }
    }

    private func next() -> (section: [UInt8], tally: PageSender.Tally)? {
        lock.withLock {
            while queue.isEmpty, failure == nil, !isEnding { changed.wait(lock) }
            guard failure == nil, !isEnding else { return nil }
            underWay += 1
            changed.broadcast()
            return queue.removeFirst()
        }
    }

    private func finish(_ error: MigrationError?) {
        lock.withLock {
            underWay -= 1
            if let error, failure == nil { failure = error }
            changed.broadcast()
        }
    }

    /// Makes whoever waits here give up. From any thread.
    func cancel() {
        let pipes = lock.withLock { () -> [MigrationPipe] in
            isEnding = true
            changed.broadcast()
            return self.pipes
        }
        for pipe in pipes { pipe.cancel() }
    }

    /// Ends the threads.
    func end() {
        cancel()
        for thread in threads { thread.join() }
        threads = []
    }
}

/// What a channel says first: the magic, the version, and a section `channel` with its number and what the main connection has announced.
struct ChannelGreeting: Equatable {
    static let magic = Array("APUSCHN\0".utf8)

    var number: UInt8
    var token: UInt64

    init(number: UInt8, token: UInt64) { (self.number, self.token) = (number, token) }

    var encoded: [UInt8] {
        var section = SectionWriter(.channel)
        section.add(number)
        section.add(token)
        var start = ChannelGreeting.magic
        start.append(StreamFormat.version)
        return start + section.finish()
    }

    /// - Parameter receive: gives exactly so many bytes.
    init(_ reader: inout StreamReader, _ receive: (Int) throws(MigrationError) -> [UInt8]) throws(MigrationError) {
        guard try receive(ChannelGreeting.magic.count) == ChannelGreeting.magic else { throw .damaged("a channel does not begin as one") }
        let version: UInt32 = try receive(4).number(at: 0) ?? 0
        guard version == StreamFormat.version else { throw .otherVersion(version, known: StreamFormat.version) }
        var section = try reader.section()
        guard section.kind == .channel else { throw .damaged("a channel does not begin as one") }
        number = try section.number()
        token = try section.number()
        try section.finish()
    }
}
