import CPUModel

/// What debuggers see of a machine's element beside what a program's has: all of PSTATE, and the system registers, in a feature that is QEMU's: gdb has
/// none for them.
extension AArch64CPU {
    /// A system register that a debugger can ask for without changing anything.
    struct PrivilegedRow {
        let register: SystemRegister
        let encoding: Int
        let name: String
        let isWritable: Bool
    }

    /// Those that identify the element, which share a row, by CRm and op2.
    private static let identification: [(number: Int, name: String)] = [
        (0x00, "MIDR_EL1"), (0x05, "MPIDR_EL1"), (0x06, "REVIDR_EL1"), (0x20, "ID_AA64PFR0_EL1"), (0x21, "ID_AA64PFR1_EL1"),
        (0x28, "ID_AA64DFR0_EL1"), (0x29, "ID_AA64DFR1_EL1"), (0x30, "ID_AA64ISAR0_EL1"), (0x31, "ID_AA64ISAR1_EL1"), (0x32, "ID_AA64ISAR2_EL1"),
        (0x38, "ID_AA64MMFR0_EL1"), (0x39, "ID_AA64MMFR1_EL1"), (0x3a, "ID_AA64MMFR2_EL1"),
    ]

    /// Registers that other ones of the debugger's hold, or whose reading does something.
    private static let left: Set<SystemRegister> = [
        .nzcv, .daif, .dit, .ssbs, .currentel, .spsel, .pan, .uao, .fpcr, .fpsr, .tpidr_el0, .rndr, .rndrrs, .icc_iar0_el1, .icc_iar1_el1,
    ]

    func findPrivilegedRows() -> [PrivilegedRow] {
        let rows = SystemRegisterRow.all.filter { row in
            row.access != .writeOnly && row.level <= highestLevel && model.features.isSuperset(of: row.features) && row.register != .id
                && !AArch64CPU.left.contains(row.register) && (interruptInterface != nil || !row.register.isInterruptRegister)
        }
        return AArch64CPU.identification.map { PrivilegedRow(register: .id, encoding: 0xc000 | $0.number, name: $0.name, isWritable: false) }
            + rows.map { PrivilegedRow(register: $0.register, encoding: $0.encoding, name: $0.name, isWritable: $0.access == .readWrite) }
    }

    /// The flags of PSTATE (DDI 0487, C5.2.18).
    private static let stateTypes: String = {
        let bits: [(String, Int)] = [
            ("SP", 0), ("nRW", 4), ("F", 6), ("I", 7), ("A", 8), ("D", 9), ("SSBS", 12), ("IL", 20), ("SS", 21), ("PAN", 22), ("UAO", 23),
            ("DIT", 24), ("V", 28), ("C", 29), ("Z", 30), ("N", 31),
        ]
        let fields = bits.map { #"<field name="\#($0.0)" start="\#($0.1)" end="\#($0.1)"/>"# }.joined()
        return #"<flags id="cpsr_flags" size="4"><field name="EL" start="2" end="3"/>"# + fields + "</flags>"
    }()

    func privilegedTable() -> DebugRegisterTable {
        let registers = privilegedRows.map { DebugRegister($0.name, bits: 64, type: "int", group: "cp_regs") }
        return AArch64CPU.table(flagTypes: AArch64CPU.stateTypes, privileged: [DebugFeature("org.qemu.gdb.arm.sys.regs", registers)])
    }

    func privilegedRegister(_ place: Int) -> UInt64 {
        let row = privilegedRows[place]
        return row.register == stackCell ? register(31) : readRegister(row.register, row.encoding)
    }

    /// Registers that software cannot write stay as they are.
    func setPrivilegedRegister(_ place: Int, _ value: UInt64) {
        let row = privilegedRows[place]
        guard row.isWritable else { return }
        if row.register == stackCell { setRegister(31, value) } else { writeRegister(row.register, row.encoding, value) }
    }

    /// PSTATE. A level that the element has not, and AArch32, are left as they are.
    func setPrivilegedState(_ value: UInt64) {
        setProcessState(value)
        let wanted = Int(value >> 2 & 3)
        if wanted <= highestLevel, value & ProcessState.aarch32 == 0 { setLevel(wanted, ownStack: wanted > 0 && value & 1 != 0) }
        noteInterruptChange()
        services?.translationFlagsChanged()
    }
}
