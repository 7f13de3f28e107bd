import CPUModel
import IR

/// An element's registers in the debugger's order: R0–R15, CPSR, then D0–D31 (or D0–D15) and FPSCR.
extension ARMCPU {
    private enum Number { static let pc = 15, cpsr = 16, firstDouble = 17 }

    static let flagTypes =
        #"<flags id="cpsr_flags" size="4">"#
        + zip("TVCZN", [5, 28, 29, 30, 31]).map { #"<field name="\#($0)" start="\#($1)" end="\#($1)"/>"# }.joined() + "</flags>"

    static func table(doubles: Int, flagTypes: String = flagTypes, privileged: [DebugFeature] = []) -> DebugRegisterTable {
        let general = ARMRegisters.names.map {
            DebugRegister($0, bits: 32, type: $0 == "sp" ? "data_ptr" : $0 == "pc" ? "code_ptr" : "int", group: "general")
        }
        let core = DebugFeature(
            "org.gnu.gdb.arm.core", types: flagTypes, general + [DebugRegister("cpsr", bits: 32, type: "cpsr_flags", group: "general")])
        let floats = (0..<doubles).map { DebugRegister("d\($0)", bits: 64, type: "ieee_double", group: "float") }
        let vfp = DebugFeature("org.gnu.gdb.arm.vfp", floats + [DebugRegister("fpscr", bits: 32, type: "int", group: "float")])
        return DebugRegisterTable(
            architecture: "arm", watchesStopBefore: true, expedited: ["r11", "sp", "pc", "cpsr"], doubles == 0 ? [core] : [core, vfp],
            privileged: privileged)
    }

    private static let tables = [0: table(doubles: 0), 16: table(doubles: 16), 32: table(doubles: 32)]

    var debugTable: DebugRegisterTable { system == nil ? programTable : machineTable }

    private var programTable: DebugRegisterTable { ARMCPU.tables[model.features.doublewords] ?? ARMCPU.table(doubles: model.features.doublewords) }

    /// The number behind FPSCR's, or behind CPSR's where there is no VFP.
    private var firstPrivileged: Int { debugTable.general }

    func debugBytes(_ number: Int) -> [UInt8] {
        let last = Number.firstDouble + model.features.doublewords
        let value: UInt64 =
            switch number {
            case firstPrivileged...: privilegedRegister(number - firstPrivileged)
            case ...Number.pc: UInt64(register(number))
            case Number.cpsr: UInt64(cpsr)
            case ..<last: doubleword(number - Number.firstDouble)
            default: UInt64(fpscr)
            }
        var bytes = [UInt8](repeating: 0, count: 8)
        bytes.put(value, at: 0)
        return Array(bytes[..<(debugTable.registers[number].bits / 8)])
    }

    func setDebugBytes(_ number: Int, _ bytes: [UInt8]) {
        let value = (bytes + [UInt8](repeating: 0, count: 8 - bytes.count)).get(UInt64.self, at: 0)
        let word = UInt32(truncatingIfNeeded: value)
        let last = Number.firstDouble + model.features.doublewords
        switch number {
        case firstPrivileged...: setPrivilegedRegister(number - firstPrivileged, value)
        case ...Number.pc: setRegister(number, word)
        case Number.cpsr: cpsr = word
        case ..<last: setDoubleword(number - Number.firstDouble, value)
        default: fpscr = word
        }
    }
}
