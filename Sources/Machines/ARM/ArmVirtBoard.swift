import AddressSpace
import ArmSystem
import BoardKit
import CPUModel
import Chardev
import DeviceModel
import DeviceTree
import EventLoop
import FirmwareTables
import HostOS
import MachineModel
import PlatformDevices

/// The `virt` board, as QEMU 7.2 lays it out.
public enum ArmVirtBoard {
    /// Address and size of everything on the board.
    enum Map {
        static let distributor: (UInt64, UInt64) = (0x0800_0000, 0x1_0000)
        static let cpuInterface: (UInt64, UInt64) = (0x0801_0000, 0x1_0000)
        static let messages: (UInt64, UInt64) = (0x0802_0000, 0x1000)
        /// A GICv2's for hypervisors, which there are not.
        static let virtualControl: UInt64 = 0x0803_0000, virtualInterface: UInt64 = 0x0804_0000
        static let translation: (UInt64, UInt64) = (0x0808_0000, GICv3ITS.windowSize)
        static let redistributors: (UInt64, UInt64) = (0x080a_0000, 0xf6_0000)
        static let uart: (UInt64, UInt64) = (0x0900_0000, 0x1000)
        static let rtc: (UInt64, UInt64) = (0x0901_0000, 0x1000)
        static let firmwareConfiguration: (UInt64, UInt64) = (0x0902_0000, 0x18)
        static let gpio: (UInt64, UInt64) = (0x0903_0000, 0x1000)
        static let events: (UInt64, UInt64) = (0x0908_0000, GenericEventDevice.windowSize)
        static let virtio: (UInt64, UInt64) = (0x0a00_0000, 0x200)
        static let pciMemory: (UInt64, UInt64) = (0x1000_0000, 0x2eff_0000)
        static let pciIO: (UInt64, UInt64) = (0x3eff_0000, 0x1_0000)
        static let pciConfiguration: (UInt64, UInt64) = (0x3f00_0000, 0x100_0000)
        static let pciHighConfiguration: (UInt64, UInt64) = (0x40_1000_0000, 0x1000_0000)
        static let pciHighMemory: (UInt64, UInt64) = (0x80_0000_0000, 0x80_0000_0000)
        static let memory: UInt64 = 0x4000_0000
    }

    /// Shared interrupts, counted from 0 as device trees do.
    enum Shared {
        static let uart = 1, rtc = 2, pci = 3, gpio = 7, events = 9, virtio = 16, messages = 48
        static let messageCount = 64
    }

    /// Private interrupts, counted from 16.
    enum Private {
        static let maintenance = 9, hypervisor = 10, virtual = 11, hostVirtual = 12, secure = 13, physical = 14

        static func of(_ timer: GenericTimer) -> Int {
            switch timer {
            case .physical: physical
            case .virtual: virtual
            case .hypervisor: hypervisor
            case .hostVirtual: hostVirtual
            case .secure: secure
            }
        }
    }

    static let virtioSlots = 32
    static let flash = FlashBanks(start: 0, size: 0x0400_0000, count: 2)
    /// The pin at which the power key is.
    static let powerKey = 3
    /// What it is to the device that has it instead.
    static let powerEvent = GenericEventDevice.Event.powerButton

    /// All versions, the newest first.
    public static var types: [MachineType] { MachineVersion.all.map(type) }

    private static let memoryID = "mach-virt.ram"
    private static let defaultMemory: UInt64 = 128 << 20

    private static func type(_ version: MachineVersion) -> MachineType {
        MachineType(
            name: "virt-\(version)", alias: version == .newest ? "virt" : nil, version: version, help: "QEMU \(version) ARM Virtual Machine",
            guests: ["aarch64", "arm"], maxCPUs: 123, defaultMemory: defaultMemory, memoryID: memoryID, defaultCPU: defaultCPU,
            properties: ArmVirtOptions.properties, hasClusters: true,
            numa: NUMASupport(takesMemory: false) { cpu, topology, _, nodes in (topology.place(cpu).socket ?? 0) % nodes },
            cpuPlace: { $1.place($0) }
        ) { configuration, guest, loop, request in
            try build(configuration, try ArmVirtOptions(configuration.properties, version), guest, loop, request)
        }
    }

    /// QEMU's default on 64-bit machines too is a 32-bit core, which there needs the other program.
    private static func defaultCPU(_ guest: String) -> String { guest == "arm" ? "cortex-a15" : "max" }

