import CHost
import CPUModel
import Glibc
import UserCore

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
        let old = change(thread, signal, new)
        if call[2] != 0, !thread.memory.write(bytes(old, thread), at: call[2]) { return -Int64(EFAULT) }
        return 0
    }

    /// Sets an action if there is a new one; what it was.
    private static func change(_ thread: LinuxThread, _ signal: Int32, _ new: SignalAction?) -> SignalAction {
        thread.process.lock.withLock {
            let old = thread.signals[signal]
            if let new { thread.signals.set(signal, new) }
            return old
        }
    }

    private static func read(_ thread: LinuxThread, _ address: UInt64) -> SignalAction? {
        let size = thread.wordSize, words = thread.abi.hasRestorer ? 3 : 2
        guard let bytes = thread.memory.bytes(at: address, count: words * size + 8) else { return nil }
        return SignalAction(
            handler: bytes.word(0, wordSize: size), flags: bytes.word(1, wordSize: size),
            restorer: words == 3 ? bytes.word(2, wordSize: size) : 0, mask: bytes.word(at: words * size))
    }

    private static func bytes(_ action: SignalAction, _ thread: LinuxThread) -> [UInt8] {
        let size = thread.wordSize
        let words = [action.handler, action.flags] + (thread.abi.hasRestorer ? [action.restorer] : [])
        var bytes = [UInt8](repeating: 0, count: size * words.count + 8)
        for (index, word) in words.enumerated() { bytes.put(word, word: index, wordSize: size) }
        bytes.put(action.mask, at: size * words.count)
        return bytes
    }

    @Sendable static func mask(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        if call[3] != 8 { return -Int64(EINVAL) }
        let old = thread.mask
        if call[1] != 0 {
            guard let set = thread.memory.load(call[1], size: 8) else { return -Int64(EFAULT) }
            guard let new = [old | set, old & ~set, set][safe: Int(truncatingIfNeeded: call[0])] else { return -Int64(EINVAL) }
            if call[2] != 0, !thread.memory.store(call[2], old, size: 8) { return -Int64(EFAULT) }
            thread.changeMask(new)
            return 0
        }
        return call[2] == 0 || thread.memory.store(call[2], old, size: 8) ? 0 : -Int64(EFAULT)
    }

    @Sendable static func `return`(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 { thread.returnFromHandler(thread.abi.signalFrame) }

    @Sendable static func suspend(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        if call[1] != 8 { return -Int64(EINVAL) }
        guard let set = thread.memory.load(call[0], size: 8) else { return -Int64(EFAULT) }
        return suspend(thread, set: set)
    }

    private static func suspend(_ thread: LinuxThread, set: UInt64) -> Int64 {
        var set = set
        set &= ~(LinuxThread.bit(SIGKILL) | LinuxThread.bit(SIGSTOP) | LinuxThread.bit(SIGSEGV) | LinuxThread.bit(SIGBUS))
        let result = unsafe withUnsafePointer(to: &set) { thread.hostCall(130, Int(bitPattern: $0), 8) }
        thread.noteWait(result, set)
        return result
    }

    @Sendable static func alternateStack(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let old = thread.alternateStack, size = thread.wordSize
        let flags = thread.stackFlags(thread.abi.stackPointer(thread.cpu))
        if call[0] != 0 {
            guard let new = thread.memory.bytes(at: call[0], count: 3 * size) else { return -Int64(EFAULT) }
            let result = thread.setAlternateStack(new, at: 0)
            if result < 0 { return result }
        }
        if call[1] == 0 { return 0 }
        var bytes = [UInt8](repeating: 0, count: 3 * size)
        thread.put(old, flags: flags, into: &bytes, at: 0)
        return thread.memory.write(bytes, at: call[1]) ? 0 : -Int64(EFAULT)
    }

    // MARK: Signals with information

    static func timedWait(_ time: SharedStructure) -> SystemCall.Handler {
        { thread, call in
            guard let set = thread.hostWord(call[0]) else { return -Int64(EFAULT) }
            return thread.with(time, .reads, at: call[2]) { time in
                thread.withSignalInfo(writtenAt: call[1]) { thread.hostCall(128, set, $0, time, int(call[3])) }
            }
        }
    }

    private static func int(_ value: UInt64) -> Int { Int(Int32(truncatingIfNeeded: value)) }

    @Sendable static func queue(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        thread.withSignalInfo(readAt: call[2]) { thread.hostCall(129, int(call[0]), int(call[1]), $0) }
    }

    @Sendable static func queueToThread(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        thread.withSignalInfo(readAt: call[3]) { thread.hostCall(297, int(call[0]), int(call[1]), int(call[2]), $0) }
    }

    @Sendable static func sendByDescriptor(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let descriptor = thread.hostDescriptor(call[0])
        return thread.withSignalInfo(readAt: call[2]) { thread.hostCall(424, descriptor, int(call[1]), $0, int(call[3])) }
    }

    // MARK: Older calls, whose sets have 32 signals

    /// `struct old_sigaction` (arch/arm/include/asm/signal.h): handler, mask, flags, restorer.
    @Sendable static func oldAction(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let signal = Int32(truncatingIfNeeded: call[0])
        guard (1...64).contains(signal) else { return -Int64(EINVAL) }
        if call[1] != 0, signal == SIGKILL || signal == SIGSTOP { return -Int64(EINVAL) }
        var new: SignalAction?
        if call[1] != 0 {
            guard let bytes = thread.memory.bytes(at: call[1], count: 16) else { return -Int64(EFAULT) }
            let words = (0..<4).map { bytes.word($0, wordSize: 4) }
            new = SignalAction(handler: words[0], flags: words[2], restorer: words[3], mask: words[1])
        }
        let old = change(thread, signal, new)
        if call[2] == 0 { return 0 }
        var bytes = [UInt8](repeating: 0, count: 16)
        for (index, word) in [old.handler, old.mask, old.flags, old.restorer].enumerated() { bytes.put(word, word: index, wordSize: 4) }
        return thread.memory.write(bytes, at: call[2]) ? 0 : -Int64(EFAULT)
    }

    @Sendable static func oldMask(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let old = thread.mask
        if call[1] != 0 {
            guard let set = thread.memory.load(call[1], size: 4) else { return -Int64(EFAULT) }
            let upper = old & ~0xffff_ffff
            guard let new = [old | set, old & ~set, upper | set][safe: Int(truncatingIfNeeded: call[0])] else { return -Int64(EINVAL) }
            if call[2] != 0, !thread.memory.store(call[2], old, size: 4) { return -Int64(EFAULT) }
            thread.changeMask(new)
            return 0
        }
        return call[2] == 0 || thread.memory.store(call[2], old, size: 4) ? 0 : -Int64(EFAULT)
    }

    @Sendable static func oldPending(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        var set: UInt64 = 0
        let result = unsafe withUnsafeMutablePointer(to: &set) { thread.hostCall(127, Int(bitPattern: $0), 8) }
        if result < 0 { return result }
        return thread.memory.store(call[0], set, size: 4) ? 0 : -Int64(EFAULT)
    }

    /// The set is the third argument itself.
    @Sendable static func oldSuspend(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 { suspend(thread, set: call[2] & 0xffff_ffff) }

    @Sendable static func oldReturn(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        thread.returnFromHandler(thread.abi.plainSignalFrame)
    }
}

extension LinuxThread {
    /// What sigprocmask sets. A signal that has come already keeps the host's mask closed until it is delivered; that then opens it.
    func changeMask(_ new: UInt64) {
        mask = new & ~(LinuxThread.bit(SIGKILL) | LinuxThread.bit(SIGSTOP))
        if !hasPending { setMask(new) }
    }

    /// Writes a `stack_t`: start, flags, size, each a word.
    func put(_ stack: AlternateStack, flags: UInt32, into bytes: inout [UInt8], at offset: Int) {
        if wordSize == 8 { bytes.put(stack.start, at: offset) } else { bytes.put(UInt32(truncatingIfNeeded: stack.start), at: offset) }
        bytes.put(flags, at: offset + wordSize)
        let place = offset + 2 * wordSize
        if wordSize == 8 { bytes.put(stack.size, at: place) } else { bytes.put(UInt32(truncatingIfNeeded: stack.size), at: place) }
    }

    /// Takes a `stack_t`: 0 or -errno.
    func setAlternateStack(_ bytes: [UInt8], at offset: Int) -> Int64 {
        func word(_ place: Int) -> UInt64 { wordSize == 8 ? bytes.word(at: place) : UInt64(bytes.get(UInt32.self, at: place)) }
        return setAlternateStack(
            start: word(offset), flags: bytes.get(UInt32.self, at: offset + wordSize), size: word(offset + 2 * wordSize))
    }

    /// A call has waited with a mask of its own: a handler that it was interrupted for begins with that one.
    func noteWait(_ result: Int64, _ mask: UInt64) {
        if result == -Int64(EINTR) { waitingMask = mask }
    }
}

extension Array {
    /// The element with an index; nil outside.
    subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
