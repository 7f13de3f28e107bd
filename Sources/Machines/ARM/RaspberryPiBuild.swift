import AddressSpace
import ArmSystem
import BlockCore
import BoardKit
import BroadcomDevices
import CPUModel
import Chardev
import DeviceModel
import EventLoop
import GuestAArch64
import GuestARM
import HostOS
import MachineModel
import PlatformDevices
import StorageDevices

extension RaspberryPiBoard {
    func build(
        _ configuration: MachineConfiguration, _ guest: String, _ loop: EventLoop, _ request: @escaping (MachineRequest) -> Void
    ) throws -> Machine {
        let cores = try check(configuration)
        let root = MemoryRegion.container("system", size: .max)
        let memory = AddressSpace("memory", root: root)
        root.add(try MemoryRegion.ram("ram", size: self.memory, from: configuration.memorySource), at: 0)

        let cpus = (0..<self.cores).map { index -> any ArmElement in
            var place = ArmCores.Place(affinity: affinity | UInt64(index), count: self.cores)
            // Of the AArch64 cores all levels are there; those of AArch32 start in the view that is not secure.
            (place.virtualization, place.secure) = (chip == .bcm2837, chip == .bcm2837)
            return cores.make(index, place, memory, loop)
        }
        let parts = RaspberryPiParts(self, configuration, memory: memory, loop: loop)
        parts.power.onRequest = { request($0 == .shutdown ? .powerOff(status: 0) : .reset) }
        // Before what of the memory reaches as far.
        root.add(parts.window(of: self), at: peripherals, priority: 1)
        let local = chip == .bcm2835 ? nil : connectLocal(cpus, parts.interrupts, root, loop)
        if local == nil, let cpu = cpus.first {
            parts.interrupts.irq.connect(CPUWires.pin(cpu, .irq))
            parts.interrupts.fiq.connect(CPUWires.pin(cpu, .fiq))
        }
        let boot = try BootContents(configuration) { try RaspberryPiBoot(self, configuration, cores) }
        let machine = Machine(
            name: name, loop: loop, memory: memory, cpus: cpus, devices: parts.devices + (local.map { [$0] } ?? []), slots: [],
            load: { boot.get()?.load(memory, cpus) })
        machine.displays = [parts.picture.console]
        machine.connectCards = parts.connectCards
        return machine
    }

    /// What cannot be otherwise on this board, and its cores.
    private func check(_ configuration: MachineConfiguration) throws -> ArmCores {
        if let wanted = configuration.cpu, wanted != cpu { throw MachineError.notSupported("-machine \(name) with -cpu \(wanted): it has \(cpu), and that") }
        guard configuration.cpus <= cores else { throw MachineError.tooManyCPUs(configuration.cpus, machine: name, max: cores) }
        guard configuration.cpus == cores else { throw MachineError.tooFewCPUs(configuration.cpus, machine: name, min: cores) }
        let size = configuration.memory ?? memory
        guard size == memory else { throw MachineError.wrongMemory(size, machine: name, needed: memory) }
        guard size <= hostMemorySize() else { throw MachineError.hostHasLess(size, host: hostMemorySize()) }
        return chip == .bcm2837 ? .aarch64(try AArch64Model(cpu)) : .aarch32(try ARMModel(cpu))
    }

    /// The four cores' own parts.
    private func connectLocal(
        _ cpus: [any ArmElement], _ interrupts: BroadcomInterruptControl, _ root: MemoryRegion, _ loop: EventLoop
    ) -> QuadA7 {
        let local = QuadA7(loop: loop)
        QuietWindow("bcm2836-local").add(to: root, at: RaspberryPiBoard.localPeripherals, size: 0x4_0000)
        root.add(local.makeRegion(), at: RaspberryPiBoard.localPeripherals, priority: 1)
        interrupts.irq.connect(local.gpuInputs.irq)
        interrupts.fiq.connect(local.gpuInputs.fiq)
        for cpu in cpus {
            local.irq[cpu.index].connect(CPUWires.pin(cpu, .irq))
            local.fiq[cpu.index].connect(CPUWires.pin(cpu, .fiq))
            CPUWires.connectTimers(cpu, loop) { timer in RaspberryPiBoard.source(timer).map { local.input($0, core: cpu.index) } ?? InputPin { _ in } }
        }
        return local
    }

