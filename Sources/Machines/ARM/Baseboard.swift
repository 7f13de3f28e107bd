import AddressSpace
import BlockCore
import Chardev
import DeviceModel
import HostOS
import MachineModel
import StorageDevices

/// What Arm's baseboards share.
enum Baseboard {
    /// The core that `-cpu` names, one of those that fit the board.
    static func cores(
        _ configuration: MachineConfiguration, _ guest: String, board: String, default name: String, among fitting: [String]
    ) throws -> ArmCores {
        let cores = try ArmCores(configuration.cpu ?? name, guest: guest)
        guard fitting.contains(cores.name) else {
            throw MachineError.notSupported("-machine \(board) with -cpu \(cores.name): it has \(fitting.joined(separator: ", ")), and that")
        }
        guard configuration.cpus == 1 else { throw MachineError.tooManyCPUs(configuration.cpus, machine: board, max: 1) }
        if let firmware = configuration.firmware, firmware != "none", firmware != "default" {
            throw MachineError.notSupported("-machine \(board) with -bios \(firmware): firmware is given with -drive if=pflash, and that")
        }
        return cores
    }

    static func memorySize(_ configuration: MachineConfiguration, board: String, max: UInt64) throws -> UInt64 {
        let size = configuration.memory ?? 128 << 20
        guard size <= max else { throw MachineError.tooMuchMemory(size, max: max) }
        guard size <= hostMemorySize() else { throw MachineError.hostHasLess(size, host: hostMemorySize()) }
        return size
    }

    /// What `-serial` gives a UART.
    static func serial(_ configuration: MachineConfiguration, _ index: Int) -> CharacterBackend {
        index < configuration.serial.count ? configuration.serial[index] : NullBackend()
    }

    /// Puts devices into a memory map, and keeps them in order.
    struct Placement {
        private let root: MemoryRegion
        var devices: [any Device] = []

        init(_ root: MemoryRegion) { self.root = root }

        mutating func put(_ device: some MMIODevice, _ address: UInt64, _ pin: OutputPin? = nil, _ input: InputPin? = nil) {
            root.add(device.makeRegion(), at: address)
            if let input { pin?.connect(input) }
            devices.append(device)
        }
    }
}
