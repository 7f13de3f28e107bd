import IR

/// Operations that compute the same from the same are done once, where the first one comes before the other on every way.
struct ValueNumbering {
    private struct Key: Hashable {
        let opcode: Opcode
        let type: IRType
        let attribute: UInt16
        let width: UInt8
        let a: Int32, b: Int32, c: Int32
        let imm: Int64
    }

    private let region: Region
    private let dominators: Dominators
    private var known: [Key: [Int32]] = [:]
    private var replaced: [Int32: Int32] = [:]

    static func run(_ region: Region, replace: (Int32, Int32) -> Void) {
        var numbering = ValueNumbering(region: region, dominators: Dominators(region))
        for number in numbering.dominators.order { numbering.visit(number) }
        for (value, other) in numbering.replaced { replace(value, other) }
    }

    private func resolve(_ value: Int32) -> Int32 { value < 0 ? value : replaced[value] ?? value }

    private mutating func visit(_ number: Int) {
        for value in region.blocks[number].body {
            let node = region.nodes[Int(value)]
            guard node.kind == .operation, !region.isRoot(value), node.op.opcode != .writeState, node.op.opcode != .readState else { continue }
            let op = node.op
            let key = Key(
                opcode: op.opcode, type: op.type, attribute: op.attribute, width: node.width, a: resolve(op.a), b: resolve(op.b), c: resolve(op.c),
                imm: op.imm)
            if let first = known[key]?.first(where: { dominators.dominates(region.nodes[Int($0)].block, number) }) {
                replaced[value] = first
            } else {
                known[key, default: []].append(value)
            }
        }
    }
}

/// Which block comes before which on every way from the entry (Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm).
struct Dominators {
    /// Blocks so that each comes behind those that dominate it.
    let order: [Int]
    private var place: [Int]
    private var parent: [Int]

    init(_ region: Region) {
        order = Dominators.reversePostorder(region)
        place = [Int](repeating: 0, count: region.blocks.count)
        for (index, number) in order.enumerated() { place[number] = index }
        parent = [Int](repeating: -1, count: region.blocks.count)
        parent[0] = 0
        var changes = true
        while changes {
            changes = false
            for number in order.dropFirst() {
                let known = region.blocks[number].predecessors.filter { parent[$0] >= 0 }
                guard var common = known.first else { continue }
                for other in known.dropFirst() { common = meet(common, other) }
                if parent[number] != common {
                    parent[number] = common
                    changes = true
                }
            }
        }
    }

    private func meet(_ a: Int, _ b: Int) -> Int {
        var (a, b) = (a, b)
        while a != b {
            while place[a] > place[b] { a = parent[a] }
            while place[b] > place[a] { b = parent[b] }
        }
        return a
    }

    func dominates(_ a: Int, _ b: Int) -> Bool {
        var b = b
        while place[b] > place[a] { b = parent[b] }
        return a == b
    }

    /// Whether the first comes before the second in `order`.
    func isOrdered(_ a: Int, _ b: Int) -> Bool { place[a] < place[b] }

    static func reversePostorder(_ region: Region) -> [Int] {
        var order: [Int] = []
        var isSeen = [Bool](repeating: false, count: region.blocks.count)
        var stack = [(0, 0)]
        isSeen[0] = true
        while let (number, next) = stack.popLast() {
            guard next < region.blocks[number].successors.count else {
                order.append(number)
                continue
            }
            stack.append((number, next + 1))
            let successor = region.blocks[number].successors[next]
            if isSeen[successor] { continue }
            isSeen[successor] = true
            stack.append((successor, 0))
        }
        return order.reversed()
    }
}
