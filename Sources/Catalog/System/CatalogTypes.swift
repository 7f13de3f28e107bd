import DeviceModel
import GuestAArch64
import GuestARM
import GuestRISCV
import MachineControl
import MachineModel
import ObjectModel
import PCI
import PlatformDevices
import Virtio
import JSON

/// Types of objects, from what is listed anyway.
extension Catalog {
    /// The kind of machine of a name.
    public static func machine(_ name: String, guest: String) -> MachineType? { machines.first { $0.isCalled(name) && $0.guests.contains(guest) } }

    /// All types of a guest's sessions; `more` are those of devices and back ends that users ask for.
    public static func types(guest: String, more: [ObjectType]) -> TypeRegistry {
        let boards = machines.filter { $0.guests.contains(guest) }.map(\.objectType)
        let architecture = ObjectType("\(guest)-cpu", parent: "cpu", abstract: true)
        let accelerators = ["tcg", "interpreter"].map { ObjectType("\($0)-accel", parent: "accel") }
        return TypeRegistry(
            more + accelerators + [VirtioMMIO.type, PCIHost.type, PL011.type, architecture] + boards + cpuTypes(guest: guest).map(\.type))
    }

    /// Models of cpus with their types.
    private static func cpuTypes(guest: String) -> [(model: String, type: ObjectType)] {
        let models: [(name: String, help: String)], properties: [Property]
        if guest.hasPrefix("riscv") {
            models = RISCVModel.models.filter { !$0.name.hasPrefix("rv") || guest.hasSuffix($0.name.suffix(2)) }
            properties = RISCVModel.properties.map { Property($0.name, .bool, "the extension \($0.name)") }
        } else if guest == "arm" {
            models = ARMModel.models
            properties = []
        } else {
            models = AArch64Model.models + narrowModels
            properties = AArch64Model.properties.map { Property($0.name, .bool, "the feature \($0.name)") }
        }
        return models.map { ($0.name, ObjectType(cpuType($0.name, guest: guest), parent: "\(guest)-cpu", help: $0.help, properties)) }
    }

    /// The 32-bit cores of boards that the emulator for 64 bits has as well.
    private static var narrowModels: [(name: String, help: String)] {
        let names = machines.filter { $0.guests.contains("aarch64") }.map { $0.defaultCPU("aarch64") }
        return ARMModel.models.filter { names.contains($0.name) && !AArch64Model.models.map(\.name).contains($0.name) }
    }

    /// The type of a model, whose properties may stand behind a comma.
    public static func cpuType(_ model: String, guest: String) -> String {
        "\(model.prefix { $0 != "," })-\(guest.hasPrefix("riscv") ? "riscv" : "arm")-cpu"
    }

    /// What a model's cpus have, as `-cpu` gives it.
    public static func cpuValues(_ text: String, guest: String) throws -> PropertyValues {
        let name = cpuType(text, guest: guest)
        guard let type = cpuTypes(guest: guest).first(where: { $0.type.name == name })?.type else {
            return PropertyValues(ObjectType(name, parent: nil))
        }
        var values = PropertyValues(type)
        if guest.hasPrefix("riscv") {
            let model = try RISCVModel(text, rv64: guest == "riscv64")
            for (name, extensions) in RISCVModel.properties { try values.set(name, .bool(model.extensions.isSuperset(of: extensions))) }
        } else if guest == "arm" || narrowModels.contains(where: { $0.name == text }) {
            _ = try ARMModel(text)
        } else {
            let model = try AArch64Model(text)
            for (name, features) in AArch64Model.properties { try values.set(name, .bool(model.features.isSuperset(of: features))) }
        }
        return values
    }

    /// What monitors tell of the machines and cpus that there are.
    public static func choices(guest: String) -> MachineQueries.Choices {
        .init(machines: machines.filter { $0.guests.contains(guest) }, cpus: cpuTypes(guest: guest)) { cpuType($0, guest: guest) }
    }
}
