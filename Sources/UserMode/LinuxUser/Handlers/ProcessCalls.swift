import CHost
import CPUModel
import Glibc
import UserCore
import UserExecution

/// Flags of clone (include/uapi/linux/sched.h).
enum CloneFlag {
    static let vm: UInt64 = 0x100, signalHandlers: UInt64 = 0x800, vfork: UInt64 = 0x4000, thread: UInt64 = 0x10000, setTLS: UInt64 = 0x80000
    static let parentSetTID: UInt64 = 0x100000, childClearTID: UInt64 = 0x200000, childSetTID: UInt64 = 0x1000000, pidfd: UInt64 = 0x1000
    static let parent: UInt64 = 0x8000, files: UInt64 = 0x400, detached: UInt64 = 0x40_0000, newUserOrPID: UInt64 = 0x3000_0000
    static let clearHandlers: UInt64 = 1 << 32, intoCgroup: UInt64 = 1 << 33
    /// What a new process gets from the host's clone: namespaces, CLONE_FS, CLONE_FILES, CLONE_PARENT, CLONE_IO, a pidfd, a cgroup.
    static let passedOn: UInt64 = 0x7e02_0080 | 0x8000_0000 | 0x8600 | pidfd | intoCgroup
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
    /// `set_tid`: the ids wanted, from the innermost namespace outwards.
    var ids: [Int32] = []
    var cgroup: UInt64 = 0

    /// What the host's clone is to do of it; the rest Apus does itself.
    var hostFlags: UInt64 {
        if flags & CloneFlag.vm != 0 { return flags & (CloneFlag.passedOn | CloneFlag.signalHandlers) }
        return flags & (waitsInKernel ? CloneFlag.passedOn | CloneFlag.vfork : CloneFlag.passedOn)
    }
    /// A vfork whose child has the parent's table of files: no end of a pipe is the child's own there, so the host's kernel has to suspend the
    /// parent. Its other threads wait as well if they need the engine.
    var waitsInKernel: Bool {
        let kind = CloneFlag.vfork | CloneFlag.files
        return flags & (kind | CloneFlag.vm) == kind
    }
    /// Whether fork does the same.
    var isPlainFork: Bool { hostFlags == 0 && exitSignal == UInt64(SIGCHLD) && ids.isEmpty && cgroup == 0 }

    var withoutSharedMemory: CloneRequest {
        var copy = self
        copy.flags &= ~CloneFlag.vm
        return copy
    }

    var withoutWaiting: CloneRequest {
        var copy = self
        copy.flags &= ~CloneFlag.vfork
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
        if words.dropFirst(88).contains(where: { $0 != 0 }) { return -Int64(E2BIG) }
        let stack = words.word(at: 40)
        if (stack == 0) != (words.word(at: 48) == 0) || words.word(at: 0) & 0xff & ~0x80 != 0 || words.word(at: 32) > 64 { return -Int64(EINVAL) }
        var request = CloneRequest(
            flags: words.word(at: 0), exitSignal: words.word(at: 32), stack: stack &+ words.word(at: 48),
            tls: words.word(at: 56), parentTID: words.word(at: 24), childTID: words.word(at: 16), pidfd: words.word(at: 8))
        if request.flags & CloneFlag.detached != 0 { return -Int64(EINVAL) }
        if request.exitSignal != 0, request.flags & (CloneFlag.thread | CloneFlag.parent) != 0 { return -Int64(EINVAL) }
        if words.count >= 80 {
            guard let ids = ids(thread, words.word(at: 64), words.word(at: 72)) else { return -Int64(words.word(at: 72) > 32 ? EINVAL : EFAULT) }
            request.ids = ids
        }
        if words.count >= 88, request.flags & CloneFlag.intoCgroup != 0 { request.cgroup = words.word(at: 80) }
        return start(thread, request)
    }

