import AddressSpace
import HostOS
import PlatformDevices
import Testing

@Suite struct FirmwareConfigurationTests {
    private let memory: AddressSpace
    private let device: FirmwareConfiguration

    init() throws {
        let root = MemoryRegion.container("system", size: .max)
        root.add(try MemoryRegion.ram("ram", size: 1 << 16), at: 0)
        memory = AddressSpace("memory", root: root)
        device = FirmwareConfiguration(memory: memory)
        root.add(device.makeRegion(), at: 0x1010_0000)
    }

    private func select(_ key: UInt16) { memory.store(0x1010_0008, key.byteSwapped) }
    private func data(_ count: Int) -> [UInt8] { (0..<count).map { _ in memory.load(0x1010_0000, as: UInt8.self) ?? 0 } }

    @Test func itIntroducesItself() {
        select(0)
        #expect(data(6) == Array("QEMU".utf8) + [0, 0])
        select(1)
        #expect(memory.load(0x1010_0000, as: UInt32.self) == 3)
        #expect(memory.load(0x1010_0010, as: UInt64.self)?.byteSwapped == 0x5145_4d55_2043_4647)
        #expect(memory.load(0x1010_0014, as: UInt32.self)?.byteSwapped == 0x2043_4647)
        select(0x1234)
        #expect(data(4) == [0, 0, 0, 0])
    }

    @Test func theDirectoryListsFiles() {
        device.setFile("opt/b", [1, 2, 3])
        device.setFile("opt/a", Array("hello".utf8))
        device.setFile("opt/b", [9])
        select(0x19)
        let bytes = data(4 + 2 * 64)
        #expect(Array(bytes[0..<4]) == [0, 0, 0, 2])
        #expect(Array(bytes[4..<12]) == [0, 0, 0, 5, 0, 0x21, 0, 0])
        #expect(String(decoding: bytes[12..<17], as: UTF8.self) == "opt/a" && bytes[17] == 0)
        #expect(Array(bytes[68..<76]) == [0, 0, 0, 1, 0, 0x20, 0, 0])
        select(0x21)
        #expect(memory.load(0x1010_0000, as: UInt32.self) == 0x6c6c_6568, "the first byte lies at the lowest address")
        #expect(data(2) == [0x6f, 0])
    }

    private func transfer(control: UInt32, length: UInt32, to target: UInt64) -> UInt32? {
        memory.store(0x100, control.byteSwapped)
        memory.store(0x104, length.byteSwapped)
        memory.store(0x108, target.byteSwapped)
        memory.store(0x1010_0010, 0 as UInt32)
        memory.store(0x1010_0014, (0x100 as UInt32).byteSwapped)
        return memory.load(0x100, as: UInt32.self)?.byteSwapped
    }

    @Test func requestsCopy() {
        device.setFile("opt/a", Array("hello".utf8))
        #expect(transfer(control: 0x20 << 16 | 8 | 2, length: 8, to: 0x2000) == 0)
        #expect(memory.read(0x2000, count: 8) == Array("hello".utf8) + [0, 0, 0])
        #expect(transfer(control: 0x20 << 16 | 8 | 4, length: 2, to: 0) == 0)
        #expect(transfer(control: 2, length: 2, to: 0x3000) == 0)
        #expect(memory.read(0x3000, count: 2) == Array("ll".utf8))
        #expect(transfer(control: 0x20 << 16 | 8 | 16, length: 2, to: 0x3000) == 1, "no item is writable")
        #expect(transfer(control: 0x20 << 16 | 8 | 2, length: 2, to: 0xffff_ffff_ffff_ffff) == 1)
        #expect(transfer(control: 0x20 << 16 | 8 | 2, length: .max, to: 0x8000) == 1)
    }

    @Test func aRequestOutsideOfMemoryIsIgnored() {
        memory.store(0x1010_0010, (0xdead_0000_0000_0000 as UInt64).byteSwapped)
        select(0)
        #expect(data(4) == Array("QEMU".utf8))
    }
}
