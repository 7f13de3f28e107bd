// Made by apus-schema from Sources/Control/Schema/Text. Change it there.

import JSON

/// What `set-numa-node` says something about. The two kinds of ACPI's HMAT are not there, for no board has such tables.
public enum NumaOptionsType: String, QAPIEnumeration {
    case node
    case dist
    case cpu
}

/// A node.
public struct NumaNodeOptions: QAPIObject {
    /// the next one's if it is not named
    public var nodeid: UInt16?
    /// numbers of its cpus
    public var cpus: [UInt16]?
    /// how much of the machine's memory it has
    public var mem: UInt64?
    /// the back end that is its memory
    public var memdev: String?

    public init(
        nodeid: UInt16? = nil,
        cpus: [UInt16]? = nil,
        mem: UInt64? = nil,
        memdev: String? = nil
    ) {
        self.nodeid = nodeid
        self.cpus = cpus
        self.mem = mem
        self.memdev = memdev
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        nodeid = try input.takeOptional("nodeid")
        cpus = try input.takeOptional("cpus")
        mem = try input.takeOptional("mem")
        memdev = try input.takeOptional("memdev")
    }

    public func write(to output: inout JSONObject) {
        output["nodeid"] = nodeid?.json
        output["cpus"] = cpus?.json
        output["mem"] = mem?.json
        output["memdev"] = memdev?.json
    }
}

/// How far it is from one node to another; 10 is within a node, 255 unreachable.
public struct NumaDistOptions: QAPIObject {
    public var src: UInt16
    public var dst: UInt16
    public var val: UInt8

    public init(
        src: UInt16,
        dst: UInt16,
        val: UInt8
    ) {
        self.src = src
        self.dst = dst
        self.val = val
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        src = try input.take("src")
        dst = try input.take("dst")
        val = try input.take("val")
    }

    public func write(to output: inout JSONObject) {
        output["src"] = src.json
        output["dst"] = dst.json
        output["val"] = val.json
    }
}

/// Which node the cpus at a place belong to.
public struct NumaCpuOptions: QAPIObject {
    public var nodeId: Int64?
    public var socketId: Int64?
    public var dieId: Int64?
    public var clusterId: Int64?
    public var coreId: Int64?
    public var threadId: Int64?

    public init(
        nodeId: Int64? = nil,
        socketId: Int64? = nil,
        dieId: Int64? = nil,
        clusterId: Int64? = nil,
        coreId: Int64? = nil,
        threadId: Int64? = nil
    ) {
        self.nodeId = nodeId
        self.socketId = socketId
        self.dieId = dieId
        self.clusterId = clusterId
        self.coreId = coreId
        self.threadId = threadId
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        nodeId = try input.takeOptional("node-id")
        socketId = try input.takeOptional("socket-id")
        dieId = try input.takeOptional("die-id")
        clusterId = try input.takeOptional("cluster-id")
        coreId = try input.takeOptional("core-id")
        threadId = try input.takeOptional("thread-id")
    }

    public func write(to output: inout JSONObject) {
        output["node-id"] = nodeId?.json
        output["socket-id"] = socketId?.json
        output["die-id"] = dieId?.json
        output["cluster-id"] = clusterId?.json
        output["core-id"] = coreId?.json
        output["thread-id"] = threadId?.json
    }
}

/// What `-numa` and `set-numa-node` say.
public struct NumaOptions: QAPIObject {
    public enum Branch: Sendable {
        case node(NumaNodeOptions)
        case dist(NumaDistOptions)
        case cpu(NumaCpuOptions)
    }

    public var branch: Branch

    public init(
        branch: Branch
    ) {
        self.branch = branch
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        let kind: NumaOptionsType = try input.take("type")
        switch kind {
        case .node: branch = .node(try NumaNodeOptions(reading: &input))
        case .dist: branch = .dist(try NumaDistOptions(reading: &input))
        case .cpu: branch = .cpu(try NumaCpuOptions(reading: &input))
        }
    }

    public func write(to output: inout JSONObject) {
        switch branch {
        case .node(let value):
            output["type"] = "node"
            value.write(to: &output)
        case .dist(let value):
            output["type"] = "dist"
            value.write(to: &output)
        case .cpu(let value):
            output["type"] = "cpu"
            value.write(to: &output)
        }
    }
}

/// Says something about nodes, before the machine is made.
public enum SetNumaNodeCommand: QAPICommand {
    public static let name = "set-numa-node"
    public static let isEarly = true
    public typealias Return = QAPIEmpty
    public typealias Arguments = NumaOptions
}

/// Shows the nodes with their cpus and memory.
public enum XQueryNumaCommand: QAPICommand {
    public static let name = "x-query-numa"
    public typealias Return = HumanReadableText
    public typealias Arguments = QAPIEmpty
}
