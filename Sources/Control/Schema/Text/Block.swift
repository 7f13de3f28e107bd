extension SchemaText {
    /// Disks.
    static let blockText = """
        # Whether the last request to the host went well.
        enum BlockDeviceIoStatus: ok failed nospace

        # What becomes of writes of zeros.
        enum BlockdevDetectZeroesOptions: off on unmap

        # A state of a disk that is kept in its image.
        struct SnapshotInfo
            id: str
            name: str
            vm-state-size: int          # bytes of the machine's state that is kept with it
            date-sec: int               # since 1970
            date-nsec: int
            vm-clock-sec: int           # what the virtual clock showed
            vm-clock-nsec: int
            icount?: int

        # An image file.
        struct ImageInfo
            filename: str
            format: str
            dirty-flag?: bool
            actual-size?: int           # bytes that it takes on the host
            virtual-size: int           # bytes that the guest sees
            cluster-size?: int
            encrypted?: bool
            compressed?: bool
            backing-filename?: str
            full-backing-filename?: str
            backing-filename-format?: str
            snapshots?: [SnapshotInfo]

        # How an image is cached.
        struct BlockdevCacheInfo
            writeback: bool
            direct: bool
            no-flush: bool

        # What stands behind a disk. Rates of 0 have no limit.
        struct BlockDeviceInfo
            file: str
            node-name?: str
            ro: bool
            drv: str
            backing_file?: str
            backing_file_depth: int
            encrypted: bool
            detect_zeroes: BlockdevDetectZeroesOptions
            bps: int
            bps_rd: int
            bps_wr: int
            iops: int
            iops_rd: int
            iops_wr: int
            bps_max?: int               # in bursts, which last so many seconds
            bps_rd_max?: int
            bps_wr_max?: int
            iops_max?: int
            iops_rd_max?: int
            iops_wr_max?: int
            bps_max_length?: int
            bps_rd_max_length?: int
            bps_wr_max_length?: int
            iops_max_length?: int
            iops_rd_max_length?: int
            iops_wr_max_length?: int
            iops_size?: int             # bytes that count as one request
            group?: str                 # whose limits they are
            image: ImageInfo
            cache: BlockdevCacheInfo
            write_threshold: int
            dirty-bitmaps?: [BlockDirtyInfo]

        # A bitmap of what is written to a node.
        struct BlockDirtyInfo
            name?: str
            count: int                  # bytes of chunks that have been written to
            granularity: uint32         # bytes of a chunk
            recording: bool
            busy: bool                  # a job uses it
            persistent: bool            # the image keeps it
            inconsistent?: bool

        # A disk as the guest has it.
        struct BlockInfo
            device: str
            qdev?: str                  # the id or path of its device
            type: str
            removable: bool
            locked: bool
            inserted?: BlockDeviceInfo
            tray_open?: bool
            io-status?: BlockDeviceIoStatus

        # Lists the disks.
        command query-block early -> [BlockInfo]

        # Counts of a disk's requests.
        struct BlockDeviceStats
            rd_bytes: int
            wr_bytes: int
            unmap_bytes: int
            rd_operations: int
            wr_operations: int
            flush_operations: int
            unmap_operations: int
            rd_total_time_ns: int
            wr_total_time_ns: int
            flush_total_time_ns: int
            unmap_total_time_ns: int
            wr_highest_offset: int
            rd_merged: int
            wr_merged: int
            unmap_merged: int
            idle_time_ns?: int
            failed_rd_operations: int
            failed_wr_operations: int
            failed_flush_operations: int
            failed_unmap_operations: int
            invalid_rd_operations: int
            invalid_wr_operations: int
            invalid_flush_operations: int
            invalid_unmap_operations: int
            account_invalid: bool
            account_failed: bool
            timed_stats: [BlockDeviceTimedStats]
            rd_latency_histogram?: BlockLatencyHistogramInfo
            wr_latency_histogram?: BlockLatencyHistogramInfo
            flush_latency_histogram?: BlockLatencyHistogramInfo

        # How many requests took how long. There is a bin more than boundaries.
        struct BlockLatencyHistogramInfo
            boundaries: [uint64]        # nanoseconds, rising
            bins: [uint64]

        # Counts of an interval. None is kept, so lists of it are empty.
        struct BlockDeviceTimedStats
            interval_length: int
            min_rd_latency_ns: int
            max_rd_latency_ns: int
            avg_rd_latency_ns: int
            min_wr_latency_ns: int
            max_wr_latency_ns: int
            avg_wr_latency_ns: int
            min_flush_latency_ns: int
            max_flush_latency_ns: int
            avg_flush_latency_ns: int
            avg_rd_queue_depth: number
            avg_wr_queue_depth: number

        # A disk and its counts.
        struct BlockStats
            device?: str
            qdev?: str
            node-name?: str
            stats: BlockDeviceStats

        # Says what the disks have done so far.
        command query-blockstats early -> [BlockStats]
            query-nodes?: bool          # by nodes instead of by disks

        # Lists the nodes that have names.
        command query-named-block-nodes early -> [BlockDeviceInfo]
            flat?: bool

        # Changes a disk's size.
        command block_resize
            device?: str
            node-name?: str
            size: int                   # bytes

        # What nodes are made of: files, or formats in them.
        enum BlockdevDriver: file host_device raw qcow2

        # What becomes of what the guest discards.
        enum BlockdevDiscardOptions: ignore unmap

        # Who does requests on the host.
        enum BlockdevAioOptions: threads native io_uring

        # A switch that may be left to the emulator.
        enum OnOffAuto: auto on off

        # How the host caches a file.
        struct BlockdevCacheOptions
            direct?: bool               # past its page cache
            no-flush?: bool             # flushes are ignored

        # A file, or a block device.
        struct BlockdevOptionsFile
            filename: str
            locking?: OnOffAuto
            aio?: BlockdevAioOptions

        # A format without more to say of.
        struct BlockdevOptionsGenericFormat
            file: BlockdevRef           # where its bytes are

        # An image that may stand on another one.
        struct BlockdevOptionsQcow2
            file: BlockdevRef
            backing?: BlockdevRefOrNull # null for none; what the image names if it is left out

        # A node by its name, or one that is made for this.
        alternate BlockdevRef: BlockdevOptions str

        # The same, or none.
        alternate BlockdevRefOrNull: BlockdevOptions str null

        # A node.
        union BlockdevOptions by driver
            driver: BlockdevDriver
            node-name?: str
            discard?: BlockdevDiscardOptions
            cache?: BlockdevCacheOptions
            read-only?: bool
            auto-read-only?: bool       # for reading only if nobody writes, or the host allows no more
            detect-zeroes?: BlockdevDetectZeroesOptions
            case file: BlockdevOptionsFile
            case host_device: BlockdevOptionsFile
            case raw: BlockdevOptionsGenericFormat
            case qcow2: BlockdevOptionsQcow2

        # Makes a node that devices and other nodes can use.
        command blockdev-add with BlockdevOptions

        # Takes a node away that nothing uses.
        command blockdev-del
            node-name: str

        # Limits a disk. Rates are a second's; 0 for no limit.
        command block_set_io_throttle
            device?: str                # the drive, or
            id?: str                    # its device
            bps: int                    # bytes
            bps_rd: int
            bps_wr: int
            iops: int                   # requests
            iops_rd: int
            iops_wr: int
            bps_max?: int               # in bursts, which last so many seconds
            bps_rd_max?: int
            bps_wr_max?: int
            iops_max?: int
            iops_rd_max?: int
            iops_wr_max?: int
            bps_max_length?: int
            bps_rd_max_length?: int
            bps_wr_max_length?: int
            iops_max_length?: int
            iops_rd_max_length?: int
            iops_wr_max_length?: int
            iops_size?: int             # bytes that count as one request
            group?: str                 # whose members share the limits

        # Tells of the first write beyond an offset in a node's file.
        command block-set-write-threshold
            node-name: str
            write-threshold: uint64     # bytes; 0 for nowhere

        # A write has gone beyond a threshold, which is no more.
        event BLOCK_WRITE_THRESHOLD
            node-name: str
            amount-exceeded: uint64
            write-threshold: uint64

        # Counts how long requests take, anew; without boundaries, no more.
        command block-latency-histogram-set
            id: str                     # the device
            boundaries?: [uint64]       # nanoseconds, rising
            boundaries-read?: [uint64]
            boundaries-write?: [uint64]
            boundaries-flush?: [uint64]

        # Opens a drive's tray and takes out what is in it.
        command eject
            device?: str                # the drive, or
            id?: str                    # its device
            force?: bool                # even if the guest has locked the tray

        # Opens a tray. A guest that has locked it is asked to.
        command blockdev-open-tray
            device?: str
            id?: str
            force?: bool

        # Closes a tray.
        command blockdev-close-tray
            device?: str
            id?: str

        # Takes out what is in an open tray.
        command blockdev-remove-medium
            id: str                     # the device

        # Puts a node into an open tray.
        command blockdev-insert-medium
            id: str
            node-name: str

        # Whether a medium that comes can be written.
        enum BlockdevChangeReadOnlyMode: retain read-only read-write

        # Exchanges what is in a drive: opens the tray, puts another image in, closes it.
        command blockdev-change-medium
            device?: str
            id?: str
            filename: str
            format?: str
            force?: bool
            read-only-mode?: BlockdevChangeReadOnlyMode

        # A tray has been opened or closed, by the guest or by a command.
        event DEVICE_TRAY_MOVED
            device: str
            id: str
            tray-open: bool

        # Changes how nodes are opened. What cannot be changed must be as it is.
        command blockdev-reopen
            options: [BlockdevOptions]

        # Changes the name that an image gives what it stands on; what it stands on stays.
        command change-backing-file
            device: str
            image-node-name: str
            backing-file: str

        # Kinds of requests.
        enum IoOperationType: read write

        # What becomes of a request that the host has failed.
        enum BlockErrorAction: ignore report stop

        # The host has failed a disk request.
        event BLOCK_IO_ERROR
            device: str
            node-name?: str
            operation: IoOperationType
            action: BlockErrorAction
            nospace?: bool              # the host's disk is full
            reason: str
        """
}
