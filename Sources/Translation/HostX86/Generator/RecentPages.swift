import HostCode
import IR

/// An access that looks at the page it found last before it looks into the TLB: three instructions less, and the host address of the page does not
/// wait for the guest's address.
struct RecentPageUse {
    /// Offset of the `CPUHeader.RecentPage`.
    let page: Int
    let mmuIndex: Int
    let writes: Bool
    /// Bytes of the access.
    let size: Int
    /// Offset of the code behind the lookup.
    let found: Int
}

extension BlockEmitter {
    /// Whether the access at hand goes to another page nearly every time.
    var wanders: Bool { !wanderingAccesses.isEmpty && wanderingAccesses.contains(UInt32(truncatingIfNeeded: pc)) }

    /// Behind it `entry` is the host's page and `address` the offset in it, as behind a look into the TLB.
    func lookUpRecent(_ op: IROp, _ address: Register, _ entry: Register, writes: Bool, _ opened: PageWindow?) -> Fast {
        let page = CPUHeader.recentPage(recentPages, writes: writes, mmuIndex: op.memory.mmuIndex)
        recentPages &+= 1
        a.alu(.xor, .b64, address, Memory(HostRegisters.state, page))
        a.alu(.cmp, .b64, address, Int32(4096 - op.memory.size))
        let miss = a.jcc(.a)
        a.mov(.b64, entry, Memory(HostRegisters.state, page + 8))
        open(opened, address, entry)
        let recent = RecentPageUse(page: page, mmuIndex: op.memory.mmuIndex, writes: writes, size: op.memory.size, found: a.offset)
        return Fast(address: address, entry: entry, miss: miss, recent: recent, checksWrites: writes, opensWindow: opened != nil)
    }

    /// The first piece of the way out of line: another page than last time, which the TLB may know. Falls through if it does not, with `address` and
    /// `entry` as a failed look into the TLB leaves them.
    func emitRefill(_ item: OutOfLine, _ recent: RecentPageUse) {
        a.lea(.b64, item.entry, Memory(HostRegisters.state, recent.page))
        a.call(to: thunks.refill(item.address, item.entry, recent))
        a.note(Int32(truncatingIfNeeded: pc))
        a.alu(.cmp, .b64, item.address, Int32(4096 - recent.size))
        let miss = a.jcc(.a)
        a.mov(.b64, item.entry, Memory(item.entry, MemoryLayout<TLBEntry>.offset(of: \TLBEntry.host) ?? 0))
        a.jmp(to: recent.found)
        a.patch(miss, to: a.offset)
    }
}

/// The refills of `CPUHeader.recentPages`, one for loads and one for stores, for each MMU index and pair of temporaries.
struct RefillThunks {
    private var places: [Int] = []
    private static let registers = HostRegisters.temporaries
    private static let host = MemoryLayout<TLBEntry>.offset(of: \TLBEntry.host) ?? 0

    init(_ a: inout Assembler) {
        for row in 0..<2 * CPUHeader.mmuIndices {
            for address in RefillThunks.registers {
                for entry in RefillThunks.registers {
                    places.append(a.offset)
                    if address != entry { emit(&a, address, entry, mmuIndex: row >> 1, writes: row & 1 == 1) }
                }
            }
        }
    }

    func place(_ address: Register, _ entry: Register, _ use: RecentPageUse) -> Int {
        let registers = RefillThunks.registers
        guard let first = registers.firstIndex(of: address), let second = registers.firstIndex(of: entry) else {
            preconditionFailure("a lookup uses temporaries")
        }
        let row = CPUHeader.recentPageRow(writes: use.writes, mmuIndex: use.mmuIndex)
        return places[(row * registers.count + first) * registers.count + second]
    }

    /// `address`: in, the guest's address xor the recent page's tag; out, xor the TLB entry's tag. `entry`: in, the recent page, which is filled if
    /// the TLB knows the page; out, the TLB entry.
    private func emit(_ a: inout Assembler, _ address: Register, _ entry: Register, mmuIndex: Int, writes: Bool) {
        let descriptor = CPUHeader.Offset.tlb - 16 * mmuIndex
        let tag = MemoryLayout<TLBEntry>.offset(of: writes ? \TLBEntry.writeTag : \TLBEntry.readTag) ?? 0
        a.alu(.xor, .b64, address, Memory(entry))
        a.push(entry)
        a.rorx(.b64, entry, address, UInt8(12 - TLBEntry.sizeLog2))
        a.alu(.and, .b64, entry, Memory(HostRegisters.state, descriptor))
        a.alu(.add, .b64, entry, Memory(HostRegisters.state, descriptor + 8))
        a.alu(.xor, .b64, address, Memory(entry, tag))
        a.alu(.cmp, .b64, address, 0xfff)
        let miss = a.jcc(.a)
        let row = CPUHeader.recentPageRow(writes: writes, mmuIndex: mmuIndex)
        a.alu(.or, .b32, Memory(HostRegisters.state, CPUHeader.Offset.recentPagesInUse), 1 << Int32(row))
        fill(&a, entry, tag: tag, writes: writes, using: RefillThunks.registers.filter { $0 != address && $0 != entry })
        a.alu(.sub, .b32, Memory(HostRegisters.state, CPUHeader.Offset.refillsLeft), 1)
        let sample = a.jcc(.s)
        a.patch(miss, to: a.offset)
        let end = a.offset
        a.alu(.add, .b64, .rsp, 8)
        a.ret()
        a.patch(sample, to: a.offset)
        emitSample(&a, address, end)
    }

    /// Has the execution loop look at who called.
    private func emitSample(_ a: inout Assembler, _ free: Register, _ end: Int) {
        func field(_ offset: Int) -> Memory { Memory(HostRegisters.state, offset) }
        a.push(free)
        a.mov(.b64, free, Memory(.rsp, 16))
        a.mov(.b64, field(CPUHeader.Offset.refillSite), free)
        a.mov(.b32, field(CPUHeader.Offset.refillsLeft), Int32(CPUHeader.refillsPerSample))
        a.mov(.b32, field(CPUHeader.Offset.exitRequest), 1)
        a.pop(free)
        a.jmp(to: end)
    }

    /// Copies the TLB entry to the recent page, whose address is on the stack.
    private func fill(_ a: inout Assembler, _ entry: Register, tag: Int, writes: Bool, using free: [Register]) {
        let page = free[0], value = free[1]
        a.push(page)
        a.push(value)
        a.mov(.b64, page, Memory(.rsp, 16))
        a.mov(.b64, value, Memory(entry, RefillThunks.host))
        a.mov(.b64, Memory(page, 8), value)
        a.mov(.b64, value, Memory(entry, tag))
        if writes { fillForStores(&a, entry, tag, page, value) } else { a.mov(.b64, Memory(page), value) }
        a.pop(value)
        a.pop(page)
    }

    /// Another thread may take the permission away at the same time: first announce, in an instruction that is a fence as well, then look again.
    private func fillForStores(_ a: inout Assembler, _ entry: Register, _ tag: Int, _ page: Register, _ value: Register) {
        a.push(value)
        a.xchg(.b64, Memory(page), value)
        a.pop(value)
        a.alu(.cmp, .b64, value, Memory(entry, tag))
        let same = a.jcc(.e)
        a.mov(value, CPUHeader.noPage)
        a.mov(.b64, Memory(page), value)
        a.patch(same, to: a.offset)
    }
}
