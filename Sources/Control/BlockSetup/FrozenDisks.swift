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
        if let drive = drives.first(where: { $0.node !== $0.first }) {
            throw BlockError.unsupportedImage(
                (drive.node ?? drive.first)?.options.path ?? drive.id, "keeping a disk whose images have changed since the start in a template")
        }
        if !jobs.jobs.allSatisfy({ $0.status == .concluded }) { throw HostError("keep the disks", errno: inUseNumber, remedy: "a job works on one") }
        if let node = nodes.first(where: { $0.isNamed && $0.backing?.isNamed ?? false }) {
            throw BlockError.unsupportedImage(node.options.path, "keeping a chain whose images were named one by one in a template")
        }
        var disks: [FrozenDisk] = []
        for (number, node) in nodes.filter({ parents(of: $0).isEmpty }).enumerated() {
            disks.append(try freeze(node, HostFile.absolute("\(folder)/disk\(number)")))
        }
        return disks
    }

    private func freeze(_ disk: ImageNode, _ place: String) throws -> FrozenDisk {
        let (path, format) = (disk.options.path, disk.options.format)
        let below = frozen[path]
        switch disk.image {
        case let node where node.isReadOnly:
            return FrozenDisk(path: path, image: below?.image ?? HostFile.absolute(path), format: below?.format ?? format, isReadOnly: true)
        case let overlay as SnapshotOverlay:
            let base = (path: below?.image ?? HostFile.absolute(path), format: below?.format ?? format)
            try QCOW2Creation.make(place + ".qcow2", size: overlay.size, backing: base)
            var options = ImageOptions(path: place + ".qcow2")
            options.format = .qcow2
            let image = try open(options, nil, depth: 1)
            try overlay.copyChanges(to: image.graph)
            try image.qcow2?.writeEverything()
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
        if format == .qcow2, let backing = try QCOW2Header.backing(of: path) {
            try QCOW2Creation.nameBacking(target, .file(backing.path, backing.format))
        }
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

    func openClone(_ disk: FrozenDisk, _ options: ImageOptions, _ kind: EngineKind?, _ name: String?) throws -> ImageNode {
        var base = ImageOptions(path: disk.image)
        (base.format, base.isReadOnly, base.locking) = (disk.format, true, options.locking)
        if disk.isReadOnly {
            let node = try open(base, kind, name: name, depth: 1)
            // The disk is known by the path that the command line has.
            node.options = options
            return node
        }
        guard let folder = cloneFolder else {
            return try overlay(on: try open(base, kind, depth: 1), options, kind, name: name ?? nextName(), isNamed: name != nil)
        }
        let file = disk.image.split(separator: "/").last?.split(separator: ".").first ?? "disk"
        var own = options
        (own.path, own.format) = ("\(folder)/\(file).qcow2", .qcow2)
        guard !fileExists(own.path) else { throw HostError("make '\(own.path)', which is there already", errno: inUseNumber) }
        let size = try open(base, kind, depth: 1).graph.size
        try QCOW2Creation.make(own.path, size: size, backing: (disk.image, disk.format))
        let node = try open(own, kind, name: name, depth: 1)
        node.options = options
        return node
    }
}
