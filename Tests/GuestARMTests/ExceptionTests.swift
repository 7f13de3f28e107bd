import ArmSystem
import GuestARM
import Testing

/// Exceptions, banks, returns and what is undefined, on a machine's element. The words are what binutils make of the instructions beside them.
@Suite struct ExceptionTests {
    private static let engines = ElementEngine.allCases

    /// A supervisor call from user mode: LR, SPSR, both modes' stack pointers, and stm with ^.
    @Test(arguments: engines) func supervisorCall(_ engine: ElementEngine) throws {
        let element = try SystemElement()
        // mrs r1, spsr; mrs r2, cpsr; mov r3, lr; mov r4, sp; movw r6, #0; movt r6, #0x4020; stm r6, {sp, lr}^; hvc #0
        element.handle(8, [0xe14f_1000, 0xe10f_2000, 0xe1a0_300e, 0xe1a0_400d, 0xe300_6000, 0xe344_6020, 0xe8c6_6000, SystemElement.hvc])
        // movw sp, #0x5670; cps #0x1f; movw sp, #0x1234; movw lr, #0x777; cps #0x13; mov r0, #0x10; msr spsr_cxsf, r0; adr lr, user; movs pc, lr;
        // user: svc #42
        try element.run(
            [
                0xe305_d670, 0xf102_001f, 0xe301_d234, 0xe300_e777, 0xf102_0013, 0xe3a0_0010, 0xe16f_f000, 0xe28f_e000, 0xe1b0_f00e, 0xef00_002a,
            ], engine)
        let cpu = element.cpu
        #expect(cpu.register(1) == 0x10, "SPSR: user mode")
        #expect(cpu.register(2) & 0x1ff == 0x93, "supervisor mode, IRQs masked, nothing else")
        #expect(cpu.register(3) == 0x4000_0028, "LR lies behind the call")
        #expect(cpu.register(4) == 0x5670)
        #expect(element.memory.load(SystemElement.data, as: UInt64.self) == 0x777_0000_1234, "user mode's R13 and R14")
    }

    /// FIQ mode has R8 to R14 of its own; mrs and msr reach other modes' registers.
    @Test(arguments: engines) func banks(_ engine: ElementEngine) throws {
        let element = try SystemElement()
        // cps #0x11; mov r8, #1; mov sp, #2; cps #0x13; mov r8, #5; mov r9, #6; mrs r0, r8_fiq; mrs r1, sp_fiq; msr lr_irq, r8; msr spsr_abt, r9;
        // cps #0x12; mov r2, lr; cps #0x17; mrs r3, spsr; mov r4, r8; hvc #0
        try element.run(
            [
                0xf102_0011, 0xe3a0_8001, 0xe3a0_d002, 0xf102_0013, 0xe3a0_8005, 0xe3a0_9006, 0xe108_0200, 0xe10d_1200, 0xe120_f308, 0xe164_f309,
                0xf102_0012, 0xe1a0_200e, 0xf102_0017, 0xe14f_3000, 0xe1a0_4008, SystemElement.hvc,
            ], engine)
        #expect((0..<5).map { element.cpu.register($0) } == [1, 2, 5, 6, 5])
    }

    // mrc p15, 0, r1, c5, c0, 0; mrc p15, 0, r2, c6, c0, 0; mov r3, lr; mrs r4, cpsr; hvc #0
    private static let dataHandler: [UInt32] = [0xee15_1f10, 0xee16_2f10, 0xe1a0_300e, 0xe10f_4000, SystemElement.hvc]

    /// A load from where nothing is: an external abort, with LR 8 behind the instruction.
    @Test(arguments: engines) func dataAbort(_ engine: ElementEngine) throws {
        let element = try SystemElement()
        element.handle(0x10, ExceptionTests.dataHandler)
        // mov r0, #0x10000000; ldr r1, [r0, #4]
        try element.run([0xe3a0_0201, 0xe590_1004], engine)
        #expect(element.cpu.register(1) == 0x008 && element.cpu.register(2) == 0x1000_0004)
        #expect(element.cpu.register(3) == 0x4000_000c)
        #expect(element.cpu.register(4) & 0x1df == 0x197 & 0x1df | 0x40, "abort mode, A and I masked; F was masked before")
    }

    /// A jump to where nothing is.
    @Test(arguments: engines) func prefetchAbort(_ engine: ElementEngine) throws {
        let element = try SystemElement()
        // mrc p15, 0, r1, c5, c0, 1; mrc p15, 0, r2, c6, c0, 2; mov r3, lr; hvc #0
        element.handle(0x0c, [0xee15_1f30, 0xee16_2f50, 0xe1a0_300e, SystemElement.hvc])
        // mov r0, #0x10000000; bx r0
        try element.run([0xe3a0_0201, 0xe12f_ff10], engine)
        #expect((1...3).map { element.cpu.register($0) } == [0x008, 0x1000_0000, 0x1000_0004])
        // bkpt #3: a debug event.
        element.cpu.reset()
        try element.run([0xe120_0073], engine)
        #expect((1...3).map { element.cpu.register($0) } == [0x002, 0x4000_0000, 0x4000_0004])
    }

