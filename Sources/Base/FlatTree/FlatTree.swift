import CLibFDT

/// libfdt's word for what is wrong with a tree.
public struct FlatTreeError: Error {
    public let reason: String

    init(_ status: Int32) { reason = unsafe String(cString: fdt_strerror(status)) }
}

/// Flattened device trees (Devicetree Specification 0.4, chapter 5), which libfdt reads and writes: bytes in, bytes out.
public enum FlatTree {
    /// A tree whose every offset and structure libfdt has checked, in the newest format, with room behind it.
    ///
    /// - Parameters:
    ///   - blob: at least a header, of version 16 or later, whose properties end within the blob: libfdt's check is not safe from others.
    ///   - room: bytes for properties that are set later.
    public static func checked(_ blob: [UInt8], room: Int) throws(FlatTreeError) -> [UInt8] {
        var grown = blob + [UInt8](repeating: 0, count: room)
        let status = unsafe blob.withUnsafeBytes { source -> Int32 in
            guard let start = source.baseAddress else { return -FDT_ERR_TRUNCATED }
            let checked = unsafe fdt_check_full(start, source.count)
            if checked != 0 { return checked }
            return unsafe grown.withUnsafeMutableBytes { target in unsafe fdt_open_into(start, target.baseAddress, Int32(target.count)) }
        }
        if status != 0 { throw FlatTreeError(status) }
        return grown
    }

    /// Sets a property of a node in a checked tree; the node is made if it is missing.
    public static func set(_ tree: inout [UInt8], node: String, under parent: String, _ property: String, _ value: [UInt8]) throws(FlatTreeError) {
        let status = unsafe tree.withUnsafeMutableBytes { blob -> Int32 in
            guard let base = blob.baseAddress else { return -FDT_ERR_TRUNCATED }
            let above = unsafe fdt_path_offset(base, parent)
            if above < 0 { return above }
            var offset = unsafe fdt_subnode_offset(base, above, node)
            if offset < 0 { offset = unsafe fdt_add_subnode(base, above, node) }
            if offset < 0 { return offset }
            return unsafe fdt_setprop(base, offset, property, value, Int32(value.count))
        }
        if status != 0 { throw FlatTreeError(status) }
    }

    /// A checked tree without the room behind it.
    public static func packed(_ tree: [UInt8]) -> [UInt8] {
        var copy = tree
        let status = unsafe copy.withUnsafeMutableBytes { unsafe fdt_pack($0.baseAddress) }
        return status == 0 ? Array(copy.prefix(size(of: copy))) : copy
    }

    /// The total size that a tree's header tells, at byte 4.
    static func size(of tree: [UInt8]) -> Int { Int(tree[4..<8].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }) }
}