    /// The wire of a core's timer; none for the one that these cores have not.
    private static func source(_ timer: GenericTimer) -> QuadA7.Source? {
        switch timer {
        case .physical: .physicalTimer
        case .virtual: .virtualTimer
        case .hypervisor: .hypervisorTimer
        case .secure: .securePhysicalTimer
        case .hostVirtual: nil
        }
    }
}

/// The chip's peripherals.
private struct RaspberryPiParts {
    let interrupts = BroadcomInterruptControl()
    let power: BroadcomPowerManager
    let picture: VideoCoreFramebuffer
    private let firmware: VideoCoreFirmware
    private let systemTimer: BroadcomSystemTimer, armTimer: BroadcomArmTimer
    private let dma: BroadcomDMA
    private let mailboxes = BroadcomMailboxes(), bridge = BroadcomBridge(), clocks = BroadcomClockManager(), pins = BroadcomGPIO()
    private let random: BroadcomRandomNumbers, thermal: BroadcomThermalSensor
    private let uart: PL011, auxiliary: BroadcomAuxiliaryUART
    private let spi = BroadcomSPI()
    private let i2c = RaspberryPiBoard.Peripheral.i2c.map { _ in BroadcomI2C() }
    private let i2cLine = SharedLine()
    private let dmaLine = SharedLine()
    private let sdhost = BroadcomSDHost()
    /// Arasan's: high speed, 3.3 and 1.8 V, a base clock of 52 MHz.
    private let sdhci = SDHCI(capabilities: 0x0521_34b4, version: 0x9902)
    private let slot = BroadcomCardSlot()

    init(_ board: RaspberryPiBoard, _ configuration: MachineConfiguration, memory: AddressSpace, loop: EventLoop) {
        let bus = BroadcomBus(peripherals: board.peripherals, alias: board.busAlias)
        power = BroadcomPowerManager(loop: loop)
        let limit = UInt32(RaspberryPiBoard.videoMemory - RaspberryPiBoard.pictureOffset)
        // What the peripherals hide at the end of the memory cannot be shown.
        let end = min(board.memory, board.peripherals), base = board.armMemory + RaspberryPiBoard.pictureOffset
        picture = VideoCoreFramebuffer(memory: memory, base: base, limit: min(limit, UInt32(end - base)))
        let own = VideoCoreFirmware.Board(
            revision: board.revision, serial: 0xa412_3456, address: [0xb8, 0x27, 0xeb, 0x12, 0x34, 0x56], memory: UInt32(board.armMemory),
            videoMemory: UInt32(RaspberryPiBoard.videoMemory), commandLine: configuration.commandLine ?? "")
        firmware = VideoCoreFirmware(own, memory: memory, bus: bus, framebuffer: picture)
        systemTimer = BroadcomSystemTimer(loop: loop)
        armTimer = BroadcomArmTimer(loop: loop)
        dma = BroadcomDMA(memory: memory, bus: bus, loop: loop)
        random = BroadcomRandomNumbers(loop: loop)
        thermal = BroadcomThermalSensor(offset: board.chip == .bcm2837 ? 412_000 : 407_000)
        func serial(_ port: Int) -> CharacterBackend { port < configuration.serial.count ? configuration.serial[port] : NullBackend() }
        uart = PL011(backend: serial(0))
        auxiliary = BroadcomAuxiliaryUART(backend: serial(1))
        connect()
    }

