import CHost
import CPUModel
import Glibc
import UserExecution

/// Flags of clone (include/uapi/linux/sched.h).
enum CloneFlag {
    static let vm: UInt64 = 0x100, vfork: UInt64 = 0x4000, thread: UInt64 = 0x10000, setTLS: UInt64 = 0x80000
    static let parentSetTID: UInt64 = 0x100000, childClearTID: UInt64 = 0x200000, childSetTID: UInt64 = 0x1000000, pidfd: UInt64 = 0x1000
    /// What a new process may get from the host's clone; namespaces among them.
    static let passedOn: UInt64 = 0x7e02_0000 | 0x8000_0000 | pidfd
}

/// What clone and clone3 ask for.
struct CloneRequest {
    var flags: UInt64 = 0
    var exitSignal: UInt64 = 0
    /// The new stack pointer; 0 to keep the old one.
    var stack: UInt64 = 0
    var tls: UInt64 = 0
    var parentTID: UInt64 = 0
    var childTID: UInt64 = 0
    var pidfd: UInt64 = 0

    var withoutSharedMemory: CloneRequest {
        var copy = self
        copy.flags &= ~CloneFlag.vm
        return copy
    }
}

enum ProcessCalls {
    // MARK: clone

    /// The order of asm-generic: flags, stack, parent_tid, tls, child_tid.
    @Sendable static func clone(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        start(
            thread,
            CloneRequest(
                flags: call[0] & ~0xff, exitSignal: call[0] & 0xff, stack: call[1], tls: call[3], parentTID: call[2], childTID: call[4],
                pidfd: call[2]))
    }

    @Sendable static func clone3(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        if call[1] < 64 { return -Int64(EINVAL) }
        if call[1] > 4096 { return -Int64(E2BIG) }
        guard let words = thread.memory.bytes(at: call[0], count: Int(call[1])) else { return -Int64(EFAULT) }
        // set_tid and a cgroup need what only the host's clone3 does.
        if words.count >= 80, words.word(at: 72) != 0 || words.word(at: 64) != 0 { return -Int64(EPERM) }
        let stack = words.word(at: 40)
        return start(
            thread,
            CloneRequest(
                flags: words.word(at: 0), exitSignal: words.word(at: 32), stack: stack == 0 ? 0 : stack &+ words.word(at: 48),
                tls: words.word(at: 56), parentTID: words.word(at: 24), childTID: words.word(at: 16), pidfd: words.word(at: 8)))
    }

    private static func start(_ thread: LinuxThread, _ request: CloneRequest) -> Int64 {
        if request.flags & CloneFlag.thread != 0 { return ThreadStart.start(thread, request) }
        if request.flags & CloneFlag.vm != 0 {
            if request.flags & CloneFlag.vfork == 0 { return -Int64(EINVAL) }
            // A debugger needs a child with memory of its own, which can be stopped while its parent runs.
            if thread.process.isDebugged { return Forking.fork(thread, request.withoutSharedMemory) }
            return Forking.vfork(thread, request)
        }
        return Forking.fork(thread, request)
    }

    @Sendable static func exit(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        thread.exitStatus = Int32(truncatingIfNeeded: call[0] & 0xff)
        thread.isEnding = true
        return CallResult.none
    }

    @Sendable static func exitGroup(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        thread.process.exitProcess(Int32(truncatingIfNeeded: call[0]))
    }

    @Sendable static func setTIDAddress(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        thread.clearedAtExit = call[0]
        return thread.hostCall(186)
    }

    // MARK: futex

    /// Operations of futex by what their fourth argument is, which in the others means nothing, and by whether there is a second futex.
    private enum Futex {
        /// WAIT, LOCK_PI, WAIT_BITSET, WAIT_REQUEUE_PI, LOCK_PI2.
        static let withTime: [UInt64] = [0, 6, 9, 11, 13]
        /// REQUEUE, CMP_REQUEUE, WAKE_OP, CMP_REQUEUE_PI.
        static let withNumber: [UInt64] = [3, 4, 5, 12]
        static let withSecond: [UInt64] = withNumber + [11]
    }

    /// Arguments that the operation does not use may hold anything.
    @Sendable static func futex(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let operation = call[1] & 0x7f
        guard let first = thread.hostWord(call[0]), let second = Futex.withSecond.contains(operation) ? thread.hostWord(call[4]) : 0,
            let fourth = Futex.withTime.contains(operation)
                ? thread.hostWord(call[3]) : Futex.withNumber.contains(operation) ? Int(truncatingIfNeeded: call[3]) : 0
        else { return -Int64(EFAULT) }
        return thread.hostCall(202, first, Int(call[1] & 0xffff_ffff), Int(call[2] & 0xffff_ffff), fourth, second, Int(call[5] & 0xffff_ffff))
    }

    /// The kernel walks the list itself, which it can where guest addresses are the host's.
    @Sendable static func setRobustList(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        if thread.memory.base != 0 { return -Int64(ENOSYS) }
        return thread.hostCall(273, Int(truncatingIfNeeded: call[0]), Int(truncatingIfNeeded: call[1]))
    }

    // MARK: Settings of the process

    @Sendable static func prctl(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        if let result = thread.abi.control(thread.cpu, call) { return result }
        let option = Int32(truncatingIfNeeded: call[0])
        switch option {
        // Pointers: death signal, name, child subreaper, tid address.
        case 2, 15, 16, 37, 40:
            guard let place = thread.hostWord(call[1]) else { return -Int64(EFAULT) }
            return thread.hostCall(157, Int(option), place)
        case 21: return SeccompCalls.mode(thread)
        case 22: return SeccompCalls.setMode(thread, call[1], call[2])
        // What would change the host's own program: memory map, speculation by address, time stamp counter, thread features.
        case 25, 26, 35, 59, 65...70: return -Int64(EINVAL)
        default: return thread.hostCall(157, Int(option), word(call[1]), word(call[2]), word(call[3]), word(call[4]))
        }
    }

    private static func word(_ value: UInt64) -> Int { Int(truncatingIfNeeded: value) }

    /// Limits of address space are the guest's wish about its own memory, of which the host's process has more.
    private static func isAddressSpace(_ resource: UInt64) -> Bool { [2, 3, 9].contains(Int32(truncatingIfNeeded: resource)) }

    @Sendable static func setrlimit(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let place = thread.hostWord(call[1]) else { return -Int64(EFAULT) }
        return isAddressSpace(call[0]) ? 0 : thread.hostCall(160, word(call[0]), place)
    }

    @Sendable static func prlimit(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let new = thread.hostWord(call[2]), let old = thread.hostWord(call[3]) else { return -Int64(EFAULT) }
        return thread.hostCall(302, Int(Int32(truncatingIfNeeded: call[0])), Int(call[1] & 0xffff_ffff), isAddressSpace(call[1]) ? 0 : new, old)
    }
}
