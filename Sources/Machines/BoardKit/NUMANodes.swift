import DeviceTree
import MachineModel

/// Memory and nodes as device trees tell of them (the kernel's Documentation/devicetree/bindings/numa.txt).
extension MachineConfiguration {
    /// A `memory` node for each node, or one for all.
    public func memoryNodes(from start: UInt64, size: UInt64) -> [DeviceTreeNode] {
        memoryPlaces(from: start, size: size).map { place in
            var node = DeviceTreeNode("memory@\(String(place.address, radix: 16))")
            node.set("device_type", strings: "memory")
            node.set("reg", wideCells: [place.address, place.size])
            if let number = place.node { node.set("numa-node-id", cells: [UInt32(number)]) }
            return node
        }
    }

    /// Says in a cpu's or a controller's node where it is.
    public func setNode(ofCPU cpu: Int, in node: inout DeviceTreeNode) {
        if let number = numa?.node(ofCPU: cpu) { node.set("numa-node-id", cells: [UInt32(number)]) }
    }

    /// The distances between nodes, if somebody has named them.
    public var distanceNodes: [DeviceTreeNode] {
        guard let numa, !numa.distances.isEmpty else { return [] }
        var node = DeviceTreeNode("distance-map")
        node.set("compatible", strings: "numa-distance-map-v1")
        let cells = numa.distances.indices.flatMap { from in
            numa.distances[from].indices.flatMap { to in [UInt32(from), UInt32(to), UInt32(numa.distances[from][to])] }
        }
        node.set("distance-matrix", cells: cells)
        return [node]
    }
}
