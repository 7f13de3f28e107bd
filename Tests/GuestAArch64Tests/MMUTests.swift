import CPUModel
import GuestAArch64
import Testing

/// Translation tables in memory, and what becomes of accesses through them.
@Suite struct MMUTests {
    /// MMU indices as the element numbers them.
    private static let user = 0, supervisor = 1, guarded = 2, hypervisor = 3
    private static let tables = SystemElement.base + 0x10_0000
    private static let page: UInt64 = SystemElement.base + 0x40_0000

    /// Bits of descriptors.
    private enum Bit {
        static let page: UInt64 = 3, table: UInt64 = 3, block: UInt64 = 1, user: UInt64 = 1 << 6, readOnly: UInt64 = 1 << 7,
            accessed: UInt64 = 1 << 10
        static let dirtyManaged: UInt64 = 1 << 51, privilegedNever: UInt64 = 1 << 53, never: UInt64 = 1 << 54
    }

    /// An element whose TTBR0 leads to one page (or block) at virtual address 0x8000_0000 by tables of one entry each.
    private struct Walk {
        let element: SystemElement
        let granuleBits: Int
        /// Address of the last descriptor.
        let slot: UInt64
        let address: UInt64 = 0x8000_0000

        /// - Parameter depth: the level of the last descriptor.
        init(granule: Int, depth: Int = 3, leaf: UInt64, cpu: String = "max", control extra: UInt64 = 0) throws {
            element = try SystemElement(cpu: cpu)
            granuleBits = granule
            let stride = granule - 3
            let field: UInt64 = granule == 12 ? 0 : granule == 16 ? 1 : 2
            // T0SZ = 16 (48 bits), TG0, no walks of TTBR1, IPS = 48 bits.
            element.set("TCR_EL1", 16 | field << 14 | 1 << 23 | 5 << 32 | extra)
            element.set("TTBR0_EL1", MMUTests.tables)
            var table = MMUTests.tables
            var place: UInt64 = 0
            for level in (4 - 44 / stride)...depth {
                let shift = UInt64(granule + stride * (3 - level))
                let bits = level == 4 - 44 / stride ? 48 - Int(shift) : stride
                place = table + (address >> shift & (1 << UInt64(bits) - 1)) * 8
                let next = table + 0x1_0000
                if level < depth { element.memory.store(place, next | Bit.table) }
                table = next
            }
            slot = place
            element.memory.store(slot, MMUTests.page & ~(1 << UInt64(granule + stride * (3 - depth)) - 1) | leaf)
            element.set("SCTLR_EL1", 0x30d0_0801)
        }

        func look(_ access: AccessKind, _ index: Int, offset: UInt64 = 0) -> AddressTranslation {
            element.cpu.translateAddress(address + offset, access, mmuIndex: index)
        }

        func fault(_ access: AccessKind, _ index: Int) -> UInt32? {
            if case .fault(let code) = look(access, index) { return code }
            return nil
        }

        var descriptor: UInt64 { element.memory.load(slot, as: UInt64.self) ?? 0 }
    }

    private func physical(_ found: AddressTranslation) -> UInt64? {
        if case .mapped(let mapping) = found { return mapping.physical }
        return nil
    }

