import CPUModel

/// What debuggers see of a machine's hart beside what a program's has: the CSRs, under gdb's names for them ("RISC-V Features" in its manual), and the
/// privilege level.
extension RISCVCPU {
    /// CSRs that are not in the feature of the float unit, by number.
    private static let names: [(number: Int, name: String)] = {
        var names = CSR.names.filter { $0.key > CSR.fcsr }
        for index in 0..<16 {
            if index < 4 { names[CSR.pmpcfg0 + index] = "pmpcfg\(index)" }
            names[CSR.pmpaddr0 + index] = "pmpaddr\(index)"
        }
        for index in 3..<32 {
            names[CSR.mcycle + index] = "mhpmcounter\(index)"
            names[CSR.mcycleh + index] = "mhpmcounter\(index)h"
            names[CSR.mcountinhibit + index] = "mhpmevent\(index)"
            names[CSR.cycle + index] = "hpmcounter\(index)"
            names[CSR.cycleh + index] = "hpmcounter\(index)h"
        }
        return names.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
    }()

    /// The CSRs that this hart has, in the order of their numbers.
    func findControlRegisters() -> [(number: Int, name: String)] { RISCVCPU.names.filter { controlRegister($0.number) != nil } }

    /// The table of a program's hart with these registers behind it.
    func privilegedTable() -> DebugRegisterTable {
        let bits = model.rv64 ? 64 : 32
        let control = controlRegisters.map { DebugRegister($0.name, bits: bits, type: "int", group: "csr") }
        return RISCVCPU.table(
            rv64: model.rv64,
            privileged: [
                DebugFeature("org.gnu.gdb.riscv.virtual", [DebugRegister("priv", bits: bits, type: "int", group: "system")]),
                DebugFeature("org.gnu.gdb.riscv.csr", control),
            ])
    }

    /// Does something as machine mode may.
    private func asMachineMode<Result>(_ body: () -> Result) -> Result {
        let level = mode
        mode = 3
        defer { mode = level }
        return body()
    }

    /// A CSR as machine mode reads it; nil if there is none.
    private func controlRegister(_ number: Int) -> UInt64? { asMachineMode { accessCSR(number, .read, 0) } }

    /// The value of a register behind those that programs have; nil if it cannot be read now.
    func privilegedRegister(_ place: Int) -> UInt64? { place == 0 ? UInt64(mode) : controlRegister(controlRegisters[place - 1].number) }

    func setPrivilegedRegister(_ place: Int, _ value: UInt64) {
        if place == 0 {
            // There is no level 2.
            let level = Int(value & 3)
            mode = level == 2 ? 1 : level
        } else {
            _ = asMachineMode { accessCSR(controlRegisters[place - 1].number, .write, value) }
        }
        services?.translationFlagsChanged()
    }
}
