import AddressSpace
import ArmSystem
import BlockCore
import BoardKit
import Chardev
import DeviceModel
import EventLoop
import HostOS
import MachineModel
import NetworkDevices
import PCI
import PlatformDevices
import StorageDevices

/// Arm's Versatile boards as QEMU 7.2 lays them out: the Platform Baseboard for ARM926EJ-S (DUI 0224), and the Application Baseboard (DUI 0225) with less on it.
public struct VersatileBoard: Sendable {
    private enum Map {
        static let system: UInt64 = 0x1000_0000, pci: UInt64 = 0x1000_1000, bus: UInt64 = 0x1000_2000, secondary: UInt64 = 0x1000_3000
        static let cards: [UInt64] = [0x1000_5000, 0x1000_b000], keyboard: UInt64 = 0x1000_6000, mouse: UInt64 = 0x1000_7000
        static let ethernet: UInt64 = 0x1001_0000, display: UInt64 = 0x1012_0000, dma: UInt64 = 0x1013_0000, vectors: UInt64 = 0x1014_0000
        static let controller: UInt64 = 0x101e_0000, watchdog: UInt64 = 0x101e_1000, timers: [UInt64] = [0x101e_2000, 0x101e_3000]
        static let pins: [UInt64] = [0x101e_4000, 0x101e_5000, 0x101e_6000, 0x101e_7000], clock: UInt64 = 0x101e_8000
        static let uarts: [UInt64] = [0x101f_1000, 0x101f_2000, 0x101f_3000, 0x1000_9000], flash: UInt64 = 0x3400_0000
    }

    /// Inputs of the PL190.
    private enum Primary {
        static let watchdog = 0, timers = [4, 5], pins = [6, 7, 8, 9], clock = 10, uarts = [12, 13, 14], display = 16, dma = 17, secondary = 31
    }

    /// Inputs of the secondary controller.
    private enum Secondary {
        static let keyboard = 3, mouse = 4, uart = 6, ethernet = 25, pci = 27
        /// Both interrupts of each card's interface.
        static let cards = [[22, 1], [23, 2]]
    }

    private static let maxMemory: UInt64 = 256 << 20
    private static let flash = FlashBanks(start: Map.flash, size: 64 << 20, count: 1)
    private static let cores = ["arm926", "arm1136", "arm1176"]

    private let name: String, help: String
    private let machineNumber: UInt64
    /// The Platform Baseboard has PCI, a fourth UART, two more PL061 and a second card interface.
    private let isPlatform: Bool

    private static let platform = VersatileBoard(name: "versatilepb", help: "ARM Versatile/PB (ARM926EJ-S)", machineNumber: 0x183, isPlatform: true)
    private static let application = VersatileBoard(
        name: "versatileab", help: "ARM Versatile/AB (ARM926EJ-S)", machineNumber: 0x25e, isPlatform: false)

    public static var types: [MachineType] { [platform.type, application.type] }

    private var type: MachineType {
        MachineType(
            name: name, help: help, guests: ["arm"], maxCPUs: 1, defaultMemory: 128 << 20, memoryID: "versatile.ram", serialPorts: uartCount,
            defaultCPU: { _ in "arm926" }, build: build)
    }

    private var uartCount: Int { isPlatform ? 4 : 3 }

