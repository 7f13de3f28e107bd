import CPUModel
import Glibc

enum SystemCalls {
    /// The C library asks the host's vdso, which needs no kernel: half of what the call costs otherwise.
    @Sendable static func clockTime(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        var time = timespec()
        guard unsafe clock_gettime(clockid_t(truncatingIfNeeded: call[0]), &time) == 0 else { return -Int64(errno) }
        let isWritten =
            thread.memory.store(call[1], UInt64(bitPattern: Int64(time.tv_sec)), size: 8)
            && thread.memory.store(call[1] &+ 8, UInt64(bitPattern: Int64(time.tv_nsec)), size: 8)
        return isWritten ? 0 : -Int64(EFAULT)
    }

    /// Six names of 65 bytes: the host's, but for the machine, and the release that `-r` gives.
    @Sendable static func uname(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        var bytes = [UInt8](repeating: 0, count: 6 * 65)
        let result = unsafe bytes.withUnsafeMutableBytes { thread.hostCall(63, Int(bitPattern: $0.baseAddress)) }
        if result < 0 { return result }
        replace(&bytes, 4, thread.abi.machine)
        if let release = thread.process.options.release { replace(&bytes, 2, release) }
        return thread.memory.write(bytes, at: call[0]) ? 0 : -Int64(EFAULT)
    }

    private static func replace(_ bytes: inout [UInt8], _ index: Int, _ text: String) {
        let name = Array(text.utf8.prefix(64))
        let start = 65 * index
        bytes.replaceSubrange(start..<start + 65, with: name + [UInt8](repeating: 0, count: 65 - name.count))
    }
}
