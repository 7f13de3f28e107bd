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
    /// From an operation's old index to its new one; -1, which stands for no operand, leads to -1.
    private var map: UnsafeMutablePointer<Int32>
    /// 1 where an operation of `out` stays, else 0; -1 may be marked, too.
    private var live: UnsafeMutablePointer<UInt8>
    var fields: StateTable
    /// `HelperEffects` by helper index.
    private let effects: [HelperEffects]
    /// `Need` by opcode.
    private let needs: UnsafeMutablePointer<Need>

    /// - Parameters:
    ///   - layout: the guest's state fields.
    ///   - helpers: the guest's helpers, whose effects bound what may be forwarded.
    public init(layout: StateLayout, helpers: [Helper]) {
        capacity = 8192
        unsafe out = .allocate(capacity: capacity)
        unsafe map = Optimizer.allocateMap(capacity)
        unsafe live = .allocate(capacity: capacity + 1) + 1
        fields = StateTable(layout)
        effects = helpers.map(\.effects)
        unsafe needs = .allocate(capacity: Opcode.allCases.count)
        for opcode in Opcode.allCases { unsafe (needs + Int(opcode.rawValue)).initialize(to: Need(opcode)) }
    }

    deinit {
        deallocate()
        unsafe needs.deallocate()
    }

    private func deallocate() {
        unsafe out.deallocate()
        unsafe (map - 1).deallocate()
        unsafe (live - 1).deallocate()
    }

    private static func allocateMap(_ capacity: Int) -> UnsafeMutablePointer<Int32> {
        let base = UnsafeMutablePointer<Int32>.allocate(capacity: capacity + 1)
        unsafe base.initialize(to: -1)
        return unsafe base + 1
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
        deallocate()
        capacity = needed * 2
        unsafe out = .allocate(capacity: capacity)
        unsafe map = Optimizer.allocateMap(capacity)
        unsafe live = .allocate(capacity: capacity + 1) + 1
    }

    // MARK: Forward

    private mutating func forward(_ block: borrowing IRBlock) {
        let source = unsafe block.ops
        fields.forget()
        var isReachable = true
        for index in 0..<block.count {
            var op = unsafe source[index]
            if !isReachable && op.opcode != .label { continue }
            renameOperands(&op)
            switch op.opcode {
            case .const:
                op.imm &= Int64(bitPattern: op.type.mask)
                unsafe map[index] = emit(op)
            case .readState: unsafe map[index] = read(&op)
            case .writeState: write(&op)
            case .load, .store: unsafe map[index] = access(&op)
            case .call:
                if effects[Int(op.imm)].contains(.writesState) { fields.forget() }
                unsafe map[index] = emit(op)
            case .label:
                fields.forget()
                isReachable = true
                emit(op)
            case .brIf, .brCompare: isReachable = branch(&op)
            case .br, .exitDirect, .exitIndirect, .exitWith:
                emit(op)
                isReachable = false
            case .unboxFloat: unsafe map[index] = unbox(&op)
            default: unsafe map[index] = (op.opcode.isPureInteger ? simplify(&op) : emit(op))
            }
        }
    }

    @inline(__always) private func renameOperands(_ op: inout IROp) {
        unsafe op.a = map[Int(op.a)]
        unsafe op.b = map[Int(op.b)]
        unsafe op.c = map[Int(op.c)]
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
        return op.opcode == .const && op.type.isNarrow ? UInt64(bitPattern: op.imm) : nil
    }

    // MARK: Backward

    private mutating func backward() {
        fields.forget()
        var index = Int(outCount)
        unsafe live.update(repeating: 0, count: index)
        while index > 0 {
            index -= 1
            let op = unsafe out.advanced(by: index)
            let need = unsafe needs[Int(op.pointee.opcode.rawValue)]
            var stays = unsafe live[index] | need.rawValue
            if need.rawValue > Need.always.rawValue { stays = unsafe isNeeded(op.pointee, live[index] != 0) ? 1 : 0 }
            if stays == 0 { continue }
            unsafe live[index] = 1
            unsafe live[Int(op.pointee.a)] = 1
            unsafe live[Int(op.pointee.b)] = 1
            unsafe live[Int(op.pointee.c)] = 1
        }
    }

    /// Whether an operation that concerns guest state stays; keeps the account of fields that are written later without a reader between.
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
        case .insnStart:
            if countsInstructions { fields.forget() }
            return true
        case .call:
            let effects = effects[Int(op.imm)]
            if effects.isEmpty { return isUsed }
            if !effects.isDisjoint(with: [.readsState, .mayFault]) { fields.forget() }
            return true
        case .load, .store, .atomicRMW, .compareExchange, .loadLinked, .storeConditional, .br, .brIf, .brCompare, .exitDirect,
            .exitIndirect, .exitWith, .probe:
            // They may fault or lead to where every field may be read.
            fields.forget()
            return true
        default:
            return isUsed || !op.float.silent && !(op.opcode == .fcompare && op.float.repeats)
        }
    }

    // MARK: Compaction

    /// Without a branch that depends on what stays: each operation is written, the next one over it if it does not.
    private mutating func compact(_ block: inout IRBlock) {
        let room = block.count
        let target = unsafe block.ops
        var count = 0
        var instructions = 0
        var index = 0
        while index < Int(outCount) && count < room {
            var op = unsafe out[index]
            renameOperands(&op)
            unsafe target[count] = op
            unsafe map[index] = Int32(truncatingIfNeeded: count)
            let stays = unsafe Int(live[index])
            instructions += op.opcode == .insnStart ? 1 : 0
            count += stays
            index += 1
        }
        block.truncate(to: count, instructions: instructions)
        // Rarely there are more than before: constants that rules have made.
        while index < Int(outCount) {
            if unsafe live[index] != 0 {
                var op = unsafe out[index]
                renameOperands(&op)
                unsafe map[index] = block.append(op).index
            }
            index += 1
        }
    }
}

/// When an operation stays.
enum Need: UInt8 {
    case ifUsed = 0
    case always = 1
    /// It depends on the account of guest state, or it changes that.
    case depends = 2

    init(_ opcode: Opcode) {
        switch opcode {
        case .const, .fclass, .unboxFloat, .boxFloat: self = .ifUsed
        case .fence, .label: self = .always
        default: self = opcode.isPureInteger || opcode.isPureVector ? .ifUsed : .depends
        }
    }
}
