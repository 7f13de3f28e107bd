import AddressSpace
import DeviceModel
import EventLoop
import PCI
import PlatformDevices
import Testing

/// Devices of Arm's Versatile and RealView baseboards, by their manuals.
@Suite struct VersatileTests {
    private let loop: EventLoop
    private let root = MemoryRegion.container("root", size: .max)
    private let memory: AddressSpace

    init() throws {
        loop = try EventLoop()
        loop.setVirtualClockPaused(true)
        loop.setVirtualTime(1_000_000)
        memory = AddressSpace("memory", root: root)
        root.add(try MemoryRegion.ram("ram", size: 1 << 20), at: 0)
    }

    private func set(_ device: some MMIODevice, _ offset: UInt64, _ value: UInt64) { _ = device.write(offset, value: value, size: 4) }
    private func get(_ device: some MMIODevice, _ offset: UInt64) -> UInt64 { device.read(offset, size: 4).value }

    private func pass(_ nanoseconds: Int64) {
        loop.setVirtualTime(loop.now(.virtual) + nanoseconds)
        loop.fireDueVirtualTimers()
    }

    // MARK: Interrupts

    /// The more urgent vector interrupts the less urgent one, and each end goes back one level.
    @Test func vectors() {
        let vic = PL190()
        vic.reset()
        set(vic, 0x010, 1 << 3 | 1 << 7 | 1 << 9)
        set(vic, 0x034, 0xd000)
        set(vic, 0x100, 0xa000)
        set(vic, 0x200, 0x20 | 7)
        set(vic, 0x104, 0xb000)
        set(vic, 0x204, 0x20 | 3)
        vic.input(9).set(true)
        #expect(vic.irq.level && !vic.fiq.level && get(vic, 0x000) == 1 << 9)
        #expect(get(vic, 0x030) == 0xd000 && !vic.irq.level, "served, and masked by itself")
        vic.input(3).set(true)
        #expect(vic.irq.level && get(vic, 0x030) == 0xb000)
        vic.input(7).set(true)
        #expect(get(vic, 0x030) == 0xa000 && !vic.irq.level)
        vic.input(7).set(false)
        set(vic, 0x030, 0)
        #expect(!vic.irq.level, "the second vector is still being served")
        set(vic, 0x030, 0)
        vic.input(3).set(false)
        set(vic, 0x030, 0)
        #expect(vic.irq.level && get(vic, 0x030) == 0xd000)
    }

    @Test func fastAndSoftwareInterrupts() {
        let vic = PL190()
        vic.reset()
        set(vic, 0x00c, 1 << 4)
        set(vic, 0x018, 1 << 4 | 1 << 5)
        #expect(!vic.fiq.level && get(vic, 0x008) == 0x30)
        set(vic, 0x010, ~0)
        #expect(vic.fiq.level && vic.irq.level && get(vic, 0x004) == 0x10 && get(vic, 0x000) == 0x20)
        set(vic, 0x014, 1 << 5)
        set(vic, 0x01c, 1 << 4)
        #expect(!vic.fiq.level && !vic.irq.level)
        #expect((0..<8).map { get(vic, 0xfe0 + 4 * $0) } == [0x90, 0x11, 0x04, 0, 0x0d, 0xf0, 0x05, 0xb1])
    }

    /// The secondary controller's inputs come to the primary together, or alone if they are let through.
    @Test func secondaryController() {
        let (sic, vic) = (SecondaryController(), PL190())
        sic.reset()
        vic.reset()
        sic.interrupt.connect(vic.input(31))
        for (pin, input) in zip(sic.directInterrupts, SecondaryController.direct) { pin.connect(vic.input(input)) }
        sic.input(25).set(true)
        #expect(get(vic, 0x008) == 0 && get(sic, 0x04) == 1 << 25)
        set(sic, 0x08, 1 << 25)
        #expect(get(vic, 0x008) == 1 << 31 && get(sic, 0x00) == 1 << 25)
        set(sic, 0x20, ~0)
        #expect(get(sic, 0x20) == 0x7fe0_0000 && get(vic, 0x008) == 1 << 31 | 1 << 25)
        set(sic, 0x24, ~0)
        set(sic, 0x0c, ~0)
        #expect(get(vic, 0x008) == 0)
        set(sic, 0x08, 1)
        set(sic, 0x10, 1)
        #expect(get(vic, 0x008) == 1 << 31)
    }

    // MARK: The board

