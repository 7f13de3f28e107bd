import IR

/// Loads of what stores of the same block have just written are made of what was stored. Hosts do not forward several stores, or a narrower one, to a
/// load, which waits until they have left the store buffer; compilers for guests without unaligned accesses write such pairs all the time.
///
/// The stores have been at these bytes before, so the load cannot fault.
struct RegionForwarding {
    private struct Part {
        let value: Int32
        /// Where in the loaded value it lies, and how many bytes.
        let byte: Int
        let size: Int
    }

    /// What a load is made of.
    private struct Found {
        var parts: [Part] = []
        /// Where the stores went, if that is likely the load's place but only seen when the program runs.
        var guess: (base: Int32, displacement: Int64)?
    }

    /// How many nodes to look back.
    private static let backwards = 48

    private let region: Region

    static func run(_ region: Region) {
        let forwarding = RegionForwarding(region: region)
        for number in region.blocks.indices { forwarding.visit(number) }
    }

    private func visit(_ number: Int) {
        var body: [Int32] = []
        for value in region.blocks[number].body {
            let found = region.nodes[Int(value)].op.opcode == .load ? find(value, body) : nil
            if let found { compose(value, found, number, &body) }
            body.append(value)
        }
        region.blocks[number].body = body
    }

    /// What a load reads of stores before it; nil if part of that is not known.
    private func find(_ value: Int32, _ before: [Int32]) -> Found? {
        let load = region.nodes[Int(value)].op
        let width = load.memory.size
        var found = Found()
        var covered = 0
        for (index, other) in before.enumerated().suffix(RegionForwarding.backwards).reversed() {
            let op = region.nodes[Int(other)].op
            if op.opcode == .fence { return nil }
            guard op.opcode == .store else { continue }
            if op.a != load.a, found.guess == nil {
                guard found.parts.isEmpty, let first = firstOfCopy(before[...index], width), Int32(exactly: load.imm - first) != nil else {
                    return nil
                }
                found.guess = (op.a, first)
            }
            guard op.a == found.guess?.base ?? load.a else { return nil }
            let byte = Int(op.imm - (found.guess?.displacement ?? load.imm)), size = op.memory.size
            if byte >= width || byte + size <= 0 { continue }
            let mask = (1 << min(size, 62) - 1) << max(byte, 0)
            guard byte >= 0, byte + size <= width, mask & covered == 0 else { return nil }
            covered |= mask
            found.parts.append(Part(value: op.b, byte: byte, size: size))
            if covered == 1 << width - 1 { return found }
        }
        // A word that is reloaded with what lies above it.
        guard width == 8, found.parts.count == 1, found.parts[0].byte == 0, found.parts[0].size == 4, found.guess == nil else { return nil }
        return found
    }

    /// The least displacement of the byte stores at the end of `before`, if there are `width` of them off one base: a word that was copied byte by byte.
    private func firstOfCopy(_ before: ArraySlice<Int32>, _ width: Int) -> Int64? {
        guard width >= 4 else { return nil }
        var stores: [IROp] = []
        for other in before.suffix(RegionForwarding.backwards).reversed() where stores.count < width {
            if region.nodes[Int(other)].op.opcode == .store { stores.append(region.nodes[Int(other)].op) }
        }
        let bytes = Set(stores.map(\.imm))
        guard let first = bytes.min(), bytes == Set(first..<first + Int64(width)), stores.allSatisfy({ $0.memory.size == 1 && $0.a == stores[0].a })
        else { return nil }
        return first
    }

    private func make(_ op: IROp, width: Int = 0, _ number: Int, _ body: inout [Int32]) -> Int32 {
        let value = region.append(.init(.operation, op, in: number, width: UInt8(width)))
        body.append(value)
        return value
    }

    /// Makes the load an operation on what was stored, or one with that as its likely value.
    private func compose(_ value: Int32, _ found: Found, _ number: Int, _ body: inout [Int32]) {
        let load = region.nodes[Int(value)].op
        let width = load.memory.size
        let type: IRType = width == 8 ? .i64 : .i32
        var parts = found.parts
        if width == 8, parts.count == 1, parts[0].size == 4 {
            let upper = IROp(.load, .i64, attribute: MemoryOperation(4).rawValue, a: load.a, imm: load.imm + 4)
            parts.append(Part(value: make(upper, width: 64, number, &body), byte: 4, size: 4))
        }
        let whole = joined(parts, type, width, number, &body)
        let opcode: Opcode = load.memory.isSigned && load.type.bits > 8 * width ? .sext : .zext
        var result = Region.Node(.operation, IROp(opcode, load.type, a: whole), in: number, width: UInt8(8 * width))
        if width == 8 {
            let zero = make(IROp(.const, .i64, imm: 0), number, &body)
            result = .init(.operation, IROp(.or, .i64, a: whole, b: zero), in: number, width: 64)
        }
        guard let guess = found.guess else { return region.nodes[Int(value)] = result }
        region.nodes[Int(value)].op.b = make(result.op, width: Int(result.width), number, &body)
        region.nodes[Int(value)].op.c = guess.base
        region.nodes[Int(value)].likelyDisplacement = guess.displacement
    }

    private func joined(_ parts: [Part], _ type: IRType, _ width: Int, _ number: Int, _ body: inout [Int32]) -> Int32 {
        var whole: Int32 = -1
        for part in parts {
            var piece = part.value
            if part.size < width { piece = make(IROp(.zext, type, a: piece), width: 8 * part.size, number, &body) }
            if part.byte > 0 {
                let count = make(IROp(.const, type, imm: Int64(8 * part.byte)), number, &body)
                piece = make(IROp(.shl, type, a: piece, b: count), width: type.bits, number, &body)
            }
            whole = whole < 0 ? piece : make(IROp(.or, type, a: whole, b: piece), width: type.bits, number, &body)
        }
        return whole
    }
}
