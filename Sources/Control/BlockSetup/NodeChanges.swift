import BlockCore
import BlockFormats
import CommandLine
import Diagnostics
import JSON
import QAPI

/// Drives that come and go by the monitor, and nodes that are opened in another way.
extension BlockSetup {
    func registerChangeCommands(in commands: inout CommandTable) {
        commands.on(BlockdevReopenCommand.self) { [self] arguments in
            try checkActive()
            drain()
            var done: [() -> Void] = []
            do { for options in arguments.options { try reopen(PropertyList(option: "blockdev", options.object), undo: &done) } } catch {
                for undo in done.reversed() { undo() }
                throw error
            }
            return QAPIEmpty()
        }
        commands.on(ChangeBackingFileCommand.self) { [self] arguments in
            try changeBackingFile(arguments)
            return QAPIEmpty()
        }
    }

    // MARK: Drives

    /// `drive_add`.
    public func addDriveLater(_ text: String) throws {
        switch PropertyList(text, option: "drive", implied: "file")["if"] {
        case "none": try addDrive(text, isSnapshot: false)
        case nil: try addDrive(text + ",if=none", isSnapshot: false)
        case let other?: throw QAPIError.notSupported("drive_add if=\(other)")
        }
    }

    /// `drive_del`: a device that has the drive finds nothing there any more.
    public func removeDrive(_ id: String) throws {
        guard let drive = drives.first(where: { $0.isNamed && $0.id == id }) else { throw QAPIError.noDevice(id) }
        if let node = drive.node {
            try checkUnused(node.name)
            drain()
            if !isInactive { try settle(node) }
            drive.stand(on: nil)
            dropUnused(node.chain)
        }
        if drive.isTaken { drive.loseName() } else { drives.removeAll { $0 === drive } }
    }

    // MARK: Nodes

    /// Opens a node as it is described now; what is said of it beside reading and writing, and of zeros, must be as before.
    private func reopen(_ list: PropertyList, undo: inout [() -> Void]) throws {
        guard let name = list["node-name"] else { throw QAPIError(.generic, "node-name not specified") }
        guard let node = node(name) else { throw QAPIError(.generic, "Failed to find node with node-name='\(name)'") }
        try checkUnused(name)
        guard list["driver"] == node.format.rawValue else {
            throw QAPIError(.generic, "Cannot change the option 'driver'")
        }
        try checkSame(list, node)
        var options = node.options
        options.isReadOnly = false
        try ImageProperties(list: list).apply(to: &options)
        let old = node.options
        if let kind = try ImageProperties(list: list).engine(cache: options.cache), kind != node.engine ?? (engines[.ring] == nil ? .threads : .ring)
        {
            throw QAPIError.notSupported("changing aio of '\(name)'")
        }
        guard options.cache == old.cache, options.discards == old.discards, options.locking == old.locking else {
            throw QAPIError.notSupported("changing cache, discard or locking of '\(name)'")
        }
        let wasReadOnly = node.graph.isReadOnly
        undo.append { [self] in restore(node, old, readOnly: wasReadOnly) }
        if options.isReadOnly, !wasReadOnly {
            if let device = drive(on: node)?.device, drive(on: node)?.isDisc == false {
                throw QAPIError(.generic, "Block node is read-only: '\(device)' writes to it")
            }
            try settle(node)
            try node.graph.reopen(readOnly: true)
        } else if !options.isReadOnly, wasReadOnly {
            try openForWriting(node, size: 0)
        }
        node.options.isReadOnly = node.graph.isReadOnly
        node.options.zeroDetection = options.zeroDetection
        node.graph.zeroDetection = options.zeroDetection
    }

    private func restore(_ node: ImageNode, _ options: ImageOptions, readOnly: Bool) {
        do { if node.graph.isReadOnly != readOnly { try node.graph.reopen(readOnly: readOnly) } } catch { warn("\(error)") }
        node.options = options
        node.graph.zeroDetection = options.zeroDetection
    }

    /// What the node is made of is what it was made of.
    private func checkSame(_ list: PropertyList, _ node: ImageNode) throws(QAPIError) {
        let file = files.first { $0.user == node.name }?.name
        if let wanted = list["file"], wanted != file { throw .notSupported("changing the file of '\(node.name)'") }
        if let path = list["file.filename"], path != node.options.path { throw .notSupported("changing the file of '\(node.name)'") }
        if let backing = list["backing"], backing == "null" ? node.backing != nil : backing != node.backing?.name {
            throw .notSupported("changing what '\(node.name)' stands on")
        }
        if list.values.contains(where: { $0.key.hasPrefix("backing.") }) { throw .notSupported("changing what '\(node.name)' stands on") }
    }

    private func changeBackingFile(_ arguments: ChangeBackingFileCommand.Arguments) throws {
        try checkActive()
        let top = try device(arguments.device)
        let node = try existingNode(arguments.imageNodeName)
        guard top.chain.contains(where: { $0 === node }) else {
            throw QAPIError(.generic, "'\(arguments.device)' and image file are not in the same chain")
        }
        guard let image = node.qcow2, let below = node.backing else {
            throw QAPIError(.generic, "not allowing backing file change on an image without a backing file")
        }
        try checkUnused(top.chain)
        drain()
        try image.stand(on: below.graph, naming: .file(arguments.backingFile, below.format))
    }
}
