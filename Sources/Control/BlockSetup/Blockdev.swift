import BlockCore
import BlockFormats
import CommandLine
import Diagnostics
import HostOS
import QAPI

/// A file as a node defines it; opened when it is known what stands on it, and whether that writes.
struct FileDefinition {
    var options: ImageOptions
    var engine: BlockSetup.EngineKind?
}

/// A node of `driver=file`.
struct FileNode {
    let name: String
    let definition: FileDefinition
    /// The node that stands on it.
    var user: String?
}

/// `-blockdev` and `blockdev-add`: `driver=file` nodes, and nodes of a format on top of one, named or spelled out as `file.…`. What an image stands on is named, spelled
/// out as `backing.…`, or what its header says.
extension BlockSetup {
    func addBlockdev(_ list: PropertyList) throws {
        guard let name = list["node-name"] else {
            throw CommandLineError.badValue(option: "blockdev", value: list["driver"] ?? "", expected: "node-name=NAME")
        }
        try checkName(name)
        switch list["driver"] {
        case "file", "host_device":
            try list.check(["driver", "node-name", "filename"] + ImageProperties.names)
            let definition = try definition(list, path: list["filename"])
            // Whoever names a file that is not there hears of it now. A clone reads its template's.
            if frozen[definition.options.path] == nil { _ = try HostFile(definition.options.path, .readOnly) }
            files.append(FileNode(name: name, definition: definition))
        case "raw", "qcow2": try openFormat(name, list, list["driver"] == "raw" ? .raw : .qcow2)
        case let other: throw CommandLineError.notSupported("-blockdev driver=\(other ?? "")")
        }
    }

    private func definition(_ list: PropertyList, path: String?) throws -> FileDefinition {
        guard let path else { throw CommandLineError.badValue(option: "blockdev", value: "no file", expected: "filename=FILE") }
        var definition = FileDefinition(options: ImageOptions(path: path))
        try apply(list, to: &definition)
        return definition
    }

    private func apply(_ list: PropertyList, to definition: inout FileDefinition) throws {
        let properties = ImageProperties(list: list)
        try properties.apply(to: &definition.options)
        definition.engine = try properties.engine(cache: definition.options.cache) ?? definition.engine
    }

    private static let formatNames = ["driver", "node-name", "file", "backing"] + ImageProperties.names.filter { $0 != "aio" && $0 != "locking" }
    private static let fileNames = ["file.driver", "file.filename", "file.node-name"] + ImageProperties.names.map { "file.\($0)" }

    private func openFormat(_ name: String, _ list: PropertyList, _ format: ImageOptions.Format) throws {
        let (backing, own) = list.split(prefix: "backing.")
        try own.check(BlockSetup.formatNames + BlockSetup.fileNames)
        if format == .raw, own["backing"] != nil || !backing.values.isEmpty {
            throw CommandLineError.badValue(option: "blockdev", value: "driver=raw,backing=", expected: "a format that stands on another image")
        }
        let file = try own["file"].map { try unusedFile($0) }
        var definition = try file.map { files[$0].definition } ?? inlineDefinition(own)
        if file != nil { try apply(own, to: &definition) }
        definition.options.format = format
        let below = try standsOn(name, own, backing)
        try openNode(name, definition, below)
        if let file { files[file].user = name }
    }

    private func unusedFile(_ name: String) throws -> Int {
        if let index = files.firstIndex(where: { $0.name == name && $0.user == nil }) { return index }
        let names = files.filter { $0.user == nil }.map(\.name).joined(separator: ", ")
        throw CommandLineError.badValue(option: "blockdev", value: "file=\(name)", expected: "a driver=file node that nothing uses: \(names)")
    }

    private func inlineDefinition(_ list: PropertyList) throws -> FileDefinition {
        guard ["file", "host_device"].contains(list["file.driver"] ?? "file") else {
            throw CommandLineError.notSupported("-blockdev file.driver=\(list["file.driver"] ?? "")")
        }
        return try definition(list, path: list["file.filename"])
    }

    /// The name of the node that another one is to stand on: "" for none, nil for what its image says.
    private func standsOn(_ name: String, _ list: PropertyList, _ spelledOut: PropertyList) throws -> String? {
        if !spelledOut.values.isEmpty {
            let inner = spelledOut["node-name"] ?? "#block\(name).backing"
            try addBlockdev(PropertyList(option: "blockdev", spelledOut.values + [("node-name", inner), ("read-only", "on")]))
            return inner
        }
        // JSON's null, and the word that stands for it on the command line.
        guard let below = list["backing"], below != "null" else { return list["backing"].map { _ in "" } }
        return below
    }

    private func openNode(_ name: String, _ definition: FileDefinition, _ below: String? = nil) throws {
        let backing: ImageNode?? = try below.map { try $0.isEmpty ? nil : backingNode($0) }
        register(try open(definition.options, definition.engine, name: name, backing: backing))
    }

    private func backingNode(_ name: String) throws -> ImageNode {
        try openIfFile(name)
        guard let node = node(name) else {
            throw CommandLineError.badValue(option: "blockdev", value: "backing=\(name)", expected: "the name of a node, or null for none")
        }
        if drive(on: node) != nil {
            throw CommandLineError.badValue(option: "blockdev", value: "backing=\(name)", expected: "a node that no device has")
        }
        return node
    }

    /// A file that nothing stands on may be used as it is.
    func openIfFile(_ name: String) throws {
        guard let index = files.firstIndex(where: { $0.name == name && $0.user == nil }) else { return }
        let file = files.remove(at: index)
        do { try openNode(name, file.definition) } catch {
            files.append(file)
            throw error
        }
    }

    // MARK: Going

    /// Forgets a node that nothing uses; its file is closed.
    func removeNode(_ name: String) throws {
        if let index = files.firstIndex(where: { $0.name == name }) {
            if let user = files[index].user { throw QAPIError(.generic, "Node '\(name)' is busy: node is used as file of '\(user)'") }
            files.remove(at: index)
            return
        }
        guard let node = node(name) else { throw QAPIError(.generic, "Failed to find node with node-name='\(name)'") }
        if !node.isNamed { throw QAPIError(.generic, "Node \(name) is not owned by the monitor") }
        if drive(on: node) != nil { throw QAPIError(.generic, "Node \(name) is in use") }
        try checkUnused(name)
        if let user = parents(of: node).first { throw QAPIError(.generic, "Node '\(name)' is busy: node is used as backing hd of '\(user.name)'") }
        try close(node)
        nodes.removeAll { $0 === node }
        for file in files.indices where files[file].user == name { files[file].user = nil }
        // What was spelled out within it, or named by its header, goes with it.
        guard let below = node.backing else { return }
        if below.isNamed, below.name.hasPrefix("#") { try removeNode(below.name) } else { dropUnused(below.chain) }
    }
}

extension PropertyList {
    /// The properties that begin with a prefix, without it, and the others.
    fileprivate func split(prefix: String) -> (inner: PropertyList, own: PropertyList) {
        let inner = values.filter { $0.key.hasPrefix(prefix) }.map { (String($0.key.dropFirst(prefix.count)), $0.value) }
        return (PropertyList(option: option, inner), PropertyList(option: option, values.filter { !$0.key.hasPrefix(prefix) }))
    }
}
