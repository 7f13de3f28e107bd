import JSON

/// An object in the tree of all objects: part of another, with properties that can be looked at and some that can be set.
public final class ObjectNode {
    /// A property as it is now.
    public struct Live {
        public let name: String
        public let kind: String
        public let help: String
        public let get: () -> JSONValue
        /// Nil if it is what it is.
        public let set: ((JSONValue) throws -> Void)?

        public init(_ name: String, _ kind: String, help: String = "", set: ((JSONValue) throws -> Void)? = nil, get: @escaping () -> JSONValue) {
            (self.name, self.kind, self.help, self.get, self.set) = (name, kind, help, get, set)
        }
    }

    public let type: String
    public private(set) weak var parent: ObjectNode?
    public private(set) var name = ""
    public private(set) var children: [ObjectNode] = []
    private var live: [Live]

    public init(type: String = "container", _ live: [Live] = []) { (self.type, self.live) = (type, live) }

    /// An object whose declared properties are what they were made with, unless `live` has one of that name.
    public convenience init(_ values: PropertyValues, _ live: [Live] = []) {
        let declared = values.type.properties.filter { property in !live.contains { $0.name == property.name } }.map { property in
            Live(property.name, property.kind.name, help: property.help) { values[property.name] ?? property.kind.nothing }
        }
        self.init(type: values.type.name, declared + live)
    }

    // MARK: The tree

    /// False if there is a part of that name.
    @discardableResult
    public func add(_ child: ObjectNode, as name: String) -> Bool {
        guard !children.contains(where: { $0.name == name }) else { return false }
        (child.name, child.parent) = (name, self)
        children.append(child)
        return true
    }

    /// Adds a part under the first free name of `base[N]`.
    public func addNumbered(_ child: ObjectNode, base: String) {
        var number = 0
        while !add(child, as: "\(base)[\(number)]") { number += 1 }
    }

    public func remove(_ name: String) { children.removeAll { $0.name == name } }

    public func child(_ name: String) -> ObjectNode? { children.first { $0.name == name } }

    public var path: String {
        guard let parent else { return "/" }
        return (parent.parent == nil ? "" : parent.path) + "/" + name
    }

    /// The object at a path from the root, or the only one whose path ends so. Called at the root.
    public func find(_ path: String) -> (node: ObjectNode?, isAmbiguous: Bool) {
        let parts = path.split(separator: "/").map(String.init)
        if path.hasPrefix("/") { return (descend(parts), false) }
        let found = parts.isEmpty ? [] : matches(parts)
        return (found.count == 1 ? found[0] : nil, found.count > 1)
    }

    private func descend(_ parts: [String]) -> ObjectNode? {
        var node: ObjectNode? = self
        for part in parts { node = node?.child(part) }
        return node
    }

    private func matches(_ parts: [String]) -> [ObjectNode] {
        let own = descend(parts)
        return (own.map { [$0] } ?? []) + children.flatMap { $0.matches(parts) }
    }

    // MARK: Properties

    /// All that can be looked at: the type, properties, parts.
    public var properties: [Live] {
        [Live("type", "string") { [type] in .string(type) }] + live
            + children.map { child in Live(child.name, "child<\(child.type)>") { .string(child.path) } }
    }

    public func property(_ name: String) -> Live? { properties.first { $0.name == name } }

    public func set(_ name: String, _ value: JSONValue) throws {
        guard let property = property(name) else { throw PropertyError.unknown(type: type, name: name, accepted: properties.map(\.name)) }
        guard let set = property.set else { throw PropertyError.fixed(type: type, name: name) }
        try set(value)
    }
}

extension PropertyKind {
    /// What is shown for a property that has no value.
    var nothing: JSONValue {
        switch self {
        case .bool: false
        case .unsigned, .size: 0
        case .unsignedList: .array([])
        case .onOffAuto: "auto"
        case .string, .choice, .link: ""
        }
    }
}
