import CHost
import IR

/// Executes IR without making host code: for hosts where none may be generated, and as the oracle for the code generator.
///
/// Each value has a cell of two 64-bit lanes in a buffer that is reused from block to block; a value narrower than its cell is
/// zero-extended. Vectors wider than 128 bits have no cell and trap by name.
public struct Interpreter: ~Copyable {
    /// Whether `insnStart` counts `CPUHeader.budget` down and leaves the block when it is used up (`-icount`, single step).
    public var countsInstructions = false

    var low: UnsafeMutablePointer<UInt64>
    var high: UnsafeMutablePointer<UInt64>
    private var capacity: Int
    private var labels: UnsafeMutablePointer<Int>
    private var labelCapacity: Int
    let helpers: [Helper]
    let runtime: RuntimeFunctions

    /// - Parameters:
    ///   - helpers: the guest's table, which `call` indexes.
    ///   - runtime: the memory accesses.
    public init(helpers: [Helper], runtime: RuntimeFunctions) {
        self.helpers = helpers
        self.runtime = runtime
        capacity = 2048
        labelCapacity = 64
        unsafe low = .allocate(capacity: capacity)
        unsafe high = .allocate(capacity: capacity)
        unsafe labels = .allocate(capacity: labelCapacity)
    }

    deinit {
        unsafe low.deallocate()
        unsafe high.deallocate()
        unsafe labels.deallocate()
    }

    /// Runs `block` on the vCPU of `header` until control leaves it; `header.pc` then tells where the guest goes on.
    ///
    /// - Returns: `lookup` when the block ran to an exit to another guest address, else why it was left.
    public mutating func run(_ block: borrowing IRBlock, _ header: CPUHeader) -> ExitReason {
        let request = unsafe (header.state + CPUHeader.Offset.exitRequest).assumingMemoryBound(to: UInt32.self)
        if unsafe apus_atomic_load_relaxed_u32(request) != 0 { return .interrupt }
        prepare(block)
        let ops = unsafe block.ops
        var index = 0
        while true {
            let op = unsafe ops[index]
            var target: Int32 = -1
            switch op.opcode {
            case .const:
                let bits = UInt64(bitPattern: op.imm) & op.type.mask
                setWide(index, UInt128(high: op.type == .v128 ? bits : 0, low: bits))
            case .readState: readState(op, index, header)
            case .writeState: writeState(op, header)
            case .load, .store, .atomicRMW, .compareExchange, .loadLinked, .storeConditional, .call:
                unsafe access(op, index, ops, header)
                if header.exception != 0 { return .exception }
            case .fence: synchronize()
            case .fadd, .fsub, .fmul, .fdiv, .fsqrt, .fma, .fmin, .fmax, .fcompare, .fclass, .fconvert, .floatToInt, .intToFloat,
                .froundInt, .unboxFloat, .boxFloat,
                .vfadd, .vfsub, .vfmul, .vfdiv, .vfsqrt, .vfma, .vfmin, .vfmax, .vfroundInt, .vfcompare, .vfwiden, .vfnarrow, .vfloatToInt,
                .vintToFloat:
                unsafe computeFloat(op, index, ops, header)
            case .label, .probe: break
            case .br: target = Int32(truncatingIfNeeded: op.imm)
            case .brIf: if isNonzero(op.a) { target = Int32(truncatingIfNeeded: op.imm) }
            case .brCompare: if unsafe holds(op, ops) { target = Int32(truncatingIfNeeded: op.imm) }
            case .exitDirect:
                header.pc = UInt64(bitPattern: op.imm)
                return .lookup
            case .exitIndirect:
                header.pc = unsafe low[Int(op.a)]
                return .lookup
            case .exitWith:
                if !op.keepsPC { header.pc = UInt64(bitPattern: op.imm) }
                return op.reason
            case .insnStart: if !startInstruction(op, header) { return .budget }
            default: unsafe compute(op, index, ops)
            }
            index = target < 0 ? index + 1 : unsafe labels[Int(target)]
        }
    }

    // MARK: Cells

    @inline(__always) func set(_ index: Int, _ value: UInt64) {
        unsafe low[index] = value
        unsafe high[index] = 0
    }

    @inline(__always) func setWide(_ index: Int, _ value: UInt128) {
        unsafe low[index] = value.lowHalf
        unsafe high[index] = value.highHalf
    }

    /// The low lane of an operand; 0 for one that is absent.
    @inline(__always) func narrow(_ operand: Int32) -> UInt64 { operand < 0 ? 0 : unsafe low[Int(operand)] }

    @inline(__always) func wide(_ operand: Int32) -> UInt128 {
        operand < 0 ? 0 : unsafe UInt128(high: high[Int(operand)], low: low[Int(operand)])
    }

    private func isNonzero(_ operand: Int32) -> Bool { unsafe low[Int(operand)] | high[Int(operand)] != 0 }

    private mutating func prepare(_ block: borrowing IRBlock) {
        if block.count > capacity {
            unsafe low.deallocate()
            unsafe high.deallocate()
            capacity = block.count * 2
            unsafe low = .allocate(capacity: capacity)
            unsafe high = .allocate(capacity: capacity)
        }
        if block.labels == 0 { return }
        if Int(block.labels) > labelCapacity {
            unsafe labels.deallocate()
            labelCapacity = Int(block.labels) * 2
            unsafe labels = .allocate(capacity: labelCapacity)
        }
        for index in 0..<block.count where unsafe block.ops[index].opcode == .label {
            unsafe labels[Int(block.ops[index].imm)] = index
        }
    }

    // MARK: Computing

    private func compute(_ op: IROp, _ index: Int, _ ops: UnsafeMutablePointer<IROp>) {
        let source = unsafe ops[Int(op.a)].type
        if op.opcode.isVector {
            setWide(index, EvaluateVector.compute(op, source: source, wide(op.a), wide(op.b), wide(op.c)))
        } else if op.type.bits <= 64 && source.bits <= 64 {
            set(index, Evaluate.narrow(op, source: source, narrow(op.a), narrow(op.b), narrow(op.c)))
        } else {
            setWide(index, Evaluate.wide(op, source: source, wide(op.a), wide(op.b), wide(op.c)))
        }
    }

    private func holds(_ op: IROp, _ ops: UnsafeMutablePointer<IROp>) -> Bool {
        let source = unsafe ops[Int(op.a)].type
        if source.bits <= 64 { return Evaluate.holds(op.condition, source.bits, narrow(op.a), narrow(op.b)) }
        let compare = IROp(.compare, .i8, attribute: op.attribute)
        return Evaluate.wide(compare, source: source, wide(op.a), wide(op.b), 0) != 0
    }

    private func startInstruction(_ op: IROp, _ header: CPUHeader) -> Bool {
        header.pc = UInt64(bitPattern: op.imm)
        guard countsInstructions else { return true }
        if header.budget <= 0 { return false }
        header.budget -= 1
        return true
    }
}
