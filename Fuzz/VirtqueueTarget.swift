import AddressSpace
import BlockCore
import Chardev
import Display
import EventLoop
import HostOS
import Input
import NetBackends
import ObjectModel
import Virtio
import VirtioDevices

/// A disk in memory whose requests end when the fuzzer says so: at once, late, or after a reset.
final class FuzzDisk: BlockNode {
    let size: UInt64 = 1 << 16
    let isReadOnly = false
    private var waiting: [() -> Void] = []

    private func later(_ done: @escaping (BlockResult) -> Void) { waiting.append { done(.ok) } }

    func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        precondition(offset <= size && buffers.reduce(0) { $0 + UInt64($1.count) } <= size - offset, "a read beyond the disk's end")
        for buffer in buffers { buffer.zero() }
        later(done)
    }

    func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        precondition(offset <= size && buffers.reduce(0) { $0 + UInt64($1.count) } <= size - offset, "a write beyond the disk's end")
        later(done)
    }

    func flush(_ done: @escaping (BlockResult) -> Void) { later(done) }

    func discard(_ offset: UInt64, count: UInt64, _ done: @escaping (BlockResult) -> Void) {
        precondition(offset <= size && count <= size - offset, "a discard beyond the disk's end")
        later(done)
    }

    func zero(_ offset: UInt64, count: UInt64, mayUnmap: Bool, _ done: @escaping (BlockResult) -> Void) { discard(offset, count: count, done) }

    func drain() { finish() }

    func finish() {
        let all = waiting
        waiting = []
        for item in all { item() }
    }
}

/// A terminal on which somebody types as much as the console takes.
private final class FuzzLine: CharacterBackend {
    func type(_ count: Int) {
        guard let frontEnd else { return }
        let room = min(count, frontEnd.receivableBytes())
        if room > 0 { frontEnd.receive([UInt8](repeating: 65, count: room)) }
    }
}

/// A network on which frames of any length come in, and which is sometimes full.
private final class FuzzWire: NetworkBackend {
    var isFull = false
    override var hasRoom: Bool { !isFull }
    override func send(_ frame: [UInt8]) { precondition(frame.count >= 14 && frame.count <= 0x1_0100, "a frame of \(frame.count) bytes") }
}

/// A hostile driver: rings, descriptors and registers full of nonsense that is almost right.
struct VirtqueueTarget: FuzzTarget {
    private let loop: EventLoop
    private let memory: AddressSpace
    private static let ram: UInt64 = 1 << 16
    private static let table: UInt64 = 0x1000, available: UInt64 = 0x2000, used: UInt64 = 0x3000
    private static let indirect: UInt64 = 0x4000, data: UInt64 = 0x8000

    init() throws {
        loop = try EventLoop()
        let root = MemoryRegion.container("system", size: .max)
        root.add(try MemoryRegion.ram("ram", size: VirtqueueTarget.ram), at: 0)
        memory = AddressSpace("memory", root: root)
    }

    mutating func run(_ random: RandomSource) throws -> Bool {
        var random = random
        let disk = FuzzDisk()
        let line = FuzzLine()
        let wire = FuzzWire()
        let device: any VirtioDevice
        let hub = InputHub(loop: loop)
        let kind = random.below(8)
        switch kind {
        case 0: device = VirtioEntropy(loop: loop)
        case 1: device = console(line)
        case 6: device = VirtioInput(.tablet, PropertyValues(VirtioInput.type(.tablet)), hub: hub)
        case 7: device = VirtioGPU(PropertyValues(VirtioGPU.type), consoles: (0..<2).map { DisplayConsole(device: "gpu", head: $0) })
        case 2, 3: device = VirtioNet(address: MACAddress(0x5254_0012_3456), backend: wire)
        default:
            var options = VirtioBlock.Options()
            options.queues = 2
            device = VirtioBlock(node: disk, options: options)
        }
        let legacy = random.chance(4)
        let transport = VirtioMMIO(memory: memory, device: device, legacy: legacy)
        var driver = HostileDriver(transport: transport, memory: memory, legacy: legacy, isDisplay: kind == 7, random: random)
        for _ in 0..<4 {
            driver.start()
            for _ in 0..<8 {
                driver.step()
                line.type(driver.random.below(40))
                hub.send([.absolute(.x, driver.random.below(0x10000)), .button(.wheelUp, isDown: driver.random.chance(2))])
                wire.isFull = driver.random.chance(4)
                wire.deliver((0..<driver.random.below(driver.random.chance(8) ? 9000 : 200)).map { _ in driver.random.chance(2) ? 0xff : 0x52 })
                if !wire.isFull { wire.frontEnd?.backendHasRoom() }
                if driver.random.chance(2) { disk.finish() }
            }
        }
        disk.finish()
        return transport.read(0x70, size: 4).value & 64 == 0
    }

    /// A console with one port: its queues are the two that the driver knows, and the control queues stay empty.
    private func console(_ line: FuzzLine) -> VirtioConsole {
        let console = VirtioConsole(maxPorts: 1)
        console.add(VirtioConsolePort(number: 0, isConsole: true, name: "fuzz", backend: line))
        return console
    }

    private struct HostileDriver {
        let transport: VirtioMMIO
        let memory: AddressSpace
        let legacy: Bool
        let isDisplay: Bool
        var random: RandomSource
        var packed = false
        var size = 8

        mutating func set(_ register: UInt64, _ value: UInt64) {
            let value = random.chance(60) ? random.nasty() : value
            _ = transport.write(register, value: value & 0xffff_ffff, size: random.chance(80) ? 1 : 4)
        }

