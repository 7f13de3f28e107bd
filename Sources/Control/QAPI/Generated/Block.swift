// Made by apus-schema from Sources/Control/Schema/Text. Change it there.

import JSON

/// Whether the last request to the host went well.
public enum BlockDeviceIoStatus: String, QAPIEnumeration {
    case ok
    case failed
    case nospace
}

/// What becomes of writes of zeros.
public enum BlockdevDetectZeroesOptions: String, QAPIEnumeration {
    case off
    case on
    case unmap
}

/// A state of a disk that is kept in its image.
public struct SnapshotInfo: QAPIObject {
    public var id: String
    public var name: String
    /// bytes of the machine's state that is kept with it
    public var vmStateSize: Int64
    /// since 1970
    public var dateSec: Int64
    public var dateNsec: Int64
    /// what the virtual clock showed
    public var vmClockSec: Int64
    public var vmClockNsec: Int64
    public var icount: Int64?

    public init(
        id: String,
        name: String,
        vmStateSize: Int64,
        dateSec: Int64,
        dateNsec: Int64,
        vmClockSec: Int64,
        vmClockNsec: Int64,
        icount: Int64? = nil
    ) {
        self.id = id
        self.name = name
        self.vmStateSize = vmStateSize
        self.dateSec = dateSec
        self.dateNsec = dateNsec
        self.vmClockSec = vmClockSec
        self.vmClockNsec = vmClockNsec
        self.icount = icount
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        id = try input.take("id")
        name = try input.take("name")
        vmStateSize = try input.take("vm-state-size")
        dateSec = try input.take("date-sec")
        dateNsec = try input.take("date-nsec")
        vmClockSec = try input.take("vm-clock-sec")
        vmClockNsec = try input.take("vm-clock-nsec")
        icount = try input.takeOptional("icount")
    }

    public func write(to output: inout JSONObject) {
        output["id"] = id.json
        output["name"] = name.json
        output["vm-state-size"] = vmStateSize.json
        output["date-sec"] = dateSec.json
        output["date-nsec"] = dateNsec.json
        output["vm-clock-sec"] = vmClockSec.json
        output["vm-clock-nsec"] = vmClockNsec.json
        output["icount"] = icount?.json
    }
}

/// An image file.
public struct ImageInfo: QAPIObject {
    public var filename: String
    public var format: String
    public var dirtyFlag: Bool?
    /// bytes that it takes on the host
    public var actualSize: Int64?
    /// bytes that the guest sees
    public var virtualSize: Int64
    public var clusterSize: Int64?
    public var encrypted: Bool?
    public var compressed: Bool?
    public var backingFilename: String?
    public var fullBackingFilename: String?
    public var backingFilenameFormat: String?
    public var snapshots: [SnapshotInfo]?

    public init(
        filename: String,
        format: String,
        dirtyFlag: Bool? = nil,
        actualSize: Int64? = nil,
        virtualSize: Int64,
        clusterSize: Int64? = nil,
        encrypted: Bool? = nil,
        compressed: Bool? = nil,
        backingFilename: String? = nil,
        fullBackingFilename: String? = nil,
        backingFilenameFormat: String? = nil,
        snapshots: [SnapshotInfo]? = nil
    ) {
        self.filename = filename
        self.format = format
        self.dirtyFlag = dirtyFlag
        self.actualSize = actualSize
        self.virtualSize = virtualSize
        self.clusterSize = clusterSize
        self.encrypted = encrypted
        self.compressed = compressed
        self.backingFilename = backingFilename
        self.fullBackingFilename = fullBackingFilename
        self.backingFilenameFormat = backingFilenameFormat
        self.snapshots = snapshots
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        filename = try input.take("filename")
        format = try input.take("format")
        dirtyFlag = try input.takeOptional("dirty-flag")
        actualSize = try input.takeOptional("actual-size")
        virtualSize = try input.take("virtual-size")
        clusterSize = try input.takeOptional("cluster-size")
        encrypted = try input.takeOptional("encrypted")
        compressed = try input.takeOptional("compressed")
        backingFilename = try input.takeOptional("backing-filename")
        fullBackingFilename = try input.takeOptional("full-backing-filename")
        backingFilenameFormat = try input.takeOptional("backing-filename-format")
        snapshots = try input.takeOptional("snapshots")
    }

    public func write(to output: inout JSONObject) {
        output["filename"] = filename.json
        output["format"] = format.json
        output["dirty-flag"] = dirtyFlag?.json
        output["actual-size"] = actualSize?.json
        output["virtual-size"] = virtualSize.json
        output["cluster-size"] = clusterSize?.json
        output["encrypted"] = encrypted?.json
        output["compressed"] = compressed?.json
        output["backing-filename"] = backingFilename?.json
        output["full-backing-filename"] = fullBackingFilename?.json
        output["backing-filename-format"] = backingFilenameFormat?.json
        output["snapshots"] = snapshots?.json
    }
}

/// How an image is cached.
public struct BlockdevCacheInfo: QAPIObject {
    public var writeback: Bool
    public var direct: Bool
    public var noFlush: Bool

    public init(
        writeback: Bool,
        direct: Bool,
        noFlush: Bool
    ) {
        self.writeback = writeback
        self.direct = direct
        self.noFlush = noFlush
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        writeback = try input.take("writeback")
        direct = try input.take("direct")
        noFlush = try input.take("no-flush")
    }

    public func write(to output: inout JSONObject) {
        output["writeback"] = writeback.json
        output["direct"] = direct.json
        output["no-flush"] = noFlush.json
    }
}

/// What stands behind a disk. Rates of 0 have no limit.
public struct BlockDeviceInfo: QAPIObject {
    public var file: String
    public var nodeName: String?
    public var ro: Bool
    public var drv: String
    public var backingFile: String?
    public var backingFileDepth: Int64
    public var encrypted: Bool
    public var detectZeroes: BlockdevDetectZeroesOptions
    public var bps: Int64
    public var bpsRd: Int64
    public var bpsWr: Int64
    public var iops: Int64
    public var iopsRd: Int64
    public var iopsWr: Int64
    /// in bursts, which last so many seconds
    public var bpsMax: Int64?
    public var bpsRdMax: Int64?
    public var bpsWrMax: Int64?
    public var iopsMax: Int64?
    public var iopsRdMax: Int64?
    public var iopsWrMax: Int64?
    public var bpsMaxLength: Int64?
    public var bpsRdMaxLength: Int64?
    public var bpsWrMaxLength: Int64?
    public var iopsMaxLength: Int64?
    public var iopsRdMaxLength: Int64?
    public var iopsWrMaxLength: Int64?
    /// bytes that count as one request
    public var iopsSize: Int64?
    /// whose limits they are
    public var group: String?
    public var image: ImageInfo
    public var cache: BlockdevCacheInfo
    public var writeThreshold: Int64
    public var dirtyBitmaps: [BlockDirtyInfo]?

