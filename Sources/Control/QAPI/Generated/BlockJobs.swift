// Made by apus-schema from Sources/Control/Schema/Text. Change it there.

import JSON

/// Kinds of jobs.
public enum JobType: String, QAPIEnumeration {
    case commit
    case stream
    case mirror
    case backup
    case create
    case amend
    case snapshotLoad = "snapshot-load"
    case snapshotSave = "snapshot-save"
    case snapshotDelete = "snapshot-delete"
}

/// What a job does.
public enum JobStatus: String, QAPIEnumeration {
    case undefined
    case created
    case running
    case paused
    case ready
    case standby
    case waiting
    case pending
    case aborting
    case concluded
    case null
}

/// A job.
public struct JobInfo: QAPIObject {
    public var id: String
    public var type: JobType
    public var status: JobStatus
    public var currentProgress: Int64
    public var totalProgress: Int64
    public var error: String?

    public init(
        id: String,
        type: JobType,
        status: JobStatus,
        currentProgress: Int64,
        totalProgress: Int64,
        error: String? = nil
    ) {
        self.id = id
        self.type = type
        self.status = status
        self.currentProgress = currentProgress
        self.totalProgress = totalProgress
        self.error = error
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        id = try input.take("id")
        type = try input.take("type")
        status = try input.take("status")
        currentProgress = try input.take("current-progress")
        totalProgress = try input.take("total-progress")
        error = try input.takeOptional("error")
    }

    public func write(to output: inout JSONObject) {
        output["id"] = id.json
        output["type"] = type.json
        output["status"] = status.json
        output["current-progress"] = currentProgress.json
        output["total-progress"] = totalProgress.json
        output["error"] = error?.json
    }
}

/// Lists the jobs.
public enum QueryJobsCommand: QAPICommand {
    public static let name = "query-jobs"
    public static let isEarly = true
    public typealias Return = [JobInfo]
    public typealias Arguments = QAPIEmpty
}

/// What a job does has changed.
public struct JobStatusChangeEvent: QAPIEvent {
    public static let name = "JOB_STATUS_CHANGE"
    public var id: String
    public var status: JobStatus

    public init(
        id: String,
        status: JobStatus
    ) {
        self.id = id
        self.status = status
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        id = try input.take("id")
        status = try input.take("status")
    }

    public func write(to output: inout JSONObject) {
        output["id"] = id.json
        output["status"] = status.json
    }
}

/// Forgets a job that has been done.
public enum JobDismissCommand: QAPICommand {
    public static let name = "job-dismiss"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
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

/// Gives a job up.
public enum JobCancelCommand: QAPICommand {
    public static let name = "job-cancel"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
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

/// Lets a job stand still.
public enum JobPauseCommand: QAPICommand {
    public static let name = "job-pause"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
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

/// Lets a job go on.
public enum JobResumeCommand: QAPICommand {
    public static let name = "job-resume"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
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

/// Ends a job that is ready.
public enum JobCompleteCommand: QAPICommand {
    public static let name = "job-complete"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
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

/// Lets a job that is pending end.
public enum JobFinalizeCommand: QAPICommand {
    public static let name = "job-finalize"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
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

/// Keeps the machine and its disks as they are. A job, which is done at once.
public enum SnapshotSaveCommand: QAPICommand {
    public static let name = "snapshot-save"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var jobId: String
        public var tag: String
        /// the node that keeps the machine's state
        public var vmstate: String
        /// the nodes that keep the disks
        public var devices: [String]

        public init(
            jobId: String,
            tag: String,
            vmstate: String,
            devices: [String]
        ) {
            self.jobId = jobId
            self.tag = tag
            self.vmstate = vmstate
            self.devices = devices
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            jobId = try input.take("job-id")
            tag = try input.take("tag")
            vmstate = try input.take("vmstate")
            devices = try input.take("devices")
        }

        public func write(to output: inout JSONObject) {
            output["job-id"] = jobId.json
            output["tag"] = tag.json
            output["vmstate"] = vmstate.json
            output["devices"] = devices.json
        }
    }
}

/// Makes the machine and its disks what they were.
public enum SnapshotLoadCommand: QAPICommand {
    public static let name = "snapshot-load"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var jobId: String
        public var tag: String
        public var vmstate: String
        public var devices: [String]

        public init(
            jobId: String,
            tag: String,
            vmstate: String,
            devices: [String]
        ) {
            self.jobId = jobId
            self.tag = tag
            self.vmstate = vmstate
            self.devices = devices
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            jobId = try input.take("job-id")
            tag = try input.take("tag")
            vmstate = try input.take("vmstate")
            devices = try input.take("devices")
        }

        public func write(to output: inout JSONObject) {
            output["job-id"] = jobId.json
            output["tag"] = tag.json
            output["vmstate"] = vmstate.json
            output["devices"] = devices.json
        }
    }
}

/// Forgets a snapshot.
public enum SnapshotDeleteCommand: QAPICommand {
    public static let name = "snapshot-delete"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var jobId: String
        public var tag: String
        public var devices: [String]

        public init(
            jobId: String,
            tag: String,
            devices: [String]
        ) {
            self.jobId = jobId
            self.tag = tag
            self.devices = devices
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            jobId = try input.take("job-id")
            tag = try input.take("tag")
            devices = try input.take("devices")
        }

        public func write(to output: inout JSONObject) {
            output["job-id"] = jobId.json
            output["tag"] = tag.json
            output["devices"] = devices.json
        }
    }
}

/// A job on a disk.
public struct BlockJobInfo: QAPIObject {
    public var type: String
    public var device: String
    public var len: Int64
    public var offset: Int64
    public var busy: Bool
    public var paused: Bool
    public var speed: Int64
    public var ioStatus: BlockDeviceIoStatus
    public var ready: Bool
    public var status: JobStatus
    public var autoFinalize: Bool
    public var autoDismiss: Bool
    public var error: String?

    public init(
        type: String,
        device: String,
        len: Int64,
        offset: Int64,
        busy: Bool,
        paused: Bool,
        speed: Int64,
        ioStatus: BlockDeviceIoStatus,
        ready: Bool,
        status: JobStatus,
        autoFinalize: Bool,
        autoDismiss: Bool,
        error: String? = nil
    ) {
        self.type = type
        self.device = device
        self.len = len
        self.offset = offset
        self.busy = busy
        self.paused = paused
        self.speed = speed
        self.ioStatus = ioStatus
        self.ready = ready
        self.status = status
        self.autoFinalize = autoFinalize
        self.autoDismiss = autoDismiss
        self.error = error
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        type = try input.take("type")
        device = try input.take("device")
        len = try input.take("len")
        offset = try input.take("offset")
        busy = try input.take("busy")
        paused = try input.take("paused")
        speed = try input.take("speed")
        ioStatus = try input.take("io-status")
        ready = try input.take("ready")
        status = try input.take("status")
        autoFinalize = try input.take("auto-finalize")
        autoDismiss = try input.take("auto-dismiss")
        error = try input.takeOptional("error")
    }

