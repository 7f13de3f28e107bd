import CPUModel
import Glibc
import UserExecution

enum SystemCalls {
    /// The C library asks the host's vdso, which needs no kernel: half of what the call costs otherwise.
    ///
    /// - Parameter seconds: bytes of the seconds where they are not a long.
    static func clockTime(seconds: Int?) -> SystemCall.Handler {
        { thread, call in writeTime(of: call[0], to: call[1], thread.memory, seconds: seconds ?? thread.wordSize) }
    }

    static func writeTime(of clock: UInt64, to address: UInt64, _ memory: GuestMemory, seconds size: Int) -> Int64 {
        var time = timespec()
        guard unsafe clock_gettime(clockid_t(truncatingIfNeeded: clock), &time) == 0 else { return -Int64(errno) }
        let isWritten =
            memory.store(address, UInt64(bitPattern: Int64(time.tv_sec)), size: size)
            && memory.store(address &+ UInt64(size), UInt64(bitPattern: Int64(time.tv_nsec)), size: size)
        return isWritten ? 0 : -Int64(EFAULT)
    }

    /// `struct sysinfo`: seconds, three loads, six sizes, processes; two sizes of high memory, and the unit of all sizes, which grows until they fit.
    @Sendable static func sysinfo(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        var host = [UInt8](repeating: 0, count: 112)
        let result = unsafe host.withUnsafeMutableBytes { thread.hostCall(99, Int(bitPattern: $0.baseAddress)) }
        if result < 0 { return result }
        if thread.wordSize == 8 { return thread.memory.write(host, at: call[0]) ? 0 : -Int64(EFAULT) }
        let places = Array(stride(from: 32, to: 80, by: 8)) + [88, 96]
        var unit = UInt64(host.get(UInt32.self, at: 104)), shift: UInt64 = 0
        while unit < 4096, places.contains(where: { host.word(at: $0) >> shift > UInt64(UInt32.max) }) { (unit, shift) = (unit << 1, shift + 1) }
        var bytes = [UInt8](repeating: 0, count: 64)
        for index in 0..<10 { bytes.put(host.word(at: 8 * index) >> (index < 4 ? 0 : shift), word: index, wordSize: 4) }
        bytes.put(host.get(UInt16.self, at: 80), at: 40)
        for (index, place) in [88, 96].enumerated() { bytes.put(host.word(at: place) >> shift, word: 11 + index, wordSize: 4) }
        bytes.put(UInt32(unit), at: 52)
        return thread.memory.write(bytes, at: call[0]) ? 0 : -Int64(EFAULT)
    }

    /// Six names of 65 bytes: the host's, but for the machine, and the release that `-r` gives.
    @Sendable static func uname(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        var bytes = [UInt8](repeating: 0, count: 6 * 65)
        let result = unsafe bytes.withUnsafeMutableBytes { thread.hostCall(63, Int(bitPattern: $0.baseAddress)) }
        if result < 0 { return result }
        replace(&bytes, 4, thread.abi.machine(of: thread.cpu))
        if let release = thread.process.options.release { replace(&bytes, 2, release) }
        return thread.memory.write(bytes, at: call[0]) ? 0 : -Int64(EFAULT)
    }

    private static func replace(_ bytes: inout [UInt8], _ index: Int, _ text: String) {
        let name = Array(text.utf8.prefix(64))
        let start = 65 * index
        bytes.replaceSubrange(start..<start + 65, with: name + [UInt8](repeating: 0, count: 65 - name.count))
    }
}
