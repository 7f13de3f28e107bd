import AddressSpace
import BlockCore
import CPUModel
import DeviceModel
import Diagnostics
import Display
import EventLoop
import Input
import NetBackends
import ObjectModel
import PCI
import USB

/// What a running machine asks of its surroundings.
public enum MachineRequest: Equatable, Sendable {
    case powerOff(status: Int32)
    case reset
}

/// A machine that has been built: its vCPUs, its memory, its devices.
public final class Machine {
    public let name: String
    public let loop: EventLoop
    public let memory: AddressSpace
    public let cpus: [VirtualCPU]
    /// Those that belong to the board.
    public let devices: [any Device]
    /// Puts firmware, kernel and boot registers back where a reset wants them.
    private let load: () -> Void
    /// Slots that `-device` fills, in the order in which they are filled.
    public let slots: [DeviceSlot]
    /// The host bridge, of a board that has one.
    public let pci: PCIHost?
    /// What becomes of disks of which the command line says no more than a number (`-hda`): "virtio", or "none" on boards that leave them to `-device`.
    public var diskInterface = "none"
    /// Connects the board's slot for memory cards, if it has one, with what cards are put into.
    public var connectCards: ((any BlockNode) throws -> any MediumSlot)?
    /// The network card that the board carries, if it does.
    public var onboardCard: (any OnboardCard)?
    /// What the board's own display shows, if it has one.
    public var displays: [DisplayConsole] = []
    /// Gives the board's own keyboard and pointer to those who have something for them, of a board that has such.
    public var plugInput: ((InputHub) -> Void)?
    /// The board's own USB controller, if it has one.
    public var usbController: (any USBHostController)?
    /// Presses the power button, of a board that has one.
    public var onPowerButton: (() -> Void)?
    public private(set) var extraDevices: [any Device] = []

    public init(
        name: String, loop: EventLoop, memory: AddressSpace, cpus: [VirtualCPU], devices: [any Device], slots: [DeviceSlot],
        pci: PCIHost? = nil, load: @escaping () -> Void
    ) {
        self.name = name
        self.loop = loop
        self.memory = memory
        self.cpus = cpus
        self.devices = devices
        self.slots = slots
        self.pci = pci
        self.load = load
    }

    /// Adds a device that `-device` asked for.
    public func add(_ device: any Device) { extraDevices.append(device) }

    /// Takes a device away.
    public func remove(_ device: any Device) { extraDevices.removeAll { $0 === device } }

    /// Power-on state of everything. The vCPUs must not run.
    ///
    /// - Parameter loads: whether memory gets what the machine starts with; not if all of it comes from elsewhere.
    public func reset(loads: Bool = true) {
        for device in devices + extraDevices { device.reset() }
        if loads { load() }
        for cpu in cpus { cpu.reset() }
    }
}

/// A network card that is part of its board, and waits for a network.
public protocol OnboardCard: Device {
    /// Puts the card on a network, with an address.
    func connect(_ backend: NetworkBackend, address: MACAddress)
    func setLink(up: Bool)
}

/// A place in the memory map where a transport for a device can be put.
public struct DeviceSlot {
    /// "virtio-mmio".
    public let bus: String
    public let address: UInt64
    public let container: MemoryRegion
    public let interrupt: InputPin

    public init(bus: String, address: UInt64, container: MemoryRegion, interrupt: InputPin) {
        self.bus = bus
        self.address = address
        self.container = container
        self.interrupt = interrupt
    }
}

/// A kind of machine: what `-M help` lists.
public struct MachineType {
    public let name: String
    /// A shorter name for the newest version of a machine.
    public let alias: String?
    /// The version in the name of one that has versions.
    public let version: MachineVersion?
    public let help: String
    /// Names of guests that it can have: "riscv64".
    public let guests: [String]
    /// How many cpus it has if nothing is said, and has at least.
    public let minCPUs: Int
    public let maxCPUs: Int
    /// Ports that `-serial` fills, in order.
    public let serialPorts: Int
    public let defaultMemory: UInt64
    /// The id of the memory that it has by default.
    public let memoryID: String
    /// The model of cpu that a guest has by default.
    public let defaultCPU: (_ guest: String) -> String
    /// What `-machine` takes beside what it takes of every machine.
    public let properties: [Property]
    /// Whether `-smp` may have clusters within sockets.
    public let hasClusters: Bool
    /// What becomes of `-numa`; nil if the machine knows no nodes.
    public let numa: NUMASupport?
    /// The numbers by which cpus are told apart; nil for none.
    public let cpuPlace: ((_ cpu: Int, CPUTopology) -> CPUPlace)?
    /// Makes one; `request` is called when the guest asks to be ended or reset.
    public let build: (MachineConfiguration, _ guest: String, EventLoop, _ request: @escaping (MachineRequest) -> Void) throws -> Machine

