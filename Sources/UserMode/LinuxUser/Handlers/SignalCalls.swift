import CHost
import CPUModel
import Glibc

enum SignalCalls {
    /// `struct sigaction` of the kernel's interface: handler, flags, restorer where the architecture has one, mask.
    @Sendable static func action(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let signal = Int32(truncatingIfNeeded: call[0])
        guard (1...64).contains(signal), call[3] == 8 else { return -Int64(EINVAL) }
        if call[1] != 0, signal == SIGKILL || signal == SIGSTOP { return -Int64(EINVAL) }
        var new: SignalAction?
        if call[1] != 0 {
            guard let read = read(thread, call[1]) else { return -Int64(EFAULT) }
            new = read
        }
        let process = thread.process
        let old = process.lock.withLock {
            let old = thread.signals[signal]
            if let new { thread.signals.set(signal, new) }
            return old
        }
        if call[2] != 0, !thread.memory.write(bytes(old, thread), at: call[2]) { return -Int64(EFAULT) }
        return 0
    }

    private static func read(_ thread: LinuxThread, _ address: UInt64) -> SignalAction? {
        let restorer = thread.abi.hasRestorer
        guard let bytes = thread.memory.bytes(at: address, count: restorer ? 32 : 24) else { return nil }
        return SignalAction(
            handler: bytes.word(at: 0), flags: bytes.word(at: 8), restorer: restorer ? bytes.word(at: 16) : 0,
            mask: bytes.word(at: restorer ? 24 : 16))
    }

    private static func bytes(_ action: SignalAction, _ thread: LinuxThread) -> [UInt8] {
        let words = [action.handler, action.flags] + (thread.abi.hasRestorer ? [action.restorer] : []) + [action.mask]
        var bytes = [UInt8](repeating: 0, count: 8 * words.count)
        for (index, word) in words.enumerated() { bytes.put(word, at: 8 * index) }
        return bytes
    }

    @Sendable static func mask(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        if call[3] != 8 { return -Int64(EINVAL) }
        let old = thread.mask
        if call[1] != 0 {
            guard let set = thread.memory.load(call[1], size: 8) else { return -Int64(EFAULT) }
            guard let new = [old | set, old & ~set, set][safe: Int(truncatingIfNeeded: call[0])] else { return -Int64(EINVAL) }
            if call[2] != 0, !thread.memory.store(call[2], old, size: 8) { return -Int64(EFAULT) }
            // A signal that has come already keeps the host's mask closed until it is delivered; that then opens it.
            thread.mask = new & ~(LinuxThread.bit(SIGKILL) | LinuxThread.bit(SIGSTOP))
            if !thread.hasPending { thread.setMask(new) }
            return 0
        }
        return call[2] == 0 || thread.memory.store(call[2], old, size: 8) ? 0 : -Int64(EFAULT)
    }

    @Sendable static func `return`(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 { thread.returnFromHandler() }

    @Sendable static func suspend(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        if call[1] != 8 { return -Int64(EINVAL) }
        guard var set = thread.memory.load(call[0], size: 8) else { return -Int64(EFAULT) }
        set &= ~(LinuxThread.bit(SIGKILL) | LinuxThread.bit(SIGSTOP) | LinuxThread.bit(SIGSEGV) | LinuxThread.bit(SIGBUS))
        let result = unsafe withUnsafePointer(to: &set) { thread.hostCall(130, Int(bitPattern: $0), 8) }
        thread.noteWait(result, set)
        return result
    }

    @Sendable static func alternateStack(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let old = thread.alternateStack
        let flags = thread.stackFlags(thread.abi.stackPointer(thread.cpu))
        if call[0] != 0 {
            guard let new = thread.memory.bytes(at: call[0], count: 24) else { return -Int64(EFAULT) }
            let result = thread.setAlternateStack(start: new.word(at: 0), flags: new.get(UInt32.self, at: 8), size: new.word(at: 16))
            if result < 0 { return result }
        }
        if call[1] == 0 { return 0 }
        var bytes = [UInt8](repeating: 0, count: 24)
        bytes.put(old.start, at: 0)
        bytes.put(flags, at: 8)
        bytes.put(old.size, at: 16)
        return thread.memory.write(bytes, at: call[1]) ? 0 : -Int64(EFAULT)
    }
}

extension LinuxThread {
    /// A call has waited with a mask of its own: a handler that it was interrupted for begins with that one.
    func noteWait(_ result: Int64, _ mask: UInt64) {
        if result == -Int64(EINTR) { waitingMask = mask }
    }
}

extension Array {
    /// The element with an index; nil outside.
    subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
