import IR

/// Joins the blocks of a loop, and of the loops around and inside it as far as they are near, into one block that branches back to its own labels.
///
/// A loop is what can be reached from its head by direct jumps and leads back there. Calls, returns and other indirect jumps leave it.
public struct LoopBuilder {
    /// Makes a block of at most `limit` instructions at `pc`; false if that cannot be done.
    public typealias Translate = (_ pc: UInt64, _ limit: Int, _ block: inout IRBlock) -> Bool

    /// What a loop may consist of.
    private static let mostBlocks = 32
    private static let mostInstructions = 400
    private static let usualLimit = 64
    /// The same for a loop of straight code, which has so many instructions for each block.
    private static let mostStraightBlocks = 64
    private static let mostStraightInstructions = 2048
    private static let straightInstructions = 32

    private struct Node {
        let pc: UInt64
        var held: HeldBlock
        /// Addresses of the instructions, in their order.
        var instructions: [UInt64] = []
        /// Where direct jumps lead.
        var targets: Set<UInt64> = []

        init(_ pc: UInt64, _ held: HeldBlock) {
            self.pc = pc
            self.held = held
            for index in 0..<held.block.count {
                let op = held.block[index]
                if op.opcode == .insnStart { instructions.append(UInt64(bitPattern: op.imm)) }
                if op.opcode == .exitDirect { targets.insert(UInt64(bitPattern: op.imm)) }
            }
        }
    }

    private let head: UInt64
    private var nodes: [UInt64: Node] = [:]

    private init(_ head: UInt64) { self.head = head }

    /// Builds the loop at `head` into `block`.
    ///
    /// - Parameter isNear: whether code at an address may belong to it.
    /// - Returns: the guest addresses that it was made from; nil if no loop is within reach.
    public static func build(_ head: UInt64, into block: inout IRBlock, isNear: (UInt64) -> Bool, translate: Translate) -> [Range<UInt64>]? {
        var builder = LoopBuilder(head)
        builder.discover(isNear, translate)
        builder.keepWhatLeadsBack()
        guard builder.nodes[head] != nil, builder.split(translate) else { return nil }
        builder.join(into: &block)
        return builder.nodes.values.map { $0.pc..<$0.pc &+ UInt64($0.held.block.guestBytes) }
    }

    // MARK: Discovery

    /// What can be reached from the head, the nearest first.
    private mutating func discover(_ isNear: (UInt64) -> Bool, _ translate: Translate) {
        var waiting = [head]
        var next = 0
        var instructions = 0
        while next < waiting.count, mayGrow(instructions) {
            let pc = waiting[next]
            next += 1
            guard nodes[pc] == nil, let node = make(pc, LoopBuilder.usualLimit, translate) else { continue }
            nodes[pc] = node
            instructions += node.instructions.count
            waiting += node.targets.filter(isNear).sorted()
        }
    }

    /// Whether there is room for more blocks beside those that have so many instructions.
    private func mayGrow(_ instructions: Int) -> Bool {
        if nodes.count < LoopBuilder.mostBlocks, instructions < LoopBuilder.mostInstructions { return true }
        return nodes.count < LoopBuilder.mostStraightBlocks && instructions < LoopBuilder.mostStraightInstructions
            && instructions >= nodes.count * LoopBuilder.straightInstructions
    }

    private func make(_ pc: UInt64, _ limit: Int, _ translate: Translate) -> Node? {
        var block = IRBlock(capacity: 256)
        block.reset(pc: pc)
        guard translate(pc, limit, &block), block.count > 0 else { return nil }
        return Node(pc, HeldBlock(copyOf: block))
    }

    private mutating func keepWhatLeadsBack() {
        var kept: Set<UInt64> = []
        var grows = true
        while grows {
            let more = nodes.values.filter { node in !kept.contains(node.pc) && node.targets.contains { $0 == head || kept.contains($0) } }
            kept.formUnion(more.map(\.pc))
            grows = !more.isEmpty
        }
        nodes = nodes.filter { kept.contains($0.key) }
    }

    /// Ends blocks before instructions that others begin with.
    private mutating func split(_ translate: Translate) -> Bool {
        for (pc, node) in nodes {
            guard let limit = node.instructions.dropFirst().firstIndex(where: { nodes[$0] != nil }) else { continue }
            guard let shorter = make(pc, limit, translate) else { return false }
            nodes[pc] = shorter
        }
        return true
    }

    // MARK: Joining

    /// In the order of their addresses, from the head on and round.
    private mutating func join(into block: inout IRBlock) {
        let order = nodes.keys.sorted { ($0 < head ? 1 : 0, $0) < ($1 < head ? 1 : 0, $1) }
        let labels = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, Int64($0)) })
        block.reset(pc: head)
        block.labels = Int32(order.count)
        for pc in order {
            guard let node = nodes[pc] else { continue }
            block.append(IROp(.label, .none, imm: labels[pc] ?? 0))
            LoopBuilder.append(node.held, labels, to: &block)
        }
    }

    /// Appends a block whose direct exits to what has a label become branches.
    private static func append(_ held: HeldBlock, _ labels: [UInt64: Int64], to block: inout IRBlock) {
        let firstLabel = Int64(block.labels)
        block.labels += held.block.labels
        let inside = labelsInside(held, labels)
        var map = [Int32](repeating: -1, count: held.block.count)
        func renamed(_ value: Int32) -> Int32 { value < 0 ? value : map[Int(value)] }
        var index = 0
        while index < held.block.count {
            var op = held.block[index]
            if op.opcode == .label, inside[op.imm] != nil {
                index += 2
                continue
            }
            (op.a, op.b, op.c) = (renamed(op.a), renamed(op.b), renamed(op.c))
            switch op.opcode {
            case .label, .br, .brIf, .brCompare: op.imm = inside[op.imm] ?? op.imm + firstLabel
            case .exitDirect:
                if let label = labels[UInt64(bitPattern: op.imm)] { op = IROp(.br, .none, imm: label) }
            default: break
            }
            map[index] = block.append(op).index
            index += 1
        }
    }

    /// Labels that only lead out of a block to another one of the loop, with the label there.
    private static func labelsInside(_ held: HeldBlock, _ labels: [UInt64: Int64]) -> [Int64: Int64] {
        var inside = [Int64: Int64]()
        for index in 1..<max(1, held.block.count - 1) {
            let op = held.block[index], next = held.block[index + 1]
            guard op.opcode == .label, next.opcode == .exitDirect, held.block[index - 1].opcode.info.effects.contains(.endsRun) else { continue }
            inside[op.imm] = labels[UInt64(bitPattern: next.imm)]
        }
        return inside
    }
}