    public init(
        file: String,
        nodeName: String? = nil,
        ro: Bool,
        drv: String,
        backingFile: String? = nil,
        backingFileDepth: Int64,
        encrypted: Bool,
        detectZeroes: BlockdevDetectZeroesOptions,
        bps: Int64,
        bpsRd: Int64,
        bpsWr: Int64,
        iops: Int64,
        iopsRd: Int64,
        iopsWr: Int64,
        bpsMax: Int64? = nil,
        bpsRdMax: Int64? = nil,
        bpsWrMax: Int64? = nil,
        iopsMax: Int64? = nil,
        iopsRdMax: Int64? = nil,
        iopsWrMax: Int64? = nil,
        bpsMaxLength: Int64? = nil,
        bpsRdMaxLength: Int64? = nil,
        bpsWrMaxLength: Int64? = nil,
        iopsMaxLength: Int64? = nil,
        iopsRdMaxLength: Int64? = nil,
        iopsWrMaxLength: Int64? = nil,
        iopsSize: Int64? = nil,
        group: String? = nil,
        image: ImageInfo,
        cache: BlockdevCacheInfo,
        writeThreshold: Int64,
        dirtyBitmaps: [BlockDirtyInfo]? = nil
    ) {
        self.file = file
        self.nodeName = nodeName
        self.ro = ro
        self.drv = drv
        self.backingFile = backingFile
        self.backingFileDepth = backingFileDepth
        self.encrypted = encrypted
        self.detectZeroes = detectZeroes
        self.bps = bps
        self.bpsRd = bpsRd
        self.bpsWr = bpsWr
        self.iops = iops
        self.iopsRd = iopsRd
        self.iopsWr = iopsWr
        self.bpsMax = bpsMax
        self.bpsRdMax = bpsRdMax
        self.bpsWrMax = bpsWrMax
        self.iopsMax = iopsMax
        self.iopsRdMax = iopsRdMax
        self.iopsWrMax = iopsWrMax
        self.bpsMaxLength = bpsMaxLength
        self.bpsRdMaxLength = bpsRdMaxLength
        self.bpsWrMaxLength = bpsWrMaxLength
        self.iopsMaxLength = iopsMaxLength
        self.iopsRdMaxLength = iopsRdMaxLength
        self.iopsWrMaxLength = iopsWrMaxLength
        self.iopsSize = iopsSize
        self.group = group
        self.image = image
        self.cache = cache
        self.writeThreshold = writeThreshold
        self.dirtyBitmaps = dirtyBitmaps
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        file = try input.take("file")
        nodeName = try input.takeOptional("node-name")
        ro = try input.take("ro")
        drv = try input.take("drv")
        backingFile = try input.takeOptional("backing_file")
        backingFileDepth = try input.take("backing_file_depth")
        encrypted = try input.take("encrypted")
        detectZeroes = try input.take("detect_zeroes")
        bps = try input.take("bps")
        bpsRd = try input.take("bps_rd")
        bpsWr = try input.take("bps_wr")
        iops = try input.take("iops")
        iopsRd = try input.take("iops_rd")
        iopsWr = try input.take("iops_wr")
        bpsMax = try input.takeOptional("bps_max")
        bpsRdMax = try input.takeOptional("bps_rd_max")
        bpsWrMax = try input.takeOptional("bps_wr_max")
        iopsMax = try input.takeOptional("iops_max")
        iopsRdMax = try input.takeOptional("iops_rd_max")
        iopsWrMax = try input.takeOptional("iops_wr_max")
        bpsMaxLength = try input.takeOptional("bps_max_length")
        bpsRdMaxLength = try input.takeOptional("bps_rd_max_length")
        bpsWrMaxLength = try input.takeOptional("bps_wr_max_length")
        iopsMaxLength = try input.takeOptional("iops_max_length")
        iopsRdMaxLength = try input.takeOptional("iops_rd_max_length")
        iopsWrMaxLength = try input.takeOptional("iops_wr_max_length")
        iopsSize = try input.takeOptional("iops_size")
        group = try input.takeOptional("group")
        image = try input.take("image")
        cache = try input.take("cache")
        writeThreshold = try input.take("write_threshold")
        dirtyBitmaps = try input.takeOptional("dirty-bitmaps")
    }

    public func write(to output: inout JSONObject) {
        output["file"] = file.json
        output["node-name"] = nodeName?.json
        output["ro"] = ro.json
        output["drv"] = drv.json
        output["backing_file"] = backingFile?.json
        output["backing_file_depth"] = backingFileDepth.json
        output["encrypted"] = encrypted.json
        output["detect_zeroes"] = detectZeroes.json
        output["bps"] = bps.json
        output["bps_rd"] = bpsRd.json
        output["bps_wr"] = bpsWr.json
        output["iops"] = iops.json
        output["iops_rd"] = iopsRd.json
        output["iops_wr"] = iopsWr.json
        output["bps_max"] = bpsMax?.json
        output["bps_rd_max"] = bpsRdMax?.json
        output["bps_wr_max"] = bpsWrMax?.json
        output["iops_max"] = iopsMax?.json
        output["iops_rd_max"] = iopsRdMax?.json
        output["iops_wr_max"] = iopsWrMax?.json
        output["bps_max_length"] = bpsMaxLength?.json
        output["bps_rd_max_length"] = bpsRdMaxLength?.json
        output["bps_wr_max_length"] = bpsWrMaxLength?.json
        output["iops_max_length"] = iopsMaxLength?.json
        output["iops_rd_max_length"] = iopsRdMaxLength?.json
        output["iops_wr_max_length"] = iopsWrMaxLength?.json
        output["iops_size"] = iopsSize?.json
        output["group"] = group?.json
        output["image"] = image.json
        output["cache"] = cache.json
        output["write_threshold"] = writeThreshold.json
        output["dirty-bitmaps"] = dirtyBitmaps?.json
    }
}

/// A bitmap of what is written to a node.
public struct BlockDirtyInfo: QAPIObject {
    public var name: String?
    /// bytes of chunks that have been written to
    public var count: Int64
    /// bytes of a chunk
    public var granularity: UInt32
    public var recording: Bool
    /// a job uses it
    public var busy: Bool
    /// the image keeps it
    public var persistent: Bool
    public var inconsistent: Bool?

