import AddressSpace
import BlockCore
import BroadcomDevices
import DeviceModel
import EventLoop
import HostOS
import SCSI
import StorageDevices
import Testing
import USBDevices

/// The parts of the Raspberry Pi's chips, as drivers meet them.
@Suite struct BroadcomTests {
    /// A disk in memory, whose requests end when somebody drains it.
    private final class Memory: BlockNode {
        var bytes: [UInt8]
        let isReadOnly = false
        private var waiting: [() -> Void] = []
        var size: UInt64 { UInt64(bytes.count) }

        init(_ count: Int) { bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 / 512 + $0) } }
        func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
            waiting.append { [self] in
                buffers.fill(from: Array(bytes[Int(offset)..<Int(offset) + buffers.byteCount]))
                done(.ok)
            }
        }
        func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
            waiting.append { [self] in
                bytes.replaceSubrange(Int(offset)..<Int(offset) + buffers.byteCount, with: buffers.flatMap { $0.bytes() })
                done(.ok)
            }
        }
        func flush(_ done: @escaping (BlockResult) -> Void) { done(.ok) }
        func discard(_ offset: UInt64, count: UInt64, _ done: @escaping (BlockResult) -> Void) { done(.ok) }
        func zero(_ offset: UInt64, count: UInt64, mayUnmap: Bool, _ done: @escaping (BlockResult) -> Void) { done(.ok) }
        func drain() { while !waiting.isEmpty { waiting.removeFirst()() } }
    }

    private static let peripherals: UInt64 = 0x3f00_0000
    private let loop: EventLoop
    private let memory: AddressSpace
    private let root = MemoryRegion.container("system", size: .max)
    private let disk = Memory(1 << 20)

    init() throws {
        loop = try EventLoop()
        loop.setVirtualClockPaused(true)
        root.add(try MemoryRegion.ram("ram", size: 4 << 20), at: 0)
        memory = AddressSpace("memory", root: root)
    }

    private func set(_ device: any MMIODevice, _ offset: UInt64, _ value: UInt32) { _ = device.write(offset, value: UInt64(value), size: 4) }
    private func get(_ device: any MMIODevice, _ offset: UInt64) -> UInt32 { UInt32(device.read(offset, size: 4).value) }
    private func words(_ address: UInt64, _ values: [UInt32]) {
        for (index, value) in values.enumerated() { memory.store(address + 4 * UInt64(index), value) }
    }
    private func word(_ address: UInt64) -> UInt32 { memory.load(address) ?? 0xdead_beef }

    // MARK: Interrupts

    /// A GPU line shows in its pending register, in the basic one as a shortcut or as one of many, and may be the FIQ.
    @Test func interruptControl() {
        let control = BroadcomInterruptControl()
        control.reset()
        control.input(57).set(true)
        #expect(!control.irq.level && get(control, 0x08) == 0)
        set(control, 0x14, 1 << 25)
        #expect(control.irq.level && get(control, 0x08) == 1 << 25 && get(control, 0x00) == 1 << 19)
        control.input(3).set(true)
        set(control, 0x10, 1 << 3)
        #expect(get(control, 0x00) == 1 << 19 | 1 << 8)
        set(control, 0x20, 1 << 25)
        set(control, 0x1c, 1 << 3)
        #expect(!control.irq.level)
        set(control, 0x0c, 0x80 | 57)
        #expect(control.fiq.level)
        control.input(.mailbox).set(true)
        set(control, 0x18, 2)
        #expect(control.irq.level && get(control, 0x00) == 2)
    }

    /// Mailboxes and timers of the four cores, the GPU's line by its routing.
    @Test func quadA7() {
        let local = QuadA7(loop: loop)
        local.reset()
        set(local, 0x50 + 8, 1)
        set(local, 0x80 + 32, 0x10)
        #expect(local.irq[2].level && get(local, 0x60 + 8) == 1 << 4)
        #expect(get(local, 0xc0 + 32) == 0x10)
        set(local, 0xc0 + 32, 0x10)
        #expect(!local.irq[2].level)
        local.input(.virtualTimer, core: 1).set(true)
        set(local, 0x44, 8)
        #expect(local.irq[1].level && get(local, 0x64) == 8)
        set(local, 0x44, 0x88)
        #expect(!local.irq[1].level && local.fiq[1].level && get(local, 0x74) == 8)
        local.gpuInputs.irq.set(true)
        #expect(local.irq[0].level && get(local, 0x60) == 1 << 8)
        set(local, 0x0c, 3)
        #expect(!local.irq[0].level && local.irq[3].level)
    }

    // MARK: DMA

    private func controller() -> BroadcomDMA {
        let dma = BroadcomDMA(memory: memory, bus: BroadcomBus(peripherals: BroadcomTests.peripherals, alias: 0xc000_0000), loop: loop)
        dma.reset()
        return dma
    }

    /// A chain of two blocks: bytes of memory, then rows with gaps.
    @Test func dmaOfMemory() {
        let dma = controller()
        for index in 0..<64 { memory.store(0x1000 + UInt64(index), UInt8(index)) }
        words(0x100, [0x110, 0xc000_1000, 0x2000, 16, 0, 0x120, 0, 0])
        // Two more rows of 4 bytes, 8 apart in the source.
        words(0x120, [0x113, 0xc000_1000, 0xc000_3000, 2 << 16 | 4, 4, 0, 0, 0])
        set(dma, 0x04, 0x100)
        set(dma, 0x00, 1)
        #expect(get(dma, 0x00) & 0x107 == 6 && dma.interrupts[0].level && get(dma, 0xfe0) == 1)
        #expect(memory.read(0x2000, count: 17) == Array(0..<16) + [0])
        #expect(memory.read(0x3000, count: 12) == [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19])
        set(dma, 0x00, 4)
        #expect(!dma.interrupts[0].level)
    }

    /// Nothing at an address, a ring of blocks, and lengths that never end do no more than they may.
    @Test func hostileDMA() {
        let dma = controller()
        words(0x100, [0x110, 0x3000_0000, 0x2000, 16, 0, 0, 0, 0])
        set(dma, 0x04, 0x100)
        set(dma, 0x00, 1)
        #expect(get(dma, 0x00) & 0x101 == 0x100)
        words(0x100, [0x110, 0x1000, 0x2000, 0x3fff_ffff, 0, 0x100, 0, 0])
        set(dma, 0x100 + 4, 0x100)
        set(dma, 0x100, 1)
        // It gets as far as memory reaches, or as its share lets it.
        #expect(get(dma, 0x100) & 1 == 1 || get(dma, 0x100) & 0x100 != 0)
        set(dma, 0x100, 1 << 31)
        #expect(get(dma, 0x100) & 1 == 0)
    }

    // MARK: Firmware

    private func firmware() -> (BroadcomMailboxes, VideoCoreFirmware, VideoCoreFramebuffer) {
        let picture = VideoCoreFramebuffer(memory: memory, base: 0x8_0000, limit: 0x30_0000)
        let board = VideoCoreFirmware.Board(
            revision: 0xa0_2082, serial: 5, address: [1, 2, 3, 4, 5, 6], memory: 1 << 20, videoMemory: 1 << 19, commandLine: "quiet")
        let bus = BroadcomBus(peripherals: BroadcomTests.peripherals, alias: 0xc000_0000)
        let firmware = VideoCoreFirmware(board, memory: memory, bus: bus, framebuffer: picture)
        let mailboxes = BroadcomMailboxes()
        mailboxes.onMessage = { firmware.message($0, $1) }
        for device in [mailboxes, firmware, picture] as [any Device] { device.reset() }
        return (mailboxes, firmware, picture)
    }

    /// A request of several tags, one of them unknown, and the answers with an interrupt.
    @Test func properties() {
        let (mailboxes, _, _) = firmware()
        set(mailboxes, 0x1c, 1)
        words(
            0x400,
            [
                84, 0, 0x1_0002, 4, 0, 0, 0x1_2345, 4, 0, 7, 0x1_0003, 8, 0, 0, 0, 0x3_0002, 8, 0, 4, 0, 0,
            ])
        set(mailboxes, 0x20, 0xc000_0400 | 8)
        #expect(mailboxes.interrupt.level && get(mailboxes, 0x18) == 0)
        #expect(get(mailboxes, 0x00) == 0xc000_0408 && get(mailboxes, 0x18) == 1 << 30 && !mailboxes.interrupt.level)
        #expect(word(0x404) == 0x8000_0000 && word(0x410) == 0x8000_0004 && word(0x414) == 0xa0_2082)
        #expect(word(0x420) == 0 && word(0x424) == 7, "an unknown tag stays as it is")
        #expect(word(0x430) == 0x8000_0006 && word(0x434) == 0x0403_0201)
        #expect(word(0x44c) == 250_000_000, "the core's clock")
    }

    /// Sizes, depth and allocation in one request, and what the picture then shows.
    @Test func picture() {
        let (mailboxes, _, picture) = firmware()
        words(0x400, [88, 0, 0x4_8003, 8, 8, 32, 16, 0x4_8005, 4, 4, 32, 0x4_8006, 4, 4, 0, 0x4_0001, 8, 4, 16, 0, 0, 0])
        set(mailboxes, 0x20, 0x408)
        #expect(word(0x404) == 0x8000_0000)
        #expect(picture.layout.width == 32 && picture.layout.height == 16 && picture.layout.depth == 32)
        #expect(word(0x400 + 4 * 18) == 0xc008_0000 && word(0x400 + 4 * 19) == picture.layout.size)
        memory.store(0x8_0000, 0x0012_3456 as UInt32)
        picture.console.refresh()
        #expect(picture.console.surface.width == 32 && picture.console.surface.pixels[0] & 0xff_ffff == 0x12_3456)
        // What cannot be had leaves it as it is.
        words(0x400, [36, 0, 0x4_8003, 8, 8, 5000, 5000, 0, 0])
        set(mailboxes, 0x20, 0x408)
        #expect(picture.layout.width == 32)
    }

    // MARK: The memory card

    private final class Board {
        let gpio = BroadcomGPIO(), host = BroadcomSDHost(), slot = BroadcomCardSlot()
        let arasan = SDHCI(capabilities: 0x0521_34b4, version: 0x9902)

        init(_ disk: any BlockNode) {
            gpio.onCardHost = { [slot, host, arasan] in slot.connect($0 == .sdhost ? host : arasan) }
            slot.insert(SDCard(node: disk))
            for device in [host, arasan, slot, gpio] as [any Device] { device.reset() }
        }

        func route(_ function: UInt64) {
            let eight = (0..<2).reduce(UInt64(0)) { $0 | function << UInt64(24 + 3 * $1) }
            _ = gpio.write(0x10, value: eight, size: 4)
            _ = gpio.write(0x14, value: (0..<4).reduce(0) { $0 | function << UInt64(3 * $1) }, size: 4)
        }
    }

    /// A command of the SD host, and its answer; nil if none came.
    @discardableResult private func order(_ host: BroadcomSDHost, _ index: UInt32, _ argument: UInt32 = 0, _ flags: UInt32 = 0) -> UInt32? {
        set(host, 0x04, argument)
        set(host, 0x00, 1 << 15 | flags | index)
        #expect(get(host, 0x00) & 1 << 15 == 0)
        defer { set(host, 0x20, 0x7f8) }
        return get(host, 0x00) & 1 << 14 != 0 ? nil : get(host, 0x10)
    }

    private func start(_ host: BroadcomSDHost) {
        order(host, 0, 0, 0x400)
        #expect(order(host, 8, 0x1aa) == 0x1aa)
        order(host, 55)
        #expect(order(host, 41, 0x4010_0000) == 0x80ff_8000, "a card of standard capacity")
        order(host, 2, 0, 0x200)
        let address = (order(host, 3) ?? 0) & 0xffff_0000
        order(host, 9, address, 0x200)
        #expect(get(host, 0x1c) >> 30 == 0, "CSD version 1")
        let units = (get(host, 0x18) & 0x3ff) << 2 | get(host, 0x14) >> 30
        #expect(units + 1 == 4, "units of 256 KiB")
        order(host, 7, address, 0x800)
        #expect((order(host, 13, address) ?? 0) >> 9 & 15 == 4)
    }

    /// The pins give the card to the SD host, which reads and writes with the CPU, in bytes of a card of standard capacity.
    @Test func sdhost() {
        let board = Board(disk)
        #expect(order(board.host, 8, 0x1aa) == nil, "the card is the other host's")
        board.route(4)
        start(board.host)
        set(board.host, 0x3c, 512)
        set(board.host, 0x50, 2)
        #expect(order(board.host, 18, 1024, 0x40) != nil)
        #expect(get(board.host, 0x34) & 15 == 2)
        var read: [UInt8] = []
        while read.count < 1024 {
            disk.drain()
            #expect(get(board.host, 0x20) & 1 == 1 && board.host.dmaRequest.level)
            for _ in 0..<get(board.host, 0x34) >> 4 & 31 {
                let word = get(board.host, 0x40)
                read += (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) }
            }
        }
        #expect(read == Array(disk.bytes[1024..<2048]))
        #expect(get(board.host, 0x34) & 15 == 1)
        order(board.host, 12, 0, 0x800)
        set(board.host, 0x50, 1)
        order(board.host, 24, 512, 0x80)
        for index in 0..<128 as Range<UInt32> { set(board.host, 0x40, index) }
        // A command that comes now waits until the card has the block.
        set(board.host, 0x04, 0)
        set(board.host, 0x38, 1 << 10)
        set(board.host, 0x00, 1 << 15 | 0x800 | 12)
        #expect(get(board.host, 0x00) & 1 << 15 != 0 && !board.host.interrupt.level)
        disk.drain()
        #expect(get(board.host, 0x00) & 1 << 15 == 0 && board.host.interrupt.level)
        #expect(disk.bytes[512] == 0 && disk.bytes[516] == 1 && disk.bytes[1020] == 127)
    }

    /// DMA follows the SD host's request.
    @Test func dmaOfTheCard() {
        let board = Board(disk)
        let dma = controller()
        board.host.dmaRequest.connect(dma.request(13))
        root.add(board.host.makeRegion(), at: BroadcomTests.peripherals + 0x20_2000)
        board.route(4)
        start(board.host)
        set(board.host, 0x3c, 512)
        set(board.host, 0x50, 4)
        words(0x100, [13 << 16 | 1 << 10 | 1 << 4 | 1, 0x7e20_2040, 0xc000_4000, 2048, 0, 0, 0, 0])
        order(board.host, 18, 0, 0x40)
        set(dma, 0x204, 0x100)
        set(dma, 0x200, 1)
        #expect(get(dma, 0x200) & 0x21 == 0x21, "it waits for the card")
        disk.drain()
        #expect(get(dma, 0x200) & 7 == 6)
        #expect(memory.read(0x4000, count: 2048) == Array(disk.bytes[0..<2048]))
    }

    /// The same card at the SDHCI: a block each way.
    @Test func sdhci() {
        let board = Board(disk)
        let host = board.arasan
        set(host, 0x34, 0xffff_ffff)
        func order(_ index: UInt32, _ argument: UInt32 = 0, kind: UInt32 = 2, mode: UInt32 = 0) -> UInt32 {
            set(host, 0x30, 0xffff_ffff)
            set(host, 0x08, argument)
            set(host, 0x0c, index << 24 | kind << 16 | mode)
            return get(host, 0x10)
        }
        _ = order(0, kind: 0)
        #expect(order(8, 0x1aa) == 0x1aa && get(host, 0x30) == 1)
        _ = order(55)
        _ = order(41, 0x4010_0000)
        _ = order(2, kind: 1)
        #expect(get(host, 0x1c) == 0xaa_5859)
        let address = order(3) & 0xffff_0000
        _ = order(7, address, kind: 3)
        #expect(get(host, 0x30) == 3)
        set(host, 0x04, 1 << 16 | 512)
        _ = order(17, 512, kind: 0x22, mode: 0x10)
        #expect(get(host, 0x24) & 2 != 0 && get(host, 0x30) & 0x20 == 0)
        disk.drain()
        #expect(get(host, 0x30) & 0x20 != 0)
        var read: [UInt8] = []
        for _ in 0..<128 {
            let word = get(host, 0x20)
            read += (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) }
        }
        #expect(read == Array(disk.bytes[512..<1024]) && get(host, 0x30) & 2 != 0 && get(host, 0x24) & 2 == 0)
        _ = order(24, 0, kind: 0x22)
        #expect(get(host, 0x30) & 0x10 != 0)
        for index in 0..<128 as Range<UInt32> { set(host, 0x20, index) }
        #expect(get(host, 0x30) & 2 == 0)
        disk.drain()
        #expect(get(host, 0x30) & 2 != 0 && disk.bytes[4] == 1 && disk.bytes[508] == 127)
    }

    // MARK: USB

    /// What one channel does: a setup packet (PID 3), or data.
    private func channel(_ usb: DWC2, _ number: UInt64, _ characteristics: UInt32, pid: UInt32, _ address: UInt32, _ count: UInt32) -> UInt32 {
        let base = 0x500 + 0x20 * number
        set(usb, base + 8, 0x3fff)
        set(usb, base + 0xc, 0x3fff)
        set(usb, base + 0x10, pid << 29 | 1 << 19 | count)
        set(usb, base + 0x14, address)
        set(usb, base, characteristics | 1 << 31 | 64)
        return get(usb, base + 8)
    }

    /// A disk at the port: reset, its descriptor, an address, a configuration; nobody at another address, and what is no memory.
    @Test func usb() {
        let usb = DWC2(memory: memory, loop: loop) { UInt64($0 & 0x3fff_ffff) }
        usb.connectors[0].attach(USBStorage(SCSIDisk(node: disk, options: SCSIDisk.Options()), serial: "1"))
        usb.reset()
        set(usb, 0x08, 0x21)
        set(usb, 0x18, 1 << 24 | 1 << 25)
        set(usb, 0x418, 0xff)
        #expect(get(usb, 0x40) == 0x4f54_294a && get(usb, 0x440) & 3 == 3 && usb.interrupt.level)
        set(usb, 0x440, 1 << 12 | 1 << 8 | 2)
        set(usb, 0x440, 1 << 12)
        #expect(get(usb, 0x440) & 0xd == 0xd && get(usb, 0x440) >> 17 & 3 == 0, "enabled, at high speed")
        set(usb, 0x440, 1 << 12 | 8)
        #expect(!usb.interrupt.level)
        words(0x1000, [0x0100_0680, 0x0012_0000])
        #expect(channel(usb, 0, 0, pid: 3, 0x1000, 8) & 0x23 == 0x23 && usb.interrupt.level && get(usb, 0x414) == 1)
        #expect(channel(usb, 1, 1 << 15, pid: 2, 0xc000_2000, 18) & 3 == 3)
        #expect(memory.read(0x2000, count: 2) == [18, 1] && get(usb, 0x530) & 0x7_ffff == 0)
        #expect(channel(usb, 0, 0, pid: 2, 0x1000, 0) & 3 == 3)
        words(0x1000, [0x0005_0500, 0])
        #expect(channel(usb, 0, 0, pid: 3, 0x1000, 8) & 3 == 3)
        #expect(channel(usb, 0, 1 << 15, pid: 2, 0x1000, 0) & 3 == 3)
        words(0x1000, [0x0001_0900, 0])
        let five: UInt32 = 5 << 22
        #expect(channel(usb, 0, five, pid: 3, 0x1000, 8) & 3 == 3)
        #expect(channel(usb, 0, five | 1 << 15, pid: 2, 0x1000, 0) & 3 == 3)
        set(usb, 0x508, 0x3fff)
        #expect(channel(usb, 0, 6 << 22, pid: 3, 0x1000, 8) & 0x82 == 0x82, "nobody has this address")
        set(usb, 0x508, 0x3fff)
        #expect(channel(usb, 0, five, pid: 3, 0x3000_0000, 8) & 6 == 6, "no memory")
    }

    // MARK: The rest

    /// The watchdog resets or stops the machine, and only who knows the password winds it.
    @Test func watchdog() {
        let manager = BroadcomPowerManager(loop: loop)
        var asked: [BroadcomPowerManager.Request] = []
        manager.onRequest = { asked.append($0) }
        manager.reset()
        set(manager, 0x24, 10)
        set(manager, 0x1c, 0x20)
        #expect(get(manager, 0x1c) == 0x102 && asked.isEmpty)
        set(manager, 0x24, 0x5a00_000a)
        set(manager, 0x1c, 0x5a00_0020)
        #expect(get(manager, 0x24) == 10 && get(manager, 0x1c) == 0x20)
        #expect(asked == [.reset])
        set(manager, 0x20, 0x5a00_0555)
        set(manager, 0x1c, 0x5a00_0020)
        #expect(asked == [.reset, .shutdown])
        set(manager, 0x10c, 0x5a00_0001)
        #expect(get(manager, 0x10c) & 2 == 2)
    }

    /// Pins: levels of outputs, edges that are watched for.
    @Test func pins() {
        let gpio = BroadcomGPIO()
        gpio.reset()
        set(gpio, 0x04, 1 << 18)
        set(gpio, 0x4c, 1 << 16)
        set(gpio, 0x1c, 1 << 16 | 1 << 17)
        #expect(get(gpio, 0x34) == 1 << 16 && get(gpio, 0x40) == 1 << 16)
        #expect(gpio.interrupts[0].level && !gpio.interrupts[1].level && gpio.interrupts[3].level)
        set(gpio, 0x40, 1 << 16)
        #expect(!gpio.interrupts[0].level)
    }
}