    public func write(to output: inout JSONObject) {
        output["type"] = type.json
        output["device"] = device.json
        output["len"] = len.json
        output["offset"] = offset.json
        output["busy"] = busy.json
        output["paused"] = paused.json
        output["speed"] = speed.json
        output["io-status"] = ioStatus.json
        output["ready"] = ready.json
        output["status"] = status.json
        output["auto-finalize"] = autoFinalize.json
        output["auto-dismiss"] = autoDismiss.json
        output["error"] = error?.json
    }
}

/// Lists the jobs on disks.
public enum QueryBlockJobsCommand: QAPICommand {
    public static let name = "query-block-jobs"
    public static let isEarly = true
    public typealias Return = [BlockJobInfo]
    public typealias Arguments = QAPIEmpty
}

/// What becomes of a job whose request the host has failed.
public enum BlockdevOnError: String, QAPIEnumeration {
    case report
    case ignore
    case enospc
    case stop
    case auto
}

/// What of a disk is copied.
public enum MirrorSyncMode: String, QAPIEnumeration {
    case top
    case full
    case none
    case incremental
    case bitmap
}

/// When whoever writes to a disk that is mirrored goes on.
public enum MirrorCopyMode: String, QAPIEnumeration {
    case background
    case writeBlocking = "write-blocking"
}

/// Where the image of a snapshot or a copy comes from.
public enum NewImageMode: String, QAPIEnumeration {
    case existing
    case absolutePaths = "absolute-paths"
}

/// What becomes of a bitmap.
public enum BitmapSyncMode: String, QAPIEnumeration {
    case onSuccess = "on-success"
    case never
    case always
}

/// Moves what the images above one hold into that one.
public enum BlockCommitCommand: QAPICommand {
    public static let name = "block-commit"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var jobId: String?
        /// the disk
        public var device: String
        /// what is written; the last image if it is left out
        public var baseNode: String?
        /// the same, by its file
        public var base: String?
        /// the highest image that goes; the disk's own if it is left out
        public var topNode: String?
        public var top: String?
        /// what the image above is to name
        public var backingFile: String?
        /// bytes a second, 0 for no limit
        public var speed: Int64?
        public var onError: BlockdevOnError?
        public var filterNodeName: String?
        public var autoFinalize: Bool?
        public var autoDismiss: Bool?

        public init(
            jobId: String? = nil,
            device: String,
            baseNode: String? = nil,
            base: String? = nil,
            topNode: String? = nil,
            top: String? = nil,
            backingFile: String? = nil,
            speed: Int64? = nil,
            onError: BlockdevOnError? = nil,
            filterNodeName: String? = nil,
            autoFinalize: Bool? = nil,
            autoDismiss: Bool? = nil
        ) {
            self.jobId = jobId
            self.device = device
            self.baseNode = baseNode
            self.base = base
            self.topNode = topNode
            self.top = top
            self.backingFile = backingFile
            self.speed = speed
            self.onError = onError
            self.filterNodeName = filterNodeName
            self.autoFinalize = autoFinalize
            self.autoDismiss = autoDismiss
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            jobId = try input.takeOptional("job-id")
            device = try input.take("device")
            baseNode = try input.takeOptional("base-node")
            base = try input.takeOptional("base")
            topNode = try input.takeOptional("top-node")
            top = try input.takeOptional("top")
            backingFile = try input.takeOptional("backing-file")
            speed = try input.takeOptional("speed")
            onError = try input.takeOptional("on-error")
            filterNodeName = try input.takeOptional("filter-node-name")
            autoFinalize = try input.takeOptional("auto-finalize")
            autoDismiss = try input.takeOptional("auto-dismiss")
        }

        public func write(to output: inout JSONObject) {
            output["job-id"] = jobId?.json
            output["device"] = device.json
            output["base-node"] = baseNode?.json
            output["base"] = base?.json
            output["top-node"] = topNode?.json
            output["top"] = top?.json
            output["backing-file"] = backingFile?.json
            output["speed"] = speed?.json
            output["on-error"] = onError?.json
            output["filter-node-name"] = filterNodeName?.json
            output["auto-finalize"] = autoFinalize?.json
            output["auto-dismiss"] = autoDismiss?.json
        }
    }
}

/// Takes what the images below one hold into that one.
public enum BlockStreamCommand: QAPICommand {
    public static let name = "block-stream"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var jobId: String?
        /// the disk, or the image that is filled
        public var device: String
        /// what it stands on then, by its file; nothing if it is left out
        public var base: String?
        public var baseNode: String?
        public var backingFile: String?
        /// the last image that is taken in
        public var bottom: String?
        public var speed: Int64?
        public var onError: BlockdevOnError?
        public var filterNodeName: String?
        public var autoFinalize: Bool?
        public var autoDismiss: Bool?

        public init(
            jobId: String? = nil,
            device: String,
            base: String? = nil,
            baseNode: String? = nil,
            backingFile: String? = nil,
            bottom: String? = nil,
            speed: Int64? = nil,
            onError: BlockdevOnError? = nil,
            filterNodeName: String? = nil,
            autoFinalize: Bool? = nil,
            autoDismiss: Bool? = nil
        ) {
            self.jobId = jobId
            self.device = device
            self.base = base
            self.baseNode = baseNode
            self.backingFile = backingFile
            self.bottom = bottom
            self.speed = speed
            self.onError = onError
            self.filterNodeName = filterNodeName
            self.autoFinalize = autoFinalize
            self.autoDismiss = autoDismiss
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            jobId = try input.takeOptional("job-id")
            device = try input.take("device")
            base = try input.takeOptional("base")
            baseNode = try input.takeOptional("base-node")
            backingFile = try input.takeOptional("backing-file")
            bottom = try input.takeOptional("bottom")
            speed = try input.takeOptional("speed")
            onError = try input.takeOptional("on-error")
            filterNodeName = try input.takeOptional("filter-node-name")
            autoFinalize = try input.takeOptional("auto-finalize")
            autoDismiss = try input.takeOptional("auto-dismiss")
        }

        public func write(to output: inout JSONObject) {
            output["job-id"] = jobId?.json
            output["device"] = device.json
            output["base"] = base?.json
            output["base-node"] = baseNode?.json
            output["backing-file"] = backingFile?.json
            output["bottom"] = bottom?.json
            output["speed"] = speed?.json
            output["on-error"] = onError?.json
            output["filter-node-name"] = filterNodeName?.json
            output["auto-finalize"] = autoFinalize?.json
            output["auto-dismiss"] = autoDismiss?.json
        }
    }
}

/// What a copy is made of, in an image that is made for it.
public struct DriveMirror: QAPIObject {
    public var jobId: String?
    public var device: String
    /// a file
    public var target: String
    public var format: String?
    public var nodeName: String?
    public var replaces: String?
    public var sync: MirrorSyncMode
    public var mode: NewImageMode?
    public var speed: Int64?
    /// bytes that are copied again when one of them has changed
    public var granularity: UInt32?
    public var bufSize: Int64?
    public var onSourceError: BlockdevOnError?
    public var onTargetError: BlockdevOnError?
    public var unmap: Bool?
    public var copyMode: MirrorCopyMode?
    public var autoFinalize: Bool?
    public var autoDismiss: Bool?

