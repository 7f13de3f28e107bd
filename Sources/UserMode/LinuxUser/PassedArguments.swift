import CPUModel
import Glibc
import UserCore
import UserExecution

/// Bytes in the host's layout, where a host call finds them.
final class HostCopy {
    private let buffer: UnsafeMutableRawBufferPointer

    init(_ bytes: [UInt8]) {
        buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
        unsafe buffer.copyBytes(from: bytes)
    }

    deinit { unsafe buffer.deallocate() }

    var address: Int { unsafe Int(bitPattern: buffer.baseAddress) }
    var bytes: [UInt8] { unsafe Array(buffer) }
}

/// The arguments of a call that is passed on, and what has to live until it is done.
struct PassedArguments {
    private var texts: [ContiguousArray<CChar>] = []
    private var copies: [HostCopy] = []
    /// What the kernel changes goes back to the guest.
    private var results: [(structure: SharedStructure, address: UInt64, copy: HostCopy)] = []

    init() {}

    /// Larger ones are rarely written whole.
    private static let preparedSize = 256

    /// The host's word for an argument; nil if a pointer points nowhere.
    mutating func word(_ argument: Argument, _ index: Int, _ registers: SystemCallRegisters, _ thread: LinuxThread) -> Int? {
        let value = registers[index]
        switch argument {
        case .fd: return thread.hostDescriptor(value)
        case .int, .octal, .signal, .named, .control: return Int(Int32(truncatingIfNeeded: value))
        case .long, .size, .wide, .lowHalf, .highHalf: return Int(truncatingIfNeeded: value)
        case .openFlags: return Int(thread.hostOpenFlags(value & 0xffff_ffff))
        case .path: return value == 0 || thread.process.options.prefix == nil ? thread.hostWord(value) : located(value, thread)
        case .buffer(let size):
            thread.memory.prepareWrite(value, registers[size])
            return thread.hostWord(value)
        case .vector(let count): return vector(value, Int(Int32(truncatingIfNeeded: registers[count])), thread, isOwn: true)
        case .remoteVector(let count):
            let isOwn = Int32(truncatingIfNeeded: registers[0]) == getpid()
            return vector(value, Int(Int32(truncatingIfNeeded: registers[count])), thread, isOwn: isOwn)
        // Beyond the guest's addresses nothing is mapped, as little as beyond the host's.
        case .mapping:
            let size: UInt64 = index < 5 ? registers[index + 1] : 0
            let isHosts = !thread.memory.isReserved || thread.memory.isMapped(value, size)
            return (isHosts ? thread.hostWord(value) : nil) ?? Int.min | Int(value & 4095)
        case .message where thread.memory.base != 0: return nil
        case .structure(let structure, let access): return self.structure(structure, access, value, thread)
        // Before the call, for not every call can be done once more: a child that was waited for is gone, and so is a connection.
        case .written(let size):
            if value != 0, size <= PassedArguments.preparedSize { thread.memory.prepareWrite(value, UInt64(size)) }
            return thread.hostWord(value)
        case .newPath, .string, .pointer, .bytes, .message, .place, .socketAddress: return thread.hostWord(value)
        }
    }

    /// The host address of a structure: its own where the layouts are the same.
    mutating func structure(_ structure: SharedStructure, _ access: Argument.Access, _ address: UInt64, _ thread: LinuxThread) -> Int? {
        if thread.wordSize == 8 || address == 0 {
            if access != .reads, address != 0 { thread.memory.prepareWrite(address, UInt64(structure.host.size)) }
            return thread.hostWord(address)
        }
        let size = structure.narrow.size
        // What the kernel does not write stays as it is.
        guard let bytes = thread.memory.bytes(at: address, count: size) ?? (access == .writes ? [UInt8](repeating: 0, count: size) : nil) else {
            return nil
        }
        let copy = HostCopy(structure.hostBytes(of: bytes))
        copies.append(copy)
        if access != .reads { results.append((structure, address, copy)) }
        return copy.address
    }

    /// Gives the guest what the kernel has written: the call's result. A call that was interrupted may have written how much was left.
    func finish(_ result: Int64, _ memory: GuestMemory) -> Int64 {
        guard !results.isEmpty, result >= 0 || result == -Int64(EINTR) else { return result }
        let isWritten = results.allSatisfy { memory.write($0.structure.narrowBytes(of: $0.copy.bytes), at: $0.address) }
        return isWritten || result < 0 ? result : -Int64(EFAULT)
    }

    private mutating func located(_ address: UInt64, _ thread: LinuxThread) -> Int? {
        guard let path = thread.path(address) else { return nil }
        let found = thread.process.locate(path)
        if found == path { return thread.hostWord(address) }
        texts.append(ContiguousArray(found.utf8CString))
        // The array stays where it is for as long as this value lives: it is not changed any more.
        return unsafe texts[texts.count - 1].withUnsafeBufferPointer { Int(bitPattern: $0.baseAddress) }
    }

    /// A 64-bit guest's `struct iovec` has the host's layout; its pointers may need the base, and its buffers may lie on pages with code. Of another process
    /// it is taken that its memory lies where this one's does, as with one command line's -B or -R it does.
    private mutating func vector(_ address: UInt64, _ count: Int, _ thread: LinuxThread, isOwn: Bool) -> Int? {
        guard count > 0, count <= 1024 else { return thread.hostWord(address) }
        guard let bytes = thread.memory.bytes(at: address, count: 2 * thread.wordSize * count) else { return nil }
        var words: [Int] = []
        var differs = thread.wordSize != 8
        for item in 0..<count {
            let start = bytes.word(2 * item, wordSize: thread.wordSize), size = bytes.word(2 * item + 1, wordSize: thread.wordSize)
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
            case .structure(let structure, _): if memory.liftProtection(registers[index], UInt64(structure.host.size)) { found = true }
            case .written(let size): if memory.liftProtection(registers[index], UInt64(size)) { found = true }
            default: break
            }
        }
        return found
    }
}
