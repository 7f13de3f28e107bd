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

/// Finds translated blocks by physical address. Guarded by the translation lock.
struct BlockTable {
    struct Key: Hashable {
        let physical: UInt64
        let pc: UInt64
        let flags: UInt64
    }

    /// A page of RAM that holds code.
    struct PageKey: Hashable {
        let block: ObjectIdentifier
        let page: Int
    }

    private var blocks: [Key: TranslatedBlock] = [:]
    private var byPage: [PageKey: [TranslatedBlock]] = [:]

    var count: Int { blocks.count }

    func find(physical: UInt64, pc: UInt64, flags: UInt64) -> TranslatedBlock? {
        blocks[Key(physical: physical, pc: pc, flags: flags)]
    }

    mutating func insert(_ block: TranslatedBlock, pages: [PageKey]) {
        blocks[Key(physical: block.physical, pc: block.pc, flags: block.flags)] = block
        for page in pages { byPage[page, default: []].append(block) }
    }

    /// Takes out every block with code on a page.
    mutating func remove(page: PageKey) -> [TranslatedBlock] {
        let found = byPage.removeValue(forKey: page) ?? []
        for block in found where !block.isDead {
            let key = Key(physical: block.physical, pc: block.pc, flags: block.flags)
            if blocks[key] === block { blocks[key] = nil }
        }
        return found
    }

    mutating func removeAll() {
        blocks.removeAll()
        byPage.removeAll()
    }
}
