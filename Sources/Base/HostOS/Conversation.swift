import Glibc

/// A stream that does not block, on which somebody waits for whole messages, for so long.
public struct Conversation {
    private let stream: HostStream
    private let deadline: Int64

    /// - Parameter patience: nanoseconds that all of it may take.
    public init(_ stream: HostStream, patience: Int64) { (self.stream, deadline) = (stream, monotonicNanoseconds() + patience) }

    public func say(_ bytes: [UInt8]) throws(HostError) {
        var done = 0
        while done < bytes.count {
            done += try stream.writeNow(bytes, from: done)
            if done < bytes.count { try wait(writable: true) }
        }
    }

    /// Exactly so many bytes, and none that follow them.
    public func hear(_ count: Int) throws(HostError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            switch try stream.readNow(into: &bytes, count: count - bytes.count) {
            case 0: throw HostError("hear the other end, which has gone", errno: ECONNRESET)
            case nil: try wait(writable: false)
            default: break
            }
        }
        return bytes
    }

    private func wait(writable: Bool) throws(HostError) {
        _ = stream.wait(writable: writable, milliseconds: 100)
        if monotonicNanoseconds() > deadline { throw HostError("wait for the other end", errno: ETIMEDOUT) }
    }
}
