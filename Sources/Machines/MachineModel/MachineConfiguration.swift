import Chardev
import EventLoop
import FirmwareTables
import HostOS

/// What the command line says about a machine.
public struct MachineConfiguration {
    /// `-cpu`, the model and its properties; nil for the machine's default.
    public var cpu: String?
    public var cpus = 1
    /// How cpus are grouped, those that `maxcpus=` leaves room for too; nil for one socket with a core for each.
    public var topology: CPUTopology?
    /// Nodes; nil if the machine has none.
    public var numa: NUMA?
    /// What `-machine` says of the machine's own properties.
    public var properties: [String: String] = [:]
    /// Bytes.
    public var memory: UInt64?
    /// What stands behind the memory.
    public var memorySource = MemorySource()
    public var kernel: String?
    public var initrd: String?
    public var commandLine: String?
    public var deviceTree: String?
    /// "default", "none" or a file.
    public var firmware: String?
    /// Back ends of the serial ports, in order.
    public var serial: [CharacterBackend] = []
    /// Host wall-clock time less the guest's at the start, in nanoseconds.
    public var clockOffset: Int64 = 0
    /// What the real-time clock follows; nil for the host's wall clock.
    public var clock: ClockKind?
    /// Where to write the device tree instead of running.
    public var dumpDeviceTree: String?
    /// Folders in which firmware files are looked for.
    public var firmwareFolders: [String] = []
    /// Files of the flash banks, by the bank's number.
    public var flash: [Int: FlashImage] = [:]
    /// Files that firmware and guest get through the firmware configuration device.
    public var firmwareFiles: [(name: String, bytes: [UInt8])] = []
    /// `-uuid`, with dashes.
    public var uuid: String?
    /// `-smbios`.
    public var smbios = SMBIOSSettings()

    /// Memory and state come from elsewhere before the machine runs: what a start puts into memory is looked for now and read at the first reset.
    public var isFilledLater = false

    /// How the cpus are grouped.
    public var cpuTopology: CPUTopology { topology ?? CPUTopology(cores: cpus) }

    public init() {}
}

/// A file that holds a flash bank's contents and gets its changes.
public struct FlashImage: Sendable {
    public let path: String
    public let isReadOnly: Bool
    /// Changes stay in the bank's memory.
    public let isPrivate: Bool

    public init(path: String, isReadOnly: Bool, isPrivate: Bool = false) {
        (self.path, self.isReadOnly, self.isPrivate) = (path, isReadOnly, isPrivate)
    }
}
