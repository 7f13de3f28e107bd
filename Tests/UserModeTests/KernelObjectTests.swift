import CPUModel
import Testing
import UserCatalog
import UserCore
import UserExecution

@Suite struct KernelObjectTests {
    private func written(_ abi: any LinuxABI) -> KernelObjectImage {
        KernelObjectImage(abi.kernelObject, identity: abi.elf, signalReturnCode: abi.signalReturnCode)
    }

    /// Values that glibc (sysdeps/unix/sysv/linux) and Go (runtime/vdso_linux) have for the kernel's versions.
    @Test func namesAreHashedAsTheABISays() {
        #expect(KernelObjectImage.hash("LINUX_4.15") == 0x0ae7_7f75 && KernelObjectImage.hash("LINUX_2.6.39") == 0x075f_cb89)
        #expect(KernelObjectImage.hash("LINUX_2.6") == 0x03ae_75f6 && KernelObjectImage.hash("") == 0)
    }

    @Test(arguments: UserCatalog.guests.map(\.name)) func everyGuestsObjectIsOne(name: String) throws {
        let abi = try #require(UserCatalog.guests.first { $0.name == name })
        let object = written(abi)
        let image = try ELFImage(path: name) { offset, count in Array(object.bytes.dropFirst(Int(offset)).prefix(count)) }
        #expect(image.identity == abi.elf && image.isRelocatable && image.loaded.count == 1)
        let segment = try #require(image.loaded.first)
        #expect(segment.address == 0 && segment.offset == 0 && segment.fileSize == UInt64(object.bytes.count) && segment.flags == 5)
        // The signal return is where it says, behind an instruction that is no function's.
        if let place = object.signalReturn {
            #expect(Array(object.bytes[place..<place + abi.signalReturnCode.count]) == abi.signalReturnCode)
            let before = try #require(abi.kernelObject.signalReturn?.instructionBefore)
            #expect(Array(object.bytes[place - before.count..<place]) == before)
        } else {
            #expect(abi.kernelObject.signalReturn == nil)
        }
    }

    @Test func rulesOfAFrame() {
        var rules = CallFrameRules(returnAddress: 64, stackPointer: 2, savedAt: 320)
        rules.save(1, at: 312)
        rules.save(8, at: -1)
        // DW_CFA_def_cfa_expression of DW_OP_breg2 320 and DW_OP_deref, then DW_CFA_expression of both registers.
        #expect(rules.bytes == [0x0f, 4, 0x72, 0xc0, 0x02, 0x06, 0x10, 1, 3, 0x72, 0xb8, 0x02, 0x10, 8, 2, 0x72, 0x7f])
    }
}

@Suite struct MainStackTests {
    private static let page: UInt64 = 4096, mib: UInt64 = 1 << 20

    private func stack(of memory: GuestMemory) -> GuestRegion? { memory.allRegions().last { memory.isStack($0) } }

    @Test(arguments: [0, 1 << 40] as [UInt64])
    func growsAndKeepsWhatWasTouched(reserve: UInt64) throws {
        let memory = try GuestMemory(reserve: reserve)
        let top = try #require(memory.mapStack(below: nil, limit: 8 * MainStackTests.mib, isExecutable: false))
        memory.noteFirstStackPointer(top - 64)
        #expect(stack(of: memory)?.end == top && stack(of: memory)?.start == top - 33 * MainStackTests.page)
        let low = top - 6 * MainStackTests.mib
        #expect(memory.store(low, 77, size: 8) && stack(of: memory)?.start == low & ~4095)
        // Less than it has grown to: that stays, and nothing below it.
        memory.setStackLimit(MainStackTests.mib)
        #expect(memory.load(low, size: 8) == 77 && !memory.isMapped(low - MainStackTests.page, 1))
        memory.setStackLimit(32 * MainStackTests.mib)
        #expect(memory.store(top - 31 * MainStackTests.mib, 1, size: 1) && memory.load(low, size: 8) == 77)
        #expect(!memory.isMapped(top - 33 * MainStackTests.mib, 1))
    }
}

@Suite struct MemoryLimitTests {
    @Test func mappingsCount() throws {
        let memory = try GuestMemory()
        memory.setLimits(MemoryLimits(addressSpace: 17 * 4096, data: 8 * 4096))
        func map(_ pages: UInt64, _ protection: PageProtection, at address: UInt64 = 0) -> Int64 {
            memory.map(.init(address: address, length: pages * 4096, protection: protection, flags: address == 0 ? 0x22 : 0x32))
        }
        let place = map(8, [.read, .write])
        #expect(place > 0 && map(1, [.read, .write]) == -12 && memory.remap(UInt64(place), 8 * 4096, 9 * 4096, flags: 1, 0) == -12)
        #expect(map(8, [.read, .write], at: UInt64(place)) == place && map(10, .read) == -12)
        let other = map(8, .read)
        #expect(other > 0 && memory.protect(UInt64(other), 4096, [.read, .write]) == -12 && map(2, []) == -12)
        #expect(memory.unmap(UInt64(place), 4096) == 0 && memory.protect(UInt64(other), 4096, [.read, .write]) == 0)
        #expect(memory.mayGrowHeap(7 * 4096, data: 4096) && !memory.mayGrowHeap(7 * 4096, data: 4097))
    }
}
