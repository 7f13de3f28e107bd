import CPUModel
import CHost
import IR

/// Memory accesses that generated code leaves to the runtime, and all of the interpreter's. A fault becomes the thread's.
extension UserRunner {
    /// The handler of SIGSEGV has left word of a fault; an address that no host access could be tried for is unmapped.
    private func failed(_ address: UInt64) -> UInt64 {
        raise(fault.map(asMapped) ?? GuestFault(signal: 11, code: 1, address: address))
        return 0
    }

    /// SIGBUS with BUS_ADRALN.
    private func misaligned(_ address: UInt64, isWrite: Bool) -> UInt64 {
        raise(GuestFault(signal: 7, code: 1, address: address, isWrite: isWrite))
        return 0
    }

    private func isMisaligned(_ address: UInt64, _ memory: MemoryOperation) -> Bool { address & UInt64(memory.size - 1) != 0 }

    /// Whether a debugger watches the access, which then waits.
    private func isWatched(_ address: UInt64, _ memory: MemoryOperation, reads: Bool, writes: Bool) -> Bool {
        if engine.debugPoints.watchpoints.isEmpty || ignoresWatchpoints { return false }
        guard let hit = engine.debugPoints.hit(address, UInt64(memory.size), reads: reads, writes: writes) else { return false }
        watchHit = hit
        cpu.header.exception = 1
        return true
    }

    func load(_ address: UInt64, _ memory: MemoryOperation) -> UInt64 {
        if memory.alignment == .fault, isMisaligned(address, memory) { return misaligned(address, isWrite: false) }
        // Behind what faults, which is no access.
        if isWatched(address, memory, reads: true, writes: false) { return 0 }
        guard let low = engine.memory.load(address, size: min(memory.size, 8)) else { return failed(address) }
        if memory.size == 16 {
            guard let high = engine.memory.load(address &+ 8, size: 8) else { return failed(address &+ 8) }
            cpu.header.setScratch(RuntimeFunctions.Scratch.high, memory.isBigEndian ? low.byteSwapped : high)
            return memory.isBigEndian ? high.byteSwapped : low
        }
        return memory.extended(low)
    }

    func store(_ address: UInt64, _ value: UInt64, _ memory: MemoryOperation) {
        if memory.alignment == .fault, isMisaligned(address, memory) {
            _ = misaligned(address, isWrite: true)
            return
        }
        if isWatched(address, memory, reads: false, writes: true) { return }
        guard memory.size == 16 else {
            if !engine.memory.store(address, memory.ordered(value), size: memory.size) { _ = failed(address) }
            return
        }
        let high = cpu.header.scratch(RuntimeFunctions.Scratch.high)
        let words = memory.isBigEndian ? (high.byteSwapped, value.byteSwapped) : (value, high)
        // The upper half first: if it faults, the lower one has not been written.
        if !engine.memory.store(address &+ 8, words.1, size: 8) {
            _ = failed(address &+ 8)
        } else if !engine.memory.store(address, words.0, size: 8) {
            _ = failed(address)
        }
    }

    func atomic(_ address: UInt64, _ operand: UInt64, _ memory: MemoryOperation, _ operation: AtomicOperation) -> UInt64 {
        if isMisaligned(address, memory) { return misaligned(address, isWrite: true) }
        if isWatched(address, memory, reads: true, writes: true) { return 0 }
        guard var old = engine.memory.load(address, size: memory.size) else { return failed(address) }
        while true {
            let new = memory.combined(operation, old, operand)
            guard let found = engine.memory.compareExchange(address, expected: old, new: new, size: memory.size) else { return failed(address) }
            if found == old { return memory.extended(old) }
            old = found
        }
    }

    func compareExchange(_ address: UInt64, _ expected: UInt64, _ memory: MemoryOperation) -> UInt64 {
        if isMisaligned(address, memory) { return misaligned(address, isWrite: true) }
        if isWatched(address, memory, reads: true, writes: true) { return 0 }
        let new = cpu.header.scratch(RuntimeFunctions.Scratch.new)
        if memory.size == 16 { return compareExchangePair(address, expected, new) }
        let found = engine.memory.compareExchange(address, expected: memory.ordered(expected), new: memory.ordered(new), size: memory.size)
        guard let found else { return failed(address) }
        return memory.extended(found)
    }

    private func compareExchangePair(_ address: UInt64, _ expected: UInt64, _ new: UInt64) -> UInt64 {
        var pair: (UInt64, UInt64) = (expected, cpu.header.scratch(RuntimeFunctions.Scratch.expectedHigh))
        let desired: (UInt64, UInt64) = (new, cpu.header.scratch(RuntimeFunctions.Scratch.newHigh))
        let place = unsafe engine.memory.host(address)
        let done = unsafe withUnsafeMutableBytes(of: &pair) { pair in
            unsafe withUnsafeBytes(of: desired) { desired in
                unsafe apus_guest_cas16(
                    place, pair.baseAddress?.assumingMemoryBound(to: UInt64.self), desired.baseAddress?.assumingMemoryBound(to: UInt64.self))
            }
        }
        guard done else { return failed(address) }
        cpu.header.setScratch(RuntimeFunctions.Scratch.high, pair.1)
        return pair.0
    }

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
