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
            if region.nodes[Int(value)].op.opcode == .load, let parts = parts(of: value, body) { compose(value, parts, number, &body) }
            body.append(value)
        }
        region.blocks[number].body = body
    }

    /// What a load reads of stores before it; nil if part of that is not known.
    private func parts(of value: Int32, _ before: [Int32]) -> [Part]? {
        let load = region.nodes[Int(value)].op
        let width = load.memory.size
        var parts: [Part] = []
        var covered = 0
        for other in before.suffix(RegionForwarding.backwards).reversed() {
            let op = region.nodes[Int(other)].op
            if op.opcode == .fence { return nil }
            guard op.opcode == .store else { continue }
            guard op.a == load.a else { return nil }
            let byte = Int(op.imm - load.imm), size = op.memory.size
            if byte >= width || byte + size <= 0 { continue }
            let mask = (1 << min(size, 62) - 1) << max(byte, 0)
            guard byte >= 0, byte + size <= width, mask & covered == 0 else { return nil }
            covered |= mask
            parts.append(Part(value: op.b, byte: byte, size: size))
            if covered == 1 << width - 1 { return parts }
        }
        // A word that is reloaded with what lies above it.
        guard width == 8, parts.count == 1, parts[0].byte == 0, parts[0].size == 4 else { return nil }
        return parts
    }

    private func make(_ op: IROp, width: Int = 0, _ number: Int, _ body: inout [Int32]) -> Int32 {
        let value = region.append(.init(.operation, op, in: number, width: UInt8(width)))
        body.append(value)
        return value
    }

    /// Makes the load an operation on what was stored.
    private func compose(_ value: Int32, _ parts: [Part], _ number: Int, _ body: inout [Int32]) {
        let load = region.nodes[Int(value)].op
        let width = load.memory.size
        let type: IRType = width == 8 ? .i64 : .i32
        var parts = parts
        if width == 8, parts.count == 1, parts[0].size == 4 {
            let upper = IROp(.load, .i64, attribute: MemoryOperation(4).rawValue, a: load.a, imm: load.imm + 4)
            parts.append(Part(value: make(upper, width: 64, number, &body), byte: 4, size: 4))
        }
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
        if width == 8 {
            // Nothing has to be done to what has all bits.
            let zero = make(IROp(.const, .i64, imm: 0), number, &body)
            region.nodes[Int(value)] = .init(.operation, IROp(.or, .i64, a: whole, b: zero), in: number, width: 64)
        } else {
            let opcode: Opcode = load.memory.isSigned ? .sext : .zext
            region.nodes[Int(value)] = .init(.operation, IROp(opcode, load.type, a: whole), in: number, width: UInt8(8 * width))
        }
    }
}