    public init(
        name: String? = nil,
        count: Int64,
        granularity: UInt32,
        recording: Bool,
        busy: Bool,
        persistent: Bool,
        inconsistent: Bool? = nil
    ) {
        self.name = name
        self.count = count
        self.granularity = granularity
        self.recording = recording
        self.busy = busy
        self.persistent = persistent
        self.inconsistent = inconsistent
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        name = try input.takeOptional("name")
        count = try input.take("count")
        granularity = try input.take("granularity")
        recording = try input.take("recording")
        busy = try input.take("busy")
        persistent = try input.take("persistent")
        inconsistent = try input.takeOptional("inconsistent")
    }

    public func write(to output: inout JSONObject) {
        output["name"] = name?.json
        output["count"] = count.json
        output["granularity"] = granularity.json
        output["recording"] = recording.json
        output["busy"] = busy.json
        output["persistent"] = persistent.json
        output["inconsistent"] = inconsistent?.json
    }
}

/// A disk as the guest has it.
public struct BlockInfo: QAPIObject {
    public var device: String
    /// the id or path of its device
    public var qdev: String?
    public var type: String
    public var removable: Bool
    public var locked: Bool
    public var inserted: BlockDeviceInfo?
    public var trayOpen: Bool?
    public var ioStatus: BlockDeviceIoStatus?

    public init(
        device: String,
        qdev: String? = nil,
        type: String,
        removable: Bool,
        locked: Bool,
        inserted: BlockDeviceInfo? = nil,
        trayOpen: Bool? = nil,
        ioStatus: BlockDeviceIoStatus? = nil
    ) {
        self.device = device
        self.qdev = qdev
        self.type = type
        self.removable = removable
        self.locked = locked
        self.inserted = inserted
        self.trayOpen = trayOpen
        self.ioStatus = ioStatus
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        device = try input.take("device")
        qdev = try input.takeOptional("qdev")
        type = try input.take("type")
        removable = try input.take("removable")
        locked = try input.take("locked")
        inserted = try input.takeOptional("inserted")
        trayOpen = try input.takeOptional("tray_open")
        ioStatus = try input.takeOptional("io-status")
    }

    public func write(to output: inout JSONObject) {
        output["device"] = device.json
        output["qdev"] = qdev?.json
        output["type"] = type.json
        output["removable"] = removable.json
        output["locked"] = locked.json
        output["inserted"] = inserted?.json
        output["tray_open"] = trayOpen?.json
        output["io-status"] = ioStatus?.json
    }
}

/// Lists the disks.
public enum QueryBlockCommand: QAPICommand {
    public static let name = "query-block"
    public static let isEarly = true
    public typealias Return = [BlockInfo]
    public typealias Arguments = QAPIEmpty
}

/// Counts of a disk's requests.
public struct BlockDeviceStats: QAPIObject {
    public var rdBytes: Int64
    public var wrBytes: Int64
    public var unmapBytes: Int64
    public var rdOperations: Int64
    public var wrOperations: Int64
    public var flushOperations: Int64
    public var unmapOperations: Int64
    public var rdTotalTimeNs: Int64
    public var wrTotalTimeNs: Int64
    public var flushTotalTimeNs: Int64
    public var unmapTotalTimeNs: Int64
    public var wrHighestOffset: Int64
    public var rdMerged: Int64
    public var wrMerged: Int64
    public var unmapMerged: Int64
    public var idleTimeNs: Int64?
    public var failedRdOperations: Int64
    public var failedWrOperations: Int64
    public var failedFlushOperations: Int64
    public var failedUnmapOperations: Int64
    public var invalidRdOperations: Int64
    public var invalidWrOperations: Int64
    public var invalidFlushOperations: Int64
    public var invalidUnmapOperations: Int64
    public var accountInvalid: Bool
    public var accountFailed: Bool
    public var timedStats: [BlockDeviceTimedStats]
    public var rdLatencyHistogram: BlockLatencyHistogramInfo?
    public var wrLatencyHistogram: BlockLatencyHistogramInfo?
    public var flushLatencyHistogram: BlockLatencyHistogramInfo?

    public init(
        rdBytes: Int64,
        wrBytes: Int64,
        unmapBytes: Int64,
        rdOperations: Int64,
        wrOperations: Int64,
        flushOperations: Int64,
        unmapOperations: Int64,
        rdTotalTimeNs: Int64,
        wrTotalTimeNs: Int64,
        flushTotalTimeNs: Int64,
        unmapTotalTimeNs: Int64,
        wrHighestOffset: Int64,
        rdMerged: Int64,
        wrMerged: Int64,
        unmapMerged: Int64,
        idleTimeNs: Int64? = nil,
        failedRdOperations: Int64,
        failedWrOperations: Int64,
        failedFlushOperations: Int64,
        failedUnmapOperations: Int64,
        invalidRdOperations: Int64,
        invalidWrOperations: Int64,
        invalidFlushOperations: Int64,
        invalidUnmapOperations: Int64,
        accountInvalid: Bool,
        accountFailed: Bool,
        timedStats: [BlockDeviceTimedStats],
        rdLatencyHistogram: BlockLatencyHistogramInfo? = nil,
        wrLatencyHistogram: BlockLatencyHistogramInfo? = nil,
        flushLatencyHistogram: BlockLatencyHistogramInfo? = nil
    ) {
        self.rdBytes = rdBytes
        self.wrBytes = wrBytes
        self.unmapBytes = unmapBytes
        self.rdOperations = rdOperations
        self.wrOperations = wrOperations
        self.flushOperations = flushOperations
        self.unmapOperations = unmapOperations
        self.rdTotalTimeNs = rdTotalTimeNs
        self.wrTotalTimeNs = wrTotalTimeNs
        self.flushTotalTimeNs = flushTotalTimeNs
        self.unmapTotalTimeNs = unmapTotalTimeNs
        self.wrHighestOffset = wrHighestOffset
        self.rdMerged = rdMerged
        self.wrMerged = wrMerged
        self.unmapMerged = unmapMerged
        self.idleTimeNs = idleTimeNs
        self.failedRdOperations = failedRdOperations
        self.failedWrOperations = failedWrOperations
        self.failedFlushOperations = failedFlushOperations
        self.failedUnmapOperations = failedUnmapOperations
        self.invalidRdOperations = invalidRdOperations
        self.invalidWrOperations = invalidWrOperations
        self.invalidFlushOperations = invalidFlushOperations
        self.invalidUnmapOperations = invalidUnmapOperations
        self.accountInvalid = accountInvalid
        self.accountFailed = accountFailed
        self.timedStats = timedStats
        self.rdLatencyHistogram = rdLatencyHistogram
        self.wrLatencyHistogram = wrLatencyHistogram
        self.flushLatencyHistogram = flushLatencyHistogram
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        rdBytes = try input.take("rd_bytes")
        wrBytes = try input.take("wr_bytes")
        unmapBytes = try input.take("unmap_bytes")
        rdOperations = try input.take("rd_operations")
        wrOperations = try input.take("wr_operations")
        flushOperations = try input.take("flush_operations")
        unmapOperations = try input.take("unmap_operations")
        rdTotalTimeNs = try input.take("rd_total_time_ns")
        wrTotalTimeNs = try input.take("wr_total_time_ns")
        flushTotalTimeNs = try input.take("flush_total_time_ns")
        unmapTotalTimeNs = try input.take("unmap_total_time_ns")
        wrHighestOffset = try input.take("wr_highest_offset")
        rdMerged = try input.take("rd_merged")
        wrMerged = try input.take("wr_merged")
        unmapMerged = try input.take("unmap_merged")
        idleTimeNs = try input.takeOptional("idle_time_ns")
        failedRdOperations = try input.take("failed_rd_operations")
        failedWrOperations = try input.take("failed_wr_operations")
        failedFlushOperations = try input.take("failed_flush_operations")
        failedUnmapOperations = try input.take("failed_unmap_operations")
        invalidRdOperations = try input.take("invalid_rd_operations")
        invalidWrOperations = try input.take("invalid_wr_operations")
        invalidFlushOperations = try input.take("invalid_flush_operations")
        invalidUnmapOperations = try input.take("invalid_unmap_operations")
        accountInvalid = try input.take("account_invalid")
        accountFailed = try input.take("account_failed")
        timedStats = try input.take("timed_stats")
        rdLatencyHistogram = try input.takeOptional("rd_latency_histogram")
        wrLatencyHistogram = try input.takeOptional("wr_latency_histogram")
        flushLatencyHistogram = try input.takeOptional("flush_latency_histogram")
    }

