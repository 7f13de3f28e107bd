// Made by apus-schema from Sources/Control/Schema/Text. Change it there.

import JSON

/// How far a migration has come.
public enum MigrationStatus: String, QAPIEnumeration {
    case none
    case setup
    case cancelling
    case cancelled
    case active
    case postcopyActive = "postcopy-active"
    case postcopyPaused = "postcopy-paused"
    case postcopyRecover = "postcopy-recover"
    case completed
    case failed
    case colo
    case preSwitchover = "pre-switchover"
    case device
    case waitUnplug = "wait-unplug"
}

/// What has been done with memory.
public struct MigrationStats: QAPIObject {
    /// bytes that have been sent
    public var transferred: Int64
    /// bytes of memory that are still to be sent, as far as is known
    public var remaining: Int64
    /// bytes of memory
    public var total: Int64
    /// pages of zeros
    public var duplicate: Int64
    /// always 0
    public var skipped: Int64
    /// pages whose bytes have been sent
    public var normal: Int64
    public var normalBytes: Int64
    /// pages that the guest has written in a second, at the last look
    public var dirtyPagesRate: Int64
    /// megabits that have been sent in a second
    public var mbps: Double
    /// how often it has been looked which pages have been written
    public var dirtySyncCount: Int64
    /// pages that the other side has asked for, because its guest waits for them
    public var postcopyRequests: Int64
    public var pageSize: Int64
    /// bytes that further channels have sent
    public var multifdBytes: UInt64
    public var pagesPerSecond: UInt64
    /// bytes that have been sent while the guest ran
    public var precopyBytes: UInt64
    /// bytes that have been sent while it stood still
    public var downtimeBytes: UInt64
    /// always 0
    public var postcopyBytes: UInt64
    /// always 0
    public var dirtySyncMissedZeroCopy: UInt64

    public init(
        transferred: Int64,
        remaining: Int64,
        total: Int64,
        duplicate: Int64,
        skipped: Int64,
        normal: Int64,
        normalBytes: Int64,
        dirtyPagesRate: Int64,
        mbps: Double,
        dirtySyncCount: Int64,
        postcopyRequests: Int64,
        pageSize: Int64,
        multifdBytes: UInt64,
        pagesPerSecond: UInt64,
        precopyBytes: UInt64,
        downtimeBytes: UInt64,
        postcopyBytes: UInt64,
        dirtySyncMissedZeroCopy: UInt64
    ) {
        self.transferred = transferred
        self.remaining = remaining
        self.total = total
        self.duplicate = duplicate
        self.skipped = skipped
        self.normal = normal
        self.normalBytes = normalBytes
        self.dirtyPagesRate = dirtyPagesRate
        self.mbps = mbps
        self.dirtySyncCount = dirtySyncCount
        self.postcopyRequests = postcopyRequests
        self.pageSize = pageSize
        self.multifdBytes = multifdBytes
        self.pagesPerSecond = pagesPerSecond
        self.precopyBytes = precopyBytes
        self.downtimeBytes = downtimeBytes
        self.postcopyBytes = postcopyBytes
        self.dirtySyncMissedZeroCopy = dirtySyncMissedZeroCopy
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        transferred = try input.take("transferred")
        remaining = try input.take("remaining")
        total = try input.take("total")
        duplicate = try input.take("duplicate")
        skipped = try input.take("skipped")
        normal = try input.take("normal")
        normalBytes = try input.take("normal-bytes")
        dirtyPagesRate = try input.take("dirty-pages-rate")
        mbps = try input.take("mbps")
        dirtySyncCount = try input.take("dirty-sync-count")
        postcopyRequests = try input.take("postcopy-requests")
        pageSize = try input.take("page-size")
        multifdBytes = try input.take("multifd-bytes")
        pagesPerSecond = try input.take("pages-per-second")
        precopyBytes = try input.take("precopy-bytes")
        downtimeBytes = try input.take("downtime-bytes")
        postcopyBytes = try input.take("postcopy-bytes")
        dirtySyncMissedZeroCopy = try input.take("dirty-sync-missed-zero-copy")
    }