    /// What the lock guards, and the way to a reset; the display's multiplexer.
    @Test func systemRegisters() {
        let system = VersatileSystem(.versatile, loop: loop)
        var (resets, modes) = (0, [] as [UInt32])
        system.onReset = { resets += 1 }
        system.onDisplayMode = { modes.append($0) }
        system.reset()
        #expect(get(system, 0x00) == 0x4100_7004 && get(system, 0x84) == 0x0200_0000 && get(system, 0x20) == 1 << 16)
        set(system, 0x0c, 0x1234)
        set(system, 0x40, 0x105)
        #expect(get(system, 0x0c) == 0 && resets == 0)
        set(system, 0x20, 0xa05f)
        set(system, 0x0c, 0x1234)
        set(system, 0x40, 0x105)
        #expect(get(system, 0x0c) == 0x1234 && resets == 1)
        set(system, 0x50, 3)
        #expect(get(system, 0x50) == 0x1f03 && modes == [0, 3])
        set(system, 0x08, 0x1ff)
        set(system, 0x30, 6)
        set(system, 0x34, 2)
        #expect(get(system, 0x08) == 0xff && get(system, 0x30) == 4)
        let before = get(system, 0x5c)
        pass(1000)
        #expect(get(system, 0x5c) == before + 24)
        system.cards = [(true, true), (true, false)]
        #expect(get(system, 0x48) == 7)
    }

    // MARK: DMA

    private func bytes(_ address: UInt64, _ count: Int) -> [UInt8] { memory.read(address, count: count) ?? [] }