    public func write(to output: inout JSONObject) {
        output["rd_bytes"] = rdBytes.json
        output["wr_bytes"] = wrBytes.json
        output["unmap_bytes"] = unmapBytes.json
        output["rd_operations"] = rdOperations.json
        output["wr_operations"] = wrOperations.json
        output["flush_operations"] = flushOperations.json
        output["unmap_operations"] = unmapOperations.json
        output["rd_total_time_ns"] = rdTotalTimeNs.json
        output["wr_total_time_ns"] = wrTotalTimeNs.json
        output["flush_total_time_ns"] = flushTotalTimeNs.json
        output["unmap_total_time_ns"] = unmapTotalTimeNs.json
        output["wr_highest_offset"] = wrHighestOffset.json
        output["rd_merged"] = rdMerged.json
        output["wr_merged"] = wrMerged.json
        output["unmap_merged"] = unmapMerged.json
        output["idle_time_ns"] = idleTimeNs?.json
        output["failed_rd_operations"] = failedRdOperations.json
        output["failed_wr_operations"] = failedWrOperations.json
        output["failed_flush_operations"] = failedFlushOperations.json
        output["failed_unmap_operations"] = failedUnmapOperations.json
        output["invalid_rd_operations"] = invalidRdOperations.json
        output["invalid_wr_operations"] = invalidWrOperations.json
        output["invalid_flush_operations"] = invalidFlushOperations.json
        output["invalid_unmap_operations"] = invalidUnmapOperations.json
        output["account_invalid"] = accountInvalid.json
        output["account_failed"] = accountFailed.json
        output["timed_stats"] = timedStats.json
        output["rd_latency_histogram"] = rdLatencyHistogram?.json
        output["wr_latency_histogram"] = wrLatencyHistogram?.json
        output["flush_latency_histogram"] = flushLatencyHistogram?.json
    }
}

/// How many requests took how long. There is a bin more than boundaries.
public struct BlockLatencyHistogramInfo: QAPIObject {
    /// nanoseconds, rising
    public var boundaries: [UInt64]
    public var bins: [UInt64]

    public init(
        boundaries: [UInt64],
        bins: [UInt64]
    ) {
        self.boundaries = boundaries
        self.bins = bins
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        boundaries = try input.take("boundaries")
        bins = try input.take("bins")
    }

    public func write(to output: inout JSONObject) {
        output["boundaries"] = boundaries.json
        output["bins"] = bins.json
    }
}

/// Counts of an interval. None is kept, so lists of it are empty.
public struct BlockDeviceTimedStats: QAPIObject {
    public var intervalLength: Int64
    public var minRdLatencyNs: Int64
    public var maxRdLatencyNs: Int64
    public var avgRdLatencyNs: Int64
    public var minWrLatencyNs: Int64
    public var maxWrLatencyNs: Int64
    public var avgWrLatencyNs: Int64
    public var minFlushLatencyNs: Int64
    public var maxFlushLatencyNs: Int64
    public var avgFlushLatencyNs: Int64
    public var avgRdQueueDepth: Double
    public var avgWrQueueDepth: Double

    public init(
        intervalLength: Int64,
        minRdLatencyNs: Int64,
        maxRdLatencyNs: Int64,
        avgRdLatencyNs: Int64,
        minWrLatencyNs: Int64,
        maxWrLatencyNs: Int64,
        avgWrLatencyNs: Int64,
        minFlushLatencyNs: Int64,
        maxFlushLatencyNs: Int64,
        avgFlushLatencyNs: Int64,
        avgRdQueueDepth: Double,
        avgWrQueueDepth: Double
    ) {
        self.intervalLength = intervalLength
        self.minRdLatencyNs = minRdLatencyNs
        self.maxRdLatencyNs = maxRdLatencyNs
        self.avgRdLatencyNs = avgRdLatencyNs
        self.minWrLatencyNs = minWrLatencyNs
        self.maxWrLatencyNs = maxWrLatencyNs
        self.avgWrLatencyNs = avgWrLatencyNs
        self.minFlushLatencyNs = minFlushLatencyNs
        self.maxFlushLatencyNs = maxFlushLatencyNs
        self.avgFlushLatencyNs = avgFlushLatencyNs
        self.avgRdQueueDepth = avgRdQueueDepth
        self.avgWrQueueDepth = avgWrQueueDepth
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        intervalLength = try input.take("interval_length")
        minRdLatencyNs = try input.take("min_rd_latency_ns")
        maxRdLatencyNs = try input.take("max_rd_latency_ns")
        avgRdLatencyNs = try input.take("avg_rd_latency_ns")
        minWrLatencyNs = try input.take("min_wr_latency_ns")
        maxWrLatencyNs = try input.take("max_wr_latency_ns")
        avgWrLatencyNs = try input.take("avg_wr_latency_ns")
        minFlushLatencyNs = try input.take("min_flush_latency_ns")
        maxFlushLatencyNs = try input.take("max_flush_latency_ns")
        avgFlushLatencyNs = try input.take("avg_flush_latency_ns")
        avgRdQueueDepth = try input.take("avg_rd_queue_depth")
        avgWrQueueDepth = try input.take("avg_wr_queue_depth")
    }

