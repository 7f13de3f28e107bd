import AddressSpace
import BlockCore
import BroadcomDevices
import Chardev
import DeviceModel
import Display
import DisplayDevices
import EventLoop
import HostOS
import Input
import NetBackends
import NetworkDevices
import ObjectModel
import PCI
import PlatformDevices
import SCSI
import Snapshot
import StorageDevices
import Testing
import USBDevices
import Virtio
import VirtioDevices

/// A disk of zeros, done at once.
private final class Zeros: BlockNode {
    let size: UInt64 = 1 << 20
    let isReadOnly = false
    func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) { done(.ok) }
    func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) { done(.ok) }
    func flush(_ done: @escaping (BlockResult) -> Void) { done(.ok) }
    func discard(_ offset: UInt64, count: UInt64, _ done: @escaping (BlockResult) -> Void) { done(.ok) }
    func zero(_ offset: UInt64, count: UInt64, mayUnmap: Bool, _ done: @escaping (BlockResult) -> Void) { done(.ok) }
    func drain() {}
}

/// A GICv2 with both windows in one.
private final class GIC400Face: MMIODevice {
    static let typeName = GIC400.typeName
    static let windowSize: UInt64 = 0x3000
    private let gic: GIC400
    private let distributor: GIC400Window, interface: GIC400Window

    init(_ memory: AddressSpace) {
        gic = GIC400(cpus: 2, memory: memory)
        (distributor, interface) = (GIC400Window(gic, .distributor), GIC400Window(gic, .interface))
    }

    func reset() { gic.reset() }
    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) { gic.visit(&visitor) }
    func restored() { gic.restored() }
    func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        offset < 0x1000 ? distributor.read(offset, size: min(size, 4)) : interface.read(offset - 0x1000, size: min(size, 4))
    }
    func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        if offset < 0x1000 { return distributor.write(offset, value: value, size: min(size, 4)) }
        return interface.write(offset - 0x1000, value: value, size: min(size, 4))
    }
}

/// A GICv3 with its windows, and the system registers of both CPUs by a part of their encodings, in one.
private final class GICv3Face: MMIODevice {
    static let typeName = GICv3.typeName
    static let windowSize: UInt64 = 0x60000
    private let gic = GICv3(affinities: [0, 1])
    private let distributor: GICv3Window, redistributors: GICv3Window

    init() { (distributor, redistributors) = (GICv3Window(gic, .distributor), GICv3Window(gic, .redistributors)) }

    func reset() { gic.reset() }
    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) { gic.visit(&visitor) }
    func restored() { gic.restored() }

    /// Of an offset from 0x50000 on: the CPU, whether its virtual interface, and the register among those with CRn = 12 or ICC_PMR_EL1.
    private func register(_ offset: UInt64) -> (encoding: Int, cpu: Int, isVirtual: Bool) {
        let number = Int(offset & 0x7f)
        let base = offset & 0x80 != 0 ? 0xe640 : 0xc640
        return (number == 0x7f ? 0xc230 : base + number % 0x28, Int(offset >> 8 & 1), offset & 0x200 != 0)
    }

    func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        if offset < 0x10000 { return distributor.read(offset, size: size) }
        if offset < 0x50000 { return redistributors.read(offset - 0x10000, size: size) }
        let (encoding, cpu, isVirtual) = register(offset)
        return (gic.readInterface(encoding, cpu: cpu, isVirtual: isVirtual), .ok)
    }

    func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        if offset < 0x10000 { return distributor.write(offset, value: value, size: size) }
        if offset < 0x50000 { return redistributors.write(offset - 0x10000, value: value, size: size) }
        let (encoding, cpu, isVirtual) = register(offset)
        gic.writeInterface(encoding, cpu: cpu, isVirtual: isVirtual, value)
        return .ok
    }
}

/// A PCI device behind a root port: the configuration spaces of both, then the windows of the device, in one.
private final class PCIFace: MMIODevice {
    static let typeName = "pci"
    static let windowSize: UInt64 = 0x2_0000
    private let machine: PCIMachine
    private let device: any PCIDevice
    private let windows: AddressSpace

