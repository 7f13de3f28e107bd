import CPUModel
import IR

/// An element's registers in the debugger's order: X0–X30, SP, PC, CPSR, V0–V31, FPSR, FPCR, TPIDR_EL0, and a machine's system registers.
extension AArch64CPU {
    private enum Number { static let pc = 32, flags = 33, firstVector = 34, fpsr = 66, fpcr = 67, thread = 68, privileged = 69 }

    private static let flagTypes =
        #"<flags id="cpsr_flags" size="4">"#
        + zip("VCZN", 28...31).map { #"<field name="\#($0)" start="\#($1)" end="\#($1)"/>"# }.joined() + "</flags>"

    /// V registers as lanes of each size.
    private static let vectorTypes: String = {
        let lanes: [(name: String, type: String, count: Int)] = [
            ("v2d", "ieee_double", 2), ("v2u", "uint64", 2), ("v4f", "ieee_single", 4), ("v4u", "uint32", 4), ("v8u", "uint16", 8),
            ("v16u", "uint8", 16), ("v1u", "uint128", 1),
        ]
        let unions = [
            ("vnd", [("f", "v2d"), ("u", "v2u")]), ("vns", [("f", "v4f"), ("u", "v4u")]),
            ("aarch64v", [("d", "vnd"), ("s", "vns"), ("h", "v8u"), ("b", "v16u"), ("q", "v1u")]),
        ]
        return lanes.map { #"<vector id="\#($0.name)" type="\#($0.type)" count="\#($0.count)"/>"# }.joined()
            + unions.map { name, fields in
                #"<union id="\#(name)">"# + fields.map { #"<field name="\#($0.0)" type="\#($0.1)"/>"# }.joined() + "</union>"
            }.joined()
    }()

    private static let table = table(flagTypes: flagTypes)

    static func table(flagTypes: String, privileged: [DebugFeature] = []) -> DebugRegisterTable {
        let general = AArch64Registers.names.map {
            DebugRegister($0, bits: 64, type: $0 == "sp" ? "data_ptr" : "int", group: "general")
        }
        let state = [
            DebugRegister("pc", bits: 64, type: "code_ptr", group: "general"), DebugRegister("cpsr", bits: 32, type: "cpsr_flags", group: "general"),
        ]
        let vectors = (0..<32).map { DebugRegister("v\($0)", bits: 128, type: "aarch64v", group: "vector") }
        let status = ["fpsr", "fpcr"].map { DebugRegister($0, bits: 32, type: "int", group: "float") }
        return DebugRegisterTable(
            architecture: "aarch64", watchesStopBefore: true, expedited: ["x29", "sp", "pc"],
            [
                DebugFeature("org.gnu.gdb.aarch64.core", types: flagTypes, general + state),
                DebugFeature("org.gnu.gdb.aarch64.fpu", types: vectorTypes, vectors + status),
                DebugFeature("org.gnu.gdb.aarch64.tls", [DebugRegister("tpidr", bits: 64, type: "data_ptr", group: "system")]),
            ], privileged: privileged)
    }

    var debugTable: DebugRegisterTable { system == nil ? AArch64CPU.table : machineTable }

    private func value(_ number: Int) -> UInt128 {
        switch number {
        case Number.privileged...: UInt128(privilegedRegister(number - Number.privileged))
        case Number.pc: UInt128(header.pc)
        case Number.flags: UInt128(system == nil ? nzcv << 28 : processState)
        case Number.fpsr: UInt128(fpsr)
        case Number.fpcr: UInt128(fpcr)
        case Number.thread: UInt128(threadPointer)
        case ..<Number.pc: UInt128(register(number))
        default: vectorBits(number - Number.firstVector)
        }
    }

    func debugBytes(_ number: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 16)
        bytes.put(value(number), at: 0)
        return Array(bytes[..<(debugTable.registers[number].bits / 8)])
    }

    func setDebugBytes(_ number: Int, _ bytes: [UInt8]) {
        let value = (bytes + [UInt8](repeating: 0, count: 16 - bytes.count)).get(UInt128.self, at: 0)
        let word = UInt64(truncatingIfNeeded: value)
        switch number {
        case Number.privileged...: setPrivilegedRegister(number - Number.privileged, word)
        case Number.pc: header.pc = word
        case Number.flags where system != nil: setPrivilegedState(word)
        case Number.flags: nzcv = word >> 28 & 15
        case Number.fpsr: fpsr = word
        case Number.fpcr: fpcr = word
        case Number.thread: threadPointer = word
        case ..<Number.pc: setRegister(number, word)
        default: setVectorBits(number - Number.firstVector, value)
        }
    }
}

extension AArch64CPU {
    private static let elfMachine: UInt16 = 183

    /// struct user_pt_regs: X0 to X30, SP, PC, PSTATE; struct user_fpsimd_state: V0 to V31, FPSR, FPCR.
    var coreFileRegisters: CoreRegisters {
        var general = [UInt8](repeating: 0, count: 34 * 8)
        for number in 0..<32 { general.put(register(number), at: 8 * number) }
        general.put(header.pc, at: 256)
        general.put(system == nil ? nzcv << 28 : processState, at: 264)
        var float = [UInt8](repeating: 0, count: 33 * 16)
        for number in 0..<32 { float.put(vectorBits(number), at: 16 * number) }
        float.put(UInt32(truncatingIfNeeded: fpsr), at: 512)
        float.put(UInt32(truncatingIfNeeded: fpcr), at: 516)
        return CoreRegisters(machine: AArch64CPU.elfMachine, is64Bit: true, general: general, float: float)
    }
}
