// Made by apus-schema from Sources/Control/Schema/Text. Change it there.

import JSON

/// Whether the machine runs, and if not, why.
public enum RunState: String, QAPIEnumeration {
    case debug
    case inmigrate
    case internalError = "internal-error"
    case ioError = "io-error"
    case paused
    case postmigrate
    case prelaunch
    case finishMigrate = "finish-migrate"
    case restoreVm = "restore-vm"
    case running
    case saveVm = "save-vm"
    case shutdown
    case suspended
    case watchdog
    case guestPanicked = "guest-panicked"
    case colo
}

/// What the machine does.
public struct StatusInfo: QAPIObject {
    public var running: Bool
    /// one guest instruction a block
    public var singlestep: Bool
    public var status: RunState

    public init(
        running: Bool,
        singlestep: Bool,
        status: RunState
    ) {
        self.running = running
        self.singlestep = singlestep
        self.status = status
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        running = try input.take("running")
        singlestep = try input.take("singlestep")
        status = try input.take("status")
    }

    public func write(to output: inout JSONObject) {
        output["running"] = running.json
        output["singlestep"] = singlestep.json
        output["status"] = status.json
    }
}

/// Says whether the machine runs.
public enum QueryStatusCommand: QAPICommand {
    public static let name = "query-status"
    public static let isEarly = true
    public typealias Return = StatusInfo
    public typealias Arguments = QAPIEmpty
}

/// Stops the cpus.
public enum StopCommand: QAPICommand {
    public static let name = "stop"
    public typealias Return = QAPIEmpty
    public typealias Arguments = QAPIEmpty
}

/// Lets the cpus go on.
public enum ContCommand: QAPICommand {
    public static let name = "cont"
    public typealias Return = QAPIEmpty
    public typealias Arguments = QAPIEmpty
}

/// Resets the machine.
public enum SystemResetCommand: QAPICommand {
    public static let name = "system_reset"
    public typealias Return = QAPIEmpty
    public typealias Arguments = QAPIEmpty
}

/// Presses the power button.
public enum SystemPowerdownCommand: QAPICommand {
    public static let name = "system_powerdown"
    public typealias Return = QAPIEmpty
    public typealias Arguments = QAPIEmpty
}

/// Wakes a guest that sleeps.
public enum SystemWakeupCommand: QAPICommand {
    public static let name = "system_wakeup"
    public typealias Return = QAPIEmpty
    public typealias Arguments = QAPIEmpty
}

/// Sends the cpu a non-maskable interrupt.
public enum InjectNmiCommand: QAPICommand {
    public static let name = "inject-nmi"
    public typealias Return = QAPIEmpty
    public typealias Arguments = QAPIEmpty
}

/// Makes the machine and waits for `cont`, after `-preconfig`.
public enum XExitPreconfigCommand: QAPICommand {
    public static let name = "x-exit-preconfig"
    public static let isEarly = true
    public typealias Return = QAPIEmpty
    public typealias Arguments = QAPIEmpty
}

/// A machine's name.
public struct NameInfo: QAPIObject {
    public var name: String?

    public init(
        name: String? = nil
    ) {
        self.name = name
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        name = try input.takeOptional("name")
    }

    public func write(to output: inout JSONObject) {
        output["name"] = name?.json
    }
}

/// Says what `-name` said.
public enum QueryNameCommand: QAPICommand {
    public static let name = "query-name"
    public static let isEarly = true
    public typealias Return = NameInfo
    public typealias Arguments = QAPIEmpty
}

/// A machine's number.
public struct UuidInfo: QAPIObject {
    public var uuid: String

    public init(
        uuid: String
    ) {
        self.uuid = uuid
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        uuid = try input.take("UUID")
    }

    public func write(to output: inout JSONObject) {
        output["UUID"] = uuid.json
    }
}

/// Says what `-uuid` said; zeros if it was not given.
public enum QueryUuidCommand: QAPICommand {
    public static let name = "query-uuid"
    public static let isEarly = true
    public typealias Return = UuidInfo
    public typealias Arguments = QAPIEmpty
}

/// The architectures that there are machines for.
public enum SysEmuTarget: String, QAPIEnumeration {
    case aarch64
    case arm
    case riscv32
    case riscv64
    case x8664 = "x86_64"
}

