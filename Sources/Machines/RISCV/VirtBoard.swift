import AddressSpace
import BoardKit
import CPUModel
import Chardev
import DeviceModel
import DeviceTree
import EventLoop
import GuestRISCV
import HostOS
import MachineModel
import ObjectModel
import PlatformDevices

/// The `virt` board, as QEMU 7.2 lays it out.
public enum VirtBoard {
    /// Address and size of everything on the board.
    enum Map {
        static let bootROM: (UInt64, UInt64) = (0x1000, 0xf000)
        static let test: (UInt64, UInt64) = (0x10_0000, 0x1000)
        static let rtc: (UInt64, UInt64) = (0x10_1000, 0x1000)
        static let aclint: (UInt64, UInt64) = (0x200_0000, 0x10000)
        static let plic: (UInt64, UInt64) = (0xc00_0000, 0x60_0000)
        static let uart: (UInt64, UInt64) = (0x1000_0000, 0x100)
        static let virtio: (UInt64, UInt64) = (0x1000_1000, 0x1000)
        static let firmwareConfiguration: (UInt64, UInt64) = (0x1010_0000, 0x18)
        static let pciIO: (UInt64, UInt64) = (0x300_0000, 0x1_0000)
        static let pciConfiguration: (UInt64, UInt64) = (0x3000_0000, 0x1000_0000)
        static let pciMemory: (UInt64, UInt64) = (0x4000_0000, 0x4000_0000)
        /// Of the first bank; the other follows.
        static let flash: (UInt64, UInt64) = (0x2000_0000, 0x200_0000)
        static let memory: UInt64 = 0x8000_0000
    }

    /// Interrupt sources at the PLIC.
    enum Source {
        static let virtio = 1, uart = 10, rtc = 11, pci = 32
    }

    static let virtioSlots = 8
    static let flash = FlashBanks(start: Map.flash.0, size: Map.flash.1, count: 2)

    /// 64-bit windows lie behind RAM, or with 32-bit cpus where only PCI sees them.
    static func pci(memorySize: UInt64, rv64: Bool) -> PCILayout {
        let size: UInt64 = rv64 ? 16 << 30 : 4 << 30
        let start = rv64 ? (Map.memory + memorySize + size - 1) & ~(size - 1) : 0x3_0000_0000
        return PCILayout(configuration: Map.pciConfiguration, io: Map.pciIO, memory: Map.pciMemory, highMemory: (start, size))
    }

    public static var type: MachineType {
        MachineType(
            name: "virt", help: "RISC-V VirtIO board", guests: ["riscv64", "riscv32"], maxCPUs: 512, defaultMemory: 128 << 20,
            memoryID: "riscv_virt_board.ram", defaultCPU: { $0 == "riscv32" ? "rv32" : "rv64" },
            properties: [
                Property("aclint", .bool, default: false, "timers and software interrupts as ACLINT devices"),
                Property("aia", .choice("str", ["none", "aplic", "aplic-imsic"]), default: "none", "the advanced interrupt architecture"),
            ],
            numa: NUMASupport(takesMemory: true) { cpu, _, cpus, nodes in min(cpu / max(1, cpus / nodes), nodes - 1) },
            cpuPlace: { cpu, _ in CPUPlace(core: cpu) }, build: build)
    }

