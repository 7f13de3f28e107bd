import AddressSpace
import Bits
import CPUModel

/// The tables that satp names, for people who look at them.
extension RISCVCPU {
    func listPages(_ body: (PageMapping) -> Void) -> PageTableListing {
        guard let tables else { return .noTranslation }
        var budget = PageTableBudget()
        list(tables, tables.root, tables.levels - 1, 0, &budget, body)
        return budget.isSpent ? .cut : .complete
    }

    private func list(
        _ tables: Tables, _ table: UInt64, _ level: Int, _ base: UInt64, _ budget: inout PageTableBudget, _ body: (PageMapping) -> Void
    ) {
        guard budget.takesTable(entries: 1 << tables.indexBits) else { return }
        let shift = 12 + level * tables.indexBits
        for index in 0..<UInt64(1) << UInt64(tables.indexBits) where !budget.isSpent {
            guard let entry = memory.loadEntry(table &+ index &* UInt64(tables.entryBytes), bytes: tables.entryBytes), entry & PTE.v != 0 else {
                continue
            }
            let address = base | index << UInt64(shift)
            let output = entry.bits(10, tables.entryBytes == 8 ? 44 : 22) << 12
            if entry & (PTE.r | PTE.w | PTE.x) != 0 {
                let top = tables.entryBytes == 8 ? address.signExtended(from: 12 + tables.levels * tables.indexBits) : address
                let flags = [PTE.r, PTE.w, PTE.x, PTE.u, PTE.g, PTE.a, PTE.d].map { entry & $0 != 0 }
                body(PageMapping(address: top, physical: output, count: 1 << UInt64(shift), attributes: PageMapping.attributes(flags)))
            } else if level > 0 {
                list(tables, output, level - 1, address, &budget, body)
            }
        }
    }
}
