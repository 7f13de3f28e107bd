import AddressSpace
import HostOS

/// Nodes of memory and cpus that are near each other: `-numa`.
public struct NUMA {
    public struct Node {
        /// Numbers of the cpus, in order.
        public var cpus: [Int] = []
        /// Bytes.
        public var memory: UInt64 = 0
        /// The back end that stands behind the node's memory; nil if it is a part of the machine's.
        public var backEnd: (id: String, source: MemorySource)?

        public init() {}
    }

    public var nodes: [Node]
    /// From each node to each, 10 being a node's distance from itself; empty if nobody has named any.
    public var distances: [[UInt8]]

    public init(nodes: [Node], distances: [[UInt8]] = []) { (self.nodes, self.distances) = (nodes, distances) }

    public func node(ofCPU cpu: Int) -> Int? { nodes.firstIndex { $0.cpus.contains(cpu) } }
}

/// What a kind of machine makes of `-numa`.
public struct NUMASupport: Sendable {
    /// Whether `mem=` may say how much of the machine's memory a node has.
    public let takesMemory: Bool
    /// Where a cpu is that nobody has given to a node, among so many.
    public let usualNode: @Sendable (_ cpu: Int, _ topology: CPUTopology, _ cpus: Int, _ nodes: Int) -> Int

    public init(takesMemory: Bool, usualNode: @escaping @Sendable (Int, CPUTopology, Int, Int) -> Int) {
        (self.takesMemory, self.usualNode) = (takesMemory, usualNode)
    }
}

extension MachineConfiguration {
    /// The machine's memory: of one piece, or with a piece for each node's back end, one behind the other.
    public func makeMemory(_ name: String, size: UInt64) throws -> MemoryRegion {
        let pieces = numa?.nodes.compactMap { node in node.backEnd.map { (id: $0.id, source: $0.source, size: node.memory) } } ?? []
        guard !pieces.isEmpty else { return try .ram(name, size: size, from: memorySource) }
        let whole = MemoryRegion.container(name, size: size)
        var address: UInt64 = 0
        for piece in pieces {
            whole.add(try .ram(piece.id, size: piece.size, from: piece.source), at: address)
            address += piece.size
        }
        return whole
    }

    /// Where each node's memory lies, for a device tree; all of it, of no node, where there are none.
    public func memoryPlaces(from start: UInt64, size: UInt64) -> [(address: UInt64, size: UInt64, node: Int?)] {
        guard let numa else { return [(start, size, nil)] }
        var address = start
        return numa.nodes.indices.compactMap { node in
            let count = numa.nodes[node].memory
            defer { address += count }
            return count == 0 ? nil : (address, count, node)
        }
    }
}
