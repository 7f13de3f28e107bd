import AddressSpace
import CPUModel
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
    let ir: HeldBlock?
    /// Jumps in other blocks that were chained to this one: offsets in the code memory.
    var chainedJumps: [Int] = []
    var isDead = false
    /// Made for one run and not in the table: a write to its page would not find it, so nothing may lead to it.
    let isTemporary: Bool
    /// Made of several blocks, which branch back and forth in it.
    let isLoop: Bool

    init(
        pc: UInt64, flags: UInt64, physical: UInt64, secondPage: UInt64?, instructions: Int, guestBytes: Int, code: CompiledBlock?,
        ir: HeldBlock?, isTemporary: Bool, isLoop: Bool = false
    ) {
        self.isLoop = isLoop
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

extension TranslatedBlock: CachedBlock {
    struct Key: CachedBlockKey {
        let physical: UInt64
        let pc: UInt64
        let flags: UInt64

        @inline(__always) var mixed: UInt64 { (physical ^ (pc &+ flags) &* 0x9e37_79b9_7f4a_7c15) &* 0xd6e8_feb8_6659_fd93 }
    }

    @inline(__always) var key: Key { Key(physical: physical, pc: pc, flags: flags) }
}

/// Finds translated blocks by where they come from, and by page. Guarded by the translation lock.
struct BlockTable {
    /// A page of RAM that holds code.
    struct PageKey: Hashable {
        let block: ObjectIdentifier
        let page: Int
    }

    private var slots = BlockSlots<TranslatedBlock>()
    /// Places in `onPage`.
    private var pages: [PageKey: Int] = [:]
    private var onPage: [[TranslatedBlock]] = []
    /// The page that was asked for last, as one block after the other mostly lies on the same one.
    private var recent: (key: PageKey, place: Int)?

    func find(physical: UInt64, pc: UInt64, flags: UInt64) -> TranslatedBlock? {
        slots.find(TranslatedBlock.Key(physical: physical, pc: pc, flags: flags))
    }

    /// The block whose code holds an offset in the code memory.
    func block(at offset: Int) -> TranslatedBlock? {
        slots.first { block in block.code.map { offset >= $0.entry && offset < $0.entry + $0.size } ?? false }
    }

    /// All blocks that are not dead: a search through everything.
    var living: [TranslatedBlock] { slots.living }

    mutating func insert(_ block: TranslatedBlock, pages keys: [PageKey]) {
        slots.insert(block)
        for key in keys { onPage[place(of: key)].append(block) }
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
