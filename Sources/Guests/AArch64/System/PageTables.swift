import AddressSpace
import Bits
import CPUModel

/// The tables of stage 1 at the current level, for people who look at them; of a hypervisor's guest, where it keeps them in memory of its own.
extension AArch64CPU {
    func listPages(_ body: (PageMapping) -> Void) -> PageTableListing {
        guard system != nil else { return .noTranslation }
        let regime = Regime(mmuIndex: mmuIndex(level: level), hostsAtEL2: hostsAtEL2)
        guard isTranslated(regime) else { return .noTranslation }
        var budget = PageTableBudget()
        for isUpper in regime.hasUser ? [false, true] : [false] {
            guard let tables = tables(regime, isUpper) else { continue }
            let level = tables.firstLevel
            let bits = tables.inputBits - tables.shift(level)
            let root = tables.base & ~((1 << UInt64(bits + 3)) - 1)
            let top = isUpper ? UInt64.max << UInt64(tables.inputBits) : 0
            list(tables, Table(place: root, level: level, bits: bits, address: top), regime, &budget, body)
        }
        return budget.isSpent ? .cut : .complete
    }

    private struct Table {
        let place: UInt64
        let level: Int
        /// Of the index.
        let bits: Int
        /// The first address that it maps.
        let address: UInt64
    }

    private func list(
        _ tables: TableWalk, _ table: Table, _ regime: Regime, _ budget: inout PageTableBudget, _ body: (PageMapping) -> Void
    ) {
        guard budget.takesTable(entries: 1 << table.bits) else { return }
        let shift = tables.shift(table.level)
        for index in 0..<UInt64(1) << UInt64(table.bits) where !budget.isSpent {
            guard let place = walked(table.place | index << 3, regime), let entry = memory.loadEntry(place, bytes: 8), entry.bit(0) else { continue }
            let address = table.address | index << UInt64(shift)
            if table.level < 3, entry & 3 == 3 {
                let output = entry.bits(tables.granule, 48 - tables.granule) << UInt64(tables.granule)
                list(tables, Table(place: output, level: table.level + 1, bits: tables.stride, address: address), regime, &budget, body)
            } else if entry & 3 == (table.level == 3 ? 3 : 1), allowsBlock(tables, table.level) {
                let output = entry.bits(shift, 48 - shift) << UInt64(shift)
                body(PageMapping(address: address, physical: output, count: 1 << UInt64(shift), attributes: attributes(entry, regime)))
            }
        }
    }

    /// The physical address of a descriptor, which of a hypervisor's guest is in memory that stage 2 maps.
    private func walked(_ place: UInt64, _ regime: Regime) -> UInt64? {
        guard usesStage2(regime) else { return place }
        let whole = Mapping(physical: place, pageBits: 12, readable: true, writable: true, executable: true)
        guard case .mapped(let mapping) = stage2(whole, .read, isWalk: true, debug: true) else { return nil }
        return mapping.physical
    }

    /// What a descriptor of a page allows (DDI 0487, D5.4.5): the privileged level's rights, whether EL0 has some, nG, AF, and whether it has been written
    /// to or need not be noted as such.
    private func attributes(_ entry: UInt64, _ regime: Regime) -> String {
        let isWritable = !entry.bit(7) || entry.bit(51)
        let isExecutable = !entry.bit(regime.hasUser && !entry.bit(6) ? 53 : 54)
        return PageMapping.attributes([true, isWritable, isExecutable, regime.hasUser && entry.bit(6), !entry.bit(11), entry.bit(10), !entry.bit(7)])
    }
}
