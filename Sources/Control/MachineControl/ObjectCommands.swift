import JSON
import ObjectModel
import QAPI

/// Commands about objects, their types and properties.
public struct ObjectCommands {
    private let tree: ObjectTree
    private let backEnds: BackEnds
    private unowned let session: any MachineSession

    public init(_ session: any MachineSession, tree: ObjectTree, backEnds: BackEnds) {
        (self.session, self.tree, self.backEnds) = (session, tree, backEnds)
    }

    public func register(in commands: inout CommandTable) {
        commands.on(QomListCommand.self) { arguments in
            try node(arguments.path).properties.map { ObjectPropertyInfo(name: $0.name, type: $0.kind, description: $0.help.isEmpty ? nil : $0.help) }
        }
        commands.on(QomGetCommand.self) { arguments in
            let node = try node(arguments.path)
            guard let property = node.property(arguments.property) else {
                throw QAPIError(.generic, "Property '\(node.type).\(arguments.property)' not found")
            }
            return property.get()
        }
        commands.on(QomSetCommand.self) { arguments in
            do { try node(arguments.path).set(arguments.property, arguments.value) } catch let error as PropertyError {
                throw QAPIError(.generic, error.cause)
            }
            return QAPIEmpty()
        }
        commands.on(QomListTypesCommand.self) { types($0) }
        commands.on(QomListPropertiesCommand.self) { arguments in
            guard let type = tree.types[arguments.typename] else { throw QAPIError(.deviceNotFound, "Class '\(arguments.typename)' not found") }
            return [ObjectPropertyInfo(name: "type", type: "string")] + type.properties.map(describe)
        }
        commands.on(DeviceListPropertiesCommand.self) { arguments in
            guard let type = tree.types[arguments.typename] else { throw QAPIError.noDevice(arguments.typename) }
            guard tree.types.isKind(type, of: "device"), !type.isAbstract else { throw QAPIError.expects("typename", "a non-abstract device type") }
            return type.properties.map(describe)
        }
        commands.on(ObjectAddCommand.self) { arguments in
            try backEnds.add(arguments.object)
            return QAPIEmpty()
        }
        commands.on(ObjectDelCommand.self) { arguments in
            try backEnds.remove(arguments.id)
            return QAPIEmpty()
        }
        commands.on(QueryMemdevCommand.self) { backEnds.memories + ownMemory }
    }

    /// The machine's own memory, where no back end stands behind it.
    private var ownMemory: [Memdev] {
        guard let id = session.ownMemoryID else { return [] }
        return [
            Memdev(
                id: id, size: session.memorySize, merge: false, dump: true, prealloc: false, share: false, reserve: false, hostNodes: [],
                policy: .default)
        ]
    }

    private func node(_ path: String) throws(QAPIError) -> ObjectNode {
        let (node, isAmbiguous) = tree.root.find(path)
        if isAmbiguous { throw .init(.generic, "Path '\(path)' is ambiguous") }
        guard let node else { throw .noDevice(path) }
        return node
    }

    private func describe(_ property: Property) -> ObjectPropertyInfo {
        ObjectPropertyInfo(name: property.name, type: property.kind.name, description: property.help, defaultValue: property.defaultValue)
    }

    private func types(_ arguments: QomListTypesCommand.Arguments) -> [ObjectTypeInfo] {
        tree.types.types.filter { type in
            (arguments.abstract == true || !type.isAbstract) && (arguments.implements.map { tree.types.isKind(type, of: $0) } ?? true)
        }.map { ObjectTypeInfo(name: $0.name, abstract: $0.isAbstract ? true : nil, parent: $0.parent) }
    }
}
