import IR

/// Memory accesses and helpers of `TestGuest`.
extension TestGuest {
    /// Accesses of the guest's memory from address 0; what lies outside faults.
    public static let runtime = RuntimeFunctions(
        load: { state, address, raw, _ in
            let operation = MemoryOperation(rawValue: UInt16(truncatingIfNeeded: raw))
            guard let memory = place(state, address, operation) else { return 0 }
            return fetch(state, memory, operation)
        },
        store: { state, address, value, raw in
            let operation = MemoryOperation(rawValue: UInt16(truncatingIfNeeded: raw))
            guard let memory = place(state, address, operation) else { return 0 }
            put(memory, operation, UInt128(high: CPUHeader(state).scratch(RuntimeFunctions.Scratch.high), low: value))
            return 0
        },
        atomic: { state, address, value, raw in
            let operation = MemoryOperation(rawValue: UInt16(truncatingIfNeeded: raw))
            guard let memory = place(state, address, operation) else { return 0 }
            let old = fetch(state, memory, operation)
            let kind = AtomicOperation(rawValue: UInt8(truncatingIfNeeded: raw >> 16))!
            put(memory, operation, UInt128(combine(kind, old, value, operation.size * 8)))
            return old
        },
        compareExchange: { state, address, expected, raw in
            let operation = MemoryOperation(rawValue: UInt16(truncatingIfNeeded: raw))
            guard let memory = place(state, address, operation) else { return 0 }
            let header = CPUHeader(state)
            let old = fetch(state, memory, operation)
            var isSame = (old ^ expected) << UInt64(64 - min(8, operation.size) * 8) == 0
            if operation.size == 16 {
                isSame = isSame && header.scratch(RuntimeFunctions.Scratch.high) == header.scratch(RuntimeFunctions.Scratch.expectedHigh)
            }
            if isSame {
                let new = UInt128(
                    high: header.scratch(RuntimeFunctions.Scratch.newHigh), low: header.scratch(RuntimeFunctions.Scratch.new))
                put(memory, operation, new)
            }
            return old
        })

    /// `mix` is pure, `peek` reads x0, `poke` writes x1, `trap` faults if its operand is odd.
    public static let helpers: [Helper] = [
        Helper("mix", .pure) { _, a, b, c in (a ^ b &* 0x9e37_79b9_7f4a_7c15) &+ c },
        Helper("peek", .readsState) { state, a, _, _ in state.load(as: UInt64.self) ^ a },
        Helper("poke", [.readsState, .writesState]) { state, a, _, _ in
            state.storeBytes(of: a &+ 1, toByteOffset: 8, as: UInt64.self)
            return a
        },
        Helper("trap", [.readsState, .mayFault]) { state, a, _, _ in
            if a & 1 != 0 { CPUHeader(state).exception = 1 }
            return a >> 1
        },
    ]

    private static func place(
        _ state: UnsafeMutableRawPointer, _ address: UInt64, _ operation: MemoryOperation
    ) -> UnsafeMutablePointer<UInt8>? {
        let header = CPUHeader(state)
        let isMisaligned = operation.alignment == .fault && address % UInt64(operation.size) != 0
        if isMisaligned || address > UInt64(memorySize - operation.size) {
            header.exception = 1
            return nil
        }
        return UnsafeMutableRawPointer(mutating: header.owner!).assumingMemoryBound(to: UInt8.self) + Int(address)
    }

    private static func fetch(
        _ state: UnsafeMutableRawPointer, _ memory: UnsafeMutablePointer<UInt8>, _ operation: MemoryOperation
    ) -> UInt64 {
        var value: UInt128 = 0
        for index in 0..<operation.size {
            let position = operation.isBigEndian ? operation.size - 1 - index : index
            value |= UInt128(memory[index]) << (position * 8)
        }
        if operation.size == 16 { CPUHeader(state).setScratch(RuntimeFunctions.Scratch.high, value.highHalf) }
        if operation.isSigned && operation.size < 8 {
            return UInt64(bitPattern: Evaluate.signed(value.lowHalf, operation.size * 8))
        }
        return value.lowHalf
    }

    private static func put(_ memory: UnsafeMutablePointer<UInt8>, _ operation: MemoryOperation, _ value: UInt128) {
        for index in 0..<operation.size {
            let position = operation.isBigEndian ? operation.size - 1 - index : index
            memory[index] = UInt8(truncatingIfNeeded: value >> (position * 8))
        }
    }

    private static func combine(_ kind: AtomicOperation, _ old: UInt64, _ value: UInt64, _ width: Int) -> UInt64 {
        let unused = UInt64(64 - width)
        let isOldLess = Evaluate.signed(old, width) < Evaluate.signed(value, width)
        let isOldBelow = old << unused < value << unused
        return switch kind {
        case .exchange: value
        case .add: old &+ value
        case .and: old & value
        case .or: old | value
        case .xor: old ^ value
        case .andNot: old & ~value
        case .minS: isOldLess ? old : value
        case .maxS: isOldLess ? value : old
        case .minU: isOldBelow ? old : value
        case .maxU: isOldBelow ? value : old
        }
    }
}
