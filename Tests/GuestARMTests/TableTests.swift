import CPUModel
import GuestARM
import Testing

/// Translation tables of both formats in memory, and what becomes of accesses through them.
@Suite struct TableTests {
    /// MMU indices of the first set of domains.
    private static let user = 0, privileged = 1
    private static let first = SystemElement.base + 0x10_0000
    private static let second = SystemElement.base + 0x12_0000
    private static let third = SystemElement.base + 0x14_0000
    private static let page = SystemElement.base + 0x40_0000

    private func physical(_ found: AddressTranslation) -> UInt64? {
        if case .mapped(let mapping) = found { return mapping.physical }
        return nil
    }

    private func rights(_ element: SystemElement, _ address: UInt64, _ index: Int) -> String {
        let kinds: [(AccessKind, String)] = [(.read, "r"), (.write, "w"), (.execute, "x")]
        return kinds.map { kind, letter in
            if case .mapped = element.cpu.translateAddress(address, kind, mmuIndex: index) { return letter }
            return "-"
        }.joined()
    }

    /// The status that a fault leaves in DFSR, and its address, by way of the exception.
    private func status(_ element: SystemElement, _ address: UInt64, _ access: AccessKind = .read, index: Int = TableTests.privileged) -> UInt64? {
        guard case .fault(let code) = element.cpu.translateAddress(address, access, mmuIndex: index) else { return nil }
        element.cpu.raise(translationFault: code, address: address, access)
        element.cpu.deliverException()
        #expect(element.get(access == .execute ? "IFAR" : "DFAR") == address)
        return element.get(access == .execute ? "IFSR" : "DFSR")
    }

    // MARK: The short format

    /// An element whose TTBR0 leads to entries of the first table and of one second table, all of domain 1, whose client everybody is.
    private func short(_ cpu: String = "cortex-a9", section: UInt32? = nil, page: UInt32? = nil, index: Int = 0) throws -> SystemElement {
        let element = try SystemElement(cpu: cpu)
        element.set("TTBR0", TableTests.first)
        if let section { element.memory.store(TableTests.first + 0x800 * 4, section) }
        if let page {
            element.memory.store(TableTests.first + 0x800 * 4, UInt32(TableTests.second) | 1 << 5 | 1)
            element.memory.store(TableTests.second + UInt64(4 * index), page)
        }
        element.set("DACR", 1 << 2)
        element.set("SCTLR", (element.get("SCTLR") ?? 0) | 1)
        return element
    }

    /// The index that DACR's value has.
    private func index(_ element: SystemElement, privileged: Bool) -> Int { element.cpu.fetchMMUIndex & ~1 | (privileged ? 1 : 0) }

    @Test func sectionsAndPages() throws {
        let section = try short(section: 0x4040_0000 | 3 << 10 | 1 << 5 | 2)
        #expect(physical(section.cpu.translateAddress(0x8001_2345, .read, mmuIndex: index(section, privileged: false))) == 0x4041_2345)
        #expect(section.cpu.debugTranslate(0x800f_fff0) == 0x404f_fff0)
        let large = try short(page: 0x4041_0000 | 3 << 4 | 1, index: 0x13)
        #expect(physical(large.cpu.translateAddress(0x8001_3456, .read, mmuIndex: index(large, privileged: false))) == 0x4041_3456)
        let small = try short(page: 0x4041_2000 | 3 << 4 | 2, index: 0x13)
        #expect(physical(small.cpu.translateAddress(0x8001_3456, .read, mmuIndex: index(small, privileged: false))) == 0x4041_2456)
        // A supersection reaches beyond 4 GiB.
        let huge = try short(section: 0x4100_0000 | 0xa << 20 | 0xb << 5 | 1 << 18 | 3 << 10 | 2)
        huge.set("DACR", 1)
        #expect(physical(huge.cpu.translateAddress(0x8002_3456, .read, mmuIndex: index(huge, privileged: true))) == 0xba_4102_3456)
        // Addresses that a displacement has carried over 2^32.
        let wrapped = section.cpu.translateAddress(0x1_8001_2345, .read, mmuIndex: index(section, privileged: true))
        #expect(physical(wrapped) == 0x4041_2345)
    }

