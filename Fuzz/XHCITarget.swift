import AddressSpace
import DeviceModel
import EventLoop
import HostOS
import Input
import ObjectModel
import PCI
import SCSI
import USB
import USBDevices

/// A hostile driver of a USB host controller: rings, contexts and registers full of nonsense that is almost right, devices that come and go.
struct XHCITarget: FuzzTarget {
    private let loop: EventLoop
    private static let ram: UInt64 = 1 << 16, ecam: UInt64 = 0x4000_0000, window: UInt64 = 1 << 32
    private static let table: UInt64 = 0x1000, commands: UInt64 = 0x2000, events: UInt64 = 0x3000, segments: UInt64 = 0x4000
    private static let contexts: UInt64 = 0x5000, input: UInt64 = 0x7000, rings: UInt64 = 0x8000, buffers: UInt64 = 0xc000

    init() throws {
        loop = try EventLoop()
        loop.setVirtualClockPaused(true)
    }

    mutating func run(_ random: RandomSource) throws -> Bool {
        var mutator = Mutator(random: random)
        var attack = try Attack(loop)
        if !mutator.random.chance(4) { attack.settle() }
        for _ in 0..<mutator.random.below(400) { try attack.step(&mutator.random) }
        attack.end()
        return attack.hasDevice
    }

    /// One controller with what is plugged into it.
    private struct Attack {
        let memory: AddressSpace
        let host: PCIHost
        let controller: XHCI
        let disk: FuzzDisk
        let hub: InputHub
        let loop: EventLoop
        var place: UInt64 = 0
        var hasDevice = false

        init(_ loop: EventLoop) throws {
            self.loop = loop
            let root = MemoryRegion.container("system", size: .max)
            root.add(try MemoryRegion.ram("ram", size: XHCITarget.ram), at: 0)
            memory = AddressSpace("memory", root: root)
            host = PCIHost(memory: memory, ecamSize: 0x1000_0000)
            root.add(host.makeRegion(), at: XHCITarget.ecam)
            root.add(host.window("high", from: XHCITarget.window, size: 1 << 32), at: XHCITarget.window)
            (hub, disk) = (InputHub(loop: loop), FuzzDisk())
            controller = XHCI(loop: loop, isIntegrated: true)
            let inner = USBHub()
            controller.connectors[0].attach(USBStorage(SCSIDisk(node: disk, options: SCSIDisk.Options()), serial: "1"))
            controller.connectors[1].attach(inner)
            inner.ports[0].attach(HIDDevice(.keyboard, PropertyValues(HIDKind.keyboard.type), hub: hub, loop: loop))
            controller.connectors[2].attach(HIDDevice(.tablet, PropertyValues(HIDKind.tablet.type), hub: hub, loop: loop))
            host.root.plug(controller, at: 2 << 3)
            controller.reset()
            memory.store(XHCITarget.ecam + 0x1_0014, 1 as UInt32)
            memory.store(XHCITarget.ecam + 0x1_0004, 6 as UInt16)
            start()
        }

        private func set(_ register: UInt64, _ value: UInt32) { memory.store(XHCITarget.window + register, value) }

        /// As a driver of good will does it.
        private func start() {
            set(0x78, 64)
            set(0x70, UInt32(XHCITarget.table))
            set(0x58, UInt32(XHCITarget.commands) | 1)
            memory.store(XHCITarget.segments, XHCITarget.events)
            memory.store(XHCITarget.segments + 8, 64 as UInt32)
            set(0x1028, 1)
            set(0x1038, UInt32(XHCITarget.events))
            set(0x1030, UInt32(XHCITarget.segments))
            set(0x1020, 2)
            set(0x40, 5)
            for port in 0..<8 as Range<UInt64> { set(0x440 + 16 * port, 1 << 9 | 1 << 4) }
            for slot in 0..<8 as Range<UInt64> { memory.store(XHCITarget.table + 8 * slot, XHCITarget.contexts + 0x400 * slot) }
        }