    init(_ make: (AddressSpace) throws -> any PCIDevice) throws {
        machine = try PCIMachine()
        device = try make(machine.memory)
        machine.port.secondaryBus?.plug(device, at: 0)
        let root = MemoryRegion.container("windows", size: .max)
        for (number, bar) in device.function.bars.sorted(by: { $0.key > $1.key }) { root.add(bar.region, at: UInt64(number) << 14, priority: number) }
        windows = AddressSpace("windows", root: root)
    }

    func reset() {
        machine.host.reset()
        machine.port.reset()
        device.reset()
        machine.openPort()
    }
    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.group("host") { machine.host.visit(&$0) }
        visitor.group("port") { machine.port.visit(&$0) }
        visitor.group("device") { device.visit(&$0) }
    }
    func restored() {
        machine.host.restored()
        machine.port.restored()
        device.restored()
    }

    /// In the configuration spaces the first 256 bytes are met as often as the windows.
    private func place(_ offset: UInt64) -> (space: AddressSpace, address: UInt64) {
        switch offset {
        case ..<0x2000: (machine.memory, PCIMachine.ecam + 0x8000 + offset % 0x100)
        case ..<0x4000: (machine.memory, PCIMachine.ecam + 0x10_0000 + offset % 0x100)
        default: (windows, offset - 0x4000)
        }
    }
    func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let (space, address) = place(offset)
        return space.readRegister(space.section(at: address), address, size: size)
    }
    func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let (space, address) = place(offset)
        return space.writeRegister(space.section(at: address), address, value: value, size: size)
    }
}

/// An ITS with the redistributors of its GIC.
private final class ITSFace: MMIODevice {
    static let typeName = GICv3ITS.typeName
    static let windowSize: UInt64 = 0x6_0000
    private let gic: GICv3
    private let its: GICv3ITS
    private let redistributors: GICv3Window

    init(_ memory: AddressSpace) {
        gic = GICv3(affinities: [0, 1], memory: memory)
        its = GICv3ITS(gic, memory: memory)
        redistributors = GICv3Window(gic, .redistributors)
    }

    func reset() {
        gic.reset()
        its.reset()
    }
    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        gic.visit(&visitor)
        its.visit(&visitor)
    }
    func restored() {
        gic.restored()
        its.restored()
    }
    func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        offset < 0x2_0000 ? its.read(offset % 0x200, size: max(size, 4)) : redistributors.read(offset - 0x2_0000, size: size)
    }
    func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        if offset < 0x2_0000 { return its.write(offset % 0x200, value: value, size: max(size, 4)) }
        return redistributors.write(offset - 0x2_0000, value: value, size: size)
    }
}

/// A Cortex-A9's private parts with their windows in one.
private final class MPCoreFace: MMIODevice {
    static let typeName = MPCorePrivate.typeName
    static let windowSize: UInt64 = 0x300
    private let device: MPCorePrivate
    private let windows: [MPCoreWindow]

    init(_ memory: AddressSpace, _ loop: EventLoop) {
        let device = MPCorePrivate(cpus: 2, memory: memory, loop: loop)
        self.device = device
        windows = ([.unit, .global, .private] as [MPCoreWindow.Kind]).map { MPCoreWindow(device, $0) }
    }

    func reset() { device.reset() }
    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) { device.visit(&visitor) }
    func restored() { device.restored() }
    func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        windows[Int(offset >> 8)].read(offset & 0xfc, size: 4)
    }
    func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult { windows[Int(offset >> 8)].write(offset & 0xfc, value: value, size: 4) }
}

/// What every device must be able to do, tried on each.
@Suite struct ConformanceTests {
    private let loop: EventLoop
    private let memory: AddressSpace

    init() throws {
        loop = try EventLoop()
        loop.setVirtualClockPaused(true)
        let root = MemoryRegion.container("system", size: .max)
        root.add(try MemoryRegion.ram("ram", size: 1 << 20), at: 0)
        memory = AddressSpace("memory", root: root)
    }

