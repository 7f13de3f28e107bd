import CPUModel

/// What debuggers see of a machine's element beside what a program's has: all of CPSR, and the registers of coprocessor 15, in a feature that is QEMU's:
/// gdb has none for them.
extension ARMCPU {
    /// Registers of which others are a part or whose reading does something.
    private static let left: Set<SystemRegister> = [.id, .icc, .icc_sre, .icc_sgi, .implementation, .lockdown]

    func findPrivilegedRows() -> [SystemRegisterRow] {
        var seen = ARMCPU.left
        let rows = SystemRegisterRow.all.filter { $0.access != .writeOnly && model.features.isSuperset(of: $0.features) }
        // The row with 64 bits of those that have two.
        return rows.sorted { $0.place.isWide && !$1.place.isWide }.filter { seen.insert($0.register).inserted }
            .sorted { $0.register.rawValue < $1.register.rawValue }
    }

    static let stateTypes: String = {
        let bits: [(String, Int)] = [
            ("T", 5), ("F", 6), ("I", 7), ("A", 8), ("E", 9), ("Q", 27), ("V", 28), ("C", 29), ("Z", 30), ("N", 31),
        ]
        let fields = bits.map { #"<field name="\#($0.0)" start="\#($0.1)" end="\#($0.1)"/>"# }.joined()
        return #"<flags id="cpsr_flags" size="4"><field name="M" start="0" end="4"/>"# + fields + "</flags>"
    }()

    func privilegedTable() -> DebugRegisterTable {
        let registers = privilegedRows.map { DebugRegister($0.register.name, bits: $0.place.isWide ? 64 : 32, type: "int", group: "cp_regs") }
        return ARMCPU.table(
            doubles: model.features.doublewords, flagTypes: ARMCPU.stateTypes,
            privileged: [DebugFeature("org.qemu.gdb.arm.sys.regs", registers)])
    }

    func privilegedRegister(_ place: Int) -> UInt64 { readRegister(privilegedRows[place], privilegedRows[place].place) }

    /// Registers that software cannot write stay as they are.
    func setPrivilegedRegister(_ place: Int, _ value: UInt64) {
        let row = privilegedRows[place]
        if row.access == .readWrite { writeRegister(row, row.place, value) }
    }

    // MARK: Core files

    private static let elfMachine: UInt16 = 40

    /// struct pt_regs: R0 to R15, CPSR, ORIG_r0. There is no NT_PRFPREG of VFP's registers.
    var coreFileRegisters: CoreRegisters {
        var general = [UInt8](repeating: 0, count: 18 * 4)
        for number in 0..<16 { general.put(register(number), at: 4 * number) }
        general.put(cpsr, at: 64)
        general.put(register(0), at: 68)
        return CoreRegisters(machine: ARMCPU.elfMachine, is64Bit: false, general: general, float: [])
    }
}
