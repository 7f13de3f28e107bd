import CHost
import Glibc

/// `-daemonize`: the process goes on in a child without a terminal, and its parent ends when the child is ready, or with it if it fails.
public final class Daemon {
    private let report: Int32

    /// Returns in the child. Must come before any thread is made.
    public init() throws(HostError) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw HostError("make a pipe") }
        _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
        let child = apus_fork()
        guard child >= 0 else { throw HostError("fork") }
        if child > 0 {
            close(ends[1])
            Daemon.wait(ends[0])
        }
        close(ends[0])
        report = ends[1]
        setsid()
    }

    /// Waits for the child's word; without one it has failed and has said why.
    private static func wait(_ descriptor: Int32) -> Never {
        var word: UInt8 = 0
        while true {
            let count = unsafe read(descriptor, &word, 1)
            if count < 0, errno == EINTR { continue }
            _exit(count == 1 ? 0 : 1)
        }
    }

    /// The child is ready: it lets go of the terminal, and the parent ends.
    public func isReady() {
        let nothing = unsafe open("/dev/null", O_RDWR)
        for descriptor in [Int32(0), 1, 2] { dup2(nothing, descriptor) }
        if nothing > 2 { close(nothing) }
        var word: UInt8 = 1
        unsafe write(report, &word, 1)
        close(report)
    }
}

/// `-pidfile`: a file with the process's number, locked for as long as the process lives.
public final class PIDFile {
    private let file: HostFile

    public init(_ path: String) throws(HostError) {
        file = try HostFile(path, fileExists(path) ? .readWrite : .create)
        guard file.lock(shared: false) != .heldByOthers else { throw HostError("lock '\(path)'", remedy: "another emulator has that -pidfile") }
        try file.resize(0)
        try file.write(at: 0, Array("\(getpid())\n".utf8))
    }

    public func remove() { unsafe unlink(file.path) }
}
