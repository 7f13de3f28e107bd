/// The front ends' words for making operations. Each appends one operation and returns its result.
extension IRBlock {
    // MARK: Constants and state

    public mutating func const(_ type: IRType, _ value: UInt64) -> Value {
        append(IROp(.const, type, imm: Int64(bitPattern: value & type.mask)))
    }

    public mutating func const64(_ value: Int64) -> Value { append(IROp(.const, .i64, imm: value)) }

    public mutating func read(_ type: IRType, _ offset: Int) -> Value { append(IROp(.readState, type, imm: Int64(offset))) }

    public mutating func write(_ type: IRType, _ offset: Int, _ value: Value) {
        append(IROp(.writeState, type, a: value.index, imm: Int64(offset)))
    }

    // MARK: Integers

    public mutating func unary(_ opcode: Opcode, _ type: IRType, _ a: Value) -> Value { append(IROp(opcode, type, a: a.index)) }

    public mutating func binary(_ opcode: Opcode, _ type: IRType, _ a: Value, _ b: Value) -> Value {
        append(IROp(opcode, type, a: a.index, b: b.index))
    }

    public mutating func add(_ type: IRType, _ a: Value, _ b: Value) -> Value { binary(.add, type, a, b) }
    public mutating func sub(_ type: IRType, _ a: Value, _ b: Value) -> Value { binary(.sub, type, a, b) }

    public mutating func divide(_ opcode: Opcode, _ type: IRType, _ a: Value, _ b: Value, _ rule: DivisionRule) -> Value {
        append(IROp(opcode, type, attribute: UInt16(rule.rawValue), a: a.index, b: b.index))
    }

    /// A truth value of `type` (0 or 1) of comparing `a` and `b`, which have one type.
    public mutating func compare(_ type: IRType, _ condition: Condition, _ a: Value, _ b: Value) -> Value {
        append(IROp(.compare, type, attribute: UInt16(condition.rawValue), a: a.index, b: b.index))
    }

    public mutating func select(_ type: IRType, if condition: Value, _ yes: Value, _ no: Value) -> Value {
        append(IROp(.select, type, a: condition.index, b: yes.index, c: no.index))
    }

    public mutating func zext(_ type: IRType, _ a: Value) -> Value { unary(.zext, type, a) }
    public mutating func sext(_ type: IRType, _ a: Value) -> Value { unary(.sext, type, a) }
    public mutating func trunc(_ type: IRType, _ a: Value) -> Value { unary(.trunc, type, a) }
    public mutating func bitcast(_ type: IRType, _ a: Value) -> Value { unary(.bitcast, type, a) }

    public mutating func extract(_ type: IRType, _ a: Value, low: Int, count: Int, signed: Bool = false) -> Value {
        append(IROp(signed ? .extractS : .extractU, type, a: a.index, imm: Int64(low | count << 8)))
    }

    public mutating func deposit(_ type: IRType, _ a: Value, _ b: Value, low: Int, count: Int) -> Value {
        append(IROp(.deposit, type, a: a.index, b: b.index, imm: Int64(low | count << 8)))
    }

    // MARK: Memory

    public mutating func load(_ type: IRType, _ address: Value, offset: Int64 = 0, _ memory: MemoryOperation) -> Value {
        append(IROp(.load, type, attribute: memory.rawValue, a: address.index, imm: offset))
    }

    public mutating func store(_ type: IRType, _ address: Value, offset: Int64 = 0, _ value: Value, _ memory: MemoryOperation) {
        append(IROp(.store, type, attribute: memory.rawValue, a: address.index, b: value.index, imm: offset))
    }

    public mutating func atomic(_ type: IRType, _ operation: AtomicOperation, _ address: Value, _ value: Value, _ memory: MemoryOperation) -> Value {
        append(
            IROp(.atomicRMW, type, attribute: memory.rawValue, a: address.index, b: value.index, imm: Int64(operation.rawValue)))
    }

    public mutating func compareExchange(
        _ type: IRType, _ address: Value, expected: Value, new: Value, _ memory: MemoryOperation
    ) -> Value {
        append(IROp(.compareExchange, type, attribute: memory.rawValue, a: address.index, b: expected.index, c: new.index))
    }

    public mutating func loadLinked(_ type: IRType, _ address: Value, _ memory: MemoryOperation) -> Value {
        append(IROp(.loadLinked, type, attribute: memory.rawValue, a: address.index))
    }

