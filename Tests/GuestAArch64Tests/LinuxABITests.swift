import CPUModel
import GuestAArch64
import RandomIR
import Testing

@Suite struct LinuxABITests {
    private let abi = AArch64LinuxABI()

    /// What a signal frame holds comes back, whatever a handler did to the registers.
    @Test func signalFramesKeepEverything() throws {
        let cpu = try #require(try abi.makeCPU(model: nil) as? AArch64CPU)
        var random = SplitMix(5)
        for number in 0..<32 {
            cpu.setRegister(number, random.next())
            cpu.setVector(number, low: random.next(), high: random.next())
        }
        cpu.header.pc = 0x40_0124
        cpu.nzcv = 9
        cpu.fpcr = 2 << 22
        cpu.fpsr = 0x0800_0013
        let before = cpu.describeRegisters()
        var frame = [UInt8](repeating: 0, count: abi.signalFrame.size)
        abi.saveContext(cpu, fault: nil, into: &frame)
        abi.start(cpu, entry: 0x40_0000, stackPointer: 0x7000)
        abi.enterHandler(cpu, HandlerEntry(handler: 0x40_2000, signal: 11, frame: 0x6000, returnAddress: 0x40_3000))
        #expect(cpu.register(0) == 11 && cpu.register(31) == 0x6000 && cpu.register(30) == 0x40_3000 && cpu.header.pc == 0x40_2000)
        #expect(cpu.describeRegisters() != before)
        #expect(abi.restoreContext(cpu, from: frame))
        #expect(cpu.describeRegisters() == before)
        // A frame that wants to go to EL1 is refused.
        frame[576] = 5
        #expect(!abi.restoreContext(cpu, from: frame))
    }

    @Test func capabilitiesFollowFromTheModel() throws {
        #expect(hwcaps(try AArch64Model("cortex-a53").features).hwcap == 0x8fb)
        let all = hwcaps(try AArch64Model("max").features), without = hwcaps(try AArch64Model("max,pauth=off").features)
        #expect(all.hwcap & ~without.hwcap == 3 << 30)
        #expect(all.hwcap2 == without.hwcap2)
    }
}
