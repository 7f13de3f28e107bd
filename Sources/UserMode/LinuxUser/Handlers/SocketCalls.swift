import CPUModel
import Glibc
import UserCore
import UserExecution

/// Messages and options: structures full of pointers.
enum SocketCalls {
    /// Offsets in `struct msghdr`, of which 64-bit guests have the host's, and the size of `struct mmsghdr`, which adds a length.
    private enum Offset { static let name = 0, vector = 16, count = 24, control = 32, length = 40, size = 56, stride = 64 }

    private static func int(_ value: UInt64) -> Int { Int(Int32(truncatingIfNeeded: value)) }

    @Sendable static func sendmsg(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        withMessages(thread, call[1], count: 1, stride: Offset.size, receives: false) { thread.hostCall(46, int(call[0]), $0, int(call[2])) }
    }

    @Sendable static func recvmsg(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        withMessages(thread, call[1], count: 1, stride: Offset.size, receives: true) { thread.hostCall(47, int(call[0]), $0, int(call[2])) }
    }

    /// More than 1,024 messages are taken for that many, as the kernel does.
    @Sendable static func sendmmsg(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let count = min(Int(call[2] & 0xffff_ffff), 1024)
        return withMessages(thread, call[1], count: count, stride: Offset.stride, receives: false) {
            thread.hostCall(307, int(call[0]), $0, count, int(call[3]))
        }
    }

    static func recvmmsg(_ time: SharedStructure) -> SystemCall.Handler {
        { thread, call in
            let count = min(Int(call[2] & 0xffff_ffff), 1024)
            return thread.with(time, .changes, at: call[4]) { time in
                withMessages(thread, call[1], count: count, stride: Offset.stride, receives: true) {
                    thread.hostCall(299, int(call[0]), $0, count, int(call[3]), time)
                }
            }
        }
    }

    /// Runs a call with the host address of messages whose pointers are the host's; what the kernel changes in them goes back to the guest.
    private static func withMessages(
        _ thread: LinuxThread, _ address: UInt64, count: Int, stride: Int, receives: Bool, _ body: (Int) -> Int64
    ) -> Int64 {
        if thread.wordSize == 4 {
            return NarrowMessages.with(thread, address, count: count, isArray: stride == Offset.stride, receives: receives, body)
        }
        guard let original = thread.memory.bytes(at: address, count: count * stride) else { return -Int64(EFAULT) }
        var messages = original
        var vectors: [UInt8] = []
        var starts: [Int] = []
        for index in 0..<count {
            starts.append(vectors.count)
            let failure = prepare(&messages, index * stride, &vectors, thread, receives: receives)
            if failure != 0 { return -Int64(failure) }
        }
        let result = unsafe vectors.withUnsafeBytes { vectors in
            let base = UInt64(UInt(bitPattern: vectors.baseAddress))
            for index in 0..<count { messages.put(base + UInt64(starts[index]), at: index * stride + Offset.vector) }
            return unsafe messages.withUnsafeMutableBytes { body(Int(bitPattern: $0.baseAddress)) }
        }
        guard result >= 0, receives || stride == Offset.stride else { return result }
        restorePointers(&messages, original, count, stride)
        return thread.memory.write(messages, at: address) ? result : -Int64(EFAULT)
    }

    /// Makes the pointers of the message at an offset the host's, and adds its vector to `vectors`; an error number, or 0.
    private static func prepare(_ messages: inout [UInt8], _ start: Int, _ vectors: inout [UInt8], _ thread: LinuxThread, receives: Bool) -> Int32 {
        let count = messages.word(at: start + Offset.count)
        if count > 1024 { return EMSGSIZE }
        guard var vector = thread.memory.bytes(at: messages.word(at: start + Offset.vector), count: 16 * Int(count)) else { return EFAULT }
        for item in 0..<Int(count) {
            if receives { thread.memory.prepareWrite(vector.word(at: 16 * item), min(vector.word(at: 16 * item + 8), 1 << 40)) }
            guard relocate(&vector, at: 16 * item, thread) else { return EFAULT }
        }
        vectors += vector
        if receives {
            thread.memory.prepareWrite(messages.word(at: start + Offset.name), 128)
            thread.memory.prepareWrite(messages.word(at: start + Offset.control), min(messages.word(at: start + Offset.length), 1 << 20))
        }
        return relocate(&messages, at: start + Offset.name, thread) && relocate(&messages, at: start + Offset.control, thread) ? 0 : EFAULT
    }

    private static func restorePointers(_ messages: inout [UInt8], _ original: [UInt8], _ count: Int, _ stride: Int) {
        for start in (0..<count).map({ $0 * stride }) {
            for offset in [Offset.name, Offset.vector, Offset.control] { messages.put(original.word(at: start + offset), at: start + offset) }
        }
    }