    /// `type` is the type of the stored value as well as of the result (0 or 1).
    public mutating func storeConditional(_ type: IRType, _ address: Value, _ value: Value, _ memory: MemoryOperation) -> Value {
        append(IROp(.storeConditional, type, attribute: memory.rawValue, a: address.index, b: value.index))
    }

    public mutating func fence(_ kind: FenceKind) { append(IROp(.fence, .none, imm: Int64(kind.rawValue))) }

    // MARK: Floating point

    public mutating func float(_ opcode: Opcode, _ type: IRType, _ attributes: FloatAttributes, _ a: Value) -> Value {
        append(IROp(opcode, type, attribute: attributes.rawValue, a: a.index))
    }

    public mutating func float(_ opcode: Opcode, _ type: IRType, _ attributes: FloatAttributes, _ a: Value, _ b: Value) -> Value {
        append(IROp(opcode, type, attribute: attributes.rawValue, a: a.index, b: b.index))
    }

    public mutating func fma(_ type: IRType, _ attributes: FloatAttributes, _ a: Value, _ b: Value, _ c: Value) -> Value {
        append(IROp(.fma, type, attribute: attributes.rawValue, a: a.index, b: b.index, c: c.index))
    }

    /// A truth value of the integer `type` of comparing two floats.
    public mutating func fcompare(
        _ type: IRType, _ condition: FloatCondition, _ attributes: FloatAttributes, _ a: Value, _ b: Value
    ) -> Value {
        append(IROp(.fcompare, type, attribute: attributes.rawValue, a: a.index, b: b.index, imm: Int64(condition.rawValue)))
    }

    // MARK: Control

    /// Calls helper number `index` of the guest's table; its result has 64 bits. Unused operands stay away.
    @discardableResult
    public mutating func call(_ index: Int, _ a: Value? = nil, _ b: Value? = nil, _ c: Value? = nil) -> Value {
        append(IROp(.call, .i64, a: a?.index ?? -1, b: b?.index ?? -1, c: c?.index ?? -1, imm: Int64(index)))
    }

    public mutating func makeLabel() -> Label {
        labels += 1
        return Label(labels - 1)
    }

    public mutating func place(_ label: Label) { append(IROp(.label, .none, imm: Int64(label.number))) }
    public mutating func branch(_ label: Label) { append(IROp(.br, .none, imm: Int64(label.number))) }
    public mutating func branch(_ label: Label, if condition: Value) {
        append(IROp(.brIf, .none, a: condition.index, imm: Int64(label.number)))
    }
    /// `type` is the operands' type.
    public mutating func branch(_ label: Label, if condition: Condition, _ a: Value, _ b: Value) {
        append(IROp(.brCompare, .none, attribute: UInt16(condition.rawValue), a: a.index, b: b.index, imm: Int64(label.number)))
    }

    /// Goes on at an address.
    ///
    /// - Parameter linkBytes: of a call how far behind the instruction it is that the callee comes back to; 0 if it is none.
    public mutating func goto(_ pc: UInt64, linkBytes: UInt64 = 0) {
        append(IROp(.exitDirect, .none, attribute: UInt16(truncatingIfNeeded: linkBytes), imm: Int64(bitPattern: pc)))
    }

    /// Goes on at the address `pc`. For a call, `returnAddress` is where the callee will come back to.
    public mutating func goto(_ pc: Value, hint: JumpHint = .none, returnAddress: UInt64 = 0) {
        append(IROp(.exitIndirect, .none, attribute: UInt16(hint.rawValue), a: pc.index, imm: Int64(bitPattern: returnAddress)))
    }

    /// Back to the execution loop with the guest's address set to `pc`.
    public mutating func exit(_ reason: ExitReason, pc: UInt64) {
        append(IROp(.exitWith, .none, attribute: UInt16(reason.rawValue), imm: Int64(bitPattern: pc)))
    }

    /// Back to the execution loop; a helper has set the guest's address.
    public mutating func exitKeepingPC(_ reason: ExitReason) {
        append(IROp(.exitWith, .none, attribute: UInt16(reason.rawValue) | 0x8000))
    }

    public mutating func startInstruction(_ pc: UInt64) { append(IROp(.insnStart, .none, imm: Int64(bitPattern: pc))) }
}
