import AddressSpace
import HostOS
import PlatformDevices
import Testing

/// A bank of 1 MiB at address 0, as a guest sees it.
private final class Bank {
    let space: AddressSpace
    let flash: Flash
    var stored: [(offset: UInt64, bytes: [UInt8])] = []

    init(readOnly: Bool = false, storeWorks: Bool = true) throws {
        let root = MemoryRegion.container("system", size: .max)
        space = AddressSpace("memory", root: root)
        var note: (UInt64, [UInt8]) -> Void = { _, _ in }
        flash = try Flash(name: "flash", size: 1 << 20, memory: space, contents: [0xab, 0xcd, 0xef], readOnly: readOnly) { offset, bytes in
            note(offset, bytes)
            return storeWorks
        }
        note = { [unowned self] in stored.append(($0, $1)) }
        root.add(flash.region, at: 0)
        flash.reset()
    }

    func write(_ offset: UInt64, _ value: UInt32) { space.store(offset, value) }
    func read(_ offset: UInt64) -> UInt32? { space.load(offset) }
    /// A command to both chips.
    func command(_ code: UInt32, at offset: UInt64 = 0) { write(offset, code | code << 16) }
}

@Suite struct FlashTests {
    @Test func itReadsAsMemory() throws {
        let bank = try Bank()
        #expect(bank.read(0) == 0x00ef_cdab)
        #expect(bank.space.section(at: 0).kind == .romDevice)
        bank.command(0x70)
        #expect(bank.space.section(at: 0).kind == .io)
        #expect(bank.read(0) == 0x0080_0080)
        bank.command(0xff)
        #expect(bank.read(0) == 0x00ef_cdab)
        #expect(bank.space.section(at: 0).kind == .romDevice)
    }

    @Test func theTableNamesTheChips() throws {
        let bank = try Bank()
        bank.command(0x98)
        #expect([0x10, 0x11, 0x12].map { bank.read(4 * $0) } == [0x0051_0051, 0x0052_0052, 0x0059_0059])
        #expect(bank.read(4 * 0x27) == 0x0013_0013, "each chip has 2^19 bytes")
        #expect(bank.space.load(4 * 0x10, as: UInt8.self) == 0x51)
        bank.command(0x90)
        #expect(bank.read(0) == 0x0089_0089)
    }

    @Test func programmingClearsBitsAndErasingSetsThem() throws {
        let bank = try Bank()
        bank.command(0x20, at: 0x40000)
        bank.command(0xd0, at: 0x40000)
        #expect(bank.read(0) == 0x0080_0080)
        #expect(bank.stored.map(\.offset) == [0x40000] && bank.stored.first?.bytes.count == 0x40000)
        for value in [0xffff_00ff, 0x1234_ffff] as [UInt32] {
            bank.command(0x40, at: 0x40010)
            bank.write(0x40010, value)
        }
        bank.command(0xff)
        #expect(bank.read(0x40010) == 0x1234_00ff)
        #expect(bank.read(0x40014) == 0xffff_ffff && bank.read(0x80000) == 0)
    }

    @Test func aBufferIsProgrammedAtOnce() throws {
        let bank = try Bank()
        bank.command(0x20, at: 0)
        bank.command(0xd0, at: 0)
        bank.command(0xe8, at: 0x100)
        bank.command(3, at: 0x100)
        for index in 0..<4 { bank.write(0x100 + 4 * UInt64(index), UInt32(index)) }
        #expect(bank.stored.count == 1, "nothing is programmed before the confirmation")
        bank.command(0xd0, at: 0x100)
        bank.command(0xff)
        #expect((0..<4).map { bank.read(0x100 + 4 * UInt64($0)) } == [0, 1, 2, 3])
        #expect(bank.stored.last?.bytes.count == 16)
    }

    @Test func lockedAndReadOnlyBlocksStay() throws {
        let bank = try Bank()
        bank.command(0x60)
        bank.command(0x01)
        bank.command(0x20)
        bank.command(0xd0)
        #expect(bank.read(0) == 0x00a2_00a2)
        bank.command(0x50)
        bank.command(0x60)
        bank.command(0xd0)
        bank.command(0x20)
        bank.command(0xd0)
        #expect(bank.read(0) == 0x0080_0080)
        let fixed = try Bank(readOnly: true)
        fixed.command(0x40)
        fixed.write(0, 0)
        #expect((fixed.read(0) ?? 0) & 0x10 != 0)
        fixed.command(0xff)
        #expect(fixed.read(0) == 0x00ef_cdab)
    }

    @Test func aFullDiskIsAnErrorForTheGuest() throws {
        let bank = try Bank(storeWorks: false)
        bank.command(0x40)
        bank.write(0, 0)
        #expect(bank.read(0) == 0x0090_0090)
    }

    @Test func wildTrafficDoesNoHarm() throws {
        let bank = try Bank()
        var state: UInt64 = 7
        func random() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 11
        }
        let codes: [UInt64] = [0xff, 0x40, 0x20, 0x60, 0x01, 0xd0, 0x50, 0x70, 0x90, 0x98, 0xe8, 0x03, 0x12, 0xffff]
        for _ in 0..<3000 {
            let size = 1 << Int(random() % 4)
            let offset = random() % (1 << 20)
            let section = bank.space.section(at: offset)
            if random() % 3 == 0 {
                _ = bank.space.read(offset, count: min(size, Int((1 << 20) - offset)))
            } else {
                _ = bank.space.writeRegister(section, offset, value: codes[Int(random() % UInt64(codes.count))], size: size)
            }
        }
        bank.flash.reset()
        #expect(bank.space.section(at: 0).kind == .romDevice)
    }
}
