import CPUModel
import Glibc
import UserCore
import UserExecution

/// ioctl: what is in the table goes to the host; the rest is no request of any descriptor's.
enum ControlCalls {
    @Sendable static func ioctl(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let number = UInt32(truncatingIfNeeded: call[1])
        guard let control = ControlTable[number, wordSize: thread.wordSize] else {
            Strace.remark("this ioctl is not supported")
            return -Int64(ENOTTY)
        }
        func host(_ argument: Int) -> Int64 { thread.hostCall(16, Int(Int32(truncatingIfNeeded: call[0])), Int(control.number), argument) }
        if thread.wordSize == 4, let result = NarrowControls.perform(control, call[2], thread, host) { return result }
        switch control.argument {
        case .none, .value: return host(thread.wordSize == 8 ? Int(truncatingIfNeeded: call[2]) : Int(Int32(truncatingIfNeeded: call[2])))
        case .reads(let size), .writes(let size), .changes(let size):
            if case .reads = control.argument {} else { thread.memory.prepareWrite(call[2], UInt64(size)) }
            if thread.memory.base != 0, !control.addresses.isEmpty { return relocated(control, size, call[2], thread, host) }
            return thread.hostWord(call[2]).map(host) ?? -Int64(EFAULT)
        case .converts(let hostLayout, let guestLayout, let writes):
            return converted(hostLayout, guestLayout, writes: writes, call[2], thread, host)
        }
    }

    /// Does a call with a copy of a structure in which addresses are the host's.
    private static func relocated(_ control: Control, _ size: Int, _ address: UInt64, _ thread: LinuxThread, _ host: (Int) -> Int64) -> Int64 {
        guard var bytes = thread.memory.bytes(at: address, count: size) else { return -Int64(EFAULT) }
        let original = control.addresses.map { ($0, bytes.word(at: $0)) }
        for (offset, value) in original {
            guard let place = thread.hostWord(value) else { return -Int64(EFAULT) }
            bytes.put(UInt64(UInt(bitPattern: place)), at: offset)
        }
        let result = unsafe bytes.withUnsafeMutableBytes { host(Int(bitPattern: $0.baseAddress)) }
        for (offset, value) in original { bytes.put(value, at: offset) }
        if case .changes = control.argument, result >= 0, !thread.memory.write(bytes, at: address) { return -Int64(EFAULT) }
        return result
    }

    private static func converted(
        _ hostLayout: StructLayout, _ guestLayout: StructLayout, writes: Bool, _ address: UInt64, _ thread: LinuxThread, _ host: (Int) -> Int64
    ) -> Int64 {
        var bytes = [UInt8](repeating: 0, count: hostLayout.size)
        if !writes {
            guard let given = thread.memory.bytes(at: address, count: guestLayout.size) else { return -Int64(EFAULT) }
            bytes = StructConversion(guestLayout, hostLayout).convert(given)
        }
        let result = unsafe bytes.withUnsafeMutableBytes { host(Int(bitPattern: $0.baseAddress)) }
        guard writes, result >= 0 else { return result }
        return thread.memory.write(StructConversion(hostLayout, guestLayout).convert(bytes), at: address) ? result : -Int64(EFAULT)
    }
}
