import IR
import Regions

/// Gives accesses addresses of two registers, and comparisons to the selections that they decide.
struct AddressSelection {
    private let region: Region
    /// Users by node, phis among them.
    private var users: [Int32: [Int32]] = [:]
    /// What guest state may want as well.
    private var written: Set<Int32> = []

    static func run(_ region: Region) {
        var selection = AddressSelection(region: region)
        selection.findUsers()
        for index in region.nodes.indices { selection.fuseComparison(Int32(index)) }
        for block in region.blocks { for value in block.body { selection.fold(value) } }
    }

    private init(region: Region) { self.region = region }

    private mutating func findUsers() {
        for block in region.blocks {
            for value in block.body {
                let isMark = region.nodes[Int(value)].op.opcode == .writeState
                for operand in region.operands(value) { if isMark { written.insert(operand) } else { users[operand, default: []].append(value) } }
            }
        }
        for (phi, arguments) in region.arguments { for argument in arguments { users[argument, default: []].append(phi) } }
    }

    /// A comparison that only selects is made where that happens.
    private func fuseComparison(_ value: Int32) {
        let node = region.nodes[Int(value)]
        guard node.kind == .operation, node.op.opcode == .compare, !written.contains(value), let users = users[value] else { return }
        let isSelector = users.allSatisfy { user in
            let op = region.nodes[Int(user)].op
            return region.nodes[Int(user)].kind == .operation && op.opcode == .select && op.a == value && op.b != value && op.c != value
        }
        if isSelector { region.fused.insert(value) }
    }

    /// The access adds up its address if nobody else wants the sum.
    private func fold(_ value: Int32) {
        let node = region.nodes[Int(value)]
        guard node.op.opcode == .load && node.op.b < 0 || node.op.opcode == .store, node.op.c < 0 else { return }
        let sum = region.nodes[Int(node.op.a)]
        guard sum.kind == .operation, sum.op.opcode == .add, sum.op.type == .i64, region.constant(sum.op.a) == nil, region.constant(sum.op.b) == nil,
            region.blocks[sum.block].depth >= region.blocks[node.block].depth, (users[node.op.a] ?? []).allSatisfy(isAccess(of: node.op.a))
        else { return }
        let (base, index, scale) = scaled(sum.op.a, sum.op.b) ?? scaled(sum.op.b, sum.op.a) ?? (sum.op.a, sum.op.b, 0)
        region.nodes[Int(value)].op.a = base
        region.nodes[Int(value)].op.c = index
        region.nodes[Int(value)].width = scale
    }

    private func isAccess(of address: Int32) -> (Int32) -> Bool {
        { [region] user in
            let node = region.nodes[Int(user)]
            return node.kind == .operation && (node.op.opcode == .load && node.op.b < 0 || node.op.opcode == .store && node.op.b != address)
        }
    }

    private func scaled(_ base: Int32, _ index: Int32) -> (Int32, Int32, UInt8)? {
        let node = region.nodes[Int(index)]
        guard node.kind == .operation, node.op.opcode == .shl, node.op.type == .i64, let count = region.constant(node.op.b), count >= 1, count <= 3
        else { return nil }
        return (base, node.op.a, UInt8(count))
    }
}
