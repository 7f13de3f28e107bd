import CPUModel
import IR

/// An element's registers in the debugger's order: X0–X30, SP, PC, CPSR, V0–V31, FPSR, FPCR, TPIDR_EL0.
extension AArch64CPU {
    private enum Number { static let pc = 32, flags = 33, firstVector = 34, fpsr = 66, fpcr = 67, thread = 68 }

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

    private static let table: DebugRegisterTable = {
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
            ])
    }()

    var debugTable: DebugRegisterTable { AArch64CPU.table }

    private func value(_ number: Int) -> UInt128 {
        switch number {
        case Number.pc: UInt128(header.pc)
        case Number.flags: UInt128(nzcv << 28)
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
        case Number.pc: header.pc = word
        case Number.flags: nzcv = word >> 28 & 15
        case Number.fpsr: fpsr = word
        case Number.fpcr: fpcr = word
        case Number.thread: threadPointer = word
        case ..<Number.pc: setRegister(number, word)
        default: setVectorBits(number - Number.firstVector, value)
        }
    }
}
