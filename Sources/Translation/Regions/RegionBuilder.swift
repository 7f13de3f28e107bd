import IR

/// Makes a `Region` of a block that branches to labels of its own.
public struct RegionBuilder {
    /// More fields than this are left to the usual code generator.
    private static let mostFields = 64

    private let region: Region
    /// From an operation of the IR block to its node.
    private var map: [Int32]
    private var blockOfLabel: [Int64: Int] = [:]
    /// Operations of each block of the region.
    private var ranges: [Range<Int>] = []

    /// The region that a block is; nil if it has an operation or a field that regions do not know.
    ///
    /// - Parameter carried: fields whose values are kept at hand everywhere.
    public static func build(_ block: borrowing IRBlock, _ layout: StateLayout, carried: Set<Int64> = []) -> Region? {
        guard block.count > 0, block[0].opcode == .label, let fields = fields(block, layout) else { return nil }
        var builder = RegionBuilder(block, fields)
        for (number, field) in fields.enumerated() where carried.contains(field.offset) { builder.region.carried |= 1 << UInt64(number) }
        builder.cut(block)
        builder.connect(block)
        builder.splitCriticalEdges()
        builder.orderBlocks()
        guard builder.headsBeginInstructions(block) else { return nil }
        builder.fill(block)
        return builder.region
    }

    private init(_ block: borrowing IRBlock, _ fields: [Region.Field]) {
        region = Region(fields)
        map = [Int32](repeating: -1, count: block.count)
    }

    // MARK: What regions know

    /// The fields that are tracked; nil if the block is beyond what regions know.
    private static func fields(_ block: borrowing IRBlock, _ layout: StateLayout) -> [Region.Field]? {
        var types: [Int64: IRType] = [:]
        for index in 0..<block.count {
            let op = block[index]
            guard isKnown(op, block) else { return nil }
            guard op.opcode == .readState || op.opcode == .writeState else { continue }
            guard let field = layout.field(at: Int(op.imm)), isTracked(op.imm) else { continue }
            guard field.type == op.type, op.type == .i64 || op.type == .i32, types[op.imm, default: op.type] == op.type else { return nil }
            types[op.imm] = op.type
        }
        return types.count > mostFields ? nil : types.sorted { $0.key < $1.key }.map { Region.Field(offset: $0.key, type: $0.value) }
    }

    /// Whether a field is the region's own while it runs: guest registers and scratch fields that memory accesses do not use.
    private static func isTracked(_ offset: Int64) -> Bool {
        let scratch = Int64(CPUHeader.Offset.scratch)
        return offset >= 0 || offset >= scratch && offset < scratch + Int64(8 * RuntimeFunctions.Scratch.first)
    }

    private static func isKnown(_ op: IROp, _ block: borrowing IRBlock) -> Bool {
        guard [.none, .i8, .i16, .i32, .i64].contains(op.type) else { return false }
        for operand in [op.a, op.b, op.c] where operand >= 0 {
            guard [.i8, .i16, .i32, .i64].contains(block[Int(operand)].type) else { return false }
        }
        let isWord = op.type == .i32 || op.type == .i64
        switch op.opcode {
        case .const, .and, .or, .xor, .not, .add, .sub, .zext, .sext, .trunc, .compare, .label, .br, .brIf, .brCompare, .exitDirect, .exitIndirect,
            .exitWith, .insnStart, .fence:
            return true
        case .readState, .writeState: return op.imm != Int64(CPUHeader.Offset.pc)
        case .mul, .mulHighS, .mulHighU, .divS, .divU, .remS, .remU, .andNot, .neg, .shl, .shrU, .shrS, .rotl, .rotr, .clz, .ctz, .popcnt, .bswap,
            .minS, .maxS, .minU, .maxU, .select, .extractU, .extractS, .deposit:
            return isWord
        case .load, .store:
            return Int32(exactly: op.imm) != nil && op.memory.size <= 8 && !op.memory.isBigEndian && op.memory.alignment == .any
                && op.memory.order != .sequential
        default: return false
        }
    }

    // MARK: The graph

