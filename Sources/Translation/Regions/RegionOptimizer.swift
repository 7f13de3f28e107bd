import IR

/// Tier 2's passes: what blocks one by one cannot see.
public struct RegionOptimizer {
    let region: Region
    /// What a node has been replaced by; itself if it was not.
    private var replacements: [Int32] = []
    /// Fields that are assumed to hold sign-extended words where the region is entered, by their entry nodes; whoever enters has to check it.
    public private(set) var checks: Set<Int32> = []
    /// Whether anything may be assumed that has to be checked.
    private let assumes: Bool
    /// Phis of words whose host register has zeros above the word, whichever way the block was entered.
    private var cleanPhis: Set<Int32> = []
    /// Nodes that have been made for the one at hand, to go before it.
    private var made: [Int32] = []

    public static func run(_ region: Region, assumes: Bool) -> Set<Int32> {
        var optimizer = RegionOptimizer(region: region, assumes: assumes)
        optimizer.removeTrivialPhis()
        optimizer.simplify()
        RegionForwarding.run(region)
        optimizer.adoptNodes()
        optimizer.simplify()
        optimizer.narrowPhis()
        optimizer.findCleanPhis()
        optimizer.simplify()
        optimizer.removeTrivialPhis()
        ValueNumbering.run(region) { optimizer.replace($0, by: $1) }
        optimizer.applyReplacements()
        optimizer.sinkExtensions()
        return optimizer.checks
    }

    private init(region: Region, assumes: Bool) {
        self.region = region
        self.assumes = assumes
        replacements = region.nodes.indices.map { Int32($0) }
    }

    // MARK: Replacing

    mutating func replace(_ value: Int32, by other: Int32) { replacements[Int(value)] = other }

    func resolve(_ value: Int32) -> Int32 {
        if value < 0 { return value }
        var value = value
        while replacements[Int(value)] != value { value = replacements[Int(value)] }
        return value
    }

    /// Nodes that somebody else has made.
    private mutating func adoptNodes() {
        for index in replacements.count..<region.nodes.count { replacements.append(Int32(index)) }
    }

    private mutating func applyReplacements() {
        for index in region.nodes.indices {
            region.nodes[index].op.a = resolve(region.nodes[index].op.a)
            region.nodes[index].op.b = resolve(region.nodes[index].op.b)
            region.nodes[index].op.c = resolve(region.nodes[index].op.c)
        }
        for phi in region.arguments.keys { region.arguments[phi] = region.arguments[phi]?.map(resolve) }
        for number in region.blocks.indices {
            region.blocks[number].atEntry = region.blocks[number].atEntry.map(resolve)
            region.blocks[number].phis.removeAll { replacements[Int($0)] != $0 }
            region.blocks[number].body.removeAll { replacements[Int($0)] != $0 }
        }
    }

    private mutating func make(_ op: IROp, width: UInt8 = 0, in block: Int) -> Int32 {
        let value = region.append(.init(.operation, op, in: block, width: width))
        replacements.append(value)
        made.append(value)
        return value
    }

    // MARK: Phis

    /// Phis of one value and themselves are that value.
    private mutating func removeTrivialPhis() {
        var changes = true
        while changes {
            changes = false
            for block in region.blocks {
                for phi in block.phis where resolve(phi) == phi {
                    let others = Set((region.arguments[phi] ?? []).map(resolve)).subtracting([phi])
                    guard others.count == 1, let other = others.first else { continue }
                    replace(phi, by: other)
                    changes = true
                }
            }
        }
        applyReplacements()
    }

