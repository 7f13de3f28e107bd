import CommandLine
import Diagnostics
import JSON
import MachineModel
import QAPI

/// What `-numa` and `set-numa-node` say, until the machine is made. The rules and sentences are those of QEMU 7.2 (docs: "NUMA options" of its manual).
public final class NUMASetup {
    private struct Node {
        var memory: UInt64?
        var backEnd: String?
    }

    /// Nodes that a machine may have.
    private static let limit = 128
    private static let localDistance: UInt8 = 10, farDistance: UInt8 = 255

    private var nodes: [Int: Node] = [:]
    /// The node of each cpu that somebody has given to one.
    private var cpus: [Int: Int] = [:]
    private var distances: [[Int]: UInt8] = [:]
    /// What the machine is made of.
    public var type: MachineType?
    public var topology = CPUTopology(cores: 1)
    /// Cpus that there can be.
    public var cpuCount = 1

    public init() {}

    // MARK: Saying

    /// `-numa KIND,…`.
    public func define(_ text: String) throws {
        let list = PropertyList(text, option: "numa", implied: "type")
        if ["hmat-lb", "hmat-cache"].contains(list["type"]) || list["initiator"] != nil {
            throw CommandLineError.notSupported("-numa \(list["type"] ?? ""): ACPI tables of heterogeneous memory")
        }
        var object = JSONObject()
        for (name, value) in list.values where name != "cpus" { object[name] = try NUMASetup.value(name, value) }
        let ranges = try list.all("cpus").map(NUMASetup.range)
        if !ranges.isEmpty { object["cpus"] = .array(ranges.flatMap { $0 }.map { JSONValue($0) }) }
        do { try add(try NumaOptions(object)) } catch { throw CommandLineError.refused(option: "numa", value: text, reason: "\(error)") }
    }

    private static func value(_ name: String, _ text: String) throws -> JSONValue {
        if name == "type" || name == "memdev" { return .string(text) }
        // As the option of that name, a bare number is MiB.
        if name == "mem" { return JSONValue(try parseSize(text, option: "numa", unit: 1 << 20)) }
        guard let number = UInt64(text) else {
            throw CommandLineError.refused(option: "numa", value: "\(name)=\(text)", reason: "Parameter '\(name)' expects a number")
        }
        return JSONValue(number)
    }

    /// `2` or `0-3`.
    private static func range(_ text: String) throws -> ClosedRange<Int> {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
        guard ends.count <= 2, let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last else {
            throw CommandLineError.refused(option: "numa", value: "cpus=\(text)", reason: "Parameter 'cpus' expects a uint64 value or range")
        }
        return Int(first)...Int(last)
    }

    public func register(in commands: inout CommandTable, hasMachine: @escaping () -> Bool) {
        commands.on(SetNumaNodeCommand.self) { [unowned self] arguments in
            guard !hasMachine() else { throw QAPIError(.generic, "The command is permitted only before the machine has been created") }
            try add(arguments)
            return QAPIEmpty()
        }
    }

    private func add(_ options: NumaOptions) throws(QAPIError) {
        guard type?.numa != nil else { throw .init(.generic, "NUMA is not supported by this machine-type") }
        let before = (nodes, cpus)
        do throws(QAPIError) {
            switch options.branch {
            case .node(let node): try add(node)
            case .dist(let distance): try add(distance)
            case .cpu(let cpu): try add(cpu)
            }
        } catch {
            // What is refused leaves nothing behind.
            (nodes, cpus) = before
            throw error
        }
    }

    private func add(_ options: NumaNodeOptions) throws(QAPIError) {
        let id = options.nodeid.map(Int.init) ?? nodes.count
        guard id < NUMASetup.limit else { throw .init(.generic, "Max number of NUMA nodes reached: \(id)") }
        guard nodes[id] == nil else { throw .init(.generic, "Duplicate NUMA nodeid: \(id)") }
        for cpu in (options.cpus ?? []).map(Int.init) {
            guard cpu < cpuCount else { throw .init(.generic, "CPU index (\(cpu)) should be smaller than maxcpus (\(cpuCount))") }
            try give(cpu, to: id)
        }
        if options.mem != nil {
            guard type?.numa?.takesMemory == true else {
                throw .init(.generic, "Parameter -numa node,mem is not supported by this machine type; use -numa node,memdev instead")
            }
            warn("-numa node,mem= is deprecated, use -numa node,memdev= instead")
        }
        nodes[id] = Node(memory: options.mem, backEnd: options.memdev)
        guard !(nodes.values.contains { $0.memory != nil } && nodes.values.contains { $0.backEnd != nil }) else {
            throw .init(.generic, "numa configuration should use either mem= or memdev=,mixing both is not allowed")
        }
    }

    private func give(_ cpu: Int, to node: Int) throws(QAPIError) {
        if let other = cpus[cpu], other != node { throw .init(.generic, "CPU is already assigned to node-id: \(other)") }
        cpus[cpu] = node
    }

    private func add(_ options: NumaDistOptions) throws(QAPIError) {
        let (from, to, value) = (Int(options.src), Int(options.dst), options.val)
        guard max(from, to) < NUMASetup.limit else {
            throw .init(.generic, "Invalid node \(max(from, to)), max possible could be \(NUMASetup.limit - 1)")
        }
        guard nodes[from] != nil, nodes[to] != nil else {
            throw .init(.generic, "Source/Destination NUMA node is missing. Please use '-numa node' option to declare it first.")
        }
        guard value >= NUMASetup.localDistance else {
            throw .init(.generic, "NUMA distance (\(value)) is invalid, it shouldn't be less than \(NUMASetup.localDistance).")
        }
        if from == to, value != NUMASetup.localDistance {
            throw .init(.generic, "Local distance of node \(from) should be \(NUMASetup.localDistance).")
        }
        distances[[from, to]] = value
    }