    @Test(arguments: [12, 14, 16]) func pagesOfEverySize(_ granule: Int) throws {
        let walk = try Walk(granule: granule, leaf: Bit.page | Bit.accessed | Bit.user)
        let last = UInt64(1) << UInt64(granule) - 4
        #expect(physical(walk.look(.read, MMUTests.user, offset: last)) == MMUTests.page + last)
        #expect(walk.element.cpu.debugTranslate(walk.address + 8) == MMUTests.page + 8)
        if case .mapped(let mapping) = walk.look(.read, MMUTests.user) { #expect(mapping.pageBits == UInt8(granule)) }
    }

    @Test func blocks() throws {
        let small = try Walk(granule: 12, depth: 2, leaf: Bit.block | Bit.accessed)
        #expect(physical(small.look(.read, MMUTests.supervisor, offset: 0x12_3456)) == MMUTests.page + 0x12_3456)
        let large = try Walk(granule: 12, depth: 1, leaf: Bit.block | Bit.accessed)
        #expect(physical(large.look(.read, MMUTests.supervisor, offset: 0x1234_5678)) == SystemElement.base + 0x1234_5678)
        let none = try Walk(granule: 16, depth: 1, leaf: Bit.block | Bit.accessed)
        #expect(none.fault(.read, MMUTests.supervisor) == 0x05, "64 KiB granules have no blocks at level 1")
    }

    @Test func granulesThatTheCoreHasNot() throws {
        let walk = try Walk(granule: 14, leaf: Bit.page | Bit.accessed, cpu: "cortex-a57")
        #expect(walk.fault(.read, MMUTests.supervisor) != nil)
    }

    @Test func translationFaultsTellTheLevel() throws {
        for depth in 1...3 {
            let walk = try Walk(granule: 12, depth: depth, leaf: 0)
            #expect(walk.fault(.read, MMUTests.supervisor) == 0x04 + UInt32(depth))
        }
        let walk = try Walk(granule: 12, leaf: Bit.page | Bit.accessed)
        let upper = walk.element.cpu.translateAddress(0xffff_8000_0000_0000, .read, mmuIndex: MMUTests.supervisor)
        guard case .fault(0x04) = upper else { return #expect(Bool(false), "EPD1 forbids walks: \(upper)") }
        let hole = walk.element.cpu.translateAddress(0x0001_0000_0000_0000, .read, mmuIndex: MMUTests.supervisor)
        guard case .fault(0x04) = hole else { return #expect(Bool(false), "the hole between the halves: \(hole)") }
    }

    /// AP, UXN, PXN, WXN and PAN: who may do what (DDI 0487, tables D5-28 and D5-29).
    @Test func permissions() throws {
        struct Case { let bits: UInt64, user: String, supervisor: String, guarded: String }
        let cases = [
            Case(bits: 0, user: "--x", supervisor: "rwx", guarded: "rwx"),
            Case(bits: Bit.user, user: "rwx", supervisor: "rw-", guarded: "---"),
            Case(bits: Bit.readOnly, user: "--x", supervisor: "r-x", guarded: "r-x"),
            Case(bits: Bit.user | Bit.readOnly, user: "r-x", supervisor: "r-x", guarded: "--x"),
            Case(bits: Bit.never, user: "---", supervisor: "rwx", guarded: "rwx"),
            Case(bits: Bit.privilegedNever, user: "--x", supervisor: "rw-", guarded: "rw-"),
        ]
        for entry in cases {
            let walk = try Walk(granule: 12, leaf: Bit.page | Bit.accessed | entry.bits)
            func rights(_ index: Int) -> String {
                zip([AccessKind.read, .write, .execute], ["r", "w", "x"]).map { walk.fault($0, index) == nil ? $1 : "-" }.joined()
            }
            let found = [MMUTests.user, MMUTests.supervisor, MMUTests.guarded].map(rights)
            #expect(found == [entry.user, entry.supervisor, entry.guarded], "bits \(String(entry.bits, radix: 16))")
            if entry.user == "---" { #expect(walk.fault(.read, MMUTests.user) == 0x0f) }
        }
        let walk = try Walk(granule: 12, leaf: Bit.page | Bit.accessed)
        walk.element.set("SCTLR_EL1", 0x30d0_0801 | 1 << 19)
        #expect(walk.fault(.execute, MMUTests.supervisor) == 0x0f, "WXN: what can be written is not executed")
    }

    @Test func accessFlagAndDirtyState() throws {
        let plain = try Walk(granule: 12, leaf: Bit.page)
        #expect(plain.fault(.read, MMUTests.supervisor) == 0x0b, "software sees to the flag")
        let managed = try Walk(granule: 12, leaf: Bit.page | Bit.readOnly | Bit.dirtyManaged, control: 3 << 39)
        #expect(managed.fault(.read, MMUTests.supervisor) == nil)
        #expect(managed.descriptor & Bit.accessed != 0 && managed.descriptor & Bit.readOnly != 0)
        if case .mapped(let mapping) = managed.look(.read, MMUTests.supervisor) { #expect(!mapping.writable, "the first write must be seen") }
        #expect(managed.fault(.write, MMUTests.supervisor) == nil)
        #expect(managed.descriptor & Bit.readOnly == 0, "dirty")
        let old = try Walk(granule: 12, leaf: Bit.page, cpu: "cortex-a57", control: 3 << 39)
        #expect(old.fault(.read, MMUTests.supervisor) == 0x0b, "a core without FEAT_HAFDBS")
    }

    @Test func hierarchicalRestrictions() throws {
        let walk = try Walk(granule: 12, leaf: Bit.page | Bit.accessed | Bit.user)
        let table = MMUTests.tables
        let first = try #require(walk.element.memory.load(table, as: UInt64.self))
        walk.element.memory.store(table, first | 1 << 62)
        #expect(walk.fault(.write, MMUTests.user) == 0x0f && walk.fault(.read, MMUTests.user) == nil, "APTable[1]")
        walk.element.memory.store(table, first | 1 << 61)
        #expect(walk.fault(.read, MMUTests.user) == 0x0f, "APTable[0]")
        walk.element.memory.store(table, first | 1 << 60)
        #expect(walk.fault(.execute, MMUTests.user) == 0x0f, "UXNTable")
    }

    @Test func tagsAreIgnoredWhereTheControlSaysSo() throws {
        let walk = try Walk(granule: 12, leaf: Bit.page | Bit.accessed | Bit.user, control: 1 << 37)
        #expect(physical(walk.look(.read, MMUTests.user, offset: 0xa5 << 56)) == MMUTests.page)
        if case .mapped(let mapping) = walk.look(.read, MMUTests.user, offset: 0xa5 << 56) { #expect(mapping.pageBits == 64, "for flushes") }
        let strict = try Walk(granule: 12, leaf: Bit.page | Bit.accessed | Bit.user)
        guard case .fault(0x04) = strict.look(.read, MMUTests.user, offset: 0xa5 << 56) else { return #expect(Bool(false), "no TBI") }
    }

    @Test func addressSizes() throws {
        let walk = try Walk(granule: 12, leaf: Bit.page | Bit.accessed | 1 << 44, cpu: "cortex-a53")
        #expect(walk.fault(.read, MMUTests.supervisor) == 0x03, "40 bits of physical address")
        let element = try SystemElement(cpu: "cortex-a53")
        guard case .fault(0x00) = element.cpu.translateAddress(1 << 44, .read, mmuIndex: MMUTests.supervisor) else {
            return #expect(Bool(false), "without the MMU too")
        }
    }

    @Test func secondStage() throws {
        let element = try SystemElement(hasEL2: true, level: 2)
        // 4 KiB granule, input of 40 bits, starting at level 1 (SL0 = 1), output of 48 bits.
        element.set("VTCR_EL2", 24 | 1 << 6 | 5 << 16)
        element.set("VTTBR_EL2", MMUTests.tables)
        element.set("HCR_EL2", 1 | 1 << 31)
        // Guest address 0x4000_0000 and up: a table of 2 MiB blocks; the first is read-only and leads to `page`.
        element.memory.store(MMUTests.tables + 8, MMUTests.tables + 0x1000 | Bit.table)
        element.memory.store(MMUTests.tables + 0x1000, MMUTests.page | Bit.block | Bit.accessed | 1 << 6)
        let found = element.cpu.translateAddress(0x4000_1234, .read, mmuIndex: MMUTests.supervisor)
        #expect(physical(found) == MMUTests.page + 0x1234)
        guard case .fault(let denied) = element.cpu.translateAddress(0x4000_1234, .write, mmuIndex: MMUTests.supervisor),
            case .fault(let missing) = element.cpu.translateAddress(0x4020_1234, .read, mmuIndex: MMUTests.supervisor)
        else { return #expect(Bool(false), "stage 2 allows too much") }
        #expect(denied & 0x3f == 0x0e && missing & 0x3f == 0x06)
        #expect(element.get("HPFAR_EL2") == 0x4_0201 << 4)
        #expect(physical(element.cpu.translateAddress(0x4000_1234, .write, mmuIndex: MMUTests.hypervisor)) == 0x4000_1234, "EL2 has no stage 2")
    }
}
