import IR

/// Where guest state is while a region runs, so that somebody who looks finds it whole: at accesses that may fault, at exits, where loops begin anew.
///
/// A field whose value is in use anyway is not written ("lazily" written): whoever needs it takes it from there. If the value may be gone when it is
/// needed, it is written where it comes to be. So no value is kept for guest state alone, and what is overwritten unseen is never written.
public struct Recovery {
    /// A field that is not true in guest state, and what makes it so: a value, and the operations that lead from there to the field's value, each with
    /// the one before as an operand and values that are there as well as the other.
    public struct Item {
        public let field: Region.Field
        public let value: Int32
        public var path: [Step] = []
    }

    /// An operation that is done again, as it was when that was decided: the node itself may have become a copy since.
    public struct Step {
        public let op: IROp
        public let width: UInt8
        /// The operand beside what the step goes on from; -1 for none.
        public let other: Int32
    }

    /// How many operations a field's value may be away from what is there.
    private static let longestPath = 4

    private let region: Region
    /// Marks that are to be carried out, with what they write.
    public private(set) var writes: [Int32: Item] = [:]
    /// What is to be restored at a node that needs guest state.
    public private(set) var atNode: [Int32: [Item]] = [:]
    /// The same where a loop begins anew, by block.
    public private(set) var atHead: [Int: [Item]] = [:]
    /// What is to be written where a block begins that a loop leads to: outside it costs less than at each round.
    public private(set) var atStart: [Int: [Item]] = [:]
    /// Values in use, with what recovery uses.
    public private(set) var liveness: Liveness

    /// Fields that the region writes, a bit each.
    private let written: UInt64
    /// Values of all fields at nodes that need state.
    private var values: [Int32: [Int32]] = [:]

    public init(_ region: Region) {
        self.region = region
        liveness = Liveness(region, extra: [:], atStart: [:])
        var bits: UInt64 = 0
        for node in region.nodes where node.kind == .operation && node.op.opcode == .writeState {
            if let field = region.number(of: node.op.imm) { bits |= 1 << UInt64(field) }
        }
        written = bits
        noteValues()
        carry()
        decide()
        collect()
        settle()
    }

    /// Works out once more what is in use, with what is restored and written.
    ///
    /// - Parameter kept: values that have to be there at nodes for other reasons.
    public mutating func settle(keeping kept: [Int32: [Int32]] = [:]) {
        var extra = kept
        for (node, item) in writes { extra[node, default: []] += uses(item) }
        for (node, items) in atNode { extra[node, default: []] += items.flatMap(uses) }
        let starts = atHead.merging(atStart) { $0 + $1 }
        liveness = Liveness(region, extra: extra, atStart: starts.mapValues { $0.flatMap(uses) })
    }

    private mutating func noteValues() {
        for block in region.blocks {
            var current = block.atEntry
            for value in block.body {
                if region.needsState(value) { values[value] = current }
                if let field = field(writtenBy: value) { current[field] = region.nodes[Int(value)].op.a }
            }
        }
    }

    /// Keeps carried fields in use wherever somebody may want them: their values, or what these are easily made from.
    private mutating func carry() {
        guard region.carried != 0 else { return }
        var extra: [Int32: [Int32]] = [:], starts: [Int: [Int32]] = [:]
        for (number, block) in region.blocks.enumerated() {
            liveness.walk(number) { value, live in
                if let current = values[value] { extra[value] = carriedValues(current, available(number, value, live)) }
            }
            if block.isHead { starts[number] = carriedValues(block.atEntry, atHead(number)) }
        }
        liveness = Liveness(region, extra: extra, atStart: starts)
    }

    private func carriedValues(_ current: [Int32], _ isAvailable: (Int32) -> Bool) -> [Int32] {
        region.fields.indices.filter { (region.carried & written) >> UInt64($0) & 1 != 0 && item($0, current[$0], isAvailable, orNil: true) == nil }
            .map { field in
                let value = current[field]
                let node = region.nodes[Int(value)]
                let isExtension = node.kind == .operation && node.width == 32 && (node.op.opcode == .sext || node.op.opcode == .zext)
                return isExtension && !liveness.isUsed(value) ? node.op.a : value
            }
    }

