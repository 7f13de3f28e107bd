import AddressSpace
import Bits
import CPUModel

/// The short format of translation tables (DDI 0406, B3.5; DDI 0100, B4.7 for what came before v7).
extension ARMCPU {
    /// The first table of an address, by TTBCR.N; nil where walks by its register are forbidden.
    private func firstTable(_ address: UInt64) -> UInt64? {
        let control = self[.ttbcr], n = Int(control.bits(0, 3))
        if n != 0, address >> UInt64(32 - n) != 0 {
            return control & TableControl.pd1 != 0 ? nil : self[.ttbr1] & 0xffff_c000
        }
        if control & TableControl.pd0 != 0, model.features.contains(.security) { return nil }
        return self[.ttbr0].bits(14 - n, 18 + n) << UInt64(14 - n)
    }

    func walkShort(_ address: UInt64) -> WalkResult {
        guard let table = firstTable(address) else { return .fault(ARMFaultStatus.translationBase + 1) }
        // A table that TTBCR.N makes smaller has fewer index bits.
        let n = self[.ttbcr].bits(0, 3)
        let usesSecond = n != 0 && address >> (32 - n) != 0
        let indexBits = usesSecond ? 12 : 12 - Int(n)
        guard let entry = memory.loadEntry(table | address.bits(20, indexBits) << 2, bytes: 4) else {
            return .fault(ARMFaultStatus.externalWalkBase + 1)
        }
        switch entry & 3 {
        case 1: return walkSecond(entry, entry & 0xffff_fc00 | address.bits(12, 8) << 2, address)
        case 2: return section(entry, address)
        case 3 where model.features.contains(.lpae): return section(entry, address)
        // v5: a fine table, whose entries stand for 1 KiB each.
        case 3 where !model.features.contains(.v6): return walkSecond(entry, entry & 0xffff_f000 | address.bits(10, 10) << 2, address)
        default: return .fault(ARMFaultStatus.translationBase + 1)
        }
    }

    private func section(_ entry: UInt64, _ address: UInt64) -> WalkResult {
        let isNever = entry.bit(4) && usesExtendedPages
        let rights = AccessBits(
            ap: entry.bits(10, 2) | (usesExtendedPages ? entry.bits(15, 1) << 2 : 0), isNever: isNever, isPrivilegedNever: entry.bit(0))
        if entry.bit(18), usesExtendedPages {
            let base = entry.bits(24, 8) << 24 | entry.bits(20, 4) << 32 | entry.bits(5, 4) << 36
            return .entry(tableEntry(base | address.bits(0, 24), 24, level: 1, rights, domain: 0))
        }
        return .entry(tableEntry(entry.bits(20, 12) << 20 | address.bits(0, 20), 20, level: 1, rights, domain: UInt32(entry.bits(5, 4))))
    }

    private func walkSecond(_ first: UInt64, _ place: UInt64, _ address: UInt64) -> WalkResult {
        let domain = UInt32(first.bits(5, 4))
        func fault(_ base: UInt32) -> WalkResult { .fault(ARMFaultStatus.of(base + 2, domain: domain)) }
        guard let entry = memory.loadEntry(place, bytes: 4) else { return fault(ARMFaultStatus.externalWalkBase) }
        guard entry & 3 != 0 else { return fault(ARMFaultStatus.translationBase) }
        let isPrivilegedNever = model.features.contains(.lpae) && first.bit(2)
        guard usesExtendedPages else { return .entry(oldPage(entry, address, isFine: first & 3 == 3, domain)) }
        let isLarge = entry & 3 == 1
        let ap = entry.bits(4, 2) | entry.bits(9, 1) << 2
        let rights = AccessBits(ap: ap, isNever: entry.bit(isLarge ? 15 : 0), isPrivilegedNever: isPrivilegedNever)
        let bits = isLarge ? 16 : 12
        return .entry(tableEntry(entry.bits(bits, 32 - bits) << UInt64(bits) | address.bits(0, bits), UInt8(bits), level: 2, rights, domain: domain))
    }

    /// Pages whose quarters have rights of their own, as v5 has them and v6 without SCTLR.XP. A TLB entry is 4 KiB: it has the rights of the quarter that is
    /// accessed, and systems give all quarters the same.
    private func oldPage(_ entry: UInt64, _ address: UInt64, isFine: Bool, _ domain: UInt32) -> TableEntry {
        let kind = entry & 3
        // Tiny pages of 1 KiB in fine tables, extended small pages in coarse ones.
        let bits = kind == 1 ? 16 : kind == 3 && isFine ? 10 : 12
        let quarter = kind == 3 ? 0 : address.bits(bits - 2, 2)
        let rights = AccessBits(ap: entry.bits(4 + 2 * Int(quarter), 2), isNever: false, isPrivilegedNever: false)
        let physical = entry.bits(bits, 32 - bits) << UInt64(bits) | address.bits(0, bits)
        return tableEntry(physical, UInt8(max(bits, 12)), level: 2, rights, domain: domain)
    }

    /// Tables have v6's format: AP has three bits, there is XN.
    private var usesExtendedPages: Bool {
        model.features.contains(.v7) || model.features.contains(.v6) && self[.sctlr] & Control.xp != 0
    }

    // MARK: Rights

    private struct AccessBits {
        let ap: UInt64
        let isNever: Bool
        let isPrivilegedNever: Bool
    }

    private func tableEntry(_ physical: UInt64, _ pageBits: UInt8, level: UInt32, _ bits: AccessBits, domain: UInt32) -> TableEntry {
        let usesAccessFlag = self[.sctlr] & Control.afe != 0 && model.features.contains(.v6k)
        var (privileged, user) = rights(usesAccessFlag ? bits.ap | 1 : bits.ap)
        let control = model.features.contains(.virtualization) ? self[.sctlr] : 0
        let userWrites = user.contains(.write)
        if !bits.isNever {
            if user.contains(.read), !(control & Control.wxn != 0 && userWrites) { user.insert(.execute) }
            let isPrivilegedNever =
                bits.isPrivilegedNever && model.features.contains(.lpae) || control & Control.uwxn != 0 && userWrites
                || control & Control.wxn != 0 && privileged.contains(.write)
            if privileged.contains(.read), !isPrivilegedNever { privileged.insert(.execute) }
        }
        var entry = TableEntry(physical: physical, pageBits: pageBits, level: level, user: user, privileged: privileged, domain: domain)
        entry.isAccessed = !usesAccessFlag || bits.ap & 1 != 0
        return entry
    }

    /// AP[2:0] (DDI 0406, table B3-8; with AP = 0 SCTLR.S and R of before v7).
    private func rights(_ ap: UInt64) -> (privileged: AccessRights, user: AccessRights) {
        let both: AccessRights = [.read, .write]
        switch ap {
        case 1: return (both, [])
        case 2: return (both, .read)
        case 3: return (both, both)
        case 5: return (.read, [])
        case 6, 7: return (.read, .read)
        default:
            guard ap == 0, !model.features.contains(.v7) else { return ([], []) }
            let control = self[.sctlr]
            if control & Control.r != 0 { return (.read, .read) }
            return control & Control.s != 0 ? (.read, []) : ([], [])
        }
    }
}
