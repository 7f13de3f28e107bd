import ObjectModel

/// What every virtio device takes: which abilities of its queues (Virtio 1.2, chapter 6) drivers are offered.
public enum VirtioRingProperties {
    private static let rows: [(name: String, feature: UInt64, help: String)] = [
        ("indirect_desc", VirtioFeature.indirect, "tables of descriptors elsewhere in memory"),
        ("event_idx", VirtioFeature.eventIndex, "each side says when it wants to be told next"),
        ("packed", VirtioFeature.packed, "packed rings, for drivers of Virtio 1.1 and later"),
    ]

    public static let all = rows.map { Property($0.name, .bool, default: true, $0.help) }

    /// The abilities of queues that a device's properties leave.
    public static func features(_ values: PropertyValues) -> UInt64 {
        rows.reduce(VirtioFeature.ring) { values.bool($1.name) ? $0 : $0 & ~$1.feature }
    }
}

extension ObjectType {
    /// The type of a virtio device as it is on every transport: `virtio-NAME-device`.
    public static func virtio(_ name: String, help: String, _ properties: [Property]) -> ObjectType {
        ObjectType(
            "virtio-\(name)-device", parent: "virtio-device", help: help, bus: "virtio-bus", properties + VirtioRingProperties.all)
    }
}
