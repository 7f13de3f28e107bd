extension SchemaText {
    /// Taking a running machine to another process, or into a file.
    static let migrationText = """
        # How far a migration has come.
        enum MigrationStatus: none setup cancelling cancelled active postcopy-active postcopy-paused postcopy-recover completed failed colo
            pre-switchover device wait-unplug

        # What has been done with memory.
        struct MigrationStats
            transferred: int            # bytes that have been sent
            remaining: int              # bytes of memory that are still to be sent, as far as is known
            total: int                  # bytes of memory
            duplicate: int              # pages of zeros
            skipped: int                # always 0
            normal: int                 # pages whose bytes have been sent
            normal-bytes: int
            dirty-pages-rate: int       # pages that the guest has written in a second, at the last look
            mbps: number                # megabits that have been sent in a second
            dirty-sync-count: int       # how often it has been looked which pages have been written
            postcopy-requests: int      # pages that the other side has asked for, because its guest waits for them
            page-size: int
            multifd-bytes: uint64       # bytes that further channels have sent
            pages-per-second: uint64
            precopy-bytes: uint64       # bytes that have been sent while the guest ran
            downtime-bytes: uint64      # bytes that have been sent while it stood still
            postcopy-bytes: uint64      # always 0
            dirty-sync-missed-zero-copy: uint64 # always 0

        # A migration as it is now. Times are in milliseconds.
        struct MigrationInfo
            status?: MigrationStatus
            ram?: MigrationStats
            total-time?: int
            expected-downtime?: int
            downtime?: int
            setup-time?: int
            cpu-throttle-percentage?: int # for how much of the time the guest is held, with auto-converge
            error-desc?: str            # why it has failed
            blocked-reasons?: [str]     # why there can be none now

        # Says how far a migration has come.
        command query-migrate early -> MigrationInfo

        # Abilities of migration.
        enum MigrationCapability: xbzrle rdma-pin-all auto-converge zero-blocks compress events postcopy-ram x-colo release-ram block
            return-path pause-before-switchover multifd dirty-bitmaps postcopy-blocktime late-block-activate x-ignore-shared
            validate-uuid background-snapshot zero-copy-send postcopy-preempt mapped-ram

        # An ability of migration and whether it is on.
        struct MigrationCapabilityStatus
            capability: MigrationCapability
            state: bool

        # Lists the abilities of migration that there are.
        command query-migrate-capabilities early -> [MigrationCapabilityStatus]

        # Switches abilities of migration on or off.
        command migrate-set-capabilities early
            capabilities: [MigrationCapabilityStatus]

        # How pages are packed on the channels of a migration with the capability multifd.
        enum MultiFDCompression: none zlib zstd

        # What a migration is to be like.
        struct MigrationParameters
            throttle-trigger-threshold?: uint8 # with auto-converge: the guest writes more than so many percent of what is sent
            cpu-throttle-initial?: uint8 # percent of the time for which it is held then
            cpu-throttle-increment?: uint8 # by how many more if that does not suffice
            max-cpu-throttle?: uint8    # percent at most
            max-bandwidth?: size        # bytes in a second while the guest runs; 0 for as many as go
            max-postcopy-bandwidth?: size # the same while it runs on the other side, for pages that nobody waits for
            downtime-limit?: uint64     # milliseconds that the guest may stand still
            multifd-channels?: uint8    # connections for pages, with the capability multifd, the same on both sides
            multifd-compression?: MultiFDCompression
            multifd-zlib-level?: uint8  # 0 to 9
            multifd-zstd-level?: uint8  # 1 to 20
            tls-creds?: str             # an object's id; empty for connections that are not secured
            tls-hostname?: str          # whose certificate the other side has; empty for the host that is connected to

        # A text, or null, which stands for an empty one.
        alternate StrOrNull: str null

        # Says what migrations are to be like.
        command migrate-set-parameters early
            throttle-trigger-threshold?: uint8
            cpu-throttle-initial?: uint8
            cpu-throttle-increment?: uint8
            max-cpu-throttle?: uint8
            max-bandwidth?: size
            max-postcopy-bandwidth?: size
            downtime-limit?: uint64
            multifd-channels?: uint8
            multifd-compression?: MultiFDCompression
            multifd-zlib-level?: uint8
            multifd-zstd-level?: uint8
            tls-creds?: StrOrNull
            tls-hostname?: StrOrNull

        # Says what migrations are like.
        command query-migrate-parameters early -> MigrationParameters

        # Begins to take the machine elsewhere: tcp:HOST:PORT, unix:PATH, fd:NAME, exec:COMMAND, file:PATH.
        command migrate
            uri: str
            blk?: bool                  # disks too; not supported
            inc?: bool                  # disks too; not supported
            detach?: bool               # makes no difference
            resume?: bool               # goes on with one that is postcopy-paused

        # Gives a migration up; the guest stays here.
        command migrate_cancel

        # Lets a migration go on that waits.
        command migrate-continue
            state: MigrationStatus      # in which it waits

        # Waits for a machine to come, in an emulator that was started with -incoming defer.
        command migrate-incoming
            uri: str

        # Lets the guest go on at the other side now, before its memory is there: with the capability postcopy-ram, while a migration is active.
        command migrate-start-postcopy

        # Cuts the connection of a migration that is postcopy-active; both sides are postcopy-paused then.
        command migrate-pause oob

        # Waits for the source of a migration that is postcopy-paused, at another address.
        command migrate-recover oob
            uri: str

        # Apus's own, not one of QEMU's: keeps the machine as it is now, with its disks, as a template from which clones start (-clone). The machine goes on
        # afterwards.
        command template-save
            path: str                   # a folder, which is made

        # A migration has come further; told if the capability 'events' is on.
        event MIGRATION
            status: MigrationStatus

        # All memory has been sent once, or what has been written since the last pass.
        event MIGRATION_PASS
            pass: int
        """
}