/// Whose machines this program emulates.
public struct TargetInfo: QAPIObject {
    public var arch: SysEmuTarget

    public init(
        arch: SysEmuTarget
    ) {
        self.arch = arch
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        arch = try input.take("arch")
    }

    public func write(to output: inout JSONObject) {
        output["arch"] = arch.json
    }
}

/// Says whose machines this program emulates.
public enum QueryTargetCommand: QAPICommand {
    public static let name = "query-target"
    public static let isEarly = true
    public typealias Return = TargetInfo
    public typealias Arguments = QAPIEmpty
}

/// A kind of machine.
public struct MachineInfo: QAPIObject {
    public var name: String
    public var alias: String?
    public var isDefault: Bool?
    public var cpuMax: Int64
    public var hotpluggableCpus: Bool
    public var numaMemSupported: Bool
    public var deprecated: Bool
    public var defaultCpuType: String?
    public var defaultRamId: String?

    public init(
        name: String,
        alias: String? = nil,
        isDefault: Bool? = nil,
        cpuMax: Int64,
        hotpluggableCpus: Bool,
        numaMemSupported: Bool,
        deprecated: Bool,
        defaultCpuType: String? = nil,
        defaultRamId: String? = nil
    ) {
        self.name = name
        self.alias = alias
        self.isDefault = isDefault
        self.cpuMax = cpuMax
        self.hotpluggableCpus = hotpluggableCpus
        self.numaMemSupported = numaMemSupported
        self.deprecated = deprecated
        self.defaultCpuType = defaultCpuType
        self.defaultRamId = defaultRamId
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        name = try input.take("name")
        alias = try input.takeOptional("alias")
        isDefault = try input.takeOptional("is-default")
        cpuMax = try input.take("cpu-max")
        hotpluggableCpus = try input.take("hotpluggable-cpus")
        numaMemSupported = try input.take("numa-mem-supported")
        deprecated = try input.take("deprecated")
        defaultCpuType = try input.takeOptional("default-cpu-type")
        defaultRamId = try input.takeOptional("default-ram-id")
    }

    public func write(to output: inout JSONObject) {
        output["name"] = name.json
        output["alias"] = alias?.json
        output["is-default"] = isDefault?.json
        output["cpu-max"] = cpuMax.json
        output["hotpluggable-cpus"] = hotpluggableCpus.json
        output["numa-mem-supported"] = numaMemSupported.json
        output["deprecated"] = deprecated.json
        output["default-cpu-type"] = defaultCpuType?.json
        output["default-ram-id"] = defaultRamId?.json
    }
}

/// Lists the kinds of machines.
public enum QueryMachinesCommand: QAPICommand {
    public static let name = "query-machines"
    public static let isEarly = true
    public typealias Return = [MachineInfo]
    public typealias Arguments = QAPIEmpty
}

/// What the machine that runs can do.
public struct CurrentMachineParams: QAPIObject {
    public var wakeupSuspendSupport: Bool

    public init(
        wakeupSuspendSupport: Bool
    ) {
        self.wakeupSuspendSupport = wakeupSuspendSupport
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        wakeupSuspendSupport = try input.take("wakeup-suspend-support")
    }

    public func write(to output: inout JSONObject) {
        output["wakeup-suspend-support"] = wakeupSuspendSupport.json
    }
}

/// Says what the machine that runs can do.
public enum QueryCurrentMachineCommand: QAPICommand {
    public static let name = "query-current-machine"
    public typealias Return = CurrentMachineParams
    public typealias Arguments = QAPIEmpty
}

/// Where a cpu sits.
public struct CpuInstanceProperties: QAPIObject {
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

/// A cpu.
public struct CpuInfoFast: QAPIObject {
    public var cpuIndex: Int64
    public var qomPath: String
    /// of the host
    public var threadId: Int64
    public var props: CpuInstanceProperties?
    public var target: SysEmuTarget

    public init(
        cpuIndex: Int64,
        qomPath: String,
        threadId: Int64,
        props: CpuInstanceProperties? = nil,
        target: SysEmuTarget
    ) {
        self.cpuIndex = cpuIndex
        self.qomPath = qomPath
        self.threadId = threadId
        self.props = props
        self.target = target
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        cpuIndex = try input.take("cpu-index")
        qomPath = try input.take("qom-path")
        threadId = try input.take("thread-id")
        props = try input.takeOptional("props")
        target = try input.take("target")
    }

