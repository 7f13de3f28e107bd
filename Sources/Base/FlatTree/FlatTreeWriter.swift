import CLibFDT

/// Writes a flattened tree from its root on, in the order of the nodes.
public struct FlatTreeWriter {
    private var tree: [UInt8]

    /// - Parameter capacity: bytes that the tree may have.
    public init(capacity: Int) throws(FlatTreeError) {
        tree = [UInt8](repeating: 0, count: capacity)
        try write { unsafe fdt_create($0, Int32(capacity)) }
        try write { unsafe fdt_finish_reservemap($0) }
    }

    public mutating func beginNode(_ name: String) throws(FlatTreeError) { try write { unsafe fdt_begin_node($0, name) } }
    public mutating func endNode() throws(FlatTreeError) { try write { unsafe fdt_end_node($0) } }

    /// A property of the node that has begun last; before its children.
    public mutating func property(_ name: String, _ value: [UInt8]) throws(FlatTreeError) {
        try write { unsafe fdt_property($0, name, value, Int32(value.count)) }
    }

    /// The whole tree.
    public mutating func finish() throws(FlatTreeError) -> [UInt8] {
        try write { unsafe fdt_finish($0) }
        return Array(tree.prefix(FlatTree.size(of: tree)))
    }

    private mutating func write(_ step: (UnsafeMutableRawPointer?) -> Int32) throws(FlatTreeError) {
        let status = unsafe tree.withUnsafeMutableBytes { unsafe step($0.baseAddress) }
        if status != 0 { throw FlatTreeError(status) }
    }
}