    /// An undefined instruction of T32: LR 2 behind it.
    @Test(arguments: engines) func undefinedInThumb(_ engine: ElementEngine) throws {
        let element = try SystemElement()
        // mrs r2, spsr; mov r3, lr; hvc #0
        element.handle(4, [0xe14f_2000, 0xe1a0_300e, SystemElement.hvc])
        // adr r0, t; add r0, r0, #1; bx r0; t: movs r1, #3; udf #1
        try element.run([0xe28f_0004, 0xe280_0001, 0xe12f_ff10, 0xde01_2103], engine)
        #expect(element.cpu.register(1) == 3)
        #expect(element.cpu.register(2) & 0x3f == 0x33 && element.cpu.register(3) == 0x4000_0010)
    }

    /// An abort inside an IT block: SPSR has the rest of it.
    @Test(arguments: engines) func abortInIfThenBlock(_ engine: ElementEngine) throws {
        let element = try SystemElement()
        // mrs r2, spsr; mov r3, lr; mrc p15, 0, r4, c5, c0, 0; hvc #0
        element.handle(0x10, [0xe14f_2000, 0xe1a0_300e, 0xee15_4f10, SystemElement.hvc])
        // adr r0, t; add r0, r0, #1; mov r5, #0x10000000; bx r0; t: movs r1, #0; itet eq; moveq r2, #1; ldrne r3, [r5]; ldreq r3, [r5]
        try element.run([0xe28f_0008, 0xe280_0001, 0xe3a0_5201, 0xe12f_ff10, 0xbf0a_2100, 0x682b_2201, 0xbf00_682b], engine)
        let saved = element.cpu.register(2)
        #expect((saved >> 10 & 63) << 2 | saved >> 25 & 3 == 0x08, "IT: eq, one instruction left")
        #expect(element.cpu.register(3) == 0x4000_0020 && element.cpu.register(4) == 0x008)
        // The handler ran outside the block: its instructions had no condition.
        #expect(element.cpu.cpsr & 0x0600_fc20 == 0)
    }

    /// srs to another mode's stack, rfe from there.
    @Test(arguments: engines) func storedReturnState(_ engine: ElementEngine) throws {
        let element = try SystemElement()
        // movw/movt sp, #0x40201000; cps #0x12; movw/movt sp, #0x40202000; movw/movt r0, #0xa00001d3; msr spsr_cxsf, r0; adr lr, back; srsdb sp!, #0x13;
        // cps #0x13; mov r5, sp; cps #0x12; mov r6, r5; rfeia r5!; mov r7, #99; back: mrs r1, cpsr; hvc #0
        try element.run(
            [
                0xe301_d000, 0xe344_d020, 0xf102_0012, 0xe302_d000, 0xe344_d020, 0xe300_01d3, 0xe34a_0000, 0xe16f_f000, 0xe28f_e018, 0xf96d_0513,
                0xf102_0013, 0xe1a0_500d, 0xf102_0012, 0xe1a0_6005, 0xf8b5_0a00, 0xe3a0_7063, 0xe10f_1000, SystemElement.hvc,
            ], engine)
        #expect(element.cpu.register(1) == 0xa000_01d3 && element.cpu.register(7) == 0)
        #expect(element.cpu.register(6) == 0x4020_0ff8 && element.cpu.register(5) == 0x4020_1000)
    }

    /// ldm with ^ and R15 returns; without R15 it loads user mode's registers.
    @Test(arguments: engines) func loadsOfManyRegisters(_ engine: ElementEngine) throws {
        let element = try SystemElement()
        // movw/movt r0, #0x40200000; mov r1, #7; mov r2, #8; adr r3, back; stm r0, {r1, r2, r3}; movw r4, #0x1d1; msr spsr_cxsf, r4;
        // ldm r0!, {r5, r6, pc}^; mov r7, #99; back: mrs r1, cpsr; hvc #0
        try element.run(
            [
                0xe300_0000, 0xe344_0020, 0xe3a0_1007, 0xe3a0_2008, 0xe28f_3010, 0xe880_000e, 0xe300_41d1, 0xe16f_f004, 0xe8f0_8060, 0xe3a0_7063,
                0xe10f_1000, SystemElement.hvc,
            ], engine)
        #expect([0, 1, 5, 6, 7].map { element.cpu.register($0) } == [0x4020_000c, 0x1d1, 7, 8, 0])
        element.cpu.reset()
        // …; stm r0, {r1, r2}; mov sp, #1; mov lr, #2; ldm r0, {sp, lr}^; mov r3, sp; mov r4, lr; cps #0x1f; mov r5, sp; mov r6, lr; hvc #0
        try element.run(
            [
                0xe300_0000, 0xe344_0020, 0xe3a0_1007, 0xe3a0_2008, 0xe880_0006, 0xe3a0_d001, 0xe3a0_e002, 0xe8d0_6000, 0xe1a0_300d, 0xe1a0_400e,
                0xf102_001f, 0xe1a0_500d, 0xe1a0_600e, SystemElement.hvc,
            ], engine)
        #expect((3...6).map { element.cpu.register($0) } == [1, 2, 7, 8])
    }

