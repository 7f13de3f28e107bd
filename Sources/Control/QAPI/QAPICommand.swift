import JSON

/// A command: its name and the types of what it takes and gives. Made from the schema.
public protocol QAPICommand {
    associatedtype Arguments: QAPIObject
    associatedtype Return: QAPIValue
    static var name: String { get }
    static var allowsOutOfBand: Bool { get }
    /// Whether it may come before the machine is made.
    static var isEarly: Bool { get }
}

extension QAPICommand {
    public static var allowsOutOfBand: Bool { false }
    public static var isEarly: Bool { false }
}

/// Something that has happened. Made from the schema.
public protocol QAPIEvent: QAPIObject {
    static var name: String { get }
}

/// Whoever has sent a command.
public protocol QAPIPeer: AnyObject {
    /// Descriptors that have come with its messages, and those that have names.
    var descriptors: PeerDescriptors { get }
}

/// All commands that can be given, each with its handler. Handlers live beside what they are about and are added here.
public struct CommandTable {
    public struct Row {
        public let name: String
        public let allowsOutOfBand: Bool
        public let isEarly: Bool
        /// The vCPUs must stand still.
        public let stopsVCPUs: Bool
        let run: (JSONObject, (any QAPIPeer)?) throws -> JSONValue

        /// Checks the arguments and runs the handler.
        public func call(_ arguments: JSONObject, from peer: (any QAPIPeer)?) -> Result<JSONValue, QAPIError> {
            do { return .success(try run(arguments, peer)) } catch { return .failure(QAPIError(error)) }
        }
    }

    public private(set) var rows: [String: Row] = [:]

    public init() {}

    public subscript(_ name: String) -> Row? { rows[name] }

    /// Adds a command. With `stopped` its handler runs while the vCPUs stand still.
    public mutating func on<Command: QAPICommand>(
        _ command: Command.Type, stopped: Bool = false, _ body: @escaping (Command.Arguments) throws -> Command.Return
    ) {
        onPeer(command, stopped: stopped) { arguments, _ in try body(arguments) }
    }

    /// Adds a command without arguments.
    public mutating func on<Command: QAPICommand>(_ command: Command.Type, stopped: Bool = false, _ body: @escaping () throws -> Command.Return)
    where Command.Arguments == QAPIEmpty {
        onPeer(command, stopped: stopped) { _, _ in try body() }
    }

    /// Adds a command that needs to know who gives it.
    public mutating func onPeer<Command: QAPICommand>(
        _ command: Command.Type, stopped: Bool = false, _ body: @escaping (Command.Arguments, (any QAPIPeer)?) throws -> Command.Return
    ) {
        precondition(rows[Command.name] == nil, "\(Command.name) has a handler already")
        rows[Command.name] = Row(
            name: Command.name, allowsOutOfBand: Command.allowsOutOfBand, isEarly: Command.isEarly, stopsVCPUs: stopped
        ) { arguments, peer in try body(Command.Arguments(arguments), peer).json }
    }

    /// What a command gives, for another part of the house.
    public func call<Command: QAPICommand>(_ command: Command.Type, _ arguments: Command.Arguments) throws(QAPIError) -> Command.Return {
        guard let row = rows[Command.name] else { throw .init(.commandNotFound, "The command \(Command.name) has not been found") }
        return try Command.Return(json: row.call(arguments.object, from: nil).get(), name: Command.name)
    }

    public func call<Command: QAPICommand>(_ command: Command.Type) throws(QAPIError) -> Command.Return where Command.Arguments == QAPIEmpty {
        try call(command, QAPIEmpty())
    }
}