    /// Phis of sign-extended words become phis of words: the extension is only made where somebody wants it.
    private mutating func narrowPhis() {
        // What only guest state wants may be anything where the region is entered.
        let liveness = Liveness(region, extra: [:], atStart: [:])
        var narrow = Set(region.blocks.flatMap(\.phis).filter { region.nodes[Int($0)].op.type == .i64 && liveness.isUsed($0) })
        let users = blocksOfUsers()
        var changes = true
        while changes {
            changes = false
            for phi in narrow {
                let others = (region.arguments[phi] ?? []).filter { !narrow.contains($0) }
                let isNarrow = others.allSatisfy { isSignedWord($0) || region.nodes[Int($0)].kind == .entry && isUsedInside(phi, users) }
                if isNarrow { continue }
                narrow.remove(phi)
                changes = true
            }
        }
        narrow = narrow.filter { hasWord($0, narrow) }
        var words: [Int32: Int32] = [:]
        for phi in narrow {
            let node = region.nodes[Int(phi)]
            words[phi] = region.append(.init(.phi, IROp(.readState, .i32, imm: node.op.imm), in: node.block))
            replacements.append(Int32(region.nodes.count - 1))
        }
        for (phi, word) in words {
            region.arguments[word] = region.arguments[phi]?.map { words[$0] ?? lowWord($0) }
            let block = region.nodes[Int(phi)].block
            region.arguments[phi] = nil
            region.blocks[block].phis.removeAll { $0 == phi }
            region.blocks[block].phis.append(word)
            region.nodes[Int(phi)] = .init(.operation, IROp(.sext, .i64, a: word), in: block, width: 32)
            region.blocks[block].body.insert(phi, at: 0)
        }
    }

    /// Blocks in which nodes are used.
    private func blocksOfUsers() -> [Int32: Set<Int>] {
        var users: [Int32: Set<Int>] = [:]
        for (number, block) in region.blocks.enumerated() {
            for value in block.body where region.nodes[Int(value)].op.opcode != .writeState {
                for operand in region.operands(value) { users[operand, default: []].insert(number) }
            }
        }
        return users
    }

    /// Whether a value is used in the loop that a region is entered in: what is only used around it may be nothing yet.
    private func isUsedInside(_ value: Int32, _ users: [Int32: Set<Int>]) -> Bool {
        assumes && users[value, default: []].contains(where: isInside)
    }

    private func isInside(_ number: Int) -> Bool { region.blocks[number].depth >= region.blocks[1].depth }

    /// The word that comes into a phi, with zeros above it.
    private mutating func lowWord(_ value: Int32) -> Int32 {
        guard region.nodes[Int(value)].kind == .entry else { return value }
        checks.insert(value)
        made = []
        let word = make(IROp(.zext, .i64, a: value), width: 32, in: 0)
        region.blocks[0].body.append(word)
        return word
    }

    private mutating func findCleanPhis() {
        cleanPhis = Set(region.arguments.keys.filter { region.nodes[Int($0)].op.type == .i32 })
        for phi in cleanPhis { region.arguments[phi] = region.arguments[phi]?.map { stripSign($0) } }
        var changes = true
        while changes {
            changes = false
            for phi in cleanPhis where !(region.arguments[phi] ?? []).allSatisfy({ isClean($0) || region.constant($0) != nil }) {
                cleanPhis.remove(phi)
                changes = true
            }
        }
    }

    /// What gives the same word, and leaves the same above it as far as that is known to be zeros.
    private func stripSign(_ value: Int32) -> Int32 {
        var value = resolve(value)
        while region.nodes[Int(value)].kind == .operation, region.nodes[Int(value)].op.opcode == .sext, region.nodes[Int(value)].width == 32 {
            value = resolve(region.nodes[Int(value)].op.a)
        }
        return value
    }

    /// Whether a word is among what comes together in a phi, directly or by way of others.
    private func hasWord(_ phi: Int32, _ narrow: Set<Int32>) -> Bool {
        var isSeen: Set<Int32> = []
        var waiting = [phi]
        while let next = waiting.popLast() {
            guard isSeen.insert(next).inserted else { continue }
            for argument in region.arguments[next] ?? [] {
                if narrow.contains(argument) { waiting.append(argument) } else if region.nodes[Int(argument)].op.opcode == .sext { return true }
            }
        }
        return false
    }

    // MARK: Sinking