    private func build(
        _ configuration: MachineConfiguration, _ guest: String, _ loop: EventLoop, _ request: @escaping (MachineRequest) -> Void
    ) throws -> Machine {
        let cores = try Baseboard.cores(configuration, guest, board: name, default: "arm926", among: VersatileBoard.cores)
        let size = try Baseboard.memorySize(configuration, board: name, max: VersatileBoard.maxMemory)
        let root = MemoryRegion.container("system", size: .max)
        let memory = AddressSpace("memory", root: root)
        root.add(try MemoryRegion.ram("versatile.ram", size: size, from: configuration.memorySource), at: 0)
        QuietWindow(name).add(to: root, at: Map.system, size: 0x20_0000)

        let cpu = cores.make(0, ArmCores.Place(affinity: 0, count: 1), memory, loop)
        let primary = PL190(), secondary = SecondaryController()
        primary.irq.connect(CPUWires.pin(cpu, .irq))
        primary.fiq.connect(CPUWires.pin(cpu, .fiq))
        secondary.interrupt.connect(primary.input(Primary.secondary))
        for (pin, input) in zip(secondary.directInterrupts, SecondaryController.direct) { pin.connect(primary.input(input)) }
        root.add(primary.makeRegion(), at: Map.vectors)
        root.add(secondary.makeRegion(), at: Map.secondary)

        var place = Baseboard.Placement(root)
        let system = VersatileSystem(.versatile, loop: loop)
        system.onReset = { request(.reset) }
        place.put(system, Map.system)
        let display = PL11x(.versatile, memory: memory)
        system.onDisplayMode = { [unowned display] in display.multiplexer = $0 }
        place.put(display, Map.display, display.interrupt, primary.input(Primary.display))
        let dma = PL080(isPlatform ? .pl080 : .pl081, memory: memory, loop: loop)
        place.put(dma, Map.dma, dma.interrupt, primary.input(Primary.dma))
        let calendar = DS1338(loop: loop, offset: configuration.clockOffset, clock: configuration.clock)
        place.put(TwoWireLines([calendar]), Map.bus)
        place.put(SP810(), Map.controller)
        let watchdog = SP805(loop: loop)
        watchdog.onReset = { request(.reset) }
        place.put(watchdog, Map.watchdog, watchdog.interrupt, primary.input(Primary.watchdog))
        for (address, input) in zip(Map.timers, Primary.timers) {
            let timer = SP804(loop: loop)
            place.put(timer, address, timer.interrupt, primary.input(input))
        }
        for (address, input) in zip(Map.pins, Primary.pins).prefix(isPlatform ? 4 : 2) {
            let pins = PL061()
            place.put(pins, address, pins.interrupt, primary.input(input))
        }
        let clock = PL031(loop: loop, offset: configuration.clockOffset, clock: configuration.clock)
        place.put(clock, Map.clock, clock.interrupt, primary.input(Primary.clock))
        for index in 0..<uartCount {
            let uart = PL011(backend: Baseboard.serial(configuration, index))
            let input = index < Primary.uarts.count ? primary.input(Primary.uarts[index]) : secondary.input(Secondary.uart)
            place.put(uart, Map.uarts[index], uart.interrupt, input)
        }
        let (keyboard, mouse) = (PS2Keyboard(), PS2Mouse())
        let sockets = (PL050(keyboard), PL050(mouse))
        place.put(sockets.0, Map.keyboard, sockets.0.interrupt, secondary.input(Secondary.keyboard))
        place.put(sockets.1, Map.mouse, sockets.1.interrupt, secondary.input(Secondary.mouse))
        let ethernet = SMC91C111()
        place.put(ethernet, Map.ethernet, ethernet.interrupt, secondary.input(Secondary.ethernet))
        let slots = Map.cards.prefix(isPlatform ? 2 : 1).enumerated().map { index, address -> PL180 in
            let slot = PL180()
            place.put(slot, address)
            for (pin, input) in zip(slot.interrupts, Secondary.cards[index]) { pin.connect(secondary.input(input)) }
            return slot
        }
        let pci = isPlatform ? VersatilePCI(memory: memory) : nil
        if let pci {
            place.put(pci, Map.pci)
            place.devices.append(pci.host)
            pci.place(in: root)
            // INTA of the device number 24, or any that is a multiple of four, is the third wire.
            for (wire, pin) in pci.host.interrupts.enumerated() { pin.connect(secondary.input(Secondary.pci + (wire + 2) % 4)) }
        }
        let flash = try VersatileBoard.flash.make(configuration, memory: memory)
        for (bank, device) in flash.enumerated() { root.add(device.region, at: VersatileBoard.flash.address(bank)) }
        let boot = try BootContents(configuration) {
            try BaseboardBoot(configuration, cores, machineNumber: machineNumber, base: 0, memorySize: size)
        }
        let start = configuration.flash[0] == nil ? nil : ArmStart(pc: Map.flash)
        let machine = Machine(
            name: name, loop: loop, memory: memory, cpus: [cpu], devices: [primary, secondary] + place.devices + flash, slots: [], pci: pci?.host,
            load: {
                boot.get()?.load(memory, cpu)
                if let start { cpu.start = start }
            })
        machine.onboardCard = ethernet
        machine.displays = [display.console]
        machine.plugInput = { hub in
            keyboard.plug(into: hub)
            mouse.plug(into: hub)
        }
        machine.connectCards = { [unowned system] node in
            try CardSlot(node) { card in
                slots[0].insert(card)
                system.cards[0] = (card != nil, card?.isReadOnly == true)
            }
        }
        return machine
    }
}

extension SMC91C111: OnboardCard {}
