import CPUModel
import Glibc
import LinuxUser
import Testing
import UserCatalog
import UserCore
import UserExecution

/// 32-bit guests: layouts, registers of calls, signals, the room below 4 GiB.
@Suite struct NarrowGuestTests {
    // MARK: ELF

    /// A 32-bit program with one loaded segment.
    private func program(address: UInt32, size: UInt32) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 52 + 32)
        bytes.replaceSubrange(0..<7, with: [0x7f, 0x45, 0x4c, 0x46, 1, 1, 1])
        bytes.put(UInt16(2), at: 16)
        bytes.put(UInt16(243), at: 18)
        bytes.put(address &+ 0x54, at: 24)
        bytes.put(UInt32(52), at: 28)
        bytes.put(UInt16(32), at: 42)
        bytes.put(UInt16(1), at: 44)
        bytes.put(UInt32(1), at: 52)
        bytes.put(address, at: 60)
        bytes.put(UInt32(84), at: 68)
        bytes.put(size, at: 72)
        bytes.put(UInt32(5), at: 76)
        return bytes
    }

    private func image(_ bytes: [UInt8]) throws -> ELFImage {
        try ELFImage(path: "x") { offset, count in offset < UInt64(bytes.count) ? Array(bytes[Int(offset)...].prefix(count)) : [] }
    }

    @Test func readsAProgram() throws {
        let image = try image(program(address: 0x10000, size: 0x1800))
        #expect(!image.identity.is64Bit && image.entry == 0x10054 && image.span == (0x10000, 0x12000) && image.headerSize == 32)
        #expect(throws: ELFError.self) { try self.image(self.program(address: 0xffff_f000, size: 0x2000)) }
        #expect(throws: ELFError.self) { try self.image(Array(self.program(address: 0x10000, size: 0x1800).prefix(51))) }
    }

    // MARK: Structures

    @Test func kindsConvert() {
        let wide = StructLayout([("limit", .limit), ("time", .splitLong), ("text", .bytes(12))])
        let narrow = StructLayout([("limit", .limit), ("time", .splitLong), ("text", .bytes(12))], wordSize: 4)
        #expect(wide.size == 32 && narrow.size == 24 && narrow.fields.map(\.offset) == [0, 4, 12])
        var bytes = [UInt8](repeating: 0, count: 32)
        bytes.put(UInt64(1) << 33, at: 0)
        bytes.put(UInt64(0x1_2345_6789), at: 8)
        bytes.replaceSubrange(16..<28, with: Array("twelve bytes".utf8))
        let small = StructConversion(wide, narrow).convert(bytes)
        #expect(small.get(UInt32.self, at: 0) == .max && small.word(at: 4) == 0x1_2345_6789 && Array(small[12...]) == Array("twelve bytes".utf8))
        // What saturates is as much as there can be in both directions.
        #expect(StructConversion(narrow, wide).convert(small).word(at: 0) == .max)
    }

    // MARK: Registers

    private func arguments(_ number: UInt64, _ abi: any LinuxABI, _ words: InlineArray<6, UInt64>) throws -> [UInt64] {
        let call = try #require(CallTable(family: abi.family, machine: abi.machine)[number])
        let result = call.arguments(in: SystemCallRegisters(number: number, arguments: words), family: abi.family)
        return (0..<6).map { result[$0] }
    }

    @Test func pairsAreJoined() throws {
        let abi = try #require(UserCatalog.guests.first { $0.family == .generic32 })
        // pread64: descriptor, buffer, size, offset. fadvise64_64: descriptor, two pairs, advice. preadv: the halves are arguments.
        #expect(try arguments(67, abi, [1, 2, 3, 4, 5, 6])[3] == 0x5_0000_0004)
        #expect(try Array(arguments(223, abi, [1, 2, 3, 4, 5, 6]).prefix(4)) == [1, 0x3_0000_0002, 0x5_0000_0004, 6])
        #expect(try Array(arguments(286, abi, [1, 2, 3, 4, 5, 6])) == [1, 2, 3, 0x5_0000_0004, 0, 6])
        // A long has a sign.
        #expect(try arguments(188, abi, [1, 2, 3, 0xffff_ffff, 5, 6])[3] == .max)
    }

    // MARK: Signals

    @Test func informationKeepsWhatItsSignalHas() {
        var host = [UInt8](repeating: 0, count: SignalInfo.size)
        host.put(Int32(17), at: 0)
        host.put(Int32(1), at: 8)
        for (index, value) in [11, 12, 13].enumerated() { host.put(Int32(value), at: 16 + 4 * index) }
        host.put(Int64(14), at: 32)
        host.put(Int64(15), at: 40)
        let narrow = SignalInfo.narrow(host)
        #expect((0..<5).map { narrow.get(Int32.self, at: 12 + 4 * $0) } == [11, 12, 13, 14, 15])
        #expect(SignalInfo.host(narrow) == host)
        // SIGSEGV: an address.
        var fault = [UInt8](repeating: 0, count: SignalInfo.size)
        fault.put(Int32(11), at: 0)
        fault.put(Int32(1), at: 8)
        fault.put(UInt64(0xfedc_ba98), at: 16)
        #expect(SignalInfo.narrow(fault).get(UInt32.self, at: 12) == 0xfedc_ba98 && SignalInfo.host(SignalInfo.narrow(fault)) == fault)
    }

    /// A signal that F_SETSIG has chosen tells of a file.
    @Test func filesAreToldWithAnySignal() {
        for (signal, code) in [(29, 1), (37, 6), (37, -5)] as [(Int32, Int32)] {
            var host = [UInt8](repeating: 0, count: SignalInfo.size)
            host.put(signal, at: 0)
            host.put(code, at: 8)
            host.put(UInt64(0x41), at: 16)
            host.put(Int32(9), at: 24)
            let narrow = SignalInfo.narrow(host)
            #expect(narrow.get(Int32.self, at: 12) == 0x41 && narrow.get(Int32.self, at: 16) == 9 && SignalInfo.host(narrow) == host)
        }
    }

    @Test func framesKeepRegisters() throws {
        for abi in UserCatalog.guests where !abi.elf.is64Bit {
            for shape in [abi.signalFrame, abi.plainSignalFrame] {
                let cpu = try abi.makeCPU(model: nil)
                abi.start(cpu, entry: 0x1_0000, stackPointer: 0xbfff_0000)
                abi.setThreadPointer(cpu, 0x8765_4321)
                var frame = [UInt8](repeating: 0, count: shape.size)
                abi.saveContext(cpu, fault: nil, into: &frame)
                let entry = HandlerEntry(handler: 0x2_0000, signal: 11, frame: 0xbffe_0000, shape: shape, returnAddress: 0x3_0000)
                abi.enterHandler(cpu, entry)
                #expect(cpu.header.pc == 0x2_0000 && abi.stackPointer(cpu) == 0xbffe_0000)
                #expect(abi.restoreContext(cpu, from: frame))
                #expect(cpu.header.pc == 0x1_0000 && abi.stackPointer(cpu) == 0xbfff_0000 && abi.threadPointer(cpu) == 0x8765_4321)
                #expect(shape.mask + 8 <= shape.size && shape.stack + 12 <= shape.mask)
            }
        }
    }

    @Test func negativeResultsHaveTheWordsSize() throws {
        for abi in UserCatalog.guests where !abi.elf.is64Bit {
            let cpu = try abi.makeCPU(model: nil)
            abi.setResult(cpu, -38)
            #expect(abi.systemCall(cpu)[0] == 0xffff_ffda)
        }
    }

    // MARK: Memory

    @Test func roomIsFoundFromAbove() throws {
        let memory = try GuestMemory(reserve: 1 << 32)
        memory.searchDownwards(from: 0xc000_0000)
        func map(_ address: UInt64, _ length: UInt64) -> UInt64 {
            UInt64(bitPattern: memory.map(.init(address: address, length: length, protection: [.read, .write], flags: 0x4022)))
        }
        #expect(map(0, 0x3000) == 0xbfff_d000 && map(0, 0x1000) == 0xbfff_c000)
        #expect(map(0x5000_0000, 0x1000) == 0x5000_0000 && map(0x5000_0000, 0x1000) == 0xbfff_b000)
        #expect(memory.unmap(0xbfff_e000, 0x1000) == 0)
        #expect(map(0, 0x2000) == 0xbfff_9000 && map(0, 0x1000) == 0xbfff_e000)
        // Where there is no room below any more it is looked for above; there is none of more than what is free.
        #expect(map(0, 0x6000_0000) == 0x5fff_9000 && map(0, 0x3fff_0000) == 0x1001_0000 && map(0, 0x3000_0000) == 0xc000_0000)
        #expect(map(0, 0xb000_0000) == UInt64(bitPattern: -12))
        #expect(memory.load(1 << 32, size: 4) == nil && memory.bytes(at: 0xffff_ff00, count: 0x101) == nil)
    }

    /// The host gives free addresses to whoever asks first, which may be Apus itself: what the guest gives back of its range stays reserved.
    @Test func whatIsGivenBackStaysReserved() throws {
        let memory = try GuestMemory(reserve: 1 << 32)
        memory.searchDownwards(from: 0xc000_0000)
        func map(_ address: UInt64, _ length: UInt64, flags: Int32 = 0x22) -> UInt64 {
            UInt64(bitPattern: memory.map(.init(address: address, length: length, protection: [.read, .write], flags: flags)))
        }
        func isTaken(_ address: UInt64) -> Bool {
            let place = UnsafeMutableRawPointer(bitPattern: UInt(address) + memory.base)
            let mapped = mmap(place, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | Int32(MAP_FIXED_NOREPLACE), -1, 0)
            if mapped != MAP_FAILED { munmap(mapped, 4096) }
            return mapped == MAP_FAILED && errno == EEXIST
        }
        let place = map(0, 0x4000)
        #expect(memory.remap(place, 0x4000, 0x1000, flags: 0, 0) == Int64(place))
        #expect(isTaken(place + 0x1000) && isTaken(place + 0x3000) && map(place + 0x1000, 0x3000) == place + 0x1000)
        // A mapping at the end of the range does not grow out of it.
        let last = map(0xffff_f000, 0x1000, flags: 0x32)
        #expect(last == 0xffff_f000 && memory.remap(last, 0x1000, 0x2000, flags: 0, 0) == -12)
        #expect(memory.remap(last, 0x1000, 0x2000, flags: 1, 0) < 0xc000_0000 && isTaken(last))

        let segment = shmget(0, 0x2000, 0o600)
        defer { shmctl(segment, IPC_RMID, nil) }
        func attach(_ address: UInt64, flags: UInt64 = 0) -> Int64 {
            memory.attach(address, flags: flags) { place, flags in
                let result = shmat(segment, UnsafeRawPointer(bitPattern: place), Int32(flags))
                return Int(bitPattern: result) == -1 ? -Int64(errno) : Int64(Int(bitPattern: result))
            } size: {
                0x2000
            }
        }
        #expect(attach(0x5000_0000) == 0x5000_0000 && attach(0x5000_1000) == -22 && attach(0x5000_0001) == -22 && attach(0xffff_f000) == -22)
        #expect(memory.protect(0x5000_1000, 0x1000, .read) == 0 && memory.detach(0x5000_1000) { 0 } == -22)
        #expect(memory.detach(0x5000_0000) { 0 } == 0 && isTaken(0x5000_0000) && isTaken(0x5000_1000) && attach(0x5000_0000) == 0x5000_0000)
        var status = shmid_ds()
        #expect(shmctl(segment, IPC_STAT, &status) == 0 && status.shm_nattch == 1)
    }
}
