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
        ] + throttleNames

    func addDrive(_ text: String, isSnapshot: Bool) throws {
        let list = PropertyList(text, option: "drive", implied: "file")
        if list["if"] == "pflash" { return }  // part of the board
        try list.check(BlockSetup.driveNames)
        try checkKind(list)
        let isDisc = list["media"] == "cdrom"
        let path = list["file"] ?? list["file.filename"]
        if path == nil, !isDisc, list["if"] == "virtio" || list["if"] == nil {
            throw CommandLineError.badValue(option: "drive", value: text, expected: "file=IMAGE")
        }
        var options = ImageOptions(path: path ?? "")
        if let path { options.format = try format(list, path) }
        options.cache = try cache(list)
        options.isReadOnly = isDisc
        let properties = ImageProperties(list: list)
        try properties.apply(to: &options)
        if isDisc, !options.isReadOnly { throw CommandLineError.badValue(option: "drive", value: text, expected: "readonly=on with media=cdrom") }
        let id = try place(list, isDisc: isDisc)
        let kind = try properties.engine(cache: options.cache)
        // A clone's disks are overlays already.
        let overlaid = try list.bool("snapshot", default: isSnapshot) && frozen[options.path] == nil && !isDisc
        try checkName(id)
        let node = path == nil ? nil : overlaid ? try openOverlay(options, kind) : try open(options, kind)
        let drive = Drive(id, node, isNamed: true, account: AccountedNode(node?.graph, loop: loop))
        (drive.isDisc, drive.mediumOptions) = (isDisc, options)
        if let action = try BlockSetup.action("rerror", list) { drive.reads = action }
        if let action = try BlockSetup.action("werror", list) { drive.writes = action }
        try limit(drive, list)
        if let node { register(node) }
        drives.append(drive)
    }

    /// `-cdrom`, `-hda`, `-sd` and the like: a file, and where it goes.
    func addShort(_ path: String, _ interface: String, _ place: String, _ options: ParsedCommandLine) throws {
        let file = path.split(separator: ",", omittingEmptySubsequences: false).joined(separator: ",,")
        let format = (try? HostFile(path, .readOnly).read(at: 0, count: 4)).map { QCOW2Header.isHeader($0) } == true ? "qcow2" : "raw"
        try addDrive("if=\(interface),\(place),format=\(format),file=\(file)", isSnapshot: options.has("snapshot"))
    }

    private func checkKind(_ list: PropertyList) throws {
        if let driver = list["file.driver"], driver != "file" { throw CommandLineError.notSupported("-drive file.driver=\(driver)") }
        if let media = list["media"], !["disk", "cdrom"].contains(media) {
            throw CommandLineError.badValue(option: "drive", value: "media=\(media)", expected: "disk, cdrom")
        }
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
    private func place(_ list: PropertyList, isDisc: Bool) throws -> String {
        switch list["if"] {
        case "none":
            let unit = try list.integer("index") ?? list.integer("unit") ?? (0...).first { unit in !drives.contains { $0.id == "none\(unit)" } } ?? 0
            return list["id"] ?? "none\(unit)"
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

    /// `info block` of a drive, in QEMU's words.
    func describe(_ drive: Drive) -> String {
        let name = drive.isNamed ? drive.id : drive.device ?? drive.id
        guard let node = drive.node else { return "\(name): [not inserted]\n" + place(drive) }
        return "\(name) (\(node.name)): \(describe(file: node))\n" + place(drive) + modes(node) + describeLimits(of: drive)
    }

    /// The same of a node that no device has.
    func describe(_ node: ImageNode) -> String { "\(node.name): \(describe(file: node))\n" + modes(node) }

    private func describe(file node: ImageNode) -> String {
        let extras = (node.graph.isReadOnly ? ", read-only" : "") + (node.isTemporary ? ", changes go to a temporary file" : "")
        return "\(node.options.path) (\(node.options.format.rawValue)\(extras))"
    }

    private func place(_ drive: Drive) -> String {
        let device = drive.device.map { "    Attached to:      \($0)\n" } ?? ""
        guard drive.isRemovable else { return device }
        let words = (drive.slot?.isMediumLocked ?? false ? "locked" : "not locked", drive.slot?.isTrayOpen ?? false ? "open" : "closed")
        return device + "    Removable device: \(words.0), tray \(words.1)\n"
    }

    private func modes(_ node: ImageNode) -> String {
        let cache = node.options.cache
        let modes = [cache.writeback ? "writeback" : "writethrough", cache.direct ? "direct" : nil, cache.ignoresFlushes ? "ignore flushes" : nil]
        let below = node.backing.map { "    Backing file:     \($0.path) (chain depth: \(node.chain.count - 1))\n" } ?? ""
        return "    Cache mode:       \(modes.compactMap { $0 }.joined(separator: ", "))\n" + below
    }
}