        /// The handshake, mostly as it should be.
        mutating func start() {
            packed = random.chance(2) && !legacy
            size = packed ? 1 + random.below(12) : 1 << random.below(5)
            set(0x70, 0)
            set(0x70, 1)
            set(0x70, 3)
            set(0x24, 0)
            set(0x20, random.next() & 0xffff_ffff & (random.chance(3) ? .max : 0x309e_9a23))
            set(0x24, 1)
            set(0x20, legacy ? 0 : (packed ? 5 : 1))
            set(0x70, 11)
            if legacy { set(0x28, 4096) }
            for queue in 0..<3 as Range<UInt64> {
                set(0x30, queue)
                set(0x38, UInt64(size))
                if legacy {
                    set(0x3c, 4096)
                    set(0x40, 1 + queue)
                } else {
                    for (register, address) in [(0x80, table), (0x90, available), (0xa0, used)] as [(UInt64, UInt64)] {
                        set(register, address)
                        set(register + 4, 0)
                    }
                    set(0x44, 1)
                }
            }
            set(0x70, 15)
        }

        mutating func step() {
            for index in 0..<size { fillDescriptor(table + 16 * UInt64(index), index) }
            for index in 0..<16 { fillDescriptor(indirect + 16 * UInt64(index), index) }
            fillHeader()
            fillNetwork()
            if !packed { offer() }
            if random.chance(8) { memory.store(UInt64(random.below(Int(ram))), random.next()) }
            if random.chance(12) { _ = transport.write(random.next() % 0x200, value: random.nasty(), size: 1 << random.below(4)) }
            set(0x50, UInt64(random.below(3)))
            _ = transport.read(random.next() % 0x200, size: 1 << random.below(4))
            set(0x64, 3)
        }

        private mutating func fillDescriptor(_ place: UInt64, _ index: Int) {
            let address = random.chance(20) ? random.nasty() : random.chance(4) ? indirect : data + UInt64(random.below(0x7000))
            let usual = [16, 1, 512, 4096, 32, UInt64(random.below(2048))][random.below(6)]
            let length = random.chance(20) ? random.nasty() & 0xffff_ffff : usual
            var flags = UInt64(random.below(random.chance(6) ? 8 : 4))
            if packed { flags |= random.chance(6) ? random.next() & 0x8080 : (random.chance(2) ? 0x80 : 0x8000) }
            let link = UInt64(random.chance(20) ? random.below(65536) : (index + 1) % size)
            memory.store(place, address)
            memory.store(place + 8, UInt32(truncatingIfNeeded: length))
            memory.store(place + 12, UInt16(truncatingIfNeeded: packed ? link : flags))
            memory.store(place + 14, UInt16(truncatingIfNeeded: packed ? flags : link))
            if isDisplay, random.chance(2) { writeDisplayCommand(at: address) }
        }

        /// A command of a display, with numbers that are nearly right.
        private mutating func writeDisplayCommand(at address: UInt64) {
            let commands: [UInt64] = [0x100, 0x101, 0x101, 0x102, 0x103, 0x104, 0x105, 0x106, 0x106, 0x107, 0x10a, 0x300, 0x301]
            memory.store(address, UInt32(commands[random.below(commands.count)]))
            for index in 1..<14 as Range<UInt64> {
                let usual: [UInt64] = [0, 1, 1, 2, 3, 16, 32, 64]
                let word = random.chance(12) ? random.nasty() : usual[random.below(usual.count)]
                memory.store(address &+ 4 * index, UInt32(truncatingIfNeeded: word))
            }
        }

        /// Block request headers where data may lie.
        private mutating func fillHeader() {
            for _ in 0..<4 {
                let place = data + UInt64(random.below(0x7000))
                memory.store(place, UInt32(random.chance(8) ? random.below(64) : [0, 1, 4, 8, 11, 13][random.below(6)]))
                memory.store(place + 8, random.chance(4) ? random.nasty() : UInt64(random.below(128)))
            }
        }

        /// Packets with their headers, and control commands, where data may lie.
        private mutating func fillNetwork() {
            for _ in 0..<4 {
                let place = data + UInt64(random.below(0x7000))
                let packet: [UInt8] = [
                    UInt8(random.below(4)), [0, 1, 3, 4, 0x81][random.below(5)], 54, 0, UInt8(random.below(256)), UInt8(random.below(3)), 34, 0, 16,
                    0, 0, 0,
                ]
                let ethernet: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, random.chance(3) ? 0x86 : 8, 0, 0x45, 0, 4, 0]
                memory.write(place, packet + ethernet)
                memory.store(place + 58, UInt8(random.below(256)))
                let command: [UInt8] = [UInt8(random.below(4)), UInt8(random.below(6)), UInt8(random.below(256)), 0, 0, 0]
                memory.write(data + UInt64(random.below(0x7000)), command)
            }
        }

        private mutating func offer() {
            let old: UInt16 = memory.load(available + 2) ?? 0
            let count = random.chance(20) ? UInt16(truncatingIfNeeded: random.next()) : UInt16(1 + random.below(size))
            for index in 0..<min(Int(count), size) {
                let head = random.chance(30) ? random.below(65536) : random.below(size)
                memory.store(available + 4 + 2 * UInt64(Int(old &+ UInt16(index)) % size), UInt16(head))
            }
            memory.store(available, UInt16(random.below(2)))
            memory.store(available + 2, old &+ count)
        }
    }
}
