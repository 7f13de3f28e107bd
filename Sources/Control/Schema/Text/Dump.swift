extension SchemaText {
    /// Dumps of a guest's memory.
    static let dumpText = """
        # Forms of a memory dump. There are elf and kdump-zlib; the others are refused.
        enum DumpGuestMemoryFormat: elf kdump-zlib kdump-lzo kdump-snappy win-dmp

        # Writes the guest's memory and its cpus' registers to a file, while the machine stands still.
        command dump-guest-memory
            paging: bool                # by the cpus' addresses; not supported
            protocol: str               # file:NAME, or fd:NAME for a descriptor that getfd has named
            detach?: bool               # answers at once, and DUMP_COMPLETED tells of the end
            begin?: int                 # the first physical address
            length?: int                # bytes
            format?: DumpGuestMemoryFormat

        # What a dump does.
        enum DumpStatus: none active completed failed

        # How far a dump is.
        struct DumpQueryResult
            status: DumpStatus
            completed: int              # bytes
            total: int

        # Says how far the latest dump is.
        command query-dump -> DumpQueryResult

        # A dump has ended.
        event DUMP_COMPLETED
            result: DumpQueryResult
            error?: str

        # Forms of dumps that there are.
        struct DumpGuestMemoryCapability
            formats: [DumpGuestMemoryFormat]

        # Lists the forms of dumps.
        command query-dump-guest-memory-capability -> DumpGuestMemoryCapability
        """
}
