import CPUModel
import Glibc
import UserCore
import UserExecution

/// System V IPC where the structures differ or memory is mapped.
enum IPCCalls {
    private static func int(_ value: UInt64) -> Int { Int(Int32(truncatingIfNeeded: value)) }

    /// IPC_64 asks an older architecture for the structures that the others have always had; asm-generic's have no such bit.
    private static let version = 0x100

    /// The command without the bit; nil for the older structures.
    private static func command(_ thread: LinuxThread, _ value: UInt64) -> Int? {
        let command = int(value)
        if thread.abi.family == .arm, command & version == 0, command != 0 {
            Strace.remark("IPC structures with 16-bit users are not supported")
            return nil
        }
        return command & ~version
    }

    /// What a command does with its structure: IPC_SET reads it.
    private enum Command { static let set = 1, statistics = 2, info = 3 }

    @Sendable static func semctl(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        // The value of SETVAL comes in place of a pointer, and commands whose structure has one version only do not ask for one: arrays, limits.
        let isPlain = [0, 3, 11, 12, 13, 14, 15, 16, 17, 19].contains(int(call[2]) & ~version)
        guard let command = isPlain ? int(call[2]) & ~version : command(thread, call[2]) else { return -Int64(EINVAL) }
        func host(_ word: Int) -> Int64 { thread.hostCall(66, int(call[0]), int(call[1]), command, word) }
        switch command {
        case Command.set: return converted(thread, .semaphores, .reads, call[3], host)
        // Also SEM_STAT and SEM_STAT_ANY.
        case Command.statistics, 18, 20: return converted(thread, .semaphores, .writes, call[3], host)
        // IPC_INFO, GETALL, SETALL, SEM_INFO.
        case 3, 13, 17, 19: return thread.hostWord(call[3]).map(host) ?? -Int64(EFAULT)
        default: return host(int(call[3]))
        }
    }

    /// x86-64's structure is another one than that of 64-bit guests too.
    private static func converted(
        _ thread: LinuxThread, _ structure: SharedStructure, _ access: Argument.Access, _ address: UInt64, _ body: (Int) -> Int64
    ) -> Int64 {
        let guest = thread.wordSize == 4 ? structure.narrow : generic64Semaphores
        var bytes = [UInt8](repeating: 0, count: structure.host.size)
        if access == .reads {
            guard let given = thread.memory.bytes(at: address, count: guest.size) else { return -Int64(EFAULT) }
            bytes = StructConversion(guest, structure.host).convert(given)
        }
        let result = unsafe bytes.withUnsafeMutableBytes { body(Int(bitPattern: $0.baseAddress)) }
        guard access == .writes, result >= 0 else { return result }
        return thread.memory.write(StructConversion(structure.host, guest).convert(bytes), at: address) ? result : -Int64(EFAULT)
    }

    private static let generic64Semaphores = StructLayout(SharedStructure.semaphoreMembers)

    @Sendable static func msgctl(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let command = command(thread, call[1]) else { return -Int64(EINVAL) }
        func host(_ word: Int) -> Int64 { thread.hostCall(71, int(call[0]), command, word) }
        switch command {
        case Command.set: return thread.with(.messages, .reads, at: call[2], host)
        // Also MSG_STAT and MSG_STAT_ANY.
        case Command.statistics, 11, 13: return thread.with(.messages, .writes, at: call[2], host)
        default:
            thread.memory.prepareWrite(call[2], 128)
            return thread.hostWord(call[2]).map(host) ?? -Int64(EFAULT)
        }
    }

    @Sendable static func shmctl(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        // SHM_LOCK and SHM_UNLOCK have no structure.
        let isPlain = [0, 11, 12].contains(int(call[1]) & ~version)
        guard let command = isPlain ? int(call[1]) & ~version : command(thread, call[1]) else { return -Int64(EINVAL) }
        func host(_ word: Int) -> Int64 { thread.hostCall(31, int(call[0]), command, word) }
        switch command {
        case Command.set: return thread.with(.sharedSegment, .reads, at: call[2], host)
        // Also SHM_STAT and SHM_STAT_ANY.
        case Command.statistics, 13, 15: return thread.with(.sharedSegment, .writes, at: call[2], host)
        case Command.info: return thread.with(.sharedLimits, .writes, at: call[2], host)
        // SHM_INFO.
        case 14: return thread.with(.sharedUsage, .writes, at: call[2], host)
        default: return thread.hostWord(call[2]).map(host) ?? -Int64(EFAULT)
        }
    }

    // MARK: Messages: a long and a text

    @Sendable static func msgsnd(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let size = Int(truncatingIfNeeded: call[2])
        if thread.wordSize == 8 {
            return thread.hostWord(call[1]).map { thread.hostCall(69, int(call[0]), $0, size, int(call[3])) } ?? -Int64(EFAULT)
        }
        guard (0...(1 << 24)).contains(size) else { return -Int64(EINVAL) }
        guard let bytes = thread.memory.bytes(at: call[1], count: 4 + size) else { return -Int64(EFAULT) }
        let copy = HostCopy(bytes[0..<4] + (bytes[3] & 0x80 != 0 ? [255, 255, 255, 255] : [0, 0, 0, 0]) + bytes[4...])
        return withExtendedLifetime(copy) { thread.hostCall(69, int(call[0]), copy.address, size, int(call[3])) }
    }

    @Sendable static func msgrcv(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let size = Int(truncatingIfNeeded: call[2]), kind = Int(truncatingIfNeeded: call[3])
        if thread.wordSize == 8 {
            thread.memory.prepareWrite(call[1], min(call[2], 1 << 24) + 8)
            return thread.hostWord(call[1]).map { thread.hostCall(70, int(call[0]), $0, size, kind, int(call[4])) } ?? -Int64(EFAULT)
        }
        // There may be room for more than the longest message that msgsnd takes.
        guard size <= Int(Int32.max) else { return -Int64(EINVAL) }
        let room = min(size, 1 << 24)
        let copy = HostCopy([UInt8](repeating: 0, count: 8 + room))
        let result = thread.hostCall(70, int(call[0]), copy.address, room, kind, int(call[4]))
        if result < 0 { return result }
        let bytes = copy.bytes
        return thread.memory.write(Array(bytes[0..<4] + bytes[8..<8 + Int(result)]), at: call[1]) ? result : -Int64(EFAULT)
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
        if thread.wordSize == 4 { event = SharedStructure.sigevent.hostBytes(of: event) }
        if event.get(Int32.self, at: 12) == SIGEV_THREAD {
            guard let cookie = thread.hostWord(event.word(at: 0)) else { return -Int64(EFAULT) }
            event.put(UInt64(UInt(bitPattern: cookie)), at: 0)
        }
        return unsafe event.withUnsafeBytes { thread.hostCall(244, int(call[0]), Int(bitPattern: $0.baseAddress)) }
    }
}