    /// ldrd and ldm need words that are aligned whatever SCTLR.A says; the others only where it is set.
    @Test(arguments: engines) func alignment(_ engine: ElementEngine) throws {
        struct Case { let code: [UInt32], address: UInt32, status: UInt32 }
        let cases = [
            // movw/movt r0, #0x40200002; ldr r1, [r0]; mov r7, #1; ldrd r2, r3, [r0]
            Case(code: [0xe300_0002, 0xe344_0020, 0xe590_1000, 0xe3a0_7001, 0xe1c0_20d0], address: 0x4020_0002, status: 0x001),
            // movw/movt r0, #0x40200002; ldm r0, {r2, r3}
            Case(code: [0xe300_0002, 0xe344_0020, 0xe890_000c], address: 0x4020_0002, status: 0x001),
            // mrc p15, 0, r4, c1, c0, 0; orr r4, r4, #2; mcr p15, 0, r4, c1, c0, 0; movw/movt r0, #0x40200001; strh r1, [r0]
            Case(code: [0xee11_4f10, 0xe384_4002, 0xee01_4f10, 0xe300_0001, 0xe344_0020, 0xe1c0_10b0], address: 0x4020_0001, status: 0x801),
        ]
        for entry in cases {
            let element = try SystemElement()
            element.handle(0x10, ExceptionTests.dataHandler)
            try element.run(entry.code, engine)
            #expect(element.cpu.register(1) == entry.status && element.cpu.register(2) == entry.address)
            #expect(UInt64(element.cpu.register(3)) == SystemElement.base + UInt64(4 * entry.code.count + 4))
        }
    }

    /// VFP is undefined until CPACR allows it and FPEXC.EN switches it on, as systems do when it is used first.
    @Test(arguments: engines) func floatUnit(_ engine: ElementEngine) throws {
        let element = try SystemElement()
        // mov r7, #1; mov r0, #0x40000000; vmsr fpexc, r0; subs pc, lr, #4
        element.handle(4, [0xe3a0_7001, 0xe3a0_0101, 0xeee8_0a10, 0xe25e_f004])
        // mov r0, #0xf00000; mcr p15, 0, r0, c1, c0, 2; isb; vmov.f32 s0, #1.0; vmov r5, s0; hvc #0
        try element.run([0xe3a0_060f, 0xee01_0f50, 0xf57f_f06f, 0xeeb7_0a00, 0xee10_5a10, SystemElement.hvc], engine)
        #expect(element.cpu.register(7) == 1 && element.cpu.register(5) == 0x3f80_0000)
        let denied = try SystemElement()
        // vmsr fpexc, r0 without access.
        denied.handle(4, [0xe3a0_1009, SystemElement.hvc])
        try denied.run([0xeee8_0a10], engine)
        #expect(denied.cpu.register(1) == 9)
    }

    /// An IRQ waits while it is masked, and is taken once it is not; FIQ comes first.
    @Test(arguments: engines) func interrupts(_ engine: ElementEngine) throws {
        let element = try SystemElement()
        // mov r1, #2; mrc p15, 0, r2, c12, c1, 0; mrs r3, spsr; mov r4, lr; hvc #0
        element.handle(0x18, [0xe3a0_1002, 0xee1c_2f11, 0xe14f_3000, 0xe1a0_400e, SystemElement.hvc])
        // mov r1, #3; mrs r2, cpsr; hvc #0
        element.handle(0x1c, [0xe3a0_1003, 0xe10f_2000, SystemElement.hvc])
        // wfi; mov r0, #5; cpsie i; 1: b 1b
        let code: [UInt32] = [0xe320_f003, 0xe3a0_0005, 0xf108_0080, 0xeaff_fffe]
        element.cpu.setInterrupt(.irq, level: true)
        try element.run(code, engine)
        #expect((0...2).map { element.cpu.register($0) } == [5, 2, 0x80])
        #expect(element.cpu.register(3) & 0xff == 0x53 && element.cpu.register(4) == 0x4000_0010, "LR is 4 behind what comes next")
        element.cpu.reset()
        element.cpu.setInterrupt(.fiq, level: true)
        // cpsie if in the place of cpsie i.
        try element.run([code[0], code[1], 0xf108_00c0, code[3]], engine)
        #expect(element.cpu.register(1) == 3 && element.cpu.register(2) & 0x1ff == 0x1d1)
    }

