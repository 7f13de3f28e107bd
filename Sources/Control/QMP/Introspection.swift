import QAPI
import Schema

/// The schema as `query-qmp-schema` gives it: the commands that have handlers, the events, and the types that these reach. Types of the
/// schema's own have numbers for names, in the order in which they are met.
struct Introspection {
    private let schema: Schema
    private var infos: [SchemaInfo] = []
    private var numbers: [String: String] = [:]
    /// Definitions whose entries are still to be written.
    private var waiting: [(number: String, definition: Schema.Definition)] = []

    static func describe(_ schema: Schema, commands: Set<String>) -> [SchemaInfo] {
        var writer = Introspection(schema: schema)
        for entry in schema.entries {
            switch entry.definition {
            case .command(let command) where commands.contains(entry.name): writer.add(entry.name, command)
            case .event(let members):
                let arguments = writer.anonymous(.structure(members))
                writer.infos.append(SchemaInfo(name: entry.name, branch: .event(SchemaInfoEvent(argType: arguments))))
            default: break
            }
        }
        writer.addTypes()
        return writer.infos
    }

    private init(schema: Schema) { self.schema = schema }

    private mutating func add(_ name: String, _ command: Schema.Command) {
        let arguments = command.box.map { reference(.init(name: $0, isList: false)) } ?? anonymous(.structure(command.arguments))
        let result = command.result.map { reference($0) } ?? anonymous(.structure([]))
        let features = command.features + (command.flags.contains(.unstable) ? ["unstable"] : [])
        let info = SchemaInfoCommand(argType: arguments, retType: result, allowOob: command.flags.contains(.oob) ? true : nil)
        infos.append(SchemaInfo(name: name, features: features.isEmpty ? nil : features, branch: .command(info)))
    }

    /// The number of a type without a name; all that are empty are one.
    private mutating func anonymous(_ definition: Schema.Definition) -> String {
        if case .structure(let members) = definition, members.isEmpty { return number("", .structure([])) }
        return number("anonymous \(numbers.count)", definition)
    }

    private mutating func number(_ key: String, _ definition: Schema.Definition) -> String {
        if let known = numbers[key] { return known }
        let number = String(numbers.count)
        numbers[key] = number
        waiting.append((number, definition))
        return number
    }

    /// What other entries call a type.
    private mutating func reference(_ type: Schema.TypeReference) -> String {
        let name = element(type.name)
        guard type.isList else { return name }
        let list = "[\(name)]"
        if numbers[list] == nil {
            numbers[list] = list
            infos.append(SchemaInfo(name: list, branch: .array(SchemaInfoArray(elementType: name))))
        }
        return list
    }

    private mutating func element(_ name: String) -> String {
        if let entry = schema[name] { return number(name, entry.definition) }
        let builtin = Introspection.builtin(name)
        if numbers[builtin.name] == nil {
            numbers[builtin.name] = builtin.name
            infos.append(SchemaInfo(name: builtin.name, branch: .builtin(SchemaInfoBuiltin(jsonType: builtin.json))))
        }
        return builtin.name
    }

    /// All integers are `int` outside.
    private static func builtin(_ name: String) -> (name: String, json: JSONType) {
        switch name {
        case "str": ("str", .string)
        case "bool": ("bool", .boolean)
        case "number": ("number", .number)
        case "any": ("any", .value)
        case "null": ("null", .null)
        default: ("int", .int)
        }
    }

    // MARK: Types

    private mutating func addTypes() {
        var place = 0
        while place < waiting.count {
            let (number, definition) = waiting[place]
            if let branch = branch(definition) { infos.append(SchemaInfo(name: number, branch: branch)) }
            place += 1
        }
    }

    private mutating func branch(_ definition: Schema.Definition) -> SchemaInfo.Branch? {
        switch definition {
        case .enumeration(let values): .enum(SchemaInfoEnum(members: values.map { SchemaInfoEnumMember(name: $0) }, values: values))
        case .structure(let members): .object(SchemaInfoObject(members: members.map { member($0) }))
        case .union(let members, let tag, let branches): .object(union(members, tag, branches))
        case .alternate(let types): .alternate(SchemaInfoAlternate(members: types.map { SchemaInfoAlternateMember(type: reference($0)) }))
        case .command, .event: nil
        }
    }

    private mutating func member(_ member: Schema.Member) -> SchemaInfoObjectMember {
        SchemaInfoObjectMember(name: member.name, type: reference(member.type), default: member.isOptional ? .null : nil)
    }

    private mutating func union(_ members: [Schema.Member], _ tag: String, _ branches: [(value: String, type: String?)]) -> SchemaInfoObject {
        let variants = branches.map { value, type in
            SchemaInfoObjectVariant(case: value, type: type.map { reference(.init(name: $0, isList: false)) } ?? anonymous(.structure([])))
        }
        return SchemaInfoObject(members: members.map { member($0) }, tag: tag, variants: variants)
    }
}
