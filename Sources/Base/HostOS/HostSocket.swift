import Glibc

/// Where a stream socket is.
public enum SocketAddress: Equatable, Sendable, CustomStringConvertible {
    case tcp(host: String, port: String)
    case unix(path: String)
    /// One that the process was started with, or was sent.
    case descriptor(Int32)

    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path
        case .descriptor(let number): "fd:\(number)"
        }
    }
}

/// A listening stream socket.
public final class ListeningSocket: @unchecked Sendable {
    public let descriptor: Int32
    private let address: SocketAddress

    /// Listens. An unused socket file of that name is replaced.
    public init(_ address: SocketAddress) throws(HostError) {
        self.address = address
        if case .unix(let path) = address { removeStaleSocket(path) }
        descriptor = try openSocket(address, "listen on", passive: true) { descriptor, name, length in
            var on: Int32 = 1
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
            return unsafe bind(descriptor, name, length) == 0 && listen(descriptor, 1) == 0
        }
    }

    /// One that is listening already.
    public init?(inherited descriptor: Int32) {
        var isListening: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &length) == 0, isListening != 0 else { return nil }
        (self.descriptor, address) = (descriptor, .descriptor(descriptor))
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    deinit {
        close(descriptor)
        if case .unix(let path) = address { unsafe unlink(path) }
    }

    /// Whether somebody wants a connection, or does within so many milliseconds.
    public func hasCaller(within time: Int32) -> Bool {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&polled, 1, time) > 0
    }

    /// The next connection; nil if there is none any more.
    public func accept() -> HostStream? {
        let connection = Glibc.accept(descriptor, nil, nil)
        guard connection >= 0 else { return nil }
        _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
        let stream = HostStream(descriptor: connection, closes: true)
        stream.setNonblocking()
        return stream
    }

    /// The port that a TCP socket listens on, which the system has chosen if 0 was asked for.
    public var port: UInt16 {
        var name = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return unsafe withUnsafeMutableBytes(of: &name) { bytes in
            let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
            guard unsafe getsockname(descriptor, start, &length) == 0 else { return 0 }
            return UInt16(bigEndian: unsafe bytes.load(fromByteOffset: 2, as: UInt16.self))
        }
    }
}

extension HostStream {
    /// A connection to a listening socket.
    ///
    /// - Parameter isWanted: asked again and again while the other side does not answer.
    public static func connected(to address: SocketAddress, while isWanted: () -> Bool = { true }) throws(HostError) -> HostStream {
        let descriptor = try openSocket(address, "connect to", passive: false) { descriptor, name, length in
            HostStream.makeNonblocking(descriptor)
            while unsafe connect(descriptor, name, length) != 0 {
                if errno == EINPROGRESS { return awaitConnection(descriptor, isWanted) }
                // Too many wait at a Unix socket's door.
                guard errno == EAGAIN, isWanted() else { return false }
                _ = unsafe poll(nil, 0, 20)
            }
            return true
        }
        return HostStream(descriptor: descriptor, closes: true)
    }

    /// Two sockets that are connected to each other, and whose transfers return at once.
    public static func pair() throws(HostError) -> (HostStream, HostStream) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw HostError("make a pair of sockets") }
        return (HostStream(descriptor: ends[0], closes: true), HostStream(descriptor: ends[1], closes: true))
    }

    /// Who is at a socket's other end; nil if it is no socket.
    public var peer: SocketAddress? {
        var name = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var (host, port) = ([CChar](repeating: 0, count: Int(NI_MAXHOST)), [CChar](repeating: 0, count: Int(NI_MAXSERV)))
        let isKnown = unsafe withUnsafeMutableBytes(of: &name) { bytes in
            guard let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
            guard unsafe getpeername(descriptor, start, &length) == 0 else { return false }
            if unsafe start.pointee.sa_family == sa_family_t(AF_UNIX) { return true }
            return unsafe getnameinfo(
                start, length, &host, socklen_t(host.count), &port, socklen_t(port.count), NI_NUMERICHOST | NI_NUMERICSERV) == 0
        }
        guard isKnown else { return nil }
        func text(_ letters: [CChar]) -> String { String(decoding: letters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) }
        return name.ss_family == sa_family_t(AF_UNIX) ? .unix(path: "") : .tcp(host: text(host), port: text(port))
    }

    /// Waits until a connection that is under way stands; if not, `errno` says why.
    private static func awaitConnection(_ descriptor: Int32, _ isWanted: () -> Bool) -> Bool {
        var place = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        while unsafe poll(&place, 1, 100) <= 0 {
            guard isWanted() else {
                errno = ECANCELED
                return false
            }
        }
        var reason: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &reason, &size) == 0 else { return false }
        errno = reason
        return reason == 0
    }

    private static func makeNonblocking(_ descriptor: Int32) { _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) }

    /// Reads and writes return at once from now on.
    public func setNonblocking() { HostStream.makeNonblocking(descriptor) }

    /// A named pipe, or a device, for reading and writing; it is open for both so that it lives while nobody is at the other end.
    public static func pipe(_ path: String) throws(HostError) -> HostStream {
        let descriptor = openPath(path, O_RDWR | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw HostError("open '\(path)'", remedy: errno == ENOENT ? "make it: mkfifo \(path)" : nil) }
        return HostStream(descriptor: descriptor, closes: true)
    }
}