    public func write(to output: inout JSONObject) {
        output["transferred"] = transferred.json
        output["remaining"] = remaining.json
        output["total"] = total.json
        output["duplicate"] = duplicate.json
        output["skipped"] = skipped.json
        output["normal"] = normal.json
        output["normal-bytes"] = normalBytes.json
        output["dirty-pages-rate"] = dirtyPagesRate.json
        output["mbps"] = mbps.json
        output["dirty-sync-count"] = dirtySyncCount.json
        output["postcopy-requests"] = postcopyRequests.json
        output["page-size"] = pageSize.json
        output["multifd-bytes"] = multifdBytes.json
        output["pages-per-second"] = pagesPerSecond.json
        output["precopy-bytes"] = precopyBytes.json
        output["downtime-bytes"] = downtimeBytes.json
        output["postcopy-bytes"] = postcopyBytes.json
        output["dirty-sync-missed-zero-copy"] = dirtySyncMissedZeroCopy.json
    }
}

/// A migration as it is now. Times are in milliseconds.
public struct MigrationInfo: QAPIObject {
    public var status: MigrationStatus?
    public var ram: MigrationStats?
    public var totalTime: Int64?
    public var expectedDowntime: Int64?
    public var downtime: Int64?
    public var setupTime: Int64?
    /// for how much of the time the guest is held, with auto-converge
    public var cpuThrottlePercentage: Int64?
    /// why it has failed
    public var errorDesc: String?
    /// why there can be none now
    public var blockedReasons: [String]?

    public init(
        status: MigrationStatus? = nil,
        ram: MigrationStats? = nil,
        totalTime: Int64? = nil,
        expectedDowntime: Int64? = nil,
        downtime: Int64? = nil,
        setupTime: Int64? = nil,
        cpuThrottlePercentage: Int64? = nil,
        errorDesc: String? = nil,
        blockedReasons: [String]? = nil
    ) {
        self.status = status
        self.ram = ram
        self.totalTime = totalTime
        self.expectedDowntime = expectedDowntime
        self.downtime = downtime
        self.setupTime = setupTime
        self.cpuThrottlePercentage = cpuThrottlePercentage
        self.errorDesc = errorDesc
        self.blockedReasons = blockedReasons
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        status = try input.takeOptional("status")
        ram = try input.takeOptional("ram")
        totalTime = try input.takeOptional("total-time")
        expectedDowntime = try input.takeOptional("expected-downtime")
        downtime = try input.takeOptional("downtime")
        setupTime = try input.takeOptional("setup-time")
        cpuThrottlePercentage = try input.takeOptional("cpu-throttle-percentage")
        errorDesc = try input.takeOptional("error-desc")
        blockedReasons = try input.takeOptional("blocked-reasons")
    }

    public func write(to output: inout JSONObject) {
        output["status"] = status?.json
        output["ram"] = ram?.json
        output["total-time"] = totalTime?.json
        output["expected-downtime"] = expectedDowntime?.json
        output["downtime"] = downtime?.json
        output["setup-time"] = setupTime?.json
        output["cpu-throttle-percentage"] = cpuThrottlePercentage?.json
        output["error-desc"] = errorDesc?.json
        output["blocked-reasons"] = blockedReasons?.json
    }
}

/// Says how far a migration has come.
public enum QueryMigrateCommand: QAPICommand {
    public static let name = "query-migrate"
    public static let isEarly = true
    public typealias Return = MigrationInfo
    public typealias Arguments = QAPIEmpty
}

