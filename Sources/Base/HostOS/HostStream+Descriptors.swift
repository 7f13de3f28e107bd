import Glibc

/// Descriptors that come along with bytes on a Unix socket (unix(7), SCM_RIGHTS).
extension HostStream {
    /// Room for the control messages of a read: more descriptors than this at once are lost, and the kernel closes them.
    private static let controlSize = 512
    private static let headerSize = MemoryLayout<cmsghdr>.size

    /// As `read`, with the descriptors that came along; they are closed when nobody holds them.
    public func receive(_ count: Int) -> (bytes: [UInt8], descriptors: [HostStream])? {
        var bytes = [UInt8](repeating: 0, count: count)
        var control = [UInt64](repeating: 0, count: HostStream.controlSize / 8)
        var controlCount = 0
        let got = unsafe bytes.withUnsafeMutableBytes { data in
            unsafe control.withUnsafeMutableBytes { room in
                var vector = unsafe iovec(iov_base: data.baseAddress, iov_len: count)
                return unsafe withUnsafeMutablePointer(to: &vector) { vector in
                    var message = msghdr()
                    unsafe message.msg_iov = vector
                    unsafe message.msg_iovlen = 1
                    unsafe message.msg_control = room.baseAddress
                    unsafe message.msg_controllen = room.count
                    let result = unsafe recvmsg(descriptor, &message, Int32(MSG_CMSG_CLOEXEC))
                    controlCount = unsafe Int(message.msg_controllen)
                    return result
                }
            }
        }
        if got < 0, errno == ENOTSOCK { return read(count).map { ($0, []) } }
        if got < 0 { return errno == EAGAIN || errno == EINTR ? nil : ([], []) }
        return (Array(bytes.prefix(got)), HostStream.descriptors(control, controlCount))
    }

    private static func descriptors(_ control: [UInt64], _ count: Int) -> [HostStream] {
        unsafe control.withUnsafeBytes { bytes in
            var found: [HostStream] = []
            var place = 0
            while place + headerSize <= count {
                let header = unsafe bytes.loadUnaligned(fromByteOffset: place, as: cmsghdr.self)
                let length = Int(header.cmsg_len)
                guard length >= headerSize, length <= count - place else { break }
                if header.cmsg_level == SOL_SOCKET, header.cmsg_type == Int32(SCM_RIGHTS) {
                    for offset in stride(from: place + headerSize, to: place + length - 3, by: 4) {
                        found.append(HostStream(descriptor: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self), closes: true))
                    }
                }
                place += (length + 7) & ~7
            }
            return found
        }
    }
}