    /// Extensions of what a loop leaves that are wanted behind it only are made there.
    private mutating func sinkExtensions() {
        for number in region.blocks.indices {
            var clones: [Int32: Int32] = [:]
            var body: [Int32] = []
            for value in region.blocks[number].body {
                made = []
                if region.nodes[Int(value)].op.opcode != .writeState {
                    region.renameOperands(of: value) { sunk($0, number, &clones) }
                }
                body += made
                body.append(value)
            }
            made = []
            for successor in region.blocks[number].successors { sinkArguments(number, successor, &clones) }
            region.blocks[number].body = body + made
        }
    }

    private mutating func sinkArguments(_ number: Int, _ successor: Int, _ clones: inout [Int32: Int32]) {
        guard let edge = region.blocks[successor].predecessors.firstIndex(of: number) else { return }
        for phi in region.blocks[successor].phis {
            guard let argument = region.arguments[phi]?[edge] else { continue }
            region.arguments[phi]?[edge] = sunk(argument, number, &clones)
        }
    }

    /// The extension that a block makes of its own of one that is made in a loop in front of it.
    private mutating func sunk(_ value: Int32, _ number: Int, _ clones: inout [Int32: Int32]) -> Int32 {
        if let clone = clones[value] { return clone }
        let node = region.nodes[Int(value)]
        guard node.kind == .operation, node.op.opcode == .sext || node.op.opcode == .zext,
            region.blocks[node.block].depth > region.blocks[number].depth
        else { return value }
        let clone = make(node.op, width: node.width, in: number)
        clones[value] = clone
        return clone
    }

    // MARK: What is known of values

    /// Whether a value of 64 bits is a sign-extended word.
    private func isSignedWord(_ value: Int32, _ depth: Int = 0) -> Bool {
        let node = region.nodes[Int(value)]
        let op = node.op
        if node.kind == .entry { return checks.contains(value) }
        guard node.kind == .operation, depth < 4 else { return false }
        guard op.type == .i64 else { return isClean(value) && isPositive(op) }
        switch op.opcode {
        case .const: return Int32(exactly: op.imm) != nil
        case .sext: return true
        case .zext: return node.width < 32 || isPositive(region.nodes[Int(op.a)].op)
        case .compare: return true
        case .load: return op.memory.size < 4 || op.memory.size == 4 && op.memory.isSigned
        case .extractU: return op.bitCount < 32
        case .extractS: return op.bitCount <= 32
        case .shrU: return (region.constant(op.b) ?? 0) & 63 > 32
        case .shrS: return (region.constant(op.b) ?? 0) & 63 >= 32
        case .and:
            if let mask = region.constant(op.b), mask >= 0, mask <= Int64(Int32.max) { return true }
            return isSignedWord(op.a, depth + 1) && isSignedWord(op.b, depth + 1)
        case .or, .xor, .andNot, .minS, .maxS, .minU, .maxU: return isSignedWord(op.a, depth + 1) && isSignedWord(op.b, depth + 1)
        case .not: return isSignedWord(op.a, depth + 1)
        case .select: return isSignedWord(op.b, depth + 1) && isSignedWord(op.c, depth + 1)
        default: return false
        }
    }

    /// Whether the sign of a word that an operation yields is surely clear.
    private func isPositive(_ op: IROp) -> Bool {
        switch op.opcode {
        case .shrU: op.type == .i32 && (region.constant(op.b) ?? 0) & 31 > 0
        case .load: op.memory.size < 4 && !op.memory.isSigned
        case .compare: true
        case .and: op.type == .i32 && (region.constant(op.b).map { $0 & 0x8000_0000 == 0 } ?? false)
        default: false
        }
    }

    /// Whether the host register of a word has zeros above it: operations on words leave them there.
    private func isClean(_ value: Int32) -> Bool {
        let node = region.nodes[Int(value)]
        if node.kind == .phi { return cleanPhis.contains(value) }
        guard node.kind == .operation, node.op.type == .i32 || node.op.opcode == .load || node.op.opcode == .zext else { return false }
        switch node.op.opcode {
        case .add, .sub, .mul, .mulHighU, .mulHighS, .and, .or, .xor, .andNot, .not, .neg, .shl, .shrU, .shrS, .rotl, .rotr, .clz, .ctz, .popcnt,
            .bswap, .minS, .maxS, .minU, .maxU, .compare, .select, .extractU, .extractS, .divS, .divU, .remS, .remU, .zext, .sext:
            return true
        case .load: return node.op.type == .i32 || node.op.memory.size < 8 && !node.op.memory.isSigned
        default: return false
        }
    }

