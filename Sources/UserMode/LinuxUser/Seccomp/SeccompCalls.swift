import CPUModel
import Diagnostics
import Glibc
import UserExecution

/// seccomp, and prctl's part in it (include/uapi/linux/seccomp.h).
enum SeccompCalls {
    private enum Operation { static let strict: UInt64 = 0, filter: UInt64 = 1, actionAvailable: UInt64 = 2, notificationSizes: UInt64 = 3 }
    private enum Flag {
        static let synchronize: UInt64 = 1, log: UInt64 = 2, newListener: UInt64 = 8, synchronizeError: UInt64 = 16
        /// With the one for speculation, which changes nothing here.
        static let known: UInt64 = 1 | 2 | 4 | 16
    }
    /// The kernel's limit for a thread's filters together.
    private static let mostInstructions = (1 << 18) / 8

    @Sendable static func seccomp(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let flags = call[1] & 0xffff_ffff
        switch call[0] & 0xffff_ffff {
        case Operation.strict: return flags == 0 && call[2] == 0 ? setStrict(thread) : -Int64(EINVAL)
        case Operation.filter: return addFilter(thread, call[2], flags)
        case Operation.actionAvailable: return flags == 0 ? isAvailable(thread, call[2]) : -Int64(EINVAL)
        case Operation.notificationSizes:
            Log.write(.unimplemented, "seccomp: user notifications are not supported")
            return -Int64(EINVAL)
        default: return -Int64(EINVAL)
        }
    }

    /// PR_GET_SECCOMP; a thread in strict mode does not live to see the answer.
    static func mode(_ thread: LinuxThread) -> Int64 { thread.seccomp.chain == nil ? 0 : 2 }

    /// PR_SET_SECCOMP.
    static func setMode(_ thread: LinuxThread, _ mode: UInt64, _ program: UInt64) -> Int64 {
        switch mode {
        case 1: setStrict(thread)
        case 2: addFilter(thread, program, 0)
        default: -Int64(EINVAL)
        }
    }

    private static func isAvailable(_ thread: LinuxThread, _ address: UInt64) -> Int64 {
        guard let action = thread.memory.load(address, size: 4) else { return -Int64(EFAULT) }
        return FilterChain.Answer.available.contains(UInt32(action)) ? 0 : -Int64(EOPNOTSUPP)
    }

    private static func setStrict(_ thread: LinuxThread) -> Int64 {
        guard thread.seccomp.chain == nil else { return -Int64(EINVAL) }
        thread.seccomp.mode = .strict
        return 0
    }

    private static func addFilter(_ thread: LinuxThread, _ address: UInt64, _ flags: UInt64) -> Int64 {
        if flags & Flag.newListener != 0 {
            Log.write(.unimplemented, "seccomp: user notifications are not supported")
            return -Int64(EINVAL)
        }
        guard flags & ~Flag.known == 0 else { return -Int64(EINVAL) }
        guard let header = thread.memory.bytes(at: address, count: 2 * thread.wordSize) else { return -Int64(EFAULT) }
        let count = Int(header.get(UInt16.self, at: 0))
        guard (1...FilterProgram.mostInstructions).contains(count) else { return -Int64(EINVAL) }
        guard mayFilter(thread) else { return -Int64(EACCES) }
        guard let bytes = thread.memory.bytes(at: header.word(1, wordSize: thread.wordSize), count: 8 * count) else { return -Int64(EFAULT) }
        guard let program = FilterProgram((0..<count).map { FilterInstruction(bytes, at: 8 * $0) }) else { return -Int64(EINVAL) }
        let chain = FilterChain(program, after: thread.seccomp.chain, isLogged: flags & Flag.log != 0)
        guard chain.length <= mostInstructions else { return -Int64(ENOMEM) }
        return install(thread, chain, flags)
    }

    private static func install(_ thread: LinuxThread, _ chain: FilterChain, _ flags: UInt64) -> Int64 {
        guard flags & Flag.synchronize != 0 else {
            thread.seccomp.mode = .filters(chain)
            return 0
        }
        guard let other = thread.process.lock.withLock({ thread.process.seccomp.synchronize(chain) }) else { return 0 }
        return flags & Flag.synchronizeError != 0 ? -Int64(ESRCH) : Int64(other)
    }

    /// PR_GET_NO_NEW_PRIVS, or CAP_SYS_ADMIN, is asked for.
    private static func mayFilter(_ thread: LinuxThread) -> Bool {
        if thread.hostCall(157, 39) == 1 { return true }
        // Version 3 of the interface, this thread; then effective, permitted, inheritable, each in two words.
        var header: [UInt32] = [0x2008_0522, 0]
        var sets = [UInt32](repeating: 0, count: 6)
        let result = unsafe header.withUnsafeMutableBytes { header in
            unsafe sets.withUnsafeMutableBytes { thread.hostCall(125, Int(bitPattern: header.baseAddress), Int(bitPattern: $0.baseAddress)) }
        }
        return result == 0 && sets[0] & 1 << 21 != 0
    }
}
