import HostCode
import IR

/// A load of what narrower stores of the block have just written. Hosts do not forward several stores, or a narrower one, to a load: it waits
/// until they have left the store buffer, a dozen cycles. Compilers for guests without unaligned accesses write such pairs all the time: a word is
/// copied byte by byte to the stack and loaded from there, a 32-bit register is spilled and reloaded with all 64 bits.
///
/// Behind a TLB the load still looks its page up, for writing as the stores did; what is not plain memory is loaded out of line as ever.
struct ForwardedStores {
    struct Part {
        /// Index of the store.
        let store: Int
        /// First byte of the loaded value that it wrote.
        let byte: Int
        let size: Int
    }

    private(set) var parts: [Part] = []
    /// A bit for each byte of the loaded value that is known.
    private(set) var covered = 0
    /// Whether the upper half is to be loaded.
    var needsUpperHalf = false
    /// The stores' address, where the load has another one, which is likely the same when the program runs: so is a word that was copied byte by
    /// byte to where a register points.
    var guess: (base: Int32, displacement: Int64)?

    /// Takes an older store into account; false if what it wrote is no part of its own.
    mutating func add(_ store: Int, at byte: Int, size: Int, of width: Int) -> Bool {
        if byte >= width || byte + size <= 0 { return true }
        guard byte >= 0, byte + size <= width, size < width else { return false }
        let mask = (1 << size - 1) << byte
        if mask & ~covered == 0 { return true }
        guard mask & covered == 0 else { return false }
        covered |= mask
        parts.append(Part(store: store, byte: byte, size: size))
        return true
    }
}

/// Stores to make a load of, and the registers for that.
struct Forwarding {
    let stores: ForwardedStores
    /// Of each part; nil for a constant.
    let registers: [Register?]
    let scratch: Register
}

extension BlockEmitter {
    /// How many operations to look back for stores.
    private static let backwards = 24

    /// The stores that the load at `index` can be made of; nil if it is to be loaded.
    func forwardedStores(_ index: Int) -> ForwardedStores? {
        let load = unsafe ops[index]
        let width = load.memory.size
        guard load.opcode == .load, width >= 4, width <= 8, load.type.isInteger, fits(load) else { return nil }
        let all = 1 << width - 1
        var found = ForwardedStores()
        var other = index - 1
        scan: while other >= max(0, index - BlockEmitter.backwards), found.covered != all {
            let op = unsafe ops[other]
            switch op.opcode {
            case .store:
                guard fits(op), op.memory.mmuIndex == load.memory.mmuIndex, isIntegerValue(op.b) else { break scan }
                if root(op.a) != root(load.a), found.guess == nil {
                    guard found.parts.isEmpty, let first = firstOfCopy(other, width) else { break scan }
                    found.guess = (op.a, first)
                }
                guard root(op.a) == root(found.guess?.base ?? load.a) else { break scan }
                let byte = op.imm - (found.guess?.displacement ?? load.imm)
                guard abs(byte) < 64, found.add(other, at: Int(byte), size: op.memory.size, of: width) else { break scan }
            case .label, .call, .fence, .atomicRMW, .compareExchange, .loadLinked, .storeConditional: break scan
            default: break
            }
            other -= 1
        }
        found.needsUpperHalf = width == 8 && found.covered == 0xf
        if found.guess != nil { found.needsUpperHalf = false }
        return found.covered == all || found.needsUpperHalf ? found : nil
    }

    /// The least displacement of the byte stores that end at `last`, if there are `width` of them off one base.
    private func firstOfCopy(_ last: Int, _ width: Int) -> Int64? {
        let base = unsafe root(ops[last].a)
        var first = Int64.max
        var bytes = 0
        for index in (max(0, last - BlockEmitter.backwards)...last).reversed() where bytes < width {
            let op = unsafe ops[index]
            guard op.opcode == .store else { continue }
            guard op.memory.size == 1, root(op.a) == base else { return nil }
            first = min(first, op.imm)
            bytes += 1
        }
        return bytes == width ? first : nil
    }

    private func isIntegerValue(_ value: Int32) -> Bool {
        let op = unsafe ops[Int(value)]
        return op.type.isInteger && op.opcode != .bitcast
    }

    /// The values that the stores wrote must live until the load.
    func extendForwarded(_ index: Int) {
        guard let found = forwardedStores(index) else { return }
        for part in found.parts { unsafe info[root(ops[part.store].b)].lastUse = Int32(index) }
        if let guess = found.guess { unsafe info[root(guess.base)].lastUse = Int32(index) }
    }

    /// The destination of the load at hand, and what it needs to be made of stored values; nil if there are none, or too few registers.
    func forwarding(_ found: ForwardedStores?) -> (Register, Forwarding?) {
        let registers = found.flatMap { registersOfParts($0) }
        let dst = destination()
        guard let found, let registers, !registers.contains(dst) else { return (dst, nil) }
        return (dst, Forwarding(stores: found, registers: registers, scratch: allocate()))
    }

    /// Registers for the parts, locked; nil if there are too few, and for a constant part.
    private func registersOfParts(_ found: ForwardedStores) -> [Register?]? {
        let values = found.parts.map { part in unsafe ops[part.store].b }
        guard values.filter({ ![.pin, .constant].contains(location($0).kind) }).count <= 1 else { return nil }
        return values.map { location($0).kind == .constant ? nil : use($0) }
    }

    /// The jump that is taken when the load's address is not the guessed one; nil if nothing was guessed.
    func jumpIfWrong(_ op: IROp, _ forwarding: Forwarding) -> Int? {
        guard let guess = forwarding.stores.guess else { return nil }
        compare(op, guess, forwarding.scratch)
        return jumpIfNotZero(forwarding.scratch)
    }

    /// Sets `difference` to how far the load's address is from the guessed one.
    func compare(_ op: IROp, _ guess: (base: Int32, displacement: Int64), _ difference: Register) {
        let held = locked
        a.lea(.b64, difference, Memory(use(guess.base), Int(guess.displacement - op.imm)))
        locked = held
        a.alu(.sub, .b64, difference, use(op.a))
        locked = held
    }

    /// Puts the value together; `scratch` is free.
    func compose(_ op: IROp, _ forwarding: Forwarding, _ dst: Register, _ memory: Memory) {
        let found = forwarding.stores
        if found.needsUpperHalf {
            a.mov(.b32, dst, memory.moved(by: 4))
            a.shift(.shl, .b64, dst, 32)
        }
        var isFirst = !found.needsUpperHalf
        for (part, register) in zip(found.parts, forwarding.registers) {
            let target = isFirst ? dst : forwarding.scratch
            take(part, register, target)
            if part.byte > 0 { a.shift(.shl, .b64, target, UInt8(8 * part.byte)) }
            if !isFirst { a.alu(.or, .b64, dst, target) }
            isFirst = false
        }
        if op.memory.isSigned, op.memory.size == 4, op.type == .i64 { a.movsx(.b64, dst, .b32, dst) }
    }

    /// The bytes of a part, zero-extended.
    private func take(_ part: ForwardedStores.Part, _ register: Register?, _ target: Register) {
        guard let register else {
            let bits = unsafe UInt64(bitPattern: ops[root(ops[part.store].b)].imm)
            return a.mov(target, bits & (1 << UInt64(8 * part.size) - 1))
        }
        switch part.size {
        case 1: a.movzx(target, .b8, register)
        case 2: a.movzx(target, .b16, register)
        default: a.mov(.b32, target, register)
        }
    }
}
