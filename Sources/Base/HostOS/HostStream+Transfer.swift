import CHost
import Glibc

/// Transfers that wait, for threads that have nothing else to do, and say what went wrong.
extension HostStream {
    /// Waits until bytes can be read, or written, or the other end has gone, but no longer than so many milliseconds. False if nothing has happened.
    public func wait(writable: Bool, milliseconds: Int32) -> Bool {
        var polled = pollfd(fd: descriptor, events: Int16(writable ? POLLOUT : POLLIN), revents: 0)
        return unsafe poll(&polled, 1, milliseconds) > 0
    }

    /// Writes as many bytes from `start` on as go now; none if the stream would have to wait.
    public func writeNow(_ bytes: [UInt8], from start: Int) throws(HostError) -> Int {
        while true {
            let put = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress.map { unsafe $0 + start }, bytes.count - start)
            }
            if put >= 0 { return put }
            if errno == EAGAIN { return 0 }
            if errno != EINTR { throw HostError("write to the stream") }
        }
    }

    /// Adds up to `count` bytes that are there now to others; how many those were: 0 at the end, nil if there are none yet.
    public func readNow(into bytes: inout [UInt8], count: Int) throws(HostError) -> Int? {
        let old = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: count))
        while true {
            let got = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(descriptor, buffer.baseAddress.map { unsafe $0 + old }, count)
            }
            if got < 0, errno == EINTR { continue }
            let code = errno
            bytes.removeLast(count - max(0, got))
            if got >= 0 { return got }
            if code == EAGAIN { return nil }
            throw HostError("read from the stream", errno: code)
        }
    }

    /// Whatever is written is in the file now. Streams that cannot do that need not.
    public func synchronize() throws(HostError) {
        if fsync(descriptor) != 0, errno != EINVAL, errno != EROFS, errno != ENOTSUP { throw HostError("flush the stream") }
    }

    /// Ends both directions of a socket: whoever reads or writes there wakes up.
    public func shutDown() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Whether the descriptor is a socket.
    public var isSocket: Bool {
        var information = stat()
        return unsafe fstat(descriptor, &information) == 0 && information.st_mode & S_IFMT == S_IFSOCK
    }
}

/// A shell command at one end of a stream.
public final class ShellCommand: @unchecked Sendable {
    public let stream: HostStream
    private let process: pid_t
    private let text: String
    private var isReaped = false

    /// Starts `/bin/sh -c text`; its standard input, or its output, is the stream's other end.
    public init(_ text: String, writingToIt: Bool) throws(HostError) {
        self.text = text
        var end: Int32 = -1
        process = unsafe apus_start_shell(text, writingToIt, &end)
        guard process > 0 else { throw HostError("start /bin/sh") }
        stream = HostStream(descriptor: end, closes: true)
        stream.setNonblocking()
    }

    /// Closes the stream on this side, so that the command sees its end.
    public func endStream() {
        // The number stays taken until the stream goes, so that nobody else gets it meanwhile.
        let nothing = openPath("/dev/null", O_RDWR | O_CLOEXEC)
        guard nothing >= 0 else { return }
        dup2(nothing, stream.descriptor)
        close(nothing)
    }

    /// Whether the command has ended, as it does some time after `endStream`; an error if it has not ended well.
    public func hasEnded() throws(HostError) -> Bool {
        if isReaped { return true }
        var status: Int32 = 0
        let result = unsafe waitpid(process, &status, WNOHANG)
        if result == 0 || result < 0 && errno == EINTR { return false }
        isReaped = true
        guard result > 0 else { throw HostError("wait for '\(text)'") }
        guard status == 0 else {
            throw HostError(
                "run '\(text)'", errno: EIO, remedy: status & 0x7f == 0 ? "it ended with status \(status >> 8 & 0xff)" : "a signal ended it")
        }
        return true
    }

    /// Nobody wants its result any more.
    public func kill() {
        guard !isReaped else { return }
        Glibc.kill(process, SIGTERM)
        for _ in 0..<ShellCommand.patience {
            if (try? hasEnded()) ?? true { return }
            usleep(10_000)
        }
        Glibc.kill(process, SIGKILL)
        while !((try? hasEnded()) ?? true) { usleep(1000) }
    }

    /// Hundredths of a second that a command gets to end by itself.
    private static let patience = 20
}
