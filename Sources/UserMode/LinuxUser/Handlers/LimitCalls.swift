import CPUModel
import Diagnostics
import Glibc
import UserCore

/// getrlimit, setrlimit and prlimit64. The limits of memory are the guest's own (``ResourceLimits``), the others the host's.
enum LimitCalls {
    private static func resource(_ value: UInt64) -> Int32? {
        let number = Int32(truncatingIfNeeded: value)
        return ResourceLimits.resources.contains(number) ? number : nil
    }

    @Sendable static func getrlimit(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let resource = resource(call[0]) else {
            return thread.with(.rlimit, .writes, at: call[1]) { thread.hostCall(97, Int(truncatingIfNeeded: call[0]), $0) }
        }
        let bytes = bytes(thread.limits[resource])
        return thread.memory.write(thread.wordSize == 8 ? bytes : SharedStructure.rlimit.narrowBytes(of: bytes), at: call[1]) ? 0 : -Int64(EFAULT)
    }

    @Sendable static func setrlimit(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard let resource = resource(call[0]) else {
            return thread.with(.rlimit, .reads, at: call[1]) { thread.hostCall(160, Int(truncatingIfNeeded: call[0]), $0) }
        }
        let size = SharedStructure.rlimit.size(wordSize: thread.wordSize)
        guard let bytes = thread.memory.bytes(at: call[1], count: size) else { return -Int64(EFAULT) }
        return set(thread, resource, limit(thread.wordSize == 8 ? bytes : SharedStructure.rlimit.hostBytes(of: bytes)))
    }

    @Sendable static func prlimit(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let process = Int32(truncatingIfNeeded: call[0])
        guard let resource = resource(call[1]) else { return ask(thread, process, call) }
        guard process == 0 || process == getpid() else { return other(thread, process, call) }
        let old = thread.limits[resource]
        if call[2] != 0 {
            guard let new = thread.memory.bytes(at: call[2], count: 16) else { return -Int64(EFAULT) }
            let result = set(thread, resource, limit(new))
            if result != 0 { return result }
        }
        return call[3] == 0 || thread.memory.write(bytes(old), at: call[3]) ? 0 : -Int64(EFAULT)
    }

    private static func ask(_ thread: LinuxThread, _ process: Int32, _ call: SystemCallRegisters) -> Int64 {
        guard let new = thread.hostWord(call[2]), let old = thread.hostWord(call[3]) else { return -Int64(EFAULT) }
        return thread.hostCall(302, Int(process), Int(call[1] & 0xffff_ffff), new, old)
    }

    /// Another process may be an Apus as well, whose own memory the host's limits would take.
    private static func other(_ thread: LinuxThread, _ process: Int32, _ call: SystemCallRegisters) -> Int64 {
        if call[2] == 0 { return ask(thread, process, call) }
        Log.write(.unimplemented, "prlimit64: limits of another process's memory cannot be set")
        return -Int64(EPERM)
    }

    private static func set(_ thread: LinuxThread, _ resource: Int32, _ new: ResourceLimit) -> Int64 {
        let result = thread.limits.set(resource, new)
        // A child that shares the memory has limits for the program that it will execute.
        guard result == 0, thread.limits === thread.process.limits else { return result }
        thread.memory.setLimits(thread.limits.memory)
        if resource == ResourceLimits.stack { thread.memory.setStackLimit(new.current) }
        return 0
    }

    private static func limit(_ bytes: [UInt8]) -> ResourceLimit { ResourceLimit(current: bytes.word(at: 0), maximum: bytes.word(at: 8)) }

    private static func bytes(_ limit: ResourceLimit) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 16)
        bytes.put(limit.current, at: 0)
        bytes.put(limit.maximum, at: 8)
        return bytes
    }
}