    /// User mode: cps and msr of the mode do nothing, coprocessor 15 is undefined.
    @Test(arguments: engines) func userMode(_ engine: ElementEngine) throws {
        let element = try SystemElement()
        element.handle(4, [0xe14f_2000, 0xe1a0_300e, SystemElement.hvc])
        // mov r0, #0x10; msr cpsr_c, r0; cpsid i; cps #0x13; movw/movt r0, #0xf00001d3; msr cpsr_cxsf, r0; mrs r6, cpsr; mrc p15, 0, r1, c1, c0, 0
        try element.run(
            [0xe3a0_0010, 0xe121_f000, 0xf10c_0080, 0xf102_0013, 0xe300_01d3, 0xe34f_0000, 0xe12f_f000, 0xe10f_6000, 0xee11_1f10], engine)
        #expect(element.cpu.register(6) == 0xf000_0110, "flags changed, mode and masks did not")
        #expect(element.cpu.register(3) == 0x4000_0024)
    }

    /// T32's cps, msr spsr and subs pc, lr.
    @Test(arguments: engines) func returnInThumb(_ engine: ElementEngine) throws {
        let element = try SystemElement()
        element.handle(8, [0xe14f_2000, 0xe1a0_300e, SystemElement.hvc])
        // adr r0, t; add r0, r0, #1; bx r0; t: cpsid aif; cps #0x1f; mov sp, r0; cps #0x13; mov.w r0, #0x1d0; msr spsr_cxsf, r0; adr.w lr, u;
        // subs pc, lr, #0; nop; u: svc #0
        try element.run(
            [
                0xe28f_0004, 0xe280_0001, 0xe12f_ff10, 0xf3af_b677, 0x4685_811f, 0x8113_f3af, 0x70e8_f44f, 0x8f00_f390, 0x0e08_f20f, 0x8f00_f3de,
                0xbf00_bf00, 0xef00_0000,
            ], engine)
        #expect(element.cpu.register(2) == 0x1d0 && element.cpu.register(3) == 0x4000_0030)
    }

    /// The physical timer: TVAL, CTL with ISTATUS, CVAL; what the board is told.
    @Test func timer() throws {
        let element = try SystemElement()
        var told: [(GenericTimer, Bool, UInt64?)] = []
        element.cpu.counter = { 1000 }
        element.cpu.onTimer = { told.append(($0, $1, $2)) }
        // mcr p15, 0, r0, c14, c2, 0; mov r1, #1; mcr p15, 0, r1, c14, c2, 1; mrc p15, 0, r2, c14, c2, 1; mrrc p15, 0, r3, r4, c14;
        // mrrc p15, 2, r5, r6, c14; mrc p15, 0, r7, c14, c2, 0; hvc #0
        let code: [UInt32] = [0xee0e_0f12, 0xe3a0_1001, 0xee0e_1f32, 0xee1e_2f32, 0xec54_3f0e, 0xec56_5f2e, 0xee1e_7f12, SystemElement.hvc]
        // mov r0, #100
        try element.run([0xe3a0_0064] + code, .translator)
        #expect((2...7).map { element.cpu.register($0) } == [1, 1000, 0, 1100, 0, 100])
        #expect(told.last?.0 == .physical && told.last?.1 == false && told.last?.2 == 100)
        element.cpu.reset()
        // mvn r0, #9: ten ticks ago.
        try element.run([0xe3e0_0009] + code, .translator)
        #expect(element.cpu.register(2) == 5 && element.cpu.register(7) == 0xffff_fff6)
        #expect(told.last?.1 == true && told.last?.2 == nil)
    }

    /// Places where a core has nothing are undefined; v5 tells by Z that its cache is clean.
    @Test func coresDiffer() throws {
        // mrrc p15, 0, r3, r4, c14 on a core without the generic timer.
        let old = try SystemElement(cpu: "cortex-a9")
        old.handle(4, [0xe3a0_1009, 0xe1a0_0000, 0xe320_f003, 0xeaff_fffe, SystemElement.hvc])
        #expect(old.cpu.systemRegister("CNTFRQ") == nil && old.cpu.systemRegister("PMCR") != nil)
        #expect(try SystemElement(cpu: "arm926").cpu.systemRegister("PRRR") == nil)
        #expect(try SystemElement(cpu: "cortex-a15").cpu.systemRegister("CNTFRQ") == 62_500_000)
    }
}
