/// Writes a schema's types in Swift: structures, enumerations, and for each command and event a type with its name and arguments.
public struct SwiftTypes {
    private let schema: Schema
    private var lines: [String] = []

    /// The file for the definitions of one part of a schema; types of other parts may be used.
    public static func file(_ part: Schema, in schema: Schema) -> String {
        var writer = SwiftTypes(schema: schema)
        writer.lines = ["// Made by apus-schema from Sources/Control/Schema/Text. Change it there.", "", "import JSON"]
        for entry in part.entries { writer.write(entry) }
        return writer.lines.joined(separator: "\n") + "\n"
    }

    private init(schema: Schema) { self.schema = schema }

    private mutating func put(_ depth: Int, _ line: String) { lines.append(String(repeating: "    ", count: depth) + line) }
    private mutating func document(_ depth: Int, _ help: String) { if !help.isEmpty { put(depth, "/// " + help) } }

    private mutating func write(_ entry: Schema.Entry) {
        lines.append("")
        document(0, entry.help)
        switch entry.definition {
        case .enumeration(let values): writeEnumeration(entry.name, values)
        case .structure(let members): writeStructure(0, entry.name, "QAPIObject", members, isOpen: false)
        case .union(let members, let tag, let branches): writeUnion(entry.name, members, tag, branches)
        case .alternate(let types): writeAlternate(entry.name, types)
        case .command(let command): writeCommand(entry.name, command)
        case .event(let members): writeEvent(entry.name, members)
        }
    }

    // MARK: Names

    private static let keywords: Set = [
        "case", "class", "default", "enum", "false", "in", "init", "internal", "nil", "protocol", "repeat", "return", "self", "static", "struct",
        "switch", "true",
    ]

    /// `is-default` → isDefault, `UUID` → uuid, `1` → number1.
    static func identifier(_ name: String) -> String {
        let parts = name.split { "-_.".contains($0) }.map(String.init)
        let joined = parts.enumerated().map { index, part in
            index > 0 ? part.prefix(1).uppercased() + part.dropFirst() : part == part.uppercased() ? part.lowercased() : part
        }.joined()
        if joined.first?.isNumber == true { return "number\(joined)" }
        return keywords.contains(joined) ? "`\(joined)`" : joined
    }

    /// `query-status` → QueryStatus, `BLOCK_IO_ERROR` → BlockIoError.
    static func typeName(_ name: String) -> String {
        name.split { "-_".contains($0) }.map { part in
            let word = part == part.uppercased()[...] ? part.lowercased() : String(part)
            return word.prefix(1).uppercased() + word.dropFirst()
        }.joined()
    }

    private func swiftType(_ reference: Schema.TypeReference) -> String {
        let builtins = [
            "str": "String", "int": "Int64", "int8": "Int8", "int16": "Int16", "int32": "Int32", "uint8": "UInt8", "uint16": "UInt16",
            "uint32": "UInt32", "uint64": "UInt64", "size": "UInt64", "bool": "Bool", "number": "Double", "any": "JSONValue", "null": "QAPINull",
        ]
        let name = builtins[reference.name] ?? reference.name
        return reference.isList ? "[\(name)]" : name
    }

    private func swiftType(_ member: Schema.Member) -> String { swiftType(member.type) + (member.isOptional ? "?" : "") }

    // MARK: Types

    private mutating func writeEnumeration(_ name: String, _ values: [String]) {
        put(0, "public enum \(name): String, QAPIEnumeration {")
        for value in values {
            let identifier = SwiftTypes.identifier(value)
            put(1, identifier == value ? "case \(value)" : "case \(identifier) = \"\(value)\"")
        }
        put(0, "}")
    }

    private mutating func writeStructure(_ depth: Int, _ name: String, _ conformance: String, _ members: [Schema.Member], isOpen: Bool) {
        put(depth, "public struct \(name): \(conformance) {")
        writeMembers(depth + 1, members, more: isOpen ? ["rest": "JSONObject"] : [:])
        put(depth + 1, "public init(reading input: inout QAPIInput) throws(QAPIError) {")
        for member in members { put(depth + 2, "\(SwiftTypes.identifier(member.name)) = try input.\(reading(member))") }
        if isOpen { put(depth + 2, "rest = input.takeRest()") }
        put(depth + 1, "}")
        lines.append("")
        put(depth + 1, "public func write(to output: inout JSONObject) {")
        for member in members {
            put(depth + 2, "output[\"\(member.name)\"] = \(SwiftTypes.identifier(member.name))\(member.isOptional ? "?" : "").json")
        }
        if isOpen { put(depth + 2, "for (name, value) in rest.members { output[name] = value }") }
        put(depth + 1, "}")
        put(depth, "}")
    }

    private func reading(_ member: Schema.Member) -> String { "\(member.isOptional ? "takeOptional" : "take")(\"\(member.name)\")" }