/// Abilities of migration.
public enum MigrationCapability: String, QAPIEnumeration {
    case xbzrle
    case rdmaPinAll = "rdma-pin-all"
    case autoConverge = "auto-converge"
    case zeroBlocks = "zero-blocks"
    case compress
    case events
    case postcopyRam = "postcopy-ram"
    case xColo = "x-colo"
    case releaseRam = "release-ram"
    case block
    case returnPath = "return-path"
    case pauseBeforeSwitchover = "pause-before-switchover"
    case multifd
    case dirtyBitmaps = "dirty-bitmaps"
    case postcopyBlocktime = "postcopy-blocktime"
    case lateBlockActivate = "late-block-activate"
    case xIgnoreShared = "x-ignore-shared"
    case validateUuid = "validate-uuid"
    case backgroundSnapshot = "background-snapshot"
    case zeroCopySend = "zero-copy-send"
    case postcopyPreempt = "postcopy-preempt"
    case mappedRam = "mapped-ram"
}

/// An ability of migration and whether it is on.
public struct MigrationCapabilityStatus: QAPIObject {
    public var capability: MigrationCapability
    public var state: Bool

    public init(
        capability: MigrationCapability,
        state: Bool
    ) {
        self.capability = capability
        self.state = state
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        capability = try input.take("capability")
        state = try input.take("state")
    }

    public func write(to output: inout JSONObject) {
        output["capability"] = capability.json
        output["state"] = state.json
    }
}

/// Lists the abilities of migration that there are.
public enum QueryMigrateCapabilitiesCommand: QAPICommand {
    public static let name = "query-migrate-capabilities"
    public static let isEarly = true
    public typealias Return = [MigrationCapabilityStatus]
    public typealias Arguments = QAPIEmpty
}

/// Switches abilities of migration on or off.
public enum MigrateSetCapabilitiesCommand: QAPICommand {
    public static let name = "migrate-set-capabilities"
    public static let isEarly = true
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var capabilities: [MigrationCapabilityStatus]

        public init(
            capabilities: [MigrationCapabilityStatus]
        ) {
            self.capabilities = capabilities
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            capabilities = try input.take("capabilities")
        }

        public func write(to output: inout JSONObject) {
            output["capabilities"] = capabilities.json
        }
    }
}

/// How pages are packed on the channels of a migration with the capability multifd.
public enum MultiFDCompression: String, QAPIEnumeration {
    case none
    case zlib
    case zstd
}

/// What a migration is to be like.
public struct MigrationParameters: QAPIObject {
    /// with auto-converge: the guest writes more than so many percent of what is sent
    public var throttleTriggerThreshold: UInt8?
    /// percent of the time for which it is held then
    public var cpuThrottleInitial: UInt8?
    /// by how many more if that does not suffice
    public var cpuThrottleIncrement: UInt8?
    /// percent at most
    public var maxCpuThrottle: UInt8?
    /// bytes in a second while the guest runs; 0 for as many as go
    public var maxBandwidth: UInt64?
    /// the same while it runs on the other side, for pages that nobody waits for
    public var maxPostcopyBandwidth: UInt64?
    /// milliseconds that the guest may stand still
    public var downtimeLimit: UInt64?
    /// connections for pages, with the capability multifd, the same on both sides
    public var multifdChannels: UInt8?
    public var multifdCompression: MultiFDCompression?
    /// 0 to 9
    public var multifdZlibLevel: UInt8?
    /// 1 to 20
    public var multifdZstdLevel: UInt8?
    /// an object's id; empty for connections that are not secured
    public var tlsCreds: String?
    /// whose certificate the other side has; empty for the host that is connected to
    public var tlsHostname: String?

