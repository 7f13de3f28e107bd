import AddressSpace
import ArmSystem
import BlockCore
import BoardKit
import DeviceModel
import EventLoop
import MachineModel
import NetworkDevices
import PlatformDevices
import StorageDevices

/// Arm's RealView Platform Baseboard for Cortex-A8 (DUI 0417), as QEMU 7.2 lays it out.
public enum RealViewBoard {
    private enum Map {
        static let system: UInt64 = 0x1000_0000, controllers: [UInt64] = [0x1000_1000, 0x1001_a000], buses: [UInt64] = [0x1000_2000, 0x1001_6000]
        static let cards: UInt64 = 0x1000_5000, keyboard: UInt64 = 0x1000_6000, mouse: UInt64 = 0x1000_7000
        static let uarts: [UInt64] = [0x1000_9000, 0x1000_a000, 0x1000_b000, 0x1000_c000], watchdogs: [UInt64] = [0x1000_f000, 0x1001_0000]
        static let timers: [UInt64] = [0x1001_1000, 0x1001_2000, 0x1001_8000, 0x1001_9000]
        static let pins: [UInt64] = [0x1001_3000, 0x1001_4000, 0x1001_5000], clock: UInt64 = 0x1001_7000
        static let display: UInt64 = 0x1002_0000, dma: UInt64 = 0x1003_0000, interrupts: UInt64 = 0x1e00_0000, distributor: UInt64 = 0x1e00_1000
        static let flash: UInt64 = 0x4000_0000, ethernet: UInt64 = 0x4e00_0000, memory: UInt64 = 0x7000_0000
    }

    /// Shared interrupts, counted from 0.
    private enum Shared {
        static let watchdogs = [0, 40], timers = [4, 5, 41, 42], pins = [6, 7, 8], clock = 10, uarts = [12, 13, 14, 15], cards = [17, 18]
        static let keyboard = 20, mouse = 21, display = 23, dma = 24, ethernet = 28
    }

    /// Pins of the third PL061 that tell of a card: low if there is one, high if it cannot be written.
    private enum CardPin { static let isMissing = 0, isReadOnly = 1 }

    private static let name = "realview-pb-a8"
    private static let machineNumber: UInt64 = 0x769
    private static let maxMemory: UInt64 = 512 << 20, lowMemory: UInt64 = 256 << 20
    private static let flash = FlashBanks(start: Map.flash, size: 64 << 20, count: 2)

    public static var type: MachineType {
        MachineType(
            name: name, help: "ARM RealView Platform Baseboard for Cortex-A8", guests: ["arm"], maxCPUs: 1, defaultMemory: 128 << 20,
            memoryID: "realview.highmem", serialPorts: Map.uarts.count, defaultCPU: { _ in "cortex-a8" }, build: build)
    }

    private static func build(
        _ configuration: MachineConfiguration, _ guest: String, _ loop: EventLoop, _ request: @escaping (MachineRequest) -> Void
    ) throws -> Machine {
        let cores = try Baseboard.cores(configuration, guest, board: name, default: "cortex-a8", among: ["cortex-a8"])
        let size = try Baseboard.memorySize(configuration, board: name, max: maxMemory)
        let root = MemoryRegion.container("system", size: .max)
        let memory = AddressSpace("memory", root: root)
        let ram = try MemoryRegion.ram("realview.highmem", size: size, from: configuration.memorySource)
        root.add(ram, at: Map.memory)
        root.add(.alias("realview.alias", of: ram, size: min(size, lowMemory)), at: 0)
        QuietWindow(name).add(to: root, at: Map.system, size: 0x10_0000)

        let cpu = cores.make(0, ArmCores.Place(affinity: 0, count: 1), memory, loop)
        let gic = GIC400(cpus: 1, memory: memory)
        root.add(GIC400Window(gic, .distributor).makeRegion(size: 0x1000), at: Map.distributor)
        root.add(GIC400Window(gic, .interface).makeRegion(size: 0x100), at: Map.interrupts)
        gic.irq[0].connect(CPUWires.pin(cpu, .irq))
        gic.fiq[0].connect(CPUWires.pin(cpu, .fiq))
        func shared(_ number: Int) -> InputPin { gic.input(32 + number) }

        var place = Baseboard.Placement(root)
        let system = VersatileSystem(.platformA8, loop: loop)
        system.onReset = { request(.reset) }
        place.put(system, Map.system)
        for address in Map.controllers { place.put(SP810(), address) }
        let calendar = DS1338(loop: loop, offset: configuration.clockOffset, clock: configuration.clock)
        for (address, devices) in zip(Map.buses, [[calendar], []]) { place.put(TwoWireLines(devices), address) }
        for (address, input) in zip(Map.watchdogs, Shared.watchdogs) {
            let watchdog = SP805(loop: loop)
            watchdog.onReset = { request(.reset) }
            place.put(watchdog, address, watchdog.interrupt, shared(input))
        }
        for (address, input) in zip(Map.timers, Shared.timers) {
            let timer = SP804(loop: loop)
            place.put(timer, address, timer.interrupt, shared(input))
        }
        let pins = zip(Map.pins, Shared.pins).map { address, input -> PL061 in
            let pins = PL061()
            place.put(pins, address, pins.interrupt, shared(input))
            return pins
        }
        let clock = PL031(loop: loop, offset: configuration.clockOffset, clock: configuration.clock)
        place.put(clock, Map.clock, clock.interrupt, shared(Shared.clock))
        for (index, address) in Map.uarts.enumerated() {
            let uart = PL011(backend: Baseboard.serial(configuration, index))
            place.put(uart, address, uart.interrupt, shared(Shared.uarts[index]))
        }
        let (keyboard, mouse) = (PS2Keyboard(), PS2Mouse())
        let sockets = (PL050(keyboard), PL050(mouse))
        place.put(sockets.0, Map.keyboard, sockets.0.interrupt, shared(Shared.keyboard))
        place.put(sockets.1, Map.mouse, sockets.1.interrupt, shared(Shared.mouse))
        let display = PL11x(.pl111, memory: memory)
        place.put(display, Map.display, display.interrupt, shared(Shared.display))
        let dma = PL080(.pl081, memory: memory, loop: loop)
        place.put(dma, Map.dma, dma.interrupt, shared(Shared.dma))
        let ethernet = LAN9118()
        place.put(ethernet, Map.ethernet, ethernet.interrupt, shared(Shared.ethernet))
        let slot = PL180()
        place.put(slot, Map.cards)
        for (pin, input) in zip(slot.interrupts, Shared.cards) { pin.connect(shared(input)) }
        let flash = try RealViewBoard.flash.make(configuration, memory: memory)
        for (bank, device) in flash.enumerated() { root.add(device.region, at: RealViewBoard.flash.address(bank)) }
        let boot = try BootContents(configuration) {
            try BaseboardBoot(configuration, cores, machineNumber: machineNumber, base: Map.memory, memorySize: size)
        }
        let start = configuration.flash[0] == nil ? nil : ArmStart(pc: Map.flash)
        let machine = Machine(
            name: name, loop: loop, memory: memory, cpus: [cpu], devices: [gic] + place.devices + flash, slots: [],
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
        pins[2].input(CardPin.isMissing).set(true)
        machine.connectCards = { [unowned system] node in
            try CardSlot(node) { card in
                slot.insert(card)
                system.cards[0] = (card != nil, card?.isReadOnly == true)
                pins[2].input(CardPin.isMissing).set(card == nil)
                pins[2].input(CardPin.isReadOnly).set(card?.isReadOnly == true)
            }
        }
        return machine
    }
}