    public func write(to output: inout JSONObject) {
        output["interval_length"] = intervalLength.json
        output["min_rd_latency_ns"] = minRdLatencyNs.json
        output["max_rd_latency_ns"] = maxRdLatencyNs.json
        output["avg_rd_latency_ns"] = avgRdLatencyNs.json
        output["min_wr_latency_ns"] = minWrLatencyNs.json
        output["max_wr_latency_ns"] = maxWrLatencyNs.json
        output["avg_wr_latency_ns"] = avgWrLatencyNs.json
        output["min_flush_latency_ns"] = minFlushLatencyNs.json
        output["max_flush_latency_ns"] = maxFlushLatencyNs.json
        output["avg_flush_latency_ns"] = avgFlushLatencyNs.json
        output["avg_rd_queue_depth"] = avgRdQueueDepth.json
        output["avg_wr_queue_depth"] = avgWrQueueDepth.json
    }
}

/// A disk and its counts.
public struct BlockStats: QAPIObject {
    public var device: String?
    public var qdev: String?
    public var nodeName: String?
    public var stats: BlockDeviceStats

    public init(
        device: String? = nil,
        qdev: String? = nil,
        nodeName: String? = nil,
        stats: BlockDeviceStats
    ) {
        self.device = device
        self.qdev = qdev
        self.nodeName = nodeName
        self.stats = stats
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        device = try input.takeOptional("device")
        qdev = try input.takeOptional("qdev")
        nodeName = try input.takeOptional("node-name")
        stats = try input.take("stats")
    }

    public func write(to output: inout JSONObject) {
        output["device"] = device?.json
        output["qdev"] = qdev?.json
        output["node-name"] = nodeName?.json
        output["stats"] = stats.json
    }
}

/// Says what the disks have done so far.
public enum QueryBlockstatsCommand: QAPICommand {
    public static let name = "query-blockstats"
    public static let isEarly = true
    public typealias Return = [BlockStats]

    public struct Arguments: QAPIObject {
        /// by nodes instead of by disks
        public var queryNodes: Bool?

        public init(
            queryNodes: Bool? = nil
        ) {
            self.queryNodes = queryNodes
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            queryNodes = try input.takeOptional("query-nodes")
        }

        public func write(to output: inout JSONObject) {
            output["query-nodes"] = queryNodes?.json
        }
    }
}

/// Lists the nodes that have names.
public enum QueryNamedBlockNodesCommand: QAPICommand {
    public static let name = "query-named-block-nodes"
    public static let isEarly = true
    public typealias Return = [BlockDeviceInfo]

    public struct Arguments: QAPIObject {
        public var flat: Bool?

        public init(
            flat: Bool? = nil
        ) {
            self.flat = flat
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            flat = try input.takeOptional("flat")
        }

        public func write(to output: inout JSONObject) {
            output["flat"] = flat?.json
        }
    }
}

/// Changes a disk's size.
public enum BlockResizeCommand: QAPICommand {
    public static let name = "block_resize"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var device: String?
        public var nodeName: String?
        /// bytes
        public var size: Int64

        public init(
            device: String? = nil,
            nodeName: String? = nil,
            size: Int64
        ) {
            self.device = device
            self.nodeName = nodeName
            self.size = size
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            device = try input.takeOptional("device")
            nodeName = try input.takeOptional("node-name")
            size = try input.take("size")
        }

        public func write(to output: inout JSONObject) {
            output["device"] = device?.json
            output["node-name"] = nodeName?.json
            output["size"] = size.json
        }
    }
}

/// What nodes are made of: files, or formats in them.
public enum BlockdevDriver: String, QAPIEnumeration {
    case file
    case hostDevice = "host_device"
    case raw
    case qcow2
}

/// What becomes of what the guest discards.
public enum BlockdevDiscardOptions: String, QAPIEnumeration {
    case ignore
    case unmap
}

/// Who does requests on the host.
public enum BlockdevAioOptions: String, QAPIEnumeration {
    case threads
    case native
    case ioUring = "io_uring"
}

/// A switch that may be left to the emulator.
public enum OnOffAuto: String, QAPIEnumeration {
    case auto
    case on
    case off
}

/// How the host caches a file.
public struct BlockdevCacheOptions: QAPIObject {
    /// past its page cache
    public var direct: Bool?
    /// flushes are ignored
    public var noFlush: Bool?

    public init(
        direct: Bool? = nil,
        noFlush: Bool? = nil
    ) {
        self.direct = direct
        self.noFlush = noFlush
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        direct = try input.takeOptional("direct")
        noFlush = try input.takeOptional("no-flush")
    }

    public func write(to output: inout JSONObject) {
        output["direct"] = direct?.json
        output["no-flush"] = noFlush?.json
    }
}

/// A file, or a block device.
public struct BlockdevOptionsFile: QAPIObject {
    public var filename: String
    public var locking: OnOffAuto?
    public var aio: BlockdevAioOptions?

    public init(
        filename: String,
        locking: OnOffAuto? = nil,
        aio: BlockdevAioOptions? = nil
    ) {
        self.filename = filename
        self.locking = locking
        self.aio = aio
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        filename = try input.take("filename")
        locking = try input.takeOptional("locking")
        aio = try input.takeOptional("aio")
    }

    public func write(to output: inout JSONObject) {
        output["filename"] = filename.json
        output["locking"] = locking?.json
        output["aio"] = aio?.json
    }
}

/// A format without more to say of.
public struct BlockdevOptionsGenericFormat: QAPIObject {
    /// where its bytes are
    public var file: BlockdevRef

    public init(
        file: BlockdevRef
    ) {
        self.file = file
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        file = try input.take("file")
    }

    public func write(to output: inout JSONObject) {
        output["file"] = file.json
    }
}

/// An image that may stand on another one.
public struct BlockdevOptionsQcow2: QAPIObject {
    public var file: BlockdevRef
    /// null for none; what the image names if it is left out
    public var backing: BlockdevRefOrNull?

    public init(
        file: BlockdevRef,
        backing: BlockdevRefOrNull? = nil
    ) {
        self.file = file
        self.backing = backing
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        file = try input.take("file")
        backing = try input.takeOptional("backing")
    }

    public func write(to output: inout JSONObject) {
        output["file"] = file.json
        output["backing"] = backing?.json
    }
}

