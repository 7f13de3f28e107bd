import CPUModel
import Glibc
import UserCore
import UserExecution

/// System V IPC where the structures differ or memory is mapped.
enum IPCCalls {
    private static let permissions: [(String, StructLayout.Kind)] = [
        ("key", .i32), ("uid", .u32), ("gid", .u32), ("cuid", .u32), ("cgid", .u32), ("mode", .u32), ("seq", .u16), ("pad2", .u16),
        ("unused1", .unsignedLong), ("unused2", .unsignedLong),
    ]
    /// x86-64 has a word behind each time.
    private static let hostSet = StructLayout(
        permissions + [
            ("otime", .long), ("u1", .unsignedLong), ("ctime", .long), ("u2", .unsignedLong), ("nsems", .unsignedLong), ("u3", .unsignedLong),
            ("u4", .unsignedLong),
        ])
    private static let guestSet = StructLayout(
        permissions + [("otime", .long), ("ctime", .long), ("nsems", .unsignedLong), ("u3", .unsignedLong), ("u4", .unsignedLong)])
    private static let toGuest = StructConversion(hostSet, guestSet)
    private static let toHost = StructConversion(guestSet, hostSet)

    private static func int(_ value: UInt64) -> Int { Int(Int32(truncatingIfNeeded: value)) }

    @Sendable static func semctl(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let command = int(call[2]) & ~0x100
        func host(_ word: Int) -> Int64 { thread.hostCall(66, int(call[0]), int(call[1]), command, word) }
        switch command {
        // IPC_SET.
        case 1:
            guard let bytes = thread.memory.bytes(at: call[3], count: guestSet.size) else { return -Int64(EFAULT) }
            return unsafe toHost.convert(bytes).withUnsafeBytes { host(Int(bitPattern: $0.baseAddress)) }
        // IPC_STAT, SEM_STAT, SEM_STAT_ANY.
        case 2, 18, 20:
            var bytes = [UInt8](repeating: 0, count: hostSet.size)
            let result = unsafe bytes.withUnsafeMutableBytes { host(Int(bitPattern: $0.baseAddress)) }
            if result < 0 { return result }
            return thread.memory.write(toGuest.convert(bytes), at: call[3]) ? result : -Int64(EFAULT)
        // IPC_INFO, GETALL, SETALL, SEM_INFO.
        case 3, 13, 17, 19: return thread.hostWord(call[3]).map(host) ?? -Int64(EFAULT)
        default: return host(Int(truncatingIfNeeded: call[3]))
        }
    }

    @Sendable static func shmat(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        thread.memory.attach(call[1], flags: call[2]) { place, flags in
            thread.hostCall(30, int(call[0]), place, flags)
        } size: {
            var status = [UInt64](repeating: 0, count: 16)
            // shm_segsz follows the 48 bytes of ipc64_perm.
            return unsafe status.withUnsafeMutableBytes { thread.hostCall(31, int(call[0]), 2, Int(bitPattern: $0.baseAddress)) } < 0
                ? nil : status[6]
        }
    }

    @Sendable static func shmdt(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let place = thread.hostWord(call[0]) else { return -Int64(EINVAL) }
        return thread.memory.detach(call[0]) { thread.hostCall(67, place) }
    }

    /// A `struct sigevent` with SIGEV_THREAD holds the address of a cookie that the kernel reads.
    @Sendable static func notify(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let place = thread.hostWord(call[1]) else { return -Int64(EFAULT) }
        if place == 0 || thread.memory.base == 0 { return thread.hostCall(244, int(call[0]), place) }
        guard var event = thread.memory.bytes(at: call[1], count: 64) else { return -Int64(EFAULT) }
        if event.get(Int32.self, at: 12) == SIGEV_THREAD {
            guard let cookie = thread.hostWord(event.word(at: 0)) else { return -Int64(EFAULT) }
            event.put(UInt64(UInt(bitPattern: cookie)), at: 0)
        }
        return unsafe event.withUnsafeBytes { thread.hostCall(244, int(call[0]), Int(bitPattern: $0.baseAddress)) }
    }
}
