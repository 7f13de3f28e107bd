extension SchemaText {
    /// Nodes of memory and cpus.
    static let numaText = """
        # What `set-numa-node` says something about. The two kinds of ACPI's HMAT are not there, for no board has such tables.
        enum NumaOptionsType: node dist cpu

        # A node.
        struct NumaNodeOptions
            nodeid?: uint16             # the next one's if it is not named
            cpus?: [uint16]             # numbers of its cpus
            mem?: size                  # how much of the machine's memory it has
            memdev?: str                # the back end that is its memory

        # How far it is from one node to another; 10 is within a node, 255 unreachable.
        struct NumaDistOptions
            src: uint16
            dst: uint16
            val: uint8

        # Which node the cpus at a place belong to.
        struct NumaCpuOptions
            node-id?: int
            socket-id?: int
            die-id?: int
            cluster-id?: int
            core-id?: int
            thread-id?: int

        # What `-numa` and `set-numa-node` say.
        union NumaOptions by type
            type: NumaOptionsType
            case node: NumaNodeOptions
            case dist: NumaDistOptions
            case cpu: NumaCpuOptions

        # Says something about nodes, before the machine is made.
        command set-numa-node early with NumaOptions

        # Shows the nodes with their cpus and memory.
        command x-query-numa unstable -> HumanReadableText
        """
}