    public init(
        throttleTriggerThreshold: UInt8? = nil,
        cpuThrottleInitial: UInt8? = nil,
        cpuThrottleIncrement: UInt8? = nil,
        maxCpuThrottle: UInt8? = nil,
        maxBandwidth: UInt64? = nil,
        maxPostcopyBandwidth: UInt64? = nil,
        downtimeLimit: UInt64? = nil,
        multifdChannels: UInt8? = nil,
        multifdCompression: MultiFDCompression? = nil,
        multifdZlibLevel: UInt8? = nil,
        multifdZstdLevel: UInt8? = nil,
        tlsCreds: String? = nil,
        tlsHostname: String? = nil
    ) {
        self.throttleTriggerThreshold = throttleTriggerThreshold
        self.cpuThrottleInitial = cpuThrottleInitial
        self.cpuThrottleIncrement = cpuThrottleIncrement
        self.maxCpuThrottle = maxCpuThrottle
        self.maxBandwidth = maxBandwidth
        self.maxPostcopyBandwidth = maxPostcopyBandwidth
        self.downtimeLimit = downtimeLimit
        self.multifdChannels = multifdChannels
        self.multifdCompression = multifdCompression
        self.multifdZlibLevel = multifdZlibLevel
        self.multifdZstdLevel = multifdZstdLevel
        self.tlsCreds = tlsCreds
        self.tlsHostname = tlsHostname
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        throttleTriggerThreshold = try input.takeOptional("throttle-trigger-threshold")
        cpuThrottleInitial = try input.takeOptional("cpu-throttle-initial")
        cpuThrottleIncrement = try input.takeOptional("cpu-throttle-increment")
        maxCpuThrottle = try input.takeOptional("max-cpu-throttle")
        maxBandwidth = try input.takeOptional("max-bandwidth")
        maxPostcopyBandwidth = try input.takeOptional("max-postcopy-bandwidth")
        downtimeLimit = try input.takeOptional("downtime-limit")
        multifdChannels = try input.takeOptional("multifd-channels")
        multifdCompression = try input.takeOptional("multifd-compression")
        multifdZlibLevel = try input.takeOptional("multifd-zlib-level")
        multifdZstdLevel = try input.takeOptional("multifd-zstd-level")
        tlsCreds = try input.takeOptional("tls-creds")
        tlsHostname = try input.takeOptional("tls-hostname")
    }

    public func write(to output: inout JSONObject) {
        output["throttle-trigger-threshold"] = throttleTriggerThreshold?.json
        output["cpu-throttle-initial"] = cpuThrottleInitial?.json
        output["cpu-throttle-increment"] = cpuThrottleIncrement?.json
        output["max-cpu-throttle"] = maxCpuThrottle?.json
        output["max-bandwidth"] = maxBandwidth?.json
        output["max-postcopy-bandwidth"] = maxPostcopyBandwidth?.json
        output["downtime-limit"] = downtimeLimit?.json
        output["multifd-channels"] = multifdChannels?.json
        output["multifd-compression"] = multifdCompression?.json
        output["multifd-zlib-level"] = multifdZlibLevel?.json
        output["multifd-zstd-level"] = multifdZstdLevel?.json
        output["tls-creds"] = tlsCreds?.json
        output["tls-hostname"] = tlsHostname?.json
    }
}

/// A text, or null, which stands for an empty one.
public indirect enum StrOrNull: QAPIValue {
    case str(String)
    case null(QAPINull)

    public init(json: JSONValue, name: String) throws(QAPIError) {
        if let value = try? String(json: json, name: name) { self = .str(value); return }
        if let value = try? QAPINull(json: json, name: name) { self = .null(value); return }
        throw QAPIError.badType(name, expected: "str or null")
    }

    public var json: JSONValue {
        switch self {
        case .str(let value): value.json
        case .null(let value): value.json
        }
    }
}

/// Says what migrations are to be like.
public enum MigrateSetParametersCommand: QAPICommand {
    public static let name = "migrate-set-parameters"
    public static let isEarly = true
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var throttleTriggerThreshold: UInt8?
        public var cpuThrottleInitial: UInt8?
        public var cpuThrottleIncrement: UInt8?
        public var maxCpuThrottle: UInt8?
        public var maxBandwidth: UInt64?
        public var maxPostcopyBandwidth: UInt64?
        public var downtimeLimit: UInt64?
        public var multifdChannels: UInt8?
        public var multifdCompression: MultiFDCompression?
        public var multifdZlibLevel: UInt8?
        public var multifdZstdLevel: UInt8?
        public var tlsCreds: StrOrNull?
        public var tlsHostname: StrOrNull?

