/// A type of objects: a device, a back end, a machine.
public struct ObjectType: Sendable {
    public let name: String
    /// The type that it is made from; nil for `object`.
    public let parent: String?
    /// It has no objects of its own.
    public let isAbstract: Bool
    public let help: String
    /// The kind of bus that it is plugged into.
    public let bus: String?
    /// Whether it can come and go while the machine runs.
    public let isHotpluggable: Bool
    /// Those of its own; `-device` and its like take `id`, `bus` and what the house says of all, too.
    public let properties: [Property]

    public init(
        _ name: String, parent: String?, abstract isAbstract: Bool = false, help: String = "", bus: String? = nil, hotpluggable: Bool = false,
        _ properties: [Property] = []
    ) {
        (self.name, self.parent, self.isAbstract, self.help) = (name, parent, isAbstract, help)
        (self.bus, isHotpluggable, self.properties) = (bus, hotpluggable, properties)
    }

    public func property(_ name: String) -> Property? { properties.first { $0.name == name } }
}

/// All types of objects that there are.
public struct TypeRegistry: Sendable {
    public private(set) var types: [ObjectType]

    /// Types that others are made from, as QEMU has them.
    private static let roots = [
        ObjectType("object", parent: nil, abstract: true), ObjectType("container", parent: "object"),
        ObjectType("device", parent: "object", abstract: true),
        ObjectType("virtio-device", parent: "device", abstract: true), ObjectType("sys-bus-device", parent: "device", abstract: true),
        ObjectType("pci-device", parent: "device", abstract: true), ObjectType("virtio-pci", parent: "pci-device", abstract: true),
        ObjectType("scsi-device", parent: "device", abstract: true), ObjectType("ide-device", parent: "device", abstract: true),
        ObjectType("usb-device", parent: "device", abstract: true), ObjectType("virtio-serial-port", parent: "device", abstract: true),
        ObjectType("cpu", parent: "device", abstract: true),
        ObjectType("machine", parent: "object", abstract: true),
        ObjectType("chardev", parent: "object", abstract: true), ObjectType("user-creatable", parent: nil, abstract: true),
        ObjectType("accel", parent: "object", abstract: true),
        ObjectType("memory-backend", parent: "object", abstract: true), ObjectType("rng-backend", parent: "object", abstract: true),
    ]

    public init(_ types: [ObjectType]) { self.types = TypeRegistry.roots + types }

    /// Adds a type, unless it is there.
    public mutating func add(_ type: ObjectType) { if self[type.name] == nil { types.append(type) } }

    public subscript(_ name: String) -> ObjectType? { types.first { $0.name == name } }

    /// Whether a type is another or made from it.
    public func isKind(_ type: ObjectType, of ancestor: String) -> Bool {
        var next: ObjectType? = type
        while let current = next {
            if current.name == ancestor { return true }
            next = current.parent.flatMap { self[$0] }
        }
        return ancestor == "user-creatable" && TypeRegistry.isUserCreatable(type)
    }

    /// Whether `-object` makes it.
    private static func isUserCreatable(_ type: ObjectType) -> Bool {
        !type.isAbstract && ["memory-backend", "rng-backend", "secret_common"].contains(type.parent)
    }
}
