// Made by apus-schema from Sources/Control/Schema/Text. Change it there.

import JSON

/// Abilities of the protocol that a client may switch on.
public enum QMPCapability: String, QAPIEnumeration {
    case oob
}

/// Ends the negotiation: from here on commands are obeyed.
public enum QmpCapabilitiesCommand: QAPICommand {
    public static let name = "qmp_capabilities"
    public static let isEarly = true
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        /// abilities that the client wants, of those in the greeting
        public var enable: [QMPCapability]?

        public init(
            enable: [QMPCapability]? = nil
        ) {
            self.enable = enable
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            enable = try input.takeOptional("enable")
        }

        public func write(to output: inout JSONObject) {
            output["enable"] = enable?.json
        }
    }
}

/// A version of QEMU, in three numbers.
public struct VersionTriple: QAPIObject {
    public var major: Int64
    public var minor: Int64
    public var micro: Int64

    public init(
        major: Int64,
        minor: Int64,
        micro: Int64
    ) {
        self.major = major
        self.minor = minor
        self.micro = micro
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        major = try input.take("major")
        minor = try input.take("minor")
        micro = try input.take("micro")
    }

    public func write(to output: inout JSONObject) {
        output["major"] = major.json
        output["minor"] = minor.json
        output["micro"] = micro.json
    }
}

/// Which program this is.
public struct VersionInfo: QAPIObject {
    /// the QEMU whose interface it has
    public var qemu: VersionTriple
    /// the program's own name and version
    public var package: String

    public init(
        qemu: VersionTriple,
        package: String
    ) {
        self.qemu = qemu
        self.package = package
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        qemu = try input.take("qemu")
        package = try input.take("package")
    }

    public func write(to output: inout JSONObject) {
        output["qemu"] = qemu.json
        output["package"] = package.json
    }
}

/// Says which program this is.
public enum QueryVersionCommand: QAPICommand {
    public static let name = "query-version"
    public static let isEarly = true
    public typealias Return = VersionInfo
    public typealias Arguments = QAPIEmpty
}

/// A command by its name.
public struct CommandInfo: QAPIObject {
    public var name: String

    public init(
        name: String
    ) {
        self.name = name
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        name = try input.take("name")
    }

    public func write(to output: inout JSONObject) {
        output["name"] = name.json
    }
}

/// Lists all commands that can be given now.
public enum QueryCommandsCommand: QAPICommand {
    public static let name = "query-commands"
    public static let isEarly = true
    public typealias Return = [CommandInfo]
    public typealias Arguments = QAPIEmpty
}

/// Kinds of entries in the schema.
public enum SchemaMetaType: String, QAPIEnumeration {
    case builtin
    case `enum` = "enum"
    case array
    case object
    case alternate
    case command
    case event
}

/// What a type looks like in JSON.
public enum JSONType: String, QAPIEnumeration {
    case string
    case number
    case int
    case boolean
    case null
    case object
    case array
    case value
}

/// A type without parts.
public struct SchemaInfoBuiltin: QAPIObject {
    public var jsonType: JSONType

    public init(
        jsonType: JSONType
    ) {
        self.jsonType = jsonType
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        jsonType = try input.take("json-type")
    }

    public func write(to output: inout JSONObject) {
        output["json-type"] = jsonType.json
    }
}

/// A value of an enumeration.
public struct SchemaInfoEnumMember: QAPIObject {
    public var name: String
    public var features: [String]?

    public init(
        name: String,
        features: [String]? = nil
    ) {
        self.name = name
        self.features = features
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        name = try input.take("name")
        features = try input.takeOptional("features")
    }

    public func write(to output: inout JSONObject) {
        output["name"] = name.json
        output["features"] = features?.json
    }
}

/// A type with named values.
public struct SchemaInfoEnum: QAPIObject {
    public var members: [SchemaInfoEnumMember]
    public var values: [String]

    public init(
        members: [SchemaInfoEnumMember],
        values: [String]
    ) {
        self.members = members
        self.values = values
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        members = try input.take("members")
        values = try input.take("values")
    }

    public func write(to output: inout JSONObject) {
        output["members"] = members.json
        output["values"] = values.json
    }
}

/// A list.
public struct SchemaInfoArray: QAPIObject {
    public var elementType: String

    public init(
        elementType: String
    ) {
        self.elementType = elementType
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        elementType = try input.take("element-type")
    }

    public func write(to output: inout JSONObject) {
        output["element-type"] = elementType.json
    }
}