    /// AP[2:0], XN, and of cores with the long format PXN (DDI 0406, table B3-8).
    @Test func permissionsOfShortTables() throws {
        struct Case { let ap: UInt32, user: String, privileged: String }
        let cases = [
            Case(ap: 0, user: "---", privileged: "---"), Case(ap: 1, user: "---", privileged: "rwx"), Case(ap: 2, user: "r-x", privileged: "rwx"),
            Case(ap: 3, user: "rwx", privileged: "rwx"), Case(ap: 5, user: "---", privileged: "r-x"), Case(ap: 6, user: "r-x", privileged: "r-x"),
            Case(ap: 7, user: "r-x", privileged: "r-x"),
        ]
        for entry in cases {
            let bits = (entry.ap & 3) << 4 | (entry.ap >> 2) << 9
            let element = try short(page: 0x4041_2000 | bits | 2)
            #expect(rights(element, 0x8000_0000, index(element, privileged: false)) == entry.user, "AP \(entry.ap)")
            #expect(rights(element, 0x8000_0000, index(element, privileged: true)) == entry.privileged, "AP \(entry.ap)")
        }
        let never = try short(page: 0x4041_2000 | 3 << 4 | 3)
        #expect(rights(never, 0x8000_0000, index(never, privileged: true)) == "rw-")
        let privilegedNever = try short("cortex-a15", section: 0x4040_0000 | 3 << 10 | 1 << 5 | 3)
        #expect(rights(privilegedNever, 0x8000_0000, index(privilegedNever, privileged: true)) == "rw-")
        #expect(rights(privilegedNever, 0x8000_0000, index(privilegedNever, privileged: false)) == "rwx")
    }

    /// FS by kind and level, the domain beside it (DDI 0406, table B3-23).
    @Test func faultsOfShortTables() throws {
        let none = try short()
        #expect(status(none, 0x9000_0000) == 0x05)
        let hole = try short(page: 0, index: 5)
        #expect(status(hole, 0x8000_5678) == 0x17, "a page's translation fault in domain 1")
        let read = try short(page: 0x4041_2000 | 2 << 4 | 2)
        #expect(status(read, 0x8000_0004, .write, index: index(read, privileged: false)) == 0x81f)
        let section = try short(section: 0x4040_0000 | 1 << 10 | 1 << 5 | 2)
        #expect(status(section, 0x8000_0004, .read, index: index(section, privileged: false)) == 0x1d)
        #expect(status(section, 0x8000_0008, .execute, index: index(section, privileged: false)) == 0x0d, "IFSR tells no domain")
        // Nobody's: domain faults of a section and of a page.
        section.set("DACR", 0)
        #expect(status(section, 0x8000_0004, index: index(section, privileged: true)) == 0x19)
        read.set("DACR", 0)
        #expect(status(read, 0x8000_0004, index: index(read, privileged: true)) == 0x1b)
        // A table where no memory is.
        let lost = try short(section: 0x1000_0000 | 1 << 5 | 1)
        #expect(status(lost, 0x8000_0004) == 0x1e & 0x0f | 0x10)
    }

