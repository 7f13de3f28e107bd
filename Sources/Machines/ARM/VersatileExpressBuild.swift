import AddressSpace
import ArmSystem
import BlockCore
import BoardKit
import CPUModel
import Chardev
import DeviceModel
import EventLoop
import HostOS
import Input
import MachineModel
import NetworkDevices
import PlatformDevices
import StorageDevices

extension VersatileExpressBoard {
    func build(
        _ configuration: MachineConfiguration, _ guest: String, _ loop: EventLoop, _ request: @escaping (MachineRequest) -> Void
    ) throws -> Machine {
        for (name, value) in configuration.properties where ["on", "true", "yes"].contains(value) {
            throw MachineError.notSupported("-machine \(name)=\(value)")
        }
        let cores = try ArmCores(configuration.cpu ?? cpu, guest: guest)
        guard cores.name == cpu else {
            throw MachineError.notSupported("-machine \(name) with -cpu \(cores.name): its daughterboard has \(cpu), and that")
        }
        let size = configuration.memory ?? 128 << 20
        guard configuration.cpus <= maxCPUs else { throw MachineError.tooManyCPUs(configuration.cpus, machine: name, max: maxCPUs) }
        guard size <= maxMemory else { throw MachineError.tooMuchMemory(size, max: maxMemory) }
        guard size <= hostMemorySize() else { throw MachineError.hostHasLess(size, host: hostMemorySize()) }

        let root = MemoryRegion.container("system", size: .max)
        let memory = AddressSpace("memory", root: root)
        root.add(try MemoryRegion.ram("vexpress.highmem", size: size, from: configuration.memorySource), at: map.memory)
        root.add(try MemoryRegion.ram("vexpress.sram", size: 32 << 20), at: map.sram)
        root.add(try MemoryRegion.ram("vexpress.vram", size: 8 << 20), at: map.videoMemory)
        for (address, size) in map.quiet { QuietWindow(name).add(to: root, at: address, size: size) }

        let cpus = (0..<configuration.cpus).map { index -> any ArmElement in
            var place = ArmCores.Place(affinity: UInt64(index), count: configuration.cpus)
            place.peripheralBase = map.distributor & ~0x1fff
            return cores.make(index, place, memory, loop)
        }
        let gic = GIC400(cpus: cpus.count, memory: memory)
        root.add(GIC400Window(gic, .distributor).makeRegion(size: 0x1000), at: map.distributor)
        root.add(GIC400Window(gic, .interface).makeRegion(size: isA9 ? 0x100 : 0x2000), at: map.cpuInterface)
        for cpu in cpus {
            gic.irq[cpu.index].connect(CPUWires.pin(cpu, .irq))
            gic.fiq[cpu.index].connect(CPUWires.pin(cpu, .fiq))
        }
        let parts = try Parts(self, configuration, loop: loop, memory: memory, request)
        parts.place(root, gic, map)
        let daughterboard = isA9 ? connectA9(cpus, gic, memory, root, loop) : connectA15(cpus, gic, loop)
        let secondaries = cpus.count - 1
        let boot = try BootContents(configuration) {
            try VersatileExpressBoot(self, configuration, cores, memorySize: size, secondaries: secondaries)
        }
        let slots = (0..<VersatileExpressBoard.virtioSlots).map { index in
            DeviceSlot(
                bus: "virtio-mmio", address: map.peripheral(Peripheral.virtio) + 0x200 * UInt64(index), container: root,
                interrupt: gic.input(32 + Shared.virtio + index))
        }
        let machine = Machine(
            name: name, loop: loop, memory: memory, cpus: cpus, devices: [gic] + daughterboard + parts.devices, slots: slots,
            load: { boot.get()?.load(memory, cpus) })
        machine.onboardCard = parts.ethernet
        // The daughterboard's display is the first.
        machine.displays = (daughterboard.compactMap { $0 as? PL11x } + [parts.display]).map(\.console)
        machine.connectCards = parts.connectCards
        machine.plugInput = parts.plugInput
        return machine
    }

    /// The cores' private parts, the level 2 cache, and the daughterboard's own timer and display.
    private func connectA9(
        _ cpus: [any ArmElement], _ gic: GIC400, _ memory: AddressSpace, _ root: MemoryRegion, _ loop: EventLoop
    ) -> [any Device] {
        let own = MPCorePrivate(cpus: cpus.count, memory: memory, loop: loop)
        for cpu in cpus.indices {
            own.comparators[cpu].connect(gic.privateInput(27, cpu: cpu))
            own.timers[cpu].connect(gic.privateInput(29, cpu: cpu))
            own.watchdogs[cpu].connect(gic.privateInput(30, cpu: cpu))
        }
        let base = map.distributor - 0x1000
        root.add(MPCoreWindow(own, .unit).makeRegion(), at: base)
        root.add(MPCoreWindow(own, .global).makeRegion(), at: base + 0x200)
        root.add(MPCoreWindow(own, .private).makeRegion(), at: base + 0x600)
        let cache = PL310(), timer = SP804(loop: loop), display = PL11x(.pl111, memory: memory)
        root.add(cache.makeRegion(), at: 0x1e00_a000)
        root.add(timer.makeRegion(), at: 0x100e_4000)
        root.add(display.makeRegion(), at: 0x1002_0000)
        timer.interrupt.connect(gic.input(32 + 48))
        display.interrupt.connect(gic.input(32 + 44))
        return [own, cache, timer, display]
    }

