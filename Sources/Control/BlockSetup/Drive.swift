import BlockCore
import BlockFormats
import CommandLine
import Diagnostics
import HostOS

/// `-drive`.
extension BlockSetup {
    private static let driveNames =
        ImageProperties.names.filter { $0 != "locking" }
        + [
            "file", "file.driver", "file.filename", "file.locking", "if", "id", "format", "cache", "cache.writeback", "readonly", "media", "bus",
            "index",
            "unit", "werror", "rerror", "snapshot",
        ]

    func addDrive(_ text: String, isSnapshot: Bool) throws {
        let list = PropertyList(text, option: "drive", implied: "file")
        if list["if"] == "pflash" { return }  // part of the board
        try list.check(BlockSetup.driveNames)
        guard let path = list["file"] ?? list["file.filename"] else {
            throw CommandLineError.badValue(option: "drive", value: text, expected: "file=IMAGE")
        }
        try checkKind(list, path)
        var options = ImageOptions(path: path)
        options.format = try format(list, path)
        options.cache = try cache(list)
        let properties = ImageProperties(list: list)
        try properties.apply(to: &options)
        let id = try place(list)
        let kind = try properties.engine(cache: options.cache)
        // A clone's disks are overlays already.
        let overlaid = try list.bool("snapshot", default: isSnapshot) && frozen[path] == nil
        try checkName(id)
        let node = overlaid ? try openOverlay(options, kind) : try open(options, kind)
        let drive = Drive(id, node, isNamed: true, account: AccountedNode(node.graph, loop: loop))
        if let action = try BlockSetup.action("rerror", list) { drive.reads = action }
        if let action = try BlockSetup.action("werror", list) { drive.writes = action }
        register(node)
        drives.append(drive)
    }

    private func checkKind(_ list: PropertyList, _ path: String) throws {
        if let driver = list["file.driver"], driver != "file" { throw CommandLineError.notSupported("-drive file.driver=\(driver)") }
        if let media = list["media"], media != "disk" { throw CommandLineError.notSupported("-drive media=\(media)") }
        if let bus = list["bus"], bus != "0" { throw CommandLineError.notSupported("-drive bus=\(bus)") }
    }

    /// Images are not guessed at: a guest could write a header into its raw disk.
    private func format(_ list: PropertyList, _ path: String) throws -> ImageOptions.Format {
        if let name = list["format"] {
            guard let format = ImageOptions.Format(rawValue: name) else { throw BlockError.unsupportedFormat(name) }
            return format
        }
        if let start = try? HostFile(path, .readOnly).read(at: 0, count: 4), QCOW2Header.isHeader(start) {
            throw CommandLineError.badValue(
                option: "drive", value: "file=\(path)", expected: "format=qcow2, which its beginning looks like, or format=raw")
        }
        warn("-drive: no format given for '\(path)', taken as raw; say format=raw")
        return .raw
    }

    private func cache(_ list: PropertyList) throws -> ImageOptions.Cache {
        guard let mode = list["cache"] else { return ImageOptions.Cache() }
        guard let cache = ImageOptions.Cache(mode: mode) else {
            throw CommandLineError.badValue(option: "drive", value: "cache=\(mode)", expected: ImageOptions.Cache.modes.joined(separator: ", "))
        }
        return cache
    }

    /// Finds the drive's place among those that the board makes devices for, and its name, by QEMU's rules.
    private func place(_ list: PropertyList) throws -> String {
        switch list["if"] {
        case "none": return list["id"] ?? "none\(drives.count)"
        case nil, "virtio":
            let unit = try list.integer("index") ?? list.integer("unit") ?? (0...).first { implied[$0] == nil } ?? 0
            guard implied[unit] == nil else {
                throw CommandLineError.badValue(option: "drive", value: "index=\(unit)", expected: "each index once")
            }
            let id = list["id"] ?? "virtio\(unit)"
            implied[unit] = id
            return id
        case "sd":
            let unit = try list.integer("index") ?? list.integer("unit") ?? 0
            guard unit == 0, memoryCard == nil else {
                throw CommandLineError.badValue(option: "drive", value: "if=sd,index=\(unit)", expected: "index=0, once: boards have one slot")
            }
            let id = list["id"] ?? "sd0"
            memoryCard = id
            return id
        case let other?: throw CommandLineError.notSupported("-drive if=\(other)")
        }
    }

    private func openOverlay(_ options: ImageOptions, _ kind: EngineKind?) throws -> ImageNode {
        var base = options
        base.isReadOnly = true
        let name = nextName()
        return try overlay(on: try open(base, kind), options, kind, name: name, isNamed: false)
    }

    /// What is written to an image goes to a temporary file.
    func overlay(on base: ImageNode, _ options: ImageOptions, _ kind: EngineKind?, name: String, isNamed: Bool) throws -> ImageNode {
        let changes = try RawImage(temporaryOfSize: base.graph.size, engine: try engine(kind), loop: loop)
        return ImageNode(
            SnapshotOverlay(base: base.graph, changes: changes), name: name, options: options, engine: kind, backing: nil, isNamed: isNamed)
    }

    func describe(_ id: String, _ node: ImageNode) -> String {
        let (options, cache) = (node.options, node.options.cache)
        let extras = (node.graph.isReadOnly ? ", read-only" : "") + (node.isTemporary ? ", changes go to a temporary file" : "")
        let modes = [cache.writeback ? "writeback" : "writethrough", cache.direct ? "direct" : nil, cache.ignoresFlushes ? "ignore flushes" : nil]
        return
            "\(id): \(options.path) (\(options.format.rawValue), \(node.graph.size) bytes\(extras))\n    Cache mode: \(modes.compactMap { $0 }.joined(separator: ", "))\n"
    }
}
