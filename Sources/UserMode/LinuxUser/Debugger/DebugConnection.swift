import Diagnostics
import GDBStub
import Glibc
import HostOS

/// The stream to a debugger, on a descriptor out of the way of the guest's numbers.
final class DebugConnection {
    let descriptor: Int32
    private var reader = PacketReader()
    private var items: [PacketReader.Item] = []

    init(descriptor: Int32) { self.descriptor = DebugConnection.raised(descriptor) }

    /// A descriptor's duplicate with a high number; the low one is closed.
    static func raised(_ low: Int32) -> Int32 {
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(7), &limit)
        let high = fcntl(low, F_DUPFD_CLOEXEC, Int32(clamping: max(3, min(limit.rlim_cur, 1024) - 32)))
        if high < 0 { return low }
        close(low)
        return high
    }

    /// Waits for a debugger on a TCP port or, if the text is no number, on a Unix socket of that name.
    static func accept(on place: String) throws(HostError) -> DebugConnection {
        let port = UInt16(place)
        let listener = socket(port == nil ? AF_UNIX : AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0 else { throw HostError("make a socket for -g \(place)") }
        defer { close(listener) }
        guard port.map({ bindPort(listener, $0) }) ?? bindPath(listener, place), listen(listener, 1) == 0 else {
            throw HostError("listen on -g \(place)", remedy: "choose another port or path")
        }
        var connection: Int32
        repeat { connection = Glibc.accept(listener, nil, nil) } while connection < 0 && errno == EINTR
        guard connection >= 0 else { throw HostError("accept a debugger on -g \(place)") }
        var on: Int32 = 1
        if port == nil { unlink(place) } else { unsafe setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4) }
        return DebugConnection(descriptor: connection)
    }

    private static func bindPort(_ listener: Int32, _ port: UInt16) -> Bool {
        var on: Int32 = 1
        unsafe setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, 4)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        return unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(listener, $0, 16) == 0 }
        }
    }

    private static func bindPath(_ listener: Int32, _ path: String) -> Bool {
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < 108 else {
            errno = ENAMETOOLONG
            return false
        }
        unsafe withUnsafeMutableBytes(of: &name.sun_path) { unsafe $0.copyBytes(from: bytes) }
        unsafe unlink(path)
        return unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    // MARK: Packets

    /// The next thing that the debugger sends; nil when it is gone.
    func receive() -> PacketReader.Item? {
        while items.isEmpty {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let got = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            if got < 0, errno == EINTR { continue }
            if got <= 0 { return nil }
            for byte in bytes.prefix(got) { if let item = reader.take(byte) { items.append(item) } }
        }
        return items.removeFirst()
    }

    var hasItems: Bool { !items.isEmpty }

    /// Sends bytes as they are; what cannot be sent is lost with the connection, which `receive` then tells.
    func send(_ bytes: [UInt8]) {
        var done = 0
        while done < bytes.count {
            let put = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.send(descriptor, buffer.baseAddress.map { unsafe $0 + done }, bytes.count - done, Int32(MSG_NOSIGNAL))
            }
            if put < 0, errno == EINTR { continue }
            if put <= 0 { return }
            done += put
        }
    }

    /// Ends the connection so that what was sent arrives: waits, for a second at most, until the debugger closes its side.
    func finish() {
        shutdown(descriptor, Int32(SHUT_WR))
        var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while unsafe poll(&wait, 1, 1000) > 0, receive() != nil {}
    }
}