    /// DACR takes effect at once: no client, client, manager, and more values than there are indices for.
    @Test(arguments: ElementEngine.allCases) func domains(_ engine: ElementEngine) throws {
        let element = try short("cortex-a15", section: 0x4040_0000 | 1 << 5 | 2)
        // Code and vectors: sections of domain 0.
        element.memory.store(TableTests.first + 0x400 * 4, UInt32(0x4000_0000 | 1 << 10 | 2))
        element.memory.store(TableTests.first + 0x401 * 4, UInt32(0x4010_0000 | 1 << 10 | 2))
        element.memory.store(SystemElement.base + 0x40_0000, UInt32(77))
        element.set("TTBR0", TableTests.second)
        element.memory.store(TableTests.second + 0x800 * 4, UInt32(0x4040_0000 | 1 << 5 | 2))
        for index: UInt64 in 0..<2 { element.memory.store(TableTests.second + (0x400 + index) * 4, UInt32(0x4000_0000 + index << 20 | 1 << 10 | 2)) }
        element.set("DACR", 1)
        // r1 counts aborts, which go on behind the access: add r1, r1, #1; subs pc, lr, #4
        element.handle(0x10, [0xe281_1001, 0xe25e_f004])
        // mov r0, #0x80000000; then for each value of DACR: mov r2, #value; mcr p15, 0, r2, c3, c0, 0; ldr r3, [r0]
        let values: [UInt32] = [0x1, 0xd, 0x5, 0xd, 0x1, 0xd, 0x3, 0xf, 0x1]
        let code = values.flatMap { value -> [UInt32] in [0xe3a0_2000 | value, 0xee03_2f10, 0xe590_3000] }
        try element.run([0xe3a0_0102] + code + [SystemElement.hvc], engine)
        // Without rights of its own the page is a manager's alone: 0x5 makes a client of domain 1, 0x1 and 0x3 nothing.
        #expect(element.cpu.register(1) == 5)
        #expect(element.cpu.register(3) == 77)
    }

    /// SCTLR.AFE: AP[0] is the access flag, AP[2:1] say the rest.
    @Test func accessFlag() throws {
        let element = try short(page: 0x4041_2000 | 2 << 4 | 2)
        element.set("SCTLR", (element.get("SCTLR") ?? 0) | 1 << 29)
        #expect(status(element, 0x8000_0000, index: index(element, privileged: true)) == 0x16)
        let accessed = try short(page: 0x4041_2000 | 3 << 4 | 1 << 9 | 2)
        accessed.set("SCTLR", (accessed.get("SCTLR") ?? 0) | 1 << 29)
        #expect(rights(accessed, 0x8000_0000, index(accessed, privileged: false)) == "r-x")
    }

    /// TTBCR.N: the lower part of addresses by TTBR0, whose table is smaller, the rest by TTBR1.
    @Test func twoTables() throws {
        let element = try short()
        element.set("TTBCR", 1)
        element.set("TTBR1", TableTests.second)
        element.memory.store(TableTests.second + 0x900 * 4, UInt32(0x4050_0000 | 3 << 10 | 1 << 5 | 2))
        element.memory.store(TableTests.first + 0x700 * 4, UInt32(0x4060_0000 | 3 << 10 | 1 << 5 | 2))
        let index = index(element, privileged: true)
        #expect(physical(element.cpu.translateAddress(0x9000_0004, .read, mmuIndex: index)) == 0x4050_0004)
        #expect(physical(element.cpu.translateAddress(0x7000_0004, .read, mmuIndex: index)) == 0x4060_0004)
        element.set("TTBCR", 1 | 1 << 5)
        #expect(status(element, 0x9000_0004) == 0x05, "PD1")
    }

    /// v5: quarters of pages with rights of their own, fine tables, SCTLR.R and S.
    @Test func tablesOfV5() throws {
        let element = try short("arm926", page: 0x4041_2000 | 3 << 4 | 1 << 6 | 2)
        #expect(rights(element, 0x8000_0010, index(element, privileged: false)) == "rwx")
        #expect(rights(element, 0x8000_0410, index(element, privileged: false)) == "---")
        #expect(rights(element, 0x8000_0410, index(element, privileged: true)) == "rwx")
        element.set("SCTLR", (element.get("SCTLR") ?? 0) | 1 << 9)
        #expect(rights(element, 0x8000_0810, index(element, privileged: false)) == "r-x", "AP = 0 with SCTLR.R")
        let fine = try short("arm926")
        fine.memory.store(TableTests.first + 0x800 * 4, UInt32(TableTests.second) | 1 << 5 | 3)
        fine.memory.store(TableTests.second + 5 * 4, UInt32(0x4041_2400 | 3 << 4 | 3))
        #expect(physical(fine.cpu.translateAddress(0x8000_1410, .read, mmuIndex: index(fine, privileged: true))) == 0x4041_2410)
        #expect(status(fine, 0x8000_1810) == 0x17)
    }