    private func connectA15(_ cpus: [any ArmElement], _ gic: GIC400, _ loop: EventLoop) -> [any Device] {
        for cpu in cpus {
            CPUWires.connectTimers(cpu, loop) { gic.privateInput(16 + ArmVirtBoard.Private.of($0), cpu: cpu.index) }
        }
        return []
    }
}

extension LAN9118: OnboardCard {}

/// The motherboard's devices.
private struct Parts {
    private let system: VersatileExpressSystem
    private let controller = SP810(), bus = TwoWireLines(), displayBus = TwoWireLines()
    private let plugged = (keyboard: PS2Keyboard(), mouse: PS2Mouse())
    private let keyboard: PL050, mouse: PL050
    let display: PL11x
    private let uarts: [PL011]
    private let timers: [SP804]
    private let watchdog: SP805
    private let clock: PL031
    private let flash: [Flash]
    let ethernet = LAN9118()
    private let cards = PL180()

    init(
        _ board: VersatileExpressBoard, _ configuration: MachineConfiguration, loop: EventLoop, memory: AddressSpace,
        _ request: @escaping (MachineRequest) -> Void
    ) throws {
        (keyboard, mouse) = (PL050(plugged.keyboard), PL050(plugged.mouse))
        display = PL11x(.pl111, memory: memory)
        system = VersatileExpressSystem(loop: loop, processor: board.processor, daughterboard: board.oscillators, voltages: board.voltages)
        system.onRequest = { request($0 == .shutdown ? .powerOff(status: 0) : .reset) }
        uarts = (0..<VersatileExpressBoard.uartCount).map { PL011(backend: Baseboard.serial(configuration, $0)) }
        timers = VersatileExpressBoard.Peripheral.timers.map { _ in SP804(loop: loop) }
        watchdog = SP805(loop: loop)
        watchdog.onReset = { request(.reset) }
        clock = PL031(loop: loop, offset: configuration.clockOffset, clock: configuration.clock)
        let banks = FlashBanks(start: board.map.flash[0], size: VersatileExpressBoard.flashSize, count: 2)
        flash = try banks.make(configuration, memory: memory, firmware: try VersatileExpressBoot.firmware(configuration))
    }

    var devices: [any Device] {
        let simple: [any Device] = [system, controller, bus, displayBus, keyboard, mouse, display, watchdog, clock, ethernet, cards]
        return simple + uarts + timers + flash
    }

    /// The motherboard's slot for memory cards, of which SYS_MCI tells.
    func connectCards(_ node: any BlockNode) throws -> any MediumSlot {
        try CardSlot(node) { [cards, system] card in
            cards.insert(card)
            (system.hasCard, system.cardIsReadOnly) = (card != nil, card?.isReadOnly == true)
        }
    }

    func plugInput(into hub: InputHub) {
        plugged.keyboard.plug(into: hub)
        plugged.mouse.plug(into: hub)
    }

    func place(_ root: MemoryRegion, _ gic: GIC400, _ map: VersatileExpressBoard.Map) {
        typealias Peripheral = VersatileExpressBoard.Peripheral
        typealias Shared = VersatileExpressBoard.Shared
        func put(_ device: some MMIODevice, _ number: UInt64, _ pin: OutputPin? = nil, _ interrupt: Int = 0) {
            root.add(device.makeRegion(), at: map.peripheral(number))
            pin?.connect(gic.input(32 + interrupt))
        }
        put(system, Peripheral.system)
        put(controller, Peripheral.controller)
        put(bus, Peripheral.bus)
        put(displayBus, Peripheral.displayBus)
        put(keyboard, Peripheral.keyboard, keyboard.interrupt, Shared.keyboard)
        put(mouse, Peripheral.mouse, mouse.interrupt, Shared.mouse)
        put(display, Peripheral.display, display.interrupt, Shared.display)
        put(watchdog, Peripheral.watchdog, watchdog.interrupt, Shared.watchdog)
        put(cards, Peripheral.cards)
        for (index, pin) in cards.interrupts.enumerated() { pin.connect(gic.input(32 + Shared.cards[index])) }
        root.add(ethernet.makeRegion(), at: map.ethernet)
        ethernet.interrupt.connect(gic.input(32 + Shared.ethernet))
        put(clock, Peripheral.clock, clock.interrupt, Shared.clock)
        for (index, uart) in uarts.enumerated() { put(uart, Peripheral.uart + UInt64(index), uart.interrupt, Shared.uart + index) }
        for (index, timer) in timers.enumerated() { put(timer, Peripheral.timers[index], timer.interrupt, Shared.timers[index]) }
        for (bank, device) in flash.enumerated() { root.add(device.region, at: map.flash[bank]) }
        // The processor starts in the first bank.
        root.add(.alias("vexpress.flashalias", of: flash[0].region, size: VersatileExpressBoard.flashSize), at: 0)
    }
}
