import AddressSpace
import DeviceModel
import EventLoop
import PCI
import Testing
import Virtio
import VirtioDevices

/// A virtio device of randomness on PCI, driven as its drivers do.
@Suite struct VirtioPCITests {
    private let machine: PCIMachine
    private let loop: EventLoop
    private static let window: UInt64 = 1 << 32, ring: UInt64 = 0x1_0000, buffer: UInt64 = 0x2_0000

    init() throws {
        machine = try PCIMachine()
        loop = try EventLoop()
    }

    private func make(_ change: (inout VirtioPCI.Options) -> Void = { _ in }) -> VirtioPCI {
        var options = VirtioPCI.Options(vectors: 2)
        change(&options)
        let device = VirtioPCI(memory: machine.memory, device: VirtioEntropy { [UInt8](repeating: 7, count: $0) }, options: options)
        machine.host.root.plug(device, at: 2 << 3)
        device.reset()
        machine.set(2, 0x20, 0)
        machine.set(2, 0x24, 1)
        machine.set(2, 0x10, 0x1000)
        machine.set(2, 0x14, 0x1400_0000)
        machine.set16(2, 0x04, 7)
        return device
    }

    private func store<Word: FixedWidthInteger & UnsignedInteger>(_ register: UInt64, _ value: Word) {
        machine.memory.store(VirtioPCITests.window + register, value)
    }
    private func load<Word: FixedWidthInteger & UnsignedInteger>(_ register: UInt64) -> Word {
        machine.memory.load(VirtioPCITests.window + register) ?? 0
    }

    /// Brings the device to where it works, with one queue of 8 entries and a buffer of 64 bytes in it.
    private func start(vector: UInt16 = 0xffff) {
        store(0x14, 1 as UInt8)
        store(0x08, 1 as UInt32)
        store(0x0c, 1 as UInt32)
        for status in [3, 11] as [UInt8] { store(0x14, status) }
        store(0x16, 0 as UInt16)
        store(0x1a, vector)
        store(0x18, 8 as UInt16)
        for (register, offset) in [(0x20, 0), (0x28, 0x100), (0x30, 0x200)] as [(UInt64, UInt64)] {
            store(register, UInt32(VirtioPCITests.ring + offset))
            store(register + 4, 0 as UInt32)
        }
        store(0x1c, 1 as UInt16)
        store(0x14, 15 as UInt8)
        machine.memory.store(VirtioPCITests.ring, VirtioPCITests.buffer)
        machine.memory.store(VirtioPCITests.ring + 8, 64 as UInt32)
        machine.memory.store(VirtioPCITests.ring + 12, 2 as UInt32)
        machine.memory.store(VirtioPCITests.ring + 0x102, 1 as UInt16)
    }

    private var used: UInt16 { machine.memory.load(VirtioPCITests.ring + 0x202) ?? 0 }

    @Test func whatItSaysThatItIs() {
        _ = make()
        #expect(machine.get(2, 0) == 0x1005_1af4 && machine.get(2, 0x2c) == 0x0004_1af4 && machine.get(2, 8) == 0x00ff_0000)
        #expect(machine.capability(2, 0x10) == 0, "no express function on the root bus")
    }

    @Test func withoutOldDriversItHasAnotherNumber() {
        _ = make {
            $0.isLegacy = false
            $0.isExpress = true
        }
        #expect(machine.get(2, 0) == 0x1044_1af4 && machine.get(2, 8) & 0xff == 1)
        #expect(machine.capability(2, 0x10) != 0 && machine.get(2, 0x10) == 0, "no window of I/O")
    }

    @Test func modernDriver() {
        let device = make()
        start()
        #expect(load(0x14) as UInt8 == 15 && load(0x12) as UInt16 == 1 && load(0x18) as UInt16 == 8)
        store(0x3000, 0 as UInt16)
        #expect(used == 1 && machine.memory.read(VirtioPCITests.buffer, count: 64) == [UInt8](repeating: 7, count: 64))
        #expect(device.function.wantsInterrupt && machine.host.interrupts[2].level)
        #expect(load(0x1000) as UInt8 == 1 && !machine.host.interrupts[2].level, "reading clears")
        #expect(load(0x1000) as UInt8 == 0)
    }