    static let names = [
        "uart", "aclint", "plic", "finisher", "rtc", "fw_cfg", "balloon", "entropy", "entropy-legacy", "block", "block-queues", "console",
        "console-legacy",
        "net", "net-legacy", "empty-slot", "pl011", "pl031", "pl061", "ged", "gicv2", "gicv2m", "gicv3", "its", "pci-block",
        "pci-block-legacy", "pci-net", "pci-scsi", "pci-plain", "nvme", "e1000e", "ahci", "sp804", "sp805", "sp810", "pl050", "pl110", "pl111",
        "pl310", "pl190", "sic", "versatile", "pl080", "pl081", "pl110-versatile", "keyboard-ps2", "mouse-ps2", "smc91c111", "versatile-pci",
        "mpcore", "vexpress", "two-wire", "lan9118", "pl181", "gpu", "pci-gpu", "keyboard", "tablet", "bochs", "xhci", "xhci-nec",
        "bcm-ic", "bcm-local", "bcm-systimer", "bcm-armtimer", "bcm-dma", "bcm-mbox", "bcm-aux", "bcm-gpio", "bcm-cprman", "bcm-power", "bcm-asb",
        "bcm-thermal", "bcm-rng", "bcm-spi", "bcm-i2c", "bcm-sdhost", "sdhci",
        "dwc2",
    ]