    static func build(
        _ configuration: MachineConfiguration, _ options: ArmVirtOptions, _ guest: String, _ loop: EventLoop,
        _ request: @escaping (MachineRequest) -> Void
    ) throws -> Machine {
        let cores = try ArmCores(configuration.cpu ?? defaultCPU(guest), guest: guest)
        try options.check(cores)
        let size = configuration.memory ?? defaultMemory
        guard configuration.cpus <= options.maxCPUs else {
            throw MachineError.tooManyCPUs(configuration.cpus, machine: "virt", max: options.maxCPUs)
        }
        let limit: UInt64 = options.highMemory && cores.physicalBits > 32 ? 255 << 30 : 3 << 30
        guard size <= limit else { throw MachineError.tooMuchMemory(size, max: limit) }
        guard size <= hostMemorySize() else { throw MachineError.hostHasLess(size, host: hostMemorySize()) }

        let root = MemoryRegion.container("system", size: .max)
        let memory = AddressSpace("memory", root: root)
        root.add(try configuration.makeMemory(memoryID, size: size), at: Map.memory)
        let cpus = (0..<configuration.cpus).map { ArmVirtCPUs.make($0, cores, count: configuration.cpus, options, memory, loop) }
        let controller = InterruptController.make(options, cpus, memory, root, loop)
        ArmVirtCPUs.connect(cpus, controller, loop)
        PSCI.provide(cpus, options, loop, request)

        let uart = PL011(backend: configuration.serial.first ?? NullBackend())
        let rtc = PL031(loop: loop, offset: configuration.clockOffset, clock: configuration.clock)
        let hasFirmware = ArmVirtBoot.hasFirmware(configuration)
        let button = PowerButton.make(hasEvents: options.hasEventDevice(cores, hasFirmware: hasFirmware), root, controller, loop)
        let firmware = FirmwareConfiguration(memory: memory)
        if let uuid = configuration.uuid { firmware.set(.uuid, UUIDText.bytes(uuid)) }
        firmware.set(.cpuCount, number: UInt16(cpus.count))
        for file in configuration.firmwareFiles { firmware.setFile(file.name, file.bytes) }
        let layout = options.pci(cores, hasFirmware: hasFirmware)
        describe(configuration, options, layout, memorySize: size, hasEvents: button.hasEvents, to: firmware)
        // Firmware asks for a kernel at any time.
        let boot = try BootContents(configuration, canWait: !hasFirmware || configuration.kernel == nil) {
            try ArmVirtBoot(configuration, options, cores: cores, memorySize: size, firmwareConfiguration: firmware)
        }
        let flash = try ArmVirtBoard.flash.make(configuration, memory: memory, firmware: try ArmVirtBoot.firmware(configuration))
        for (bank, device) in flash.enumerated() { root.add(device.region, at: ArmVirtBoard.flash.address(bank)) }
        root.add(uart.makeRegion(), at: Map.uart.0)
        root.add(rtc.makeRegion(), at: Map.rtc.0)
        root.add(firmware.makeRegion(), at: Map.firmwareConfiguration.0)
        uart.interrupt.connect(controller.shared(Shared.uart))
        rtc.interrupt.connect(controller.shared(Shared.rtc))
        let pci = layout.make(memory: memory, root: root)
        controller.listen(to: pci)
        for (wire, pin) in pci.interrupts.enumerated() { pin.connect(controller.shared(Shared.pci + wire)) }
        let slots = (0..<virtioSlots).map { index in
            DeviceSlot(
                bus: "virtio-mmio", address: Map.virtio.0 + Map.virtio.1 * UInt64(index), container: root,
                interrupt: controller.shared(Shared.virtio + index))
        }
        if let path = configuration.dumpDeviceTree { try boot.get()?.tree.dump(to: path) }
        let machine = Machine(
            name: "virt", loop: loop, memory: memory, cpus: cpus,
            devices: controller.devices + [uart, rtc] + button.devices + [firmware, pci] + flash,
            slots: slots,
            pci: pci, load: { [unowned loop] in boot.get()?.load(memory, cpus, random: loop.randomBytes) })
        machine.onPowerButton = button.press
        machine.diskInterface = "virtio"
        return machine
    }

    /// Gives firmware the tables that say what the machine is.
    private static func describe(
        _ configuration: MachineConfiguration, _ options: ArmVirtOptions, _ layout: PCILayout, memorySize: UInt64, hasEvents: Bool,
        to firmware: FirmwareConfiguration
    ) {
        let topology = configuration.cpuTopology
        if options.acpi {
            let tables = ArmVirtACPI(options: options, cpus: configuration.cpus, topology: topology, pci: layout, hasEventDevice: hasEvents)
            for file in tables.files { firmware.setFile(file.name, file.bytes) }
        }
        let cores = topology.clusters * topology.cores
        // Versions up to 2.11 did not tell which one they are.
        let version = options.version < MachineVersion(2, 12) ? "1.0" : "virt-\(options.version)"
        let machine = SMBIOSTables.Machine(
            product: "QEMU Virtual Machine", version: version, uuid: configuration.uuid, sockets: topology.sockets, coresPerSocket: cores,
            threadsPerSocket: cores * topology.threads, memory: memorySize)
        for file in SMBIOSTables(machine, configuration.smbios).files { firmware.setFile(file.name, file.bytes) }
    }
}