    @Test func driverThatUsesMessages() {
        _ = make()
        let capability = machine.capability(2, 0x11)
        machine.set16(2, capability + 2, 1 << 15)
        for (index, word) in [0xc000, 0, 0x77, 0].enumerated() { machine.memory.store(0x1400_0010 + 4 * UInt64(index), UInt32(word)) }
        start(vector: 1)
        store(0x1a, 9 as UInt16)
        #expect(load(0x1a) as UInt16 == 0xffff, "there is no such vector")
        store(0x1a, 1 as UInt16)
        store(0x3000, 0 as UInt16)
        #expect(machine.memory.load(0xc000) as UInt32? == 0x77 && !machine.host.interrupts[2].level)
    }

    @Test func aDriverThatDoesNotKnowVirtio1() {
        _ = make { $0.isLegacy = false }
        store(0x14, 3 as UInt8)
        store(0x14, 11 as UInt8)
        #expect(load(0x14) as UInt8 == 3)
    }

    @Test func legacyDriver() {
        _ = make { $0.isModern = false }
        func out<Word: FixedWidthInteger & UnsignedInteger>(_ port: UInt64, _ value: Word) {
            machine.memory.store(PCIMachine.ports + 0x1000 + port, value)
        }
        func into<Word: FixedWidthInteger & UnsignedInteger>(_ port: UInt64) -> Word { machine.memory.load(PCIMachine.ports + 0x1000 + port) ?? 0 }
        #expect(machine.get(2, 0x20) == 0, "no window of modern registers")
        out(18, 3 as UInt8)
        #expect(into(12) as UInt16 == 8)
        out(8, UInt32(VirtioPCITests.ring >> 12))
        #expect(into(8) as UInt32 == UInt32(VirtioPCITests.ring >> 12))
        out(18, 7 as UInt8)
        machine.memory.store(VirtioPCITests.ring, VirtioPCITests.buffer)
        machine.memory.store(VirtioPCITests.ring + 8, 64 as UInt32)
        machine.memory.store(VirtioPCITests.ring + 12, 2 as UInt32)
        machine.memory.store(VirtioPCITests.ring + 128 + 2, 1 as UInt16)
        out(16, 0 as UInt16)
        #expect(machine.memory.load(VirtioPCITests.ring + 0x1002) as UInt16? == 1)
        #expect(into(19) as UInt8 == 1 && into(19) as UInt8 == 0)
        out(8, 0 as UInt32)
        out(18, 0 as UInt8)
        #expect(into(18) as UInt8 == 0)
    }

    @Test func registersByConfigurationSpace() {
        _ = make()
        var access = machine.capability(2, 9)
        while machine.get(2, access) >> 24 != 5 { access = Int(machine.get(2, access) >> 8 & 0xff) }
        machine.set8(2, access + 4, 4)
        machine.set(2, access + 8, 0x12)
        machine.set(2, access + 12, 2)
        #expect(machine.get(2, access + 16) & 0xffff == 1, "the number of queues")
        machine.set(2, access + 8, 0x14)
        machine.set(2, access + 12, 1)
        machine.set8(2, access + 16, 1)
        #expect(load(0x14) as UInt8 == 1)
        machine.set(2, access + 8, 0x9000)
        #expect(machine.get(2, access + 16) != 0xffff_ffff, "beyond the window: nothing happens")
    }

    @Test func withoutTheMasterBitNothingIsTaken() {
        _ = make()
        start()
        machine.set16(2, 0x04, 3)
        store(0x3000, 0 as UInt16)
        #expect(used == 0)
        machine.set16(2, 0x04, 7)
        store(0x3000, 0 as UInt16)
        #expect(used == 1)
    }

    /// A used ring that lies in the device's own notification register does not nest calls without end.
    @Test func aRingInItsOwnRegisters() {
        _ = make()
        start()
        store(0x14, 0 as UInt8)
        store(0x14, 1 as UInt8)
        store(0x08, 1 as UInt32)
        store(0x0c, 1 as UInt32)
        for status in [3, 11] as [UInt8] { store(0x14, status) }
        store(0x18, 8 as UInt16)
        store(0x20, UInt32(VirtioPCITests.ring))
        store(0x28, UInt32(VirtioPCITests.ring + 0x100))
        store(0x30, 0x3000 as UInt32)
        store(0x34, 1 as UInt32)
        store(0x1c, 1 as UInt16)
        store(0x14, 15 as UInt8)
        machine.memory.store(VirtioPCITests.ring + 0x102, 8 as UInt16)
        store(0x3000, 0 as UInt16)
        #expect((load(0x14) as UInt8) & 15 == 15)
    }
}
