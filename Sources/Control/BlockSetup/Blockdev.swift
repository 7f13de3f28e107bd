import BlockFormats
import CommandLine
import Diagnostics

/// A file as a node defines it; opened when it is known what stands on it.
struct FileDefinition {
    var options: ImageOptions
    var engine: BlockSetup.EngineKind?
}

/// `-blockdev`: `driver=file` nodes, and nodes of a format on top of one, named or spelled out as `file.…`.
extension BlockSetup {
    func addBlockdev(_ text: String) throws {
        let list = try PropertyList(jsonOr: text, option: "blockdev", implied: "driver")
        guard let name = list["node-name"] else {
            throw CommandLineError.badValue(option: "blockdev", value: text, expected: "node-name=NAME")
        }
        try checkName(name)
        switch list["driver"] {
        case "file", "host_device":
            try list.check(["driver", "node-name", "filename"] + ImageProperties.names)
            files.append((name, try definition(list, path: list["filename"])))
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

    private func openFormat(_ name: String, _ list: PropertyList, _ format: ImageOptions.Format) throws {
        let below = ["file.driver", "file.filename", "file.node-name"] + ImageProperties.names.map { "file.\($0)" }
        if let backing = list["backing"], backing != "null" {
            throw CommandLineError.notSupported("-blockdev backing=: the image's own header says it; that")
        }
        try list.check(["driver", "node-name", "file", "backing"] + below + ImageProperties.names.filter { $0 != "aio" && $0 != "locking" })
        if let file = list["file"] {
            guard let index = files.firstIndex(where: { $0.name == file }) else {
                let names = files.map(\.name).joined(separator: ", ")
                throw CommandLineError.badValue(option: "blockdev", value: "file=\(file)", expected: "a driver=file node that nothing uses: \(names)")
            }
            var definition = files.remove(at: index).definition
            try apply(list, to: &definition)
            definition.options.format = format
            return try openNode(name, definition)
        }
        guard ["file", "host_device"].contains(list["file.driver"] ?? "file") else {
            throw CommandLineError.notSupported("-blockdev file.driver=\(list["file.driver"] ?? "")")
        }
        var definition = try definition(list, path: list["file.filename"])
        definition.options.format = format
        try openNode(name, definition)
    }

    private func openNode(_ name: String, _ definition: FileDefinition) throws {
        let node = try open(definition.options, definition.engine)
        try add(makeEntry(name, node, definition.options, describe(name, definition.options, node), isDrive: false))
    }

    /// Opens the files that nothing stands on: a device may use them as they are.
    func openFiles() throws {
        let left = files
        files = []
        for (name, definition) in left { try openNode(name, definition) }
    }
}