    public func write(to output: inout JSONObject) {
        output["cpu-index"] = cpuIndex.json
        output["qom-path"] = qomPath.json
        output["thread-id"] = threadId.json
        output["props"] = props?.json
        output["target"] = target.json
    }
}

/// Lists the cpus without disturbing them.
public enum QueryCpusFastCommand: QAPICommand {
    public static let name = "query-cpus-fast"
    public typealias Return = [CpuInfoFast]
    public typealias Arguments = QAPIEmpty
}

/// A place for a cpu.
public struct HotpluggableCPU: QAPIObject {
    public var type: String
    public var vcpusCount: Int64
    public var props: CpuInstanceProperties
    public var qomPath: String?

    public init(
        type: String,
        vcpusCount: Int64,
        props: CpuInstanceProperties,
        qomPath: String? = nil
    ) {
        self.type = type
        self.vcpusCount = vcpusCount
        self.props = props
        self.qomPath = qomPath
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        type = try input.take("type")
        vcpusCount = try input.take("vcpus-count")
        props = try input.take("props")
        qomPath = try input.takeOptional("qom-path")
    }

    public func write(to output: inout JSONObject) {
        output["type"] = type.json
        output["vcpus-count"] = vcpusCount.json
        output["props"] = props.json
        output["qom-path"] = qomPath?.json
    }
}

/// Lists the places for cpus, where cpus can be plugged in.
public enum QueryHotpluggableCpusCommand: QAPICommand {
    public static let name = "query-hotpluggable-cpus"
    public static let isEarly = true
    public typealias Return = [HotpluggableCPU]
    public typealias Arguments = QAPIEmpty
}

/// A model of cpu.
public struct CpuDefinitionInfo: QAPIObject {
    public var name: String
    public var migrationSafe: Bool?
    public var `static`: Bool
    public var unavailableFeatures: [String]?
    public var typename: String
    public var aliasOf: String?
    public var deprecated: Bool

    public init(
        name: String,
        migrationSafe: Bool? = nil,
        `static`: Bool,
        unavailableFeatures: [String]? = nil,
        typename: String,
        aliasOf: String? = nil,
        deprecated: Bool
    ) {
        self.name = name
        self.migrationSafe = migrationSafe
        self.static = `static`
        self.unavailableFeatures = unavailableFeatures
        self.typename = typename
        self.aliasOf = aliasOf
        self.deprecated = deprecated
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        name = try input.take("name")
        migrationSafe = try input.takeOptional("migration-safe")
        `static` = try input.take("static")
        unavailableFeatures = try input.takeOptional("unavailable-features")
        typename = try input.take("typename")
        aliasOf = try input.takeOptional("alias-of")
        deprecated = try input.take("deprecated")
    }

    public func write(to output: inout JSONObject) {
        output["name"] = name.json
        output["migration-safe"] = migrationSafe?.json
        output["static"] = `static`.json
        output["unavailable-features"] = unavailableFeatures?.json
        output["typename"] = typename.json
        output["alias-of"] = aliasOf?.json
        output["deprecated"] = deprecated.json
    }
}

/// Lists the models of cpus.
public enum QueryCpuDefinitionsCommand: QAPICommand {
    public static let name = "query-cpu-definitions"
    public static let isEarly = true
    public typealias Return = [CpuDefinitionInfo]
    public typealias Arguments = QAPIEmpty
}

/// Whether the host's hardware virtualization is used.
public struct KvmInfo: QAPIObject {
    public var enabled: Bool
    public var present: Bool

    public init(
        enabled: Bool,
        present: Bool
    ) {
        self.enabled = enabled
        self.present = present
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        enabled = try input.take("enabled")
        present = try input.take("present")
    }

