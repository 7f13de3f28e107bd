import CPUModel
import Glibc

enum SystemCalls {
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
