import Diagnostics
import JSON

public enum CommandLineError: ExplainedError {
    case unknownOption(String)
    case missingValue(String)
    case unexpected(String)
    case badValue(option: String, value: String, expected: String)
    case unknownName(option: String, name: String, accepted: [String])
    case unknownProperty(option: String, property: String, accepted: [String])
    case notSupported(String)
    /// What is asked for cannot be, for a reason in QEMU's words.
    case refused(option: String, value: String, reason: String)

    public var cause: String {
        switch self {
        case .unknownOption(let name): "unknown option '\(name)'"
        case .missingValue(let name): "option '\(name)' needs a value"
        case .unexpected(let word): "'\(word)' is no option"
        case .badValue(let option, let value, _): "-\(option): '\(value)' is not accepted"
        case .unknownName(let option, let name, _): "-\(option): there is no '\(name)'"
        case .unknownProperty(let option, let property, _): "-\(option): unknown property '\(property)'"
        case .notSupported(let what): "\(what) is not supported"
        case .refused(let option, let value, let reason): "-\(option)\(value.isEmpty ? "" : " " + value): \(reason)"
        }
    }

    public var remedy: String? {
        switch self {
        case .unknownOption(let name):
            nearestName(to: String(name.drop { $0 == "-" }), in: OptionRow.all.map(\.name)).map { "did you mean '-\($0)'? -help lists all" }
                ?? "-help lists all options"
        case .missingValue(let name): OptionRow.find(String(name.drop { $0 == "-" })).map { "write -\($0.name) \($0.argument ?? "")" }
        case .unexpected: "a disk image is given by -drive file=IMAGE"
        case .badValue(_, _, let expected): "accepted: \(expected)"
        case .unknownName(_, let name, let accepted): suggestion(for: name, among: accepted)
        case .unknownProperty(_, let property, let accepted): suggestion(for: property, among: accepted)
        case .notSupported, .refused: nil
        }
    }
}

/// A command line, cut into options in their order.
public struct ParsedCommandLine {
    public private(set) var options: [(name: String, value: String)] = []

    public init(options: [(name: String, value: String)]) { self.options = options }

    /// Parses everything behind the program's name.
    public init(_ words: [String]) throws(CommandLineError) {
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("-"), word.count > 1 else { throw .unexpected(word) }
            let name = String(word.drop { $0 == "-" })
            guard let row = OptionRow.find(name) else {
                throw OptionRow.unsupported.contains(name) ? .notSupported("QEMU's option '\(word)'") : .unknownOption(word)
            }
            if row.argument == nil {
                options.append((row.name, ""))
            } else {
                guard let value = rest.popFirst() else { throw .missingValue(word) }
                if row.name == "set" { try set(value) } else { options.append((row.name, value)) }
            }
        }
    }

    /// `-set OPTION.ID.PROPERTY=VALUE`: one more property of what an option before has made.
    private mutating func set(_ text: String) throws(CommandLineError) {
        let expected = "OPTION.ID.PROPERTY=VALUE, behind an -OPTION …,id=ID"
        let parts = text.split(separator: ".", maxSplits: 2).map(String.init)
        guard parts.count == 3, let equals = parts[2].firstIndex(of: "=") else {
            throw .badValue(option: "set", value: text, expected: expected)
        }
        let found = options.lastIndex { name, value in
            let names = [name, OptionRow.find(name)?.queryName]
            return names.contains(parts[0]) && PropertyList(value, option: name, implied: nil)["id"] == parts[1]
        }
        guard let found else { throw .badValue(option: "set", value: text, expected: expected) }
        let value = parts[2][parts[2].index(after: equals)...].replacing(",", with: ",,")
        options[found].value += ",\(parts[2][..<equals])=\(value)"
    }

    /// The last value of an option.
    public func last(_ name: String) -> String? { options.last { $0.name == name }?.value }
    public func all(_ name: String) -> [String] { options.filter { $0.name == name }.map(\.value) }
    public func has(_ name: String) -> Bool { options.contains { $0.name == name } }

    /// The properties of an option that is given as `-OPTION help` or `-OPTION …,help`, if it has any of its own; nil if there is no such one.
    public var propertyHelp: String? {
        for (name, value) in options {
            guard let row = OptionRow.find(name), let properties = row.properties, !properties.isEmpty else { continue }
            let words = PropertyList(value, option: name, implied: "").values.map { $0.key.isEmpty ? $0.value : $0.key }
            guard words.contains("help") || words.contains("?") else { continue }
            return "\(row.queryName) options:\n" + properties.map { "  \($0.name)=<\($0.kind.text)>\n" }.joined()
        }
        return nil
    }

    /// The help text.
    public static func help(program: String) -> String {
        let rows = OptionRow.all.map { row in
            let usage = "-\(row.name)" + row.aliases.map { " or -\($0)" }.joined() + (row.argument.map { " \($0)" } ?? "")
            let gap = usage.count < 30 ? String(repeating: " ", count: 30 - usage.count) : "\n" + String(repeating: " ", count: 30)
            return usage + gap + row.help
        }
        return "usage: \(program) [options]\n\n" + rows.joined(separator: "\n") + "\n"
    }
}

