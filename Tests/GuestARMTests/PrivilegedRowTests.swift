import Decoding
import GuestARM
import RandomIR
import Testing

/// Rows of the privileged level, alone, with random operands, in user mode, FIQ mode, another one with banks, and system mode: interpreter and generated code leave the same machine.
@Suite struct PrivilegedRowTests {
    private static let others: Set<String> = [
        "mrs", "mrs_spsr", "msr_reg", "msr_imm", "cps", "setend", "svc", "bkpt", "udf", "clrex", "dsb", "dmb", "isb", "mcr", "mrc", "mcrr", "mrrc",
        "hint",
        "vmrs", "vmsr",
    ]
    /// Words that are a mode (user's), and as an address a place where hvc is.
    private static let landing: UInt32 = 0x4030_0010
    private static let modes: [UInt32] = [0x10, 0x11, 0x12, 0x13, 0x17, 0x1b, 0x1f]

    private static func rows(_ set: ARMInstructionSet) -> [DecodeRow] {
        set.rows.filter { RandomInstructions.privileged.contains($0.mnemonic) || others.contains($0.mnemonic) }
    }

    /// An element in a mode, its registers filled, about to execute some bits.
    private func element(_ bits: UInt32, width: Int, isThumb: Bool, mode: UInt32, seed: UInt64) throws -> (SystemElement, [UInt32]) {
        let element = try SystemElement()
        let cpu = element.cpu
        var random = SplitMix(seed)
        for vector in stride(from: UInt64(0), to: 0x20, by: 4) { element.handle(vector, [SystemElement.hvc]) }
        element.write(SystemElement.data - 0x400, [UInt32](repeating: PrivilegedRowTests.landing, count: 512))
        // Where returns and waits end: in user mode hvc is undefined, and its handler ends the run.
        element.write(UInt64(PrivilegedRowTests.landing), [SystemElement.hvc])
        for other in PrivilegedRowTests.modes {
            cpu.cpsr = other | 0x1c0
            for number in 0..<13 { cpu.setRegister(number, UInt32(truncatingIfNeeded: random.next())) }
            for number in [13, 14] { cpu.setRegister(number, PrivilegedRowTests.landing) }
            #expect(cpu.setSavedState(PrivilegedRowTests.landing) || other == 0x10 || other == 0x1f)
        }
        cpu.cpsr = mode | 0x1c0 | 0xa000_0000
        // The base of what accesses memory.
        for number in [11, 13] { cpu.setRegister(number, UInt32(SystemElement.data)) }
        let code: [UInt32]
        if isThumb {
            let halves: [UInt32] = width == 16 ? [bits, 0xbf00] : [bits >> 16, bits & 0xffff]
            // Behind it bx lr, to the landing.
            code = [halves[0] | halves[1] << 16, 0x4770_4770]
            cpu.header.pc = SystemElement.base | 1
        } else {
            code = [bits, 0xe12f_ff1e]
            cpu.header.pc = SystemElement.base
        }
        return (element, code)
    }

    @Test(arguments: ARMInstructionSet.allCases) func everyRowAgreesInEveryKindOfMode(_ set: ARMInstructionSet) throws {
        var random = SplitMix(7)
        for row in PrivilegedRowTests.rows(set) {
            for mode in [0x10, 0x11, 0x13, 0x1f] as [UInt32] {
                var bits = row.encode(operands: UInt32(truncatingIfNeeded: random.next()))
                if row.pattern.hasPrefix("cccc") { bits = bits & 0x0fff_ffff | 14 << 28 }
                // Accesses by R11; waits would last.
                if row.pattern.contains("nnnn"), row.mnemonic.contains("m_") || row.mnemonic.hasPrefix("rfe") { bits = bits & ~0xf_0000 | 11 << 16 }
                if row.mnemonic == "hint" { bits = row.encode(operands: 0) | (row.pattern.hasPrefix("cccc") ? 14 << 28 : 0) }
                try compare(row, bits, isThumb: set != .a32, mode: mode, seed: random.next())
            }
        }
    }

    private func compare(_ row: DecodeRow, _ bits: UInt32, isThumb: Bool, mode: UInt32, seed: UInt64) throws {
        let left = try ElementEngine.allCases.map { engine in
            let (element, code) = try element(bits, width: row.width, isThumb: isThumb, mode: mode, seed: seed)
            try element.run(code, engine)
            return (element.snapshot, element.cpu.describeRegisters(), element.memory.read(SystemElement.data - 0x400, count: 2048))
        }
        #expect(left[0].0 == left[1].0, "\(row.mnemonic) \(String(bits, radix: 16)) in mode \(String(mode, radix: 16)):\n\(left[0].1)\n\(left[1].1)")
        #expect(left[0].2 == left[1].2, "\(row.mnemonic) \(String(bits, radix: 16)) left other memory")
    }
}