    public func write(to output: inout JSONObject) {
        output["enabled"] = enabled.json
        output["present"] = present.json
    }
}

/// Says whether the host's hardware virtualization is used.
public enum QueryKvmCommand: QAPICommand {
    public static let name = "query-kvm"
    public static let isEarly = true
    public typealias Return = KvmInfo
    public typealias Arguments = QAPIEmpty
}

/// How memory is bound to the host's nodes.
public enum HostMemPolicy: String, QAPIEnumeration {
    case `default` = "default"
    case preferred
    case bind
    case interleave
}

/// A memory back end.
public struct Memdev: QAPIObject {
    public var id: String?
    public var size: UInt64
    public var merge: Bool
    public var dump: Bool
    public var prealloc: Bool
    public var share: Bool
    public var reserve: Bool?
    public var hostNodes: [UInt16]
    public var policy: HostMemPolicy

    public init(
        id: String? = nil,
        size: UInt64,
        merge: Bool,
        dump: Bool,
        prealloc: Bool,
        share: Bool,
        reserve: Bool? = nil,
        hostNodes: [UInt16],
        policy: HostMemPolicy
    ) {
        self.id = id
        self.size = size
        self.merge = merge
        self.dump = dump
        self.prealloc = prealloc
        self.share = share
        self.reserve = reserve
        self.hostNodes = hostNodes
        self.policy = policy
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        id = try input.takeOptional("id")
        size = try input.take("size")
        merge = try input.take("merge")
        dump = try input.take("dump")
        prealloc = try input.take("prealloc")
        share = try input.take("share")
        reserve = try input.takeOptional("reserve")
        hostNodes = try input.take("host-nodes")
        policy = try input.take("policy")
    }

    public func write(to output: inout JSONObject) {
        output["id"] = id?.json
        output["size"] = size.json
        output["merge"] = merge.json
        output["dump"] = dump.json
        output["prealloc"] = prealloc.json
        output["share"] = share.json
        output["reserve"] = reserve?.json
        output["host-nodes"] = hostNodes.json
        output["policy"] = policy.json
    }
}

/// Lists the memory back ends, the machine's own memory too.
public enum QueryMemdevCommand: QAPICommand {
    public static let name = "query-memdev"
    public typealias Return = [Memdev]
    public typealias Arguments = QAPIEmpty
}

/// How much memory there is, in bytes.
public struct MemoryInfo: QAPIObject {
    public var baseMemory: UInt64
    public var pluggedMemory: UInt64?

    public init(
        baseMemory: UInt64,
        pluggedMemory: UInt64? = nil
    ) {
        self.baseMemory = baseMemory
        self.pluggedMemory = pluggedMemory
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        baseMemory = try input.take("base-memory")
        pluggedMemory = try input.takeOptional("plugged-memory")
    }

    public func write(to output: inout JSONObject) {
        output["base-memory"] = baseMemory.json
        output["plugged-memory"] = pluggedMemory?.json
    }
}

/// Says how much memory there is.
public enum QueryMemorySizeSummaryCommand: QAPICommand {
    public static let name = "query-memory-size-summary"
    public typealias Return = MemoryInfo
    public typealias Arguments = QAPIEmpty
}

/// Kinds of memory that can be plugged in.
public enum MemoryDeviceInfoKind: String, QAPIEnumeration {
    case dimm
}

/// A memory module.
public struct PCDIMMDeviceInfo: QAPIObject {
    public var id: String?
    public var addr: Int64
    public var size: Int64
    public var slot: Int64
    public var node: Int64
    public var memdev: String
    public var hotplugged: Bool
    public var hotpluggable: Bool

    public init(
        id: String? = nil,
        addr: Int64,
        size: Int64,
        slot: Int64,
        node: Int64,
        memdev: String,
        hotplugged: Bool,
        hotpluggable: Bool
    ) {
        self.id = id
        self.addr = addr
        self.size = size
        self.slot = slot
        self.node = node
        self.memdev = memdev
        self.hotplugged = hotplugged
        self.hotpluggable = hotpluggable
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        id = try input.takeOptional("id")
        addr = try input.take("addr")
        size = try input.take("size")
        slot = try input.take("slot")
        node = try input.take("node")
        memdev = try input.take("memdev")
        hotplugged = try input.take("hotplugged")
        hotpluggable = try input.take("hotpluggable")
    }

