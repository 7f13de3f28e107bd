extension SchemaText {
    /// The conversation itself: negotiation, what there is, descriptors, events' common parts.
    static let protocolText = """
        # Abilities of the protocol that a client may switch on.
        enum QMPCapability: oob

        # Ends the negotiation: from here on commands are obeyed.
        command qmp_capabilities early
            enable?: [QMPCapability]    # abilities that the client wants, of those in the greeting

        # A version of QEMU, in three numbers.
        struct VersionTriple
            major: int
            minor: int
            micro: int

        # Which program this is.
        struct VersionInfo
            qemu: VersionTriple         # the QEMU whose interface it has
            package: str                # the program's own name and version

        # Says which program this is.
        command query-version early -> VersionInfo

        # A command by its name.
        struct CommandInfo
            name: str

        # Lists all commands that can be given now.
        command query-commands early -> [CommandInfo]

        # Kinds of entries in the schema.
        enum SchemaMetaType: builtin enum array object alternate command event

        # What a type looks like in JSON.
        enum JSONType: string number int boolean null object array value

        # A type without parts.
        struct SchemaInfoBuiltin
            json-type: JSONType

        # A value of an enumeration.
        struct SchemaInfoEnumMember
            name: str
            features?: [str]

        # A type with named values.
        struct SchemaInfoEnum
            members: [SchemaInfoEnumMember]
            values: [str]

        # A list.
        struct SchemaInfoArray
            element-type: str

        # A member of an object.
        struct SchemaInfoObjectMember
            name: str
            type: str
            default?: any               # null if it may be left out
            features?: [str]

        # What an object has besides for one value of its tag.
        struct SchemaInfoObjectVariant
            case: str
            type: str

        # A type with members.
        struct SchemaInfoObject
            members: [SchemaInfoObjectMember]
            tag?: str
            variants?: [SchemaInfoObjectVariant]

        # One of the types that an alternate can be.
        struct SchemaInfoAlternateMember
            type: str

        # A type that is one of several.
        struct SchemaInfoAlternate
            members: [SchemaInfoAlternateMember]

        # A command's types.
        struct SchemaInfoCommand
            arg-type: str
            ret-type: str
            allow-oob?: bool

        # An event's type.
        struct SchemaInfoEvent
            arg-type: str

        # An entry of the schema; types have numbers for names, which may change.
        union SchemaInfo by meta-type
            name: str
            meta-type: SchemaMetaType
            features?: [str]
            case builtin: SchemaInfoBuiltin
            case enum: SchemaInfoEnum
            case array: SchemaInfoArray
            case object: SchemaInfoObject
            case alternate: SchemaInfoAlternate
            case command: SchemaInfoCommand
            case event: SchemaInfoEvent

        # Describes all commands, events and types.
        command query-qmp-schema early -> [SchemaInfo]

        # Runs a line as the monitor for people does, and says what that monitor would show.
        command human-monitor-command -> str
            command-line: str
            cpu-index?: int             # the cpu that the line is about

        # Ends the emulator.
        command quit early

        # Keeps the descriptor that came with this message under a name.
        command getfd early
            fdname: str

        # Closes a descriptor that has a name.
        command closefd early
            fdname: str

        # A descriptor that has been put into a set.
        struct AddfdInfo
            fdset-id: int
            fd: int

        # A descriptor of a set.
        struct FdsetFdInfo
            fd: int
            opaque?: str                # what its owner said of it

        # A set of descriptors; /dev/fdset/ID opens one of them.
        struct FdsetInfo
            fdset-id: int
            fds: [FdsetFdInfo]

        # Puts the descriptor that came with this message into a set.
        command add-fd early -> AddfdInfo
            fdset-id?: int              # a new set if it is left out
            opaque?: str

        # Takes a descriptor, or all of them, out of a set.
        command remove-fd early
            fdset-id: int
            fd?: int

        # Lists the sets of descriptors.
        command query-fdsets early -> [FdsetInfo]

        # Gives the descriptor of a name to a service as a client's connection.
        command add_client
            protocol: str               # the id of a character back end that is a socket server
            fdname: str
            skipauth?: bool
            tls?: bool

        # Types of options' values.
        enum CommandLineParameterType: string boolean number size

        # A property of an option's value.
        struct CommandLineParameterInfo
            name: str
            type: CommandLineParameterType
            help?: str
            default?: str

        # An option of the command line.
        struct CommandLineOptionInfo
            option: str
            parameters: [CommandLineParameterInfo]

        # Lists options of the command line with the properties that they take.
        command query-command-line-options early -> [CommandLineOptionInfo]
            option?: str                # only this one
        """
}
