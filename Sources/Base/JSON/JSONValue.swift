/// A value of JSON (RFC 8259). Integers are exact from -2^63 to 2^64 - 1.
public enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// Only what is beyond `Int64`.
    case unsigned(UInt64)
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// An integer in the smallest form that holds it.
    public init(_ value: UInt64) { self = Int64(exactly: value).map { .integer($0) } ?? .unsigned(value) }
    public init(_ value: Int) { self = .integer(Int64(value)) }

    public var string: String? { if case .string(let text) = self { text } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var array: [JSONValue]? { if case .array(let values) = self { values } else { nil } }
    public var object: JSONObject? { if case .object(let members) = self { members } else { nil } }
}

/// The members of an object in the order in which they came; no name occurs twice.
public struct JSONObject: Sendable {
    public private(set) var names: [String] = []
    private var values: [String: JSONValue] = [:]

    public init() {}

    public var isEmpty: Bool { names.isEmpty }

    /// Setting nil removes a member.
    public subscript(_ name: String) -> JSONValue? {
        get { values[name] }
        set {
            let isThere = values[name] != nil
            values[name] = newValue
            if newValue == nil, isThere { names.removeAll { $0 == name } }
            if newValue != nil, !isThere { names.append(name) }
        }
    }

    public var members: [(name: String, value: JSONValue)] { names.compactMap { name in values[name].map { (name, $0) } } }
}

extension JSONObject: Equatable, ExpressibleByDictionaryLiteral {
    /// The order of members does not count.
    public static func == (a: JSONObject, b: JSONObject) -> Bool { a.values == b.values }

    public init(dictionaryLiteral elements: (String, JSONValue)...) { for (name, value) in elements { self[name] = value } }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        var object = JSONObject()
        for (name, value) in elements { object[name] = value }
        self = .object(object)
    }
}
