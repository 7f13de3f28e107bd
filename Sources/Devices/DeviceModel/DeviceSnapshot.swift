import Snapshot

/// The state of devices as bytes. RAM, flash contents included, is not part of it.
public enum DeviceSnapshot {
    /// Writes down the devices' state. Nothing may run: vCPUs are stopped, requests to back ends have ended.
    public static func save(_ devices: [any Device]) -> [UInt8] {
        var writer = SnapshotWriter()
        visit(devices, &writer)
        return writer.bytes
    }

    /// Gives devices of the same kinds, in the same order, the state of those that were saved. After an error the devices must be reset
    /// before they are used.
    public static func restore(_ devices: [any Device], from bytes: [UInt8]) throws(SnapshotError) {
        var reader = try SnapshotReader(bytes)
        visit(devices, &reader)
        try reader.finish()
        for device in devices { device.restored() }
    }

    private static func visit<Visitor: FieldVisitor>(_ devices: [any Device], _ visitor: inout Visitor) {
        for (index, device) in devices.enumerated() {
            visitor.group("\(index).\(type(of: device).typeName)") { visitor in
                let version = type(of: device).stateVersion
                var found = version
                visitor.field("version", &found)
                visitor.check("the version is at most \(version)", found <= version)
                device.visit(&visitor)
            }
        }
    }
}