    public init(
        jobId: String? = nil,
        device: String,
        target: String,
        format: String? = nil,
        nodeName: String? = nil,
        replaces: String? = nil,
        sync: MirrorSyncMode,
        mode: NewImageMode? = nil,
        speed: Int64? = nil,
        granularity: UInt32? = nil,
        bufSize: Int64? = nil,
        onSourceError: BlockdevOnError? = nil,
        onTargetError: BlockdevOnError? = nil,
        unmap: Bool? = nil,
        copyMode: MirrorCopyMode? = nil,
        autoFinalize: Bool? = nil,
        autoDismiss: Bool? = nil
    ) {
        self.jobId = jobId
        self.device = device
        self.target = target
        self.format = format
        self.nodeName = nodeName
        self.replaces = replaces
        self.sync = sync
        self.mode = mode
        self.speed = speed
        self.granularity = granularity
        self.bufSize = bufSize
        self.onSourceError = onSourceError
        self.onTargetError = onTargetError
        self.unmap = unmap
        self.copyMode = copyMode
        self.autoFinalize = autoFinalize
        self.autoDismiss = autoDismiss
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        jobId = try input.takeOptional("job-id")
        device = try input.take("device")
        target = try input.take("target")
        format = try input.takeOptional("format")
        nodeName = try input.takeOptional("node-name")
        replaces = try input.takeOptional("replaces")
        sync = try input.take("sync")
        mode = try input.takeOptional("mode")
        speed = try input.takeOptional("speed")
        granularity = try input.takeOptional("granularity")
        bufSize = try input.takeOptional("buf-size")
        onSourceError = try input.takeOptional("on-source-error")
        onTargetError = try input.takeOptional("on-target-error")
        unmap = try input.takeOptional("unmap")
        copyMode = try input.takeOptional("copy-mode")
        autoFinalize = try input.takeOptional("auto-finalize")
        autoDismiss = try input.takeOptional("auto-dismiss")
    }

    public func write(to output: inout JSONObject) {
        output["job-id"] = jobId?.json
        output["device"] = device.json
        output["target"] = target.json
        output["format"] = format?.json
        output["node-name"] = nodeName?.json
        output["replaces"] = replaces?.json
        output["sync"] = sync.json
        output["mode"] = mode?.json
        output["speed"] = speed?.json
        output["granularity"] = granularity?.json
        output["buf-size"] = bufSize?.json
        output["on-source-error"] = onSourceError?.json
        output["on-target-error"] = onTargetError?.json
        output["unmap"] = unmap?.json
        output["copy-mode"] = copyMode?.json
        output["auto-finalize"] = autoFinalize?.json
        output["auto-dismiss"] = autoDismiss?.json
    }
}

/// Makes an image that is kept the same as a disk.
public enum DriveMirrorCommand: QAPICommand {
    public static let name = "drive-mirror"
    public typealias Return = QAPIEmpty
    public typealias Arguments = DriveMirror
}

/// Keeps a node the same as a disk.
public enum BlockdevMirrorCommand: QAPICommand {
    public static let name = "blockdev-mirror"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var jobId: String?
        public var device: String
        /// a node
        public var target: String
        public var replaces: String?
        public var sync: MirrorSyncMode
        public var speed: Int64?
        public var granularity: UInt32?
        public var bufSize: Int64?
        public var onSourceError: BlockdevOnError?
        public var onTargetError: BlockdevOnError?
        public var filterNodeName: String?
        public var copyMode: MirrorCopyMode?
        public var autoFinalize: Bool?
        public var autoDismiss: Bool?

        public init(
            jobId: String? = nil,
            device: String,
            target: String,
            replaces: String? = nil,
            sync: MirrorSyncMode,
            speed: Int64? = nil,
            granularity: UInt32? = nil,
            bufSize: Int64? = nil,
            onSourceError: BlockdevOnError? = nil,
            onTargetError: BlockdevOnError? = nil,
            filterNodeName: String? = nil,
            copyMode: MirrorCopyMode? = nil,
            autoFinalize: Bool? = nil,
            autoDismiss: Bool? = nil
        ) {
            self.jobId = jobId
            self.device = device
            self.target = target
            self.replaces = replaces
            self.sync = sync
            self.speed = speed
            self.granularity = granularity
            self.bufSize = bufSize
            self.onSourceError = onSourceError
            self.onTargetError = onTargetError
            self.filterNodeName = filterNodeName
            self.copyMode = copyMode
            self.autoFinalize = autoFinalize
            self.autoDismiss = autoDismiss
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            jobId = try input.takeOptional("job-id")
            device = try input.take("device")
            target = try input.take("target")
            replaces = try input.takeOptional("replaces")
            sync = try input.take("sync")
            speed = try input.takeOptional("speed")
            granularity = try input.takeOptional("granularity")
            bufSize = try input.takeOptional("buf-size")
            onSourceError = try input.takeOptional("on-source-error")
            onTargetError = try input.takeOptional("on-target-error")
            filterNodeName = try input.takeOptional("filter-node-name")
            copyMode = try input.takeOptional("copy-mode")
            autoFinalize = try input.takeOptional("auto-finalize")
            autoDismiss = try input.takeOptional("auto-dismiss")
        }

        public func write(to output: inout JSONObject) {
            output["job-id"] = jobId?.json
            output["device"] = device.json
            output["target"] = target.json
            output["replaces"] = replaces?.json
            output["sync"] = sync.json
            output["speed"] = speed?.json
            output["granularity"] = granularity?.json
            output["buf-size"] = bufSize?.json
            output["on-source-error"] = onSourceError?.json
            output["on-target-error"] = onTargetError?.json
            output["filter-node-name"] = filterNodeName?.json
            output["copy-mode"] = copyMode?.json
            output["auto-finalize"] = autoFinalize?.json
            output["auto-dismiss"] = autoDismiss?.json
        }
    }
}

/// How a backup is made.
public struct BackupPerf: QAPIObject {
    public var useCopyRange: Bool?
    public var maxWorkers: Int64?
    public var maxChunk: Int64?

    public init(
        useCopyRange: Bool? = nil,
        maxWorkers: Int64? = nil,
        maxChunk: Int64? = nil
    ) {
        self.useCopyRange = useCopyRange
        self.maxWorkers = maxWorkers
        self.maxChunk = maxChunk
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        useCopyRange = try input.takeOptional("use-copy-range")
        maxWorkers = try input.takeOptional("max-workers")
        maxChunk = try input.takeOptional("max-chunk")
    }

