import JSON
import QAPI
import Schema

/// The session that commands work on.
public protocol QMPTarget: AnyObject {
    /// Does work with all vCPUs stopped, soon; they go on afterwards if they are meant to run.
    func whileStopped(_ work: @escaping () -> Void)
    /// Whether there is a machine already; before, only some commands are allowed.
    var hasMachine: Bool { get }
}

/// What all machine-protocol monitors of a session share.
public final class QMPServer {
    /// All commands, filled in before the first monitor begins.
    public var commands = CommandTable()
    public let events: EventHub
    let version: VersionInfo
    weak var target: (any QMPTarget)?

    public init(version: VersionInfo, events: EventHub, target: any QMPTarget) {
        (self.version, self.events, self.target) = (version, events, target)
        // A monitor obeys it only before anything else; here it is so that it is listed.
        commands.on(QmpCapabilitiesCommand.self) { _ in
            throw QAPIError(.commandNotFound, "Capabilities negotiation is already complete, command ignored")
        }
        commands.on(QueryVersionCommand.self) { version }
        commands.on(QueryCommandsCommand.self) { [unowned self] in commands.rows.keys.sorted().map(CommandInfo.init) }
    }

    /// The command of a request, if it may be given now.
    func row(_ request: QMPRequest) throws(QAPIError) -> CommandTable.Row {
        guard let row = commands[request.command] else {
            throw .init(.commandNotFound, "The command \(request.command) has not been found")
        }
        if request.isOutOfBand, !row.allowsOutOfBand { throw .init(.generic, "The command \(request.command) does not support OOB") }
        if !row.isEarly, target?.hasMachine != true {
            throw .init(.generic, "The command '\(request.command)' is permitted only after machine initialization has completed")
        }
        return row
    }
}

extension QMPServer {
    /// Adds `query-qmp-schema`, after all other commands: it tells of those that are there. The types of `object-add` are those given.
    public func registerIntrospection(
        objectTypes: [(name: String, members: [Schema.Member])], enumerations: [(name: String, values: [String])]
    ) {
        commands.on(QueryQmpSchemaCommand.self) { [unowned self] in
            let schema = Schema.all.describing(
                ObjectAddCommand.name, by: "qom-type", objectTypes.map { (value: $0.name, members: $0.members) }, enumerations: enumerations)
            return Introspection.describe(schema, commands: Set(commands.rows.keys))
        }
    }
}
