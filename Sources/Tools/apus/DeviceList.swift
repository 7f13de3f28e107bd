import CommandLine
import MachineModel

/// What `-device` and its relatives add to a machine.
enum DeviceList {
    static let help = "no devices can be added yet\n"

    static func attach(_ options: ParsedCommandLine, to machine: Machine) throws {
        for name in ["device", "drive", "blockdev", "netdev", "nic", "chardev"] {
            if let value = options.last(name), !(name == "nic" && value == "none") { throw CommandLineError.notSupported("-\(name) \(value)") }
        }
    }
}
