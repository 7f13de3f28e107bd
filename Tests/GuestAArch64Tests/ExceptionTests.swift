import GuestAArch64
import Testing

/// Exceptions, returns, timers and calls of a machine's element.
@Suite struct ExceptionTests {
    private static let vectors = SystemElement.base + 0x10_0000

    private func word(_ element: SystemElement, _ offset: UInt64, _ words: [UInt32]) {
        element.memory.write(
            ExceptionTests.vectors + offset, words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } })
    }

    /// A supervisor call from EL0 and back: the vector, ESR, ELR, SPSR, both stack pointers.
    @Test(arguments: ElementEngine.allCases) func supervisorCall(_ engine: ElementEngine) throws {
        let element = try SystemElement(level: 1)
        element.set("VBAR_EL1", ExceptionTests.vectors)
        // From a lower level: leave what the exception has left in registers; the stack pointer is EL1's again.
        word(element, 0x400, [Code.mrs(1, 0xc290), Code.mrs(2, 0xc201), Code.mrs(3, 0xc200), Code.add(4, 31, 0), Code.mrs(5, 0xc208), Code.hvc])
        // EL0 begins at the ninth instruction with its own stack pointer.
        let start = SystemElement.base + 4 * 8
        try element.run(
            [
                Code.moveWide(0, 0x1234), Code.add(31, 0, 0), Code.moveWide(0, 0x5670), Code.msr(0xc208, 0),
                Code.moveWide(0, UInt16(start >> 16), shift: 16), Code.moveKeep(0, UInt16(start & 0xffff), shift: 0), Code.msr(0xc201, 0), Code.eret,
                Code.svc(42),
            ], engine)
        let cpu = element.cpu
        #expect(cpu.register(1) == 0x15 << 26 | 1 << 25 | 42, "ESR")
        #expect(cpu.register(2) == start + 4, "ELR lies behind the call")
        #expect(cpu.register(3) & 0xf == 0, "SPSR: from EL0t")
        #expect(cpu.register(4) == 0x1234 && cpu.register(5) == 0x5670, "SP_EL1 and SP_EL0")
        #expect(cpu.level == 1 && element.get("DAIF") == 0x3c0)
    }

    /// An abort of the level's own: class 0x25, FAR, and the way back to the same instruction.
    @Test(arguments: ElementEngine.allCases) func dataAbort(_ engine: ElementEngine) throws {
        let element = try SystemElement()
        element.set("VBAR_EL1", ExceptionTests.vectors)
        word(element, 0x200, [Code.mrs(1, 0xc290), Code.mrs(2, 0xc300), Code.mrs(3, 0xc201), Code.hvc])
        // A load from where nothing is.
        try element.run([Code.moveWide(0, 0x1000, shift: 16), 0xf940_0000], engine)
        #expect(element.cpu.register(1) == 0x25 << 26 | 1 << 25 | 0x10, "synchronous external abort")
        #expect(element.cpu.register(2) == 0x1000_0000 && element.cpu.register(3) == SystemElement.base + 4)
    }

    /// All memory is Device memory where the MMU is off: accesses must be aligned.
    @Test(arguments: ElementEngine.allCases) func alignment(_ engine: ElementEngine) throws {
        let element = try SystemElement()
        element.set("VBAR_EL1", ExceptionTests.vectors)
        word(element, 0x200, [Code.mrs(1, 0xc290), Code.mrs(2, 0xc300), Code.hvc])
        try element.run([Code.moveWide(0, 0x4000, shift: 16), Code.add(0, 0, 3), 0xf940_0000], engine)
        #expect(element.cpu.register(1) == 0x25 << 26 | 1 << 25 | 0x21 && element.cpu.register(2) == 0x4000_0003)
    }

    /// Accesses by a misaligned stack pointer fault where SCTLR_EL1.SA is set; a block that moves it by multiples of 16 looks once.
    @Test(arguments: ElementEngine.allCases) func stackAlignment(_ engine: ElementEngine) throws {
        let element = try SystemElement()
        element.set("VBAR_EL1", ExceptionTests.vectors)
        element.set("SCTLR_EL1", 0x30d0_0808)
        word(element, 0x200, [Code.mrs(1, 0xc290), Code.mrs(2, 0xc201), Code.hvc])
        // mov sp, x0; str x0, [sp, #-16]!; stp x0, x0, [sp, #-32]!; add sp, sp, #8; ldr x3, [sp, #8].
        try element.run(
            [Code.moveWide(0, 0x4040, shift: 16), Code.add(31, 0, 0), 0xf81f_0fe0, 0xa9be_03e0, Code.add(31, 31, 8), 0xf940_07e3], engine)
        #expect(element.cpu.register(1) == 0x26 << 26 | 1 << 25)
        #expect(element.cpu.register(2) == SystemElement.base + 20)
        #expect(element.memory.load(0x403f_fff0, as: UInt64.self) == 0x4040_0000 && element.cpu.register(3) == 0)
    }

    /// SPSR with AArch32 state, or a higher level: the return is illegal, and nothing may be executed then.
    @Test(arguments: [0x10, 0x9, 0x2] as [UInt16]) func illegalReturns(_ state: UInt16) throws {
        let element = try SystemElement()
        element.set("VBAR_EL1", ExceptionTests.vectors)
        word(element, 0x200, [Code.mrs(1, 0xc290), Code.mrs(3, 0xc200), Code.hvc])
        try element.run(
            [Code.moveWide(0, state), Code.msr(0xc200, 0), Code.moveWide(0, 0x4000, shift: 16), Code.msr(0xc201, 0), Code.eret], .translator)
        #expect(element.cpu.register(1) == 0x0e << 26 | 1 << 25)
        #expect(element.cpu.register(3) & 1 << 20 != 0, "SPSR.IL")
    }

    /// Floating point is trapped until CPACR_EL1.FPEN allows it.
    @Test(arguments: ElementEngine.allCases) func floatTrap(_ engine: ElementEngine) throws {
        let element = try SystemElement()
        element.set("VBAR_EL1", ExceptionTests.vectors)
        word(element, 0x200, [Code.mrs(1, 0xc290), Code.moveWide(0, 3 << 4, shift: 16), Code.msr(0xc082, 0), Code.isb, Code.eret])
        // fmov d0, #1.0; fmov x2, d0.
        try element.run([0x1e6e_1000, 0x9e66_0002, Code.hvc], engine)
        #expect(element.cpu.register(1) == 0x07 << 26 | 1 << 25 | 0x1e0_0000)
        #expect(Double(bitPattern: element.cpu.register(2)) == 1)
    }

    /// Software step: one instruction runs, then EC 0x32 comes.
    @Test(arguments: ElementEngine.allCases) func softwareStep(_ engine: ElementEngine) throws {
        let element = try SystemElement()
        element.set("VBAR_EL1", ExceptionTests.vectors)
        word(element, 0x400, [Code.mrs(4, 0xc290), Code.mrs(5, 0xc201), Code.hvc])
        element.set("OSLAR_EL1", 0)
        element.set("MDSCR_EL1", 1)
        element.set("SPSR_EL1", 1 << 21)
        element.set("ELR_EL1", SystemElement.base + 4)
        try element.run([Code.eret, Code.moveWide(1, 7), Code.moveWide(2, 8), Code.moveWide(3, 9)], engine)
        let cpu = element.cpu
        #expect(cpu.register(1) == 7 && cpu.register(2) == 0)
        #expect(cpu.register(4) >> 26 == 0x32 && cpu.register(5) == SystemElement.base + 8)
    }

    /// An IRQ waits while it is masked, and is taken once it is not; FIQ comes first.
    @Test(arguments: ElementEngine.allCases) func interrupts(_ engine: ElementEngine) throws {
        let element = try SystemElement()
        element.set("VBAR_EL1", ExceptionTests.vectors)
        word(element, 0x280, [Code.moveWide(1, 2), Code.mrs(2, 0xc608), Code.hvc])
        word(element, 0x300, [Code.moveWide(1, 3), Code.hvc])
        element.cpu.setInterrupt(.irq, level: true)
        // wfi returns at once; msr daifclr, #2 unmasks.
        try element.run([0xd503_207f, Code.moveWide(0, 5), 0xd503_42ff, Code.branch(0)], engine)
        #expect(element.cpu.register(0) == 5 && element.cpu.register(1) == 2)
        #expect(element.cpu.register(2) == 0x80, "ISR_EL1.I")
    }

    /// A counter that goes on with every look at it: a timer that is set is either due or waited for.
    @Test func timersAreNeverLost() throws {
        let element = try SystemElement()
        var now: UInt64 = 0
        var told: (output: Bool, wait: UInt64?) = (false, nil)
        element.cpu.counter = {
            now += 1
            return now
        }
        element.cpu.onTimer = { _, output, wait in told = (output, wait) }
        element.set("CNTV_CTL_EL0", 1)
        for ahead in 0..<10 as Range<UInt64> {
            element.set("CNTV_CVAL_EL0", now + ahead)
            #expect(told.output || told.wait.map { $0 < 10 } == true, "\(ahead) ticks ahead")
        }
    }

    /// The virtual timer's output and status.
    @Test func timers() throws {
        let element = try SystemElement()
        var now: UInt64 = 1000
        var outputs: [String] = []
        element.cpu.counter = { now }
        element.cpu.onTimer = { timer, output, wait in outputs.append("\(timer) \(output) \(wait.map { String($0) } ?? "-")") }
        element.set("CNTV_TVAL_EL0", 50)
        element.set("CNTV_CTL_EL0", 1)
        #expect(element.get("CNTV_CVAL_EL0") == 1050 && element.get("CNTV_CTL_EL0") == 1)
        now = 1060
        #expect(element.get("CNTV_CTL_EL0") == 5, "ISTATUS")
        #expect(element.get("CNTV_TVAL_EL0") == 0xffff_fff6)
        element.set("CNTV_CTL_EL0", 3)
        element.set("CNTV_CTL_EL0", 1)
        element.set("CNTV_TVAL_EL0", 100)
        #expect(outputs == ["virtual false -", "virtual false 50", "virtual false -", "virtual true -", "virtual false 100"])
    }

}