    public func write(to output: inout JSONObject) {
        output["id"] = id?.json
        output["addr"] = addr.json
        output["size"] = size.json
        output["slot"] = slot.json
        output["node"] = node.json
        output["memdev"] = memdev.json
        output["hotplugged"] = hotplugged.json
        output["hotpluggable"] = hotpluggable.json
    }
}

public struct PCDIMMDeviceInfoWrapper: QAPIObject {
    public var data: PCDIMMDeviceInfo

    public init(
        data: PCDIMMDeviceInfo
    ) {
        self.data = data
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        data = try input.take("data")
    }

    public func write(to output: inout JSONObject) {
        output["data"] = data.json
    }
}

/// Memory that was plugged in. There is no such device, so the list is empty.
public struct MemoryDeviceInfo: QAPIObject {
    public enum Branch: Sendable {
        case dimm(PCDIMMDeviceInfoWrapper)
    }

    public var branch: Branch

    public init(
        branch: Branch
    ) {
        self.branch = branch
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        let kind: MemoryDeviceInfoKind = try input.take("type")
        switch kind {
        case .dimm: branch = .dimm(try PCDIMMDeviceInfoWrapper(reading: &input))
        }
    }

    public func write(to output: inout JSONObject) {
        switch branch {
        case .dimm(let value):
            output["type"] = "dimm"
            value.write(to: &output)
        }
    }
}

/// Lists memory that was plugged in.
public enum QueryMemoryDevicesCommand: QAPICommand {
    public static let name = "query-memory-devices"
    public typealias Return = [MemoryDeviceInfo]
    public typealias Arguments = QAPIEmpty
}

/// Writes memory to a file, by a cpu's addresses.
public enum MemsaveCommand: QAPICommand {
    public static let name = "memsave"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        /// the first address
        public var val: Int64
        /// bytes
        public var size: Int64
        public var filename: String
        public var cpuIndex: Int64?

        public init(
            val: Int64,
            size: Int64,
            filename: String,
            cpuIndex: Int64? = nil
        ) {
            self.val = val
            self.size = size
            self.filename = filename
            self.cpuIndex = cpuIndex
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            val = try input.take("val")
            size = try input.take("size")
            filename = try input.take("filename")
            cpuIndex = try input.takeOptional("cpu-index")
        }

        public func write(to output: inout JSONObject) {
            output["val"] = val.json
            output["size"] = size.json
            output["filename"] = filename.json
            output["cpu-index"] = cpuIndex?.json
        }
    }
}

/// Writes memory to a file, by physical addresses.
public enum PmemsaveCommand: QAPICommand {
    public static let name = "pmemsave"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        /// the first address
        public var val: Int64
        /// bytes
        public var size: Int64
        public var filename: String

        public init(
            val: Int64,
            size: Int64,
            filename: String
        ) {
            self.val = val
            self.size = size
            self.filename = filename
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            val = try input.take("val")
            size = try input.take("size")
            filename = try input.take("filename")
        }

        public func write(to output: inout JSONObject) {
            output["val"] = val.json
            output["size"] = size.json
            output["filename"] = filename.json
        }
    }
}

/// A thread that serves devices.
public struct IOThreadInfo: QAPIObject {
    public var id: String
    public var threadId: Int64
    public var pollMaxNs: Int64
    public var pollGrow: Int64
    public var pollShrink: Int64
    public var aioMaxBatch: Int64

    public init(
        id: String,
        threadId: Int64,
        pollMaxNs: Int64,
        pollGrow: Int64,
        pollShrink: Int64,
        aioMaxBatch: Int64
    ) {
        self.id = id
        self.threadId = threadId
        self.pollMaxNs = pollMaxNs
        self.pollGrow = pollGrow
        self.pollShrink = pollShrink
        self.aioMaxBatch = aioMaxBatch
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        id = try input.take("id")
        threadId = try input.take("thread-id")
        pollMaxNs = try input.take("poll-max-ns")
        pollGrow = try input.take("poll-grow")
        pollShrink = try input.take("poll-shrink")
        aioMaxBatch = try input.take("aio-max-batch")
    }

    public func write(to output: inout JSONObject) {
        output["id"] = id.json
        output["thread-id"] = threadId.json
        output["poll-max-ns"] = pollMaxNs.json
        output["poll-grow"] = pollGrow.json
        output["poll-shrink"] = pollShrink.json
        output["aio-max-batch"] = aioMaxBatch.json
    }
}

