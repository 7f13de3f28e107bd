import BlockCore
import BlockFormats
import Diagnostics
import HostOS

/// A disk of a machine's template: an image that nobody writes any more, on which each clone has an overlay.
public struct FrozenDisk: Equatable, Sendable {
    /// As the command line gives it.
    public var path: String
    /// What is read instead, absolute.
    public var image: String
    public var format: ImageOptions.Format
    /// Clones do not write it either.
    public var isReadOnly: Bool

    public init(path: String, image: String, format: ImageOptions.Format, isReadOnly: Bool = false) {
        (self.path, self.image, self.format, self.isReadOnly) = (path, image, format, isReadOnly)
    }

    /// The files that the disk is made of, the image first.
    public func files() throws(BlockError) -> [String] {
        var files = [image]
        var below = format == .qcow2 ? try QCOW2Header.backing(of: image) : nil
        while let next = below, !files.contains(next.path) {
            files.append(next.path)
            below = next.format == .qcow2 ? try QCOW2Header.backing(of: next.path) : nil
        }
        return files
    }
}

/// Disks of templates and clones.
extension BlockSetup {
    /// Keeps what every disk holds now. A disk that can be written gets an image of its own in a folder; one that is only read stays where it is. The machine
    /// stands still, and no request is under way.
    public func freeze(into folder: String) throws -> [FrozenDisk] {
        if let reason = waitingRequests { throw HostError("keep the disks", errno: inUseNumber, remedy: reason) }
        if let entry = entries.first(where: { $0.backing != nil }) {
            throw BlockError.unsupportedImage(entry.options.path, "keeping a chain whose images were named one by one in a template")
        }
        var disks: [FrozenDisk] = []
        for (number, entry) in entries.enumerated() {
            disks.append(try freeze(entry, HostFile.absolute("\(folder)/disk\(number)")))
        }
        return disks
    }

    private func freeze(_ entry: Entry, _ place: String) throws -> FrozenDisk {
        let (path, format) = (entry.options.path, entry.options.format)
        let below = frozen[path]
        switch entry.node {
        case let node where node.isReadOnly:
            return FrozenDisk(path: path, image: below?.image ?? HostFile.absolute(path), format: below?.format ?? format, isReadOnly: true)
        case let overlay as SnapshotOverlay:
            let base = (path: below?.image ?? HostFile.absolute(path), format: below?.format ?? format)
            try QCOW2Creation.make(place + ".qcow2", size: overlay.size, backing: base)
            var options = ImageOptions(path: place + ".qcow2")
            options.format = .qcow2
            let image = try open(options, nil, depth: 1)
            try overlay.copyChanges(to: image)
            try (image as? QCOW2Image)?.writeEverything()
            return FrozenDisk(path: path, image: place + ".qcow2", format: .qcow2)
        case let image as QCOW2Image:
            try image.writeEverything()
            return FrozenDisk(path: path, image: try copy(image.path, to: place + ".qcow2", format: .qcow2), format: .qcow2)
        case is RawImage: return FrozenDisk(path: path, image: try copy(path, to: place + ".raw", format: .raw), format: .raw)
        default: throw BlockError.unsupportedImage(path, "keeping such a disk in a template")
        }
    }

    private func copy(_ path: String, to place: String, format: ImageOptions.Format) throws -> String {
        let target = try HostFile(place, .create)
        try HostFile(path, .readOnly).copy(to: target)
        if format == .qcow2, let backing = try QCOW2Header.backing(of: path) { try QCOW2Creation.nameBacking(target, backing.path) }
        try target.synchronize()
        return place
    }

    /// Makes this a clone's: its disks are overlays on those.
    ///
    /// - Parameter folder: where the overlays are, as qcow2 images; nil for temporary files.
    public func stand(on disks: [FrozenDisk], keepingIn folder: String?) {
        frozen = Dictionary(disks.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        cloneFolder = folder
    }

    func openClone(_ disk: FrozenDisk, _ options: ImageOptions, _ kind: EngineKind?) throws -> any BlockNode {
        var base = ImageOptions(path: disk.image)
        (base.format, base.isReadOnly, base.locking) = (disk.format, true, options.locking)
        if disk.isReadOnly { return try open(base, kind, depth: 1) }
        guard let folder = cloneFolder else {
            let image = try open(base, kind, depth: 1)
            return SnapshotOverlay(base: image, changes: try RawImage(temporaryOfSize: image.size, engine: try engine(kind), loop: loop))
        }
        let name = disk.image.split(separator: "/").last?.split(separator: ".").first ?? "disk"
        var own = options
        (own.path, own.format) = ("\(folder)/\(name).qcow2", .qcow2)
        guard !fileExists(own.path) else { throw HostError("make '\(own.path)', which is there already", errno: inUseNumber) }
        let size = try open(base, kind, depth: 1).size
        try QCOW2Creation.make(own.path, size: size, backing: (disk.image, disk.format))
        return try open(own, kind, depth: 1)
    }
}
