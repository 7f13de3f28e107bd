import JSON

/// Something that commands, answers and events are made of. `name` is where it stands, for the error's sentence: "backend.data".
public protocol QAPIValue: Sendable {
    init(json: JSONValue, name: String) throws(QAPIError)
    var json: JSONValue { get }
}

/// A value with named members.
public protocol QAPIObject: QAPIValue {
    init(reading input: inout QAPIInput) throws(QAPIError)
    func write(to output: inout JSONObject)
}

extension QAPIObject {
    public init(json: JSONValue, name: String) throws(QAPIError) {
        guard case .object(let members) = json else { throw .badType(name, expected: "object") }
        try self.init(members, name: name)
    }

    public init(_ members: JSONObject, name: String = "") throws(QAPIError) {
        var input = QAPIInput(members, name: name)
        try self.init(reading: &input)
        try input.finish()
    }

    public var object: JSONObject {
        var output = JSONObject()
        write(to: &output)
        return output
    }

    public var json: JSONValue { .object(object) }
}

/// Members that are taken one by one, until none is left.
public struct QAPIInput {
    private var members: JSONObject
    private let prefix: String

    init(_ members: JSONObject, name: String) { (self.members, prefix) = (members, name.isEmpty ? "" : name + ".") }

    public mutating func take<Value: QAPIValue>(_ name: String) throws(QAPIError) -> Value {
        guard let value: Value = try takeOptional(name) else { throw .missing(prefix + name) }
        return value
    }

    public mutating func takeOptional<Value: QAPIValue>(_ name: String) throws(QAPIError) -> Value? {
        guard let value = members[name] else { return nil }
        members[name] = nil
        return try Value(json: value, name: prefix + name)
    }

    public mutating func takeRest() -> JSONObject {
        defer { members = JSONObject() }
        return members
    }

    func finish() throws(QAPIError) { if let name = members.names.first { throw .unexpected(prefix + name) } }
}

/// Values with names.
public protocol QAPIEnumeration: QAPIValue, CaseIterable, RawRepresentable<String> {}

extension QAPIEnumeration {
    public init(json: JSONValue, name: String) throws(QAPIError) {
        guard let text = json.string else { throw .badType(name, expected: "string") }
        guard let value = Self(rawValue: text) else { throw .badValue(name, text) }
        self = value
    }

    public var json: JSONValue { .string(rawValue) }
}

/// No members at all.
public struct QAPIEmpty: QAPIObject {
    public init() {}
    public init(reading input: inout QAPIInput) throws(QAPIError) {}
    public func write(to output: inout JSONObject) {}
}