    private func field(writtenBy value: Int32) -> Int? {
        let node = region.nodes[Int(value)]
        guard node.kind == .operation, node.op.opcode == .writeState else { return nil }
        return region.number(of: node.op.imm)
    }

    // MARK: Decisions

    /// What a block does to the set of fields that have to be true in guest state, from its end on.
    private enum Event {
        /// Those whose values may be gone where somebody may look.
        case need(UInt64)
        /// A mark.
        case mark(Int, Int32)
    }

    /// Which marks are carried out: those from which a place can be reached where the field's value may be gone.
    private mutating func decide() {
        let allEvents = region.blocks.indices.map { events($0) }
        var needs = [UInt64](repeating: 0, count: region.blocks.count)
        var carriedOut: Set<Int32> = []
        var changes = true
        while changes {
            changes = false
            for number in region.blocks.indices.reversed() {
                var need = region.blocks[number].successors.reduce(0) { $0 | needs[$1] }
                for event in allEvents[number] {
                    switch event {
                    case .need(let bits): need |= bits
                    case .mark(let field, let value):
                        if need >> UInt64(field) & 1 != 0 { carriedOut.insert(value) }
                        need &= ~(1 << UInt64(field))
                    }
                }
                need &= ~writtenBehindLoop(number, need)
                if need != needs[number] {
                    needs[number] = need
                    changes = true
                }
            }
        }
        for number in region.blocks.indices where !region.blocks[number].body.allSatisfy({ !carriedOut.contains($0) }) {
            liveness.walk(number) { value, live in
                guard value >= 0, carriedOut.contains(value), let field = field(writtenBy: value) else { return }
                writes[value] = item(field, region.nodes[Int(value)].op.a) { live.contains($0) }
            }
        }
    }

    private func events(_ number: Int) -> [Event] {
        var events: [Event] = []
        let block = region.blocks[number]
        liveness.walk(number) { value, live in
            if value < 0 { return }
            if let current = values[value] {
                let bits = missing(current, available(number, value, live))
                if bits != 0 { events.append(.need(bits)) }
            }
            if let field = field(writtenBy: value) { events.append(.mark(field, value)) }
        }
        if block.isHead {
            events.append(.need(missing(block.atEntry, atHead(number))))
        }
        return events
    }

    /// The fields of `need` that are written where a block begins: it is the only one to follow a block that lies in a loop which it does not lie in.
    private mutating func writtenBehindLoop(_ number: Int, _ need: UInt64) -> UInt64 {
        let block = region.blocks[number]
        guard block.predecessors.count == 1, let before = block.predecessors.first, region.blocks[before].depth > block.depth else { return 0 }
        var bits: UInt64 = 0
        for field in region.fields.indices where need >> UInt64(field) & 1 != 0 {
            let isKnown = atStart[number]?.contains { $0.field == region.fields[field] } == true
            if !isKnown {
                guard let item = item(field, block.atEntry[field], { liveness.isLiveOut(before, $0) }, orNil: true) else { continue }
                atStart[number, default: []].append(item)
            }
            bits |= 1 << UInt64(field)
        }
        return bits
    }

    /// Whether a value is at hand where a loop begins anew.
    private func atHead(_ number: Int) -> (Int32) -> Bool {
        { [region, liveness] in liveness.isLiveIn(number, $0) || region.blocks[number].phis.contains($0) && liveness.isUsed($0) }
    }

    /// Whether a value is at hand: it is in use there or behind. What is in use at a branch is so on its way out of the region, too.
    private func available(_ number: Int, _ value: Int32, _ live: Liveness.Bits) -> (Int32) -> Bool {
        let block = region.blocks[number]
        let leaves = block.successors.isEmpty && block.predecessors.count == 1
        guard leaves, block.body.allSatisfy({ !region.needsState($0) || $0 == value }), let before = block.predecessors.first else {
            return { live.contains($0) }
        }
        return { live.contains($0) || liveness.isLiveOut(before, $0) }
    }

    /// The fields that have to be true in guest state.
    private func missing(_ current: [Int32], _ isAvailable: (Int32) -> Bool) -> UInt64 {
        var bits: UInt64 = 0
        for field in region.fields.indices where written >> UInt64(field) & 1 != 0 {
            if item(field, current[field], isAvailable, orNil: true) == nil { bits |= 1 << UInt64(field) }
        }
        return bits
    }