    private static func ids(_ thread: LinuxThread, _ address: UInt64, _ count: UInt64) -> [Int32]? {
        guard count <= 32, let bytes = thread.memory.bytes(at: address, count: 4 * Int(count)) else { return nil }
        return (0..<Int(count)).map { bytes.get(Int32.self, at: 4 * $0) }
    }

    static func start(_ thread: LinuxThread, _ request: CloneRequest) -> Int64 {
        if !isPossible(request) { return -Int64(EINVAL) }
        if request.flags & CloneFlag.thread != 0 { return ThreadStart.start(thread, request) }
        guard request.flags & CloneFlag.vm != 0 else { return Forking.fork(thread, request) }
        // A debugger needs a child with memory of its own, which can be stopped while its parent runs.
        if request.flags & CloneFlag.vfork != 0, thread.process.isDebugged { return Forking.fork(thread, request.withoutSharedMemory) }
        return Forking.share(thread, request)
    }

    /// The kernel's rules for flags; CLONE_NEWTIME, which only clone3 knows, is not had together with shared memory.
    private static func isPossible(_ request: CloneRequest) -> Bool {
        let flags = request.flags
        let (sharesMemory, sharesHandlers) = (flags & CloneFlag.vm != 0, flags & CloneFlag.signalHandlers != 0)
        if flags & CloneFlag.thread != 0, !sharesHandlers || flags & CloneFlag.newUserOrPID != 0 { return false }
        return (sharesMemory || !sharesHandlers) && !(sharesHandlers && flags & CloneFlag.clearHandlers != 0)
            && !(sharesMemory && flags & 0x80 != 0)
    }

    @Sendable static func waitid(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        thread.with(.rusage, .writes, at: call[4]) { usage in
            thread.withSignalInfo(writtenAt: call[2]) { info in
                thread.hostCall(247, int(call[0]), int(call[1]), info, int(call[3]), usage)
            }
        }
    }

    /// The host's kernel counts in longs of its own.
    @Sendable static func getAffinity(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let size = call[1] & 0xffff_ffff
        if size % UInt64(thread.wordSize) != 0 { return -Int64(EINVAL) }
        var set = [UInt8](repeating: 0, count: Int(min(size, 8192) + 7) & ~7)
        let result = unsafe set.withUnsafeMutableBytes { thread.hostCall(204, int(call[0]), $0.count, Int(bitPattern: $0.baseAddress)) }
        if result < 0 { return result }
        let count = min(Int(result), Int(size))
        return thread.memory.write(Array(set.prefix(count)), at: call[2]) ? Int64(count) : -Int64(EFAULT)
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

    // MARK: Settings of the process

    @Sendable static func prctl(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        if let result = thread.abi.control(thread.cpu, call) { return result }
        let option = Int32(truncatingIfNeeded: call[0])
        switch option {
        // Pointers: death signal, name, child subreaper.
        case 2, 15, 16, 37:
            guard let place = thread.hostWord(call[1]) else { return -Int64(EFAULT) }
            return thread.hostCall(157, Int(option), place)
        // The host's thread has an address of its own that is cleared at its end.
        case 40:
            let size = thread.abi.elf.is64Bit ? 8 : 4
            return thread.memory.store(call[1], thread.clearedAtExit, size: size) ? 0 : -Int64(EFAULT)
        case 21: return SeccompCalls.mode(thread)
        case 22: return SeccompCalls.setMode(thread, call[1], call[2])
        // What would change the host's own program: memory map, speculation by address, time stamp counter, thread features.
        case 25, 26, 35, 59, 65...70: return -Int64(EINVAL)
        default: return thread.hostCall(157, Int(option), word(call[1]), word(call[2]), word(call[3]), word(call[4]))
        }
    }

    private static func int(_ value: UInt64) -> Int { Int(Int32(truncatingIfNeeded: value)) }

    private static func word(_ value: UInt64) -> Int { Int(truncatingIfNeeded: value) }
}
