import BlockFormats
import Diagnostics
import HostOS
import QAPI

/// An action that others may follow before it is known whether it is to stay: it is done, and can be undone.
struct PreparedAction {
    /// All actions have been done: this is the rest, which cannot fail.
    var commit: () -> Void = {}
    /// Another action has failed.
    var abort: () -> Void = {}
}

/// Disks that are kept as they are while their guests go on in new images above them.
extension BlockSetup {
    func registerGraphCommands(in commands: inout CommandTable) {
        commands.on(BlockdevSnapshotSyncCommand.self) { [self] arguments in
            try together([{ [self] in try snapshot(arguments) }])
            return QAPIEmpty()
        }
        commands.on(BlockdevSnapshotCommand.self) { [self] arguments in
            try together([{ [self] in try snapshot(arguments.node, overlay: arguments.overlay) }])
            return QAPIEmpty()
        }
        commands.on(BlockdevSnapshotInternalSyncCommand.self) { [self] arguments in
            try together([{ [self] in try keepWithin(arguments) }])
            return QAPIEmpty()
        }
        commands.on(BlockdevSnapshotDeleteInternalSyncCommand.self) { [self] in try forgetWithin($0) }
        commands.on(TransactionCommand.self) { [self] arguments in
            if arguments.properties?.completionMode == .grouped { throw QAPIError.notSupported("transaction completion-mode=grouped") }
            try together(arguments.actions.map { action in { [self] in try prepare(action) } })
            return QAPIEmpty()
        }
        commands.on(BlockdevCreateCommand.self) { [self] arguments in
            try jobs.run(arguments.jobId, .create) { () throws(QAPIError) in
                do { try create(arguments.options) } catch { throw QAPIError(error) }
            }
        }
    }

    /// Does all actions, or none, while the disks stand still.
    private func together(_ actions: [() throws -> PreparedAction]) throws {
        try checkActive()
        drain()
        var done: [PreparedAction] = []
        do { for action in actions { done.append(try action()) } } catch {
            for action in done.reversed() { action.abort() }
            throw error
        }
        for action in done { action.commit() }
    }

    func checkActive() throws(QAPIError) {
        if isInactive { throw QAPIError(.generic, "the disks belong to another process, which the machine has gone to or comes from") }
    }

    private func prepare(_ action: TransactionAction) throws -> PreparedAction {
        switch action.branch {
        case .abort: throw QAPIError(.generic, "Transaction aborted using Abort action")
        case .blockDirtyBitmapAdd(let wrapper): try addBitmap(wrapper.data)
        case .blockDirtyBitmapClear(let wrapper): try clearBitmap(wrapper.data)
        case .blockDirtyBitmapDisable(let wrapper): try record(wrapper.data, false)
        case .blockDirtyBitmapEnable(let wrapper): try record(wrapper.data, true)
        case .blockDirtyBitmapMerge(let wrapper): try mergeBitmaps(wrapper.data)
        case .blockDirtyBitmapRemove(let wrapper): try removeBitmap(wrapper.data)
        case .blockdevBackup(let wrapper): try prepareBackup(wrapper.data)
        case .driveBackup(let wrapper): try prepareBackup(wrapper.data)
        case .blockdevSnapshot(let wrapper): try snapshot(wrapper.data.node, overlay: wrapper.data.overlay)
        case .blockdevSnapshotSync(let wrapper): try snapshot(wrapper.data)
        case .blockdevSnapshotInternalSync(let wrapper): try keepWithin(wrapper.data)
        }
    }

    // MARK: New images above

    /// `blockdev-snapshot-sync`.
    private func snapshot(_ arguments: BlockdevSnapshotSync) throws -> PreparedAction {
        let node = try arguments.nodeName.map(existingNode) ?? device(arguments.device ?? "")
        let format = try format(arguments.format, default: .qcow2)
        if format != .qcow2 { throw QAPIError.notSupported("a snapshot in an image of the format '\(format.rawValue)'") }
        try checkCanGrow(node)
        if let name = arguments.snapshotNodeName { try checkName(name) }
        let isNew = arguments.mode != .existing
        var options = node.options
        (options.path, options.format, options.isReadOnly) = (arguments.snapshotFile, format, false)
        if isNew {
            try makeImage(options.path, format, size: node.graph.size, backing: (HostFile.absolute(node.path), node.format))
        }
        do {
            let overlay = try open(options, node.engine, name: arguments.snapshotNodeName, backing: node, depth: 1)
            var action = try put(overlay, above: node)
            let undo = action.abort
            action.abort = {
                undo()
                if isNew { HostFile.remove(options.path) }
            }
            return action
        } catch {
            if isNew { HostFile.remove(options.path) }
            throw error
        }
    }

