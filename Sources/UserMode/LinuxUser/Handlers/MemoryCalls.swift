import CPUModel
import Glibc
import UserExecution

/// Memory: all that changes what is mapped goes through `GuestMemory`.
enum MemoryCalls {
    private static func protection(_ value: UInt64) -> PageProtection { PageProtection(rawValue: UInt8(value & 7)) }

    /// The break moves up if there is room; whatever happens, the answer is where it is.
    @Sendable static func brk(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        let process = thread.process
        return process.lock.withLock {
            let wanted = call[0]
            guard wanted >= process.heap.start, wanted < thread.memory.limit else { return Int64(process.heap.end) }
            let end = (wanted + 4095) & ~4095
            if end > process.heap.mapped {
                guard thread.memory.mayGrowHeap(wanted - process.heap.start, data: process.heap.data) else { return Int64(process.heap.end) }
                let flags = MAP_PRIVATE | MAP_ANONYMOUS | Int32(MAP_FIXED_NOREPLACE)
                let result = thread.memory.map(
                    .init(address: process.heap.mapped, length: end - process.heap.mapped, protection: [.read, .write], flags: flags))
                guard result == Int64(process.heap.mapped) else { return Int64(process.heap.end) }
            } else if end < process.heap.mapped {
                _ = thread.memory.unmap(end, process.heap.mapped - end)
            }
            process.heap.mapped = end
            process.heap.end = wanted
            return Int64(wanted)
        }
    }

    /// MAP_ flags of asm-generic are x86's.
    @Sendable static func mmap(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        if call[5] & 4095 != 0 { return -Int64(EINVAL) }
        let flags = Int32(truncatingIfNeeded: call[3])
        let descriptor = Int32(truncatingIfNeeded: call[4])
        let file = flags & MAP_ANONYMOUS != 0 ? nil : path(of: descriptor)
        let result = thread.memory.map(
            .init(
                address: call[0], length: call[1], protection: protection(call[2]), flags: flags, descriptor: descriptor, offset: call[5], file: file)
        )
        if result >= 0, flags & MAP_ANONYMOUS == 0 {
            RingCalls.noteMapping(thread, descriptor, offset: call[5], at: UInt64(result))
        }
        return result
    }

    /// The offset counts pages.
    @Sendable static func mmap2(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        var call = call
        call.arguments[5] = (call[5] & 0xffff_ffff) << 12
        return mmap(thread, call)
    }

    private static func path(of descriptor: Int32) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink("/proc/self/fd/\(descriptor)", &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }

    @Sendable static func munmap(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 { thread.memory.unmap(call[0], call[1]) }

    @Sendable static func mprotect(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        thread.memory.protect(call[0], call[1], protection(call[2]))
    }

    @Sendable static func mremap(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        thread.memory.remap(call[0], call[1], call[2], flags: call[3], call[4])
    }

    @Sendable static func madvise(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        thread.memory.advise(call[0], call[1], call[2])
    }

    @Sendable static func flushInstructionCache(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        thread.process.engine.synchronizeSharedCode()
        return 0
    }

    @Sendable static func seal(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        call[2] == 0 ? thread.memory.seal(call[0], call[1]) : -Int64(EINVAL)
    }

    /// Its protection must be 0, and only MAP_NONBLOCK is a flag of its own.
    @Sendable static func remapFilePages(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        call[2] == 0 ? thread.memory.remapFile(call[0], call[1], page: call[3], flags: call[4]) : -Int64(EINVAL)
    }

    /// An array of addresses.
    @Sendable static func movePages(_ thread: LinuxThread, _ call: SystemCallRegisters) -> Int64 {
        guard call[1] <= 1 << 24 else { return -Int64(E2BIG) }
        guard let bytes = thread.memory.bytes(at: call[2], count: thread.wordSize * Int(call[1])), let nodes = thread.hostWord(call[3]),
            let status = thread.hostWord(call[4])
        else { return -Int64(EFAULT) }
        thread.memory.prepareWrite(call[4], 4 * call[1])
        let addresses = (0..<Int(call[1])).map { UInt(bytes.word($0, wordSize: thread.wordSize)) &+ thread.memory.base }
        return unsafe addresses.withUnsafeBytes {
            thread.hostCall(
                279, Int(Int32(truncatingIfNeeded: call[0])), addresses.count, Int(bitPattern: $0.baseAddress), nodes, status,
                Int(Int32(truncatingIfNeeded: call[5])))
        }
    }
}
