/// The version in the name of a machine such as `virt-6.2`: what a guest installed under that version of QEMU finds today, too.
public struct MachineVersion: Comparable, CustomStringConvertible, Sendable {
    public let major: Int
    public let minor: Int

    public init(_ major: Int, _ minor: Int) { (self.major, self.minor) = (major, minor) }

    public static func < (one: MachineVersion, other: MachineVersion) -> Bool { (one.major, one.minor) < (other.major, other.minor) }
    public var description: String { "\(major).\(minor)" }

    /// The versions that QEMU 7.2 has, the newest first.
    public static let all =
        [2, 1, 0].map { MachineVersion(7, $0) } + [2, 1, 0].map { MachineVersion(6, $0) } + [2, 1, 0].map { MachineVersion(5, $0) }
        + [2, 1, 0].map { MachineVersion(4, $0) } + [1, 0].map { MachineVersion(3, $0) } + (6...12).reversed().map { MachineVersion(2, $0) }
    public static let newest = all[0]

    /// What types of devices are given on machines of this version where nothing else is said.
    public var properties: [CompatibilityProperty] { CompatibilityProperty.changes.filter { self <= $0.last }.flatMap(\.properties) }
}

/// A property that a type of device has on machines of older versions.
public struct CompatibilityProperty: Sendable {
    /// The type's name; that of a virtio device stands for it on every transport.
    public let type: String
    public let property: String
    public let value: String

    private init(_ type: String, _ property: String, _ value: String) { (self.type, self.property, self.value) = (type, property, value) }

    /// What changed with defaults (QEMU's "hw_compat" lists, as far as there are such devices), by the last version that is as before. The newest first:
    /// what stands further below wins.
    static let changes: [(last: MachineVersion, properties: [CompatibilityProperty])] = [
        (
            MachineVersion(5, 2),
            ["virtio-net-pci", "virtio-net-pci-transitional", "virtio-net-pci-non-transitional"].map { .init($0, "vectors", "3") }
        ),
        (MachineVersion(5, 1), [.init("virtio-blk-device", "num-queues", "1"), .init("virtio-scsi-device", "num_queues", "1")]),
        (MachineVersion(4, 2), [.init("virtio-blk-device", "queue-size", "128"), .init("virtio-scsi-device", "virtqueue_size", "128")]),
        (MachineVersion(4, 0), [.init("bochs-display", "edid", "off"), .init("virtio-gpu-device", "edid", "off")]),
        (
            MachineVersion(3, 1),
            [.init("virtio-blk-device", "discard", "off"), .init("virtio-blk-device", "write-zeroes", "off")]
                + ["usb-kbd", "usb-mouse", "usb-tablet"].map { .init($0, "serial", "42") }
        ),
    ]
}
