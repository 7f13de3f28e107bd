/// What the machine protocol knows: its commands, events and the types of what they carry.
public struct Schema: Sendable {
    public enum Definition: Sendable {
        case enumeration([String])
        case structure([Member])
        /// Members, the one among them whose value chooses a branch, and the branches' structures; nil where nothing is added.
        case union([Member], tag: String, branches: [(value: String, type: String?)])
        /// A value of one of several types.
        case alternate([TypeReference])
        case command(Command)
        case event([Member])
    }

    /// A type by its name, or a list of it.
    public struct TypeReference: Equatable, Sendable {
        public let name: String
        public let isList: Bool

        public init(name: String, isList: Bool) { (self.name, self.isList) = (name, isList) }
    }

    public struct Member: Sendable {
        public let name: String
        public let isOptional: Bool
        public let type: TypeReference
        public let help: String

        public init(name: String, isOptional: Bool, type: TypeReference, help: String) {
            (self.name, self.isOptional, self.type, self.help) = (name, isOptional, type, help)
        }
    }

    public struct Command: Sendable {
        public let arguments: [Member]
        /// A union or structure that is all of the arguments.
        public let box: String?
        public let result: TypeReference?
        public let flags: Set<Flag>
        /// What clients look for to learn how the command behaves.
        public let features: [String]
    }

    public enum Flag: String, Sendable, CaseIterable {
        /// May overtake what runs (`exec-oob`).
        case oob
        /// Is allowed before the machine is made (`-preconfig`).
        case early
        /// Takes more arguments than are named: properties of what is made.
        case open
        /// May change or go away.
        case unstable
    }

    public struct Entry: Sendable {
        public let name: String
        public let help: String
        public let definition: Definition
    }

    public private(set) var entries: [Entry] = []
    private var places: [String: Int] = [:]

    /// Types that need no definition. All integers are `int` to a peer; the width is checked here.
    public static let builtins = [
        "str", "int", "int8", "int16", "int32", "uint8", "uint16", "uint32", "uint64", "size", "bool", "number", "any", "null",
    ]

    public init() {}

    public subscript(_ name: String) -> Entry? { places[name].map { entries[$0] } }

    /// False if there is an entry of that name.
    mutating func add(_ entry: Entry) -> Bool {
        guard places[entry.name] == nil else { return false }
        places[entry.name] = entries.count
        entries.append(entry)
        return true
    }

    /// The schema with a union for the arguments of an open command: one branch for each value of the tag.
    /// `enumerations` are those that the branches' members have.
    public func describing(
        _ name: String, by tag: String, _ branches: [(value: String, members: [Member])], enumerations: [(name: String, values: [String])]
    ) -> Schema {
        guard case .command(let command)? = self[name]?.definition, let help = self[name]?.help else { return self }
        var result = Schema()
        for entry in entries where entry.name != name { _ = result.add(entry) }
        for (name, values) in enumerations { _ = result.add(Entry(name: name, help: "", definition: .enumeration(values))) }
        let kind = "\(name) \(tag)", box = "\(name) arguments"
        _ = result.add(Entry(name: kind, help: "", definition: .enumeration(branches.map(\.value))))
        for (value, members) in branches { _ = result.add(Entry(name: "\(name) \(value)", help: "", definition: .structure(members))) }
        let members = command.arguments.map { member in
            member.name == tag ? Member(name: tag, isOptional: false, type: TypeReference(name: kind, isList: false), help: "") : member
        }
        let union = Definition.union(members, tag: tag, branches: branches.map { ($0.value, "\(name) \($0.value)") })
        _ = result.add(Entry(name: box, help: "", definition: union))
        let boxed = Command(arguments: [], box: box, result: command.result, flags: command.flags, features: command.features)
        _ = result.add(Entry(name: name, help: help, definition: .command(boxed)))
        return result
    }

    /// Names that are used and not defined.
    public var undefined: [String] {
        let used = entries.flatMap { references($0.definition) }
        return used.filter { !Schema.builtins.contains($0) && places[$0] == nil }
    }

    private func references(_ definition: Definition) -> [String] {
        switch definition {
        case .enumeration: []
        case .structure(let members), .event(let members): members.map(\.type.name)
        case .union(let members, _, let branches): members.map(\.type.name) + branches.compactMap(\.type)
        case .alternate(let types): types.map(\.name)
        case .command(let command): command.arguments.map(\.type.name) + [command.box, command.result?.name].compactMap { $0 }
        }
    }
}
