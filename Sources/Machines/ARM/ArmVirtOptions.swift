import BoardKit
import FirmwareTables
import MachineModel
import ObjectModel

/// What `-machine virt,…` says.
struct ArmVirtOptions {
    enum GICVersion { case v2, v3 }

    var gic = GICVersion.v2
    var virtualization = false
    var secure = false
    /// A GICv3 has LPIs and translates the messages of PCI devices to them.
    var its = true
    /// PCI has windows behind 4 GiB.
    var highMemory = true
    /// Firmware gets ACPI tables.
    var acpi = true
    /// Who made them, as they say.
    var maker = ACPIMaker()
    let version: MachineVersion

    static let properties = [
        Property("gic-version", .choice("str", ["2", "3", "max"]), default: "2", "the interrupt controller"),
        Property("virtualization", .bool, default: false, "EL2"),
        Property("secure", .bool, default: false, "EL3; cannot be had"),
        Property("highmem", .bool, default: true, "windows of PCI behind 4 GiB"),
        Property("its", .bool, default: true, "an interrupt translation service for the messages of PCI devices, with a GICv3"),
        Property("iommu", .choice("str", ["none", "smmuv3"]), default: "none", "an IOMMU; none can be had"),
        Property("mte", .bool, default: false, "memory tags; cannot be had"),
        Property("ras", .bool, default: false, "reports of memory errors; cannot be had"),
        Property("acpi", .choice("OnOffAuto", ["auto", "on", "off"]), default: "auto", "ACPI tables for firmware; auto is on"),
        Property("x-oem-id", .string, "who made the ACPI tables, in up to 6 bytes"),
        Property("x-oem-table-id", .string, "the same of each table, in up to 8 bytes"),
        Property("dtb-randomness", .bool, default: true, "random seeds in the device tree"),
    ]

    init(_ properties: [String: String], _ version: MachineVersion) throws(MachineError) {
        self.version = version
        for (name, value) in properties { try set(name, value) }
        // The service came with 6.2.
        if version < MachineVersion(6, 2) { its = false }
    }

    private mutating func set(_ name: String, _ value: String) throws(MachineError) {
        let refused = MachineError.notSupported("-machine \(name)=\(value)")
        switch name {
        case "gic-version":
            switch value {
            case "2": gic = .v2
            case "3", "max": gic = .v3
            default: throw refused
            }
        case "virtualization": virtualization = try switched(value, name)
        case "secure":
            secure = try switched(value, name)
            if secure { throw refused }
        case "highmem": highMemory = try switched(value, name)
        case "its": its = try switched(value, name)
        case "mte", "ras": if try switched(value, name) { throw refused }
        case "iommu": if value != "none" { throw refused }
        case "acpi": acpi = value != "off"
        case "x-oem-id": maker.id = try bounded(value, name, 6)
        case "x-oem-table-id": maker.tableID = try bounded(value, name, 8)
        default: if try !switched(value, name) { throw refused }
        }
    }

    private func bounded(_ value: String, _ name: String, _ count: Int) throws(MachineError) -> String {
        guard value.utf8.count <= count else { throw .notSupported("-machine \(name)=\(value) with more than \(count) bytes") }
        return value
    }

    private func switched(_ value: String, _ name: String) throws(MachineError) -> Bool {
        if ["on", "true", "yes"].contains(value) { return true }
        guard ["off", "false", "no"].contains(value) else { throw .notSupported("-machine \(name)=\(value)") }
        return false
    }

    /// 32-bit cores have neither EL2 nor, in front of firmware, PCI's configuration space behind 4 GiB.
    func check(_ cores: ArmCores) throws(MachineError) {
        if cores.isAArch32, virtualization { throw .notSupported("-machine virtualization=on with a 32-bit core") }
        guard case .aarch32(let model) = cores, !model.hasGenericTimer else { return }
        throw .notSupported("-machine virt with -cpu \(model.name), which has no generic timer,")
    }

    func pci(_ cores: ArmCores, hasFirmware: Bool) -> PCILayout {
        typealias Map = ArmVirtBoard.Map
        let isHigh = highMemory && cores.physicalBits > 32
        return PCILayout(
            // Configuration space of 256 buses came with 3.0.
            configuration: isHigh && version >= MachineVersion(3, 0) && !(cores.isAArch32 && hasFirmware)
                ? Map.pciHighConfiguration : Map.pciConfiguration, io: Map.pciIO,
            memory: Map.pciMemory,
            highMemory: isHigh ? Map.pciHighMemory : nil)
    }

    /// Versions up to 2.8 say that the timers' interrupts are edges.
    var claimsEdges: Bool { version <= MachineVersion(2, 8) }

    /// The power button tells ACPI of itself, and is no key at a pin. Only firmware for 64-bit cores hands ACPI on.
    func hasEventDevice(_ cores: ArmCores, hasFirmware: Bool) -> Bool {
        acpi && hasFirmware && !cores.isAArch32 && version >= MachineVersion(4, 2)
    }

    var maxCPUs: Int { gic == .v2 ? 8 : 123 }

    /// MPIDR_EL1's affinity of a CPU: clusters as large as the interrupt controller's lists of targets.
    func affinity(_ cpu: Int) -> UInt64 {
        let cluster = gic == .v2 ? 8 : 16
        return UInt64(cpu / cluster) << 8 | UInt64(cpu % cluster)
    }
}