/// A member of an object.
public struct SchemaInfoObjectMember: QAPIObject {
    public var name: String
    public var type: String
    /// null if it may be left out
    public var `default`: JSONValue?
    public var features: [String]?

    public init(
        name: String,
        type: String,
        `default`: JSONValue? = nil,
        features: [String]? = nil
    ) {
        self.name = name
        self.type = type
        self.default = `default`
        self.features = features
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        name = try input.take("name")
        type = try input.take("type")
        `default` = try input.takeOptional("default")
        features = try input.takeOptional("features")
    }

    public func write(to output: inout JSONObject) {
        output["name"] = name.json
        output["type"] = type.json
        output["default"] = `default`?.json
        output["features"] = features?.json
    }
}

/// What an object has besides for one value of its tag.
public struct SchemaInfoObjectVariant: QAPIObject {
    public var `case`: String
    public var type: String

    public init(
        `case`: String,
        type: String
    ) {
        self.case = `case`
        self.type = type
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        `case` = try input.take("case")
        type = try input.take("type")
    }

    public func write(to output: inout JSONObject) {
        output["case"] = `case`.json
        output["type"] = type.json
    }
}

/// A type with members.
public struct SchemaInfoObject: QAPIObject {
    public var members: [SchemaInfoObjectMember]
    public var tag: String?
    public var variants: [SchemaInfoObjectVariant]?

    public init(
        members: [SchemaInfoObjectMember],
        tag: String? = nil,
        variants: [SchemaInfoObjectVariant]? = nil
    ) {
        self.members = members
        self.tag = tag
        self.variants = variants
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        members = try input.take("members")
        tag = try input.takeOptional("tag")
        variants = try input.takeOptional("variants")
    }

    public func write(to output: inout JSONObject) {
        output["members"] = members.json
        output["tag"] = tag?.json
        output["variants"] = variants?.json
    }
}

/// One of the types that an alternate can be.
public struct SchemaInfoAlternateMember: QAPIObject {
    public var type: String

    public init(
        type: String
    ) {
        self.type = type
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        type = try input.take("type")
    }

    public func write(to output: inout JSONObject) {
        output["type"] = type.json
    }
}

/// A type that is one of several.
public struct SchemaInfoAlternate: QAPIObject {
    public var members: [SchemaInfoAlternateMember]

    public init(
        members: [SchemaInfoAlternateMember]
    ) {
        self.members = members
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        members = try input.take("members")
    }

    public func write(to output: inout JSONObject) {
        output["members"] = members.json
    }
}

/// A command's types.
public struct SchemaInfoCommand: QAPIObject {
    public var argType: String
    public var retType: String
    public var allowOob: Bool?

    public init(
        argType: String,
        retType: String,
        allowOob: Bool? = nil
    ) {
        self.argType = argType
        self.retType = retType
        self.allowOob = allowOob
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        argType = try input.take("arg-type")
        retType = try input.take("ret-type")
        allowOob = try input.takeOptional("allow-oob")
    }

    public func write(to output: inout JSONObject) {
        output["arg-type"] = argType.json
        output["ret-type"] = retType.json
        output["allow-oob"] = allowOob?.json
    }
}

/// An event's type.
public struct SchemaInfoEvent: QAPIObject {
    public var argType: String

    public init(
        argType: String
    ) {
        self.argType = argType
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        argType = try input.take("arg-type")
    }

    public func write(to output: inout JSONObject) {
        output["arg-type"] = argType.json
    }
}

/// An entry of the schema; types have numbers for names, which may change.
public struct SchemaInfo: QAPIObject {
    public enum Branch: Sendable {
        case builtin(SchemaInfoBuiltin)
        case `enum`(SchemaInfoEnum)
        case array(SchemaInfoArray)
        case object(SchemaInfoObject)
        case alternate(SchemaInfoAlternate)
        case command(SchemaInfoCommand)
        case event(SchemaInfoEvent)
    }

    public var name: String
    public var features: [String]?
    public var branch: Branch

    public init(
        name: String,
        features: [String]? = nil,
        branch: Branch
    ) {
        self.name = name
        self.features = features
        self.branch = branch
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        name = try input.take("name")
        features = try input.takeOptional("features")
        let kind: SchemaMetaType = try input.take("meta-type")
        switch kind {
        case .builtin: branch = .builtin(try SchemaInfoBuiltin(reading: &input))
        case .`enum`: branch = .`enum`(try SchemaInfoEnum(reading: &input))
        case .array: branch = .array(try SchemaInfoArray(reading: &input))
        case .object: branch = .object(try SchemaInfoObject(reading: &input))
        case .alternate: branch = .alternate(try SchemaInfoAlternate(reading: &input))
        case .command: branch = .command(try SchemaInfoCommand(reading: &input))
        case .event: branch = .event(try SchemaInfoEvent(reading: &input))
        }
    }