        public init(
            throttleTriggerThreshold: UInt8? = nil,
            cpuThrottleInitial: UInt8? = nil,
            cpuThrottleIncrement: UInt8? = nil,
            maxCpuThrottle: UInt8? = nil,
            maxBandwidth: UInt64? = nil,
            maxPostcopyBandwidth: UInt64? = nil,
            downtimeLimit: UInt64? = nil,
            multifdChannels: UInt8? = nil,
            multifdCompression: MultiFDCompression? = nil,
            multifdZlibLevel: UInt8? = nil,
            multifdZstdLevel: UInt8? = nil,
            tlsCreds: StrOrNull? = nil,
            tlsHostname: StrOrNull? = nil
        ) {
            self.throttleTriggerThreshold = throttleTriggerThreshold
            self.cpuThrottleInitial = cpuThrottleInitial
            self.cpuThrottleIncrement = cpuThrottleIncrement
            self.maxCpuThrottle = maxCpuThrottle
            self.maxBandwidth = maxBandwidth
            self.maxPostcopyBandwidth = maxPostcopyBandwidth
            self.downtimeLimit = downtimeLimit
            self.multifdChannels = multifdChannels
            self.multifdCompression = multifdCompression
            self.multifdZlibLevel = multifdZlibLevel
            self.multifdZstdLevel = multifdZstdLevel
            self.tlsCreds = tlsCreds
            self.tlsHostname = tlsHostname
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            throttleTriggerThreshold = try input.takeOptional("throttle-trigger-threshold")
            cpuThrottleInitial = try input.takeOptional("cpu-throttle-initial")
            cpuThrottleIncrement = try input.takeOptional("cpu-throttle-increment")
            maxCpuThrottle = try input.takeOptional("max-cpu-throttle")
            maxBandwidth = try input.takeOptional("max-bandwidth")
            maxPostcopyBandwidth = try input.takeOptional("max-postcopy-bandwidth")
            downtimeLimit = try input.takeOptional("downtime-limit")
            multifdChannels = try input.takeOptional("multifd-channels")
            multifdCompression = try input.takeOptional("multifd-compression")
            multifdZlibLevel = try input.takeOptional("multifd-zlib-level")
            multifdZstdLevel = try input.takeOptional("multifd-zstd-level")
            tlsCreds = try input.takeOptional("tls-creds")
            tlsHostname = try input.takeOptional("tls-hostname")
        }

        public func write(to output: inout JSONObject) {
            output["throttle-trigger-threshold"] = throttleTriggerThreshold?.json
            output["cpu-throttle-initial"] = cpuThrottleInitial?.json
            output["cpu-throttle-increment"] = cpuThrottleIncrement?.json
            output["max-cpu-throttle"] = maxCpuThrottle?.json
            output["max-bandwidth"] = maxBandwidth?.json
            output["max-postcopy-bandwidth"] = maxPostcopyBandwidth?.json
            output["downtime-limit"] = downtimeLimit?.json
            output["multifd-channels"] = multifdChannels?.json
            output["multifd-compression"] = multifdCompression?.json
            output["multifd-zlib-level"] = multifdZlibLevel?.json
            output["multifd-zstd-level"] = multifdZstdLevel?.json
            output["tls-creds"] = tlsCreds?.json
            output["tls-hostname"] = tlsHostname?.json
        }
    }
}

/// Says what migrations are like.
public enum QueryMigrateParametersCommand: QAPICommand {
    public static let name = "query-migrate-parameters"
    public static let isEarly = true
    public typealias Return = MigrationParameters
    public typealias Arguments = QAPIEmpty
}

/// Begins to take the machine elsewhere: tcp:HOST:PORT, unix:PATH, fd:NAME, exec:COMMAND, file:PATH.
public enum MigrateCommand: QAPICommand {
    public static let name = "migrate"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var uri: String
        /// disks too; not supported
        public var blk: Bool?
        /// disks too; not supported
        public var inc: Bool?
        /// makes no difference
        public var detach: Bool?
        /// goes on with one that is postcopy-paused
        public var resume: Bool?

