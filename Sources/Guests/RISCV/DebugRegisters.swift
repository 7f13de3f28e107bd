import CPUModel
import IR

/// A hart's registers in the debugger's order: x0–x31, pc, f0–f31, fflags, frm, fcsr.
extension RISCVCPU {
    private enum Number { static let pc = 32, firstFloat = 33, flags = 65, rounding = 66, control = 67 }

    private static func integerType(_ name: String) -> String {
        switch name {
        case "ra": "code_ptr"
        case "sp", "gp", "tp", "s0": "data_ptr"
        default: "int"
        }
    }

    private static func table(rv64: Bool) -> DebugRegisterTable {
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
            ])
    }

    private static let floatTypes =
        #"<union id="riscv_double"><field name="float" type="ieee_single"/><field name="double" type="ieee_double"/></union>"#
    private static let table64 = table(rv64: true), table32 = table(rv64: false)

    var debugTable: DebugRegisterTable { model.rv64 ? RISCVCPU.table64 : RISCVCPU.table32 }

    private func value(_ number: Int) -> UInt64 {
        switch number {
        case Number.pc: header.pc
        case Number.flags: floatControl & 31
        case Number.rounding: floatControl >> 5
        case Number.control: floatControl
        case ..<Number.pc: register(number)
        default: floatRegister(number - Number.firstFloat)
        }
    }

    func debugBytes(_ number: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 8)
        bytes.put(value(number), at: 0)
        return Array(bytes[..<(debugTable.registers[number].bits / 8)])
    }

    func setDebugBytes(_ number: Int, _ bytes: [UInt8]) {
        let value = (bytes + [UInt8](repeating: 0, count: 8 - bytes.count)).word(at: 0)
        switch number {
        case Number.pc: header.pc = value & ~1
        case Number.flags: floatControl = floatControl & ~31 | value & 31
        case Number.rounding: floatControl = floatControl & 31 | (value & 7) << 5
        case Number.control: floatControl = value & 0xff
        case ..<Number.pc: setRegister(number, registerForm(value))
        default: setFloatRegister(number - Number.firstFloat, value)
        }
    }
}
