import CPUModel
import Glibc

/// Messages: a `struct msghdr` full of pointers. Where guest addresses are the host's it needs nothing.
enum SocketCalls {
    /// Offsets in `struct msghdr`, of which 64-bit guests have the host's.
    private enum Offset { static let name = 0, vector = 16, count = 24, control = 32, size = 56 }

    private static func int(_ value: UInt64) -> Int { Int(Int32(truncatingIfNeeded: value)) }

    @Sendable static func sendmsg(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        withMessage(thread, call[1], changes: false) { thread.hostCall(46, int(call[0]), $0, int(call[2])) }
    }

    @Sendable static func recvmsg(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        withMessage(thread, call[1], changes: true) { thread.hostCall(47, int(call[0]), $0, int(call[2])) }
    }

    /// Runs a call with the host address of a message whose pointers are the host's; what the kernel `changes` in it goes back to the guest.
    private static func withMessage(_ thread: LinuxThread, _ address: UInt64, changes: Bool, _ body: (Int) -> Int64) -> Int64 {
        guard var message = thread.memory.bytes(at: address, count: Offset.size) else { return -Int64(EFAULT) }
        let count = message.word(at: Offset.count)
        if count > 1024 { return -Int64(EMSGSIZE) }
        guard var vector = thread.memory.bytes(at: message.word(at: Offset.vector), count: 16 * Int(count)) else { return -Int64(EFAULT) }
        for item in 0..<Int(count) {
            thread.memory.prepareWrite(vector.word(at: 16 * item), min(vector.word(at: 16 * item + 8), 1 << 40))
            guard relocate(&vector, at: 16 * item, thread) else { return -Int64(EFAULT) }
        }
        let pointers = [Offset.name, Offset.vector, Offset.control].map { ($0, message.word(at: $0)) }
        guard relocate(&message, at: Offset.name, thread), relocate(&message, at: Offset.control, thread) else { return -Int64(EFAULT) }
        let result = unsafe vector.withUnsafeBytes { vector in
            message.put(UInt64(UInt(bitPattern: vector.baseAddress)), at: Offset.vector)
            return unsafe message.withUnsafeMutableBytes { body(Int(bitPattern: $0.baseAddress)) }
        }
        for (offset, value) in pointers { message.put(value, at: offset) }
        if changes, result >= 0, !thread.memory.write(message, at: address) { return -Int64(EFAULT) }
        return result
    }

    private static func relocate(_ bytes: inout [UInt8], at offset: Int, _ thread: LinuxThread) -> Bool {
        guard let host = thread.hostWord(bytes.word(at: offset)) else { return false }
        bytes.put(UInt64(UInt(bitPattern: host)), at: offset)
        return true
    }
}