/// Lists the threads of `-object iothread`.
public enum QueryIothreadsCommand: QAPICommand {
    public static let name = "query-iothreads"
    public static let isEarly = true
    public typealias Return = [IOThreadInfo]
    public typealias Arguments = QAPIEmpty
}

/// A version of Arm's generic interrupt controller.
public struct GICCapability: QAPIObject {
    public var version: Int64
    /// without the host's
    public var emulated: Bool
    /// by the host's kernel
    public var kernel: Bool

    public init(
        version: Int64,
        emulated: Bool,
        kernel: Bool
    ) {
        self.version = version
        self.emulated = emulated
        self.kernel = kernel
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        version = try input.take("version")
        emulated = try input.take("emulated")
        kernel = try input.take("kernel")
    }

    public func write(to output: inout JSONObject) {
        output["version"] = version.json
        output["emulated"] = emulated.json
        output["kernel"] = kernel.json
    }
}

/// Lists the interrupt controllers that Arm machines can have.
public enum QueryGicCapabilitiesCommand: QAPICommand {
    public static let name = "query-gic-capabilities"
    public static let isEarly = true
    public typealias Return = [GICCapability]
    public typealias Arguments = QAPIEmpty
}

/// How large the balloon lets the guest be.
public struct BalloonInfo: QAPIObject {
    /// bytes
    public var actual: Int64

    public init(
        actual: Int64
    ) {
        self.actual = actual
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        actual = try input.take("actual")
    }

    public func write(to output: inout JSONObject) {
        output["actual"] = actual.json
    }
}

/// Says how much memory the balloon leaves to the guest.
public enum QueryBalloonCommand: QAPICommand {
    public static let name = "query-balloon"
    public typealias Return = BalloonInfo
    public typealias Arguments = QAPIEmpty
}

/// Asks the guest to live with so much memory.
public enum BalloonCommand: QAPICommand {
    public static let name = "balloon"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        /// bytes
        public var value: Int64

        public init(
            value: Int64
        ) {
            self.value = value
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            value = try input.take("value")
        }

        public func write(to output: inout JSONObject) {
            output["value"] = value.json
        }
    }
}

/// The guest has lent memory to the host, or taken it back.
public struct BalloonChangeEvent: QAPIEvent {
    public static let name = "BALLOON_CHANGE"
    /// bytes that are left to it
    public var actual: Int64

    public init(
        actual: Int64
    ) {
        self.actual = actual
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        actual = try input.take("actual")
    }

    public func write(to output: inout JSONObject) {
        output["actual"] = actual.json
    }
}

/// A mouse or tablet.
public struct MouseInfo: QAPIObject {
    public var name: String
    public var index: Int64
    public var current: Bool
    public var absolute: Bool

    public init(
        name: String,
        index: Int64,
        current: Bool,
        absolute: Bool
    ) {
        self.name = name
        self.index = index
        self.current = current
        self.absolute = absolute
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        name = try input.take("name")
        index = try input.take("index")
        current = try input.take("current")
        absolute = try input.take("absolute")
    }

    public func write(to output: inout JSONObject) {
        output["name"] = name.json
        output["index"] = index.json
        output["current"] = current.json
        output["absolute"] = absolute.json
    }
}

/// Lists the pointing devices.
public enum QueryMiceCommand: QAPICommand {
    public static let name = "query-mice"
    public static let isEarly = true
    public typealias Return = [MouseInfo]
    public typealias Arguments = QAPIEmpty
}

/// Front ends of trusted platform modules.
public enum TpmModel: String, QAPIEnumeration {
    case tpmTis = "tpm-tis"
    case tpmCrb = "tpm-crb"
    case tpmSpapr = "tpm-spapr"
}

/// Back ends of trusted platform modules.
public enum TpmType: String, QAPIEnumeration {
    case passthrough
    case emulator
}

/// The host's own module.
public struct TPMPassthroughOptions: QAPIObject {
    public var path: String?
    public var cancelPath: String?

    public init(
        path: String? = nil,
        cancelPath: String? = nil
    ) {
        self.path = path
        self.cancelPath = cancelPath
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        path = try input.takeOptional("path")
        cancelPath = try input.takeOptional("cancel-path")
    }