    public func write(to output: inout JSONObject) {
        output["use-copy-range"] = useCopyRange?.json
        output["max-workers"] = maxWorkers?.json
        output["max-chunk"] = maxChunk?.json
    }
}

/// A copy of what a disk is when the job begins, in an image that is made for it.
public struct DriveBackup: QAPIObject {
    public var jobId: String?
    public var device: String
    public var sync: MirrorSyncMode
    public var speed: Int64?
    public var bitmap: String?
    public var bitmapMode: BitmapSyncMode?
    public var compress: Bool?
    public var onSourceError: BlockdevOnError?
    public var onTargetError: BlockdevOnError?
    public var autoFinalize: Bool?
    public var autoDismiss: Bool?
    public var filterNodeName: String?
    public var xPerf: BackupPerf?
    /// a file
    public var target: String
    public var format: String?
    public var mode: NewImageMode?

    public init(
        jobId: String? = nil,
        device: String,
        sync: MirrorSyncMode,
        speed: Int64? = nil,
        bitmap: String? = nil,
        bitmapMode: BitmapSyncMode? = nil,
        compress: Bool? = nil,
        onSourceError: BlockdevOnError? = nil,
        onTargetError: BlockdevOnError? = nil,
        autoFinalize: Bool? = nil,
        autoDismiss: Bool? = nil,
        filterNodeName: String? = nil,
        xPerf: BackupPerf? = nil,
        target: String,
        format: String? = nil,
        mode: NewImageMode? = nil
    ) {
        self.jobId = jobId
        self.device = device
        self.sync = sync
        self.speed = speed
        self.bitmap = bitmap
        self.bitmapMode = bitmapMode
        self.compress = compress
        self.onSourceError = onSourceError
        self.onTargetError = onTargetError
        self.autoFinalize = autoFinalize
        self.autoDismiss = autoDismiss
        self.filterNodeName = filterNodeName
        self.xPerf = xPerf
        self.target = target
        self.format = format
        self.mode = mode
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        jobId = try input.takeOptional("job-id")
        device = try input.take("device")
        sync = try input.take("sync")
        speed = try input.takeOptional("speed")
        bitmap = try input.takeOptional("bitmap")
        bitmapMode = try input.takeOptional("bitmap-mode")
        compress = try input.takeOptional("compress")
        onSourceError = try input.takeOptional("on-source-error")
        onTargetError = try input.takeOptional("on-target-error")
        autoFinalize = try input.takeOptional("auto-finalize")
        autoDismiss = try input.takeOptional("auto-dismiss")
        filterNodeName = try input.takeOptional("filter-node-name")
        xPerf = try input.takeOptional("x-perf")
        target = try input.take("target")
        format = try input.takeOptional("format")
        mode = try input.takeOptional("mode")
    }

    public func write(to output: inout JSONObject) {
        output["job-id"] = jobId?.json
        output["device"] = device.json
        output["sync"] = sync.json
        output["speed"] = speed?.json
        output["bitmap"] = bitmap?.json
        output["bitmap-mode"] = bitmapMode?.json
        output["compress"] = compress?.json
        output["on-source-error"] = onSourceError?.json
        output["on-target-error"] = onTargetError?.json
        output["auto-finalize"] = autoFinalize?.json
        output["auto-dismiss"] = autoDismiss?.json
        output["filter-node-name"] = filterNodeName?.json
        output["x-perf"] = xPerf?.json
        output["target"] = target.json
        output["format"] = format?.json
        output["mode"] = mode?.json
    }
}

/// The same in a node.
public struct BlockdevBackup: QAPIObject {
    public var jobId: String?
    public var device: String
    public var sync: MirrorSyncMode
    public var speed: Int64?
    public var bitmap: String?
    public var bitmapMode: BitmapSyncMode?
    public var compress: Bool?
    public var onSourceError: BlockdevOnError?
    public var onTargetError: BlockdevOnError?
    public var autoFinalize: Bool?
    public var autoDismiss: Bool?
    public var filterNodeName: String?
    public var xPerf: BackupPerf?
    /// a node
    public var target: String

    public init(
        jobId: String? = nil,
        device: String,
        sync: MirrorSyncMode,
        speed: Int64? = nil,
        bitmap: String? = nil,
        bitmapMode: BitmapSyncMode? = nil,
        compress: Bool? = nil,
        onSourceError: BlockdevOnError? = nil,
        onTargetError: BlockdevOnError? = nil,
        autoFinalize: Bool? = nil,
        autoDismiss: Bool? = nil,
        filterNodeName: String? = nil,
        xPerf: BackupPerf? = nil,
        target: String
    ) {
        self.jobId = jobId
        self.device = device
        self.sync = sync
        self.speed = speed
        self.bitmap = bitmap
        self.bitmapMode = bitmapMode
        self.compress = compress
        self.onSourceError = onSourceError
        self.onTargetError = onTargetError
        self.autoFinalize = autoFinalize
        self.autoDismiss = autoDismiss
        self.filterNodeName = filterNodeName
        self.xPerf = xPerf
        self.target = target
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        jobId = try input.takeOptional("job-id")
        device = try input.take("device")
        sync = try input.take("sync")
        speed = try input.takeOptional("speed")
        bitmap = try input.takeOptional("bitmap")
        bitmapMode = try input.takeOptional("bitmap-mode")
        compress = try input.takeOptional("compress")
        onSourceError = try input.takeOptional("on-source-error")
        onTargetError = try input.takeOptional("on-target-error")
        autoFinalize = try input.takeOptional("auto-finalize")
        autoDismiss = try input.takeOptional("auto-dismiss")
        filterNodeName = try input.takeOptional("filter-node-name")
        xPerf = try input.takeOptional("x-perf")
        target = try input.take("target")
    }

    public func write(to output: inout JSONObject) {
        output["job-id"] = jobId?.json
        output["device"] = device.json
        output["sync"] = sync.json
        output["speed"] = speed?.json
        output["bitmap"] = bitmap?.json
        output["bitmap-mode"] = bitmapMode?.json
        output["compress"] = compress?.json
        output["on-source-error"] = onSourceError?.json
        output["on-target-error"] = onTargetError?.json
        output["auto-finalize"] = autoFinalize?.json
        output["auto-dismiss"] = autoDismiss?.json
        output["filter-node-name"] = filterNodeName?.json
        output["x-perf"] = xPerf?.json
        output["target"] = target.json
    }
}

/// Makes an image that holds what a disk is now.
public enum DriveBackupCommand: QAPICommand {
    public static let name = "drive-backup"
    public typealias Return = QAPIEmpty
    public typealias Arguments = DriveBackup
}

/// Makes a node what a disk is now.
public enum BlockdevBackupCommand: QAPICommand {
    public static let name = "blockdev-backup"
    public typealias Return = QAPIEmpty
    public typealias Arguments = BlockdevBackup
}

/// Limits a job.
public enum BlockJobSetSpeedCommand: QAPICommand {
    public static let name = "block-job-set-speed"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        /// the job's id
        public var device: String
        /// bytes a second, 0 for no limit
        public var speed: Int64

