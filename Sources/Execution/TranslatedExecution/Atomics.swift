import CHost
import CPUModel
import IR

/// Guest atomics that generated code leaves to the runtime: on host atomics where there is memory, under the machine lock on devices.
extension CPURunner {
    /// The host address for an atomic access; nil with the exception noted. Devices do not do atomics.
    private func atomicPlace(_ address: UInt64, _ memory: MemoryOperation) -> UnsafeMutableRawPointer? {
        if address & UInt64(memory.size - 1) != 0 {
            cpu.raise(.misaligned, address: address, .write)
            return nil
        }
        if isWatched(address, memory, reads: true, writes: true) { return nil }
        switch place(address, .write, memory.mmuIndex) {
        case .memory(let host): return unsafe host
        case .device:
            cpu.raise(.access, address: address, .write)
            return nil
        case .fault: return nil
        }
    }

    func atomic(_ address: UInt64, _ operand: UInt64, _ memory: MemoryOperation, _ operation: AtomicOperation) -> UInt64 {
        guard let host = unsafe atomicPlace(address, memory) else { return 0 }
        while true {
            let old = unsafe CPURunner.read(host, memory.size)
            let new = memory.combined(operation, old, operand)
            if unsafe CPURunner.swap(host, old, new, memory.size) { return memory.extended(old) }
        }
    }

    func compareExchange(_ address: UInt64, _ expected: UInt64, _ memory: MemoryOperation) -> UInt64 {
        guard let host = unsafe atomicPlace(address, memory) else { return 0 }
        let new = cpu.header.scratch(RuntimeFunctions.Scratch.new)
        if memory.size == 16 { return unsafe compareExchangePair(host, expected, new) }
        let wanted = memory.ordered(expected)
        while true {
            let old = unsafe CPURunner.read(host, memory.size)
            if old != wanted { return memory.extended(old) }
            if unsafe CPURunner.swap(host, old, memory.ordered(new), memory.size) { return memory.extended(old) }
        }
    }

    private func compareExchangePair(_ host: UnsafeMutableRawPointer, _ expected: UInt64, _ new: UInt64) -> UInt64 {
        let high = cpu.header.scratch(RuntimeFunctions.Scratch.expectedHigh)
        let pair = UnsafeMutablePointer<UInt64>.allocate(capacity: 2)
        defer { unsafe pair.deallocate() }
        unsafe (pair[0], pair[1]) = (expected, high)
        _ = unsafe apus_atomic_cas_16(host, pair, new, cpu.header.scratch(RuntimeFunctions.Scratch.newHigh))
        unsafe cpu.header.setScratch(RuntimeFunctions.Scratch.high, pair[1])
        return unsafe pair[0]
    }

    private static func swap(_ host: UnsafeMutableRawPointer, _ old: UInt64, _ new: UInt64, _ size: Int) -> Bool {
        switch size {
        case 1:
            let expected = UInt8(truncatingIfNeeded: old)
            return unsafe apus_atomic_cas_u8(host.assumingMemoryBound(to: UInt8.self), expected, UInt8(truncatingIfNeeded: new)) == expected
        case 2:
            let expected = UInt16(truncatingIfNeeded: old)
            return unsafe apus_atomic_cas_u16(host.assumingMemoryBound(to: UInt16.self), expected, UInt16(truncatingIfNeeded: new)) == expected
        case 4:
            let expected = UInt32(truncatingIfNeeded: old)
            return unsafe apus_atomic_cas_u32(host.assumingMemoryBound(to: UInt32.self), expected, UInt32(truncatingIfNeeded: new)) == expected
        default:
            return unsafe apus_atomic_cas_u64(host.assumingMemoryBound(to: UInt64.self), old, new) == old
        }
    }
}

extension CPURunner {
    /// The accesses in the shape in which generated code and the interpreter call them.
    static let runtime = RuntimeFunctions(
        load: { state, address, memory, _ in unsafe with(state) { $0.load(address, operation(memory)) } },
        store: { state, address, value, memory in
            unsafe with(state) { $0.store(address, value, operation(memory)) }
            return 0
        },
        atomic: { state, address, value, memory in
            let kind = AtomicOperation(rawValue: UInt8(truncatingIfNeeded: memory >> 16)) ?? .exchange
            return unsafe with(state) { $0.atomic(address, value, operation(memory), kind) }
        },
        compareExchange: { state, address, expected, memory in
            unsafe with(state) { $0.compareExchange(address, expected, operation(memory)) }
        })

    @inline(__always) private static func operation(_ memory: UInt64) -> MemoryOperation {
        MemoryOperation(rawValue: UInt16(truncatingIfNeeded: memory))
    }
}
