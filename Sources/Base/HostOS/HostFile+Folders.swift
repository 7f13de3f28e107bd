import CHost
import Glibc

/// A file as it was at some time, to be told from what has become of it since.
public struct FileMark: Equatable, Sendable {
    /// Bytes.
    public var size: UInt64
    /// When it was written last, in nanoseconds since 1970.
    public var modified: Int64

    public init(size: UInt64, modified: Int64) { (self.size, self.modified) = (size, modified) }

    public init(_ path: String) throws(HostError) {
        var information = stat()
        guard unsafe stat(path, &information) == 0 else { throw HostError("look at '\(path)'") }
        size = UInt64(information.st_size)
        modified = Int64(information.st_mtim.tv_sec) * 1_000_000_000 + Int64(information.st_mtim.tv_nsec)
    }
}

/// Folders, and files as wholes.
extension HostFile {
    /// Makes a folder, which must not be there.
    public static func makeFolder(_ path: String) throws(HostError) {
        guard mkdir(path, 0o755) == 0 else { throw HostError("make the folder '\(path)'") }
    }

    /// What was called `path` is called `name` from now on, in the place of what had that name.
    public static func rename(_ path: String, to name: String) throws(HostError) {
        guard unsafe Glibc.rename(path, name) == 0 else { throw HostError("rename '\(path)' to '\(name)'") }
    }

    public static func remove(_ path: String) { unsafe unlink(path) }

    /// The names in a folder are on stable storage when this returns.
    public static func synchronizeFolder(_ path: String) throws(HostError) {
        let descriptor = openPath(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw HostError("open the folder '\(path)'") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw HostError("flush the folder '\(path)'") }
    }

    /// Copies everything to an empty file. Holes stay holes, and the two share their blocks where the file system can do that.
    public func copy(to target: HostFile) throws(HostError) {
        let end = off_t(try size())
        var position: off_t = 0
        while position < end {
            let start = apus_seek_data(descriptor, position)
            // The rest is a hole.
            if start < 0, errno == ENXIO { break }
            guard start >= 0 else { throw HostError("find the data of '\(path)'") }
            let stop = apus_seek_hole(descriptor, start)
            guard stop > start else { throw HostError("find the holes of '\(path)'") }
            try copy(start..<stop, to: target)
            position = stop
        }
        try target.resize(UInt64(end))
    }

    private func copy(_ range: Range<off_t>, to target: HostFile) throws(HostError) {
        var (from, to) = (range.lowerBound, range.lowerBound)
        while from < range.upperBound {
            let copied = unsafe apus_copy_range(descriptor, &from, target.descriptor, &to, Int(range.upperBound - from))
            if copied < 0, errno == EINTR { continue }
            if copied < 0, errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS {
                return try copyByHand(from..<range.upperBound, to: target)
            }
            guard copied > 0 else { throw HostError("copy '\(path)' to '\(target.path)'") }
        }
    }

    /// Where the kernel does not copy between the two.
    private func copyByHand(_ range: Range<off_t>, to target: HostFile) throws(HostError) {
        let piece: off_t = 1 << 20
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Int(piece)) {
            try target.write(at: UInt64(start), try read(at: UInt64(start), count: Int(min(piece, range.upperBound - start))))
        }
    }
}
