import CPUModel
import Glibc
import UserCore
import UserExecution

/// Calls that newer ones do as well, with fewer arguments.
enum OlderCalls {
    private static func int(_ value: UInt64) -> Int { Int(Int32(truncatingIfNeeded: value)) }

    @Sendable static func dup2(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        thread.hostCall(33, thread.hostDescriptor(call[0]), thread.hostDescriptor(call[1]))
    }

    @Sendable static func poll(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let list = thread.hostWord(call[0]) else { return -Int64(EFAULT) }
        thread.memory.prepareWrite(call[0], 8 * (call[1] & 0xffff))
        return thread.hostCall(7, list, Int(call[1] & 0xffff_ffff), int(call[2]))
    }

    @Sendable static func epollWait(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        EventCalls.epollWait(thread, SystemCallRegisters(number: call.number, arguments: [call[0], call[1], call[2], call[3], 0, 0]))
    }

    @Sendable static func send(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let buffer = thread.hostWord(call[1]) else { return -Int64(EFAULT) }
        return thread.hostCall(44, thread.hostDescriptor(call[0]), buffer, Int(call[2] & 0xffff_ffff), int(call[3]), 0, 0)
    }

    @Sendable static func receive(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let buffer = thread.hostWord(call[1]) else { return -Int64(EFAULT) }
        thread.memory.prepareWrite(call[1], call[2] & 0xffff_ffff)
        return thread.hostCall(45, thread.hostDescriptor(call[0]), buffer, Int(call[2] & 0xffff_ffff), int(call[3]), 0, 0)
    }

    @Sendable static func fork(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        ProcessCalls.start(thread, CloneRequest(exitSignal: UInt64(SIGCHLD)))
    }

    @Sendable static func vfork(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        ProcessCalls.start(thread, CloneRequest(flags: CloneFlag.vfork | CloneFlag.vm, exitSignal: UInt64(SIGCHLD)))
    }

    /// 20 minus what getpriority of the host's kernel says is the nice value; the sum is cut off at both ends.
    @Sendable static func nice(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let priority = thread.hostCall(140, 0, 0)
        if priority < 0 { return priority }
        let wanted = min(max(20 - Int(priority) + min(max(int(call[0]), -40), 40), -20), 19)
        let result = thread.hostCall(141, 0, 0, wanted)
        return result == -Int64(EACCES) ? -Int64(EPERM) : result
    }
}