        public init(
            device: String,
            speed: Int64
        ) {
            self.device = device
            self.speed = speed
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            device = try input.take("device")
            speed = try input.take("speed")
        }

        public func write(to output: inout JSONObject) {
            output["device"] = device.json
            output["speed"] = speed.json
        }
    }
}

/// Gives a job up; one that is ready keeps its copy unless it is forced.
public enum BlockJobCancelCommand: QAPICommand {
    public static let name = "block-job-cancel"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var device: String
        public var force: Bool?

        public init(
            device: String,
            force: Bool? = nil
        ) {
            self.device = device
            self.force = force
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            device = try input.take("device")
            force = try input.takeOptional("force")
        }

        public func write(to output: inout JSONObject) {
            output["device"] = device.json
            output["force"] = force?.json
        }
    }
}

/// Lets a job stand still.
public enum BlockJobPauseCommand: QAPICommand {
    public static let name = "block-job-pause"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var device: String

        public init(
            device: String
        ) {
            self.device = device
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            device = try input.take("device")
        }

        public func write(to output: inout JSONObject) {
            output["device"] = device.json
        }
    }
}

/// Lets a job go on.
public enum BlockJobResumeCommand: QAPICommand {
    public static let name = "block-job-resume"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var device: String

        public init(
            device: String
        ) {
            self.device = device
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            device = try input.take("device")
        }

        public func write(to output: inout JSONObject) {
            output["device"] = device.json
        }
    }
}

/// Ends a job that is ready.
public enum BlockJobCompleteCommand: QAPICommand {
    public static let name = "block-job-complete"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var device: String

        public init(
            device: String
        ) {
            self.device = device
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            device = try input.take("device")
        }

        public func write(to output: inout JSONObject) {
            output["device"] = device.json
        }
    }
}

/// Lets a job that is pending end.
public enum BlockJobFinalizeCommand: QAPICommand {
    public static let name = "block-job-finalize"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
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

/// Forgets a job that has been done.
public enum BlockJobDismissCommand: QAPICommand {
    public static let name = "block-job-dismiss"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
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

/// A job has ended.
public struct BlockJobCompletedEvent: QAPIEvent {
    public static let name = "BLOCK_JOB_COMPLETED"
    public var type: JobType
    /// the job's id
    public var device: String
    public var len: Int64
    public var offset: Int64
    public var speed: Int64
    public var error: String?

    public init(
        type: JobType,
        device: String,
        len: Int64,
        offset: Int64,
        speed: Int64,
        error: String? = nil
    ) {
        self.type = type
        self.device = device
        self.len = len
        self.offset = offset
        self.speed = speed
        self.error = error
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        type = try input.take("type")
        device = try input.take("device")
        len = try input.take("len")
        offset = try input.take("offset")
        speed = try input.take("speed")
        error = try input.takeOptional("error")
    }

    public func write(to output: inout JSONObject) {
        output["type"] = type.json
        output["device"] = device.json
        output["len"] = len.json
        output["offset"] = offset.json
        output["speed"] = speed.json
        output["error"] = error?.json
    }
}

/// A job has been given up.
public struct BlockJobCancelledEvent: QAPIEvent {
    public static let name = "BLOCK_JOB_CANCELLED"
    public var type: JobType
    public var device: String
    public var len: Int64
    public var offset: Int64
    public var speed: Int64

    public init(
        type: JobType,
        device: String,
        len: Int64,
        offset: Int64,
        speed: Int64
    ) {
        self.type = type
        self.device = device
        self.len = len
        self.offset = offset
        self.speed = speed
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        type = try input.take("type")
        device = try input.take("device")
        len = try input.take("len")
        offset = try input.take("offset")
        speed = try input.take("speed")
    }

    public func write(to output: inout JSONObject) {
        output["type"] = type.json
        output["device"] = device.json
        output["len"] = len.json
        output["offset"] = offset.json
        output["speed"] = speed.json
    }
}

/// The host has failed a request of a job.
public struct BlockJobErrorEvent: QAPIEvent {
    public static let name = "BLOCK_JOB_ERROR"
    public var device: String
    public var operation: IoOperationType
    public var action: BlockErrorAction

    public init(
        device: String,
        operation: IoOperationType,
        action: BlockErrorAction
    ) {
        self.device = device
        self.operation = operation
        self.action = action
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        device = try input.take("device")
        operation = try input.take("operation")
        action = try input.take("action")
    }

    public func write(to output: inout JSONObject) {
        output["device"] = device.json
        output["operation"] = operation.json
        output["action"] = action.json
    }
}

/// A job waits to be completed.
public struct BlockJobReadyEvent: QAPIEvent {
    public static let name = "BLOCK_JOB_READY"
    public var type: JobType
    public var device: String
    public var len: Int64
    public var offset: Int64
    public var speed: Int64

    public init(
        type: JobType,
        device: String,
        len: Int64,
        offset: Int64,
        speed: Int64
    ) {
        self.type = type
        self.device = device
        self.len = len
        self.offset = offset
        self.speed = speed
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        type = try input.take("type")
        device = try input.take("device")
        len = try input.take("len")
        offset = try input.take("offset")
        speed = try input.take("speed")
    }

    public func write(to output: inout JSONObject) {
        output["type"] = type.json
        output["device"] = device.json
        output["len"] = len.json
        output["offset"] = offset.json
        output["speed"] = speed.json
    }
}

/// A job waits to be finalized.
public struct BlockJobPendingEvent: QAPIEvent {
    public static let name = "BLOCK_JOB_PENDING"
    public var type: JobType
    public var id: String

    public init(
        type: JobType,
        id: String
    ) {
        self.type = type
        self.id = id
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        type = try input.take("type")
        id = try input.take("id")
    }

    public func write(to output: inout JSONObject) {
        output["type"] = type.json
        output["id"] = id.json
    }
}

/// A disk and the new image that it is to stand on.
public struct BlockdevSnapshotSync: QAPIObject {
    public var device: String?
    public var nodeName: String?
    public var snapshotFile: String
    public var snapshotNodeName: String?
    public var format: String?
    public var mode: NewImageMode?

    public init(
        device: String? = nil,
        nodeName: String? = nil,
        snapshotFile: String,
        snapshotNodeName: String? = nil,
        format: String? = nil,
        mode: NewImageMode? = nil
    ) {
        self.device = device
        self.nodeName = nodeName
        self.snapshotFile = snapshotFile
        self.snapshotNodeName = snapshotNodeName
        self.format = format
        self.mode = mode
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        device = try input.takeOptional("device")
        nodeName = try input.takeOptional("node-name")
        snapshotFile = try input.take("snapshot-file")
        snapshotNodeName = try input.takeOptional("snapshot-node-name")
        format = try input.takeOptional("format")
        mode = try input.takeOptional("mode")
    }

