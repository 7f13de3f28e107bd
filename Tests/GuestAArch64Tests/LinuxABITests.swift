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
        abi.enterHandler(cpu, HandlerEntry(handler: 0x40_2000, signal: 11, frame: 0x6000, shape: abi.signalFrame, returnAddress: 0x40_3000))
        #expect(cpu.register(0) == 11 && cpu.register(31) == 0x6000 && cpu.register(30) == 0x40_3000 && cpu.header.pc == 0x40_2000)
        #expect(cpu.describeRegisters() != before)
        #expect(abi.restoreContext(cpu, from: frame))
        #expect(cpu.describeRegisters() == before)
        // A frame that wants to go to EL1 is refused.
        frame[576] = 5
        #expect(!abi.restoreContext(cpu, from: frame))
    }

    /// The records may come in any order; without that of the vectors, or with one that the kernel does not know, the frame is refused.
    @Test func recordsAreLookedFor() throws {
        let cpu = try #require(try abi.makeCPU(model: nil) as? AArch64CPU)
        cpu.setVector(3, low: 1, high: 2)
        var frame = [UInt8](repeating: 0, count: abi.signalFrame.size)
        abi.saveContext(cpu, fault: GuestFault(signal: 11, code: 2, address: 0x1000, isWrite: true), into: &frame)
        let vectors = Array(frame[592..<592 + 528]), syndrome = Array(frame[592 + 528..<592 + 544])
        #expect(syndrome == [1, 0x52, 0x53, 0x45, 16, 0, 0, 0, 0x4f, 0, 0, 0x92, 0, 0, 0, 0])
        frame.replaceSubrange(592..<592 + 544, with: syndrome + vectors)
        cpu.setVector(3, low: 0, high: 0)
        #expect(abi.restoreContext(cpu, from: frame))
        #expect(cpu.vector(3) == (1, 2))
        frame[592] = 2
        #expect(!abi.restoreContext(cpu, from: frame))
        frame.replaceSubrange(592..<592 + 544, with: [UInt8](repeating: 0, count: 544))
        #expect(!abi.restoreContext(cpu, from: frame))
    }

    /// PR_SET_TAGGED_ADDR_CTRL decides whether calls take addresses with tags.
    @Test func callsIgnoreTagsWhenAsked() throws {
        let cpu = try #require(try abi.makeCPU(model: nil))
        func control(_ option: UInt64, _ value: UInt64) -> Int64? {
            abi.control(cpu, SystemCallRegisters(number: 167, arguments: [option, value, 0, 0, 0, 0]))
        }
        #expect(abi.callAddress(cpu, 0x5a00_0000_0000_1000) == 0x5a00_0000_0000_1000)
        #expect(control(56, 0) == 0 && control(55, 2) == -22 && control(55, 1) == 0 && control(56, 0) == 1 && control(15, 0) == nil)
        #expect(abi.callAddress(cpu, 0x5a00_0000_0000_1000) == 0x1000)
    }

    @Test func capabilitiesFollowFromTheModel() throws {
        #expect(hwcaps(try AArch64Model("cortex-a53").features).hwcap == 0x8fb)
        let all = hwcaps(try AArch64Model("max").features), without = hwcaps(try AArch64Model("max,pauth=off").features)
        #expect(all.hwcap & ~without.hwcap == 3 << 30)
        #expect(all.hwcap2 == without.hwcap2)
    }
}