/// A node by its name, or one that is made for this.
public indirect enum BlockdevRef: QAPIValue {
    case blockdevOptions(BlockdevOptions)
    case str(String)

    public init(json: JSONValue, name: String) throws(QAPIError) {
        if let value = try? BlockdevOptions(json: json, name: name) { self = .blockdevOptions(value); return }
        if let value = try? String(json: json, name: name) { self = .str(value); return }
        throw QAPIError.badType(name, expected: "BlockdevOptions or str")
    }

    public var json: JSONValue {
        switch self {
        case .blockdevOptions(let value): value.json
        case .str(let value): value.json
        }
    }
}

/// The same, or none.
public indirect enum BlockdevRefOrNull: QAPIValue {
    case blockdevOptions(BlockdevOptions)
    case str(String)
    case null(QAPINull)

    public init(json: JSONValue, name: String) throws(QAPIError) {
        if let value = try? BlockdevOptions(json: json, name: name) { self = .blockdevOptions(value); return }
        if let value = try? String(json: json, name: name) { self = .str(value); return }
        if let value = try? QAPINull(json: json, name: name) { self = .null(value); return }
        throw QAPIError.badType(name, expected: "BlockdevOptions or str or null")
    }

    public var json: JSONValue {
        switch self {
        case .blockdevOptions(let value): value.json
        case .str(let value): value.json
        case .null(let value): value.json
        }
    }
}

/// A node.
public struct BlockdevOptions: QAPIObject {
    public enum Branch: Sendable {
        case file(BlockdevOptionsFile)
        case hostDevice(BlockdevOptionsFile)
        case raw(BlockdevOptionsGenericFormat)
        case qcow2(BlockdevOptionsQcow2)
    }

    public var nodeName: String?
    public var discard: BlockdevDiscardOptions?
    public var cache: BlockdevCacheOptions?
    public var readOnly: Bool?
    /// for reading only if nobody writes, or the host allows no more
    public var autoReadOnly: Bool?
    public var detectZeroes: BlockdevDetectZeroesOptions?
    public var branch: Branch

    public init(
        nodeName: String? = nil,
        discard: BlockdevDiscardOptions? = nil,
        cache: BlockdevCacheOptions? = nil,
        readOnly: Bool? = nil,
        autoReadOnly: Bool? = nil,
        detectZeroes: BlockdevDetectZeroesOptions? = nil,
        branch: Branch
    ) {
        self.nodeName = nodeName
        self.discard = discard
        self.cache = cache
        self.readOnly = readOnly
        self.autoReadOnly = autoReadOnly
        self.detectZeroes = detectZeroes
        self.branch = branch
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        nodeName = try input.takeOptional("node-name")
        discard = try input.takeOptional("discard")
        cache = try input.takeOptional("cache")
        readOnly = try input.takeOptional("read-only")
        autoReadOnly = try input.takeOptional("auto-read-only")
        detectZeroes = try input.takeOptional("detect-zeroes")
        let kind: BlockdevDriver = try input.take("driver")
        switch kind {
        case .file: branch = .file(try BlockdevOptionsFile(reading: &input))
        case .hostDevice: branch = .hostDevice(try BlockdevOptionsFile(reading: &input))
        case .raw: branch = .raw(try BlockdevOptionsGenericFormat(reading: &input))
        case .qcow2: branch = .qcow2(try BlockdevOptionsQcow2(reading: &input))
        }
    }

    public func write(to output: inout JSONObject) {
        output["node-name"] = nodeName?.json
        output["discard"] = discard?.json
        output["cache"] = cache?.json
        output["read-only"] = readOnly?.json
        output["auto-read-only"] = autoReadOnly?.json
        output["detect-zeroes"] = detectZeroes?.json
        switch branch {
        case .file(let value):
            output["driver"] = "file"
            value.write(to: &output)
        case .hostDevice(let value):
            output["driver"] = "host_device"
            value.write(to: &output)
        case .raw(let value):
            output["driver"] = "raw"
            value.write(to: &output)
        case .qcow2(let value):
            output["driver"] = "qcow2"
            value.write(to: &output)
        }
    }
}

/// Makes a node that devices and other nodes can use.
public enum BlockdevAddCommand: QAPICommand {
    public static let name = "blockdev-add"
    public typealias Return = QAPIEmpty
    public typealias Arguments = BlockdevOptions
}

/// Takes a node away that nothing uses.
public enum BlockdevDelCommand: QAPICommand {
    public static let name = "blockdev-del"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var nodeName: String

        public init(
            nodeName: String
        ) {
            self.nodeName = nodeName
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            nodeName = try input.take("node-name")
        }

        public func write(to output: inout JSONObject) {
            output["node-name"] = nodeName.json
        }
    }
}

/// Limits a disk. Rates are a second's; 0 for no limit.
public enum BlockSetIoThrottleCommand: QAPICommand {
    public static let name = "block_set_io_throttle"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        /// the drive, or
        public var device: String?
        /// its device
        public var id: String?
        /// bytes
        public var bps: Int64
        public var bpsRd: Int64
        public var bpsWr: Int64
        /// requests
        public var iops: Int64
        public var iopsRd: Int64
        public var iopsWr: Int64
        /// in bursts, which last so many seconds
        public var bpsMax: Int64?
        public var bpsRdMax: Int64?
        public var bpsWrMax: Int64?
        public var iopsMax: Int64?
        public var iopsRdMax: Int64?
        public var iopsWrMax: Int64?
        public var bpsMaxLength: Int64?
        public var bpsRdMaxLength: Int64?
        public var bpsWrMaxLength: Int64?
        public var iopsMaxLength: Int64?
        public var iopsRdMaxLength: Int64?
        public var iopsWrMaxLength: Int64?
        /// bytes that count as one request
        public var iopsSize: Int64?
        /// whose members share the limits
        public var group: String?

