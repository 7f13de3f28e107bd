import BlockCore
import Diagnostics
import HostOS

/// What an image stands on, and how that changes while it is in use.
extension QCOW2Image {
    public enum Backing {
        /// What its header names.
        case named
        /// This, or nothing, whatever its header names.
        case given((any BlockNode)?)
    }

    /// Everything is written and others may have the file; what it stands on stays as it is.
    public func close() throws(HostError) {
        drain()
        try writeEverything()
        try file.setActive(false)
    }

    public func reopen(readOnly: Bool) throws(HostError) {
        guard readOnly != isReadOnly else { return }
        drain()
        try writeEverything()
        try file.reopen(readOnly: readOnly)
        let (before, old) = (isReadOnly, metadata)
        do throws(HostError) {
            metadata = try HostFile(path, readOnly ? .readOnly : .readWrite)
            isReadOnly = readOnly
            try readAnew()
        } catch {
            (metadata, isReadOnly) = (old, before)
            try? file.reopen(readOnly: before)
            throw error
        }
    }

    /// Stands on another node from now on, which shows the same wherever this one has nothing; its header names that, unless it is to stay as it is.
    ///
    /// - Parameter name: nil to leave the header alone.
    public func stand(on node: (any BlockNode)?, naming name: QCOW2Creation.BackingName?) throws {
        drain()
        if let name {
            let wasReadOnly = isReadOnly
            try reopen(readOnly: false)
            defer { if wasReadOnly { do { try reopen(readOnly: true) } catch { warn("\(error)") } } }
            try writeEverything()
            try QCOW2Creation.nameBacking(metadata, name)
            try readAnew()
        }
        backing = node
    }

    public func extents(_ range: Range<UInt64>) throws(HostError) -> [BlockExtent] {
        try tables.parts(range.lowerBound, range.count).map {
            BlockExtent($0.offset..<$0.offset + UInt64($0.count), isHeld: $0.cluster != .absent)
        }
    }

    /// Takes what lies below into clusters of its own, where it has nothing still: what has been written meanwhile stays.
    public func fill(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        change { [self] next in
            fill(offset, buffers, 0) {
                done($0)
                next()
            }
        }
    }

    private func fill(_ offset: UInt64, _ buffers: [GuestBuffer], _ start: Int, _ done: @escaping (BlockResult) -> Void) {
        var start = start
        do throws(HostError) {
            for part in try tables.parts(offset + UInt64(start), buffers.byteCount - start) where part.count > 0 {
                guard part.cluster == .absent else {
                    start += part.count
                    continue
                }
                let count = min(part.count, QCOW2Image.largestChange)
                let next = start + count
                return try writeToNewClusters(part.offset, buffers.slice(start, count), count) { [self] in
                    if $0 == .ok { fill(offset, buffers, next, done) } else { done($0) }
                }
            }
            endLater(done)
        } catch { fail(error, done) }
    }
}

/// Headers that name another backing file (qcow2, "Header extensions", "Backing file name").
extension QCOW2Creation {
    /// A backing file by path and format, or none.
    public enum BackingName: Equatable, Sendable {
        case none
        case file(String, ImageOptions.Format)
    }

    private static let featureNames: UInt32 = 0x6803_f857

    /// Makes the header of an image name another backing file, in one write.
    ///
    /// - Parameter file: the image, which nobody else has in use.
    public static func nameBacking(_ file: HostFile, _ name: BackingName) throws(BlockError) {
        let (start, size): ([UInt8], UInt64)
        do { (start, size) = (try file.read(at: 0, count: QCOW2Header.most), try file.size()) } catch { throw .host(error) }
        let header = try QCOW2Header(start, path: file.path, fileSize: size, writing: true)
        guard header.length <= start.count else { throw .unsupportedImage(file.path, "a header of \(header.length) bytes") }
        var kept: [(kind: UInt32, bytes: [UInt8])] = header.extensions(of: start).filter { $0.kind != backingFormat }
        var bytes = renamed(start, header, kept, name)
        if bytes.count > header.clusterSize {
            // Names of features are for people.
            kept.removeAll { $0.kind == featureNames }
            bytes = renamed(start, header, kept, name)
        }
        if case .file(let path, _) = name, path.utf8.count > longestName || bytes.count > header.clusterSize {
            throw .unsupportedImage(file.path, "another name of its backing file ('\(path)'), for want of room,")
        }
        do {
            try file.write(at: 0, bytes)
            try file.synchronize()
        } catch { throw .host(error) }
    }

    private static func renamed(_ start: [UInt8], _ header: QCOW2Header, _ kept: [(kind: UInt32, bytes: [UInt8])], _ name: BackingName) -> [UInt8] {
        var extensions = kept
        var path: [UInt8] = []
        if case .file(let text, let format) = name {
            path = Array(text.utf8)
            extensions.insert((backingFormat, Array(format.rawValue.utf8)), at: 0)
        }
        var bytes = Array(start[..<header.length])
        for (kind, content) in extensions {
            bytes += bigEndianBytes(kind) + bigEndianBytes(UInt32(content.count)) + content
            bytes += [UInt8](repeating: 0, count: (8 - content.count % 8) % 8)
        }
        bytes += [UInt8](repeating: 0, count: 8)
        let place = path.isEmpty ? 0 : UInt64(bytes.count)
        bytes.replaceSubrange(8..<20, with: bigEndianBytes(place) + bigEndianBytes(UInt32(path.count)))
        return bytes + path
    }
}
