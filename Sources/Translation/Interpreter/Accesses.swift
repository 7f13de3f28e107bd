import CHost
import IR

/// Guest state, guest memory and helpers.
extension Interpreter {
    func readState(_ op: IROp, _ index: Int, _ header: CPUHeader) {
        let offset = Int(op.imm)
        let state = unsafe header.state
        switch op.type.bits {
        case 8: set(index, UInt64(unsafe state.load(fromByteOffset: offset, as: UInt8.self)))
        case 16: set(index, UInt64(unsafe state.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
        case 32: set(index, UInt64(unsafe state.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        case 64: set(index, unsafe state.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        case 80:
            let top = unsafe state.loadUnaligned(fromByteOffset: offset + 8, as: UInt16.self)
            setWide(index, UInt128(high: UInt64(top), low: unsafe state.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
        case 128: setWide(index, unsafe state.loadUnaligned(fromByteOffset: offset, as: UInt128.self))
        default: preconditionFailure("the interpreter has no cells for \(op.type)")
        }
    }

    func writeState(_ op: IROp, _ header: CPUHeader) {
        let offset = Int(op.imm)
        let state = unsafe header.state
        let value = narrow(op.a)
        switch op.type.bits {
        case 8: unsafe state.storeBytes(of: UInt8(truncatingIfNeeded: value), toByteOffset: offset, as: UInt8.self)
        case 16: unsafe state.storeBytes(of: UInt16(truncatingIfNeeded: value), toByteOffset: offset, as: UInt16.self)
        case 32: unsafe state.storeBytes(of: UInt32(truncatingIfNeeded: value), toByteOffset: offset, as: UInt32.self)
        case 64: unsafe state.storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
        case 80:
            let top = UInt16(truncatingIfNeeded: wide(op.a).highHalf)
            unsafe state.storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
            unsafe state.storeBytes(of: top, toByteOffset: offset + 8, as: UInt16.self)
        case 128: unsafe state.storeBytes(of: wide(op.a), toByteOffset: offset, as: UInt128.self)
        default: preconditionFailure("the interpreter has no cells for \(op.type)")
        }
    }

    func synchronize() { apus_fence() }

    /// The operations that run code outside: the caller looks at `CPUHeader.exception` afterwards.
    func access(_ op: IROp, _ index: Int, _ ops: UnsafeMutablePointer<IROp>, _ header: CPUHeader) {
        switch op.opcode {
        case .load: setExtended(index, op, load(op, header), header)
        case .store: store(op, header)
        case .atomicRMW:
            let operation = UInt64(op.attribute) | UInt64(bitPattern: op.imm) << 16
            set(index, unsafe runtime.atomic(header.state, narrow(op.a), narrow(op.b), operation) & op.type.mask)
        case .compareExchange:
            let old = exchange(op, header, expected: wide(op.b), new: wide(op.c))
            setExtended(index, op, old, header)
        case .loadLinked: loadLinked(op, index, header)
        case .storeConditional: storeConditional(op, index, header)
        default:
            let result = unsafe helpers[Int(op.imm)].function(header.state, narrow(op.a), narrow(op.b), narrow(op.c))
            set(index, result & op.type.mask)
        }
    }

    private func load(_ op: IROp, _ header: CPUHeader) -> UInt64 {
        unsafe runtime.load(header.state, narrow(op.a) &+ UInt64(bitPattern: op.imm), UInt64(op.attribute), 0)
    }

    private func store(_ op: IROp, _ header: CPUHeader) {
        if op.memory.size == 16 { unsafe header.setScratch(RuntimeFunctions.Scratch.high, high[Int(op.b)]) }
        _ = unsafe runtime.store(header.state, narrow(op.a) &+ UInt64(bitPattern: op.imm), narrow(op.b), UInt64(op.attribute))
    }

    /// Puts what an access returned into a cell of the op's type: the runtime has extended it to 64 bits.
    private func setExtended(_ index: Int, _ op: IROp, _ value: UInt64, _ header: CPUHeader) {
        if op.memory.size == 16 {
            setWide(index, UInt128(high: header.scratch(RuntimeFunctions.Scratch.high), low: value))
        } else if op.type.bits > 64 && op.memory.isSigned {
            setWide(index, UInt128(truncatingIfNeeded: Int64(bitPattern: value)))
        } else {
            set(index, value & op.type.mask)
        }
    }

    private func exchange(_ op: IROp, _ header: CPUHeader, expected: UInt128, new: UInt128) -> UInt64 {
        header.setScratch(RuntimeFunctions.Scratch.new, new.lowHalf)
        if op.memory.size == 16 {
            header.setScratch(RuntimeFunctions.Scratch.expectedHigh, expected.highHalf)
            header.setScratch(RuntimeFunctions.Scratch.newHigh, new.highHalf)
        }
        return unsafe runtime.compareExchange(header.state, narrow(op.a), expected.lowHalf, UInt64(op.attribute))
    }

    private func loadLinked(_ op: IROp, _ index: Int, _ header: CPUHeader) {
        let value = load(op, header)
        if header.exception != 0 { return }
        setExtended(index, op, value, header)
        header.linkedAddress = narrow(op.a)
        header.linkedValue = value
        header.linkedValueHigh = unsafe high[index]
    }

    private func storeConditional(_ op: IROp, _ index: Int, _ header: CPUHeader) {
        let isLinked = header.linkedAddress == narrow(op.a)
        header.linkedAddress = .max
        guard isLinked else { return set(index, 1) }
        let expected = UInt128(high: header.linkedValueHigh, low: header.linkedValue)
        let old = exchange(op, header, expected: expected, new: wide(op.b))
        let unused = UInt64(64 - min(op.memory.size, 8) * 8)
        var isSame = (old ^ header.linkedValue) << unused == 0
        if op.memory.size == 16 { isSame = isSame && header.scratch(RuntimeFunctions.Scratch.high) == header.linkedValueHigh }
        set(index, isSame ? 0 : 1)
    }
}
