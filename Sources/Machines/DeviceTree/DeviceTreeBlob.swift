import CLibFDT

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
        var grown = blob + [UInt8](repeating: 0, count: DeviceTreeBlob.slack)
        let status = unsafe blob.withUnsafeBytes { source -> Int32 in
            guard let start = source.baseAddress else { return -FDT_ERR_TRUNCATED }
            let checked = unsafe fdt_check_full(start, source.count)
            if checked != 0 { return checked }
            return unsafe grown.withUnsafeMutableBytes { target in unsafe fdt_open_into(start, target.baseAddress, Int32(target.count)) }
        }
        guard status == 0 else { throw .broken(unsafe String(cString: fdt_strerror(status))) }
        bytes = grown
    }

    /// Sets a property of a node that is made if it is missing.
    public mutating func set(node: String, under parent: String = "/", _ property: String, bytes value: [UInt8]) throws(DeviceTreeError) {
        let status = unsafe bytes.withUnsafeMutableBytes { blob -> Int32 in
            guard let base = blob.baseAddress else { return -FDT_ERR_TRUNCATED }
            let above = unsafe fdt_path_offset(base, parent)
            if above < 0 { return above }
            var offset = unsafe fdt_subnode_offset(base, above, node)
            if offset < 0 { offset = unsafe fdt_add_subnode(base, above, node) }
            if offset < 0 { return offset }
            return unsafe fdt_setprop(base, offset, property, value, Int32(value.count))
        }
        guard status == 0 else { throw .broken(unsafe String(cString: fdt_strerror(status))) }
    }

    /// The blob without the spare room.
    public func packed() -> [UInt8] {
        var copy = bytes
        let size = unsafe copy.withUnsafeMutableBytes { blob -> Int in
            guard let base = blob.baseAddress, unsafe fdt_pack(base) == 0 else { return blob.count }
            return unsafe Int(UInt32(bigEndian: base.load(fromByteOffset: 4, as: UInt32.self)))
        }
        return Array(copy.prefix(size))
    }
}