    private func make(_ name: String) throws -> any MMIODevice {
        func onPCI(_ device: any VirtioDevice) throws -> PCIFace {
            var options = VirtioPCI.Options(vectors: 3)
            options.isModern = !name.hasSuffix("-legacy")
            return try PCIFace { VirtioPCI(memory: $0, device: device, options: options) }
        }
        func transport(_ device: (any VirtioDevice)?) -> VirtioMMIO { VirtioMMIO(memory: memory, device: device, legacy: name.hasSuffix("-legacy")) }
        let hub = InputHub(loop: loop)
        let display = VirtioGPU(PropertyValues(VirtioGPU.type), consoles: (0..<2).map { DisplayConsole(device: "gpu", head: $0) })
        let bus = BroadcomBus(peripherals: 0x3f00_0000, alias: 0xc000_0000)
        switch name {
        case "bcm-ic": return BroadcomInterruptControl()
        case "bcm-local": return QuadA7(loop: loop)
        case "bcm-systimer": return BroadcomSystemTimer(loop: loop)
        case "bcm-armtimer": return BroadcomArmTimer(loop: loop)
        case "bcm-dma": return BroadcomDMA(memory: memory, bus: bus, loop: loop)
        case "bcm-mbox":
            let board = VideoCoreFirmware.Board(revision: 1, serial: 2, address: [0, 0, 0, 0, 0, 0], memory: 1, videoMemory: 2, commandLine: "")
            let picture = VideoCoreFramebuffer(memory: memory, base: 0, limit: 1 << 20)
            let firmware = VideoCoreFirmware(board, memory: memory, bus: bus, framebuffer: picture)
            let mailboxes = BroadcomMailboxes()
            mailboxes.onMessage = { firmware.message($0, $1) }
            return mailboxes
        case "bcm-aux": return BroadcomAuxiliaryUART(backend: NullBackend())
        case "bcm-gpio": return BroadcomGPIO()
        case "bcm-cprman": return BroadcomClockManager()
        case "bcm-power": return BroadcomPowerManager(loop: loop)
        case "bcm-asb": return BroadcomBridge()
        case "bcm-thermal": return BroadcomThermalSensor(offset: 412_000)
        case "bcm-rng": return BroadcomRandomNumbers(loop: loop)
        case "bcm-spi": return BroadcomSPI()
        case "bcm-i2c": return BroadcomI2C()
        case "bcm-sdhost":
            let host = BroadcomSDHost()
            host.attach(SDCard(node: Zeros()))
            return host
        case "dwc2":
            let controller = DWC2(memory: memory, loop: loop) { UInt64($0) }
            let inner = USBHub()
            controller.connectors[0].attach(inner)
            inner.ports[0].attach(USBStorage(SCSIDisk(node: Zeros(), options: SCSIDisk.Options()), serial: "1"))
            return controller
        case "sdhci":
            let host = SDHCI(capabilities: 0x0521_34b4, version: 0x9902)
            host.attach(SDCard(node: Zeros()))
            return host
        case "pl011": return PL011(backend: NullBackend())
        case "sp804": return SP804(loop: loop)
        case "sp805": return SP805(loop: loop)
        case "sp810": return SP810()
        case "pl050": return PL050()
        case "pl110": return PL11x(.pl110, memory: memory)
        case "pl111": return PL11x(.pl111, memory: memory)
        case "pl310": return PL310()
        case "pl190": return PL190()
        case "sic": return SecondaryController()
        case "versatile": return VersatileSystem(.versatile, loop: loop)
        case "pl080": return PL080(.pl080, memory: memory, loop: loop)
        case "pl081": return PL080(.pl081, memory: memory, loop: loop)
        case "pl110-versatile": return PL11x(.versatile, memory: memory)
        case "keyboard-ps2": return PL050(PS2Keyboard())
        case "mouse-ps2": return PL050(PS2Mouse())
        case "smc91c111": return SMC91C111()
        case "versatile-pci": return VersatilePCI(memory: memory)
        case "mpcore": return MPCoreFace(memory, loop)
        case "vexpress": return VersatileExpressSystem(loop: loop, processor: 1, daughterboard: [1_000_000], voltages: [900_000])
        case "two-wire": return TwoWireLines([DS1338(loop: loop, clock: .virtual)])
        case "lan9118": return LAN9118()
        case "pl181":
            let slot = PL180()
            slot.insert(SDCard(node: Zeros()))
            return slot
        case "gpu": return transport(display)
        case "pci-gpu": return try onPCI(display)
        case "keyboard": return transport(VirtioInput(.keyboard, PropertyValues(VirtioInput.type(.keyboard)), hub: hub))
        case "tablet": return transport(VirtioInput(.tablet, PropertyValues(VirtioInput.type(.tablet)), hub: hub))
        case "bochs":
            var values = PropertyValues(BochsDisplay.type)
            try values.set("vgamem", text: "1M")
            return try PCIFace { _ in try BochsDisplay(values, console: DisplayConsole(device: "bochs"), isIntegrated: false) }
        case "pl031": return PL031(loop: loop, clock: .virtual)
        case "pl061": return PL061()
        case "ged": return GenericEventDevice()
        case "gicv2": return GIC400Face(memory)
        case "gicv2m": return GICv2m(first: 80, count: 64)
        case "gicv3": return GICv3Face()
        case "its": return ITSFace(memory)
        case "pci-block", "pci-block-legacy": return try onPCI(VirtioBlock(node: Zeros()))
        case "pci-net": return try onPCI(VirtioNet(address: MACAddress(0x5254_0012_3456), backend: NetworkBackend()))
        case "pci-plain": return try PCIFace { _ in PlainFunction(vectors: 3) }
        case "pci-scsi":
            let adapter = VirtioSCSI()
            adapter.bus.add(SCSIDisk(node: Zeros(), options: SCSIDisk.Options()), at: .init(target: 0, unit: 0))
            return try onPCI(adapter)
        case "e1000e":
            let address = MACAddress(0x5254_0012_3456)
            return try PCIFace { _ in E1000e(address: address, backend: NetworkBackend(), isIntegrated: false) }
        case "ahci":
            let controller = AHCI()
            controller.add(ATADrive(disk: Zeros(), options: ATADrive.Options()), port: 0)
            controller.add(ATADrive(packets: SCSIDisk(node: Zeros(), options: SCSIDisk.Options(.cd)), options: ATADrive.Options()), port: 1)
            return try PCIFace { _ in controller }
        case "xhci", "xhci-nec":
            let controller = XHCI(name == "xhci" ? .standard : .nec, loop: loop, isIntegrated: false)
            controller.connectors[0].attach(HIDDevice(.tablet, PropertyValues(HIDKind.tablet.type), hub: hub, loop: loop))
            controller.connectors[1].attach(USBHub())
            controller.connectors[2].attach(USBStorage(SCSIDisk(node: Zeros(), options: SCSIDisk.Options()), serial: "1"))
            return try PCIFace { _ in controller }
        case "nvme": return try PCIFace { _ in NVMe(node: Zeros(), options: NVMe.Options(), isIntegrated: false) }
        case "uart": return UART16550A(backend: NullBackend(), loop: loop)
        case "aclint": return ACLINT(harts: 3, loop: loop)
        case "plic": return PLIC(harts: 3)
        case "finisher": return TestFinisher { _ in }
        case "rtc": return GoldfishRTC(loop: loop)
        case "fw_cfg": return FirmwareConfiguration(memory: memory)
        case "balloon":
            var values = PropertyValues(VirtioBalloon.type)
            try values.set("free-page-reporting", text: "on")
            return transport(VirtioBalloon(values, memorySize: 1 << 20, loop: loop))
        case "entropy", "entropy-legacy": return transport(VirtioEntropy(loop: loop))
        case "block": return transport(VirtioBlock(node: Zeros()))
        case "block-queues":
            var options = VirtioBlock.Options()
            options.queues = 4
            return transport(VirtioBlock(node: Zeros(), options: options))
        case "console", "console-legacy":
            let console = VirtioConsole(maxPorts: 3)
            console.add(VirtioConsolePort(number: 0, isConsole: true, name: "", backend: NullBackend()))
            console.add(VirtioConsolePort(number: 1, isConsole: false, name: "port", backend: NullBackend()))
            return transport(console)
        case "net", "net-legacy": return transport(VirtioNet(address: MACAddress(0x5254_0012_3456), backend: NetworkBackend(), mtu: 1500))
        default: return transport(nil)
        }
    }