    /// `blockdev-snapshot`.
    private func snapshot(_ name: String, overlay overlayName: String) throws -> PreparedAction {
        let (node, overlay) = (try existingNode(name), try existingNode(overlayName))
        try checkCanGrow(node)
        try checkUnused(overlayName)
        if drive(on: overlay) != nil || !parents(of: overlay).isEmpty { throw QAPIError(.generic, "The overlay is already in use") }
        guard let image = overlay.qcow2 else { throw QAPIError(.generic, "The overlay does not support backing images") }
        if overlay.backing != nil { throw QAPIError(.generic, "The overlay already has a backing image") }
        if overlay.graph.isReadOnly { throw QAPIError(.generic, "The overlay '\(overlayName)' is read only") }
        try image.stand(on: node.graph, naming: nil)
        overlay.backing = node
        do {
            var action = try put(overlay, above: node)
            let undo = action.abort
            action.abort = {
                undo()
                overlay.backing = nil
                try? image.stand(on: nil, naming: nil)
            }
            return action
        } catch {
            overlay.backing = nil
            try image.stand(on: nil, naming: nil)
            throw error
        }
    }

    private func checkCanGrow(_ node: ImageNode) throws {
        if node.isTemporary { throw QAPIError.notSupported("a snapshot of '\(node.name)', whose changes are in a temporary file (snapshot=on),") }
        if node.graph.isReadOnly { throw QAPIError(.generic, "Device '\(drive(on: node)?.id ?? node.name)' is read only") }
        if let user = parents(of: node).first {
            throw QAPIError(.generic, "Node '\(node.name)' is busy: node is used as backing hd of '\(user.name)'")
        }
        try checkUnused(node.name)
    }

    /// From now on whoever stood on a node stands on another one above it, and the node is only read.
    private func put(_ overlay: ImageNode, above node: ImageNode) throws -> PreparedAction {
        guard overlay.graph.size == node.graph.size else {
            throw QAPIError(.generic, "The overlay '\(overlay.path)' has \(overlay.graph.size) bytes, the disk has \(node.graph.size)")
        }
        try settle(node)
        try node.graph.reopen(readOnly: true)
        node.options.isReadOnly = true
        let isKnown = nodes.contains { $0 === overlay }
        register(overlay)
        let drive = drive(on: node)
        drive?.stand(on: overlay)
        return PreparedAction(abort: { [self] in
            drive?.stand(on: node)
            if !isKnown { nodes.removeAll { $0 === overlay } }
            do {
                try node.graph.reopen(readOnly: false)
                node.options.isReadOnly = false
            } catch { warn("'\(node.path)' cannot be written any more: \(error)") }
        })
    }

    // MARK: Within an image

    private func keeper(_ device: String) throws(QAPIError) -> QCOW2Image {
        let node = try self.device(device)
        try checkUnused(node.name)
        guard let image = node.qcow2, !node.graph.isReadOnly else {
            throw QAPIError(.generic, "Block format '\(node.options.format.rawValue)' used by device '\(device)' does not support internal snapshots")
        }
        return image
    }

    private func keepWithin(_ arguments: BlockdevSnapshotInternal) throws -> PreparedAction {
        let image = try keeper(arguments.device)
        let name = arguments.name
        if name.isEmpty { throw QAPIError(.generic, "Name is empty") }
        if try image.snapshots().contains(where: { $0.name == name }) {
            throw QAPIError(.generic, "Snapshot with name '\(name)' already exists on device '\(arguments.device)'")
        }
        let (seconds, nanoseconds) = loop.wallClock().quotientAndRemainder(dividingBy: 1_000_000_000)
        try image.createSnapshot(
            name: name, time: (UInt32(truncatingIfNeeded: seconds), UInt32(nanoseconds)), clock: UInt64(max(0, loop.now(.virtual))), state: nil)
        return PreparedAction(abort: {
            if let index = try? image.snapshots().firstIndex(where: { $0.name == name }) { try? image.deleteSnapshot(index) }
        })
    }

    private func forgetWithin(_ arguments: BlockdevSnapshotDeleteInternalSyncCommand.Arguments) throws -> SnapshotInfo {
        if arguments.id == nil, arguments.name == nil { throw QAPIError(.generic, "Name or id must be provided") }
        let image = try keeper(arguments.device)
        let list = try image.snapshots()
        let index = list.firstIndex { (arguments.id ?? $0.id) == $0.id && (arguments.name ?? $0.name) == $0.name }
        guard let index else {
            throw QAPIError(
                .generic,
                "Snapshot with id '\(arguments.id ?? "null")' and name '\(arguments.name ?? "null")' does not exist on device '\(arguments.device)'")
        }
        drain()
        try image.deleteSnapshot(index)
        return BlockSetup.information(list[index])
    }
}
