import AddressSpace
import Bits
import CPUModel

/// Stage 2 of EL1&0's translation: from the guest's idea of physical addresses to real ones (DDI 0487, D5.2 and D5.4.4).
extension AArch64CPU {
    /// Translates a stage 1 result further. `isWalk`: it is where a table of stage 1 lies.
    func stage2(_ mapping: Mapping, _ access: AccessKind, isWalk: Bool, debug: Bool = false) -> AddressTranslation {
        guard hypervisor & HypervisorControl.vm != 0 else { return .mapped(mapping) }
        let control = self[.vtcr_el2]
        var granule = [12, 16, 14, 12][Int(control.bits(14, 2))]
        if granule == 14, !model.features.contains(.granule16) { granule = 12 }
        let size = Int(control.bits(0, 6))
        let address = mapping.physical
        let mark = FaultStatus.stage2 | (isWalk ? FaultStatus.walk : 0)
        guard size >= 16, address >> UInt64(64 - size) == 0 else { return failed(FaultStatus.translationBase | mark, address, isWalk) }
        var tables = TableWalk(
            granule: granule, inputBits: 64 - size, base: self[.vttbr_el2].bits(1, 47) << 1, outputBits: outputBits(Int(control.bits(16, 3))))
        // SL0 counts from level 2 for pages of 4 KiB, from level 3 for larger ones.
        tables.startLevel = (granule == 12 ? 2 : 3) - Int(control.bits(6, 2))
        guard (0...3).contains(tables.startLevel), tables.inputBits > tables.shift(tables.startLevel) else {
            return failed(FaultStatus.translationBase | mark, address, isWalk)
        }
        tables.updatesAccess = model.features.contains(.hafdbs) && control.bit(21)
        return walk(tables, mapping, access, mark, isWalk, debug)
    }

    /// Notes where the guest's address was (HPFAR_EL2), and the fault's status.
    private func failed(_ status: UInt32, _ address: UInt64, _ isWalk: Bool) -> AddressTranslation {
        self[.hpfar_el2] = address.bits(12, 40) << 4
        return .fault(status)
    }

    private func walk(_ tables: TableWalk, _ mapping: Mapping, _ access: AccessKind, _ mark: UInt32, _ isWalk: Bool, _ debug: Bool)
        -> AddressTranslation
    {
        let address = mapping.physical
        var level = tables.firstLevel
        // Up to 16 tables side by side at the first level.
        var indexBits = tables.inputBits - tables.shift(level)
        var table = tables.base & ~((1 << UInt64(indexBits + 3)) - 1)
        while true {
            let slot = table | address.bits(tables.shift(level), indexBits) << 3
            guard let entry = memory.loadEntry(slot, bytes: 8) else {
                return failed(FaultStatus.externalWalkBase + UInt32(level) | mark, address, isWalk)
            }
            let isTable = level < 3 && entry & 3 == 3
            let isLeaf = entry & 3 == (level == 3 ? 3 : 1) && allowsBlock(tables, level)
            guard isTable || isLeaf else { return failed(FaultStatus.translationBase + UInt32(level) | mark, address, isWalk) }
            let output = entry.bits(tables.granule, 48 - tables.granule) << UInt64(tables.granule)
            if output >> UInt64(tables.outputBits) != 0 { return failed(FaultStatus.addressSizeBase + UInt32(level) | mark, address, isWalk) }
            if isLeaf { return leaf(entry, slot, tables, level, mapping, access, mark, isWalk, debug) }
            table = output
            level += 1
            indexBits = tables.stride
        }
    }

    private func leaf(
        _ entry: UInt64, _ slot: UInt64, _ tables: TableWalk, _ level: Int, _ first: Mapping, _ access: AccessKind, _ mark: UInt32, _ isWalk: Bool,
        _ debug: Bool
    ) -> AddressTranslation {
        let shift = tables.shift(level)
        var mapping = first
        mapping.physical = entry.bits(shift, 48 - shift) << UInt64(shift) | first.physical.bits(0, shift)
        mapping.pageBits = min(first.pageBits, UInt8(shift))
        if debug { return .mapped(mapping) }
        if !entry.bit(10) {
            guard tables.updatesAccess, memory.compareExchange(slot, expected: entry, new: entry | 1 << 10) else {
                return failed(FaultStatus.accessFlagBase + UInt32(level) | mark, first.physical, isWalk)
            }
        }
        mapping.readable = first.readable && entry.bit(6)
        mapping.writable = first.writable && entry.bit(7)
        mapping.executable = first.executable && !entry.bit(54)
        guard mapping.permits(access) else { return failed(FaultStatus.permissionBase + UInt32(level) | mark, first.physical, isWalk) }
        // A flush by the guest's page takes all that came of a larger page at either stage.
        mapping.pageBits = max(first.pageBits, UInt8(shift))
        return .mapped(mapping)
    }
}
