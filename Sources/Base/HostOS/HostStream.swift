import Glibc

/// A descriptor that bytes come from or go to, without blocking the caller for long.
public final class HostStream: @unchecked Sendable {
    public let descriptor: Int32
    private let closes: Bool

    public init(descriptor: Int32, closes: Bool) {
        self.descriptor = descriptor
        self.closes = closes
    }

    deinit { if closes { close(descriptor) } }

    public static var standardInput: HostStream { HostStream(descriptor: 0, closes: false) }
    public static var standardOutput: HostStream { HostStream(descriptor: 1, closes: false) }

    /// A file that is written from its start.
    ///
    /// - Parameter waitsForReader: whether it waits for somebody who reads, if it is a named pipe; if not, that nobody does is an error.
    public static func creating(_ path: String, append: Bool = false, waitsForReader: Bool = true) throws(HostError) -> HostStream {
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC) | (waitsForReader ? 0 : O_NONBLOCK)
        let descriptor = openPath(path, flags, 0o644)
        guard descriptor >= 0 else {
            throw HostError("create '\(path)'", remedy: errno == ENXIO ? "open the pipe for reading first: nobody does" : nil)
        }
        return HostStream(descriptor: descriptor, closes: true)
    }

    /// A file that is read, or a device.
    public static func reading(_ path: String) throws(HostError) -> HostStream {
        let descriptor = openPath(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw HostError("open '\(path)'") }
        return HostStream(descriptor: descriptor, closes: true)
    }

    /// A new number for what it is open to, which the caller owns; nil if there is none left.
    public func duplicate() -> Int32? {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        return copy >= 0 ? copy : nil
    }

    public var isTerminal: Bool { isatty(descriptor) == 1 }

    /// Up to `count` bytes; empty at the end or after an error, nil if there is nothing now.
    public func read(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, count) }
        if got < 0 { return errno == EAGAIN || errno == EINTR ? nil : [] }
        return Array(bytes.prefix(got))
    }

    /// Writes everything, waiting where the other side cannot take it yet.
    public func writeAll(_ bytes: [UInt8]) throws(HostError) {
        var done = 0
        while done < bytes.count {
            let put = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress.map { unsafe $0 + done }, bytes.count - done)
            }
            if put > 0 {
                done += put
            } else if put < 0, errno == EAGAIN {
                var place = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&place, 1, -1)
            } else if put == 0 || errno != EINTR {
                throw HostError("write \(bytes.count) bytes to descriptor \(descriptor)")
            }
        }
    }

    /// Writes what can be written and says how much that was. What an error makes impossible counts as written: it is lost.
    public func write(_ bytes: [UInt8]) -> Int {
        var done = 0
        while done < bytes.count {
            let put = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress.map { unsafe $0 + done }, bytes.count - done)
            }
            if put > 0 {
                done += put
            } else if errno == EAGAIN {
                return done
            } else if errno != EINTR {
                return bytes.count
            }
        }
        return done
    }
}
