import IR

/// Which values are still needed where.
public struct Liveness {
    public struct Bits {
        var words: [UInt64]

        init(_ count: Int) { words = [UInt64](repeating: 0, count: (count + 63) / 64) }

        public func contains(_ value: Int32) -> Bool { value >= 0 && words[Int(value) >> 6] >> UInt64(value & 63) & 1 != 0 }
        mutating func insert(_ value: Int32) { words[Int(value) >> 6] |= 1 << UInt64(value & 63) }
        mutating func remove(_ value: Int32) { words[Int(value) >> 6] &= ~(1 << UInt64(value & 63)) }
        mutating func formUnion(_ other: Bits) { for index in words.indices { words[index] |= other.words[index] } }
        public var members: [Int32] {
            var members: [Int32] = []
            for (index, word) in words.enumerated() {
                var rest = word
                while rest != 0 {
                    members.append(Int32(64 * index + rest.trailingZeroBitCount))
                    rest &= rest - 1
                }
            }
            return members
        }
    }

    private let region: Region
    /// Nodes that are made: those that have effects, and what they need.
    private var used: Bits
    private var liveIn: [Bits]
    private var liveOut: [Bits]
    /// Values that a node uses beside its operands, and those that are used where a block begins.
    private let extra: [Int32: [Int32]]
    private let atStart: [Int: [Int32]]

    init(_ region: Region, extra: [Int32: [Int32]], atStart: [Int: [Int32]]) {
        self.region = region
        self.extra = extra
        self.atStart = atStart
        used = Bits(region.nodes.count)
        liveIn = [Bits](repeating: Bits(region.nodes.count), count: region.blocks.count)
        liveOut = liveIn
        mark()
        flow()
    }

    public func isUsed(_ value: Int32) -> Bool { used.contains(value) }
    public func isLiveIn(_ number: Int, _ value: Int32) -> Bool { liveIn[number].contains(value) }
    public func isLiveOut(_ number: Int, _ value: Int32) -> Bool { liveOut[number].contains(value) }
    public func liveOut(_ number: Int) -> [Int32] { liveOut[number].members }

    /// Does something with what has to be there at a node: what it needs when it is carried out, and what somebody may ask for.
    @inline(__always) public func forEachUse(_ value: Int32, _ body: (Int32) -> Void) {
        if !isMark(value) { for operand in region.operands(value) { body(operand) } }
        if !extra.isEmpty, let more = extra[value] { more.forEach(body) }
    }

    /// The same only with what a node needs when it is carried out.
    @inline(__always) public func forEachNeed(_ value: Int32, _ body: (Int32) -> Void) {
        if isMark(value) { extra[value]?.forEach(body) } else { for operand in region.operands(value) { body(operand) } }
    }

    private func isMark(_ value: Int32) -> Bool {
        let node = region.nodes[Int(value)]
        return node.kind == .operation && node.op.opcode == .writeState && region.number(of: node.op.imm) != nil
    }

    public func usesAtStart(_ number: Int) -> [Int32] { atStart[number] ?? [] }

    private mutating func mark() {
        var waiting: [Int32] = atStart.values.flatMap { $0 }
        for block in region.blocks {
            for value in block.body where region.isRoot(value) || extra[value] != nil { waiting.append(value) }
            // What adds up from round to round is wanted in the end, if only by guest state.
            for value in block.body where region.nodes[Int(value)].op.opcode != .writeState {
                for operand in region.operands(value) where region.nodes[Int(operand)].kind == .phi { waiting.append(operand) }
            }
        }
        while let value = waiting.popLast() {
            if used.contains(value) { continue }
            used.insert(value)
            forEachUse(value) { waiting.append($0) }
            if region.nodes[Int(value)].kind == .phi { waiting += region.arguments[value] ?? [] }
        }
    }

    private mutating func flow() {
        let transfers = region.blocks.indices.map { transfer($0) }
        var changes = true
        while changes {
            changes = false
            for number in region.blocks.indices.reversed() {
                var live = transfers[number].arguments
                for successor in region.blocks[number].successors { live.formUnion(liveIn[successor]) }
                liveOut[number] = live
                for (index, gone) in transfers[number].gone.words.enumerated() {
                    live.words[index] = live.words[index] & ~gone | transfers[number].needed.words[index]
                }
                if live.words != liveIn[number].words {
                    liveIn[number] = live
                    changes = true
                }
            }
        }
    }

    /// What a block does to the values that are needed, from its end to its beginning.
    private struct Transfer {
        /// Made in it.
        var gone: Bits
        /// Needed at its beginning, whatever is needed behind it.
        var needed: Bits
        /// Needed at its end for phis of what follows.
        var arguments: Bits
    }

    private func transfer(_ number: Int) -> Transfer {
        var transfer = Transfer(gone: Bits(region.nodes.count), needed: Bits(region.nodes.count), arguments: Bits(region.nodes.count))
        for value in region.blocks[number].body.reversed() {
            transfer.gone.insert(value)
            step(value, &transfer.needed)
        }
        for phi in region.blocks[number].phis {
            transfer.gone.insert(phi)
            transfer.needed.remove(phi)
        }
        for value in usesAtStart(number) where region.nodes[Int(value)].block != number || region.nodes[Int(value)].kind != .phi {
            insert(value, &transfer.needed)
        }
        for successor in region.blocks[number].successors {
            guard let edge = region.blocks[successor].predecessors.firstIndex(of: number) else { continue }
            for phi in region.blocks[successor].phis where used.contains(phi) { insert(region.arguments[phi]?[edge] ?? -1, &transfer.arguments) }
        }
        return transfer
    }

    private func insert(_ value: Int32, _ bits: inout Bits) {
        if value >= 0, region.constant(value) == nil { bits.insert(value) }
    }

    /// Goes through a block from its end, with the values that are needed before and at each node.
    public func walk(_ number: Int, _ visit: (Int32, Bits) -> Void) {
        var live = liveOut[number]
        visit(-1, live)
        for value in region.blocks[number].body.reversed() {
            step(value, &live)
            visit(value, live)
        }
    }

    @inline(__always) private func step(_ value: Int32, _ live: inout Bits) {
        live.remove(value)
        if used.contains(value) { forEachUse(value) { insert($0, &live) } }
    }
}
