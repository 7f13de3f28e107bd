import FlatTree

/// A device tree that the user brought, checked before anything reads it.
public struct DeviceTreeBlob {
    public private(set) var bytes: [UInt8]

    /// Room that is added for properties set later, in bytes.
    private static let slack = 64 << 10

    /// Checks every offset and every structure of the blob.
    public init(checking blob: [UInt8]) throws(DeviceTreeError) {
        guard blob.count >= 40 else { throw .broken("it has \(blob.count) bytes, less than its header") }
        // Versions before 16 name nodes by their whole path; libfdt's check of those reads through a null pointer.
        let version = blob[20..<24].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard version >= 16 else { throw .broken("its format's version is \(version), and 16 is the first that is understood") }
        if let problem = StructureCheck(blob).problem() { throw .broken(problem) }
        do { bytes = try FlatTree.checked(blob, room: DeviceTreeBlob.slack) } catch { throw .broken(error.reason) }
    }

    /// Sets a property of a node that is made if it is missing.
    public mutating func set(node: String, under parent: String = "/", _ property: String, bytes value: [UInt8]) throws(DeviceTreeError) {
        do { try FlatTree.set(&bytes, node: node, under: parent, property, value) } catch { throw .broken(error.reason) }
    }

    /// The blob without the spare room.
    public func packed() -> [UInt8] { FlatTree.packed(bytes) }
}