    public func write(to output: inout JSONObject) {
        output["device"] = device?.json
        output["node-name"] = nodeName?.json
        output["snapshot-file"] = snapshotFile.json
        output["snapshot-node-name"] = snapshotNodeName?.json
        output["format"] = format?.json
        output["mode"] = mode?.json
    }
}

/// Keeps a disk as it is, and goes on in a new image on top of it.
public enum BlockdevSnapshotSyncCommand: QAPICommand {
    public static let name = "blockdev-snapshot-sync"
    public typealias Return = QAPIEmpty
    public typealias Arguments = BlockdevSnapshotSync
}

/// A node, and one that is put on top of it.
public struct BlockdevSnapshot: QAPIObject {
    public var node: String
    public var overlay: String

    public init(
        node: String,
        overlay: String
    ) {
        self.node = node
        self.overlay = overlay
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        node = try input.take("node")
        overlay = try input.take("overlay")
    }

    public func write(to output: inout JSONObject) {
        output["node"] = node.json
        output["overlay"] = overlay.json
    }
}

/// Keeps a disk as it is, and goes on in another node on top of it.
public enum BlockdevSnapshotCommand: QAPICommand {
    public static let name = "blockdev-snapshot"
    public typealias Return = QAPIEmpty
    public typealias Arguments = BlockdevSnapshot
}

/// A state of a disk that is kept in its image.
public struct BlockdevSnapshotInternal: QAPIObject {
    public var device: String
    public var name: String

    public init(
        device: String,
        name: String
    ) {
        self.device = device
        self.name = name
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        device = try input.take("device")
        name = try input.take("name")
    }

    public func write(to output: inout JSONObject) {
        output["device"] = device.json
        output["name"] = name.json
    }
}

/// Keeps a disk as it is, within its image.
public enum BlockdevSnapshotInternalSyncCommand: QAPICommand {
    public static let name = "blockdev-snapshot-internal-sync"
    public typealias Return = QAPIEmpty
    public typealias Arguments = BlockdevSnapshotInternal
}

/// Forgets a state of a disk.
public enum BlockdevSnapshotDeleteInternalSyncCommand: QAPICommand {
    public static let name = "blockdev-snapshot-delete-internal-sync"
    public typealias Return = SnapshotInfo

    public struct Arguments: QAPIObject {
        public var device: String
        public var id: String?
        public var name: String?

        public init(
            device: String,
            id: String? = nil,
            name: String? = nil
        ) {
            self.device = device
            self.id = id
            self.name = name
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            device = try input.take("device")
            id = try input.takeOptional("id")
            name = try input.takeOptional("name")
        }

        public func write(to output: inout JSONObject) {
            output["device"] = device.json
            output["id"] = id?.json
            output["name"] = name?.json
        }
    }
}

/// A bitmap of a node.
public struct BlockDirtyBitmap: QAPIObject {
    public var node: String
    public var name: String

    public init(
        node: String,
        name: String
    ) {
        self.node = node
        self.name = name
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        node = try input.take("node")
        name = try input.take("name")
    }

    public func write(to output: inout JSONObject) {
        output["node"] = node.json
        output["name"] = name.json
    }
}

/// A bitmap that is to be made.
public struct BlockDirtyBitmapAdd: QAPIObject {
    public var node: String
    public var name: String
    /// bytes, a power of two
    public var granularity: UInt32?
    /// the image keeps it
    public var persistent: Bool?
    /// it does not record yet
    public var disabled: Bool?

    public init(
        node: String,
        name: String,
        granularity: UInt32? = nil,
        persistent: Bool? = nil,
        disabled: Bool? = nil
    ) {
        self.node = node
        self.name = name
        self.granularity = granularity
        self.persistent = persistent
        self.disabled = disabled
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        node = try input.take("node")
        name = try input.take("name")
        granularity = try input.takeOptional("granularity")
        persistent = try input.takeOptional("persistent")
        disabled = try input.takeOptional("disabled")
    }

    public func write(to output: inout JSONObject) {
        output["node"] = node.json
        output["name"] = name.json
        output["granularity"] = granularity?.json
        output["persistent"] = persistent?.json
        output["disabled"] = disabled?.json
    }
}

/// A bitmap of the same node by its name, or of any.
public indirect enum BlockDirtyBitmapMergeSource: QAPIValue {
    case str(String)
    case blockDirtyBitmap(BlockDirtyBitmap)

    public init(json: JSONValue, name: String) throws(QAPIError) {
        if let value = try? String(json: json, name: name) { self = .str(value); return }
        if let value = try? BlockDirtyBitmap(json: json, name: name) { self = .blockDirtyBitmap(value); return }
        throw QAPIError.badType(name, expected: "str or BlockDirtyBitmap")
    }

    public var json: JSONValue {
        switch self {
        case .str(let value): value.json
        case .blockDirtyBitmap(let value): value.json
        }
    }
}

/// Bitmaps that are put into another one.
public struct BlockDirtyBitmapMerge: QAPIObject {
    public var node: String
    public var target: String
    public var bitmaps: [BlockDirtyBitmapMergeSource]

    public init(
        node: String,
        target: String,
        bitmaps: [BlockDirtyBitmapMergeSource]
    ) {
        self.node = node
        self.target = target
        self.bitmaps = bitmaps
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        node = try input.take("node")
        target = try input.take("target")
        bitmaps = try input.take("bitmaps")
    }

    public func write(to output: inout JSONObject) {
        output["node"] = node.json
        output["target"] = target.json
        output["bitmaps"] = bitmaps.json
    }
}

/// The action's arguments.
public struct BlockDirtyBitmapWrapper: QAPIObject {
    public var data: BlockDirtyBitmap