    // MARK: Simplifying

    private mutating func simplify() {
        for number in region.blocks.indices {
            var body: [Int32] = []
            for value in region.blocks[number].body {
                made = []
                strip(value)
                if region.nodes[Int(value)].kind == .operation { simplify(value) }
                body += made
                body.append(value)
            }
            region.blocks[number].body = body
        }
        for phi in region.arguments.keys where region.nodes[Int(phi)].op.type == .i32 {
            region.arguments[phi] = region.arguments[phi]?.map { stripSign($0) }
        }
        applyReplacements()
    }

    /// What gives the same low bits with less work.
    private func strip(_ value: Int32, _ bits: Int) -> Int32 {
        var value = resolve(value)
        while true {
            let node = region.nodes[Int(value)]
            guard node.kind == .operation else { return value }
            switch node.op.opcode {
            case .trunc where node.op.type.bits >= bits: value = resolve(node.op.a)
            case .sext where Int(node.width) >= bits, .zext where Int(node.width) >= bits: value = resolve(node.op.a)
            default: return value
            }
        }
    }

    /// Takes extensions away from operands whose upper bits do not matter.
    private mutating func strip(_ value: Int32) {
        var node = region.nodes[Int(value)]
        let bits = node.op.type.bits
        switch node.op.opcode {
        case .zext, .sext, .compare, .brCompare, .brIf:
            if node.op.a >= 0 { node.op.a = strip(node.op.a, Int(node.width)) }
            if node.op.b >= 0 { node.op.b = strip(node.op.b, Int(node.width)) }
        case .trunc: node.op.a = strip(node.op.a, bits)
        case .select:
            node.op.a = strip(node.op.a, Int(node.width))
            node.op.b = strip(node.op.b, bits)
            node.op.c = strip(node.op.c, bits)
        case .store:
            node.op.a = resolve(node.op.a)
            node.op.b = strip(node.op.b, 8 * node.op.memory.size)
        case .shl, .shrU, .shrS, .rotl, .rotr:
            node.op.a = strip(node.op.a, bits)
            node.op.b = strip(node.op.b, 8)
        case .add, .sub, .mul, .mulHighS, .mulHighU, .and, .or, .xor, .andNot, .not, .neg, .clz, .ctz, .popcnt, .bswap, .minS, .maxS, .minU, .maxU,
            .extractU, .extractS, .deposit, .divS, .divU, .remS, .remU:
            node.op.a = strip(node.op.a, bits)
            if node.op.b >= 0 { node.op.b = strip(node.op.b, bits) }
        default:
            node.op.a = resolve(node.op.a)
            node.op.b = resolve(node.op.b)
            node.op.c = resolve(node.op.c)
        }
        region.nodes[Int(value)] = node
    }

    private mutating func simplify(_ value: Int32) {
        let node = region.nodes[Int(value)]
        switch node.op.opcode {
        case .zext where isClean(node.op.a) && isNarrowEnough(node.op.a, Int(node.width)): replace(value, by: node.op.a)
        case .sext where node.width == 32 && node.op.type == .i64 && isSignedWord(node.op.a): replace(value, by: node.op.a)
        case .or where node.op.type == .i64 && region.constant(node.op.b) == 0: replace(value, by: node.op.a)
        case .and, .or, .xor, .andNot, .not: logic(value, node)
        case .select: selection(value, node)
        case .brCompare, .compare: compareWords(value, node)
        case .load where node.op.b < 0: address(value)
        case .store: address(value)
        default: break
        }
        if replacements[Int(value)] == value { combineShifts(value) }
    }

    /// Constants that are added to an address go into the displacement.
    private mutating func address(_ value: Int32) {
        while true {
            let op = region.nodes[Int(value)].op
            let sum = region.nodes[Int(op.a)]
            guard sum.kind == .operation, sum.op.opcode == .add, sum.op.type == .i64, let added = region.constant(resolve(sum.op.b)),
                let displacement = Int32(exactly: op.imm &+ added)
            else { return }
            region.nodes[Int(value)].op.a = resolve(sum.op.a)
            region.nodes[Int(value)].op.imm = Int64(displacement)
        }
    }

