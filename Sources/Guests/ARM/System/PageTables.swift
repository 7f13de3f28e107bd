import AddressSpace
import Bits
import CPUModel

/// The tables in use, for people who look at them: what each page, or the largest block that maps it, allows.
extension ARMCPU {
    func listPages(_ body: (PageMapping) -> Void) -> PageTableListing {
        guard system != nil, self[.sctlr] & Control.m != 0 else { return .noTranslation }
        var address: UInt64 = 0
        // By address rather than by table: tables may lead to themselves, addresses end.
        while address < 1 << 32 {
            guard case .entry(let entry) = walk(address) else {
                address = behindHole(address)
                continue
            }
            let count = UInt64(1) << UInt64(entry.pageBits)
            body(PageMapping(address: address, physical: entry.physical, count: count, attributes: attributes(entry)))
            address = (address | (count - 1)) + 1
        }
        return .complete
    }

    /// The next address that another entry may map: the first tables' holes are 1 MiB or more, the others' a page.
    private func behindHole(_ address: UInt64) -> UInt64 {
        guard case .fault(let code) = walk(address) else { return address }
        let level = code & 3
        let bits: UInt64 = usesLongFormat ? [30, 30, 21, 12][Int(level)] : level < 2 ? 20 : 12
        return (address | (1 << bits - 1)) + 1
    }

    /// The privileged modes' rights, whether user mode has some, and what the format does not tell: pages count as local, accessed and written.
    private func attributes(_ entry: TableEntry) -> String {
        let rights = entry.privileged
        return PageMapping.attributes([
            rights.contains(.read), rights.contains(.write), rights.contains(.execute), !entry.user.isEmpty, false, entry.isAccessed,
            rights.contains(.write),
        ])
    }
}