    /// Blocks begin at labels and behind conditional branches.
    private mutating func cut(_ block: borrowing IRBlock) {
        region.blocks = [Region.Block()]
        ranges = [0..<0]
        var start: Int?
        var pc = block.pc
        func open(_ index: Int) {
            start = index
            region.blocks.append(Region.Block())
            region.blocks[region.blocks.count - 1].pc = pc
        }
        func close(_ index: Int) {
            if let first = start { ranges.append(first..<index) }
            start = nil
        }
        for index in 0..<block.count {
            let op = block[index]
            if op.opcode == .insnStart { pc = UInt64(bitPattern: op.imm) }
            if op.opcode == .label {
                close(index)
                if index + 1 < block.count, block[index + 1].opcode == .insnStart { pc = UInt64(bitPattern: block[index + 1].imm) }
                open(index)
                blockOfLabel[op.imm] = region.blocks.count - 1
            } else if start != nil, op.opcode.info.effects.contains(.branches) || op.opcode.info.effects.contains(.endsRun) {
                close(index + 1)
                let goesOn = !op.opcode.info.effects.contains(.endsRun)
                if goesOn, index + 1 < block.count, block[index + 1].opcode != .label { open(index + 1) }
            }
        }
        close(block.count)
    }

    private func connect(_ block: borrowing IRBlock) {
        region.blocks[0].successors = [1]
        for number in 1..<region.blocks.count {
            let last = block[ranges[number].upperBound - 1]
            switch last.opcode {
            case .br: region.blocks[number].successors = [blockOfLabel[last.imm] ?? 0]
            case .brIf, .brCompare: region.blocks[number].successors = [blockOfLabel[last.imm] ?? 0, number + 1]
            case .exitDirect, .exitIndirect, .exitWith: break
            default: region.blocks[number].successors = [number + 1]
            }
        }
    }

    /// A branch with two ways to a block with several predecessors gets a block between, where moves can be put.
    private mutating func splitCriticalEdges() {
        var counts = [Int](repeating: 0, count: region.blocks.count)
        for block in region.blocks { for successor in block.successors { counts[successor] += 1 } }
        for number in region.blocks.indices where region.blocks[number].successors.count == 2 {
            for (way, target) in region.blocks[number].successors.enumerated() where counts[target] > 1 {
                var between = Region.Block()
                between.successors = [target]
                between.pc = region.blocks[target].pc
                region.blocks.append(between)
                ranges.append(0..<0)
                region.blocks[number].successors[way] = region.blocks.count - 1
            }
        }
    }

    /// Drops what cannot be reached. Blocks that leave the region go to the end, and those that lie on the way of a branch that is taken.
    private mutating func orderBlocks() {
        let old = region.blocks, oldRanges = ranges
        var isReached = [Bool](repeating: false, count: old.count)
        var waiting = [0]
        while let number = waiting.popLast() {
            if isReached[number] { continue }
            isReached[number] = true
            waiting += old[number].successors
        }
        var order: [Int] = [], ends: [Int] = []
        for number in old.indices where isReached[number] && !order.contains(number) && !ends.contains(number) {
            let isBetween = number > 0 && oldRanges[number].isEmpty
            if old[number].successors.isEmpty || isBetween { ends.append(number) } else { order.append(number) }
            // The way back of a loop follows its branch, which is then not taken.
            for way in old[number].successors where old[number].successors.count == 2 && oldRanges[way].isEmpty {
                if way == old[number].successors[1] || old[way].successors[0] <= number { order.append(way) }
            }
        }
        order += ends
        var place = [Int](repeating: -1, count: old.count)
        for (index, number) in order.enumerated() { place[number] = index }
        region.blocks = order.map { old[$0] }
        ranges = order.map { oldRanges[$0] }
        for number in region.blocks.indices {
            region.blocks[number].successors = region.blocks[number].successors.map { place[$0] }
        }
        for number in region.blocks.indices {
            for successor in region.blocks[number].successors { region.blocks[successor].predecessors.append(number) }
        }
        findLoops()
    }

    /// A loop is what leads to a jump back without passing where that goes. Each jump back counts: where a region begins in its innermost loop, those
    /// around it begin there as well.
    private func findLoops() {
        let dominators = Dominators(region)
        for number in dominators.order {
            for head in region.blocks[number].successors where !dominators.isOrdered(number, head) {
                region.blocks[head].isHead = true
                guard dominators.dominates(head, number) else { continue }
                var inside: Set<Int> = [head]
                var waiting = [number]
                while let next = waiting.popLast() {
                    if inside.insert(next).inserted { waiting += region.blocks[next].predecessors }
                }
                for block in inside { region.blocks[block].depth += 1 }
            }
        }
    }

