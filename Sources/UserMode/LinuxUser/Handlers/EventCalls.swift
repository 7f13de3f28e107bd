import CPUModel
import Glibc
import UserCore

/// epoll, whose structure x86 packs, and the calls that wait under a signal mask of their own.
enum EventCalls {
    /// x86-64 packs `struct epoll_event`; others align it.
    private static let hostEvent = StructLayout([("events", .u32), ("data", .u64)], packed: true)
    private static let guestEvent = StructLayout([("events", .u32), ("data", .u64)])
    private static let toHost = StructConversion(guestEvent, hostEvent)
    private static let toGuest = StructConversion(hostEvent, guestEvent)

    /// A guest's `struct epoll_event` as the host's.
    static func hostEvent(of bytes: [UInt8]) -> [UInt8] { toHost.convert(bytes) }

    private static func int(_ value: UInt64) -> Int { Int(Int32(truncatingIfNeeded: value)) }

    @Sendable static func epollControl(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        // Deleting needs no event.
        if int(call[1]) == 2 { return thread.hostCall(233, int(call[0]), 2, int(call[2])) }
        guard let bytes = thread.memory.bytes(at: call[3], count: guestEvent.size) else { return -Int64(EFAULT) }
        let event = toHost.convert(bytes)
        return unsafe event.withUnsafeBytes { thread.hostCall(233, int(call[0]), int(call[1]), int(call[2]), Int(bitPattern: $0.baseAddress)) }
    }

    @Sendable static func epollWait(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        wait(thread, call) { buffer, count, mask in thread.hostCall(281, int(call[0]), buffer, count, int(call[3]), mask, 8) }
    }

    @Sendable static func epollWait2(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        thread.with(.timespec64, .reads, at: call[3]) { time in
            wait(thread, call) { buffer, count, mask in thread.hostCall(441, int(call[0]), buffer, count, time, mask, 8) }
        }
    }

    private static func wait(_ thread: LinuxThread, _ call: SystemCallRegisters, _ body: (Int, Int, Int) -> Int64) -> Int64 {
        let count = int(call[2])
        guard count > 0, count <= Int(Int32.max) / guestEvent.size else { return -Int64(EINVAL) }
        var bytes = [UInt8](repeating: 0, count: hostEvent.size * min(count, 4096))
        let result = withMask(thread, call[4]) { mask in
            unsafe bytes.withUnsafeMutableBytes { body(Int(bitPattern: $0.baseAddress), min(count, 4096), mask) }
        }
        if result <= 0 { return result }
        let events = (0..<Int(result)).flatMap { toGuest.convert(Array(bytes[$0 * hostEvent.size..<($0 + 1) * hostEvent.size])) }
        return thread.memory.write(events, at: call[1]) ? result : -Int64(EFAULT)
    }

    /// Runs a call with the host address of a signal mask, 0 for none.
    private static func withMask(_ thread: LinuxThread, _ address: UInt64, _ body: (Int) -> Int64) -> Int64 {
        if address == 0 { return body(0) }
        guard var mask = thread.memory.load(address, size: 8) else { return -Int64(EFAULT) }
        mask &= ~(LinuxThread.bit(SIGSEGV) | LinuxThread.bit(SIGBUS))
        let result = unsafe withUnsafePointer(to: &mask) { body(Int(bitPattern: $0)) }
        thread.noteWait(result, mask)
        return result
    }

    static func poll(_ time: SharedStructure) -> SystemCall.Handler {
        { thread, call in
            guard let list = thread.hostWord(call[0]) else { return -Int64(EFAULT) }
            thread.memory.prepareWrite(call[0], 8 * (call[1] & 0xffff))
            return thread.with(time, .changes, at: call[2]) { time in
                withMask(thread, call[3]) { thread.hostCall(271, list, Int(call[1] & 0xffff_ffff), time, $0, 8) }
            }
        }
    }

    /// The sixth argument points to the mask's address and size.
    static func select(_ time: SharedStructure) -> SystemCall.Handler {
        { thread, call in
            var mask: UInt64 = 0
            if call[5] != 0 {
                guard let pointer = thread.memory.load(call[5], size: thread.wordSize) else { return -Int64(EFAULT) }
                mask = pointer
            }
            return withSets(thread, call) { sets in
                thread.with(time, .changes, at: call[4]) { time in
                    withMask(thread, mask) { mask in
                        let pair = [mask, 8]
                        return unsafe pair.withUnsafeBytes {
                            thread.hostCall(270, int(call[0]), sets[0], sets[1], sets[2], time, Int(bitPattern: $0.baseAddress))
                        }
                    }
                }
            }
        }
    }

    /// `_newselect`: the same without a mask, and with a `struct timeval`.
    @Sendable static func oldSelect(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        withSets(thread, call) { sets in
            thread.with(.timeval, .changes, at: call[4]) { thread.hostCall(23, int(call[0]), sets[0], sets[1], sets[2], $0) }
        }
    }

    /// Runs a call with the host addresses of three sets of descriptors. The kernel takes them in longs of its own: a 32-bit guest's may end in the
    /// middle of one.
    private static func withSets(_ thread: LinuxThread, _ call: SystemCallRegisters, _ body: ([Int]) -> Int64) -> Int64 {
        if thread.wordSize == 8 {
            let sets = (1...3).compactMap { thread.hostWord(call[$0]) }
            return sets.count == 3 ? body(sets) : -Int64(EFAULT)
        }
        guard (0...(1 << 20)).contains(int(call[0])) else { return -Int64(EINVAL) }
        let size = 4 * ((int(call[0]) + 31) / 32)
        var copies: [HostCopy?] = []
        for index in 1...3 {
            if call[index] == 0 {
                copies.append(nil)
            } else {
                guard let bytes = thread.memory.bytes(at: call[index], count: size) else { return -Int64(EFAULT) }
                copies.append(HostCopy(bytes + [0, 0, 0, 0, 0, 0, 0, 0]))
            }
        }
        let result = withExtendedLifetime(copies) { body(copies.map { $0?.address ?? 0 }) }
        if result < 0 { return result }
        for index in 1...3 {
            if let copy = copies[index - 1], !thread.memory.write(Array(copy.bytes.prefix(size)), at: call[index]) { return -Int64(EFAULT) }
        }
        return result
    }
}
