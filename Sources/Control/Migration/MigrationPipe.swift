import Diagnostics
import HostOS

/// A stream to or from the other side, on which a thread may wait; another thread can end the waiting for good.
final class MigrationPipe: @unchecked Sendable {
    private let stream: HostStream
    private let command: ShellCommand?
    /// Whether the other side can answer.
    let isTwoWay: Bool
    private let lock = Mutex()
    private let changed = ConditionVariable()
    private var isCancelled = false
    private var buffer: [UInt8] = []
    private var position = 0
    /// How long a wait lasts before it is looked whether it still makes sense, in milliseconds.
    private static let patience: Int32 = 100
    private static let piece = 256 << 10

    init(_ stream: HostStream, isTwoWay: Bool) {
        (self.stream, self.isTwoWay) = (stream, isTwoWay)
        command = nil
        stream.setNonblocking()
    }

    init(_ command: ShellCommand) {
        (stream, isTwoWay) = (command.stream, false)
        self.command = command
    }

    /// Makes whoever waits here give up. From any thread.
    func cancel() {
        lock.withLock {
            isCancelled = true
            changed.broadcast()
        }
        stream.shutDown()
    }

    private func check() throws(MigrationError) { if lock.withLock({ isCancelled }) { throw .cancelled } }

    private func host<Result>(_ body: () throws(HostError) -> Result) throws(MigrationError) -> Result {
        do { return try body() } catch {
            // A cancelled stream fails in one way or another.
            try check()
            throw .host(error)
        }
    }

    func send(_ bytes: [UInt8]) throws(MigrationError) {
        var done = 0
        while done < bytes.count {
            try check()
            let put = try host { () throws(HostError) in try stream.writeNow(bytes, from: done) }
            done += put
            if put == 0 { _ = stream.wait(writable: true, milliseconds: MigrationPipe.patience) }
        }
    }

    /// Exactly so many bytes.
    func receive(_ count: Int) throws(MigrationError) -> [UInt8] {
        while buffer.count - position < count { try fill() }
        defer { position += count }
        return Array(buffer[position..<position + count])
    }

    private func fill() throws(MigrationError) {
        buffer.removeFirst(position)
        position = 0
        while true {
            try check()
            switch try host({ () throws(HostError) in try stream.readNow(into: &buffer, count: MigrationPipe.piece) }) {
            case 0:
                try check()
                throw .cutOff
            case nil: _ = stream.wait(writable: false, milliseconds: MigrationPipe.patience)
            default: return
            }
        }
    }

    /// Whether the other side has said something, or does so in so many milliseconds.
    func hasInput(within time: Int32 = 0) -> Bool { isTwoWay && (position < buffer.count || stream.wait(writable: false, milliseconds: time)) }

    /// Takes what comes, for nothing, until the other side has heard and gone, or until a time.
    func discardInput(until time: Int64) {
        while monotonicNanoseconds() < time {
            buffer = []
            position = 0
            do throws(MigrationError) { try fill() } catch { return }
        }
    }

    /// Everything has been sent: it is where it should be when this returns.
    func finish() throws(MigrationError) {
        if let command {
            command.endStream()
            while !(try host { () throws(HostError) in try command.hasEnded() }) {
                try check()
                lock.withLock { if !isCancelled { changed.wait(lock, until: monotonicNanoseconds() + 10_000_000) } }
            }
        } else if !isTwoWay {
            try host { () throws(HostError) in try stream.synchronize() }
        }
    }

    /// Nothing more comes of it.
    func abandon() { command?.kill() }
}