    private static func relocate(_ bytes: inout [UInt8], at offset: Int, _ thread: LinuxThread) -> Bool {
        guard let host = thread.hostWord(bytes.word(at: offset)) else { return false }
        bytes.put(UInt64(UInt(bitPattern: host)), at: offset)
        return true
    }

    // MARK: Options

    /// Options of SOL_SOCKET whose value is a `struct sock_fprog`: a length and a pointer.
    private static let filters: Set<Int> = [26, 51]

    @Sendable static func setOption(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        if thread.wordSize == 4, let result = setNarrow(thread, call) { return result }
        guard let place = thread.hostWord(call[3]) else { return -Int64(EFAULT) }
        func set(_ value: Int) -> Int64 { thread.hostCall(54, int(call[0]), int(call[1]), int(call[2]), value, int(call[4])) }
        guard thread.memory.base != 0, int(call[1]) == SOL_SOCKET, filters.contains(int(call[2])), int(call[4]) == 16 else { return set(place) }
        guard var program = thread.memory.bytes(at: call[3], count: 16), relocate(&program, at: 8, thread) else { return -Int64(EFAULT) }
        return unsafe program.withUnsafeBytes { set(Int(bitPattern: $0.baseAddress)) }
    }

    /// SO_RCVTIMEO and SO_SNDTIMEO, whose value is a `struct timeval`.
    private static let timeouts: Set<Int> = [20, 21]
    /// MCAST_JOIN_GROUP and its like: an interface's number, then one or two `struct sockaddr_storage`, which are aligned like longs.
    private static let groups: Set<Int> = [42, 45], groupSources: Set<Int> = [43, 44, 46, 47]

    /// Options whose value a 32-bit guest lays out otherwise; nil for others.
    private static func setNarrow(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64? {
        let (level, option, size) = (int(call[1]), int(call[2]), int(call[4]))
        func set(_ place: Int, _ size: Int) -> Int64 { thread.hostCall(54, int(call[0]), level, option, place, size) }
        if level == SOL_SOCKET, timeouts.contains(option), size == 8 {
            return thread.with(.timeval, .reads, at: call[3]) { set($0, 16) }
        }
        if level == SOL_SOCKET, filters.contains(option), size == 8 {
            guard let bytes = thread.memory.bytes(at: call[3], count: 8), let place = thread.hostWord(bytes.word(1, wordSize: 4)) else {
                return -Int64(EFAULT)
            }
            var program = [UInt8](repeating: 0, count: 16)
            program.put(bytes.get(UInt16.self, at: 0), at: 0)
            program.put(place, at: 8)
            return unsafe program.withUnsafeBytes { set(Int(bitPattern: $0.baseAddress), 16) }
        }
        let isGroup = groups.contains(option) && size == 132 || groupSources.contains(option) && size == 260
        guard isGroup, level == 0 || level == 41 else { return nil }
        guard let bytes = thread.memory.bytes(at: call[3], count: size) else { return -Int64(EFAULT) }
        let wide = bytes[0..<4] + [0, 0, 0, 0] + bytes[4...]
        return unsafe wide.withUnsafeBytes { set(Int(bitPattern: $0.baseAddress), wide.count) }
    }

    @Sendable static func getOption(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let place = thread.hostWord(call[3]), let length = thread.hostWord(call[4]) else { return -Int64(EFAULT) }
        if thread.wordSize == 4, int(call[1]) == SOL_SOCKET, timeouts.contains(int(call[2])) { return getTimeout(thread, call) }
        if let size = thread.memory.load(call[4], size: 4) { thread.memory.prepareWrite(call[3], min(size, 1 << 20)) }
        thread.memory.prepareWrite(call[4], 4)
        return thread.hostCall(55, int(call[0]), int(call[1]), int(call[2]), place, length)
    }

    private static func getTimeout(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let room = thread.memory.load(call[4], size: 4) else { return -Int64(EFAULT) }
        let time = HostCopy([UInt8](repeating: 0, count: 16)), length = HostCopy([16, 0, 0, 0])
        let result = thread.hostCall(55, int(call[0]), int(call[1]), int(call[2]), time.address, length.address)
        withExtendedLifetime(length) {}
        if result < 0 { return result }
        let bytes = Array(SharedStructure.timeval.narrowBytes(of: time.bytes).prefix(Int(min(room, 8))))
        return thread.memory.write(bytes, at: call[3]) && thread.memory.store(call[4], UInt64(bytes.count), size: 4) ? result : -Int64(EFAULT)
    }
}
