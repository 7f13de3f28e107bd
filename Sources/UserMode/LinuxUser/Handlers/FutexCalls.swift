import CHost
import CPUModel
import Glibc
import UserCore
import UserExecution

enum FutexCalls {
    /// Operations by what their fourth argument is, which in the others means nothing, and by whether there is a second futex.
    private enum Operation {
        /// WAIT, LOCK_PI, WAIT_BITSET, WAIT_REQUEUE_PI, LOCK_PI2.
        static let withTime: [UInt64] = [0, 6, 9, 11, 13]
        /// REQUEUE, CMP_REQUEUE, WAKE_OP, CMP_REQUEUE_PI.
        static let withNumber: [UInt64] = [3, 4, 5, 12]
        static let withSecond: [UInt64] = withNumber + [11]
    }

    private static func word(_ value: UInt64) -> Int { Int(truncatingIfNeeded: value) }

    /// Arguments that the operation does not use may hold anything.
    @Sendable static func futex(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let operation = call[1] & 0x7f
        guard let first = thread.hostWord(call[0]), let second = Operation.withSecond.contains(operation) ? thread.hostWord(call[4]) : 0,
            let fourth = Operation.withTime.contains(operation)
                ? thread.hostWord(call[3]) : Operation.withNumber.contains(operation) ? word(call[3]) : 0
        else { return -Int64(EFAULT) }
        return thread.hostCall(202, first, Int(call[1] & 0xffff_ffff), Int(call[2] & 0xffff_ffff), fourth, second, Int(call[5] & 0xffff_ffff))
    }

    // MARK: futex2

    /// An array of `struct futex_waitv`, 24 bytes each, with the address at 8, made the host's; nil if it cannot be.
    private static func waiters(_ thread: LinuxThread, _ address: UInt64, _ count: UInt64) -> [UInt8]? {
        guard var bytes = thread.memory.bytes(at: address, count: 24 * Int(count)) else { return nil }
        for index in 0..<Int(count) {
            guard let place = thread.hostWord(bytes.word(at: 24 * index + 8)) else { return nil }
            bytes.put(UInt64(UInt(bitPattern: place)), at: 24 * index + 8)
        }
        return bytes
    }

    @Sendable static func waitVector(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard (1...128).contains(call[1] & 0xffff_ffff) else { return -Int64(EINVAL) }
        guard let waiters = waiters(thread, call[0], call[1] & 0xffff_ffff), let time = thread.hostWord(call[3]) else { return -Int64(EFAULT) }
        return unsafe waiters.withUnsafeBytes {
            thread.hostCall(449, Int(bitPattern: $0.baseAddress), word(call[1] & 0xffff_ffff), word(call[2]), time, word(call[4]))
        }
    }

    @Sendable static func requeue(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let waiters = waiters(thread, call[0], 2) else { return -Int64(EFAULT) }
        return unsafe waiters.withUnsafeBytes {
            thread.hostCall(456, Int(bitPattern: $0.baseAddress), word(call[1]), word(call[2]), word(call[3]))
        }
    }

    // MARK: Robust lists

    /// The kernel walks the list itself where guest addresses are the host's; elsewhere `LinuxThread.releaseRobustFutexes` does at the thread's end.
    @Sendable static func setRobustList(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        if call[1] != 24 { return -Int64(EINVAL) }
        thread.robustList = call[0]
        return thread.memory.base != 0 ? 0 : thread.hostCall(273, word(call[0]), word(call[1]))
    }
}

extension LinuxThread {
    private enum FutexWord { static let owner: UInt64 = 0x3fff_ffff, ownerDied: UInt64 = 0x4000_0000, waiters: UInt64 = 0x8000_0000 }

    /// What the kernel does for the locks that a thread holds when it ends (kernel/futex/core.c): marks them, and wakes a waiter.
    ///
    /// `struct robust_list_head`: the first entry, the offset from an entry to its futex, and the entry being changed.
    func releaseRobustFutexes() {
        guard memory.base != 0, robustList != 0, let head = memory.bytes(at: robustList, count: 24) else { return }
        let offset = head.word(at: 8)
        var entry = head.word(at: 0)
        // The kernel's limit, which ends a circle as well.
        for _ in 0..<2048 where entry & ~1 != robustList {
            guard let next = memory.load(entry & ~1, size: 8) else { break }
            if entry != head.word(at: 16) { release(entry & ~1 &+ offset) }
            entry = next
        }
        let pending = head.word(at: 16)
        if pending != 0 { release(pending & ~1 &+ offset) }
    }

    private func release(_ futex: UInt64) {
        let number = UInt64(bitPattern: hostCall(186))
        while let value = memory.load(futex, size: 4), value & FutexWord.owner == number {
            let marked = value & FutexWord.waiters | FutexWord.ownerDied
            guard let old = memory.compareExchange(futex, expected: value, new: marked, size: 4) else { return }
            if old != value { continue }
            if value & FutexWord.waiters != 0, let place = unsafe memory.host(futex) {
                _ = unsafe apus_raw_syscall(202, [Int(bitPattern: place), 1, 1, 0, 0, 0])
            }
            return
        }
    }
}
