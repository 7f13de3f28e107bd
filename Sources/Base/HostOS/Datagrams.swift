import Glibc

extension HostStream {
    /// A UDP socket at a local address that sends to, and hears from, one other.
    public static func datagrams(
        at local: (host: String, port: String)?, to remote: (host: String, port: String)
    ) throws(HostError) -> HostStream {
        let kind = Int32(SOCK_DGRAM.rawValue)
        return try firstPlace(remote.host, remote.port, kind, "send datagrams to", false) { family, name, length in
            let stream = HostStream(descriptor: socket(family, kind, 0), closes: true)
            _ = fcntl(stream.descriptor, F_SETFD, FD_CLOEXEC)
            if let local, (try? bind(stream.descriptor, local, kind)) == nil { return nil }
            return unsafe connect(stream.descriptor, name, length) == 0 ? stream : nil
        }
    }

    private static func bind(_ descriptor: Int32, _ local: (host: String, port: String), _ kind: Int32) throws(HostError) {
        try firstPlace(local.host, local.port, kind, "receive datagrams at", true) { _, name, length in
            unsafe Glibc.bind(descriptor, name, length) == 0 ? () : nil
        }
    }

    /// A TAP interface of the host's, which is made if there is none of that name and the caller may.
    public static func tap(_ name: String) throws(HostError) -> HostStream {
        let setInterface: UInt = 0x4004_54ca  // TUNSETIFF (linux/if_tun.h)
        let flags: [UInt8] = [0x02, 0x10]  // IFF_TAP, IFF_NO_PI
        let bytes = Array(name.utf8)
        guard bytes.count < 16 else { throw HostError("open the TAP interface '\(name)'", errno: ENAMETOOLONG) }
        let descriptor = unsafe open("/dev/net/tun", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw HostError("open '/dev/net/tun'") }
        let stream = HostStream(descriptor: descriptor, closes: true)
        // struct ifreq: 16 bytes of name, flags, and room for what other requests want.
        var request = bytes + [UInt8](repeating: 0, count: 16 - bytes.count) + flags + [UInt8](repeating: 0, count: 22)
        let status = unsafe request.withUnsafeMutableBytes { unsafe $0.baseAddress.map { unsafe ioctl(descriptor, setInterface, $0) } ?? -1 }
        guard status == 0 else {
            throw HostError(
                "open the TAP interface '\(name)'", remedy: "make it for this user: ip tuntap add dev \(name) mode tap user NAME, or use fd=N")
        }
        return stream
    }

    /// A descriptor that whoever started the process has left open; nil if there is none of that number.
    public static func inherited(_ descriptor: Int32) -> HostStream? {
        fcntl(descriptor, F_GETFD) >= 0 ? HostStream(descriptor: descriptor, closes: true) : nil
    }
}
