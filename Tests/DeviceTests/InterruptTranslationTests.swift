import AddressSpace
import DeviceModel
import PlatformDevices
import Testing

/// An ITS and its GIC with two CPUs, driven as an operating system does.
@Suite struct InterruptTranslationTests {
    private let memory: AddressSpace
    private let gic: GICv3
    private let its: GICv3ITS
    private let redistributors: GICv3Window, distributor: GICv3Window
    private static let queue: UInt64 = 0x1_0000, devices: UInt64 = 0x2_0000, collections: UInt64 = 0x3_0000, events: UInt64 = 0x4_0000
    private static let properties: UInt64 = 0x5_0000, pending: UInt64 = 0x8_0000

    init() throws {
        let root = MemoryRegion.container("system", size: .max)
        root.add(try MemoryRegion.ram("ram", size: 1 << 20), at: 0)
        memory = AddressSpace("memory", root: root)
        gic = GICv3(affinities: [0, 1], memory: memory)
        its = GICv3ITS(gic, memory: memory)
        (redistributors, distributor) = (GICv3Window(gic, .redistributors), GICv3Window(gic, .distributor))
        gic.reset()
        _ = distributor.write(0, value: 2, size: 4)
        for cpu in 0..<2 {
            gic.writeInterface(0xc230, cpu: cpu, isVirtual: false, 0xf8)
            gic.writeInterface(0xc667, cpu: cpu, isVirtual: false, 1)
            let frame = GICv3Window.redistributorSize * UInt64(cpu)
            _ = redistributors.write(frame + 0x70, value: InterruptTranslationTests.properties | 15, size: 8)
            _ = redistributors.write(frame + 0x78, value: InterruptTranslationTests.pending + 0x1_0000 * UInt64(cpu) | 1 << 62, size: 8)
            _ = redistributors.write(frame, value: 1, size: 4)
        }
        _ = its.write(0x100, value: 1 << 63 | InterruptTranslationTests.devices, size: 8)
        _ = its.write(0x108, value: 1 << 63 | InterruptTranslationTests.collections, size: 8)
        _ = its.write(0x80, value: 1 << 63 | InterruptTranslationTests.queue, size: 8)
        _ = its.write(0, value: 1, size: 4)
    }

    private func command(_ words: UInt64...) {
        let place = its.read(0x88, size: 8).value
        for index in 0..<4 { memory.store(InterruptTranslationTests.queue + place + 8 * UInt64(index), index < words.count ? words[index] : 0) }
        _ = its.write(0x88, value: (place + 32) % 0x1000, size: 8)
        #expect(its.read(0x90, size: 8).value == (place + 32) % 0x1000, "done at once")
    }

    /// Device 0x18 with 4 events; collection 5 at a CPU; event 2 is LPI 8200 with a priority.
    private func map(cpu: UInt64 = 1, property: UInt8 = 0xa1) {
        memory.write(InterruptTranslationTests.properties + 8, [property])
        command(0x18 << 32 | 0x08, 1, 1 << 63 | InterruptTranslationTests.events)
        command(0x09, 0, 1 << 63 | cpu << 16 | 5)
        command(0x18 << 32 | 0x0a, 8200 << 32 | 2, 5)
    }

    @Test func whatItSays() {
        #expect(its.read(8, size: 8).value & 1 == 1 && redistributors.read(8, size: 8).value & 1 == 1)
        #expect(distributor.read(4, size: 4).value >> 17 & 1 == 1)
        #expect(its.read(0x100, size: 8).value >> 56 & 7 == 1 && its.read(0x108, size: 8).value >> 56 & 7 == 4)
        #expect(its.read(0xffe8, size: 4).value >> 4 & 15 == 3, "architecture version 3")
    }

    @Test func messagesBecomeInterrupts() {
        map()
        its.translate(device: 0x18, event: 2)
        #expect(gic.irq[1].level && !gic.irq[0].level)
        #expect(gic.readInterface(0xc660, cpu: 1, isVirtual: false) == 8200)
        #expect(!gic.irq[1].level)
        its.translate(device: 0x18, event: 2)
        #expect(!gic.irq[1].level, "its priority runs")
        gic.writeInterface(0xc661, cpu: 1, isVirtual: false, 8200)
        #expect(gic.irq[1].level, "pending again, and never active")
        _ = gic.readInterface(0xc660, cpu: 1, isVirtual: false)
        gic.writeInterface(0xc661, cpu: 1, isVirtual: false, 8200)
        #expect(gic.readInterface(0xc660, cpu: 1, isVirtual: false) == 1023)
    }