    public init(
        data: BlockDirtyBitmap
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

/// The action's arguments.
public struct BlockDirtyBitmapAddWrapper: QAPIObject {
    public var data: BlockDirtyBitmapAdd

    public init(
        data: BlockDirtyBitmapAdd
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

/// The action's arguments.
public struct BlockDirtyBitmapMergeWrapper: QAPIObject {
    public var data: BlockDirtyBitmapMerge

    public init(
        data: BlockDirtyBitmapMerge
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

/// Remembers from now on where a node is written to.
public enum BlockDirtyBitmapAddCommand: QAPICommand {
    public static let name = "block-dirty-bitmap-add"
    public typealias Return = QAPIEmpty
    public typealias Arguments = BlockDirtyBitmapAdd
}

/// Forgets a bitmap.
public enum BlockDirtyBitmapRemoveCommand: QAPICommand {
    public static let name = "block-dirty-bitmap-remove"
    public typealias Return = QAPIEmpty
    public typealias Arguments = BlockDirtyBitmap
}

/// Empties a bitmap.
public enum BlockDirtyBitmapClearCommand: QAPICommand {
    public static let name = "block-dirty-bitmap-clear"
    public typealias Return = QAPIEmpty
    public typealias Arguments = BlockDirtyBitmap
}

/// Lets a bitmap record.
public enum BlockDirtyBitmapEnableCommand: QAPICommand {
    public static let name = "block-dirty-bitmap-enable"
    public typealias Return = QAPIEmpty
    public typealias Arguments = BlockDirtyBitmap
}

/// Lets a bitmap record no more.
public enum BlockDirtyBitmapDisableCommand: QAPICommand {
    public static let name = "block-dirty-bitmap-disable"
    public typealias Return = QAPIEmpty
    public typealias Arguments = BlockDirtyBitmap
}

/// Puts what bitmaps hold into another one.
public enum BlockDirtyBitmapMergeCommand: QAPICommand {
    public static let name = "block-dirty-bitmap-merge"
    public typealias Return = QAPIEmpty
    public typealias Arguments = BlockDirtyBitmapMerge
}

/// Whether actions with jobs end together.
public enum ActionCompletionMode: String, QAPIEnumeration {
    case individual
    case grouped
}

/// Kinds of actions.
public enum TransactionActionKind: String, QAPIEnumeration {
    case abort
    case blockDirtyBitmapAdd = "block-dirty-bitmap-add"
    case blockDirtyBitmapClear = "block-dirty-bitmap-clear"
    case blockDirtyBitmapDisable = "block-dirty-bitmap-disable"
    case blockDirtyBitmapEnable = "block-dirty-bitmap-enable"
    case blockDirtyBitmapMerge = "block-dirty-bitmap-merge"
    case blockDirtyBitmapRemove = "block-dirty-bitmap-remove"
    case blockdevBackup = "blockdev-backup"
    case blockdevSnapshot = "blockdev-snapshot"
    case blockdevSnapshotInternalSync = "blockdev-snapshot-internal-sync"
    case blockdevSnapshotSync = "blockdev-snapshot-sync"
    case driveBackup = "drive-backup"
}

/// Nothing.
public struct Abort: QAPIObject {
    public init() {}

    public init(reading input: inout QAPIInput) throws(QAPIError) {
    }

    public func write(to output: inout JSONObject) {
    }
}

/// The action's arguments.
public struct AbortWrapper: QAPIObject {
    public var data: Abort

    public init(
        data: Abort
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

/// The action's arguments.
public struct BlockdevBackupWrapper: QAPIObject {
    public var data: BlockdevBackup

    public init(
        data: BlockdevBackup
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

/// The action's arguments.
public struct BlockdevSnapshotWrapper: QAPIObject {
    public var data: BlockdevSnapshot

    public init(
        data: BlockdevSnapshot
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

/// The action's arguments.
public struct BlockdevSnapshotInternalWrapper: QAPIObject {
    public var data: BlockdevSnapshotInternal

    public init(
        data: BlockdevSnapshotInternal
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

/// The action's arguments.
public struct BlockdevSnapshotSyncWrapper: QAPIObject {
    public var data: BlockdevSnapshotSync

    public init(
        data: BlockdevSnapshotSync
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

/// The action's arguments.
public struct DriveBackupWrapper: QAPIObject {
    public var data: DriveBackup

    public init(
        data: DriveBackup
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

/// Something that is done together with others.
public struct TransactionAction: QAPIObject {
    public enum Branch: Sendable {
        case abort(AbortWrapper)
        case blockDirtyBitmapAdd(BlockDirtyBitmapAddWrapper)
        case blockDirtyBitmapClear(BlockDirtyBitmapWrapper)
        case blockDirtyBitmapDisable(BlockDirtyBitmapWrapper)
        case blockDirtyBitmapEnable(BlockDirtyBitmapWrapper)
        case blockDirtyBitmapMerge(BlockDirtyBitmapMergeWrapper)
        case blockDirtyBitmapRemove(BlockDirtyBitmapWrapper)
        case blockdevBackup(BlockdevBackupWrapper)
        case blockdevSnapshot(BlockdevSnapshotWrapper)
        case blockdevSnapshotInternalSync(BlockdevSnapshotInternalWrapper)
        case blockdevSnapshotSync(BlockdevSnapshotSyncWrapper)
        case driveBackup(DriveBackupWrapper)
    }

    public var branch: Branch

    public init(
        branch: Branch
    ) {
        self.branch = branch
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        let kind: TransactionActionKind = try input.take("type")
        switch kind {
        case .abort: branch = .abort(try AbortWrapper(reading: &input))
        case .blockDirtyBitmapAdd: branch = .blockDirtyBitmapAdd(try BlockDirtyBitmapAddWrapper(reading: &input))
        case .blockDirtyBitmapClear: branch = .blockDirtyBitmapClear(try BlockDirtyBitmapWrapper(reading: &input))
        case .blockDirtyBitmapDisable: branch = .blockDirtyBitmapDisable(try BlockDirtyBitmapWrapper(reading: &input))
        case .blockDirtyBitmapEnable: branch = .blockDirtyBitmapEnable(try BlockDirtyBitmapWrapper(reading: &input))
        case .blockDirtyBitmapMerge: branch = .blockDirtyBitmapMerge(try BlockDirtyBitmapMergeWrapper(reading: &input))
        case .blockDirtyBitmapRemove: branch = .blockDirtyBitmapRemove(try BlockDirtyBitmapWrapper(reading: &input))
        case .blockdevBackup: branch = .blockdevBackup(try BlockdevBackupWrapper(reading: &input))
        case .blockdevSnapshot: branch = .blockdevSnapshot(try BlockdevSnapshotWrapper(reading: &input))
        case .blockdevSnapshotInternalSync: branch = .blockdevSnapshotInternalSync(try BlockdevSnapshotInternalWrapper(reading: &input))
        case .blockdevSnapshotSync: branch = .blockdevSnapshotSync(try BlockdevSnapshotSyncWrapper(reading: &input))
        case .driveBackup: branch = .driveBackup(try DriveBackupWrapper(reading: &input))
        }
    }

    public func write(to output: inout JSONObject) {
        switch branch {
        case .abort(let value):
            output["type"] = "abort"
            value.write(to: &output)
        case .blockDirtyBitmapAdd(let value):
            output["type"] = "block-dirty-bitmap-add"
            value.write(to: &output)
        case .blockDirtyBitmapClear(let value):
            output["type"] = "block-dirty-bitmap-clear"
            value.write(to: &output)
        case .blockDirtyBitmapDisable(let value):
            output["type"] = "block-dirty-bitmap-disable"
            value.write(to: &output)
        case .blockDirtyBitmapEnable(let value):
            output["type"] = "block-dirty-bitmap-enable"
            value.write(to: &output)
        case .blockDirtyBitmapMerge(let value):
            output["type"] = "block-dirty-bitmap-merge"
            value.write(to: &output)
        case .blockDirtyBitmapRemove(let value):
            output["type"] = "block-dirty-bitmap-remove"
            value.write(to: &output)
        case .blockdevBackup(let value):
            output["type"] = "blockdev-backup"
            value.write(to: &output)
        case .blockdevSnapshot(let value):
            output["type"] = "blockdev-snapshot"
            value.write(to: &output)
        case .blockdevSnapshotInternalSync(let value):
            output["type"] = "blockdev-snapshot-internal-sync"
            value.write(to: &output)
        case .blockdevSnapshotSync(let value):
            output["type"] = "blockdev-snapshot-sync"
            value.write(to: &output)
        case .driveBackup(let value):
            output["type"] = "drive-backup"
            value.write(to: &output)
        }
    }
}

/// How actions are done.
public struct TransactionProperties: QAPIObject {
    public var completionMode: ActionCompletionMode?

    public init(
        completionMode: ActionCompletionMode? = nil
    ) {
        self.completionMode = completionMode
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        completionMode = try input.takeOptional("completion-mode")
    }

    public func write(to output: inout JSONObject) {
        output["completion-mode"] = completionMode?.json
    }
}

/// Does all actions or none.
public enum TransactionCommand: QAPICommand {
    public static let name = "transaction"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var actions: [TransactionAction]
        public var properties: TransactionProperties?

        public init(
            actions: [TransactionAction],
            properties: TransactionProperties? = nil
        ) {
            self.actions = actions
            self.properties = properties
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            actions = try input.take("actions")
            properties = try input.takeOptional("properties")
        }

        public func write(to output: inout JSONObject) {
            output["actions"] = actions.json
            output["properties"] = properties?.json
        }
    }
}

/// How space is set aside.
public enum PreallocMode: String, QAPIEnumeration {
    case off
    case metadata
    case falloc
    case full
}

/// A new file.
public struct BlockdevCreateOptionsFile: QAPIObject {
    public var filename: String
    public var size: UInt64
    public var preallocation: PreallocMode?
    public var nocow: Bool?
    public var extentSizeHint: UInt64?

    public init(
        filename: String,
        size: UInt64,
        preallocation: PreallocMode? = nil,
        nocow: Bool? = nil,
        extentSizeHint: UInt64? = nil
    ) {
        self.filename = filename
        self.size = size
        self.preallocation = preallocation
        self.nocow = nocow
        self.extentSizeHint = extentSizeHint
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        filename = try input.take("filename")
        size = try input.take("size")
        preallocation = try input.takeOptional("preallocation")
        nocow = try input.takeOptional("nocow")
        extentSizeHint = try input.takeOptional("extent-size-hint")
    }

    public func write(to output: inout JSONObject) {
        output["filename"] = filename.json
        output["size"] = size.json
        output["preallocation"] = preallocation?.json
        output["nocow"] = nocow?.json
        output["extent-size-hint"] = extentSizeHint?.json
    }
}

/// Versions of qcow2.
public enum BlockdevQcow2Version: String, QAPIEnumeration {
    case v2
    case v3
}

/// How clusters are compressed.
public enum Qcow2CompressionType: String, QAPIEnumeration {
    case zlib
    case zstd
}

/// A new qcow2 image in a file that is there.
public struct BlockdevCreateOptionsQcow2: QAPIObject {
    public var file: BlockdevRef
    public var extendedL2: Bool?
    public var size: UInt64
    public var version: BlockdevQcow2Version?
    public var backingFile: String?
    public var backingFmt: BlockdevDriver?
    public var clusterSize: UInt64?
    public var preallocation: PreallocMode?
    public var lazyRefcounts: Bool?
    public var refcountBits: Int64?
    public var compressionType: Qcow2CompressionType?

    public init(
        file: BlockdevRef,
        extendedL2: Bool? = nil,
        size: UInt64,
        version: BlockdevQcow2Version? = nil,
        backingFile: String? = nil,
        backingFmt: BlockdevDriver? = nil,
        clusterSize: UInt64? = nil,
        preallocation: PreallocMode? = nil,
        lazyRefcounts: Bool? = nil,
        refcountBits: Int64? = nil,
        compressionType: Qcow2CompressionType? = nil
    ) {
        self.file = file
        self.extendedL2 = extendedL2
        self.size = size
        self.version = version
        self.backingFile = backingFile
        self.backingFmt = backingFmt
        self.clusterSize = clusterSize
        self.preallocation = preallocation
        self.lazyRefcounts = lazyRefcounts
        self.refcountBits = refcountBits
        self.compressionType = compressionType
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        file = try input.take("file")
        extendedL2 = try input.takeOptional("extended-l2")
        size = try input.take("size")
        version = try input.takeOptional("version")
        backingFile = try input.takeOptional("backing-file")
        backingFmt = try input.takeOptional("backing-fmt")
        clusterSize = try input.takeOptional("cluster-size")
        preallocation = try input.takeOptional("preallocation")
        lazyRefcounts = try input.takeOptional("lazy-refcounts")
        refcountBits = try input.takeOptional("refcount-bits")
        compressionType = try input.takeOptional("compression-type")
    }

    public func write(to output: inout JSONObject) {
        output["file"] = file.json
        output["extended-l2"] = extendedL2?.json
        output["size"] = size.json
        output["version"] = version?.json
        output["backing-file"] = backingFile?.json
        output["backing-fmt"] = backingFmt?.json
        output["cluster-size"] = clusterSize?.json
        output["preallocation"] = preallocation?.json
        output["lazy-refcounts"] = lazyRefcounts?.json
        output["refcount-bits"] = refcountBits?.json
        output["compression-type"] = compressionType?.json
    }
}

/// A new image.
public struct BlockdevCreateOptions: QAPIObject {
    public enum Branch: Sendable {
        case file(BlockdevCreateOptionsFile)
        case hostDevice
        case raw
        case qcow2(BlockdevCreateOptionsQcow2)
    }

    public var branch: Branch

    public init(
        branch: Branch
    ) {
        self.branch = branch
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        let kind: BlockdevDriver = try input.take("driver")
        switch kind {
        case .file: branch = .file(try BlockdevCreateOptionsFile(reading: &input))
        case .hostDevice: branch = .hostDevice
        case .raw: branch = .raw
        case .qcow2: branch = .qcow2(try BlockdevCreateOptionsQcow2(reading: &input))
        }
    }

    public func write(to output: inout JSONObject) {
        switch branch {
        case .file(let value):
            output["driver"] = "file"
            value.write(to: &output)
        case .hostDevice:
            output["driver"] = "host_device"
        case .raw:
            output["driver"] = "raw"
        case .qcow2(let value):
            output["driver"] = "qcow2"
            value.write(to: &output)
        }
    }
}

/// Makes an image. A job, which is done at once.
public enum BlockdevCreateCommand: QAPICommand {
    public static let name = "blockdev-create"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var jobId: String
        public var options: BlockdevCreateOptions

        public init(
            jobId: String,
            options: BlockdevCreateOptions
        ) {
            self.jobId = jobId
            self.options = options
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            jobId = try input.take("job-id")
            options = try input.take("options")
        }

        public func write(to output: inout JSONObject) {
            output["job-id"] = jobId.json
            output["options"] = options.json
        }
    }
}