    private func item(_ field: Int, _ value: Int32, _ isAvailable: (Int32) -> Bool) -> Item {
        item(field, value, isAvailable, orNil: true) ?? Item(field: region.fields[field], value: value)
    }

    /// How a field's value is had from values that are there; nil if it is not.
    private func item(_ field: Int, _ value: Int32, _ isAvailable: (Int32) -> Bool, orNil: Bool) -> Item? {
        guard value >= 0 else { return nil }
        var path: [Step] = []
        var next = value
        while !isThere(next, isAvailable) {
            guard path.count < Recovery.longestPath, let before = spine(next, isAvailable) else { return nil }
            let node = region.nodes[Int(next)]
            path.append(Step(op: node.op, width: node.width, other: node.op.a == before ? node.op.b : node.op.a))
            next = before
        }
        return Item(field: region.fields[field], value: next, path: path.reversed())
    }

    private func isThere(_ value: Int32, _ isAvailable: (Int32) -> Bool) -> Bool { isAvailable(value) || region.constant(value) != nil }

    /// The operand of an operation that can be done again that is to be worked out itself; the other one is there.
    private func spine(_ value: Int32, _ isAvailable: (Int32) -> Bool) -> Int32? {
        let node = region.nodes[Int(value)], op = node.op
        guard node.kind == .operation else { return nil }
        switch op.opcode {
        case .sext, .zext, .trunc, .not, .neg: return op.a
        case .shl, .shrU, .shrS: return region.constant(op.b) == nil || op.a == op.b ? nil : op.a
        case .sub: return isThere(op.b, isAvailable) && op.a != op.b ? op.a : nil
        case .add, .and, .or, .xor:
            if op.a == op.b { return nil }
            return isThere(op.b, isAvailable) ? op.a : isThere(op.a, isAvailable) ? op.b : nil
        default: return nil
        }
    }

    /// All values that an item is made from.
    private func uses(_ item: Item) -> [Int32] {
        [item.value] + item.path.map(\.other).filter { $0 >= 0 }
    }

    // MARK: What is not true

    /// Goes forward: a field is stale behind a mark that is not carried out.
    private mutating func collect() {
        var stale = [UInt64](repeating: 0, count: region.blocks.count)
        var changes = true
        while changes {
            changes = false
            for number in region.blocks.indices {
                var bits = stale[number] & ~fieldsAtStart(number)
                for value in region.blocks[number].body { step(value, &bits) }
                for successor in region.blocks[number].successors where stale[successor] | bits != stale[successor] {
                    stale[successor] |= bits
                    changes = true
                }
            }
        }
        for number in region.blocks.indices { collect(number, stale[number]) }
    }

    private func fieldsAtStart(_ number: Int) -> UInt64 {
        (atStart[number] ?? []).reduce(0) { $0 | 1 << UInt64(region.number(of: $1.field.offset) ?? 0) }
    }

    private func step(_ value: Int32, _ bits: inout UInt64) {
        guard let field = field(writtenBy: value) else { return }
        if writes[value] == nil { bits |= 1 << UInt64(field) } else { bits &= ~(1 << UInt64(field)) }
    }

    private mutating func collect(_ number: Int, _ atEntry: UInt64) {
        let block = region.blocks[number]
        if block.isHead {
            atHead[number] = items(atEntry, block.atEntry, atHead(number))
        }
        var bits = atEntry & ~fieldsAtStart(number)
        var staleAt: [Int32: UInt64] = [:]
        for value in block.body {
            if region.needsState(value) { staleAt[value] = bits }
            step(value, &bits)
        }
        var found: [Int32: [Item]] = [:]
        liveness.walk(number) { value, live in
            guard let stale = staleAt[value], let current = values[value] else { return }
            found[value] = items(stale, current, available(number, value, live))
        }
        atNode.merge(found) { first, _ in first }
    }

    private func items(_ stale: UInt64, _ current: [Int32], _ isAvailable: (Int32) -> Bool) -> [Item] {
        region.fields.indices.filter { stale >> UInt64($0) & 1 != 0 }.map { field in
            guard let item = item(field, current[field], isAvailable, orNil: true) else {
                preconditionFailure("the value of a field that is not true is at hand")
            }
            return item
        }
    }
}