        public init(
            device: String? = nil,
            id: String? = nil,
            bps: Int64,
            bpsRd: Int64,
            bpsWr: Int64,
            iops: Int64,
            iopsRd: Int64,
            iopsWr: Int64,
            bpsMax: Int64? = nil,
            bpsRdMax: Int64? = nil,
            bpsWrMax: Int64? = nil,
            iopsMax: Int64? = nil,
            iopsRdMax: Int64? = nil,
            iopsWrMax: Int64? = nil,
            bpsMaxLength: Int64? = nil,
            bpsRdMaxLength: Int64? = nil,
            bpsWrMaxLength: Int64? = nil,
            iopsMaxLength: Int64? = nil,
            iopsRdMaxLength: Int64? = nil,
            iopsWrMaxLength: Int64? = nil,
            iopsSize: Int64? = nil,
            group: String? = nil
        ) {
            self.device = device
            self.id = id
            self.bps = bps
            self.bpsRd = bpsRd
            self.bpsWr = bpsWr
            self.iops = iops
            self.iopsRd = iopsRd
            self.iopsWr = iopsWr
            self.bpsMax = bpsMax
            self.bpsRdMax = bpsRdMax
            self.bpsWrMax = bpsWrMax
            self.iopsMax = iopsMax
            self.iopsRdMax = iopsRdMax
            self.iopsWrMax = iopsWrMax
            self.bpsMaxLength = bpsMaxLength
            self.bpsRdMaxLength = bpsRdMaxLength
            self.bpsWrMaxLength = bpsWrMaxLength
            self.iopsMaxLength = iopsMaxLength
            self.iopsRdMaxLength = iopsRdMaxLength
            self.iopsWrMaxLength = iopsWrMaxLength
            self.iopsSize = iopsSize
            self.group = group
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            device = try input.takeOptional("device")
            id = try input.takeOptional("id")
            bps = try input.take("bps")
            bpsRd = try input.take("bps_rd")
            bpsWr = try input.take("bps_wr")
            iops = try input.take("iops")
            iopsRd = try input.take("iops_rd")
            iopsWr = try input.take("iops_wr")
            bpsMax = try input.takeOptional("bps_max")
            bpsRdMax = try input.takeOptional("bps_rd_max")
            bpsWrMax = try input.takeOptional("bps_wr_max")
            iopsMax = try input.takeOptional("iops_max")
            iopsRdMax = try input.takeOptional("iops_rd_max")
            iopsWrMax = try input.takeOptional("iops_wr_max")
            bpsMaxLength = try input.takeOptional("bps_max_length")
            bpsRdMaxLength = try input.takeOptional("bps_rd_max_length")
            bpsWrMaxLength = try input.takeOptional("bps_wr_max_length")
            iopsMaxLength = try input.takeOptional("iops_max_length")
            iopsRdMaxLength = try input.takeOptional("iops_rd_max_length")
            iopsWrMaxLength = try input.takeOptional("iops_wr_max_length")
            iopsSize = try input.takeOptional("iops_size")
            group = try input.takeOptional("group")
        }

        public func write(to output: inout JSONObject) {
            output["device"] = device?.json
            output["id"] = id?.json
            output["bps"] = bps.json
            output["bps_rd"] = bpsRd.json
            output["bps_wr"] = bpsWr.json
            output["iops"] = iops.json
            output["iops_rd"] = iopsRd.json
            output["iops_wr"] = iopsWr.json
            output["bps_max"] = bpsMax?.json
            output["bps_rd_max"] = bpsRdMax?.json
            output["bps_wr_max"] = bpsWrMax?.json
            output["iops_max"] = iopsMax?.json
            output["iops_rd_max"] = iopsRdMax?.json
            output["iops_wr_max"] = iopsWrMax?.json
            output["bps_max_length"] = bpsMaxLength?.json
            output["bps_rd_max_length"] = bpsRdMaxLength?.json
            output["bps_wr_max_length"] = bpsWrMaxLength?.json
            output["iops_max_length"] = iopsMaxLength?.json
            output["iops_rd_max_length"] = iopsRdMaxLength?.json
            output["iops_wr_max_length"] = iopsWrMaxLength?.json
            output["iops_size"] = iopsSize?.json
            output["group"] = group?.json
        }
    }
}

/// Tells of the first write beyond an offset in a node's file.
public enum BlockSetWriteThresholdCommand: QAPICommand {
    public static let name = "block-set-write-threshold"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var nodeName: String
        /// bytes; 0 for nowhere
        public var writeThreshold: UInt64

        public init(
            nodeName: String,
            writeThreshold: UInt64
        ) {
            self.nodeName = nodeName
            self.writeThreshold = writeThreshold
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            nodeName = try input.take("node-name")
            writeThreshold = try input.take("write-threshold")
        }

        public func write(to output: inout JSONObject) {
            output["node-name"] = nodeName.json
            output["write-threshold"] = writeThreshold.json
        }
    }
}

/// A write has gone beyond a threshold, which is no more.
public struct BlockWriteThresholdEvent: QAPIEvent {
    public static let name = "BLOCK_WRITE_THRESHOLD"
    public var nodeName: String
    public var amountExceeded: UInt64
    public var writeThreshold: UInt64

    public init(
        nodeName: String,
        amountExceeded: UInt64,
        writeThreshold: UInt64
    ) {
        self.nodeName = nodeName
        self.amountExceeded = amountExceeded
        self.writeThreshold = writeThreshold
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        nodeName = try input.take("node-name")
        amountExceeded = try input.take("amount-exceeded")
        writeThreshold = try input.take("write-threshold")
    }

    public func write(to output: inout JSONObject) {
        output["node-name"] = nodeName.json
        output["amount-exceeded"] = amountExceeded.json
        output["write-threshold"] = writeThreshold.json
    }
}

/// Counts how long requests take, anew; without boundaries, no more.
public enum BlockLatencyHistogramSetCommand: QAPICommand {
    public static let name = "block-latency-histogram-set"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        /// the device
        public var id: String
        /// nanoseconds, rising
        public var boundaries: [UInt64]?
        public var boundariesRead: [UInt64]?
        public var boundariesWrite: [UInt64]?
        public var boundariesFlush: [UInt64]?

        public init(
            id: String,
            boundaries: [UInt64]? = nil,
            boundariesRead: [UInt64]? = nil,
            boundariesWrite: [UInt64]? = nil,
            boundariesFlush: [UInt64]? = nil
        ) {
            self.id = id
            self.boundaries = boundaries
            self.boundariesRead = boundariesRead
            self.boundariesWrite = boundariesWrite
            self.boundariesFlush = boundariesFlush
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            id = try input.take("id")
            boundaries = try input.takeOptional("boundaries")
            boundariesRead = try input.takeOptional("boundaries-read")
            boundariesWrite = try input.takeOptional("boundaries-write")
            boundariesFlush = try input.takeOptional("boundaries-flush")
        }

        public func write(to output: inout JSONObject) {
            output["id"] = id.json
            output["boundaries"] = boundaries?.json
            output["boundaries-read"] = boundariesRead?.json
            output["boundaries-write"] = boundariesWrite?.json
            output["boundaries-flush"] = boundariesFlush?.json
        }
    }
}

/// Opens a drive's tray and takes out what is in it.
public enum EjectCommand: QAPICommand {
    public static let name = "eject"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        /// the drive, or
        public var device: String?
        /// its device
        public var id: String?
        /// even if the guest has locked the tray
        public var force: Bool?

        public init(
            device: String? = nil,
            id: String? = nil,
            force: Bool? = nil
        ) {
            self.device = device
            self.id = id
            self.force = force
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            device = try input.takeOptional("device")
            id = try input.takeOptional("id")
            force = try input.takeOptional("force")
        }

        public func write(to output: inout JSONObject) {
            output["device"] = device?.json
            output["id"] = id?.json
            output["force"] = force?.json
        }
    }
}

