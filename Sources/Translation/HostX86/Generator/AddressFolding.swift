import HostCode
import IR

/// An address that host instructions add up themselves: base + index << scale.
struct FoldedAddress {
    let base: Int32
    let index: Int32
    let scale: UInt8
    /// The shift that the scale stands for; -1 for none.
    let shift: Int32
}

/// Accesses to memory that is mapped into the host's address space need no register for a sum that is their address. Where guest state wants the sum
/// too, it is computed as ever, but the access does not wait for it: table look-ups on guests without scaled addressing are chains of such sums.
extension BlockEmitter {
    /// The parts of an access's address; nil if it is no sum, or if nothing is gained.
    func foldedAddress(_ op: IROp) -> FoldedAddress? {
        guard memoryMode != .translated, op.opcode == .load || op.opcode == .store, op.memory.alignment == .any else { return nil }
        let sum = unsafe ops[Int(op.a)]
        guard sum.opcode == .add, sum.type == .i64, Int32(exactly: op.imm) != nil else { return nil }
        if let folded = scaled(sum.a, by: sum.b) ?? scaled(sum.b, by: sum.a) { return folded }
        let next = unsafe ops[Int(op.a) + 1]
        let isWritten = next.opcode == .writeState && next.a == op.a
        guard !isWritten, unsafe ops[Int(sum.a)].opcode != .const, unsafe ops[Int(sum.b)].opcode != .const else { return nil }
        return FoldedAddress(base: sum.a, index: sum.b, scale: 0, shift: -1)
    }

    private func scaled(_ base: Int32, by value: Int32) -> FoldedAddress? {
        let shift = unsafe ops[Int(value)]
        guard shift.opcode == .shl, unsafe ops[Int(shift.b)].opcode == .const && ops[Int(base)].opcode != .const else { return nil }
        let count = unsafe ops[Int(shift.b)].imm
        guard count >= 1, count <= 3 else { return nil }
        return FoldedAddress(base: base, index: shift.a, scale: UInt8(count), shift: value)
    }

    /// The parts of the address must live until the access at `index`.
    func extendFolded(_ op: IROp, _ index: Int) {
        guard let folded = foldedAddress(op) else { return }
        unsafe info[root(folded.base)].lastUse = Int32(index)
        unsafe info[root(folded.index)].lastUse = Int32(index)
    }

    /// Whether a sum or a shift need not be computed because the only access that uses it adds up its address itself.
    func isFolded(_ value: Int) -> Bool {
        guard memoryMode != .translated, unsafe info[value].uses == 1 else { return false }
        let user = unsafe Int(info[value].lastUse)
        let op = unsafe ops[user]
        if op.opcode == .add {
            guard unsafe ops[value].opcode == .shl, isFolded(user) else { return false }
            return unsafe foldedAddress(ops[Int(info[user].lastUse)])?.shift == Int32(value)
        }
        guard unsafe ops[value].opcode == .add, Int(op.a) == value, foldedAddress(op) != nil else { return false }
        return forwardedStores(user) == nil
    }

    /// The place of an access whose address is folded; nil if it is computed.
    func foldedPlace(_ op: IROp) -> Memory? {
        guard let folded = foldedAddress(op), folded.scale > 0 || location(op.a).kind == .deferred else { return nil }
        return Memory(use(folded.base), index: use(folded.index), scale: folded.scale, Int(op.imm))
    }
}
