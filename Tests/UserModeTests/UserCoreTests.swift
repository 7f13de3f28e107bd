import CPUModel
import Glibc
import LinuxUser
import Testing
import UserCatalog
import UserCore
import UserExecution

@Suite struct ELFTests {
    /// A 64-bit little-endian program with one loaded segment.
    private func program(machine: UInt16 = 243, type: UInt16 = 2, count: UInt16 = 1) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 64 + 56)
        bytes.replaceSubrange(0..<7, with: [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
        bytes.put(type, at: 16)
        bytes.put(machine, at: 18)
        bytes.put(UInt64(0x10078), at: 24)
        bytes.put(UInt64(64), at: 32)
        bytes.put(UInt16(56), at: 54)
        bytes.put(count, at: 56)
        bytes.put(UInt32(1), at: 64)
        bytes.put(UInt32(5), at: 68)
        bytes.put(UInt64(0x10000), at: 64 + 16)
        bytes.put(UInt64(120), at: 64 + 32)
        bytes.put(UInt64(0x1800), at: 64 + 40)
        return bytes
    }

    private func image(_ bytes: [UInt8]) throws -> ELFImage {
        try ELFImage(path: "x") { offset, count in offset < UInt64(bytes.count) ? Array(bytes[Int(offset)...].prefix(count)) : [] }
    }

    @Test func readsAProgram() throws {
        let image = try image(program())
        #expect(image.identity.machine == 243 && image.identity.is64Bit && !image.identity.isBigEndian && !image.isRelocatable)
        #expect(image.entry == 0x10078 && image.loaded.count == 1 && image.span == (0x10000, 0x12000))
    }

    @Test func refusesDamage() {
        #expect(throws: ELFError.self) { try image([]) }
        #expect(throws: ELFError.self) { try image(Array(program().prefix(40))) }
        #expect(throws: ELFError.self) { try image(Array(program().prefix(100))) }
        #expect(throws: ELFError.self) { try image(program(type: 1)) }
        #expect(throws: ELFError.self) { try image(program(count: 0)) }
        #expect(throws: ELFError.self) { try image(program(count: 2)) }
        for index in 64 + 8..<64 + 56 {
            // Whatever a byte of the program header holds, the image is refused or spans less than the address space.
            var bytes = program()
            bytes[index] = 0xff
            if let image = try? image(bytes) { #expect(image.span.end <= 1 << 49) }
        }
    }
}

@Suite struct LayoutTests {
    @Test func layoutsFollowC() {
        let members: [(String, StructLayout.Kind)] = [("a", .u8), ("b", .long), ("c", .u16), ("d", .i32), ("e", .u8)]
        let wide = StructLayout(members)
        #expect(wide.fields.map(\.offset) == [0, 8, 16, 20, 24] && wide.size == 32)
        let narrow = StructLayout(members, wordSize: 4)
        #expect(narrow.fields.map(\.offset) == [0, 4, 8, 12, 16] && narrow.size == 20)
        #expect(StructLayout(members, packed: true).size == 16)
    }

    @Test func conversionKeepsValues() {
        let wide = StructLayout([("x", .long), ("y", .u32)])
        let narrow = StructLayout([("y", .u32), ("x", .long), ("z", .u16)], wordSize: 4, isBigEndian: true)
        var bytes = [UInt8](repeating: 0, count: wide.size)
        bytes.put(Int64(-2), at: 0)
        bytes.put(UInt32(0x1234_5678), at: 8)
        let converted = StructConversion(wide, narrow).convert(bytes)
        #expect(converted == [0x12, 0x34, 0x56, 0x78, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 0])
        let back = StructConversion(narrow, wide).convert(converted)
        #expect(back.get(Int64.self, at: 0) == -2 && back.get(UInt32.self, at: 8) == 0x1234_5678)
    }
}

@Suite struct MemoryTests {
    private func anonymous(_ address: UInt64, _ length: UInt64, fixed: Bool = false) -> GuestMemory.MapRequest {
        .init(
            address: address, length: length, protection: [.read, .write], flags: MAP_PRIVATE | MAP_ANONYMOUS | (fixed ? MAP_FIXED : 0))
    }

    @Test(arguments: [0, 1 << 32] as [UInt64])
    func mappingsFollowTheKernel(reserve: UInt64) throws {
        let memory = try GuestMemory(reserve: reserve)
        let place = UInt64(bitPattern: memory.map(anonymous(0, 0x4000)))
        #expect(place & 4095 == 0 && memory.allRegions().count == 1)
        #expect(memory.unmap(place + 0x1000, 0x1000) == 0)
        #expect(memory.allRegions().map { [$0.start, $0.end] } == [[place, place + 0x1000], [place + 0x2000, place + 0x4000]])
        #expect(memory.protect(place, 0x4000, .read) == -Int64(ENOMEM))
        #expect(memory.protect(place, 0x1000, .read) == 0 && memory.allRegions()[0].protection == .read)
        #expect(memory.map(anonymous(place + 0x1000, 0x1000, fixed: true)) == Int64(place + 0x1000))
        #expect(memory.map(anonymous(place + 1, 0x1000, fixed: true)) == -Int64(EINVAL))
        #expect(memory.map(anonymous(0, 0)) == -Int64(EINVAL) && memory.map(anonymous(0, 1 << 62)) == -Int64(ENOMEM))
        let grown = memory.remap(place + 0x2000, 0x2000, 0x8000, flags: 1, 0)
        #expect(grown > 0 && memory.allRegions().contains { $0.start == UInt64(grown) && $0.end == UInt64(grown) + 0x8000 })
        for region in memory.allRegions() { #expect(memory.unmap(region.start, region.end - region.start) == 0) }
        #expect(memory.allRegions().isEmpty)
    }

    @Test func theHostsMemoryStays() throws {
        let memory = try GuestMemory()
        let own = [UInt8](repeating: 7, count: 8192)
        let address = unsafe own.withUnsafeBytes { UInt64(UInt(bitPattern: $0.baseAddress)) & ~4095 }
        #expect(memory.map(anonymous(address, 4096, fixed: true)) == -Int64(ENOMEM))
        #expect(own.allSatisfy { $0 == 7 })
    }

    /// MREMAP_DONTUNMAP always moves: not to where the host likes.
    @Test func aMoveThatKeepsTheOldPlaceStaysInTheReservation() throws {
        let memory = try GuestMemory(reserve: 1 << 32)
        let place = UInt64(bitPattern: memory.map(anonymous(0, 0x2000)))
        #expect(memory.write([1, 2, 3], at: place))
        let moved = memory.remap(place, 0x2000, 0x2000, flags: 5, 0)
        #expect(moved > 0 && UInt64(moved) <= memory.limit - 0x2000 && UInt64(moved) != place && memory.isMapped(place, 0x2000))
        #expect(memory.bytes(at: UInt64(moved), count: 3) == [1, 2, 3] && memory.bytes(at: place, count: 3) == [0, 0, 0])
        #expect(memory.remap(place, 0x2000, 0x2000, flags: 4, 0) == -Int64(EINVAL))
    }

    /// madvise over a range with gaps does what it can, and leaves alone what is not the guest's in them.
    @Test func adviceIsForTheGuestsOwnMemory() throws {
        let memory = try GuestMemory()
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        let own = try #require(unsafe mmap(nil, 3 * 4096, PROT_READ | PROT_WRITE, flags, -1, 0))
        let start = UInt64(UInt(bitPattern: own))
        unsafe munmap(own + 4096, 4096)
        #expect(memory.map(anonymous(start + 4096, 4096, fixed: true)) == Int64(start + 4096))
        unsafe own.initializeMemory(as: UInt8.self, repeating: 7, count: 3 * 4096)
        #expect(memory.advise(start, 3 * 4096, 4) == -Int64(ENOMEM))
        #expect(unsafe [0, 4096, 8192].map { unsafe (own + $0).load(as: UInt8.self) } == [7, 0, 7])
        unsafe own.storeBytes(of: 7, toByteOffset: 4096, as: UInt8.self)
        #expect(memory.advise(start + 4096, 4096, 4) == 0 && memory.load(start + 4096, size: 1) == 0)
        #expect(memory.advise(start + 1, 4096, 4) == -Int64(EINVAL) && memory.advise(start, .max, 4) == -Int64(EINVAL))
        #expect(memory.unmap(start + 4096, 4096) == 0)
        unsafe munmap(own, 4096)
        unsafe munmap(own + 8192, 4096)
    }
}

@Suite struct RunnerTests {
    /// A runner whose thread could not be started is closed on another's, whose faults are the guest's as before.
    @Test func closingOneLeavesTheThreadToTheOther() throws {
        let abi = UserCatalog.guests[0]
        let memory = try GuestMemory(reserve: 1 << 32)
        let cpu = try abi.makeCPU(model: nil)
        let engine = try UserEngine(guest: cpu.guest, memory: memory, options: UserEngineOptions())
        let runner = UserRunner(cpu: cpu, engine: engine)
        runner.bindToThread()
        UserRunner(cpu: try abi.makeCPU(model: nil), engine: engine).close()
        #expect(memory.load(0x5000, size: 8) == nil)
        runner.close()
    }
}

@Suite struct CallTableTests {
    /// Numbers of asm-generic that Linux 6.12 does not use for 64-bit architectures.
    private static let unused = Array(244...259) + Array(295...423)

    /// What asm-generic has only with 64-bit longs, or with times of 32 bits.
    private static let wideOnly = [
        4, 72, 73, 79, 80, 86, 87, 88, 98, 101, 108, 110, 112, 113, 114, 115, 127, 137, 163, 164, 169, 170, 171, 182, 183, 192, 243, 260, 266, 292,
    ]

    @Test func riscv32HasCallsWithWideTimesOnly() throws {
        let abi = try #require(UserCatalog.guests.first { $0.family == .generic32 })
        let table = CallTable(family: abi.family, machine: abi.machine)
        for number in 0...462 where !(244...257).contains(number) && !(295...402).contains(number) && number != 415 {
            #expect((table[UInt64(number)] == nil) == CallTableTests.wideOnly.contains(number), "call \(number)")
        }
        #expect(table[403]?.name == "clock_gettime64" && table[222]?.name == "mmap2" && table[62]?.name == "_llseek")
    }

    @Test func everyCallOfLinux612HasARow() {
        for abi in UserCatalog.guests where abi.family == .generic64 {
            let table = CallTable(family: abi.family, machine: abi.machine)
            for number in 0...462 where !CallTableTests.unused.contains(number) {
                #expect(table[UInt64(number)] != nil, "\(abi.name) has no row for call \(number)")
            }
            #expect(table[463] == nil && table[.max] == nil)
        }
    }
}
