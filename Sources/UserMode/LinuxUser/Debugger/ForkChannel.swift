import Glibc

/// Between a parent and the child it has forked, while the debugger has not said yet which of them it leaves: packets for the child go through
/// its parent. One message is one packet, or the word that ends the state.
struct ForkChannel {
    let descriptor: Int32
    /// The child's number.
    let child: Int

    enum Message: UInt8 { case packet, takeOver, run }

    static func pair() -> (Int32, Int32)? {
        var ends: [Int32] = [-1, -1]
        guard unsafe socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else { return nil }
        return (DebugConnection.raised(ends[0]), DebugConnection.raised(ends[1]))
    }

    func send(_ kind: Message, _ bytes: [UInt8] = []) {
        let message = [kind.rawValue] + bytes
        _ = unsafe message.withUnsafeBytes { unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    /// The next message; `run` when the other side is gone.
    func receive() -> (kind: Message, bytes: [UInt8]) {
        var bytes = [UInt8](repeating: 0, count: 1 << 17)
        var got: Int
        repeat { got = unsafe bytes.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) } } while got < 0 && errno == EINTR
        guard got > 0, let kind = Message(rawValue: bytes[0]) else { return (.run, []) }
        return (kind, Array(bytes[1..<got]))
    }
}