        /// Gives disk, hub and tablet the slots 1 to 3, and configures them.
        func settle() {
            for (slot, port) in [(1, 1), (2, 6), (3, 7)] as [(UInt32, UInt32)] {
                order(9, 0)
                write(context: port, adds: 3)
                order(11, slot)
                for index in 0..<16 as Range<UInt64> { memory.store(XHCITarget.rings + 8 * index, 0 as UInt64) }
                put(XHCITarget.rings, 0, 0x0001_0900, 8, 2 << 10 | 1 << 6 | 1)
                put(XHCITarget.rings, 1, 0, 0, 4 << 10 | 1 << 16 | 1)
                set(0x2000 + 4 * UInt64(slot), 1)
                write(context: port, adds: 1 | 4 | 8)
                order(12, slot)
                set(0x1038, UInt32(XHCITarget.events) | 8)
            }
        }

        /// A command at the beginning of the ring, to which the controller is sent back.
        private func order(_ kind: UInt32, _ slot: UInt32, more: UInt32 = 0, _ parameter: UInt64 = XHCITarget.input, loops: UInt32 = 0) {
            put(XHCITarget.commands, 0, parameter, 0, kind << 10 | slot << 24 | more | 1)
            put(XHCITarget.commands, 1, XHCITarget.commands, 0, loops * (6 << 10 | 1))
            set(0x58, 4)
            set(0x58, UInt32(XHCITarget.commands) | 1)
            set(0x2000, 0)
        }

        mutating func step(_ random: inout RandomSource) throws {
            switch random.below(12) {
            case 0: set(UInt64(random.below(0x1000)) * 4, UInt32(truncatingIfNeeded: random.next()))
            case 1: set(0x440 + UInt64(random.below(32)) * 4, UInt32(truncatingIfNeeded: random.next()) | 1 << 9)
            case 2: set(0x1020 + UInt64(random.below(8)) * 4, UInt32(random.below(0x8000)))
            case 3, 4: command(&random)
            case 5, 6, 7: transfer(&random)
            case 8: context(&random)
            case 9: act(&random)
            case 10: memory.store(UInt64(random.below(Int(XHCITarget.ram / 4))) * 4, UInt32(truncatingIfNeeded: random.next()))
            default: if random.below(8) == 0 { start() } else { set(0x1038, UInt32(XHCITarget.events) + UInt32(random.below(64)) * 16 | 8) }
            }
            hasDevice = hasDevice || controller.connectors.contains { $0.device?.function.address ?? 0 != 0 }
        }

        private func put(_ base: UInt64, _ index: Int, _ parameter: UInt64, _ status: UInt32, _ control: UInt32) {
            memory.store(base + 16 * UInt64(index), parameter)
            memory.store(base + 16 * UInt64(index) + 8, status)
            memory.store(base + 16 * UInt64(index) + 12, control)
        }

        private func command(_ random: inout RandomSource) {
            let kind = UInt32(9 + random.below(16)), slot = UInt32(random.below(4)), endpoint = UInt32(random.below(6))
            let parameter = kind == 16 ? XHCITarget.rings | UInt64(random.below(2)) : XHCITarget.input
            order(kind, slot, more: endpoint << 16 | UInt32(random.below(2)) << 9, parameter, loops: UInt32(random.below(8) / 7))
        }

        /// Blocks of a transfer, the last of which may lead back.
        private func transfer(_ random: inout RandomSource) {
            let count = 1 + random.below(6)
            for index in 0..<count {
                let kinds: [UInt32] = [1, 1, 1, 2, 3, 4, 6, 7, 8, 5]
                var kind = kinds[random.below(kinds.count)]
                var flags = UInt32(truncatingIfNeeded: random.next()) & (1 << 2 | 1 << 4 | 1 << 5 | 1 << 9 | 1 << 16) | 1
                var parameter = XHCITarget.buffers + UInt64(random.below(0x1000))
                var length = UInt32(random.below(600))
                if index == 0, random.below(2) == 0 {
                    // A request, as devices know them.
                    kind = 2
                    (length, flags) = (8, 1 | 1 << 6 | UInt32(random.below(4)) << 16)
                    parameter = request(&random)
                } else if random.below(4) == 0 {
                    length = 31
                    memory.write(parameter, wrapper(&random))
                }
                if kind == 6 { parameter = XHCITarget.rings + UInt64(random.below(count + 1)) * 16 }
                put(XHCITarget.rings, index, parameter, length, kind << 10 | flags)
            }
            put(XHCITarget.rings, count, 0, 0, 0)
            let slot = UInt32(1 + random.below(3)), endpoint = UInt32(1 + random.below(3))
            if !random.chance(3) {
                // The endpoint begins anew there.
                for kind in [14, 15, 16] as [UInt32] { order(kind, slot, more: endpoint << 16, XHCITarget.rings | 1) }
            }
            set(0x2000 + UInt64(slot) * 4, endpoint)
        }