    /// Where a loop begins anew somebody may ask for the state between two instructions.
    private func headsBeginInstructions(_ block: borrowing IRBlock) -> Bool {
        for (number, range) in ranges.enumerated() where region.blocks[number].isHead {
            guard range.count > 1, block[range.lowerBound + 1].opcode == .insnStart else { return false }
        }
        return true
    }

    // MARK: Values

    private mutating func fill(_ block: borrowing IRBlock) {
        let live = liveFields(block)
        var atEnd = [[Int32]](repeating: [], count: region.blocks.count)
        atEnd[0] = enter(live[1])
        for number in Dominators.reversePostorder(region).dropFirst() {
            var values = atBeginning(number, live[number], atEnd)
            region.blocks[number].atEntry = values
            append(block, number, &values)
            atEnd[number] = values
        }
        for number in region.blocks.indices {
            for phi in region.blocks[number].phis {
                let field = region.fieldNumbers[region.nodes[Int(phi)].op.imm] ?? 0
                region.arguments[phi] = region.blocks[number].predecessors.map { atEnd[$0][field] }
            }
        }
    }

    /// A bit for each field whose value at the beginning of a block is read in the region.
    private func liveFields(_ block: borrowing IRBlock) -> [UInt64] {
        var reads = [UInt64](repeating: 0, count: region.blocks.count), writes = reads
        for number in region.blocks.indices {
            for index in ranges[number] {
                let op = block[index]
                guard op.opcode == .readState || op.opcode == .writeState, let field = region.fieldNumbers[op.imm] else { continue }
                let bit = UInt64(1) << UInt64(field)
                if op.opcode == .writeState { writes[number] |= bit } else if writes[number] & bit == 0 { reads[number] |= bit }
            }
        }
        var live = reads
        var changes = true
        while changes {
            changes = false
            for number in region.blocks.indices.reversed() {
                let after = region.blocks[number].successors.reduce(UInt64(0)) { $0 | live[$1] }
                let before = reads[number] | after & ~writes[number] | region.carried
                if before != live[number] {
                    live[number] = before
                    changes = true
                }
            }
        }
        return live
    }

    /// The entry's block: the values of the fields that are read before they are written.
    private func enter(_ live: UInt64) -> [Int32] {
        var values = [Int32](repeating: -1, count: region.fields.count)
        for (number, field) in region.fields.enumerated() where live >> UInt64(number) & 1 != 0 {
            values[number] = region.append(.init(.entry, IROp(.readState, field.type, imm: field.offset), in: 0))
            region.blocks[0].body.append(values[number])
        }
        region.blocks[0].atEntry = [Int32](repeating: -1, count: region.fields.count)
        return values
    }

    private func atBeginning(_ number: Int, _ live: UInt64, _ atEnd: [[Int32]]) -> [Int32] {
        let predecessors = region.blocks[number].predecessors
        if predecessors.count == 1 { return atEnd[predecessors[0]] }
        var values = [Int32](repeating: -1, count: region.fields.count)
        for (index, field) in region.fields.enumerated() where live >> UInt64(index) & 1 != 0 {
            values[index] = region.append(.init(.phi, IROp(.readState, field.type, imm: field.offset), in: number))
            region.blocks[number].phis.append(values[index])
        }
        return values
    }

    private mutating func append(_ block: borrowing IRBlock, _ number: Int, _ values: inout [Int32]) {
        for index in ranges[number] {
            var op = block[index]
            let first = op.a
            op.a = op.a < 0 ? -1 : map[Int(op.a)]
            op.b = op.b < 0 ? -1 : map[Int(op.b)]
            op.c = op.c < 0 ? -1 : map[Int(op.c)]
            let field = op.opcode == .readState || op.opcode == .writeState ? region.fieldNumbers[op.imm] : nil
            if op.opcode == .label || op.opcode == .br { continue }
            if op.opcode == .readState, let field {
                map[index] = values[field]
                continue
            }
            if op.opcode == .writeState, let field { values[field] = op.a }
            let node = Region.Node(.operation, op, in: number, width: UInt8(first < 0 ? 0 : block[Int(first)].type.bits))
            map[index] = region.append(node)
            region.blocks[number].body.append(map[index])
        }
    }
}