    /// Whether what is known to be clean has nothing above its lowest bits either.
    private func isNarrowEnough(_ value: Int32, _ bits: Int) -> Bool {
        let node = region.nodes[Int(value)]
        if bits == 32 { return true }
        return node.op.opcode == .load && !node.op.memory.isSigned && 8 * node.op.memory.size <= bits
            || node.op.opcode == .zext && Int(node.width) <= bits || node.op.opcode == .compare
    }

    /// The word that a value extends.
    private func word(_ value: Int32) -> Int32 { strip(value, 32) }

    private func isExtension(_ value: Int32) -> Bool {
        value >= 0 && region.nodes[Int(value)].kind == .operation && region.nodes[Int(value)].op.opcode == .sext
    }

    /// Logic on sign-extended words is that on the words, extended.
    private mutating func logic(_ value: Int32, _ node: Region.Node) {
        let op = node.op
        guard op.type == .i64, isExtension(op.a) || isExtension(op.b), isSignedWord(op.a), op.b < 0 || isSignedWord(op.b) else { return }
        // A small mask leaves nothing to extend.
        if op.opcode == .and, !isExtension(op.a) || !isExtension(op.b), let mask = region.constant(op.b), mask >= 0 { return }
        let narrow = make(IROp(op.opcode, .i32, a: word(op.a), b: op.b < 0 ? -1 : word(op.b)), in: node.block)
        combineShifts(narrow)
        region.nodes[Int(value)] = .init(.operation, IROp(.sext, .i64, a: narrow), in: node.block, width: 32)
    }

    private mutating func selection(_ value: Int32, _ node: Region.Node) {
        let op = node.op
        guard op.type == .i64, isExtension(op.b) || isExtension(op.c), isSignedWord(op.b), isSignedWord(op.c) else { return }
        let narrow = make(IROp(.select, .i32, a: op.a, b: word(op.b), c: word(op.c)), width: node.width, in: node.block)
        region.nodes[Int(value)] = .init(.operation, IROp(.sext, .i64, a: narrow), in: node.block, width: 32)
    }

    /// Sign-extended words compare as words do, signed and unsigned.
    private mutating func compareWords(_ value: Int32, _ node: Region.Node) {
        guard node.width == 64, isExtension(node.op.a) || isExtension(node.op.b) else { return }
        for operand in [node.op.a, node.op.b] where assumes && isInside(node.block) && region.nodes[Int(operand)].kind == .entry {
            checks.insert(operand)
        }
        guard isSignedWord(node.op.a), isSignedWord(node.op.b) else { return }
        region.nodes[Int(value)].op.a = word(node.op.a)
        region.nodes[Int(value)].op.b = word(node.op.b)
        region.nodes[Int(value)].width = 32
    }

    /// Two shifts that bring together what they shift out are a rotation.
    private mutating func combineShifts(_ value: Int32) {
        let node = region.nodes[Int(value)]
        guard node.kind == .operation, [.or, .add, .xor].contains(node.op.opcode), node.op.type == .i32 || node.op.type == .i64 else { return }
        let a = region.nodes[Int(resolve(node.op.a))], b = region.nodes[Int(resolve(node.op.b))]
        guard a.kind == .operation, b.kind == .operation, a.op.type == node.op.type, b.op.type == node.op.type else { return }
        let (left, right) = a.op.opcode == .shl ? (a, b) : (b, a)
        guard left.op.opcode == .shl, right.op.opcode == .shrU, resolve(left.op.a) == resolve(right.op.a),
            let up = region.constant(resolve(left.op.b)), let down = region.constant(resolve(right.op.b)), up > 0, down > 0,
            up + down == Int64(node.op.type.bits)
        else { return }
        region.nodes[Int(value)].op = IROp(.rotr, node.op.type, a: resolve(left.op.a), b: resolve(right.op.b))
    }
}