    // MARK: The long format

    private enum Bit {
        static let user: UInt64 = 1 << 6, readOnly: UInt64 = 1 << 7, accessed: UInt64 = 1 << 10, privilegedNever: UInt64 = 1 << 53
        static let never: UInt64 = 1 << 54
    }

    /// An element whose TTBR0 leads by tables of one entry each to a page or block at 0x80005000.
    private func long(_ leaf: UInt64, depth: Int = 3, table: UInt64 = 0, control: UInt64 = 0) throws -> SystemElement {
        let element = try SystemElement()
        let tables = [TableTests.first, TableTests.second, TableTests.third]
        let slots = [tables[0] + 2 * 8, tables[1], tables[2] + 5 * 8]
        for level in 1..<depth { element.memory.store(slots[level - 1], tables[level] | 3 | table) }
        element.memory.store(slots[depth - 1], leaf)
        element.set("TTBCR", 1 << 31 | control)
        element.set("TTBR0", tables[0])
        element.set("SCTLR", (element.get("SCTLR") ?? 0) | 1)
        return element
    }

    @Test func pagesAndBlocks() throws {
        let page = try long(TableTests.page | Bit.accessed | Bit.user | 3)
        #expect(physical(page.cpu.translateAddress(0x8000_5123, .read, mmuIndex: TableTests.user)) == TableTests.page + 0x123)
        let block = try long(TableTests.page | Bit.accessed | 1, depth: 2)
        #expect(physical(block.cpu.translateAddress(0x8001_2345, .write, mmuIndex: TableTests.privileged)) == TableTests.page + 0x1_2345)
        let large = try long(0x78_4000_0000 | Bit.accessed | 1, depth: 1)
        #expect(physical(large.cpu.translateAddress(0x8123_4567, .read, mmuIndex: TableTests.privileged)) == 0x78_4123_4567)
    }

    /// AP, XN, PXN, and what tables on the way forbid.
    @Test func permissionsOfLongTables() throws {
        struct Case { let bits: UInt64, table: UInt64, user: String, privileged: String }
        let cases = [
            Case(bits: 0, table: 0, user: "---", privileged: "rwx"), Case(bits: Bit.user, table: 0, user: "rwx", privileged: "rwx"),
            Case(bits: Bit.readOnly, table: 0, user: "---", privileged: "r-x"),
            Case(bits: Bit.user | Bit.readOnly, table: 0, user: "r-x", privileged: "r-x"),
            Case(bits: Bit.user | Bit.never, table: 0, user: "rw-", privileged: "rw-"),
            Case(bits: Bit.user | Bit.privilegedNever, table: 0, user: "rwx", privileged: "rw-"),
            Case(bits: Bit.user, table: 1 << 61, user: "---", privileged: "rwx"),
            Case(bits: Bit.user, table: 1 << 62, user: "r-x", privileged: "r-x"),
            Case(bits: Bit.user, table: 1 << 60, user: "rw-", privileged: "rw-"),
            Case(bits: Bit.user, table: 1 << 59, user: "rwx", privileged: "rw-"),
        ]
        for entry in cases {
            let element = try long(TableTests.page | Bit.accessed | entry.bits | 3, table: entry.table)
            #expect(rights(element, 0x8000_5000, TableTests.user) == entry.user, "\(entry)")
            #expect(rights(element, 0x8000_5000, TableTests.privileged) == entry.privileged, "\(entry)")
        }
        let forced = try long(TableTests.page | Bit.accessed | Bit.user | 3)
        forced.set("SCTLR", (forced.get("SCTLR") ?? 0) | 1 << 20)
        #expect(rights(forced, 0x8000_5000, TableTests.privileged) == "rw-", "UWXN")
        forced.set("SCTLR", (forced.get("SCTLR") ?? 0) | 1 << 19)
        #expect(rights(forced, 0x8000_5000, TableTests.user) == "rw-", "WXN")
    }