    private func add(_ options: NumaCpuOptions) throws(QAPIError) {
        guard let id = options.nodeId.map(Int.init) else { throw .init(.generic, "Missing mandatory node-id property") }
        guard nodes[id] != nil else {
            throw .init(
                .generic,
                "Invalid node-id=\(id), NUMA node must be defined with -numa node,nodeid=ID before it's used with -numa cpu,node-id=ID")
        }
        let places = (0..<cpuCount).map { type?.cpuPlace?($0, topology) ?? CPUPlace() }
        let usual = places.first ?? CPUPlace()
        let wanted: [(name: String, value: Int64?, KeyPath<CPUPlace, Int?>)] = [
            ("thread-id", options.threadId, \.thread), ("core-id", options.coreId, \.core), ("cluster-id", options.clusterId, \.cluster),
            ("socket-id", options.socketId, \.socket),
        ]
        if options.dieId != nil { throw .init(.generic, "die-id is not supported") }
        for (name, value, path) in wanted where value != nil && usual[keyPath: path] == nil { throw .init(.generic, "\(name) is not supported") }
        let found = places.indices.filter { cpu in
            wanted.allSatisfy { _, value, path in value == nil || value == places[cpu][keyPath: path].map(Int64.init) }
        }
        guard !found.isEmpty else { throw .init(.generic, "no match found") }
        for cpu in found { try give(cpu, to: id) }
    }

    // MARK: Finishing

    /// The nodes, complete; nil if there are none.
    ///
    /// - Parameter memory: bytes of the machine.
    public func finish(memory: UInt64, backEnds: BackEnds) throws -> NUMA? {
        guard !nodes.isEmpty else { return nil }
        let count = nodes.count
        if let missing = (0..<(nodes.keys.max() ?? 0)).last(where: { nodes[$0] == nil }) { throw error("Node ID missing: \(missing)") }
        var result = NUMA(nodes: try (0..<count).map { try finished(nodes[$0] ?? Node(), backEnds) })
        let total = result.nodes.reduce(0) { $0 &+ $1.memory }
        guard total == memory else { throw error("total memory for NUMA nodes (\(hex(total))) should equal RAM size (\(hex(memory)))") }
        giveRest(count)
        for cpu in 0..<cpuCount { result.nodes[cpus[cpu] ?? 0].cpus.append(cpu) }
        result.distances = try finishedDistances(count)
        return result
    }

    private func finished(_ node: Node, _ backEnds: BackEnds) throws -> NUMA.Node {
        var result = NUMA.Node()
        result.memory = node.memory ?? 0
        if let id = node.backEnd {
            let (size, source) = try backEnds.memory(id, option: "numa")
            (result.memory, result.backEnd) = (size, (id, source))
        }
        return result
    }

    /// Gives a node to the cpus that have none.
    private func giveRest(_ count: Int) {
        let rest = (0..<cpuCount).filter { cpus[$0] == nil }
        if !cpus.isEmpty, !rest.isEmpty {
            warn("CPU(s) not present in any NUMA nodes: \(rest.map(describe).joined(separator: ", "))")
        }
        for cpu in rest { cpus[cpu] = type?.numa?.usualNode(cpu, topology, cpuCount, count) ?? 0 }
    }

    private func describe(_ cpu: Int) -> String {
        let place = type?.cpuPlace?(cpu, topology) ?? CPUPlace()
        let parts = [("socket-id", place.socket), ("cluster-id", place.cluster), ("core-id", place.core), ("thread-id", place.thread)]
        return "CPU \(cpu) [\(parts.compactMap { name, value in value.map { "\(name): \($0)" } }.joined(separator: ", "))]"
    }

    /// A distance that is named in one direction holds in both, unless some pair has two.
    private func finishedDistances(_ count: Int) throws -> [[UInt8]] {
        if distances.isEmpty { return [] }
        var isAsymmetric = false
        for from in 0..<count {
            for to in 0..<from {
                let (there, back) = (distances[[from, to]], distances[[to, from]])
                guard there != nil || back != nil else {
                    throw error(
                        "The distance between node \(to) and \(from) is missing, at least one distance value between each nodes should be provided.")
                }
                if let there, let back, there != back { isAsymmetric = true }
            }
        }
        return try (0..<count).map { from in
            try (0..<count).map { to in
                if from == to { return NUMASetup.localDistance }
                if let distance = distances[[from, to]] { return distance }
                guard !isAsymmetric, let distance = distances[[to, from]] else {
                    throw error(
                        "At least one asymmetrical pair of distances is given, please provide distances for both directions of all node pairs.")
                }
                return distance
            }
        }
    }

    private func error(_ reason: String) -> CommandLineError { .refused(option: "numa", value: "", reason: reason) }
}

extension NUMA {
    /// What `info numa` says.
    static func description(_ numa: NUMA?, cpus: Int) -> String {
        let nodes = numa?.nodes ?? []
        let lines = nodes.enumerated().map { number, node in
            "node \(number) cpus:\(node.cpus.filter { $0 < cpus }.map { " \($0)" }.joined())\nnode \(number) size: \(node.memory >> 20) MB\n"
                + "node \(number) plugged: 0 MB\n"
        }
        return "\(nodes.count) nodes\n" + lines.joined()
    }
}