    public func write(to output: inout JSONObject) {
        output["path"] = path?.json
        output["cancel-path"] = cancelPath?.json
    }
}

public struct TPMPassthroughOptionsWrapper: QAPIObject {
    public var data: TPMPassthroughOptions

    public init(
        data: TPMPassthroughOptions
    ) {
        self.data = data
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        data = try input.take("data")
    }

    public func write(to output: inout JSONObject) {
        output["data"] = data.json
    }
}

/// A module that another program emulates.
public struct TPMEmulatorOptions: QAPIObject {
    public var chardev: String

    public init(
        chardev: String
    ) {
        self.chardev = chardev
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        chardev = try input.take("chardev")
    }

    public func write(to output: inout JSONObject) {
        output["chardev"] = chardev.json
    }
}

public struct TPMEmulatorOptionsWrapper: QAPIObject {
    public var data: TPMEmulatorOptions

    public init(
        data: TPMEmulatorOptions
    ) {
        self.data = data
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        data = try input.take("data")
    }

    public func write(to output: inout JSONObject) {
        output["data"] = data.json
    }
}

/// What stands behind a trusted platform module.
public struct TpmTypeOptions: QAPIObject {
    public enum Branch: Sendable {
        case passthrough(TPMPassthroughOptionsWrapper)
        case emulator(TPMEmulatorOptionsWrapper)
    }

    public var branch: Branch

    public init(
        branch: Branch
    ) {
        self.branch = branch
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        let kind: TpmType = try input.take("type")
        switch kind {
        case .passthrough: branch = .passthrough(try TPMPassthroughOptionsWrapper(reading: &input))
        case .emulator: branch = .emulator(try TPMEmulatorOptionsWrapper(reading: &input))
        }
    }

    public func write(to output: inout JSONObject) {
        switch branch {
        case .passthrough(let value):
            output["type"] = "passthrough"
            value.write(to: &output)
        case .emulator(let value):
            output["type"] = "emulator"
            value.write(to: &output)
        }
    }
}

/// A trusted platform module.
public struct TPMInfo: QAPIObject {
    public var id: String
    public var model: TpmModel
    public var options: TpmTypeOptions

    public init(
        id: String,
        model: TpmModel,
        options: TpmTypeOptions
    ) {
        self.id = id
        self.model = model
        self.options = options
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        id = try input.take("id")
        model = try input.take("model")
        options = try input.take("options")
    }

    public func write(to output: inout JSONObject) {
        output["id"] = id.json
        output["model"] = model.json
        output["options"] = options.json
    }
}

/// Lists the trusted platform modules.
public enum QueryTpmCommand: QAPICommand {
    public static let name = "query-tpm"
    public static let isEarly = true
    public typealias Return = [TPMInfo]
    public typealias Arguments = QAPIEmpty
}

/// Lists the front ends of trusted platform modules that there are.
public enum QueryTpmModelsCommand: QAPICommand {
    public static let name = "query-tpm-models"
    public static let isEarly = true
    public typealias Return = [TpmModel]
    public typealias Arguments = QAPIEmpty
}

/// Lists the back ends of trusted platform modules that there are.
public enum QueryTpmTypesCommand: QAPICommand {
    public static let name = "query-tpm-types"
    public static let isEarly = true
    public typealias Return = [TpmType]
    public typealias Arguments = QAPIEmpty
}

/// What a watchdog that has run out does.
public enum WatchdogAction: String, QAPIEnumeration {
    case reset
    case shutdown
    case poweroff
    case pause
    case debug
    case none
    case injectNmi = "inject-nmi"
}

/// What a guest's wish to be rebooted does.
public enum RebootAction: String, QAPIEnumeration {
    case reset
    case shutdown
}

/// What a guest's wish to be switched off does.
public enum ShutdownAction: String, QAPIEnumeration {
    case poweroff
    case pause
}

/// What a guest's panic does.
public enum PanicAction: String, QAPIEnumeration {
    case pause
    case shutdown
    case exitFailure = "exit-failure"
    case none
}

/// Says what a watchdog that has run out does.
public enum WatchdogSetActionCommand: QAPICommand {
    public static let name = "watchdog-set-action"
    public static let isEarly = true
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var action: WatchdogAction

