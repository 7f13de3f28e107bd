import JSON

extension String: QAPIValue {
    public init(json: JSONValue, name: String) throws(QAPIError) {
        guard let text = json.string else { throw .badType(name, expected: "string") }
        self = text
    }
    public var json: JSONValue { .string(self) }
}

/// JSON's null, where it says something.
public struct QAPINull: QAPIValue {
    public init() {}
    public init(json: JSONValue, name: String) throws(QAPIError) {
        guard case .null = json else { throw .badType(name, expected: "null") }
    }
    public var json: JSONValue { .null }
}

extension Bool: QAPIValue {
    public init(json: JSONValue, name: String) throws(QAPIError) {
        guard let value = json.bool else { throw .badType(name, expected: "boolean") }
        self = value
    }
    public var json: JSONValue { .bool(self) }
}

extension Double: QAPIValue {
    public init(json: JSONValue, name: String) throws(QAPIError) {
        switch json {
        case .integer(let value): self = Double(value)
        case .unsigned(let value): self = Double(value)
        case .double(let value): self = value
        default: throw .badType(name, expected: "number")
        }
    }
    public var json: JSONValue { .double(self) }
}

extension FixedWidthInteger {
    /// An integer that must fit; for 64 bits without a sign a negative one stands for what has the same bits, as QEMU takes it.
    init(qapi json: JSONValue, _ name: String) throws(QAPIError) {
        switch json {
        case .integer(let value) where Self.bitWidth == 64: self = Self(truncatingIfNeeded: value)
        case .unsigned(let value) where Self.bitWidth == 64 && !Self.isSigned: self = Self(truncatingIfNeeded: value)
        case .integer(let value):
            guard let fitting = Self(exactly: value) else { throw .badValue(name, String(value)) }
            self = fitting
        default: throw .badType(name, expected: "integer")
        }
    }
}

extension Int64: QAPIValue {
    public init(json: JSONValue, name: String) throws(QAPIError) { try self.init(qapi: json, name) }
    public var json: JSONValue { .integer(self) }
}

extension UInt64: QAPIValue {
    public init(json: JSONValue, name: String) throws(QAPIError) { try self.init(qapi: json, name) }
    public var json: JSONValue { JSONValue(self) }
}

extension Int32: QAPIValue {
    public init(json: JSONValue, name: String) throws(QAPIError) { try self.init(qapi: json, name) }
    public var json: JSONValue { .integer(Int64(self)) }
}

extension UInt32: QAPIValue {
    public init(json: JSONValue, name: String) throws(QAPIError) { try self.init(qapi: json, name) }
    public var json: JSONValue { .integer(Int64(self)) }
}

extension UInt8: QAPIValue {
    public init(json: JSONValue, name: String) throws(QAPIError) { try self.init(qapi: json, name) }
    public var json: JSONValue { .integer(Int64(self)) }
}

extension UInt16: QAPIValue {
    public init(json: JSONValue, name: String) throws(QAPIError) { try self.init(qapi: json, name) }
    public var json: JSONValue { .integer(Int64(self)) }
}

extension JSONValue: QAPIValue {
    public init(json: JSONValue, name: String) throws(QAPIError) { self = json }
    public var json: JSONValue { self }
}

extension Array: QAPIValue where Element: QAPIValue {
    public init(json: JSONValue, name: String) throws(QAPIError) {
        guard let values = json.array else { throw .badType(name, expected: "array") }
        self = []
        for (index, value) in values.enumerated() { append(try Element(json: value, name: "\(name)[\(index)]")) }
    }
    public var json: JSONValue { .array(map(\.json)) }
}