    private struct Random {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 11
        }
    }

    /// Register traffic as a guest that has lost its mind makes it.
    private func disturb(_ device: any MMIODevice, _ random: inout Random, accesses: Int) {
        let root = MemoryRegion.container("root", size: .max)
        root.add(device.makeRegion(), at: 0)
        let space = AddressSpace("space", root: root)
        let section = space.section(at: 0)
        for _ in 0..<accesses {
            let size = 1 << Int(random.next() % 4)
            let offset = random.next() % type(of: device).windowSize & ~UInt64(size - 1)
            if random.next() % 3 == 0 {
                _ = space.readRegister(section, offset, size: size)
            } else {
                _ = space.writeRegister(section, offset, value: random.next() >> (random.next() % 53), size: size)
            }
        }
    }

    /// Whatever has happened to a device, a new one takes over its state, and says the same of itself.
    @Test(arguments: names) func stateMovesToANewDevice(_ name: String) throws {
        var random = Random(state: 5)
        let device = try make(name)
        device.reset()
        for _ in 0..<40 {
            disturb(device, &random, accesses: 50)
            let saved = DeviceSnapshot.save([device])
            let other = try make(name)
            try DeviceSnapshot.restore([other], from: saved)
            #expect(DeviceSnapshot.save([other]) == saved)
        }
    }

    /// The new device also goes on as the old one does.
    @Test(arguments: names.filter { $0 != "rtc" && $0 != "balloon" && !$0.hasPrefix("entropy") }) func bothGoOnAlike(_ name: String) throws {
        var random = Random(state: 77)
        let device = try make(name)
        device.reset()
        disturb(device, &random, accesses: 500)
        let other = try make(name)
        try DeviceSnapshot.restore([other], from: DeviceSnapshot.save([device]))
        var again = random
        disturb(device, &random, accesses: 500)
        disturb(other, &again, accesses: 500)
        #expect(DeviceSnapshot.save([other]) == DeviceSnapshot.save([device]))
    }

    /// A damaged state is refused, or taken over and then harmless; a reset makes the device good again in any case.
    @Test(arguments: names) func damagedStatesDoNoHarm(_ name: String) throws {
        var random = Random(state: 3)
        let device = try make(name)
        device.reset()
        let fresh = DeviceSnapshot.save([device])
        disturb(device, &random, accesses: 300)
        let saved = DeviceSnapshot.save([device])
        for length in stride(from: 0, to: saved.count, by: max(1, saved.count / 50)) {
            #expect(throws: SnapshotError.self) { try DeviceSnapshot.restore([device], from: Array(saved.prefix(length))) }
        }
        for _ in 0..<100 {
            var copy = saved
            copy[5 + Int(random.next() % UInt64(copy.count - 5))] ^= UInt8(1 + random.next() % 255)
            try? DeviceSnapshot.restore([device], from: copy)
            disturb(device, &random, accesses: 100)
        }
        device.reset()
        if name != "rtc" { #expect(try restoredAfresh(name, from: DeviceSnapshot.save([device]), fresh)) }
    }

    /// Whether a device that was reset is as a new one, but for what no reset touches.
    private func restoredAfresh(_ name: String, from saved: [UInt8], _ fresh: [UInt8]) throws -> Bool {
        let device = try make(name)
        try DeviceSnapshot.restore([device], from: saved)
        device.reset()
        return DeviceSnapshot.save([device]).count == fresh.count
    }

    @Test func flashKeepsItsModeOverASnapshot() throws {
        func bank() throws -> (AddressSpace, Flash) {
            let root = MemoryRegion.container("root", size: .max)
            let space = AddressSpace("space", root: root)
            let flash = try Flash(name: "flash", size: 1 << 20, memory: space)
            root.add(flash.region, at: 0)
            flash.reset()
            return (space, flash)
        }
        let codes: [UInt32] = [0xff, 0x40, 0x20, 0x60, 0x01, 0xd0, 0x50, 0x70, 0x90, 0x98, 0xe8, 0x03]
        let (space, flash) = try bank()
        var random = Random(state: 9)
        for _ in 0..<300 {
            space.store(random.next() & 0xf_fffc, codes[Int(random.next() % 12)])
            let saved = DeviceSnapshot.save([flash])
            let (otherSpace, other) = try bank()
            try DeviceSnapshot.restore([other], from: saved)
            #expect(DeviceSnapshot.save([other]) == saved)
            #expect(otherSpace.section(at: 0).kind == space.section(at: 0).kind)
        }
    }

    /// A console that holds a buffer of the driver's for input fills it after the move.
    @Test func buffersMoveWithTheConsole() throws {
        func console() -> (VirtioConsole, NullBackend) {
            let (device, line) = (VirtioConsole(maxPorts: 1), NullBackend())
            device.add(VirtioConsolePort(number: 0, isConsole: true, name: "", backend: line))
            return (device, line)
        }
        let (device, line) = console()
        let driver = try RingDriver(device, features: 0, queues: [0, 1], legacy: false)
        driver.offer(0)
        #expect(line.frontEnd?.receivableBytes() == 256)
        let (second, secondLine) = console()
        let transport = VirtioMMIO(memory: driver.memory, device: second, legacy: false)
        try DeviceSnapshot.restore([transport], from: DeviceSnapshot.save([driver.transport]))
        #expect(secondLine.frontEnd?.receivableBytes() == 256)
        secondLine.frontEnd?.receive([1, 2, 3])
        #expect(driver.taken(0) == [[1, 2, 3]])
        #expect(transport.interrupt.level)
    }

    @Test func anInterruptIsStillThere() throws {
        let plic = PLIC(harts: 1)
        _ = plic.write(4 * 10, value: 1, size: 4)
        _ = plic.write(0x2080, value: 1 << 10, size: 4)
        plic.input(10).set(true)
        let other = PLIC(harts: 1)
        try DeviceSnapshot.restore([other], from: DeviceSnapshot.save([plic]))
        #expect(other.outputs[1].level && !other.outputs[0].level)
        #expect(other.read(0x201004, size: 4).value == 10)
        let few = PLIC(harts: 2)
        #expect(throws: SnapshotError.self, "another number of harts is another device") {
            try DeviceSnapshot.restore([few], from: DeviceSnapshot.save([plic]))
        }
    }
}
