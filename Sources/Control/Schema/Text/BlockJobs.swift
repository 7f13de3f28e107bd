extension SchemaText {
    /// Jobs, and what changes a disk's images while its guest goes on.
    static let blockJobsText = """
        # Kinds of jobs.
        enum JobType: commit stream mirror backup create amend snapshot-load snapshot-save snapshot-delete

        # What a job does.
        enum JobStatus: undefined created running paused ready standby waiting pending aborting concluded null

        # A job.
        struct JobInfo
            id: str
            type: JobType
            status: JobStatus
            current-progress: int
            total-progress: int
            error?: str

        # Lists the jobs.
        command query-jobs early -> [JobInfo]

        # What a job does has changed.
        event JOB_STATUS_CHANGE
            id: str
            status: JobStatus

        # Forgets a job that has been done.
        command job-dismiss
            id: str

        # Gives a job up.
        command job-cancel
            id: str

        # Lets a job stand still.
        command job-pause
            id: str

        # Lets a job go on.
        command job-resume
            id: str

        # Ends a job that is ready.
        command job-complete
            id: str

        # Lets a job that is pending end.
        command job-finalize
            id: str

        # Keeps the machine and its disks as they are. A job, which is done at once.
        command snapshot-save
            job-id: str
            tag: str
            vmstate: str                # the node that keeps the machine's state
            devices: [str]              # the nodes that keep the disks

        # Makes the machine and its disks what they were.
        command snapshot-load
            job-id: str
            tag: str
            vmstate: str
            devices: [str]

        # Forgets a snapshot.
        command snapshot-delete
            job-id: str
            tag: str
            devices: [str]

        # A job on a disk.
        struct BlockJobInfo
            type: str
            device: str
            len: int
            offset: int
            busy: bool
            paused: bool
            speed: int
            io-status: BlockDeviceIoStatus
            ready: bool
            status: JobStatus
            auto-finalize: bool
            auto-dismiss: bool
            error?: str

        # Lists the jobs on disks.
        command query-block-jobs early -> [BlockJobInfo]

        # What becomes of a job whose request the host has failed.
        enum BlockdevOnError: report ignore enospc stop auto

        # What of a disk is copied.
        enum MirrorSyncMode: top full none incremental bitmap

        # When whoever writes to a disk that is mirrored goes on.
        enum MirrorCopyMode: background write-blocking

        # Where the image of a snapshot or a copy comes from.
        enum NewImageMode: existing absolute-paths

        # What becomes of a bitmap.
        enum BitmapSyncMode: on-success never always

        # Moves what the images above one hold into that one.
        command block-commit
            job-id?: str
            device: str                 # the disk
            base-node?: str             # what is written; the last image if it is left out
            base?: str                  # the same, by its file
            top-node?: str              # the highest image that goes; the disk's own if it is left out
            top?: str
            backing-file?: str          # what the image above is to name
            speed?: int                 # bytes a second, 0 for no limit
            on-error?: BlockdevOnError
            filter-node-name?: str
            auto-finalize?: bool
            auto-dismiss?: bool

        # Takes what the images below one hold into that one.
        command block-stream
            job-id?: str
            device: str                 # the disk, or the image that is filled
            base?: str                  # what it stands on then, by its file; nothing if it is left out
            base-node?: str
            backing-file?: str
            bottom?: str                # the last image that is taken in
            speed?: int
            on-error?: BlockdevOnError
            filter-node-name?: str
            auto-finalize?: bool
            auto-dismiss?: bool

        # What a copy is made of, in an image that is made for it.
        struct DriveMirror
            job-id?: str
            device: str
            target: str                 # a file
            format?: str
            node-name?: str
            replaces?: str
            sync: MirrorSyncMode
            mode?: NewImageMode
            speed?: int
            granularity?: uint32        # bytes that are copied again when one of them has changed
            buf-size?: int
            on-source-error?: BlockdevOnError
            on-target-error?: BlockdevOnError
            unmap?: bool
            copy-mode?: MirrorCopyMode
            auto-finalize?: bool
            auto-dismiss?: bool

        # Makes an image that is kept the same as a disk.
        command drive-mirror with DriveMirror

        # Keeps a node the same as a disk.
        command blockdev-mirror
            job-id?: str
            device: str
            target: str                 # a node
            replaces?: str
            sync: MirrorSyncMode
            speed?: int
            granularity?: uint32
            buf-size?: int
            on-source-error?: BlockdevOnError
            on-target-error?: BlockdevOnError
            filter-node-name?: str
            copy-mode?: MirrorCopyMode
            auto-finalize?: bool
            auto-dismiss?: bool

        # How a backup is made.
        struct BackupPerf
            use-copy-range?: bool
            max-workers?: int
            max-chunk?: int

        # A copy of what a disk is when the job begins, in an image that is made for it.
        struct DriveBackup
            job-id?: str
            device: str
            sync: MirrorSyncMode
            speed?: int
            bitmap?: str
            bitmap-mode?: BitmapSyncMode
            compress?: bool
            on-source-error?: BlockdevOnError
            on-target-error?: BlockdevOnError
            auto-finalize?: bool
            auto-dismiss?: bool
            filter-node-name?: str
            x-perf?: BackupPerf
            target: str                 # a file
            format?: str
            mode?: NewImageMode

        # The same in a node.
        struct BlockdevBackup
            job-id?: str
            device: str
            sync: MirrorSyncMode
            speed?: int
            bitmap?: str
            bitmap-mode?: BitmapSyncMode
            compress?: bool
            on-source-error?: BlockdevOnError
            on-target-error?: BlockdevOnError
            auto-finalize?: bool
            auto-dismiss?: bool
            filter-node-name?: str
            x-perf?: BackupPerf
            target: str                 # a node

        # Makes an image that holds what a disk is now.
        command drive-backup feature deprecated with DriveBackup

        # Makes a node what a disk is now.
        command blockdev-backup with BlockdevBackup

        # Limits a job.
        command block-job-set-speed
            device: str                 # the job's id
            speed: int                  # bytes a second, 0 for no limit

        # Gives a job up; one that is ready keeps its copy unless it is forced.
        command block-job-cancel
            device: str
            force?: bool

        # Lets a job stand still.
        command block-job-pause
            device: str

        # Lets a job go on.
        command block-job-resume
            device: str

        # Ends a job that is ready.
        command block-job-complete
            device: str

        # Lets a job that is pending end.
        command block-job-finalize
            id: str

        # Forgets a job that has been done.
        command block-job-dismiss
            id: str

        # A job has ended.
        event BLOCK_JOB_COMPLETED
            type: JobType
            device: str                 # the job's id
            len: int
            offset: int
            speed: int
            error?: str

        # A job has been given up.
        event BLOCK_JOB_CANCELLED
            type: JobType
            device: str
            len: int
            offset: int
            speed: int

        # The host has failed a request of a job.
        event BLOCK_JOB_ERROR
            device: str
            operation: IoOperationType
            action: BlockErrorAction

        # A job waits to be completed.
        event BLOCK_JOB_READY
            type: JobType
            device: str
            len: int
            offset: int
            speed: int

        # A job waits to be finalized.
        event BLOCK_JOB_PENDING
            type: JobType
            id: str

        # A disk and the new image that it is to stand on.
        struct BlockdevSnapshotSync
            device?: str
            node-name?: str
            snapshot-file: str
            snapshot-node-name?: str
            format?: str
            mode?: NewImageMode

        # Keeps a disk as it is, and goes on in a new image on top of it.
        command blockdev-snapshot-sync with BlockdevSnapshotSync

        # A node, and one that is put on top of it.
        struct BlockdevSnapshot
            node: str
            overlay: str

        # Keeps a disk as it is, and goes on in another node on top of it.
        command blockdev-snapshot feature allow-write-only-overlay with BlockdevSnapshot

        # A state of a disk that is kept in its image.
        struct BlockdevSnapshotInternal
            device: str
            name: str

        # Keeps a disk as it is, within its image.
        command blockdev-snapshot-internal-sync with BlockdevSnapshotInternal

        # Forgets a state of a disk.
        command blockdev-snapshot-delete-internal-sync -> SnapshotInfo
            device: str
            id?: str
            name?: str

        # A bitmap of a node.
        struct BlockDirtyBitmap
            node: str
            name: str

        # A bitmap that is to be made.
        struct BlockDirtyBitmapAdd
            node: str
            name: str
            granularity?: uint32        # bytes, a power of two
            persistent?: bool           # the image keeps it
            disabled?: bool             # it does not record yet

        # A bitmap of the same node by its name, or of any.
        alternate BlockDirtyBitmapMergeSource: str BlockDirtyBitmap

        # Bitmaps that are put into another one.
        struct BlockDirtyBitmapMerge
            node: str
            target: str
            bitmaps: [BlockDirtyBitmapMergeSource]

        # The action's arguments.
        struct BlockDirtyBitmapWrapper
            data: BlockDirtyBitmap

        # The action's arguments.
        struct BlockDirtyBitmapAddWrapper
            data: BlockDirtyBitmapAdd

        # The action's arguments.
        struct BlockDirtyBitmapMergeWrapper
            data: BlockDirtyBitmapMerge

        # Remembers from now on where a node is written to.
        command block-dirty-bitmap-add with BlockDirtyBitmapAdd

        # Forgets a bitmap.
        command block-dirty-bitmap-remove with BlockDirtyBitmap

        # Empties a bitmap.
        command block-dirty-bitmap-clear with BlockDirtyBitmap

        # Lets a bitmap record.
        command block-dirty-bitmap-enable with BlockDirtyBitmap

        # Lets a bitmap record no more.
        command block-dirty-bitmap-disable with BlockDirtyBitmap

        # Puts what bitmaps hold into another one.
        command block-dirty-bitmap-merge with BlockDirtyBitmapMerge

        # Whether actions with jobs end together.
        enum ActionCompletionMode: individual grouped

        # Kinds of actions.
        enum TransactionActionKind: abort block-dirty-bitmap-add block-dirty-bitmap-clear block-dirty-bitmap-disable
            block-dirty-bitmap-enable block-dirty-bitmap-merge block-dirty-bitmap-remove blockdev-backup blockdev-snapshot blockdev-snapshot-internal-sync
            blockdev-snapshot-sync drive-backup

        # Nothing.
        struct Abort

        # The action's arguments.
        struct AbortWrapper
            data: Abort

        # The action's arguments.
        struct BlockdevBackupWrapper
            data: BlockdevBackup

        # The action's arguments.
        struct BlockdevSnapshotWrapper
            data: BlockdevSnapshot

        # The action's arguments.
        struct BlockdevSnapshotInternalWrapper
            data: BlockdevSnapshotInternal

        # The action's arguments.
        struct BlockdevSnapshotSyncWrapper
            data: BlockdevSnapshotSync

        # The action's arguments.
        struct DriveBackupWrapper
            data: DriveBackup

        # Something that is done together with others.
        union TransactionAction by type
            type: TransactionActionKind
            case abort: AbortWrapper
            case block-dirty-bitmap-add: BlockDirtyBitmapAddWrapper
            case block-dirty-bitmap-clear: BlockDirtyBitmapWrapper
            case block-dirty-bitmap-disable: BlockDirtyBitmapWrapper
            case block-dirty-bitmap-enable: BlockDirtyBitmapWrapper
            case block-dirty-bitmap-merge: BlockDirtyBitmapMergeWrapper
            case block-dirty-bitmap-remove: BlockDirtyBitmapWrapper
            case blockdev-backup: BlockdevBackupWrapper
            case blockdev-snapshot: BlockdevSnapshotWrapper
            case blockdev-snapshot-internal-sync: BlockdevSnapshotInternalWrapper
            case blockdev-snapshot-sync: BlockdevSnapshotSyncWrapper
            case drive-backup: DriveBackupWrapper

        # How actions are done.
        struct TransactionProperties
            completion-mode?: ActionCompletionMode

        # Does all actions or none.
        command transaction
            actions: [TransactionAction]
            properties?: TransactionProperties

        # How space is set aside.
        enum PreallocMode: off metadata falloc full

        # A new file.
        struct BlockdevCreateOptionsFile
            filename: str
            size: size
            preallocation?: PreallocMode
            nocow?: bool
            extent-size-hint?: size

        # Versions of qcow2.
        enum BlockdevQcow2Version: v2 v3

        # How clusters are compressed.
        enum Qcow2CompressionType: zlib zstd

        # A new qcow2 image in a file that is there.
        struct BlockdevCreateOptionsQcow2
            file: BlockdevRef
            extended-l2?: bool
            size: size
            version?: BlockdevQcow2Version
            backing-file?: str
            backing-fmt?: BlockdevDriver
            cluster-size?: size
            preallocation?: PreallocMode
            lazy-refcounts?: bool
            refcount-bits?: int
            compression-type?: Qcow2CompressionType

        # A new image.
        union BlockdevCreateOptions by driver
            driver: BlockdevDriver
            case file: BlockdevCreateOptionsFile
            case host_device
            case raw
            case qcow2: BlockdevCreateOptionsQcow2

        # Makes an image. A job, which is done at once.
        command blockdev-create
            job-id: str
            options: BlockdevCreateOptions
        """
}
