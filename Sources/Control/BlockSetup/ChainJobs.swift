import BlockFormats
import BlockJobs
import HostOS
import QAPI

/// Jobs that make chains of images shorter: `block-stream` upwards, `block-commit` downwards.
extension BlockSetup {
    /// An image of a chain by its node or its file; nil if neither is said.
    private func member(_ chain: [ImageNode], node name: String?, path: String?, _ what: String) throws(QAPIError) -> ImageNode? {
        if name != nil, path != nil { throw QAPIError(.generic, "'\(what)-node' and '\(what)' cannot be specified at the same time") }
        if let name {
            let node = try existingNode(name)
            guard chain.contains(where: { $0 === node }) else { throw QAPIError(.generic, "'\(name)' is not in this backing chain") }
            return node
        }
        guard let path else { return nil }
        let whole = HostFile.absolute(path)
        guard let node = chain.first(where: { HostFile.absolute($0.path) == whole || $0.options.path == path }) else {
            throw QAPIError(.generic, "Can't find '\(path)' in the backing chain")
        }
        return node
    }

    /// What an image is to name that stands on another one.
    private func name(_ node: ImageNode?, as path: String?) throws(QAPIError) -> QCOW2Creation.BackingName {
        guard let node else {
            if path != nil { throw QAPIError(.generic, "backing file specified, but streaming the entire chain") }
            return .none
        }
        return .file(path ?? HostFile.absolute(node.path), node.format)
    }

    // MARK: Upwards

    func stream(_ arguments: BlockStreamCommand.Arguments) throws {
        let top = try device(arguments.device)
        let below = Array(top.chain.dropFirst())
        if arguments.bottom != nil, arguments.base != nil || arguments.baseNode != nil {
            throw QAPIError(.generic, "'bottom' and 'base' cannot be specified at the same time")
        }
        var base = try member(below, node: arguments.baseNode, path: arguments.base, "base")
        if let bottom = try member(below, node: arguments.bottom, path: nil, "bottom") { base = bottom.backing }
        guard let image = top.qcow2 else { throw QAPIError.notSupported("block-stream into '\(top.name)', which is no qcow2 image,") }
        guard let first = top.backing else { throw QAPIError(.generic, "'\(top.name)' stands on no other image") }
        let settings = JobSettings(
            id: arguments.jobId, device: arguments.device, speed: arguments.speed, reads: arguments.onError, writes: arguments.onError,
            autoFinalize: arguments.autoFinalize, autoDismiss: arguments.autoDismiss)
        let gone = Array(below.prefix { $0 !== base })
        let name = try name(base, as: arguments.backingFile)
        _ = try (jobName(settings), settings.limit(), checkUnused([top] + gone))
        let wasReadOnly = top.graph.isReadOnly
        if wasReadOnly { try openForWriting(top, size: top.graph.size) }
        let work = StreamWork(image, from: first.graph, above: base?.graph, loop: loop, speed: try settings.limit())
        // There is nothing to do between neighbours.
        let (job, disk) = try makeJob(.stream, settings, gone.isEmpty ? CopyWork.nothing(loop) : work, on: [top] + gone)
        disk.finish = { [self] _ in
            try settle(top)
            try image.stand(on: base?.graph, naming: name)
            top.backing = base
        }
        disk.tidy = { [self] in
            if wasReadOnly { openForReading(top) }
            dropUnused(gone)
        }
        job.start()
    }

    // MARK: Downwards

    func commit(_ arguments: BlockCommitCommand.Arguments) throws {
        let root = try device(arguments.device)
        let top = try member(root.chain, node: arguments.topNode, path: arguments.top, "top") ?? root
        let below = Array(top.chain.dropFirst())
        guard let base = try member(below, node: arguments.baseNode, path: arguments.base, "base") ?? below.last else {
            throw QAPIError(.generic, "There is no image below '\(top.name)' to commit into")
        }
        let gone = [top] + below.prefix { $0 !== base }
        for node in gone.dropFirst() + [base] where parents(of: node).count > 1 {
            throw QAPIError(.generic, "Node '\(node.name)' is busy: more than one image stands on it")
        }
        let settings = JobSettings(
            id: arguments.jobId, device: arguments.device, speed: arguments.speed, reads: arguments.onError, writes: arguments.onError,
            autoFinalize: arguments.autoFinalize, autoDismiss: arguments.autoDismiss)
        _ = try (jobName(settings), settings.limit(), checkUnused(gone + [base]))
        guard let above = parents(of: top).first else {
            if arguments.backingFile != nil { throw QAPIError(.generic, "'backing-file' specified, but 'top' is the active layer") }
            return try commitActive(top, into: base, settings)
        }
        guard let image = above.qcow2 else { throw QAPIError.notSupported("block-commit below '\(above.name)'") }
        let name = try name(base, as: arguments.backingFile)
        try checkUnused(above.name)
        try openForWriting(base, size: top.graph.size)
        let work = CommitWork(top.graph, into: base.graph, loop: loop, speed: try settings.limit())
        let (job, disk) = try makeJob(.commit, settings, work, on: [above] + gone + [base])
        disk.finish = { [self] _ in
            try settle(base)
            try image.stand(on: base.graph, naming: name)
            above.backing = base
        }
        disk.tidy = { [self] in
            openForReading(base)
            dropUnused(gone)
        }
        job.start()
    }

    /// The image that the disk itself is in is copied until it is told to end: then the disk stands on `base`.
    private func commitActive(_ top: ImageNode, into base: ImageNode, _ settings: JobSettings) throws {
        try openForWriting(base, size: top.graph.size)
        let gone = Array(top.chain.prefix { $0 !== base })
        let work = MirrorWork(
            top.graph, to: base.graph, .above(base.graph), chunk: 1 << 16, blocking: false, loop: loop, speed: try settings.limit())
        let (job, disk) = try makeJob(.commit, settings, work, on: gone + [base])
        var pivoted = false
        disk.finish = { [self] pivots in
            try settle(base)
            guard pivots else { return }
            for drive in drives where drive.node === top { drive.stand(on: base) }
            pivoted = true
        }
        disk.tidy = { [self] in
            openForReading(pivoted ? top : base)
            if pivoted { dropUnused(gone) }
        }
        job.start()
    }
}
