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
    static func futex(_ time: SharedStructure) -> SystemCall.Handler {
        { thread, call in
            let operation = call[1] & 0x7f
            guard let first = thread.hostWord(call[0]), let second = Operation.withSecond.contains(operation) ? thread.hostWord(call[4]) : 0
            else { return -Int64(EFAULT) }
            func host(_ fourth: Int) -> Int64 {
                thread.hostCall(202, first, Int(call[1] & 0xffff_ffff), Int(call[2] & 0xffff_ffff), fourth, second, Int(call[5] & 0xffff_ffff))
            }
            if Operation.withTime.contains(operation) { return thread.with(time, .reads, at: call[3], host) }
            return host(Operation.withNumber.contains(operation) ? word(call[3]) : 0)
        }
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
        guard let waiters = waiters(thread, call[0], call[1] & 0xffff_ffff) else { return -Int64(EFAULT) }
        return thread.with(.timespec64, .reads, at: call[3]) { time in
            unsafe waiters.withUnsafeBytes {
                thread.hostCall(449, Int(bitPattern: $0.baseAddress), word(call[1] & 0xffff_ffff), word(call[2]), time, word(call[4]))
            }
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
        if call[1] != 3 * UInt64(thread.wordSize) { return -Int64(EINVAL) }
        thread.robustList = call[0]
        return thread.memory.base != 0 ? 0 : thread.hostCall(273, word(call[0]), word(call[1]))
    }
}

extension FutexCalls {
    /// Where the kernel does not know a list, that of the thread which asks, or of another one of the process.
    @Sendable static func getRobustList(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        if thread.memory.base == 0 {
            guard let head = thread.hostWord(call[1]), let size = thread.hostWord(call[2]) else { return -Int64(EFAULT) }
            return thread.hostCall(274, word(call[0] & 0xffff_ffff), head, size)
        }
        let number = Int64(Int32(truncatingIfNeeded: call[0]))
        guard number == 0 || number == thread.hostCall(186) else { return number < 0 ? -Int64(ESRCH) : -Int64(EPERM) }
        let isWritten =
            thread.memory.store(call[2], 3 * UInt64(thread.wordSize), size: thread.wordSize)
            && thread.memory.store(call[1], thread.robustList, size: thread.wordSize)
        return isWritten ? 0 : -Int64(EFAULT)
    }
}

extension LinuxThread {
    private enum FutexWord { static let owner: UInt64 = 0x3fff_ffff, ownerDied: UInt64 = 0x4000_0000, waiters: UInt64 = 0x8000_0000 }

    /// What the kernel does for the locks that a thread holds when it ends (kernel/futex/core.c): marks them, and wakes a waiter.
    ///
    /// `struct robust_list_head`: the first entry, the offset from an entry to its futex, and the entry being changed.
    func releaseRobustFutexes() {
        guard memory.base != 0, robustList != 0, let head = memory.bytes(at: robustList, count: 3 * wordSize) else { return }
        let offset = head.word(1, wordSize: wordSize)
        let pending = head.word(2, wordSize: wordSize)
        var entry = head.word(0, wordSize: wordSize)
        // The kernel's limit, which ends a circle as well.
        for _ in 0..<2048 where entry & ~1 != robustList {
            guard let next = memory.load(entry & ~1, size: wordSize) else { break }
            if entry != pending { release(place(entry, offset)) }
            entry = next
        }
        if pending != 0 { release(place(pending, offset)) }
    }

    /// The futex of an entry, from which it may lie behind or before.
    private func place(_ entry: UInt64, _ offset: UInt64) -> UInt64 { (entry & ~1 &+ offset) & (wordSize == 8 ? .max : 0xffff_ffff) }

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