        public init(
            uri: String,
            blk: Bool? = nil,
            inc: Bool? = nil,
            detach: Bool? = nil,
            resume: Bool? = nil
        ) {
            self.uri = uri
            self.blk = blk
            self.inc = inc
            self.detach = detach
            self.resume = resume
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            uri = try input.take("uri")
            blk = try input.takeOptional("blk")
            inc = try input.takeOptional("inc")
            detach = try input.takeOptional("detach")
            resume = try input.takeOptional("resume")
        }

        public func write(to output: inout JSONObject) {
            output["uri"] = uri.json
            output["blk"] = blk?.json
            output["inc"] = inc?.json
            output["detach"] = detach?.json
            output["resume"] = resume?.json
        }
    }
}

/// Gives a migration up; the guest stays here.
public enum MigrateCancelCommand: QAPICommand {
    public static let name = "migrate_cancel"
    public typealias Return = QAPIEmpty
    public typealias Arguments = QAPIEmpty
}

/// Lets a migration go on that waits.
public enum MigrateContinueCommand: QAPICommand {
    public static let name = "migrate-continue"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        /// in which it waits
        public var state: MigrationStatus

        public init(
            state: MigrationStatus
        ) {
            self.state = state
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            state = try input.take("state")
        }

        public func write(to output: inout JSONObject) {
            output["state"] = state.json
        }
    }
}

/// Waits for a machine to come, in an emulator that was started with -incoming defer.
public enum MigrateIncomingCommand: QAPICommand {
    public static let name = "migrate-incoming"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var uri: String

        public init(
            uri: String
        ) {
            self.uri = uri
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            uri = try input.take("uri")
        }

        public func write(to output: inout JSONObject) {
            output["uri"] = uri.json
        }
    }
}

/// Lets the guest go on at the other side now, before its memory is there: with the capability postcopy-ram, while a migration is active.
public enum MigrateStartPostcopyCommand: QAPICommand {
    public static let name = "migrate-start-postcopy"
    public typealias Return = QAPIEmpty
    public typealias Arguments = QAPIEmpty
}

/// Cuts the connection of a migration that is postcopy-active; both sides are postcopy-paused then.
public enum MigratePauseCommand: QAPICommand {
    public static let name = "migrate-pause"
    public static let allowsOutOfBand = true
    public typealias Return = QAPIEmpty
    public typealias Arguments = QAPIEmpty
}

/// Waits for the source of a migration that is postcopy-paused, at another address.
public enum MigrateRecoverCommand: QAPICommand {
    public static let name = "migrate-recover"
    public static let allowsOutOfBand = true
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var uri: String

        public init(
            uri: String
        ) {
            self.uri = uri
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            uri = try input.take("uri")
        }

        public func write(to output: inout JSONObject) {
            output["uri"] = uri.json
        }
    }
}

/// Apus's own, not one of QEMU's: keeps the machine as it is now, with its disks, as a template from which clones start (-clone). The machine goes on afterwards.
public enum TemplateSaveCommand: QAPICommand {
    public static let name = "template-save"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        /// a folder, which is made
        public var path: String

        public init(
            path: String
        ) {
            self.path = path
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            path = try input.take("path")
        }

        public func write(to output: inout JSONObject) {
            output["path"] = path.json
        }
    }
}

/// A migration has come further; told if the capability 'events' is on.
public struct MigrationEvent: QAPIEvent {
    public static let name = "MIGRATION"
    public var status: MigrationStatus

    public init(
        status: MigrationStatus
    ) {
        self.status = status
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        status = try input.take("status")
    }

    public func write(to output: inout JSONObject) {
        output["status"] = status.json
    }
}

/// All memory has been sent once, or what has been written since the last pass.
public struct MigrationPassEvent: QAPIEvent {
    public static let name = "MIGRATION_PASS"
    public var pass: Int64

    public init(
        pass: Int64
    ) {
        self.pass = pass
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        pass = try input.take("pass")
    }

    public func write(to output: inout JSONObject) {
        output["pass"] = pass.json
    }
}
