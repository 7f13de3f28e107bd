import AddressSpace
import Bits
import CPUModel

/// The long format of translation tables (DDI 0406, B3.6).
extension ARMCPU {
    /// What TTBCR and a base register say of an address's tables.
    private struct Root {
        let base: UInt64
        /// Bits of the addresses that the tables map.
        let inputBits: Int
        let isForbidden: Bool
    }

    private static let outputBits = 40

    /// The tables of an address; nil between the two halves (DDI 0406, TranslationTableWalkLD).
    private func root(_ address: UInt64) -> Root? {
        let control = self[.ttbcr]
        let lowSize = Int(control.bits(0, 3)), highSize = Int(control.bits(16, 3))
        func top(_ size: Int) -> UInt64 { address >> UInt64(32 - size) }
        if highSize > 0 ? top(highSize) == (1 << UInt64(highSize)) - 1 : lowSize > 0 && top(lowSize) != 0 {
            return Root(base: self[.ttbr1], inputBits: 32 - highSize, isForbidden: control & TableControl.epd1 != 0)
        }
        guard lowSize == 0 || top(lowSize) == 0 else { return nil }
        return Root(base: self[.ttbr0], inputBits: 32 - lowSize, isForbidden: control & TableControl.epd0 != 0)
    }

    /// What the tables on the way forbid (bits 63 to 59 of a table descriptor).
    private struct Restrictions {
        var noUser = false, readOnly = false, never = false, privilegedNever = false

        mutating func add(_ table: UInt64) {
            noUser = noUser || table.bit(61)
            readOnly = readOnly || table.bit(62)
            never = never || table.bit(60)
            privilegedNever = privilegedNever || table.bit(59)
        }
    }

    private func shift(_ level: Int) -> Int { 12 + 9 * (3 - level) }

    func walkLong(_ address: UInt64) -> WalkResult {
        guard let root = root(address), !root.isForbidden else { return .fault(ARMFaultStatus.translationBase + 1) }
        var level = root.inputBits > 30 ? 1 : 2
        var indexBits = root.inputBits - shift(level)
        var table = root.base.bits(0, ARMCPU.outputBits) & ~((1 << UInt64(indexBits + 3)) - 1)
        var restrictions = Restrictions()
        while true {
            guard let entry = memory.loadEntry(table | address.bits(shift(level), indexBits) << 3, bytes: 8) else {
                return .fault(ARMFaultStatus.externalWalkBase + UInt32(level))
            }
            let isLeaf = entry & 3 == (level == 3 ? 3 : 1)
            guard isLeaf || level < 3 && entry & 3 == 3 else { return .fault(ARMFaultStatus.translationBase + UInt32(level)) }
            if entry.bits(ARMCPU.outputBits, 48 - ARMCPU.outputBits) != 0 { return .fault(ARMFaultStatus.addressSizeBase + UInt32(level)) }
            if isLeaf { return .entry(leaf(entry, level, address, restrictions)) }
            restrictions.add(entry)
            table = entry.bits(12, ARMCPU.outputBits - 12) << 12
            level += 1
            indexBits = 9
        }
    }

    private func leaf(_ entry: UInt64, _ level: Int, _ address: UInt64, _ restrictions: Restrictions) -> TableEntry {
        let shift = shift(level)
        let physical = entry.bits(shift, ARMCPU.outputBits - shift) << UInt64(shift) | address.bits(0, shift)
        let isReadOnly = entry.bit(7) || restrictions.readOnly
        let isUsers = entry.bit(6) && !restrictions.noUser
        let control = self[.sctlr]
        var privileged: AccessRights = isReadOnly ? .read : [.read, .write]
        var user: AccessRights = isUsers ? privileged : []
        let userWrites = user.contains(.write)
        if !entry.bit(54), !restrictions.never {
            let isForcedNever = control & Control.wxn != 0
            if isUsers, !(isForcedNever && userWrites) { user.insert(.execute) }
            let isPrivilegedNever =
                entry.bit(53) || restrictions.privilegedNever || isForcedNever && !isReadOnly || control & Control.uwxn != 0 && userWrites
            if !isPrivilegedNever { privileged.insert(.execute) }
        }
        var result = TableEntry(physical: physical, pageBits: UInt8(shift), level: UInt32(level), user: user, privileged: privileged)
        result.isAccessed = entry.bit(10)
        return result
    }
}
