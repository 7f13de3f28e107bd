import IR

/// Tier 1: one quick pass over a block, run by run (a run lies between two labels).
///
/// Three sweeps: forward, each operation is simplified and state is forwarded into a side buffer; backward, what nobody needs is marked;
/// forward again, the rest goes back into the block. The buffers are reused from block to block, so that nothing is allocated.
public struct Optimizer: ~Copyable {
    /// Whether `insnStart` may leave the block because the instruction budget is used up, so that guest state must be true there.
    public var countsInstructions = false

    /// The simplified operations; their operands are indices into this buffer.
    var out: UnsafeMutablePointer<IROp>
    var outCount: Int32 = 0
    private var capacity: Int
    /// From an operation's old index to its new one.
    private var map: UnsafeMutablePointer<Int32>
    /// Whether an operation of `out` stays.
    private var live: UnsafeMutablePointer<Bool>
    var fields: StateTable
    /// `HelperEffects` by helper index.
    private let effects: [HelperEffects]

    /// - Parameters:
    ///   - layout: the guest's state fields.
    ///   - helpers: the guest's helpers, whose effects bound what may be forwarded.
    public init(layout: StateLayout, helpers: [Helper]) {
        capacity = 8192
        unsafe out = .allocate(capacity: capacity)
        unsafe map = .allocate(capacity: capacity)
        unsafe live = .allocate(capacity: capacity)
        fields = StateTable(layout)
        effects = helpers.map(\.effects)
    }

    deinit {
        unsafe out.deallocate()
        unsafe map.deallocate()
        unsafe live.deallocate()
    }

    /// Improves `block`, which must be verified IR, in place.
    public mutating func run(_ block: inout IRBlock) {
        reserve(block.count)
        forward(block)
        backward()
        compact(&block)
    }

    /// An operation becomes at most three (a rewritten one and its constants).
    private mutating func reserve(_ count: Int) {
        let needed = 3 * count + 16
        outCount = 0
        if needed <= capacity { return }
        unsafe out.deallocate()
        unsafe map.deallocate()
        unsafe live.deallocate()
        capacity = needed * 2
        unsafe out = .allocate(capacity: capacity)
        unsafe map = .allocate(capacity: capacity)
        unsafe live = .allocate(capacity: capacity)
    }

    // MARK: Forward

    private mutating func forward(_ block: borrowing IRBlock) {
        let source = unsafe block.ops
        fields.forget()
        var isReachable = true
        for index in 0..<block.count {
            var op = unsafe source[index]
            if !isReachable && op.opcode != .label { continue }
            if op.a >= 0 { unsafe op.a = map[Int(op.a)] }
            if op.b >= 0 { unsafe op.b = map[Int(op.b)] }
            if op.c >= 0 { unsafe op.c = map[Int(op.c)] }
            switch op.opcode {
            case .readState: unsafe map[index] = read(op)
            case .writeState: write(op)
            case .load, .store: unsafe map[index] = access(op)
            case .call:
                if effects[Int(op.imm)].contains(.writesState) { fields.forget() }
                unsafe map[index] = emit(op)
            case .label:
                fields.forget()
                isReachable = true
                emit(op)
            case .brIf, .brCompare: isReachable = branch(op)
            case .br, .exitDirect, .exitIndirect, .exitWith:
                emit(op)
                isReachable = false
            case .unboxFloat: unsafe map[index] = unbox(op)
            default: unsafe map[index] = (op.opcode.isPureInteger ? simplify(op) : emit(op))
            }
        }
    }

    @discardableResult
    @inline(__always) mutating func emit(_ op: IROp) -> Int32 {
        unsafe out[Int(outCount)] = op
        outCount += 1
        return outCount - 1
    }

    mutating func constant(_ type: IRType, _ value: UInt64) -> Int32 {
        emit(IROp(.const, type, imm: Int64(bitPattern: value & type.mask)))
    }

    /// The operation that makes a value.
    @inline(__always) func definition(_ value: Int32) -> IROp { unsafe out[Int(value)] }

    @inline(__always) func isConstant(_ value: Int32) -> Bool { unsafe value >= 0 && out[Int(value)].opcode == .const }

    /// A constant's bits, at most 64 of them; `nil` for what is computed.
    @inline(__always) func constantBits(_ value: Int32) -> UInt64? {
        guard value >= 0 else { return nil }
        let op = definition(value)
        return op.opcode == .const && op.type.bits <= 64 ? UInt64(bitPattern: op.imm) & op.type.mask : nil
    }

    // MARK: Backward

    private mutating func backward() {
        fields.forget()
        var index = Int(outCount)
        unsafe live.update(repeating: false, count: index)
        while index > 0 {
            index -= 1
            let op = unsafe out[index]
            let isUsed = unsafe live[index]
            if !isNeeded(op, isUsed) { continue }
            unsafe live[index] = true
            if op.a >= 0 { unsafe live[Int(op.a)] = true }
            if op.b >= 0 { unsafe live[Int(op.b)] = true }
            if op.c >= 0 { unsafe live[Int(op.c)] = true }
        }
    }

    /// Whether an operation stays; keeps the account of fields that are written later without a reader between.
    private mutating func isNeeded(_ op: IROp, _ isUsed: Bool) -> Bool {
        switch op.opcode {
        case .readState:
            if isUsed { fields.drop(op.imm) }
            return isUsed
        case .writeState:
            if StateTable.isShared(op.imm) { return true }
            if fields.value(op.imm) != nil { return false }
            fields.set(op.imm, 0)
            return true
        case .const, .fclass, .unboxFloat: return isUsed
        case .fadd, .fsub, .fmul, .fdiv, .fsqrt, .fma, .fmin, .fmax, .fcompare, .fconvert, .floatToInt, .intToFloat, .froundInt:
            return isUsed || !op.float.silent
        case .fence, .label: return true
        case .insnStart:
            if countsInstructions { fields.forget() }
            return true
        case .call:
            let effects = effects[Int(op.imm)]
            if effects.isEmpty { return isUsed }
            if !effects.isDisjoint(with: [.readsState, .mayFault]) { fields.forget() }
            return true
        case _ where op.opcode.isPureInteger: return isUsed
        default:
            // Memory accesses may fault; branches, exits and probes lead to where every field may be read.
            fields.forget()
            return true
        }
    }

    // MARK: Compaction

    private mutating func compact(_ block: inout IRBlock) {
        block.truncate(to: 0, instructions: 0)
        for index in 0..<Int(outCount) where unsafe live[index] {
            var op = unsafe out[index]
            if op.a >= 0 { unsafe op.a = map[Int(op.a)] }
            if op.b >= 0 { unsafe op.b = map[Int(op.b)] }
            if op.c >= 0 { unsafe op.c = map[Int(op.c)] }
            unsafe map[index] = block.append(op).index
        }
    }
}