    @Test func whatIsNotMappedIsDropped() {
        map()
        for (device, event) in [(0x19, 2), (0x18, 1), (0x18, 4), (0x18, .max), (.max, 2)] as [(UInt32, UInt32)] {
            its.translate(device: device, event: event)
            #expect(!gic.irq[0].level && !gic.irq[1].level)
        }
        command(0x18 << 32 | 0x08, 1, InterruptTranslationTests.events)
        its.translate(device: 0x18, event: 2)
        #expect(!gic.irq[1].level, "unmapped")
    }

    @Test func disabledOnesWaitForTheirProperties() {
        map(property: 0xa0)
        its.translate(device: 0x18, event: 2)
        #expect(!gic.irq[1].level)
        memory.write(InterruptTranslationTests.properties + 8, [0xa1])
        #expect(!gic.irq[1].level)
        command(0x18 << 32 | 0x0c, 2)
        #expect(gic.irq[1].level)
        memory.write(InterruptTranslationTests.properties + 8, [0xa0])
        command(0x0d, 0, 5)
        #expect(!gic.irq[1].level)
    }

    @Test func theyMoveToAnotherProcessor() {
        map()
        command(0x09, 0, 1 << 63 | 0 << 16 | 6)
        its.translate(device: 0x18, event: 2)
        command(0x18 << 32 | 0x01, 2, 6)
        #expect(gic.irq[0].level && !gic.irq[1].level)
        command(0x0e, 0, 0, 1 << 16)
        #expect(!gic.irq[0].level && gic.irq[1].level)
        command(0x18 << 32 | 0x04, 2)
        #expect(gic.irq[1].level, "the event's collection is at the first CPU, where nothing is pending")
        command(0x18 << 32 | 0x0f, 2)
        its.translate(device: 0x18, event: 2)
        #expect(!gic.irq[0].level)
    }

    @Test func softwareSetsAndClears() {
        map()
        command(0x18 << 32 | 0x03, 2)
        #expect(gic.irq[1].level)
        command(0x18 << 32 | 0x04, 2)
        #expect(!gic.irq[1].level)
    }

    @Test func theMoreUrgentComesFirst() {
        map(property: 0xa1)
        memory.write(InterruptTranslationTests.properties + 9, [0x81])
        command(0x18 << 32 | 0x0a, 8201 << 32 | 3, 5)
        its.translate(device: 0x18, event: 2)
        its.translate(device: 0x18, event: 3)
        #expect(gic.readInterface(0xc660, cpu: 1, isVirtual: false) == 8201)
    }

    @Test func nonsenseInTheQueue() {
        map()
        var random: UInt64 = 99
        for _ in 0..<3000 {
            let words = (0..<4).map { _ -> UInt64 in
                random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return random >> (random >> 58)
            }
            command(words[0] & ~0xff | words[0] % 16, words[1], words[2], words[3])
            its.translate(device: UInt32(truncatingIfNeeded: words[3]) & 0x1f, event: UInt32(truncatingIfNeeded: words[2]) & 3)
        }
        #expect(its.read(0, size: 4).value & 1 == 1)
    }

    @Test func tablesOfTwoLevels() {
        _ = its.write(0, value: 0, size: 4)
        _ = its.write(0x100, value: 3 << 62 | InterruptTranslationTests.devices, size: 8)
        memory.store(InterruptTranslationTests.devices, 1 << 63 | 0x6_0000 as UInt64)
        _ = its.write(0, value: 1, size: 4)
        map()
        its.translate(device: 0x18, event: 2)
        #expect(gic.irq[1].level)
        #expect(memory.load(0x6_0000 + 8 * 0x18) as UInt64? ?? 0 != 0, "the entry is on the second level")
    }

    @Test func stateMoves() throws {
        map()
        its.translate(device: 0x18, event: 2)
        let other = GICv3(affinities: [0, 1], memory: memory)
        let second = GICv3ITS(other, memory: memory)
        try DeviceSnapshot.restore([other, second], from: DeviceSnapshot.save([gic, its]))
        #expect(other.irq[1].level && other.readInterface(0xc660, cpu: 1, isVirtual: false) == 8200)
        other.writeInterface(0xc661, cpu: 1, isVirtual: false, 8200)
        second.translate(device: 0x18, event: 2)
        #expect(other.irq[1].level)
    }
}
