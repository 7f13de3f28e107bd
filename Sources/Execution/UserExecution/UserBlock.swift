import HostCode
import IR

/// A translated block of a program, for all its threads.
final class UserBlock {
    let pc: UInt64
    let flags: UInt64
    let code: CompiledBlock?
    /// For the interpreter.
    let ir: InterpretedBlock?
    /// The guest's bytes, of a block on a page that is written too often to be watched.
    let comparedBytes: [UInt8]?
    /// Jumps in other blocks that were chained to this one: offsets in the code memory.
    var chainedJumps: [Int] = []
    var isDead = false

    init(pc: UInt64, flags: UInt64, code: CompiledBlock?, ir: InterpretedBlock?, comparedBytes: [UInt8]?) {
        self.pc = pc
        self.flags = flags
        self.code = code
        self.ir = ir
        self.comparedBytes = comparedBytes
    }
}

/// A place for an IR block to live in.
final class InterpretedBlock {
    var block: IRBlock

    init(copyOf source: borrowing IRBlock) {
        block = IRBlock(capacity: max(source.count, 1))
        block.reset(pc: source.pc)
        for index in 0..<source.count { block.append(source[index]) }
        block.labels = source.labels
    }
}

/// Blocks by address and flags: open addressing. Guarded by the lock of the guest's memory.
struct UserBlockTable {
    private var slots: [UserBlock?]
    private(set) var count = 0

    init() { slots = Array(repeating: nil, count: 1 << 12) }

    private func index(_ pc: UInt64, _ flags: UInt64) -> Int {
        Int(((pc >> 1 ^ flags << 40) &* 0x9e37_79b9_7f4a_7c15) >> 32) & (slots.count - 1)
    }

    func find(_ pc: UInt64, _ flags: UInt64) -> UserBlock? {
        var place = index(pc, flags)
        while let block = slots[place] {
            if block.pc == pc, block.flags == flags { return block.isDead ? nil : block }
            place = (place + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Puts a block in; a dead one with the same key makes room.
    mutating func insert(_ block: UserBlock) {
        if 2 * count >= slots.count { grow() }
        var place = index(block.pc, block.flags)
        while let other = slots[place], other.pc != block.pc || other.flags != block.flags { place = (place + 1) & (slots.count - 1) }
        if slots[place] == nil { count += 1 }
        slots[place] = block
    }

    /// Drops the dead, and makes room for more where the living need it. The number of slots stays a power of two, which `index` masks with.
    private mutating func grow() {
        let old = slots.compactMap { $0 }.filter { !$0.isDead }
        slots = Array(repeating: nil, count: 4 * old.count >= slots.count ? 4 * slots.count : slots.count)
        count = 0
        for block in old { insert(block) }
    }

    mutating func removeAll() {
        slots = Array(repeating: nil, count: 1 << 12)
        count = 0
    }
}