    static func build(
        _ configuration: MachineConfiguration, _ guest: String, _ loop: EventLoop, _ request: @escaping (MachineRequest) -> Void
    ) throws -> Machine {
        for (name, value) in configuration.properties where !["off", "none"].contains(value) {
            throw MachineError.notSupported("-machine \(name)=\(value)")
        }
        let rv64 = guest == "riscv64"
        let model = try RISCVModel(configuration.cpu ?? (rv64 ? "rv64" : "rv32"), rv64: rv64)
        let size = configuration.memory ?? type.defaultMemory
        guard configuration.cpus <= type.maxCPUs else { throw MachineError.tooManyCPUs(configuration.cpus, machine: type.name, max: type.maxCPUs) }
        let limit: UInt64 = rv64 ? 1 << 40 : 2 << 30
        guard size <= limit else { throw MachineError.tooMuchMemory(size, max: limit) }
        guard size <= hostMemorySize() else { throw MachineError.hostHasLess(size, host: hostMemorySize()) }

        let root = MemoryRegion.container("system", size: .max)
        let memory = AddressSpace("memory", root: root)
        let ram = try configuration.makeMemory(type.memoryID, size: size)
        let bootROM = try MemoryRegion.rom("riscv_virt_board.mrom", size: Map.bootROM.1)
        root.add(ram, at: Map.memory)
        root.add(bootROM, at: Map.bootROM.0)

        let cpus = (0..<configuration.cpus).map { RISCVCPU(model: model, index: $0, memory: memory) }
        let sockets = try VirtSocket.make(configuration, loop)
        // As with QEMU each kind of devices has a socket's controller of its own, as far as there are some.
        func plic(_ wanted: Int) -> PLIC { sockets[min(wanted, sockets.count - 1)].plic }
        let uart = UART16550A(backend: configuration.serial.first ?? NullBackend(), loop: loop)
        let rtc = GoldfishRTC(loop: loop, offset: configuration.clockOffset, clock: configuration.clock)
        let finisher = TestFinisher { what in
            switch what {
            case .powerOff(let status): request(.powerOff(status: status))
            case .reset: request(.reset)
            }
        }
        let firmware = FirmwareConfiguration(memory: memory)
        firmware.set(.cpuCount, number: UInt16(cpus.count))
        for file in configuration.firmwareFiles { firmware.setFile(file.name, file.bytes) }
        let flash = try VirtBoard.flash.make(configuration, memory: memory)
        for (bank, device) in flash.enumerated() { root.add(device.region, at: VirtBoard.flash.address(bank)) }
        root.add(firmware.makeRegion(), at: Map.firmwareConfiguration.0)
        for (number, socket) in sockets.enumerated() {
            root.add(socket.aclint.makeRegion(), at: VirtSocket.aclint(number).0)
            root.add(socket.plic.makeRegion(), at: VirtSocket.plic(number).0)
        }
        root.add(uart.makeRegion(), at: Map.uart.0)
        root.add(rtc.makeRegion(), at: Map.rtc.0)
        root.add(finisher.makeRegion(), at: Map.test.0)
        uart.interrupt.connect(plic(0).input(Source.uart))
        rtc.interrupt.connect(plic(0).input(Source.rtc))
        for socket in sockets { connect(cpus, socket, loop) }
        let pci = VirtBoard.pci(memorySize: size, rv64: rv64).make(memory: memory, root: root)
        for (wire, pin) in pci.interrupts.enumerated() { pin.connect(plic(2).input(Source.pci + wire)) }

        let slots = (0..<virtioSlots).map { index in
            DeviceSlot(
                bus: "virtio-mmio", address: Map.virtio.0 + Map.virtio.1 * UInt64(index), container: root,
                interrupt: plic(1).input(Source.virtio + index))
        }
        let boot = try BootContents(configuration, canWait: configuration.flash[1] == nil) {
            try VirtBoot(configuration, model: model, memorySize: size, firmwareConfiguration: firmware)
        }
        if let path = configuration.dumpDeviceTree { try boot.get()?.dump(to: path) }
        let machine = Machine(
            name: type.name, loop: loop, memory: memory, cpus: cpus,
            devices: sockets.flatMap(\.devices) + [uart, rtc, finisher, firmware, pci] + flash,
            slots: slots, pci: pci,
            load: { [unowned loop] in boot.get()?.load(memory, bootROM, random: loop.randomBytes) })
        machine.diskInterface = "virtio"
        return machine
    }

    /// The wires from the interrupt controllers and timers to the harts.
    private static func connect(_ cpus: [RISCVCPU], _ socket: VirtSocket, _ loop: EventLoop) {
        let (aclint, plic) = (socket.aclint, socket.plic)
        for (hart, cpu) in cpus[socket.harts].enumerated() {
            func pin(_ number: Int) -> InputPin { InputPin { [unowned cpu] level in cpu.setInterrupt(number, level: level) } }
            aclint.softwareInterrupts[hart].connect(pin(3))
            aclint.timerInterrupts[hart].connect(pin(7))
            plic.outputs[2 * hart].connect(pin(11))
            plic.outputs[2 * hart + 1].connect(pin(9))
            let timer = LoopTimer(loop, .virtual) { [unowned cpu] in cpu.setInterrupt(5, level: true) }
            cpu.timeSource = { aclint.time() }
            cpu.armSupervisorTimer = { ticks in
                loop.lock.withLock {
                    if let ticks, let deadline = aclint.deadline(of: ticks) { timer.arm(at: deadline) } else { timer.cancel() }
                }
            }
        }
    }
}
