import AddressSpace
import BlockCore
import BroadcomDevices
import DeviceModel
import EventLoop
import HostOS
import StorageDevices

/// A hostile driver of a Raspberry Pi's peripherals: DMA whose control blocks are almost right, property requests, and a card that wanders between its hosts.
struct BroadcomTarget: FuzzTarget {
    private let loop: EventLoop
    private static let ram: UInt64 = 1 << 16, peripherals: UInt64 = 0x3f00_0000
    private static let dma: UInt64 = 0x7000, mailboxes: UInt64 = 0xb880, pins: UInt64 = 0x20_0000, host: UInt64 = 0x20_2000, arasan: UInt64 = 0x30_0000

    init() throws {
        loop = try EventLoop()
        loop.setVirtualClockPaused(true)
    }

    mutating func run(_ random: RandomSource) throws -> Bool {
        var random = random
        let attack = try Attack(loop)
        for _ in 0..<random.below(400) { try attack.step(&random) }
        return attack.isDone
    }

    /// A card's disk, which does what it is asked when it is drained.
    private final class Card: BlockNode {
        let size: UInt64 = 1 << 20
        let isReadOnly = false
        private var waiting: [() -> Void] = []

        private func later(_ done: @escaping (BlockResult) -> Void) { waiting.append { done(.ok) } }
        func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
            precondition(offset < size, "a read beyond the card's end")
            later(done)
        }
        func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
            precondition(offset < size, "a write beyond the card's end")
            later(done)
        }
        func flush(_ done: @escaping (BlockResult) -> Void) { later(done) }
        func discard(_ offset: UInt64, count: UInt64, _ done: @escaping (BlockResult) -> Void) { later(done) }
        func zero(_ offset: UInt64, count: UInt64, mayUnmap: Bool, _ done: @escaping (BlockResult) -> Void) { later(done) }
        func drain() { while !waiting.isEmpty { waiting.removeFirst()() } }
    }

    private final class Attack {
        let memory: AddressSpace
        let controller: BroadcomDMA
        let mailboxes = BroadcomMailboxes(), host = BroadcomSDHost(), slot = BroadcomCardSlot(), pins = BroadcomGPIO()
        let arasan = SDHCI(capabilities: 0x0521_34b4, version: 0x9902)
        let firmware: VideoCoreFirmware, picture: VideoCoreFramebuffer
        let card = Card()
        var isDone = false

        init(_ loop: EventLoop) throws {
            let root = MemoryRegion.container("system", size: .max)
            root.add(try MemoryRegion.ram("ram", size: BroadcomTarget.ram), at: 0)
            memory = AddressSpace("memory", root: root)
            let bus = BroadcomBus(peripherals: BroadcomTarget.peripherals, alias: 0xc000_0000)
            controller = BroadcomDMA(memory: memory, bus: bus, loop: loop)
            picture = VideoCoreFramebuffer(memory: memory, base: 0x8000, limit: 0x20_0000)
            let board = VideoCoreFirmware.Board(
                revision: 1, serial: 2, address: [0, 1, 2, 3, 4, 5], memory: 1 << 16, videoMemory: 1 << 15, commandLine: "words")
            firmware = VideoCoreFirmware(board, memory: memory, bus: bus, framebuffer: picture)
            mailboxes.onMessage = { [firmware] in firmware.message($0, $1) }
            host.dmaRequest.connect(controller.request(13))
            pins.onCardHost = { [slot, host, arasan] in slot.connect($0 == .sdhost ? host : arasan) }
            slot.insert(SDCard(node: card))
            let places: [(any MMIODevice, UInt64)] = [
                (controller, BroadcomTarget.dma), (mailboxes, BroadcomTarget.mailboxes), (pins, BroadcomTarget.pins), (host, BroadcomTarget.host),
                (arasan, BroadcomTarget.arasan),
            ]
            for (device, offset) in places { root.add(device.makeRegion(), at: BroadcomTarget.peripherals + offset) }
            for device in devices { device.reset() }
        }

        private var devices: [any Device] { [controller, mailboxes, host, arasan, firmware, picture, slot, pins] }

        private func set(_ offset: UInt64, _ value: UInt32) { memory.store(BroadcomTarget.peripherals + offset, value) }

        func step(_ random: inout RandomSource) throws {
            switch random.below(12) {
            case 0: anyRegister(&random)
            case 1, 2: block(&random)
            case 3: request(&random)
            case 4: route(random.below(2) == 0 ? 4 : 7)
            case 5, 6: order(&random)
            case 7: arasanOrder(&random)
            case 8: card.drain()
            case 9: for _ in 0..<random.below(200) { _ = memory.load(BroadcomTarget.peripherals + BroadcomTarget.host + 0x40, as: UInt32.self) }
            case 10: snapshot(&random)
            default: picture.console.refresh()
            }
        }

        private func anyRegister(_ random: inout RandomSource) {
            let places = [BroadcomTarget.dma, BroadcomTarget.mailboxes, BroadcomTarget.pins, BroadcomTarget.host, BroadcomTarget.arasan]
            let offset = places[random.below(5)] + UInt64(random.below(64)) * 4
            if random.chance(3) { _ = memory.load(BroadcomTarget.peripherals + offset, as: UInt32.self) }
            set(offset, UInt32(truncatingIfNeeded: random.nasty()))
        }

        /// A control block for one of four channels; its addresses are memory's, or registers of the card's host or of the controller itself.
        private func block(_ random: inout RandomSource) {
            func address(_ random: inout RandomSource) -> UInt32 {
                switch random.below(5) {
                case 0: 0x7e20_2040
                case 1: 0x7e00_7000 + UInt32(random.below(0x120)) * 4
                case 2: UInt32(truncatingIfNeeded: random.nasty())
                default: 0xc000_0000 | UInt32(random.below(1 << 16))
                }
            }
            let base = UInt64(random.below(16)) * 32
            let next = random.chance(3) ? UInt32(random.below(16)) * 32 : 0
            let pace = random.chance(2) ? 13 << 16 | (random.chance(2) ? 1 << 10 : 1 << 6) as UInt32 : 0
            let information = UInt32(random.below(1 << 12)) & ~(1 << 10 | 1 << 6) | pace
            let length = random.chance(4) ? UInt32(truncatingIfNeeded: random.nasty()) : UInt32(random.below(4096))
            let words = [information, address(&random), address(&random), length, UInt32(truncatingIfNeeded: random.next()), next, 0, 0]
            for (index, word) in words.enumerated() { memory.store(base + 4 * UInt64(index), word) }
            let channel = BroadcomTarget.dma + 0x100 * UInt64(random.below(4)) * 4
            if random.chance(2) { set(channel, 1 << 31) }
            set(channel + 4, UInt32(base))
            set(channel, 1)
        }

        private func request(_ random: inout RandomSource) {
            let tags: [UInt32] = [
                0x1, 0x1_0003, 0x1_0007, 0x2_8001, 0x3_8002, 0x3_8030, 0x3_8043, 0x4_0001, 0x4_8003, 0x4_8004, 0x4_8005, 0x4_8006, 0x4_8009, 0x4_800b,
                0x4_400b, 0x4_000b, 0x4_800a, 0x4_8001, 0x4_8002, 0x5_0001, 0x6_0001,
            ]
            var words: [UInt32] = [0, 0]
            for _ in 0..<random.below(6) {
                let room = random.below(8)
                words += [tags[random.below(tags.count)], random.chance(8) ? UInt32(truncatingIfNeeded: random.nasty()) : UInt32(room * 4), 0]
                for _ in 0..<room { words.append(random.chance(3) ? UInt32(truncatingIfNeeded: random.nasty()) : UInt32(random.below(300))) }
            }
            words.append(0)
            words[0] = random.chance(8) ? UInt32(truncatingIfNeeded: random.nasty()) : UInt32(words.count * 4)
            let base = UInt64(random.below(0xf00)) * 16
            for (index, word) in words.enumerated() { memory.store(base + 4 * UInt64(index), word) }
            set(BroadcomTarget.mailboxes + 0x20, UInt32(base) | (random.chance(4) ? UInt32(random.below(16)) : 8))
            if memory.load(base + 4, as: UInt32.self) == 0x8000_0000 { isDone = true }
            if random.chance(2) { _ = memory.load(BroadcomTarget.peripherals + BroadcomTarget.mailboxes, as: UInt32.self) }
        }

        private func route(_ function: UInt32) {
            set(BroadcomTarget.pins + 0x10, function << 24 | function << 27)
            set(BroadcomTarget.pins + 0x14, function | function << 3 | function << 6 | function << 9)
        }

        /// What brings a card to its transfer state, and what can be done there.
        private static let commands: [(UInt32, UInt32)] = [(0, 0), (8, 0x1aa), (55, 0), (41, 0x4010_0000), (2, 0), (3, 0), (7, 0x4567_0000), (12, 0)]

        private func command(_ random: inout RandomSource) -> (index: UInt32, argument: UInt32) {
            if random.chance(3) { return ([17, 18, 24, 25, 6, 51, 13, 16][random.below(8)], UInt32(random.below(4096)) * 512) }
            let (index, argument) = Attack.commands[random.below(Attack.commands.count)]
            return (index, index == 55 ? 0x4567_0000 * UInt32(random.below(2)) : argument)
        }

        private func order(_ random: inout RandomSource) {
            let (index, argument) = command(&random)
            set(BroadcomTarget.host + 0x3c, random.chance(6) ? UInt32(random.below(1024)) : 512)
            set(BroadcomTarget.host + 0x50, UInt32(random.below(5)))
            set(BroadcomTarget.host + 0x38, UInt32(random.below(0x800)))
            set(BroadcomTarget.host + 0x04, argument)
            set(BroadcomTarget.host, 1 << 15 | UInt32(random.below(32)) << 6 | index)
            if random.chance(2) { for _ in 0..<random.below(300) { set(BroadcomTarget.host + 0x40, UInt32(truncatingIfNeeded: random.next())) } }
        }

        private func arasanOrder(_ random: inout RandomSource) {
            let (index, argument) = command(&random)
            set(BroadcomTarget.arasan + 0x34, UInt32.max)
            set(BroadcomTarget.arasan + 0x04, UInt32(random.below(4)) << 16 | (random.chance(6) ? UInt32(random.below(4096)) : 512))
            set(BroadcomTarget.arasan + 0x08, argument)
            set(BroadcomTarget.arasan + 0x0c, index << 24 | UInt32(random.below(256)) << 16 | UInt32(random.below(64)))
            for _ in 0..<random.below(300) {
                if random.chance(2) { set(BroadcomTarget.arasan + 0x20, 1) }
                _ = memory.load(BroadcomTarget.peripherals + BroadcomTarget.arasan + 0x20, as: UInt32.self)
            }
        }

        /// The state comes back, whole or damaged.
        private func snapshot(_ random: inout RandomSource) {
            card.drain()
            var bytes = DeviceSnapshot.save(devices)
            if random.chance(2) { bytes[random.below(bytes.count)] ^= UInt8(1 + random.below(255)) }
            do { try DeviceSnapshot.restore(devices, from: bytes) } catch { for device in devices { device.reset() } }
        }
    }
}
