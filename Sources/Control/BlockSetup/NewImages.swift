import BlockFormats
import HostOS
import QAPI

/// Images that commands make.
extension BlockSetup {
    /// Makes a new image in the place of a file that nobody has in use.
    func makeImage(_ path: String, _ format: ImageOptions.Format, size: UInt64, backing: (path: String, format: ImageOptions.Format)?) throws {
        // Nothing is emptied for a size that cannot be.
        guard size <= UInt64(Int64.max) else { throw QAPIError.expects("size", "at most \(Int64.max)") }
        try checkFree(path)
        switch format {
        case .qcow2: try QCOW2Creation.make(path, size: size, backing: backing)
        case .raw:
            if backing != nil { throw QAPIError.notSupported("a raw image on a backing file") }
            try HostFile(path, .create).resize(size)
        }
    }

    /// Whoever makes an image must not destroy one that is in use.
    private func checkFree(_ path: String) throws {
        let whole = HostFile.absolute(path)
        if let user = nodes.first(where: { HostFile.absolute($0.path) == whole }) {
            throw HostError("make '\(path)'", errno: inUseNumber, remedy: "the node '\(user.name)' is that file")
        }
        guard fileExists(path) else { return }
        let file = try HostFile(path, .readWrite)
        if file.lock(shared: false) == .heldByOthers { throw BlockError.locked(path) }
        file.unlock()
    }

    func format(_ name: String?, default format: ImageOptions.Format) throws -> ImageOptions.Format {
        guard let name else { return format }
        guard let known = ImageOptions.Format(rawValue: name) else { throw BlockError.unsupportedFormat(name) }
        return known
    }

    /// `blockdev-create`.
    func create(_ options: BlockdevCreateOptions) throws {
        switch options.branch {
        case .file(let file):
            if let mode = file.preallocation, mode != .off { throw QAPIError.notSupported("blockdev-create preallocation=\(mode.rawValue)") }
            if file.nocow == true { throw QAPIError.notSupported("blockdev-create nocow") }
            try makeImage(file.filename, .raw, size: file.size, backing: nil)
        case .qcow2(let image): try create(image)
        case .hostDevice, .raw: throw QAPIError(.generic, "Driver does not support image creation")
        }
    }

    private func create(_ image: BlockdevCreateOptionsQcow2) throws {
        guard case .str(let name) = image.file else { throw QAPIError.notSupported("blockdev-create with a file that is spelled out") }
        guard let file = files.first(where: { $0.name == name }) else { throw QAPIError(.generic, "Cannot find device='' nor node-name='\(name)'") }
        if let user = file.user { throw QAPIError(.generic, "Node '\(name)' is busy: node is used as file of '\(user)'") }
        if image.version == .v2 { throw QAPIError.notSupported("blockdev-create version=v2") }
        if let mode = image.preallocation, mode != .off { throw QAPIError.notSupported("blockdev-create preallocation=\(mode.rawValue)") }
        if image.extendedL2 == true { throw QAPIError.notSupported("blockdev-create extended-l2") }
        if image.lazyRefcounts == true { throw QAPIError.notSupported("blockdev-create lazy-refcounts") }
        if let bits = image.refcountBits, bits != 16 { throw QAPIError.notSupported("blockdev-create refcount-bits=\(bits)") }
        if image.compressionType == .zstd { throw QAPIError.notSupported("blockdev-create compression-type=zstd") }
        if let size = image.clusterSize, size != QCOW2Creation.clusterSize { throw QAPIError.notSupported("blockdev-create cluster-size=\(size)") }
        guard image.size % 512 == 0, image.size > 0 else { throw QAPIError.expects("size", "a multiple of 512") }
        var backing: (String, ImageOptions.Format)?
        if let path = image.backingFile {
            guard let format = image.backingFmt else { throw QAPIError.missing("backing-fmt") }
            backing = (path, try self.format(format.rawValue, default: .raw))
        }
        try makeImage(file.definition.options.path, .qcow2, size: image.size, backing: backing)
    }
}
