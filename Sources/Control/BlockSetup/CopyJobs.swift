import BlockCore
import BlockFormats
import BlockJobs
import HostOS
import Jobs
import QAPI

/// Jobs that copy disks to other places: `blockdev-mirror`, `blockdev-backup`, and the same with files.
extension BlockSetup {
    /// What is copied, by QEMU's word.
    private func checkMode(_ mode: MirrorSyncMode) throws(QAPIError) {
        if mode == .incremental || mode == .bitmap { throw .notSupported("a mirror with sync=\(mode.rawValue) (a bitmap)") }
    }

    /// A node that takes a copy.
    private func target(_ name: String, for source: ImageNode) throws -> ImageNode {
        try openIfFile(name)
        let node = try existingNode(name)
        if node === source { throw QAPIError(.generic, "Can't mirror node into itself") }
        try checkUnused(name)
        if drive(on: node) != nil { throw QAPIError(.generic, "Node '\(name)' is in use by a device") }
        if let user = parents(of: node).first { throw QAPIError(.generic, "Node '\(name)' is busy: node is used as backing hd of '\(user.name)'") }
        try checkTarget(node, for: source)
        return node
    }

    private func checkTarget(_ node: ImageNode, for source: ImageNode) throws {
        if node.graph.isReadOnly { throw QAPIError(.generic, "Node '\(node.name)' is read only") }
        guard node.graph.size == source.graph.size else {
            throw QAPIError(
                .generic, "Source and target image have different sizes: \(source.graph.size) and \(node.graph.size) bytes")
        }
    }

    /// A file that takes a copy: made, unless it is there already.
    private func target(
        _ path: String, _ formatName: String?, _ mode: NewImageMode?, name: String? = nil, for source: ImageNode, on backing: ImageNode?,
        naming named: ImageNode?
    ) throws -> ImageNode {
        var options = source.options
        (options.path, options.isReadOnly) = (path, false)
        options.format = try format(formatName, default: source.format)
        if let name { try checkName(name) }
        let isNew = mode != .existing
        if isNew {
            try makeImage(path, options.format, size: source.graph.size, backing: named.map { (HostFile.absolute($0.path), $0.format) })
        } else if let user = nodes.first(where: { HostFile.absolute($0.path) == HostFile.absolute(path) }) {
            throw QAPIError(.generic, "Node '\(user.name)' is busy: it is the file '\(path)'")
        }
        do {
            let node = try open(options, source.engine, name: name, backing: .some(backing), depth: 1)
            try checkTarget(node, for: source)
            return node
        } catch {
            if isNew { HostFile.remove(path) }
            throw error
        }
    }

    private func chunk(_ target: ImageNode, _ wanted: UInt64 = 1 << 16) -> UInt64 {
        max(wanted, UInt64(target.qcow2?.header.clusterSize ?? 0))
    }

    // MARK: Mirrors

    func mirror(_ arguments: BlockdevMirrorCommand.Arguments) throws {
        let source = try device(arguments.device)
        let settings = JobSettings(
            id: arguments.jobId, device: arguments.device, speed: arguments.speed, reads: arguments.onSourceError, writes: arguments.onTargetError,
            autoFinalize: arguments.autoFinalize, autoDismiss: arguments.autoDismiss)
        try checkMirror(source, arguments.sync, arguments.replaces, arguments.bufSize, settings)
        let target = try target(arguments.target, for: source)
        try mirror(source, to: target, arguments.sync, arguments.granularity, arguments.copyMode, settings)
    }

    func mirror(_ arguments: DriveMirror) throws {
        let source = try device(arguments.device)
        let settings = JobSettings(
            id: arguments.jobId, device: arguments.device, speed: arguments.speed, reads: arguments.onSourceError, writes: arguments.onTargetError,
            autoFinalize: arguments.autoFinalize, autoDismiss: arguments.autoDismiss)
        try checkMirror(source, arguments.sync, arguments.replaces, arguments.bufSize, settings)
        if arguments.sync == .none, arguments.mode != .existing { throw QAPIError.notSupported("drive-mirror sync=none into a new image") }
        let below = arguments.sync == .top ? source.backing : nil
        let target = try target(
            arguments.target, arguments.format, arguments.mode, name: arguments.nodeName, for: source, on: below, naming: below)
        register(target)
        do { try mirror(source, to: target, arguments.sync, arguments.granularity, arguments.copyMode, settings) } catch {
            nodes.removeAll { $0 === target }
            throw error
        }
    }

    private func checkMirror(_ source: ImageNode, _ mode: MirrorSyncMode, _ replaces: String?, _ buffer: Int64?, _ settings: JobSettings) throws {
        try checkMode(mode)
        if let replaces, replaces != source.name { throw QAPIError.notSupported("replaces='\(replaces)', another node than the disk's,") }
        if let buffer, buffer < 0 { throw QAPIError.expects("buf-size", "a non-negative value") }
        if let user = parents(of: source).first { throw QAPIError.notSupported("a mirror of '\(source.name)', on which '\(user.name)' stands,") }
        _ = try (jobName(settings), settings.limit(), checkUnused(source.name))
    }

