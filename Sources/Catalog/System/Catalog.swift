import ARMMachines
import GuestAArch64
import GuestARM
import GuestRISCV
import MachineModel
import RISCVMachines

/// The only list of all machines.
public enum Catalog {
    public static var machines: [MachineType] { boards + [NoneMachine.type(guests: boards.flatMap(\.guests))] }

    private static var boards: [MachineType] {
        [VirtBoard.type] + ArmVirtBoard.types + VersatileExpressBoard.types + VersatileBoard.types + [RealViewBoard.type] + RaspberryPiBoard.types
    }

    /// The guests that there are machines for, by the name in qemu-system-NAME.
    public static var guests: [String] {
        var names: [String] = []
        for machine in boards { for guest in machine.guests where !names.contains(guest) { names.append(guest) } }
        return names
    }
}

extension Catalog {
    /// `-cpu help`.
    public static func cpuHelp(guest: String) -> String {
        if guest == "aarch64" {
            let models = AArch64Model.models.map { "\($0.name)\t\($0.help)\n" }.joined()
            return models + "properties (=on|off): " + AArch64Model.properties.map(\.name).joined(separator: ", ") + "\n"
        }
        if guest == "arm" { return ARMModel.models.map { "\($0.name)\t\($0.help)\n" }.joined() }
        let models = RISCVModel.models.filter { !$0.name.hasPrefix("rv") || guest.hasSuffix($0.name.suffix(2)) }
        let properties = RISCVModel.properties.map(\.name) + (guest == "riscv64" ? ["sv39", "sv48", "sv57"] : [])
        return models.map { "\($0.name)\t\($0.help)\n" }.joined() + "properties (=on|off): " + properties.joined(separator: ", ") + "\n"
    }
}
