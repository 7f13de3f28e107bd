import AddressSpace
import HostCode
import IR

/// A translated block, for all vCPUs.
final class TranslatedBlock {
    let pc: UInt64
    let flags: UInt64
    /// Physical address of the first byte.
    let physical: UInt64
    /// Physical page of the last byte, if that is another page than the first one.
    var secondPage: UInt64?
    let instructions: Int
    let guestBytes: Int
    /// Host code; nil for the interpreter.
    let code: CompiledBlock?
    /// For the interpreter.
    let ir: IRHolder?
    /// Jumps in other blocks that were chained to this one: offsets in the code memory.
    var chainedJumps: [Int] = []
    var isDead = false
    /// Made for one run and not in the table: a write to its page would not find it, so nothing may lead to it.
    let isTemporary: Bool

    init(
        pc: UInt64, flags: UInt64, physical: UInt64, secondPage: UInt64?, instructions: Int, guestBytes: Int, code: CompiledBlock?,
        ir: IRHolder?, isTemporary: Bool
    ) {
        self.pc = pc
        self.flags = flags
        self.physical = physical
        self.secondPage = secondPage
        self.instructions = instructions
        self.guestBytes = guestBytes
        self.code = code
        self.ir = ir
        self.isTemporary = isTemporary
    }
}

/// A place for an IR block to live in.
final class IRHolder {
    var block: IRBlock
    init(_ block: consuming IRBlock) { self.block = block }
}

/// Finds translated blocks by physical address, address and flags: open addressing. Guarded by the translation lock.
struct BlockTable {
    /// A page of RAM that holds code.
    struct PageKey: Hashable {
        let block: ObjectIdentifier
        let page: Int
    }

    /// Their number is a power of two, which `index` masks with.
    private var slots = [TranslatedBlock?](repeating: nil, count: 1 << 12)
    private(set) var count = 0
    /// Places in `onPage`.
    private var pages: [PageKey: Int] = [:]
    private var onPage: [[TranslatedBlock]] = []
    /// The page that was asked for last, as one block after the other mostly lies on the same one.
    private var recent: (key: PageKey, place: Int)?

    private func index(_ physical: UInt64, _ pc: UInt64, _ flags: UInt64) -> Int {
        let mixed = (physical ^ (pc &+ flags) &* 0x9e37_79b9_7f4a_7c15) &* 0xd6e8_feb8_6659_fd93
        return Int(mixed >> 32) & (slots.count - 1)
    }

    func find(physical: UInt64, pc: UInt64, flags: UInt64) -> TranslatedBlock? {
        var place = index(physical, pc, flags)
        while let block = slots[place] {
            if block.physical == physical, block.pc == pc, block.flags == flags { return block.isDead ? nil : block }
            place = (place + 1) & (slots.count - 1)
        }
        return nil
    }

    /// The block whose code holds an offset in the code memory: a search through all of them.
    func block(at offset: Int) -> TranslatedBlock? {
        for case let block? in slots { if let code = block.code, offset >= code.entry, offset < code.entry + code.size { return block } }
        return nil
    }

    mutating func insert(_ block: TranslatedBlock, pages keys: [PageKey]) {
        put(block)
        for key in keys { onPage[place(of: key)].append(block) }
    }

    /// Puts a block in; a dead one with the same key makes room.
    private mutating func put(_ block: TranslatedBlock) {
        if 2 * count >= slots.count { grow() }
        var place = index(block.physical, block.pc, block.flags)
        while let other = slots[place], other.physical != block.physical || other.pc != block.pc || other.flags != block.flags {
            place = (place + 1) & (slots.count - 1)
        }
        if slots[place] == nil { count += 1 }
        slots[place] = block
    }

    /// Drops the dead, and makes more room where the living need it.
    private mutating func grow() {
        let living = slots.compactMap { $0 }.filter { !$0.isDead }
        slots = Array(repeating: nil, count: 4 * living.count >= slots.count ? 4 * slots.count : slots.count)
        count = 0
        for block in living { put(block) }
    }

    private mutating func place(of key: PageKey) -> Int {
        if let recent, recent.key == key { return recent.place }
        let place = pages[key] ?? onPage.count
        if place == onPage.count {
            pages[key] = place
            onPage.append([])
        }
        recent = (key, place)
        return place
    }

    /// The blocks with code on a page, which are to die.
    mutating func take(page key: PageKey) -> [TranslatedBlock] {
        guard let place = pages[key] else { return [] }
        defer { onPage[place] = [] }
        return onPage[place]
    }

    mutating func removeAll() { self = BlockTable() }
}