    /// Properties and the initializer that takes them one by one.
    private mutating func writeMembers(_ depth: Int, _ members: [Schema.Member], more: KeyValuePairs<String, String>) {
        for member in members {
            document(depth, member.help)
            put(depth, "public var \(SwiftTypes.identifier(member.name)): \(swiftType(member))")
        }
        for (name, type) in more { put(depth, "public var \(name): \(type)") }
        if !members.isEmpty || more.count > 0 { lines.append("") }
        put(depth, "public init(")
        let names = members.map { (SwiftTypes.identifier($0.name), swiftType($0)) } + more.map { ($0.key, $0.value) }
        for (index, (name, type)) in names.enumerated() {
            put(depth + 1, "\(name): \(type)\(type.hasSuffix("?") ? " = nil" : "")\(index + 1 < names.count ? "," : "")")
        }
        if names.isEmpty { lines[lines.count - 1] += ") {}" } else { put(depth, ") {") }
        for (name, _) in names { put(depth + 1, "self.\(name.filter { $0 != "`" }) = \(name)") }
        if !names.isEmpty { put(depth, "}") }
        lines.append("")
    }

    private mutating func writeUnion(_ name: String, _ members: [Schema.Member], _ tag: String, _ branches: [(value: String, type: String?)]) {
        let others = members.filter { $0.name != tag }
        let kind = members.first { $0.name == tag }.map { swiftType($0) } ?? ""
        put(0, "public struct \(name): QAPIObject {")
        put(1, "public enum Branch: Sendable {")
        for (value, type) in branches { put(2, "case \(SwiftTypes.identifier(value))\(type.map { "(\($0))" } ?? "")") }
        put(1, "}")
        lines.append("")
        writeMembers(1, others, more: ["branch": "Branch"])
        put(1, "public init(reading input: inout QAPIInput) throws(QAPIError) {")
        for member in others { put(2, "\(SwiftTypes.identifier(member.name)) = try input.\(reading(member))") }
        put(2, "let kind: \(kind) = try input.take(\"\(tag)\")")
        put(2, "switch kind {")
        for (value, type) in branches {
            let identifier = SwiftTypes.identifier(value)
            put(2, "case .\(identifier): branch = .\(identifier)\(type.map { "(try \($0)(reading: &input))" } ?? "")")
        }
        put(2, "}")
        put(1, "}")
        lines.append("")
        put(1, "public func write(to output: inout JSONObject) {")
        for member in others { put(2, "output[\"\(member.name)\"] = \(SwiftTypes.identifier(member.name))\(member.isOptional ? "?" : "").json") }
        put(2, "switch branch {")
        for (value, type) in branches {
            put(2, "case .\(SwiftTypes.identifier(value))\(type == nil ? "" : "(let value)"):")
            put(3, "output[\"\(tag)\"] = \"\(value)\"")
            if type != nil { put(3, "value.write(to: &output)") }
        }
        put(2, "}")
        put(1, "}")
        put(0, "}")
    }

    private mutating func writeAlternate(_ name: String, _ types: [Schema.TypeReference]) {
        func label(_ type: Schema.TypeReference) -> String {
            (type.name.prefix(1).lowercased() + type.name.dropFirst()) + (type.isList ? "List" : "")
        }
        // A choice may hold what it is part of.
        put(0, "public indirect enum \(name): QAPIValue {")
        for type in types { put(1, "case \(label(type))(\(swiftType(type)))") }
        lines.append("")
        put(1, "public init(json: JSONValue, name: String) throws(QAPIError) {")
        for type in types { put(2, "if let value = try? \(swiftType(type))(json: json, name: name) { self = .\(label(type))(value); return }") }
        put(2, "throw QAPIError.badType(name, expected: \"\(types.map(\.name).joined(separator: " or "))\")")
        put(1, "}")
        lines.append("")
        put(1, "public var json: JSONValue {")
        put(2, "switch self {")
        for type in types { put(2, "case .\(label(type))(let value): value.json") }
        put(2, "}")
        put(1, "}")
        put(0, "}")
    }

    private mutating func writeCommand(_ name: String, _ command: Schema.Command) {
        put(0, "public enum \(SwiftTypes.typeName(name))Command: QAPICommand {")
        put(1, "public static let name = \"\(name)\"")
        if command.flags.contains(.oob) { put(1, "public static let allowsOutOfBand = true") }
        if command.flags.contains(.early) { put(1, "public static let isEarly = true") }
        put(1, "public typealias Return = \(command.result.map(swiftType) ?? "QAPIEmpty")")
        if let box = command.box {
            put(1, "public typealias Arguments = \(box)")
        } else if command.arguments.isEmpty, !command.flags.contains(.open) {
            put(1, "public typealias Arguments = QAPIEmpty")
        } else {
            lines.append("")
            writeStructure(1, "Arguments", "QAPIObject", command.arguments, isOpen: command.flags.contains(.open))
        }
        put(0, "}")
    }

    private mutating func writeEvent(_ name: String, _ members: [Schema.Member]) {
        let type = SwiftTypes.typeName(name) + "Event"
        writeStructure(0, type, "QAPIEvent", members, isOpen: false)
        lines.insert("    public static let name = \"\(name)\"", at: (lines.lastIndex { $0.hasPrefix("public struct \(type)") } ?? 0) + 1)
    }
}
