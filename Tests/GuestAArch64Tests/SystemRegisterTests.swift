import GuestAArch64
import Testing

/// Every row of the system registers and of `sys`, at every level.
@Suite struct SystemRegisterTests {
    private static let marker: UInt64 = 0xdead_0000
    private static let results: UInt64 = SystemElement.base + 0x20_0000
    private static let vectors: UInt64 = SystemElement.base + 0x10_0000

    /// ESR_ELx, ELR_ELx by level.
    private static let esr = [0, 0xc290, 0xe290, 0xf290], elr = [0, 0xc201, 0xe201, 0xf201]

    /// A handler that leaves the marker and the exception's class in X0 and goes on behind the instruction.
    private func handler(_ level: Int) -> [UInt32] {
        [
            Code.mrs(2, SystemRegisterTests.esr[level]), Code.shiftRight(2, 2, 26), Code.moveWide(3, 0xdead, shift: 16), Code.or(0, 2, 3),
            Code.mrs(2, SystemRegisterTests.elr[level]), Code.add(2, 2, 4), Code.msr(SystemRegisterTests.elr[level], 2), Code.eret,
        ]
    }

    /// Runs one instruction after the other at a level, and tells what X0 is after each: it is 1 before.
    private func run(_ instructions: [UInt32], level: Int, _ engine: ElementEngine) throws -> [UInt64] {
        let element = try SystemElement(hasEL2: level == 2, hasEL3: level == 3, level: level)
        let handling = max(1, level)
        element.set("VBAR_EL\(handling)", SystemRegisterTests.vectors)
        element.set("CPACR_EL1", 3 << 20)
        for vector in stride(from: 0, to: 0x800, by: 0x80) {
            let bytes = handler(handling).flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }
            element.memory.write(SystemRegisterTests.vectors + UInt64(vector), bytes)
        }
        var code: [UInt32] = [Code.moveWide(10, 0x4020, shift: 16)]
        for instruction in instructions { code += [Code.moveWide(0, 1), instruction, Code.push(0, 10)] }
        // EL0 has no way to the firmware: its handler goes there.
        code.append(level == 0 ? Code.svc(0) : level == 1 ? Code.hvc : Code.smc)
        if level == 0 { element.memory.write(SystemRegisterTests.vectors + 0x400, finishing(handler(1))) }
        try element.run(code, engine)
        return try instructions.indices.map { index in
            try #require(element.memory.load(SystemRegisterTests.results + 8 * UInt64(index), as: UInt64.self))
        }
    }

    /// The handler of exceptions from EL0: a supervisor call goes to the firmware.
    private func finishing(_ handler: [UInt32]) -> [UInt8] {
        // mrs x2, esr_el1; lsr x2, x2, #26; cmp x2, #0x15; b.ne +8; hvc.
        let words = [handler[0], handler[1], 0xf100_545f, 0x5400_0041, Code.hvc] + handler[2...]
        return words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }
    }

    @Test func noTwoRowsHaveOneEncoding() {
        let registers = AArch64InstructionSet.systemRegisters
        #expect(Set(registers.map(\.encoding)).count == registers.count)
        #expect(Set(registers.map(\.name)).count == registers.count)
        #expect(registers.count > 200)
        #expect(Set(AArch64InstructionSet.systemOperations.map(\.encoding)).count == AArch64InstructionSet.systemOperations.count)
    }

    /// Reads of every register at every level succeed or are undefined (or trapped, from EL0) as the row says.
    @Test(arguments: ElementEngine.allCases, 0...3) func readsAreAllowedByLevel(_ engine: ElementEngine, _ level: Int) throws {
        let registers = AArch64InstructionSet.systemRegisters.filter { $0.needsLevel <= max(1, level) && !$0.name.hasPrefix("ICC_IAR") }
            .filter { level != 3 || $0.needsLevel != 2 }
        let values = try run(registers.map { Code.mrs(0, $0.encoding) }, level: level, engine)
        for (register, value) in zip(registers, values) {
            let isAllowed = register.isReadable && level >= register.readLevel
            let isRefused = value & ~0xff == SystemRegisterTests.marker
            // What EL0 may read EL1 may still forbid: then the class says so.
            let isTrapped = level == 0 && isAllowed && value == SystemRegisterTests.marker | 0x18
            #expect(isRefused != isAllowed || isTrapped, "\(register.name) at EL\(level) gives \(String(value, radix: 16))")
            if isRefused, !isAllowed { #expect(value == SystemRegisterTests.marker, "\(register.name) at EL\(level) is undefined") }
        }
    }

    /// Reset values of registers that are plain storage.
    @Test func resetValuesAreTheRows() throws {
        let registers = AArch64InstructionSet.systemRegisters
        func value(_ name: String) throws -> UInt64 { try #require(try SystemElement(hasEL2: true, level: 2).get(name)) }
        // DDI 0487: SCTLR_EL1's RES1 bits, CPTR_EL2's, OSLSR_EL1 with the lock set, the timers' switches off.
        #expect(try value("SCTLR_EL1") == 0x30d0_0800)
        #expect(try value("SCTLR_EL2") == 0x30c5_0830)
        #expect(try value("CPTR_EL2") == 0x33ff)
        #expect(try value("OSLSR_EL1") == 0xa)
        #expect(try value("DAIF") == 0x3c0)
        #expect(try value("CURRENTEL") == 8)
        #expect(try value("SPSEL") == 1)
        #expect(try value("CNTFRQ_EL0") == 62_500_000)
        for register in registers where register.name.hasSuffix("_CTL_EL0") { #expect(try value(register.name) == 0, "\(register.name)") }
    }

    /// Writable bits of registers stay as they are written, others do not.
    @Test(arguments: ElementEngine.allCases) func writesKeepToTheirMasks(_ engine: ElementEngine) throws {
        let names = [
            "SPSR_EL1", "ELR_EL1", "ESR_EL1", "FAR_EL1", "VBAR_EL1", "CONTEXTIDR_EL1", "TPIDR_EL1", "TPIDRRO_EL0", "MAIR_EL1", "AFSR0_EL1",
            "CPACR_EL1", "CNTKCTL_EL1", "MDSCR_EL1", "CSSELR_EL1", "PAR_EL1", "AMAIR_EL1", "APIAKEYLO_EL1", "PMUSERENR_EL0", "PMSELR_EL0",
        ]
        let registers = AArch64InstructionSet.systemRegisters.filter { names.contains($0.name) }
        #expect(registers.count == names.count)
        // mvn x0, xzr; msr; mrs.
        for register in registers {
            let element = try SystemElement()
            try element.run([0xaa3f_03e0, Code.msr(register.encoding, 0), Code.mrs(1, register.encoding), Code.hvc], engine)
            #expect(element.cpu.register(1) == register.reset & ~register.writable | register.writable, "\(register.name)")
        }
    }

    @Test func identificationTellsTheTruth() throws {
        func word(_ cpu: String, _ crm: Int, _ op2: Int, hasEL2: Bool = false) throws -> UInt64 {
            let element = try SystemElement(cpu: cpu, hasEL2: hasEL2)
            try element.run([Code.mrs(1, 0xc000 | crm << 3 | op2), hasEL2 ? Code.smc : Code.hvc], .interpreter)
            return element.cpu.register(1)
        }
        #expect(try word("cortex-a57", 0, 0) == 0x411f_d070)
        #expect(try word("cortex-a57", 4, 0) & 0xffff == 0x11)
        #expect(try word("cortex-a57", 4, 0, hasEL2: true) & 0xffff == 0x111)
        #expect(try word("cortex-a53", 7, 0) & 0xf == 2)
        #expect(try word("cortex-a57", 7, 1) == 0, "no PAN, no VHE, no dirty bits")
        #expect(try word("neoverse-n1", 7, 1) >> 8 & 0xf == 1, "VHE")
        #expect(try word("max", 3, 7) == 0, "a reserved one is zero")
    }

    /// Operations at levels that may not use them.
    @Test(arguments: ElementEngine.allCases, 0...3) func operationsAreAllowedByLevel(_ engine: ElementEngine, _ level: Int) throws {
        let operations = AArch64InstructionSet.systemOperations.filter { $0.name != "dc zva" }
        // X5 is zero: where the MMU is off, an address of memory that is not looked at.
        let values = try run(operations.map { Code.sys($0.encoding, 5) }, level: level, engine)
        for (operation, value) in zip(operations, values) {
            if level < operation.level { #expect(value == SystemRegisterTests.marker, "\(operation.name) at EL\(level)") }
            if level >= operation.level, level > 0 { #expect(value == 1, "\(operation.name) at EL\(level)") }
            if level >= operation.level, level == 0 { #expect(value == SystemRegisterTests.marker | 0x18, "\(operation.name) is trapped") }
        }
    }
}