/// The properties in an option's value: `first,key=value,…`. A comma in a value is written twice.
public struct PropertyList {
    public let option: String
    public private(set) var values: [(key: String, value: String)] = []

    /// `implied` is the key of a first word without one.
    public init(_ text: String, option: String, implied: String?) {
        self.option = option
        for (index, part) in PropertyList.split(text).enumerated() {
            if let equals = part.firstIndex(of: "=") {
                values.append((String(part[..<equals]), String(part[part.index(after: equals)...])))
            } else if index == 0, let implied {
                values.append((implied, part))
            } else {
                // A bare word is a switch: "no" in front turns it off.
                values.append(part.hasPrefix("no") ? (String(part.dropFirst(2)), "off") : (part, "on"))
            }
        }
    }

    /// Made of values that are known already.
    public init(option: String, _ values: [(key: String, value: String)]) { (self.option, self.values) = (option, values) }

    /// The properties that an object of JSON has: members of members are written `a.b`, and each string of a list as the list itself.
    public init(option: String, _ object: JSONObject) {
        self.option = option
        for (name, value) in object.members { add(name, value) }
    }

    /// The properties in a value that may be an object of JSON instead.
    public init(jsonOr text: String, option: String, implied: String?) throws(CommandLineError) {
        if let object = try parseObject(text, option: option) {
            self.init(option: option, object)
        } else {
            self.init(text, option: option, implied: implied)
        }
    }

    private mutating func add(_ name: String, _ value: JSONValue) {
        switch value {
        case .string(let text): values.append((name, text))
        case .bool(let isOn): values.append((name, isOn ? "on" : "off"))
        case .array(let elements): for element in elements { add(name, element.object?["str"] ?? element) }
        case .object(let members): for (inner, value) in members.members { add("\(name).\(inner)", value) }
        default: values.append((name, value.text()))
        }
    }

    private static func split(_ text: String) -> [String] {
        var parts = [""]
        var characters = Array(text)[...]
        while let character = characters.popFirst() {
            if character != "," {
                parts[parts.count - 1].append(character)
            } else if characters.first == "," {
                characters.removeFirst()
                parts[parts.count - 1].append(",")
            } else {
                parts.append("")
            }
        }
        return parts
    }

    public subscript(_ key: String) -> String? { values.last { $0.key == key }?.value }

    /// The list as text, with another value of a property that is there.
    public func replacing(_ key: String, _ change: (String) -> String) -> String {
        func escaped(_ text: String) -> String { text.replacing(",", with: ",,") }
        return values.map { escaped($0.key) + "=" + escaped($0.key == key ? change($0.value) : $0.value) }.joined(separator: ",")
    }

    public func all(_ key: String) -> [String] { values.filter { $0.key == key }.map(\.value) }

    /// Complains about a property that is not among those.
    public func check(_ accepted: [String]) throws(CommandLineError) {
        for (key, _) in values where !accepted.contains(key) {
            throw .unknownProperty(option: option, property: key, accepted: accepted)
        }
    }

    /// Complains about a property that the option does not declare.
    public func checkDeclared() throws(CommandLineError) { try check(OptionRow.find(option)?.properties?.map(\.name) ?? []) }

    /// Whether the value asks for a list of what it may hold: `NAME,help`.
    public var asksForHelp: Bool { values.contains { $0.key == "help" || $0.key == "?" } }

    public func bool(_ key: String, default value: Bool) throws(CommandLineError) -> Bool {
        switch self[key] {
        case nil: return value
        case "on", "true", "yes": return true
        case "off", "false", "no": return false
        case let text?: throw .badValue(option: option, value: "\(key)=\(text)", expected: "on, off")
        }
    }

    public func integer(_ key: String) throws(CommandLineError) -> Int? {
        guard let text = self[key] else { return nil }
        guard let value = Int(text), value >= 0 else { throw .badValue(option: option, value: "\(key)=\(text)", expected: "a number") }
        return value
    }
}

/// The object of JSON that an option's value is; nil if it does not begin as one.
public func parseObject(_ text: String, option: String) throws(CommandLineError) -> JSONObject? {
    guard text.hasPrefix("{") else { return nil }
    do {
        if case .object(let object) = try JSONValue(parsing: text) { return object }
        throw JSONError.expectedValue
    } catch {
        throw .badValue(option: option, value: text, expected: "an object of JSON (\((error as? JSONError)?.description ?? "\(error)"))")
    }
}

/// Bytes from a size with a suffix; without one they are `unit`s.
public func parseSize(_ text: String, option: String, unit: UInt64 = 1) throws(CommandLineError) -> UInt64 {
    let suffixes: [Character: UInt64] = ["b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40]
    var digits = text[...]
    var factor = unit
    if let last = text.lowercased().last, let known = suffixes[last] {
        digits = digits.dropLast()
        factor = known
    }
    guard let number = UInt64(digits), case let (bytes, overflow) = number.multipliedReportingOverflow(by: factor), !overflow, bytes > 0 else {
        throw .badValue(option: option, value: text, expected: "a size such as 512, 512M or 2G")
    }
    return bytes
}