        public init(
            action: WatchdogAction
        ) {
            self.action = action
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            action = try input.take("action")
        }

        public func write(to output: inout JSONObject) {
            output["action"] = action.json
        }
    }
}

/// Says what becomes of the machine when the guest reboots, switches off or fails.
public enum SetActionCommand: QAPICommand {
    public static let name = "set-action"
    public static let isEarly = true
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var reboot: RebootAction?
        public var shutdown: ShutdownAction?
        public var panic: PanicAction?
        public var watchdog: WatchdogAction?

        public init(
            reboot: RebootAction? = nil,
            shutdown: ShutdownAction? = nil,
            panic: PanicAction? = nil,
            watchdog: WatchdogAction? = nil
        ) {
            self.reboot = reboot
            self.shutdown = shutdown
            self.panic = panic
            self.watchdog = watchdog
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            reboot = try input.takeOptional("reboot")
            shutdown = try input.takeOptional("shutdown")
            panic = try input.takeOptional("panic")
            watchdog = try input.takeOptional("watchdog")
        }

        public func write(to output: inout JSONObject) {
            output["reboot"] = reboot?.json
            output["shutdown"] = shutdown?.json
            output["panic"] = panic?.json
            output["watchdog"] = watchdog?.json
        }
    }
}

/// Why a machine is switched off or reset.
public enum ShutdownCause: String, QAPIEnumeration {
    case none
    case hostError = "host-error"
    case hostQmpQuit = "host-qmp-quit"
    case hostQmpSystemReset = "host-qmp-system-reset"
    case hostSignal = "host-signal"
    case hostUi = "host-ui"
    case guestShutdown = "guest-shutdown"
    case guestReset = "guest-reset"
    case guestPanic = "guest-panic"
    case subsystemReset = "subsystem-reset"
    case snapshotLoad = "snapshot-load"
}

/// The machine is switched off.
public struct ShutdownEvent: QAPIEvent {
    public static let name = "SHUTDOWN"
    /// by the guest itself
    public var guest: Bool
    public var reason: ShutdownCause

    public init(
        guest: Bool,
        reason: ShutdownCause
    ) {
        self.guest = guest
        self.reason = reason
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        guest = try input.take("guest")
        reason = try input.take("reason")
    }

    public func write(to output: inout JSONObject) {
        output["guest"] = guest.json
        output["reason"] = reason.json
    }
}

/// Somebody has pressed the power button.
public struct PowerdownEvent: QAPIEvent {
    public static let name = "POWERDOWN"
    public init() {}

    public init(reading input: inout QAPIInput) throws(QAPIError) {
    }

    public func write(to output: inout JSONObject) {
    }
}

/// The machine is reset.
public struct ResetEvent: QAPIEvent {
    public static let name = "RESET"
    /// by the guest itself
    public var guest: Bool
    public var reason: ShutdownCause

    public init(
        guest: Bool,
        reason: ShutdownCause
    ) {
        self.guest = guest
        self.reason = reason
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        guest = try input.take("guest")
        reason = try input.take("reason")
    }

    public func write(to output: inout JSONObject) {
        output["guest"] = guest.json
        output["reason"] = reason.json
    }
}

/// The cpus have stopped.
public struct StopEvent: QAPIEvent {
    public static let name = "STOP"
    public init() {}

    public init(reading input: inout QAPIInput) throws(QAPIError) {
    }

    public func write(to output: inout JSONObject) {
    }
}

/// The cpus go on.
public struct ResumeEvent: QAPIEvent {
    public static let name = "RESUME"
    public init() {}

    public init(reading input: inout QAPIInput) throws(QAPIError) {
    }

    public func write(to output: inout JSONObject) {
    }
}

/// Text for people.
public struct HumanReadableText: QAPIObject {
    public var humanReadableText: String

    public init(
        humanReadableText: String
    ) {
        self.humanReadableText = humanReadableText
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        humanReadableText = try input.take("human-readable-text")
    }

    public func write(to output: inout JSONObject) {
        output["human-readable-text"] = humanReadableText.json
    }
}

/// Says what the translator has done so far.
public enum XQueryJitCommand: QAPICommand {
    public static let name = "x-query-jit"
    public typealias Return = HumanReadableText
    public typealias Arguments = QAPIEmpty
}
