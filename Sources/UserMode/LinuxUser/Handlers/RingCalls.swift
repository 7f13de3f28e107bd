import CPUModel
import Glibc
import UserExecution

/// io_uring: its rings are memory that guest and kernel share, and most requests go through as they are. Those that point to what differs
/// from the host's are changed while the kernel takes them over; see `RingRequests`.
enum RingCalls {
    /// Numbers of `io_uring_register`'s operations, IORING_SETUP_ and IORING_ENTER_ flags (linux/io_uring.h).
    private enum Register { static let probe = 8, ringDescriptors = 20 }
    private enum Setup { static let polledByKernel: UInt32 = 1 << 1 }
    private enum Enter { static let getEvents = 1, extendedArgument = 8 }

    private static func int(_ value: UInt64) -> Int { Int(Int32(truncatingIfNeeded: value)) }

    /// A kernel thread that takes requests by itself leaves no moment to change them in.
    @Sendable static func setup(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let flags = thread.memory.load(call[1] &+ 8, size: 4), let parameters = thread.hostWord(call[1]) else { return -Int64(EFAULT) }
        if UInt32(flags) & Setup.polledByKernel != 0 { return -Int64(EPERM) }
        thread.memory.prepareWrite(call[1], 120)
        let result = thread.hostCall(425, int(call[0]), parameters)
        if result >= 0, let layout = RingLayout(parametersAt: call[1], thread.memory) {
            thread.process.lock.withLock { thread.process.rings[Int32(result)] = layout }
        }
        return result
    }

    /// Notes where the guest has mapped a part of a ring.
    static func noteMapping(_ thread: LinuxThread, _ descriptor: Int32, offset: UInt64, at address: UInt64) {
        thread.process.lock.withLock { thread.process.rings[descriptor]?.noteMapping(offset, at: address) }
    }

    @Sendable static func enter(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let argument = thread.hostWord(call[4]) else { return -Int64(EFAULT) }
        let (ring, count, flags, size) = (thread.hostDescriptor(call[0]), int(call[1]), int(call[3]), int(call[5]))
        func enter(_ count: Int, _ wanted: Int, _ flags: Int, _ argument: Int, _ size: Int) -> Int64 {
            thread.hostCall(426, ring, count, wanted, flags, argument, size)
        }
        let layout = count > 0 ? thread.process.lock.withLock { thread.process.rings[Int32(ring)] } : nil
        guard let layout, var requests = RingRequests(layout, count, thread) else { return enter(count, int(call[2]), flags, argument, size) }
        // Another thread may use the places again while this one waits, so they have to be as before by then.
        let submitted = enter(count, 0, flags & ~(Enter.getEvents | Enter.extendedArgument), 0, 0)
        requests.restore()
        if submitted < 0 || flags & Enter.getEvents == 0 { return submitted }
        let waited = enter(0, int(call[2]), flags, argument, size)
        return submitted > 0 ? submitted : waited
    }

    /// A program that asks which requests there are is told that EPOLL_WAIT is not. Registered descriptors of rings, which only save the kernel a
    /// look-up, would hide which ring is entered.
    @Sendable static func register(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let (operation, count) = (Int(call[1] & 0xffff_ffff), Int(call[3] & 0xffff_ffff))
        if operation == Register.ringDescriptors { return -Int64(EINVAL) }
        let result = thread.hostCall(427, thread.hostDescriptor(call[0]), operation, Int(truncatingIfNeeded: call[2]), count)
        // `struct io_uring_probe`: 16 bytes, then 8 for each request, with IO_URING_OP_SUPPORTED in the third and fourth.
        let request = RingRequests.Code.epollWait
        if operation == Register.probe, result >= 0, count > request { _ = thread.memory.store(call[2] &+ 18 &+ 8 * UInt64(request), 0, size: 2) }
        return result
    }
}
