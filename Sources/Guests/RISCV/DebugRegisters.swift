import CPUModel
import IR

/// A hart's registers in the debugger's order: x0–x31, pc, f0–f31, fflags, frm, fcsr, and a machine's priv and CSRs.
extension RISCVCPU {
    private enum Number { static let pc = 32, firstFloat = 33, flags = 65, rounding = 66, control = 67, privileged = 68 }

    private static func integerType(_ name: String) -> String {
        switch name {
        case "ra": "code_ptr"
        case "sp", "gp", "tp", "s0": "data_ptr"
        default: "int"
        }
    }

    static func table(rv64: Bool, privileged: [DebugFeature] = []) -> DebugRegisterTable {
        let bits = rv64 ? 64 : 32
        let integers = RISCVRegisters.names.map {
            DebugRegister($0 == "s0" ? "fp" : $0, bits: bits, type: integerType($0), group: "general")
        }
        let floats = RISCVRegisters.floatNames.map { DebugRegister($0, bits: 64, type: "riscv_double", group: "float") }
        let status = ["fflags", "frm", "fcsr"].map { DebugRegister($0, bits: 32, type: "int", group: "float") }
        return DebugRegisterTable(
            architecture: rv64 ? "riscv:rv64" : "riscv:rv32", watchesStopBefore: false, expedited: ["fp", "sp", "pc"],
            [
                DebugFeature("org.gnu.gdb.riscv.cpu", integers + [DebugRegister("pc", bits: bits, type: "code_ptr", group: "general")]),
                DebugFeature("org.gnu.gdb.riscv.fpu", types: floatTypes, floats + status),
            ], privileged: privileged)
    }

    private static let floatTypes =
        #"<union id="riscv_double"><field name="float" type="ieee_single"/><field name="double" type="ieee_double"/></union>"#
    private static let table64 = table(rv64: true), table32 = table(rv64: false)

    var debugTable: DebugRegisterTable { runsProgram ? model.rv64 ? RISCVCPU.table64 : RISCVCPU.table32 : machineTable }

    private func value(_ number: Int) -> UInt64? {
        switch number {
        case Number.privileged...: privilegedRegister(number - Number.privileged)
        case Number.pc: header.pc
        case Number.flags: floatControl & 31
        case Number.rounding: floatControl >> 5
        case Number.control: floatControl
        case ..<Number.pc: register(number)
        default: floatRegister(number - Number.firstFloat)
        }
    }

    func debugBytes(_ number: Int) -> [UInt8] {
        guard let value = value(number) else { return [] }
        var bytes = [UInt8](repeating: 0, count: 8)
        bytes.put(value, at: 0)
        return Array(bytes[..<(debugTable.registers[number].bits / 8)])
    }

    func setDebugBytes(_ number: Int, _ bytes: [UInt8]) {
        let value = (bytes + [UInt8](repeating: 0, count: 8 - bytes.count)).word(at: 0)
        switch number {
        case Number.privileged...: setPrivilegedRegister(number - Number.privileged, value)
        case Number.pc: setPC(value & ~1)
        case Number.flags: floatControl = floatControl & ~31 | value & 31
        case Number.rounding: floatControl = floatControl & 31 | (value & 7) << 5
        case Number.control: floatControl = value & 0xff
        case ..<Number.pc: setRegister(number, registerForm(value))
        default: setFloatRegister(number - Number.firstFloat, value)
        }
    }
}

extension RISCVCPU {
    private static let elfMachine: UInt16 = 243

    /// struct user_regs_struct: pc, then x1 to x31; struct __riscv_d_ext_state: f0 to f31 and fcsr.
    var coreFileRegisters: CoreRegisters {
        let size = model.rv64 ? 8 : 4
        var general: [UInt8] = []
        for value in [header.pc] + (1..<32).map(register) { general += (0..<size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) } }
        var float = [UInt8](repeating: 0, count: 33 * 8)
        for number in 0..<32 { float.put(floatRegister(number), at: 8 * number) }
        float.put(UInt32(truncatingIfNeeded: floatControl), at: 256)
        return CoreRegisters(machine: RISCVCPU.elfMachine, is64Bit: model.rv64, general: general, float: float)
    }
}
