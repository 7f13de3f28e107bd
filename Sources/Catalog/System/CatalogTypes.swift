import DeviceModel
import GuestRISCV
import MachineControl
import MachineModel
import ObjectModel
import Virtio

/// Types of objects, from what is listed anyway.
extension Catalog {
    /// The kind of machine of a name.
    public static func machine(_ name: String) -> MachineType? { machines.first { $0.name == name } }

    /// All types of a guest's sessions; `more` are those of devices and back ends that users ask for.
    public static func types(guest: String, more: [ObjectType]) -> TypeRegistry {
        let boards = machines.filter { $0.guests.contains(guest) }.map(\.objectType)
        let architecture = ObjectType("\(guest)-cpu", parent: "cpu", abstract: true)
        return TypeRegistry(more + [VirtioMMIO.type, architecture] + boards + cpuTypes(guest: guest).map(\.type))
    }

    /// Models of cpus with their types.
    private static func cpuTypes(guest: String) -> [(model: String, type: ObjectType)] {
        let models = RISCVModel.models.filter { !$0.name.hasPrefix("rv") || guest.hasSuffix($0.name.suffix(2)) }
        let properties = RISCVModel.properties.map { Property($0.name, .bool, "the extension \($0.name)") }
        return models.map { ($0.name, ObjectType(cpuType($0.name, guest: guest), parent: "\(guest)-cpu", help: $0.help, properties)) }
    }

    /// The type of a model, whose properties may stand behind a comma.
    public static func cpuType(_ model: String, guest: String) -> String { "\(model.prefix { $0 != "," })-riscv-cpu" }

    /// What monitors tell of the machines and cpus that there are.
    public static func choices(guest: String) -> MachineQueries.Choices {
        .init(machines: machines.filter { $0.guests.contains(guest) }, cpus: cpuTypes(guest: guest)) { cpuType($0, guest: guest) }
    }
}