    /// Whether a name that users give means this one.
    public func isCalled(_ name: String) -> Bool { name == self.name || name == alias }

    /// The type of its object.
    public var objectType: ObjectType {
        ObjectType("\(name)-machine", parent: "machine", help: help, MachineProperties.all + properties)
    }

    public init(
        name: String, alias: String? = nil, version: MachineVersion? = nil, help: String, guests: [String], minCPUs: Int = 1, maxCPUs: Int,
        defaultMemory: UInt64, memoryID: String = "ram", serialPorts: Int = 1, defaultCPU: @escaping (String) -> String = { _ in "" },
        properties: [Property] = [], hasClusters: Bool = false, numa: NUMASupport? = nil, cpuPlace: ((Int, CPUTopology) -> CPUPlace)? = nil,
        build: @escaping (MachineConfiguration, String, EventLoop, @escaping (MachineRequest) -> Void) throws -> Machine
    ) {
        self.name = name
        self.alias = alias
        self.version = version
        self.help = help
        self.guests = guests
        self.minCPUs = minCPUs
        self.maxCPUs = maxCPUs
        self.serialPorts = serialPorts
        self.defaultMemory = defaultMemory
        self.memoryID = memoryID
        self.defaultCPU = defaultCPU
        self.properties = properties
        (self.hasClusters, self.numa, self.cpuPlace) = (hasClusters, numa, cpuPlace)
        self.build = build
    }
}

public enum MachineError: ExplainedError {
    case tooManyCPUs(Int, machine: String, max: Int)
    case tooFewCPUs(Int, machine: String, min: Int)
    case wrongMemory(UInt64, machine: String, needed: UInt64)
    case tooMuchMemory(UInt64, max: UInt64)
    case hostHasLess(UInt64, host: UInt64)
    case tooLittleMemory(UInt64, needed: UInt64)
    case noFirmware(String, searched: [String])
    case badImage(String, reason: String)
    case badCard(bytes: UInt64, unit: UInt64)
    case badFlash(String, bytes: UInt64, needed: UInt64)
    case noFlashBank(Int, banks: Int)
    case badNodes(String)
    case notSupported(String)

    public var cause: String {
        switch self {
        case .tooManyCPUs(let count, let machine, let max): "-smp \(count): the machine '\(machine)' has at most \(max) cpus"
        case .tooFewCPUs(let count, let machine, let min): "-smp \(count): the machine '\(machine)' has \(min) cpus"
        case .wrongMemory(let bytes, let machine, let needed): "-m \(bytes >> 20): the machine '\(machine)' has \(needed >> 20) MiB"
        case .tooMuchMemory(let bytes, let max): "-m \(bytes >> 20): at most \(max >> 20) MiB"
        case .hostHasLess(let bytes, let host): "-m \(bytes >> 20): this host has \(host >> 20) MiB of memory and swap space"
        case .tooLittleMemory(let bytes, let needed): "-m \(bytes >> 20): what is to be loaded needs \((needed + 0xfffff) >> 20) MiB"
        case .noFirmware(let name, let folders): "-bios: firmware '\(name)' not found in \(folders.joined(separator: ", "))"
        case .badImage(let path, let reason): "'\(path)': \(reason)"
        case .badCard(let bytes, let unit): "-drive if=sd: a card's size is a multiple of \(unit >> 10) KiB, and not \(bytes) bytes"
        case .badFlash(let path, let bytes, let needed): "-drive if=pflash: '\(path)' has \(bytes) bytes, and a bank has \(needed)"
        case .badNodes(let reason): "-numa: \(reason)"
        case .noFlashBank(let number, let banks): "-drive if=pflash: there is no bank \(number), the board has \(banks)"
        case .notSupported(let what): "\(what) is not supported"
        }
    }

    public var remedy: String? {
        switch self {
        case .tooManyCPUs, .tooMuchMemory, .hostHasLess: "choose less"
        case .tooLittleMemory: "choose more"
        case .tooFewCPUs: "leave -smp out"
        case .wrongMemory: "leave -m out"
        case .noFirmware: "give its file (of opensbi, qemu-efi-aarch64, u-boot-qemu) with -bios FILE, or start without firmware: -bios none"
        case .notSupported, .badNodes: nil
        case .badCard(let bytes, let unit): "make the file larger: truncate -s \((bytes / unit + 1) * unit) FILE"
        case .badFlash(let path, _, let needed): "make the file as large as the bank: truncate -s \(needed) \(path)"
        case .noFlashBank(_, let banks): "choose unit=0 to unit=\(banks - 1)"
        case .badImage: "give an uncompressed Linux Image, an ELF file, or raw code for -bios"
        }
    }
}