    public func write(to output: inout JSONObject) {
        output["name"] = name.json
        output["features"] = features?.json
        switch branch {
        case .builtin(let value):
            output["meta-type"] = "builtin"
            value.write(to: &output)
        case .`enum`(let value):
            output["meta-type"] = "enum"
            value.write(to: &output)
        case .array(let value):
            output["meta-type"] = "array"
            value.write(to: &output)
        case .object(let value):
            output["meta-type"] = "object"
            value.write(to: &output)
        case .alternate(let value):
            output["meta-type"] = "alternate"
            value.write(to: &output)
        case .command(let value):
            output["meta-type"] = "command"
            value.write(to: &output)
        case .event(let value):
            output["meta-type"] = "event"
            value.write(to: &output)
        }
    }
}

/// Describes all commands, events and types.
public enum QueryQmpSchemaCommand: QAPICommand {
    public static let name = "query-qmp-schema"
    public static let isEarly = true
    public typealias Return = [SchemaInfo]
    public typealias Arguments = QAPIEmpty
}

/// Runs a line as the monitor for people does, and says what that monitor would show.
public enum HumanMonitorCommandCommand: QAPICommand {
    public static let name = "human-monitor-command"
    public typealias Return = String

    public struct Arguments: QAPIObject {
        public var commandLine: String
        /// the cpu that the line is about
        public var cpuIndex: Int64?

        public init(
            commandLine: String,
            cpuIndex: Int64? = nil
        ) {
            self.commandLine = commandLine
            self.cpuIndex = cpuIndex
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            commandLine = try input.take("command-line")
            cpuIndex = try input.takeOptional("cpu-index")
        }

        public func write(to output: inout JSONObject) {
            output["command-line"] = commandLine.json
            output["cpu-index"] = cpuIndex?.json
        }
    }
}

/// Ends the emulator.
public enum QuitCommand: QAPICommand {
    public static let name = "quit"
    public static let isEarly = true
    public typealias Return = QAPIEmpty
    public typealias Arguments = QAPIEmpty
}

/// Keeps the descriptor that came with this message under a name.
public enum GetfdCommand: QAPICommand {
    public static let name = "getfd"
    public static let isEarly = true
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var fdname: String

        public init(
            fdname: String
        ) {
            self.fdname = fdname
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            fdname = try input.take("fdname")
        }

        public func write(to output: inout JSONObject) {
            output["fdname"] = fdname.json
        }
    }
}

/// Closes a descriptor that has a name.
public enum ClosefdCommand: QAPICommand {
    public static let name = "closefd"
    public static let isEarly = true
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var fdname: String

        public init(
            fdname: String
        ) {
            self.fdname = fdname
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            fdname = try input.take("fdname")
        }

        public func write(to output: inout JSONObject) {
            output["fdname"] = fdname.json
        }
    }
}

/// A descriptor that has been put into a set.
public struct AddfdInfo: QAPIObject {
    public var fdsetId: Int64
    public var fd: Int64

    public init(
        fdsetId: Int64,
        fd: Int64
    ) {
        self.fdsetId = fdsetId
        self.fd = fd
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        fdsetId = try input.take("fdset-id")
        fd = try input.take("fd")
    }

    public func write(to output: inout JSONObject) {
        output["fdset-id"] = fdsetId.json
        output["fd"] = fd.json
    }
}

/// A descriptor of a set.
public struct FdsetFdInfo: QAPIObject {
    public var fd: Int64
    /// what its owner said of it
    public var opaque: String?

    public init(
        fd: Int64,
        opaque: String? = nil
    ) {
        self.fd = fd
        self.opaque = opaque
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        fd = try input.take("fd")
        opaque = try input.takeOptional("opaque")
    }

    public func write(to output: inout JSONObject) {
        output["fd"] = fd.json
        output["opaque"] = opaque?.json
    }
}

/// A set of descriptors; /dev/fdset/ID opens one of them.
public struct FdsetInfo: QAPIObject {
    public var fdsetId: Int64
    public var fds: [FdsetFdInfo]

    public init(
        fdsetId: Int64,
        fds: [FdsetFdInfo]
    ) {
        self.fdsetId = fdsetId
        self.fds = fds
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        fdsetId = try input.take("fdset-id")
        fds = try input.take("fds")
    }