/// Opens a socket and tries each place that the address stands for.
private func openSocket(
    _ address: SocketAddress, _ action: String, passive: Bool, _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
) throws(HostError) -> Int32 {
    switch address {
    case .unix(let path):
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: name.sun_path) else {
            throw HostError("\(action) '\(path)'", errno: ENAMETOOLONG, remedy: "choose a path of at most 107 bytes")
        }
        unsafe withUnsafeMutableBytes(of: &name.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let done = unsafe withUnsafeBytes(of: &name) { raw in
            guard let start = unsafe raw.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
            return unsafe use(descriptor, start, socklen_t(raw.count))
        }
        return try kept(descriptor, done, action, address)
    case .tcp(let host, let port): return try openTCP(host, port, action, passive, address, use)
    case .descriptor: throw HostError("\(action) \(address)", errno: EINVAL)
    }
}

private func openTCP(
    _ host: String, _ port: String, _ action: String, _ passive: Bool, _ address: SocketAddress,
    _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
) throws(HostError) -> Int32 {
    let kind = Int32(SOCK_STREAM.rawValue)
    return try firstPlace(host, port, kind, action, passive) { family, name, length in
        let descriptor = socket(family, kind, 0)
        if descriptor >= 0, unsafe use(descriptor, name, length) {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            return descriptor
        }
        let reason = errno
        if descriptor >= 0 { close(descriptor) }
        errno = reason
        return nil
    }
}

/// Resolves a host and a port, and tries each place that they stand for until one works.
func firstPlace<Result>(
    _ host: String, _ port: String, _ kind: Int32, _ action: String, _ passive: Bool,
    _ attempt: (_ family: Int32, UnsafePointer<sockaddr>, socklen_t) -> Result?
) throws(HostError) -> Result {
    let address = SocketAddress.tcp(host: host, port: port)
    var hints = addrinfo()
    unsafe hints.ai_socktype = kind
    if passive { unsafe hints.ai_flags = AI_PASSIVE }
    var list: UnsafeMutablePointer<addrinfo>?
    let status = unsafe getaddrinfo(host.isEmpty ? nil : host, port, &hints, &list)
    guard status == 0 else {
        throw HostError("\(action) \(address)", errno: EADDRNOTAVAIL, remedy: unsafe String(cString: gai_strerror(status)))
    }
    defer { unsafe freeaddrinfo(list) }
    var failure = EADDRNOTAVAIL
    var entry = unsafe list
    while let place = unsafe entry {
        if let name = unsafe place.pointee.ai_addr {
            if let result = unsafe attempt(place.pointee.ai_family, name, place.pointee.ai_addrlen) { return result }
            failure = errno
        }
        unsafe entry = place.pointee.ai_next
    }
    throw HostError("\(action) \(address)", errno: failure)
}

private func kept(_ descriptor: Int32, _ done: Bool, _ action: String, _ address: SocketAddress) throws(HostError) -> Int32 {
    guard descriptor >= 0, done else {
        let reason = errno
        if descriptor >= 0 { close(descriptor) }
        throw HostError("\(action) '\(address)'", errno: reason)
    }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return descriptor
}

/// Removes a socket's file that nobody listens at any more; other files stay.
private func removeStaleSocket(_ path: String) {
    var information = stat()
    guard unsafe lstat(path, &information) == 0, information.st_mode & S_IFMT == S_IFSOCK else { return }
    if (try? HostStream.connected(to: .unix(path: path))) == nil { unsafe unlink(path) }
}
