import IR
import Regions

/// Values that found no register for all of their life get one for blocks in which they are used more than once, by way of copies.
struct Splitting {
    /// What a copy is one of.
    private(set) var originals: [Int32: Int32] = [:]
    /// Values that must stay where they are while their copies are in use, by the nodes that use these.
    private(set) var kept: [Int32: [Int32]] = [:]

    private let region: Region

    init(_ region: Region, _ liveness: Liveness, _ places: RegisterAllocation) {
        self.region = region
        for number in region.blocks.indices where region.blocks[number].depth > 0 { visit(number, liveness, places) }
    }

    private mutating func visit(_ number: Int, _ liveness: Liveness, _ places: RegisterAllocation) {
        var counts: [Int32: Int] = [:]
        for value in region.blocks[number].body where liveness.isUsed(value) {
            for operand in region.operands(value) where places[operand].isSlot { counts[operand, default: 0] += 1 }
        }
        counts = counts.filter { $0.value > 1 }
        if counts.isEmpty { return }
        var copies: [Int32: Int32] = [:]
        var body: [Int32] = []
        for value in region.blocks[number].body {
            if liveness.isUsed(value), !isMark(value) {
                for operand in region.operands(value) where counts[operand] != nil {
                    if copies[operand] == nil { copies[operand] = copy(operand, number, &body) }
                    kept[value, default: []].append(operand)
                }
                region.renameOperands(of: value) { copies[$0] ?? $0 }
            }
            if counts[value] != nil, liveness.isUsed(value), !region.needsState(value) { copies[value] = result(value, number, &body) }
            body.append(value)
        }
        region.blocks[number].body = body
    }

    private func isMark(_ value: Int32) -> Bool {
        region.nodes[Int(value)].op.opcode == .writeState && region.number(of: region.nodes[Int(value)].op.imm) != nil
    }

    private mutating func copy(_ value: Int32, _ number: Int, _ body: inout [Int32]) -> Int32 {
        let copy = region.append(.init(.operation, IROp(.bitcast, region.nodes[Int(value)].op.type, a: value), in: number, width: 64))
        originals[copy] = value
        body.append(copy)
        return copy
    }

    /// A result that is needed soon and late: its operation's is the copy, which is then put away.
    private mutating func result(_ value: Int32, _ number: Int, _ body: inout [Int32]) -> Int32 {
        var node = region.nodes[Int(value)]
        let first = region.append(node)
        node = .init(.operation, IROp(.bitcast, node.op.type, a: first), in: number, width: 64)
        region.nodes[Int(value)] = node
        body.append(first)
        return first
    }
}