/// Opens a tray. A guest that has locked it is asked to.
public enum BlockdevOpenTrayCommand: QAPICommand {
    public static let name = "blockdev-open-tray"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var device: String?
        public var id: String?
        public var force: Bool?

        public init(
            device: String? = nil,
            id: String? = nil,
            force: Bool? = nil
        ) {
            self.device = device
            self.id = id
            self.force = force
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            device = try input.takeOptional("device")
            id = try input.takeOptional("id")
            force = try input.takeOptional("force")
        }

        public func write(to output: inout JSONObject) {
            output["device"] = device?.json
            output["id"] = id?.json
            output["force"] = force?.json
        }
    }
}

/// Closes a tray.
public enum BlockdevCloseTrayCommand: QAPICommand {
    public static let name = "blockdev-close-tray"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var device: String?
        public var id: String?

        public init(
            device: String? = nil,
            id: String? = nil
        ) {
            self.device = device
            self.id = id
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            device = try input.takeOptional("device")
            id = try input.takeOptional("id")
        }

        public func write(to output: inout JSONObject) {
            output["device"] = device?.json
            output["id"] = id?.json
        }
    }
}

/// Takes out what is in an open tray.
public enum BlockdevRemoveMediumCommand: QAPICommand {
    public static let name = "blockdev-remove-medium"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        /// the device
        public var id: String

        public init(
            id: String
        ) {
            self.id = id
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            id = try input.take("id")
        }

        public func write(to output: inout JSONObject) {
            output["id"] = id.json
        }
    }
}

/// Puts a node into an open tray.
public enum BlockdevInsertMediumCommand: QAPICommand {
    public static let name = "blockdev-insert-medium"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var id: String
        public var nodeName: String

        public init(
            id: String,
            nodeName: String
        ) {
            self.id = id
            self.nodeName = nodeName
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            id = try input.take("id")
            nodeName = try input.take("node-name")
        }

        public func write(to output: inout JSONObject) {
            output["id"] = id.json
            output["node-name"] = nodeName.json
        }
    }
}

/// Whether a medium that comes can be written.
public enum BlockdevChangeReadOnlyMode: String, QAPIEnumeration {
    case retain
    case readOnly = "read-only"
    case readWrite = "read-write"
}

/// Exchanges what is in a drive: opens the tray, puts another image in, closes it.
public enum BlockdevChangeMediumCommand: QAPICommand {
    public static let name = "blockdev-change-medium"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var device: String?
        public var id: String?
        public var filename: String
        public var format: String?
        public var force: Bool?
        public var readOnlyMode: BlockdevChangeReadOnlyMode?

        public init(
            device: String? = nil,
            id: String? = nil,
            filename: String,
            format: String? = nil,
            force: Bool? = nil,
            readOnlyMode: BlockdevChangeReadOnlyMode? = nil
        ) {
            self.device = device
            self.id = id
            self.filename = filename
            self.format = format
            self.force = force
            self.readOnlyMode = readOnlyMode
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            device = try input.takeOptional("device")
            id = try input.takeOptional("id")
            filename = try input.take("filename")
            format = try input.takeOptional("format")
            force = try input.takeOptional("force")
            readOnlyMode = try input.takeOptional("read-only-mode")
        }

        public func write(to output: inout JSONObject) {
            output["device"] = device?.json
            output["id"] = id?.json
            output["filename"] = filename.json
            output["format"] = format?.json
            output["force"] = force?.json
            output["read-only-mode"] = readOnlyMode?.json
        }
    }
}

/// A tray has been opened or closed, by the guest or by a command.
public struct DeviceTrayMovedEvent: QAPIEvent {
    public static let name = "DEVICE_TRAY_MOVED"
    public var device: String
    public var id: String
    public var trayOpen: Bool

    public init(
        device: String,
        id: String,
        trayOpen: Bool
    ) {
        self.device = device
        self.id = id
        self.trayOpen = trayOpen
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        device = try input.take("device")
        id = try input.take("id")
        trayOpen = try input.take("tray-open")
    }

    public func write(to output: inout JSONObject) {
        output["device"] = device.json
        output["id"] = id.json
        output["tray-open"] = trayOpen.json
    }
}

/// Changes how nodes are opened. What cannot be changed must be as it is.
public enum BlockdevReopenCommand: QAPICommand {
    public static let name = "blockdev-reopen"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var options: [BlockdevOptions]

        public init(
            options: [BlockdevOptions]
        ) {
            self.options = options
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            options = try input.take("options")
        }

        public func write(to output: inout JSONObject) {
            output["options"] = options.json
        }
    }
}

/// Changes the name that an image gives what it stands on; what it stands on stays.
public enum ChangeBackingFileCommand: QAPICommand {
    public static let name = "change-backing-file"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var device: String
        public var imageNodeName: String
        public var backingFile: String

        public init(
            device: String,
            imageNodeName: String,
            backingFile: String
        ) {
            self.device = device
            self.imageNodeName = imageNodeName
            self.backingFile = backingFile
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            device = try input.take("device")
            imageNodeName = try input.take("image-node-name")
            backingFile = try input.take("backing-file")
        }

        public func write(to output: inout JSONObject) {
            output["device"] = device.json
            output["image-node-name"] = imageNodeName.json
            output["backing-file"] = backingFile.json
        }
    }
}

/// Kinds of requests.
public enum IoOperationType: String, QAPIEnumeration {
    case read
    case write
}

/// What becomes of a request that the host has failed.
public enum BlockErrorAction: String, QAPIEnumeration {
    case ignore
    case report
    case stop
}

/// The host has failed a disk request.
public struct BlockIoErrorEvent: QAPIEvent {
    public static let name = "BLOCK_IO_ERROR"
    public var device: String
    public var nodeName: String?
    public var operation: IoOperationType
    public var action: BlockErrorAction
    /// the host's disk is full
    public var nospace: Bool?
    public var reason: String

    public init(
        device: String,
        nodeName: String? = nil,
        operation: IoOperationType,
        action: BlockErrorAction,
        nospace: Bool? = nil,
        reason: String
    ) {
        self.device = device
        self.nodeName = nodeName
        self.operation = operation
        self.action = action
        self.nospace = nospace
        self.reason = reason
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        device = try input.take("device")
        nodeName = try input.takeOptional("node-name")
        operation = try input.take("operation")
        action = try input.take("action")
        nospace = try input.takeOptional("nospace")
        reason = try input.take("reason")
    }

    public func write(to output: inout JSONObject) {
        output["device"] = device.json
        output["node-name"] = nodeName?.json
        output["operation"] = operation.json
        output["action"] = action.json
        output["nospace"] = nospace?.json
        output["reason"] = reason.json
    }
}