    var devices: [any Device] {
        let simple: [any Device] = [
            interrupts, systemTimer, armTimer, dma, mailboxes, firmware, picture, bridge, power, clocks, random, thermal, uart, auxiliary, spi, sdhost,
            sdhci, slot, pins,
        ]
        return simple + i2c
    }

    /// Memory cards for whichever host the pins give them to.
    func connectCards(_ node: any BlockNode) throws -> any MediumSlot { try CardSlot(node) { [slot] in slot.insert($0) } }

    private func connect() {
        typealias Line = RaspberryPiBoard.Line
        for (channel, pin) in systemTimer.interrupts.enumerated() { pin.connect(interrupts.input(Line.systemTimer + channel)) }
        armTimer.interrupt.connect(interrupts.input(.timer))
        mailboxes.interrupt.connect(interrupts.input(.mailbox))
        mailboxes.onMessage = { [firmware] in firmware.message($0, $1) }
        dmaLine.connect(interrupts.input(Line.dma + 11))
        for channel in 0..<15 {
            guard let line = Line.dma(channel: channel) else { continue }
            dma.interrupts[channel].connect(channel < 11 ? interrupts.input(line) : dmaLine.input())
        }
        auxiliary.interrupt.connect(interrupts.input(Line.auxiliary))
        uart.interrupt.connect(interrupts.input(Line.uart))
        for (index, pin) in pins.interrupts.enumerated() { pin.connect(interrupts.input(Line.pins + index)) }
        pins.onCardHost = { [slot, sdhost, sdhci] in slot.connect($0 == .sdhost ? sdhost : sdhci) }
        i2cLine.connect(interrupts.input(Line.i2c))
        for master in i2c { master.interrupt.connect(i2cLine.input()) }
        spi.interrupt.connect(interrupts.input(Line.spi))
        sdhost.interrupt.connect(interrupts.input(Line.sdhost))
        sdhost.dmaRequest.connect(dma.request(RaspberryPiBoard.Request.sdhost))
        sdhci.interrupt.connect(interrupts.input(Line.sdhci))
    }

    /// The peripherals as the Arm sees them; where there is nothing, reads give zero.
    func window(of board: RaspberryPiBoard) -> MemoryRegion {
        typealias Peripheral = RaspberryPiBoard.Peripheral
        let window = MemoryRegion.container("bcm2835-peripherals", size: Peripheral.size)
        QuietWindow(board.name).add(to: window, at: 0, size: Peripheral.size)
        func put(_ device: some MMIODevice, _ offset: UInt64) { window.add(device.makeRegion(), at: offset) }
        put(systemTimer, Peripheral.systemTimer)
        put(dma, Peripheral.dma)
        put(bridge, Peripheral.bridge)
        put(interrupts, Peripheral.interrupts)
        put(armTimer, Peripheral.armTimer)
        put(mailboxes, Peripheral.mailboxes)
        put(power, Peripheral.power)
        put(clocks, Peripheral.clocks)
        put(random, Peripheral.random)
        put(pins, Peripheral.pins)
        put(uart, Peripheral.uart)
        put(sdhost, Peripheral.sdhost)
        put(spi, Peripheral.spi)
        for (index, master) in i2c.enumerated() { put(master, Peripheral.i2c[index]) }
        put(thermal, Peripheral.thermal)
        put(auxiliary, Peripheral.auxiliary)
        put(sdhci, Peripheral.sdhci)
        window.add(BroadcomDMALastChannel(dma).makeRegion(), at: Peripheral.lastDMA)
        return window
    }
}

/// Wires that are joined to one: it is high as long as any of them is.
private final class SharedLine {
    private var levels: [Bool] = []
    private let output = OutputPin()

    func connect(_ pin: InputPin) { output.connect(pin) }

    func input() -> InputPin {
        let number = levels.count
        levels.append(false)
        return InputPin { [self] level in
            levels[number] = level
            output.set(levels.contains(true))
        }
    }
}