        private func request(_ random: inout RandomSource) -> UInt64 {
            let types: [UInt64] = [0x00, 0x80, 0x21, 0xa1, 0x02, 0x82, 0x23, 0xa3, 0xa0, 0x81]
            let code = UInt64(random.below(16)), value = UInt64(random.below(4)) << UInt64(8 * random.below(2))
            return types[random.below(types.count)] | code << 8 | value << 16 | UInt64(random.below(3)) << 32 | UInt64(random.below(65)) << 48
        }

        /// A command for the disk.
        private func wrapper(_ random: inout RandomSource) -> [UInt8] {
            let opcodes: [UInt8] = [0, 3, 0x12, 0x1a, 0x25, 0x28, 0x2a, 0x35, 0x42, 0x9e, 0xa0]
            var bytes: [UInt8] = Array("USBC".utf8) + [1, 0, 0, 0, 0, UInt8(random.below(4)), 0, 0, random.below(2) == 0 ? 0x80 : 0, 0, 10]
            bytes += [opcodes[random.below(opcodes.count)], 0, 0, 0, 0, UInt8(random.below(140)), 0, 0, UInt8(random.below(4))]
            bytes += [UInt8](repeating: 0, count: 31 - bytes.count)
            if random.below(5) == 0 { bytes[random.below(31)] = UInt8(random.below(256)) }
            return bytes
        }

        private func context(_ random: inout RandomSource) {
            let choices: [UInt32] = [3, 13, 9, UInt32(random.below(64))]
            let adds = choices[random.below(4)]
            let drops = UInt32(random.chance(4) ? random.below(64) : 0)
            write(context: UInt32(1 + random.below(8)), adds: adds, drops: drops, route: random.chance(3) ? 1 : 0, streams: random.chance(8) ? 1 : 0)
        }

        private func write(context port: UInt32, adds: UInt32, drops: UInt32 = 0, route: UInt32 = 0, streams: UInt32 = 0) {
            memory.store(XHCITarget.input, drops)
            memory.store(XHCITarget.input + 4, adds)
            memory.store(XHCITarget.input + 32, 1 << 27 | route)
            memory.store(XHCITarget.input + 36, port << 16)
            for (number, kind) in [(1, 4), (2, 2), (3, 6)] as [(UInt64, UInt32)] {
                let place = XHCITarget.input + 32 + 32 * number
                memory.store(place, streams << 10)
                memory.store(place + 4, kind << 3 | 64 << 16)
                memory.store(place + 8, XHCITarget.rings | 1)
            }
        }

        /// What others do meanwhile.
        private func act(_ random: inout RandomSource) {
            switch random.below(5) {
            case 0: disk.finish()
            case 1: hub.send([.key(Key.all[random.below(Key.all.count)], isDown: random.below(2) == 0)])
            case 2: hub.send([.absolute(.x, random.below(0x8000)), .button(.left, isDown: random.below(2) == 0)])
            case 3:
                let port = controller.connectors[2]
                if port.device != nil {
                    port.detach()
                } else {
                    port.attach(HIDDevice(.mouse, PropertyValues(HIDKind.mouse.type), hub: hub, loop: loop))
                }
            default:
                let saved = DeviceSnapshot.save([controller])
                do { try DeviceSnapshot.restore([controller], from: saved) } catch { preconditionFailure("its own snapshot is refused: \(error)") }
            }
        }

        func end() {
            controller.reset()
            disk.finish()
        }
    }
}
