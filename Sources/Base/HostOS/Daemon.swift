import CHost
import Glibc

/// `-daemonize`: the program goes on in a child without a terminal, and its parent ends when the child is ready, or with it if it fails.
///
/// The child executes the program anew: the Swift runtime takes a forked child's thread for its parent's, and threads would wait for that at its locks.
public final class Daemon {
    /// Tells the child where to report.
    private static let variable = "APUS_DAEMON_REPORT"

    private let report: Int32

    /// Returns in the child. Must come before anything is opened.
    public init() throws(HostError) {
        if let text = environment(Daemon.variable), let descriptor = Int32(text) {
            unsafe unsetenv(Daemon.variable)
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            report = descriptor
            return
        }
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw HostError("make a pipe") }
        let child = apus_fork()
        guard child >= 0 else { throw HostError("fork") }
        if child > 0 {
            close(ends[1])
            Daemon.wait(ends[0])
        }
        close(ends[0])
        setsid()
        unsafe setenv(Daemon.variable, "\(ends[1])", 1)
        var words = CommandLine.arguments.map { unsafe strdup($0) }
        unsafe words.append(nil)
        unsafe execv("/proc/self/exe", words)
        throw HostError("execute this program anew")
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
