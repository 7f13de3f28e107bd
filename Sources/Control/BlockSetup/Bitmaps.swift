import BlockCore
import BlockJobs
import QAPI

/// Bitmaps of what is written to nodes, and backups of that alone.
extension BlockSetup {
    func registerBitmapCommands(in commands: inout CommandTable) {
        commands.on(BlockDirtyBitmapAddCommand.self) { [self] in try alone { [self] in try addBitmap($0) }($0) }
        commands.on(BlockDirtyBitmapRemoveCommand.self) { [self] in try alone { [self] in try removeBitmap($0) }($0) }
        commands.on(BlockDirtyBitmapClearCommand.self) { [self] in try alone { [self] in try clearBitmap($0) }($0) }
        commands.on(BlockDirtyBitmapEnableCommand.self) { [self] in try alone { [self] in try record($0, true) }($0) }
        commands.on(BlockDirtyBitmapDisableCommand.self) { [self] in try alone { [self] in try record($0, false) }($0) }
        commands.on(BlockDirtyBitmapMergeCommand.self) { [self] in try alone { [self] in try mergeBitmaps($0) }($0) }
    }

    private func alone<Arguments>(_ action: @escaping (Arguments) throws -> PreparedAction) -> (Arguments) throws -> QAPIEmpty {
        { [self] arguments in
            drain()
            try action(arguments).commit()
            return QAPIEmpty()
        }
    }

    // MARK: Actions, which can be undone

    func addBitmap(_ arguments: BlockDirtyBitmapAdd) throws -> PreparedAction {
        let node = try device(arguments.node)
        let name = arguments.name
        if name.isEmpty { throw QAPIError(.generic, "Bitmap name cannot be empty") }
        if name.utf8.count > 1023 { throw QAPIError(.generic, "Bitmap name too long: \(name)") }
        if arguments.persistent == true { throw QAPIError.notSupported("a bitmap that the image keeps (persistent=true)") }
        let granularity = arguments.granularity.map(UInt64.init) ?? min(max(UInt64(node.qcow2?.header.clusterSize ?? 1 << 16), 4096), 1 << 16)
        guard granularity >= 512, granularity.nonzeroBitCount == 1 else {
            throw QAPIError(.generic, granularity < 512 ? "Granularity must be at least 512" : "Granularity must be power of 2")
        }
        if node.graph.bitmap(name) != nil { throw QAPIError(.generic, "Bitmap already exists: \(name)") }
        let bitmap = DirtyBitmap(name, size: node.graph.size, granularity: granularity)
        bitmap.isRecording = arguments.disabled != true
        node.graph.add(bitmap)
        return PreparedAction(abort: { node.graph.remove(bitmap) })
    }

    func removeBitmap(_ arguments: BlockDirtyBitmap) throws -> PreparedAction {
        let (node, bitmap) = try freeBitmap(arguments.node, arguments.name)
        node.graph.remove(bitmap)
        return PreparedAction(abort: { node.graph.add(bitmap) })
    }

    func clearBitmap(_ arguments: BlockDirtyBitmap) throws -> PreparedAction {
        let (_, bitmap) = try freeBitmap(arguments.node, arguments.name)
        let old = bitmap.pieces
        bitmap.pieces.removeAll()
        return PreparedAction(abort: { bitmap.pieces = old })
    }

    func record(_ arguments: BlockDirtyBitmap, _ isRecording: Bool) throws -> PreparedAction {
        let (_, bitmap) = try freeBitmap(arguments.node, arguments.name)
        let old = bitmap.isRecording
        bitmap.isRecording = isRecording
        return PreparedAction(abort: { bitmap.isRecording = old })
    }

    func mergeBitmaps(_ arguments: BlockDirtyBitmapMerge) throws -> PreparedAction {
        let (node, target) = try freeBitmap(arguments.node, arguments.target)
        var pieces = target.pieces
        for source in arguments.bitmaps {
            let bitmap: DirtyBitmap
            switch source {
            case .str(let name): bitmap = try freeBitmap(arguments.node, name).bitmap
            case .blockDirtyBitmap(let place): bitmap = try freeBitmap(place.node, place.name).bitmap
            }
            guard bitmap.pieces.size == node.graph.size else {
                throw QAPIError(.generic, "Bitmaps are of different sizes (\(bitmap.pieces.size) and \(node.graph.size) bytes) and can't be merged")
            }
            pieces.formUnion(bitmap.pieces)
        }
        let old = target.pieces
        target.pieces = pieces
        return PreparedAction(abort: { target.pieces = old })
    }

    /// A bitmap that no job uses.
    private func freeBitmap(_ nodeName: String, _ name: String) throws(QAPIError) -> (node: ImageNode, bitmap: DirtyBitmap) {
        let node = try device(nodeName)
        guard let bitmap = node.graph.bitmap(name) else { throw QAPIError(.generic, "Dirty bitmap '\(name)' not found") }
        if bitmap.isBusy { throw QAPIError(.generic, "Bitmap '\(name)' is currently in use by another operation and cannot be used") }
        return (node, bitmap)
    }

    static func information(_ bitmap: DirtyBitmap) -> BlockDirtyInfo {
        BlockDirtyInfo(
            name: bitmap.name, count: Int64(clamping: bitmap.pieces.bytes), granularity: UInt32(clamping: bitmap.granularity),
            recording: bitmap.isRecording, busy: bitmap.isBusy, persistent: false)
    }

    // MARK: Backups

    /// A bitmap that says what a backup copies, and what becomes of it.
    struct BackupBitmap {
        let bitmap: DirtyBitmap
        let mode: BitmapSyncMode
    }

    /// The bitmap of a backup; nil for one of all.
    func backupBitmap(_ source: ImageNode, _ sync: MirrorSyncMode, _ name: String?, _ mode: BitmapSyncMode?) throws -> BackupBitmap? {
        guard let name else {
            if sync == .incremental || sync == .bitmap {
                throw QAPIError(.generic, "must provide a valid bitmap name for '\(sync.rawValue)' sync mode")
            }
            if mode != nil { throw QAPIError(.generic, "Cannot specify bitmap sync mode without a bitmap") }
            return nil
        }
        guard sync == .incremental || sync == .bitmap else { throw QAPIError.notSupported("a backup with a bitmap and sync=\(sync.rawValue)") }
        if sync == .bitmap, mode == nil { throw QAPIError(.generic, "Bitmap sync mode must be given when providing a bitmap") }
        if sync == .incremental, let mode, mode != .onSuccess {
            throw QAPIError(.generic, "Bitmap sync mode must be 'on-success' when using sync mode 'incremental'")
        }
        guard let bitmap = source.graph.bitmap(name) else { throw QAPIError(.generic, "Bitmap '\(name)' could not be found") }
        if bitmap.isBusy { throw QAPIError(.generic, "Bitmap '\(name)' is currently in use by another operation and cannot be used") }
        return BackupBitmap(bitmap: bitmap, mode: mode ?? .onSuccess)
    }
}

extension BlockSetup.BackupBitmap {
    /// The bitmap begins anew, unless it is to stay; what it held until now is copied.
    func begin() -> PieceSet {
        let pieces = bitmap.pieces
        bitmap.isBusy = true
        if mode != .never { bitmap.pieces.removeAll() }
        return pieces
    }

    /// What has not been copied is marked again: all of it, unless the copy is kept even if it is not whole.
    func end(_ began: PieceSet, left: PieceSet, isGood: Bool) {
        bitmap.isBusy = false
        if isGood || mode == .never { return }
        bitmap.pieces.formUnion(mode == .always ? left : began)
    }
}
