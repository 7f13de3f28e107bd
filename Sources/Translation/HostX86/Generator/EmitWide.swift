import HostCode
import IR

/// 128-bit integers, as far as 16-byte atomics need them. They lie on the stack, low half first, or are constants of 64 bits.
extension BlockEmitter {
    static func supportsWide(_ op: IROp, _ block: borrowing IRBlock) -> Bool {
        switch op.opcode {
        case .const, .zext, .trunc, .and, .or, .xor: return true
        case .shl, .shrU: return block[Int(op.b)].opcode == .const && block[Int(op.b)].imm == 64
        case .compareExchange: return op.memory.size == 16 && !op.memory.isBigEndian
        default: return false
        }
    }

    func isWide(_ value: Int32) -> Bool { unsafe ops[Int(value)].type == .i128 }

    func emitWide(_ op: IROp) {
        switch op.opcode {
        case .zext: emitWiden(op)
        case .trunc: emitTruncate(op)
        case .and: emitLogic(.and, op)
        case .or: emitLogic(.or, op)
        case .xor: emitLogic(.xor, op)
        case .shl: emitMoveHalf(op, up: true)
        case .shrU: emitMoveHalf(op, up: false)
        case .compareExchange: emitCompareExchangePair(op)
        default: unsafe info[current].location.kind = .constant
        }
    }

    // MARK: Halves

    /// A place on the stack for the current operation's result. It is never one of an operand.
    private func widePlace() -> Memory {
        let slot = nextSlot(words: 2)
        unsafe info[current].location = .slot(slot)
        return place(slot, high: false)
    }

    private func place(_ slot: Int, high: Bool) -> Memory { .spill(slot + (high ? 1 : 0)) }

    /// The half of this operation's result that `widePlace` has found room for.
    private func resultHalf(high: Bool) -> Memory { unsafe place(Int(info[current].location.aux), high: high) }

    private func load(_ register: Register, _ value: Int32, high: Bool) {
        let location = location(value)
        if location.kind == .slot { return a.mov(.b64, register, place(Int(location.aux), high: high)) }
        let constant = unsafe UInt64(bitPattern: ops[root(value)].imm)
        a.mov(register, high ? 0 : constant)
    }

    // MARK: Operations

    private func emitWiden(_ op: IROp) {
        let source = use(op.a)
        var whole = source
        if unsafe ops[Int(op.a)].type == .i32 {
            whole = allocate()
            a.mov(.b32, whole, source)
        }
        a.mov(.b64, widePlace(), whole)
        a.mov(.b64, resultHalf(high: true), 0)
    }

    private func emitTruncate(_ op: IROp) {
        let dst = destination()
        load(dst, op.a, high: false)
        switch op.type {
        case .i8: a.movzx(dst, .b8, dst)
        case .i16: a.movzx(dst, .b16, dst)
        case .i32: a.mov(.b32, dst, dst)
        default: break
        }
    }

    private func emitLogic(_ kind: ALU, _ op: IROp) {
        let left = allocate(), right = allocate()
        _ = widePlace()
        for high in [false, true] {
            load(left, op.a, high: high)
            load(right, op.b, high: high)
            a.alu(kind, .b64, left, right)
            a.mov(.b64, resultHalf(high: high), left)
        }
    }

    /// A shift by 64.
    private func emitMoveHalf(_ op: IROp, up: Bool) {
        let half = allocate()
        load(half, op.a, high: !up)
        _ = widePlace()
        a.mov(.b64, resultHalf(high: up), half)
        a.mov(.b64, resultHalf(high: !up), 0)
    }

    private func field(_ offset: Int) -> Memory { Memory(HostRegisters.state, offset) }
    private func scratch(_ index: Int) -> Memory { field(CPUHeader.Offset.scratch + 8 * index) }

    private func emitCompareExchangePair(_ op: IROp) {
        for register in [Register.rax, .rdx, .rcx] { claim(register) }
        let places = [
            (op.c, false, scratch(RuntimeFunctions.Scratch.new)), (op.c, true, scratch(RuntimeFunctions.Scratch.newHigh)),
            (op.b, true, scratch(RuntimeFunctions.Scratch.expectedHigh)),
        ]
        for (value, high, place) in places {
            load(.rdx, value, high: high)
            a.mov(.b64, place, .rdx)
        }
        load(.rax, op.b, high: false)
        // The host's instruction wants its operand aligned.
        if op.memory.alignment == .fault, memoryMode == .translated { exchangePairInline(op) } else { exchangePairOutOfLine(op) }
        a.mov(.b64, widePlace(), .rax)
        a.mov(.b64, resultHalf(high: true), .rdx)
    }

    /// The expected value is in rdx:rax, and so is the old one behind it.
    private func exchangePairInline(_ op: IROp) {
        let fast = lookUp(op, writes: true)
        a.alu(.add, .b64, fast.entry, fast.address)
        // rbx holds guest state. Nothing faults while it does not.
        a.mov(.b64, field(CPUHeader.Offset.accessExtra), .rbx)
        a.mov(.b64, .rbx, scratch(RuntimeFunctions.Scratch.new))
        a.mov(.b64, .rcx, scratch(RuntimeFunctions.Scratch.newHigh))
        a.lockCmpxchg16b(Memory(fast.entry))
        a.mov(.b64, .rbx, field(CPUHeader.Offset.accessExtra))
        finishAtomic(.compareExchange, fast, op, .rax, .rax)
    }

    private func exchangePairOutOfLine(_ op: IROp) {
        a.mov(.b64, field(CPUHeader.Offset.accessAddress), use(op.a))
        a.mov(.b64, field(CPUHeader.Offset.accessValue), .rax)
        a.mov(.b64, field(CPUHeader.Offset.accessKind), Int32(op.attribute))
        a.storePC(pc)
        refund(instructions - begun)
        a.call(to: thunks[.compareExchange])
        charge(instructions - begun)
        a.mov(.b64, .rax, field(CPUHeader.Offset.accessResult))
        a.mov(.b64, .rdx, scratch(RuntimeFunctions.Scratch.high))
    }
}
