import JSON

/// Values for a type's properties, checked against its declarations.
public struct PropertyValues: Sendable {
    public let type: ObjectType
    private var given: [String: JSONValue] = [:]

    public init(_ type: ObjectType) { self.type = type }

    /// Sets a property from a command line's text.
    public mutating func set(_ name: String, text: String) throws(PropertyError) {
        let property = try declared(name)
        guard let value = property.kind.value(of: text), property.allows(value) else {
            throw .badValue(type: type.name, name: name, value: text, accepted: property.accepted)
        }
        // What is said again of a list is added to it.
        if case .array(let new) = value, case .array(let old)? = given[name] { given[name] = .array(old + new) } else { given[name] = value }
    }

    /// Sets a property from a message.
    public mutating func set(_ name: String, _ value: JSONValue) throws(PropertyError) {
        let property = try declared(name)
        guard let checked = property.kind.checked(value) else {
            if let text = value.string, property.kind.schemaName != "str" || property.kind.words != nil { return try set(name, text: text) }
            throw .badType(
                name: name, expected: property.kind.schemaName == "str" ? "string" : property.kind.schemaName == "bool" ? "boolean" : "integer")
        }
        guard property.allows(checked) else {
            throw .badValue(type: type.name, name: name, value: checked.text(), accepted: property.accepted)
        }
        given[name] = checked
    }

    private func declared(_ name: String) throws(PropertyError) -> Property {
        guard let property = type.property(name) else {
            throw .unknown(type: type.name, name: name, accepted: type.properties.map(\.name))
        }
        return property
    }

    /// Complains about what must be given and is not.
    public func checkComplete() throws(PropertyError) {
        for property in type.properties where property.isRequired && given[property.name] == nil { throw .missing(name: property.name) }
    }

    public func isGiven(_ name: String) -> Bool { given[name] != nil }

    /// What was given, or the default; nil if there is neither.
    public subscript(_ name: String) -> JSONValue? {
        precondition(type.property(name) != nil, "\(type.name) declares no property '\(name)'")
        return given[name] ?? type.property(name)?.defaultValue
    }

    public func bool(_ name: String) -> Bool { self[name]?.bool ?? false }
    public func string(_ name: String) -> String? { self[name]?.string }

    public func integer(_ name: String) -> UInt64? {
        switch self[name] {
        case .integer(let value): UInt64(value)
        case .unsigned(let value): value
        default: nil
        }
    }

    /// `on` or `off`; nil for `auto`.
    public func onOff(_ name: String) -> Bool? { ["on": true, "off": false][string(name) ?? "auto"] }
}
