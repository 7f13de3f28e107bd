import CPUModel
import Glibc
import UserExecution

/// io_uring: its rings are memory that guest and kernel share, and requests go through as they are.
enum RingCalls {
    private static let probe = 8

    /// Requests whose structures or flags differ from the host's: EPOLL_CTL and EPOLL_WAIT, because x86 packs `struct epoll_event`; OPENAT and
    /// OPENAT2 where the open flags have other numbers.
    private static func differing(_ thread: LinuxThread) -> Set<UInt8> {
        thread.abi.openFlags.directory == 0o200000 ? [29, 59] : [18, 28, 29, 59]
    }

    /// A program that asks which requests there are is told that the differing ones are not.
    @Sendable static func register(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        if thread.memory.base != 0 { return -Int64(ENOSYS) }
        let (operation, count) = (Int(call[1] & 0xffff_ffff), Int(call[3] & 0xffff_ffff))
        let result = thread.hostCall(427, Int(Int32(truncatingIfNeeded: call[0])), operation, Int(truncatingIfNeeded: call[2]), count)
        if operation == probe, result >= 0 { hide(thread, call[2], min(count, 256)) }
        return result
    }

    /// `struct io_uring_probe`: 16 bytes, then 8 for each request, with IO_URING_OP_SUPPORTED in the third and fourth.
    private static func hide(_ thread: LinuxThread, _ address: UInt64, _ count: Int) {
        for request in differing(thread) where Int(request) < count {
            _ = thread.memory.store(address &+ 16 &+ 8 * UInt64(request) &+ 2, 0, size: 2)
        }
    }
}
