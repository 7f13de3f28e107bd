import IR

/// A loop with what is in it and near it, as a graph of blocks in SSA form across all of them: tier 2's program.
///
/// Values are nodes, named by their index. Guest state is read where the region is entered and written where it is left; what happens to it in between
/// are marks (`writeState`), from which `Recovery` works out where each field is when somebody must be told.
public final class Region {
    public struct Node {
        public enum Kind: UInt8 {
            case operation
            /// One of its arguments, by the edge that the block was entered through.
            case phi
            /// What a field of guest state (`op.imm`) holds where the region is entered.
            case entry
        }

        public var kind: Kind
        public var op: IROp
        public var block: Int
        /// Bits of the operands of what extends, compares, tests or stores.
        public var width: UInt8 = 0
        /// Of a load with a likely value (`op.b`): the value is that if the load's address is this many bytes from `op.c`.
        public var likelyDisplacement: Int64 = 0

        public init(_ kind: Kind, _ op: IROp, in block: Int, width: UInt8 = 0) {
            self.kind = kind
            self.op = op
            self.block = block
            self.width = width
        }
    }

    public struct Block {
        public var phis: [Int32] = []
        public var body: [Int32] = []
        public var predecessors: [Int] = []
        /// Of a conditional branch first where it leads if it is taken.
        public var successors: [Int] = []
        /// Address of the guest instruction that is under way at the beginning.
        public var pc: UInt64 = 0
        /// Whether a later block leads back here.
        public var isHead = false
        /// Loops around it.
        public var depth = 0
        /// Fields' values at the beginning, by field; -1 where no value is known and guest state holds it.
        public var atEntry: [Int32] = []

        public init() {}
    }

    /// A field of guest state that the region uses.
    public struct Field: Equatable {
        public let offset: Int64
        public let type: IRType
    }

    /// Block 0 is the entry, the others follow in the order of their code.
    @exclusivity(unchecked) public var blocks: [Block] = []
    @exclusivity(unchecked) public var nodes: [Node] = []
    /// Arguments of phis in the order of their blocks' predecessors.
    @exclusivity(unchecked) public internal(set) var arguments: [Int32: [Int32]] = [:]
    public let fields: [Field]
    /// Nodes that their users make as part of themselves.
    @exclusivity(unchecked) public var fused: Set<Int32> = []
    /// Fields whose values are kept at hand wherever guest state may be wanted, a bit each.
    @exclusivity(unchecked) public internal(set) var carried: UInt64 = 0
    let fieldNumbers: [Int64: Int]

    init(_ fields: [Field]) {
        self.fields = fields
        fieldNumbers = Dictionary(uniqueKeysWithValues: fields.enumerated().map { ($1.offset, $0) })
    }

    /// The number of a field that is tracked; nil for one that others look at as well.
    public func number(of offset: Int64) -> Int? { fieldNumbers[offset] }

    public func append(_ node: Node) -> Int32 {
        nodes.append(node)
        return Int32(nodes.count - 1)
    }

    /// The constant that a node is.
    public func constant(_ value: Int32) -> Int64? {
        let node = nodes[Int(value)]
        return node.kind == .operation && node.op.opcode == .const ? node.op.imm : nil
    }

    /// A node's value operands; those of what it makes itself in place of that.
    public func operands(_ value: Int32) -> Operands {
        let op = nodes[Int(value)].op
        var operands = Operands(op.a, op.b, op.c)
        if fused.isEmpty || op.opcode != .select || !fused.contains(op.a) { return operands }
        operands = Operands(nodes[Int(op.a)].op.a, nodes[Int(op.a)].op.b, op.b)
        operands.append(op.c)
        return operands
    }

    public func renameOperands(of value: Int32, _ name: (Int32) -> Int32) {
        var op = nodes[Int(value)].op
        if op.a >= 0 { op.a = name(op.a) }
        if op.b >= 0 { op.b = name(op.b) }
        if op.c >= 0 { op.c = name(op.c) }
        nodes[Int(value)].op = op
    }

    /// At most four values.
    public struct Operands: Sequence, IteratorProtocol {
        private var values: InlineArray<4, Int32> = [-1, -1, -1, -1]
        private var count = 0
        private var position = 0

        init(_ a: Int32, _ b: Int32, _ c: Int32) {
            if a >= 0 { append(a) }
            if b >= 0 { append(b) }
            if c >= 0 { append(c) }
        }

        mutating func append(_ value: Int32) {
            values[count] = value
            count += 1
        }

        public mutating func next() -> Int32? {
            if position == count { return nil }
            defer { position += 1 }
            return values[position]
        }
    }

    /// Whether a node is kept though nobody uses its value.
    public func isRoot(_ value: Int32) -> Bool {
        let node = nodes[Int(value)]
        guard node.kind == .operation else { return false }
        switch node.op.opcode {
        case .load, .store, .fence, .br, .brIf, .brCompare, .exitDirect, .exitIndirect, .exitWith, .insnStart: return true
        case .readState, .writeState: return number(of: node.op.imm) == nil
        default: return false
        }
    }

    /// Whether a node is a value.
    public func hasResult(_ value: Int32) -> Bool {
        let node = nodes[Int(value)]
        guard node.kind == .operation else { return true }
        switch node.op.opcode {
        case .writeState, .store, .fence, .insnStart, .br, .brIf, .brCompare, .exitDirect, .exitIndirect, .exitWith: return false
        default: return true
        }
    }

    /// Whether somebody may want to know all of guest state at a node.
    public func needsState(_ value: Int32) -> Bool {
        switch nodes[Int(value)].op.opcode {
        case .load, .store, .exitDirect, .exitIndirect, .exitWith: nodes[Int(value)].kind == .operation
        default: false
        }
    }
}