    public func write(to output: inout JSONObject) {
        output["fdset-id"] = fdsetId.json
        output["fds"] = fds.json
    }
}

/// Puts the descriptor that came with this message into a set.
public enum AddFdCommand: QAPICommand {
    public static let name = "add-fd"
    public static let isEarly = true
    public typealias Return = AddfdInfo

    public struct Arguments: QAPIObject {
        /// a new set if it is left out
        public var fdsetId: Int64?
        public var opaque: String?

        public init(
            fdsetId: Int64? = nil,
            opaque: String? = nil
        ) {
            self.fdsetId = fdsetId
            self.opaque = opaque
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            fdsetId = try input.takeOptional("fdset-id")
            opaque = try input.takeOptional("opaque")
        }

        public func write(to output: inout JSONObject) {
            output["fdset-id"] = fdsetId?.json
            output["opaque"] = opaque?.json
        }
    }
}

/// Takes a descriptor, or all of them, out of a set.
public enum RemoveFdCommand: QAPICommand {
    public static let name = "remove-fd"
    public static let isEarly = true
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var fdsetId: Int64
        public var fd: Int64?

        public init(
            fdsetId: Int64,
            fd: Int64? = nil
        ) {
            self.fdsetId = fdsetId
            self.fd = fd
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            fdsetId = try input.take("fdset-id")
            fd = try input.takeOptional("fd")
        }

        public func write(to output: inout JSONObject) {
            output["fdset-id"] = fdsetId.json
            output["fd"] = fd?.json
        }
    }
}

/// Lists the sets of descriptors.
public enum QueryFdsetsCommand: QAPICommand {
    public static let name = "query-fdsets"
    public static let isEarly = true
    public typealias Return = [FdsetInfo]
    public typealias Arguments = QAPIEmpty
}

/// Gives the descriptor of a name to a service as a client's connection.
public enum AddClientCommand: QAPICommand {
    public static let name = "add_client"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        /// the id of a character back end that is a socket server
        public var `protocol`: String
        public var fdname: String
        public var skipauth: Bool?
        public var tls: Bool?

        public init(
            `protocol`: String,
            fdname: String,
            skipauth: Bool? = nil,
            tls: Bool? = nil
        ) {
            self.protocol = `protocol`
            self.fdname = fdname
            self.skipauth = skipauth
            self.tls = tls
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            `protocol` = try input.take("protocol")
            fdname = try input.take("fdname")
            skipauth = try input.takeOptional("skipauth")
            tls = try input.takeOptional("tls")
        }

        public func write(to output: inout JSONObject) {
            output["protocol"] = `protocol`.json
            output["fdname"] = fdname.json
            output["skipauth"] = skipauth?.json
            output["tls"] = tls?.json
        }
    }
}

/// Types of options' values.
public enum CommandLineParameterType: String, QAPIEnumeration {
    case string
    case boolean
    case number
    case size
}

/// A property of an option's value.
public struct CommandLineParameterInfo: QAPIObject {
    public var name: String
    public var type: CommandLineParameterType
    public var help: String?
    public var `default`: String?

    public init(
        name: String,
        type: CommandLineParameterType,
        help: String? = nil,
        `default`: String? = nil
    ) {
        self.name = name
        self.type = type
        self.help = help
        self.default = `default`
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        name = try input.take("name")
        type = try input.take("type")
        help = try input.takeOptional("help")
        `default` = try input.takeOptional("default")
    }

    public func write(to output: inout JSONObject) {
        output["name"] = name.json
        output["type"] = type.json
        output["help"] = help?.json
        output["default"] = `default`?.json
    }
}

/// An option of the command line.
public struct CommandLineOptionInfo: QAPIObject {
    public var option: String
    public var parameters: [CommandLineParameterInfo]

    public init(
        option: String,
        parameters: [CommandLineParameterInfo]
    ) {
        self.option = option
        self.parameters = parameters
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        option = try input.take("option")
        parameters = try input.take("parameters")
    }

    public func write(to output: inout JSONObject) {
        output["option"] = option.json
        output["parameters"] = parameters.json
    }
}

/// Lists options of the command line with the properties that they take.
public enum QueryCommandLineOptionsCommand: QAPICommand {
    public static let name = "query-command-line-options"
    public static let isEarly = true
    public typealias Return = [CommandLineOptionInfo]

    public struct Arguments: QAPIObject {
        /// only this one
        public var option: String?

        public init(
            option: String? = nil
        ) {
            self.option = option
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            option = try input.takeOptional("option")
        }

        public func write(to output: inout JSONObject) {
            output["option"] = option?.json
        }
    }
}
