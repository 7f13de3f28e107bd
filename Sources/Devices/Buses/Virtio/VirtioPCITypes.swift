import ObjectModel
import PCI

extension VirtioPCI {
    /// What the transport takes beside its device.
    private static let properties =
        PCIProperties.all + [
            Property("disable-legacy", .onOffAuto, default: "auto", "refuse drivers of before Virtio 1.0; auto: behind a PCI Express port"),
            Property("disable-modern", .bool, default: false, "refuse drivers of Virtio 1.0 and later"),
            Property("vectors", .unsigned(bits: 32), range: 0...2048, "vectors of MSI-X; as many as there are queues, and one, if it is left out"),
        ]

    /// A device's type on this transport, by the name that QEMU gives it: `virtio-blk-pci` of `virtio-blk-device`. With it the two types that leave
    /// no choice of who may drive them, and what all three are made from.
    ///
    /// - Parameter changed: properties that are other ones on this transport.
    public static func types(_ device: ObjectType, changed: [Property] = []) -> [ObjectType] {
        let name = device.name.replacingSuffix("-device", with: "-pci")
        let inherited = device.properties.map { property in changed.first { $0.name == property.name } ?? property }
        let properties = inherited + VirtioPCI.properties.filter { device.property($0.name) == nil }
        let base = ObjectType("\(name)-base", parent: "virtio-pci", abstract: true)
        return [base]
            + ["", "-transitional", "-non-transitional"].map { suffix in
                let own = suffix.isEmpty ? properties : properties.filter { !$0.name.hasPrefix("disable-") }
                return ObjectType(name + suffix, parent: "\(name)-base", help: device.help, bus: "PCI", hotpluggable: true, own)
            }
    }

    /// The type of a device that came after Virtio 1.0, and what it is made from: there are no other drivers.
    public static func modernTypes(_ device: ObjectType) -> [ObjectType] {
        let name = device.name.replacingSuffix("-device", with: "-pci")
        let properties = device.properties + VirtioPCI.properties.filter { !$0.name.hasPrefix("disable-") && device.property($0.name) == nil }
        return [
            ObjectType("\(name)-base", parent: "virtio-pci", abstract: true),
            ObjectType(name, parent: "\(name)-base", help: device.help, bus: "PCI", hotpluggable: true, properties),
        ]
    }
}

extension String {
    fileprivate func replacingSuffix(_ suffix: String, with other: String) -> String { hasSuffix(suffix) ? dropLast(suffix.count) + other : self }
}