    private func mirror(
        _ source: ImageNode, to target: ImageNode, _ mode: MirrorSyncMode, _ granularity: UInt32?, _ copyMode: MirrorCopyMode?,
        _ settings: JobSettings
    ) throws {
        let granularity = granularity.map(UInt64.init).flatMap { $0 == 0 ? nil : $0 } ?? 1 << 16
        guard granularity.nonzeroBitCount == 1, (512...(64 << 20)).contains(granularity) else {
            throw QAPIError.expects("granularity", "a power of 2 in range [512B - 64MB]")
        }
        let content: MirrorWork.Content =
            switch mode {
            case .top where source.backing != nil: .above(source.backing?.graph)
            case .none: .changes
            default: .all
            }
        let (limit, chunk) = (try settings.limit(), chunk(target, granularity))
        let work = MirrorWork(
            source.graph, to: target.graph, content, chunk: chunk, blocking: copyMode == .writeBlocking, loop: loop, speed: limit)
        let (job, disk) = try makeJob(.mirror, settings, work, on: [source, target])
        var pivoted = false
        disk.finish = { [self] pivots in
            try settle(target)
            guard pivots else { return }
            for drive in drives where drive.node === source { drive.stand(on: target) }
            pivoted = true
        }
        disk.tidy = { [self] in
            if pivoted, !source.graph.isReadOnly { openForReading(source) }
            dropUnused(pivoted ? source.chain : target.chain)
        }
        job.start()
    }

    // MARK: Backups

    func prepareBackup(_ arguments: BlockdevBackup) throws -> PreparedAction {
        let source = try device(arguments.device)
        let settings = JobSettings(
            id: arguments.jobId, device: arguments.device, speed: arguments.speed, reads: arguments.onSourceError, writes: arguments.onTargetError,
            autoFinalize: arguments.autoFinalize, autoDismiss: arguments.autoDismiss)
        let bitmap = try checkBackup(source, arguments.sync, (arguments.bitmap, arguments.bitmapMode), compress: arguments.compress, settings)
        return try backup(source, to: try target(arguments.target, for: source), arguments.sync, bitmap, settings)
    }

    func prepareBackup(_ arguments: DriveBackup) throws -> PreparedAction {
        let source = try device(arguments.device)
        let settings = JobSettings(
            id: arguments.jobId, device: arguments.device, speed: arguments.speed, reads: arguments.onSourceError, writes: arguments.onTargetError,
            autoFinalize: arguments.autoFinalize, autoDismiss: arguments.autoDismiss)
        let bitmap = try checkBackup(source, arguments.sync, (arguments.bitmap, arguments.bitmapMode), compress: arguments.compress, settings)
        // What is not copied the disk's own image shows, or the one below it. Only whole clusters are written, so that nothing has to be read there meanwhile.
        let named = arguments.sync == .none ? source : arguments.sync == .top ? source.backing : nil
        let target = try target(arguments.target, arguments.format, arguments.mode, for: source, on: nil, naming: named)
        register(target)
        do { return try backup(source, to: target, arguments.sync, bitmap, settings) } catch {
            nodes.removeAll { $0 === target }
            throw error
        }
    }

    private func checkBackup(
        _ source: ImageNode, _ mode: MirrorSyncMode, _ bitmap: (name: String?, mode: BitmapSyncMode?), compress: Bool?, _ settings: JobSettings
    ) throws -> BackupBitmap? {
        if compress == true { throw QAPIError.notSupported("a compressed backup") }
        let found = try backupBitmap(source, mode, bitmap.name, bitmap.mode)
        _ = try (jobName(settings), settings.limit(), checkUnused(source.name))
        return found
    }

    private func backup(
        _ source: ImageNode, to target: ImageNode, _ mode: MirrorSyncMode, _ bitmap: BackupBitmap?, _ settings: JobSettings
    ) throws -> PreparedAction {
        let limit = try settings.limit()
        let marked = bitmap?.begin()
        let content: BackupWork.Content =
            switch mode {
            case .top where source.backing != nil: .own
            case .none: .changes
            default: marked.map { .marked($0) } ?? .all
            }
        let work = BackupWork(source.graph, to: target.graph, content, chunk: chunk(target), loop: loop, speed: limit)
        let job: Job, disk: DiskJob
        do { (job, disk) = try makeJob(.backup, settings, work, on: [source, target]) } catch {
            work.abandon()
            if let bitmap, let marked { bitmap.end(marked, left: marked, isGood: false) }
            throw error
        }
        var isGood = false
        disk.finish = { [self] _ in
            try settle(target)
            isGood = true
        }
        disk.tidy = { [self] in
            if let bitmap, let marked { bitmap.end(marked, left: work.left, isGood: isGood) }
            dropUnused(target.chain)
        }
        return PreparedAction(commit: { job.start() }, abort: { job.abandon() })
    }
}