    /// The status with its level, and LPAE beside it.
    @Test func faultsOfLongTables() throws {
        for depth in 1...3 { #expect(status(try long(0, depth: depth), 0x8000_5000) == 0x200 | 0x04 + UInt64(depth)) }
        #expect(status(try long(TableTests.page | 3), 0x8000_5000) == 0x20b, "the access flag")
        let readOnly = try long(TableTests.page | Bit.accessed | Bit.readOnly | 3)
        #expect(status(readOnly, 0x8000_5000, .write) == 0xa0f)
        #expect(status(try long(TableTests.page | Bit.accessed | 3 | 1 << 40), 0x8000_5000) == 0x203, "an address of more than 40 bits")
        #expect(status(try long(TableTests.page | Bit.accessed | 3, control: 1 << 7), 0x8000_5000) == 0x205, "EPD0")
    }

    /// T0SZ and T1SZ: which addresses belong to which tables, and where walks begin.
    @Test func twoHalves() throws {
        let element = try long(TableTests.page | Bit.accessed | 3)
        // 2 GiB each: TTBR0's begin at level 1 with two entries.
        element.set("TTBCR", 1 << 31 | 1 | 1 << 16)
        element.set("TTBR1", TableTests.second + 0x1000)
        element.memory.store(TableTests.second + 0x1000, TableTests.third | 3)
        element.memory.store(TableTests.third, UInt64(0x4060_0000) | Bit.accessed | 1)
        #expect(physical(element.cpu.translateAddress(0x8000_5010, .read, mmuIndex: TableTests.privileged)) == 0x4060_5010)
        element.memory.store(TableTests.first + 8, UInt64(0x4000_0000) | Bit.accessed | 1)
        #expect(physical(element.cpu.translateAddress(0x4000_5010, .read, mmuIndex: TableTests.privileged)) == 0x4000_5010)
        // A quarter by TTBR0 (its walk begins at level 2), the upper half by TTBR1, nothing between.
        element.set("TTBCR", 1 << 31 | 2 | 1 << 16)
        #expect(status(element, 0x4000_5010) == 0x205)
        element.memory.store(TableTests.first + 3 * 8, UInt64(0x4060_0000) | Bit.accessed | 1)
        #expect(physical(element.cpu.translateAddress(0x0060_0010, .read, mmuIndex: TableTests.privileged)) == 0x4060_0010)
    }

    /// ATS1C* and PAR in both formats.
    @Test(arguments: ElementEngine.allCases) func addressTranslation(_ engine: ElementEngine) throws {
        let element = try SystemElement()
        // The code's own gigabyte as one block.
        element.memory.store(TableTests.first + 8, UInt64(0x4000_0000) | Bit.accessed | 1)
        element.set("TTBCR", 1 << 31)
        element.set("TTBR0", TableTests.first)
        element.set("SCTLR", (element.get("SCTLR") ?? 0) | 1)
        // mov r0, #0x40000000; add r0, r0, #0x5000; mcr p15, 0, r0, c7, c8, 1; isb; mrrc p15, 0, r1, r2, c7; mcr p15, 0, r0, c7, c8, 2; isb;
        // mrrc p15, 0, r3, r4, c7; hvc #0
        try element.run(
            [0xe3a0_0101, 0xe280_0a05, 0xee07_0f38, 0xf57f_f06f, 0xec52_1f07, 0xee07_0f58, 0xf57f_f06f, 0xec54_3f07, SystemElement.hvc], engine)
        #expect(element.cpu.register(1) == 0x4000_5a00 && element.cpu.register(2) & 0xff == 0)
        #expect(element.cpu.register(3) == 0x0d << 1 | 0xa01, "no right of user mode's, level 1")
    }
}
