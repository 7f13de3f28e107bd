/// One operation: 24 bytes in a plain buffer. Its index there is also the name of its result.
public struct IROp {
    public var opcode: Opcode
    public var type: IRType
    /// Condition, memory operation, float attributes, hint or reason: what `opcode.info.attribute` says.
    public var attribute: UInt16
    public var a: Int32
    public var b: Int32
    public var c: Int32
    public var imm: Int64

    @inlinable public init(
        _ opcode: Opcode, _ type: IRType, attribute: UInt16 = 0, a: Int32 = -1, b: Int32 = -1, c: Int32 = -1, imm: Int64 = 0
    ) {
        self.opcode = opcode
        self.type = type
        self.attribute = attribute
        self.a = a
        self.b = b
        self.c = c
        self.imm = imm
    }

    @inlinable public var memory: MemoryOperation { MemoryOperation(rawValue: attribute) }
    @inlinable public var float: FloatAttributes { FloatAttributes(rawValue: attribute) }
    @inlinable public var hasFloatAttributes: Bool {
        switch opcode.info.attribute {
        case .float, .floatCondition, .lanesFloat, .lanesFloatCondition: true
        default: false
        }
    }
    /// Whether bits 12 and 13 of the float attributes are a `MinMaxRule`, no `Saturation`.
    @inlinable public var hasMinMaxRule: Bool { opcode == .fmin || opcode == .fmax || opcode == .vfmin || opcode == .vfmax }
    /// The condition of `compare` and `brCompare`.
    @inlinable public var condition: Condition { Condition(rawValue: UInt8(truncatingIfNeeded: attribute)) ?? .eq }
    /// The condition of `fcompare`, whose float attributes share its attribute bits.
    @inlinable public var floatCondition: FloatCondition { FloatCondition(rawValue: UInt8(truncatingIfNeeded: imm)) ?? .eq }
    @inlinable public var division: DivisionRule { DivisionRule(rawValue: UInt8(truncatingIfNeeded: attribute)) ?? .allOnes }
    @inlinable public var atomic: AtomicOperation { AtomicOperation(rawValue: UInt8(truncatingIfNeeded: imm)) ?? .exchange }
    @inlinable public var hint: JumpHint { JumpHint(rawValue: UInt8(truncatingIfNeeded: attribute)) ?? .none }
    @inlinable public var reason: ExitReason { ExitReason(rawValue: UInt8(truncatingIfNeeded: attribute)) ?? .lookup }
    /// `exitWith`: whether `pc` was already set by a helper, so that imm is not the address.
    @inlinable public var keepsPC: Bool { attribute & 0x8000 != 0 }
    /// Vector operations: the lanes' size, and the number, which is a lane, a count or a condition.
    @inlinable public var lane: Lane { Lane(rawValue: UInt8(truncatingIfNeeded: imm & 15)) ?? .b64 }
    @inlinable public var number: Int { Int(imm >> 8 & 0xffff) }
    /// The condition of `vcompare` and `vfcompare`.
    @inlinable public var laneCondition: Condition { Condition(rawValue: UInt8(truncatingIfNeeded: number)) ?? .eq }
    @inlinable public var laneFloatCondition: FloatCondition { FloatCondition(rawValue: UInt8(truncatingIfNeeded: number)) ?? .eq }
    @inlinable public var bitLow: Int { Int(imm & 0xff) }
    @inlinable public var bitCount: Int { Int(imm >> 8 & 0xff) }
}

/// The result of an operation: its index in the block.
public struct Value: Equatable, Sendable {
    public let index: Int32
    @inlinable public init(_ index: Int32) { self.index = index }
}

/// A place in a block to branch to.
public struct Label: Equatable, Sendable {
    public let number: Int32
    @inlinable public init(_ number: Int32) { self.number = number }
}

/// A block of operations with one entry, in a buffer that is reused from block to block.
///
/// Values live from their operation to the next label; what crosses a label goes through guest state or a scratch field.
public struct IRBlock: ~Copyable {
    public private(set) var ops: UnsafeMutablePointer<IROp>
    public private(set) var count = 0
    @usableFromInline private(set) var capacity: Int
    /// Number of labels made so far.
    public var labels: Int32 = 0
    /// Guest address of the first instruction.
    public var pc: UInt64 = 0
    /// Number of `insnStart` marks.
    public private(set) var instructions = 0
    /// Guest bytes that the block was made from, counted from `pc`.
    public var guestBytes = 0

    public init(capacity: Int = 2048) {
        self.capacity = capacity
        unsafe ops = .allocate(capacity: capacity)
    }

    deinit { unsafe ops.deallocate() }

    /// Empties the block for a new one at `pc`; the buffer stays.
    public mutating func reset(pc: UInt64) {
        count = 0
        labels = 0
        instructions = 0
        guestBytes = 0
        self.pc = pc
    }

    public subscript(_ index: Int) -> IROp {
        @inline(__always) get { unsafe ops[index] }
        @inline(__always) set { unsafe ops[index] = newValue }
    }

    /// Cuts the block back to its first `count` operations (an instruction that turned out not to belong to it).
    public mutating func truncate(to newCount: Int, instructions newInstructions: Int) {
        precondition(newCount <= count)
        count = newCount
        instructions = newInstructions
    }

    @discardableResult
    public mutating func append(_ op: IROp) -> Value {
        if count == capacity { grow() }
        unsafe (ops + count).initialize(to: op)
        count += 1
        if op.opcode == .insnStart { instructions += 1 }
        return Value(Int32(truncatingIfNeeded: count - 1))
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<IROp>.allocate(capacity: capacity * 2)
        unsafe larger.moveInitialize(from: ops, count: count)
        unsafe ops.deallocate()
        unsafe ops = larger
        capacity *= 2
    }
}
