import CPUModel
import Glibc
import UserExecution

/// The arguments of a call that is passed on, and what has to live until it is done.
struct PassedArguments {
    private var texts: [ContiguousArray<CChar>] = []

    init() {}

    /// The host's word for an argument; nil if a pointer points nowhere.
    mutating func word(_ argument: Argument, _ index: Int, _ registers: SystemCallRegisters, _ thread: LinuxThread) -> Int? {
        let value = registers[index]
        switch argument {
        case .fd: return thread.hostDescriptor(value)
        case .int, .octal, .signal, .named, .control: return Int(Int32(truncatingIfNeeded: value))
        case .long, .size: return Int(truncatingIfNeeded: value)
        case .openFlags: return Int(thread.hostOpenFlags(value))
        case .path: return value == 0 || thread.process.options.prefix == nil ? thread.hostWord(value) : located(value, thread)
        case .buffer(let size):
            thread.memory.prepareWrite(value, registers[size])
            return thread.hostWord(value)
        case .vector(let count): return vector(value, Int(Int32(truncatingIfNeeded: registers[count])), thread, isOwn: true)
        case .remoteVector(let count):
            let isOwn = Int32(truncatingIfNeeded: registers[0]) == getpid()
            return vector(value, Int(Int32(truncatingIfNeeded: registers[count])), thread, isOwn: isOwn)
        // Beyond the guest's addresses nothing is mapped, as little as beyond the host's.
        case .mapping: return thread.hostWord(value) ?? Int.min | Int(value & 4095)
        case .message where thread.memory.base != 0: return nil
        case .newPath, .string, .pointer, .written, .bytes, .message, .place, .time, .limits, .socketAddress: return thread.hostWord(value)
        }
    }

    private mutating func located(_ address: UInt64, _ thread: LinuxThread) -> Int? {
        guard let path = thread.path(address) else { return nil }
        let found = thread.process.locate(path)
        if found == path { return thread.hostWord(address) }
        texts.append(ContiguousArray(found.utf8CString))
        // The array stays where it is for as long as this value lives: it is not changed any more.
        return unsafe texts[texts.count - 1].withUnsafeBufferPointer { Int(bitPattern: $0.baseAddress) }
    }

    /// `struct iovec` has the host's layout; its pointers may need the base, and its buffers may lie on pages with code. Of another process
    /// it is taken that its memory lies where this one's does, as with one command line's -B or -R it does.
    private mutating func vector(_ address: UInt64, _ count: Int, _ thread: LinuxThread, isOwn: Bool) -> Int? {
        guard count > 0, count <= 1024 else { return thread.hostWord(address) }
        guard let bytes = thread.memory.bytes(at: address, count: 16 * count) else { return nil }
        var words: [Int] = []
        var differs = false
        for item in 0..<count {
            let (start, size) = (bytes.word(at: 16 * item), bytes.word(at: 16 * item + 8))
            if isOwn { thread.memory.prepareWrite(start, min(size, 1 << 40)) }
            guard let host = thread.hostWord(start) else { return nil }
            differs = differs || UInt64(bitPattern: Int64(host)) != start
            words += [host, Int(truncatingIfNeeded: size)]
        }
        if !differs { return thread.hostWord(address) }
        texts.append(unsafe words.withUnsafeBytes { unsafe ContiguousArray($0.bindMemory(to: CChar.self)) })
        return unsafe texts[texts.count - 1].withUnsafeBufferPointer { Int(bitPattern: $0.baseAddress) }
    }

    /// After EFAULT: whether a page that the kernel may have wanted to write was protected because of translated code; it is not any more.
    func mayHaveMetCode(_ call: SystemCall, _ registers: SystemCallRegisters, _ memory: GuestMemory) -> Bool {
        var found = false
        for (index, argument) in call.arguments.enumerated() {
            switch argument {
            case .pointer, .message: if memory.liftProtection(registers[index], 512) { found = true }
            case .written(let size): if memory.liftProtection(registers[index], UInt64(size)) { found = true }
            default: break
            }
        }
        return found
    }
}