    /// Memory to memory, over two descriptions, with the interrupt at the end of the second.
    @Test func transferByLists() {
        let dma = PL080(.pl080, memory: memory, loop: loop)
        dma.reset()
        let pattern = (0..<4096).map { UInt8(truncatingIfNeeded: $0 * 7) }
        memory.write(0x1000, pattern)
        let words: [UInt32] = [0x1000 + 2048, 0x9000, 0, 1 << 31 | 3 << 26 | 2 << 18 | 2 << 21 | 512]
        memory.write(0x100, words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } })
        set(dma, 0x30, 1)
        set(dma, 0x120, 0x1000)
        set(dma, 0x124, 0x8000)
        set(dma, 0x128, 0x100)
        set(dma, 0x12c, 3 << 26 | 2 << 18 | 2 << 21 | 512)
        set(dma, 0x130, 1 | 3 << 14)
        #expect(get(dma, 0x1c) == 2 && bytes(0x8000, 4) == [0, 0, 0, 0], "it takes time")
        pass(1_000_000)
        #expect(bytes(0x8000, 2048) == Array(pattern[..<2048]) && !dma.interrupt.level)
        pass(1_000_000)
        #expect(bytes(0x9000, 2048) == Array(pattern[2048...]) && dma.interrupt.level && get(dma, 0x04) == 2 && get(dma, 0x1c) == 0)
        set(dma, 0x08, 2)
        #expect(!dma.interrupt.level)
    }

    /// Without memory there is an error, and the channel stops; a list that leads to itself holds nothing up.
    @Test func badTransfers() {
        let dma = PL080(.pl081, memory: memory, loop: loop)
        dma.reset()
        set(dma, 0x30, 1)
        set(dma, 0x100, 0x8000_0000)
        set(dma, 0x10c, 3 << 26 | 4)
        set(dma, 0x110, 1 | 3 << 14)
        pass(1_000_000)
        #expect(dma.errorInterrupt.level && get(dma, 0x0c) == 1 && get(dma, 0x1c) == 0)
        let words: [UInt32] = [0x1000, 0x2000, 0x100, 3 << 26 | 4]
        memory.write(0x100, words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } })
        set(dma, 0x128, 0x100)
        set(dma, 0x130, 1)
        for _ in 0..<10 { pass(1_000_000) }
        #expect(get(dma, 0x1c) == 2)
        #expect(get(dma, 0x140) == 0, "a PL081 has two channels")
    }

    /// A peripheral's channel moves what software asks for.
    @Test func requestsBySoftware() {
        let dma = PL080(.pl080, memory: memory, loop: loop)
        dma.reset()
        memory.write(0x1000, (0..<16).map { UInt8($0 + 1) })
        set(dma, 0x30, 1)
        set(dma, 0x100, 0x1000)
        set(dma, 0x104, 0x2000)
        set(dma, 0x10c, 1 << 31 | 3 << 26 | 1 << 15 | 6)
        set(dma, 0x110, 1 | 5 << 6 | 1 << 11 | 1 << 15)
        pass(1_000_000)
        #expect(bytes(0x2000, 1) == [0])
        set(dma, 0x24, 1 << 5)
        #expect(bytes(0x2000, 2) == [1, 0] && get(dma, 0x10c) & 0xfff == 5)
        set(dma, 0x20, 1 << 5)
        #expect(bytes(0x2000, 6) == [1, 2, 3, 4, 5, 0])
        set(dma, 0x20, 1 << 5)
        #expect(bytes(0x2000, 7) == [1, 2, 3, 4, 5, 6, 0] && get(dma, 0x04) == 1)
    }

    // MARK: The two-wire bus

    /// A master that moves the lines by the board's register.
    private struct Master {
        let lines: TwoWireLines

        private func line(_ bit: UInt64, _ isHigh: Bool) { _ = lines.write(isHigh ? 0 : 4, value: bit, size: 4) }

        func start() {
            line(2, true)
            line(1, true)
            line(2, false)
            line(1, false)
        }
        func stop() {
            line(2, false)
            line(1, true)
            line(2, true)
        }
        private func bit(_ value: Bool) -> Bool {
            line(2, value)
            line(1, true)
            let read = lines.read(0, size: 4).value & 2 != 0
            line(1, false)
            return read
        }
        /// Whether the byte was acknowledged.
        func put(_ byte: UInt8) -> Bool {
            for index in (0..<8).reversed() { _ = bit(byte >> UInt8(index) & 1 != 0) }
            return !bit(true)
        }
        func get(more: Bool) -> UInt8 {
            let byte = (0..<8).reduce(UInt8(0)) { value, _ in value << 1 | (bit(true) ? 1 : 0) }
            _ = bit(!more)
            return byte
        }
        func read(_ register: UInt8, _ count: Int) -> [UInt8] {
            start()
            guard put(0xd0), put(register) else { return [] }
            start()
            guard put(0xd1) else { return [] }
            defer { stop() }
            return (0..<count).map { get(more: $0 + 1 < count) }
        }
    }

    /// The clock's registers in both forms of hours, its memory, and what it says a day later; at another address is nobody.
    @Test func clock() {
        let lines = TwoWireLines([DS1338(loop: loop, clock: .virtual)])
        lines.reset()
        let master = Master(lines: lines)
        master.start()
        #expect(!master.put(0xa0))
        master.stop()
        // Wednesday, December 31st 2031, 23:59:58.
        master.start()
        for byte in [0xd0, 0, 0x58, 0x59, 0x23, 0x04, 0x31, 0x12, 0x31] as [UInt8] { #expect(master.put(byte)) }
        master.stop()
        #expect(master.read(0, 7) == [0x58, 0x59, 0x23, 0x04, 0x31, 0x12, 0x31])
        pass(3_000_000_000)
        #expect(master.read(0, 7) == [0x01, 0x00, 0x00, 0x05, 0x01, 0x01, 0x32])
        master.start()
        for byte in [0xd0, 2, 0x71] as [UInt8] { #expect(master.put(byte)) }
        master.stop()
        #expect(master.read(2, 1) == [0x71], "eleven in the afternoon")
        pass(3600 * 1_000_000_000)
        #expect(master.read(2, 3) == [0x52, 0x06, 0x02], "twelve at night")
        master.start()
        for byte in [0xd0, 0x3f, 0xaa] as [UInt8] { #expect(master.put(byte)) }
        master.stop()
        #expect(master.read(0x3f, 1) == [0xaa])
    }

    // MARK: PCI

    /// The bridge is found in its slot through both windows, the memory windows move, and pins go round.
    @Test func hostBridge() {
        let pci = VersatilePCI(memory: memory)
        pci.place(in: root)
        pci.reset()
        pci.host.reset()
        for base in [0x4100_0000, 0x4200_0000] as [UInt64] {
            #expect(memory.load(base + (11 << 11), as: UInt32.self) == 0x0300_10ee)
            #expect(memory.load(base + (11 << 11) + 8, as: UInt32.self) == 0x0b40_0000)
            #expect(memory.load(base + (12 << 11), as: UInt32.self) == 0xffff_ffff)
        }
        #expect(pci.host.root.name == "pci" && pci.host.root.freeAddress(nil) == 12 << 3 && pci.host.root.freeAddress(3 << 3) == nil)
        set(pci, 0x04, 5)
        #expect(get(pci, 0x04) == 5)
    }
}
