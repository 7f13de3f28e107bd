import CHost
import Glibc

/// An open file or block device. Reads and writes are positional and complete; EINTR is not seen outside.
public final class HostFile: @unchecked Sendable {
    public let descriptor: Int32
    public let path: String
    /// What the positions, lengths and addresses of transfers must be multiples of: 1, unless the page cache is passed by.
    public let alignment: Int

    public enum Access: Sendable { case readOnly, readWrite, create }

    /// `alignment` is for `direct`: nil takes the least that the host accepts.
    public init(_ path: String, _ access: Access, direct: Bool = false, alignment: Int? = nil, synchronous: Bool = false) throws(HostError) {
        var flags = access == .readOnly ? O_RDONLY : O_RDWR
        if access == .create { flags |= O_CREAT | O_TRUNC }
        if direct { flags |= apus_o_direct }
        if synchronous { flags |= O_DSYNC }
        let opened = openPath(path, flags | O_CLOEXEC, 0o644)
        guard opened >= 0 else { throw HostError("open '\(path)'") }
        var information = stat()
        if unsafe fstat(opened, &information) == 0, information.st_mode & S_IFMT == S_IFDIR {
            close(opened)
            errno = EISDIR
            throw HostError("open '\(path)'")
        }
        descriptor = opened
        self.path = path
        self.alignment = direct ? alignment ?? HostFile.directAlignment(opened) : 1
    }

    /// Whether it is a folder that belongs to who runs this.
    public static func isOwnFolder(_ path: String) -> Bool {
        var information = stat()
        return unsafe stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR && information.st_uid == geteuid()
    }

    /// The path that means the same from every working directory.
    public static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let folder = unsafe getcwd(nil, 0) else { return path }
        defer { unsafe free(folder) }
        return unsafe String(cString: folder) + "/" + path
    }

    /// A new file without a name, in a folder, or `$TMPDIR` or /var/tmp, that is gone when it is closed.
    public init(temporaryOfSize size: UInt64, in folder: String? = nil) throws(HostError) {
        path = "\(folder ?? environment("TMPDIR") ?? "/var/tmp")/apus-XXXXXX"
        alignment = 1
        var template = path.utf8CString
        descriptor = unsafe template.withUnsafeMutableBufferPointer { name in
            guard let name = name.baseAddress else { return -1 }
            let opened = unsafe mkstemp(name)
            if opened >= 0 { unsafe unlink(name) }
            return opened
        }
        guard descriptor >= 0 else { throw HostError("make a temporary file '\(path)'", remedy: "let TMPDIR name a folder that can be written") }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw HostError("make a temporary file of \(size) bytes in '\(path)'") }
    }

    /// A new file of zeros in memory, without a name (memfd_create(2)).
    public init(inMemoryOfSize size: UInt64) throws(HostError) {
        (path, alignment) = ("memory", 1)
        descriptor = unsafe apus_memfd("apus-memory")
        guard descriptor >= 0, ftruncate(descriptor, off_t(size)) == 0 else { throw HostError("make a file of \(size) bytes in memory") }
    }

    deinit { close(descriptor) }

    /// Bytes; for a block device its capacity.
    public func size() throws(HostError) -> UInt64 {
        let end = lseek(descriptor, 0, SEEK_END)
        guard end >= 0 else { throw HostError("find the size of '\(path)'") }
        return UInt64(end)
    }

    /// Bytes that it takes on the host.
    public var allocatedSize: UInt64 {
        var information = stat()
        return unsafe fstat(descriptor, &information) == 0 ? UInt64(information.st_blocks) * 512 : 0
    }

    /// Makes a regular file longer, with zeros, or shorter.
    public func resize(_ size: UInt64) throws(HostError) {
        guard let end = off_t(exactly: size) else { throw HostError("resize '\(path)'", errno: EFBIG) }
        guard ftruncate(descriptor, end) == 0 else { throw HostError("resize '\(path)'") }
    }

    /// Whether this is a regular file or a block device, that is, something that can be a disk or a ROM.
    public var isSeekableStorage: Bool {
        var information = stat()
        guard unsafe fstat(descriptor, &information) == 0 else { return false }
        let kind = information.st_mode & S_IFMT
        return kind == S_IFREG || kind == S_IFBLK
    }

    /// Reads up to `count` bytes; fewer only at the end of the file.
    public func read(at offset: UInt64, count: Int) throws(HostError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe pread(descriptor, buffer.baseAddress.map { unsafe $0 + done }, count - done, off_t(offset) + off_t(done))
            }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw HostError("read '\(path)'") }
            if got == 0 { break }
            done += got
        }
        return done == count ? bytes : Array(bytes.prefix(done))
    }

    public func write(at offset: UInt64, _ bytes: [UInt8]) throws(HostError) {
        var done = 0
        while done < bytes.count {
            let put = unsafe bytes.withUnsafeBytes { buffer in
                unsafe pwrite(descriptor, buffer.baseAddress.map { unsafe $0 + done }, bytes.count - done, off_t(offset) + off_t(done))
            }
            if put < 0 && errno == EINTR { continue }
            guard put >= 0 else { throw HostError("write '\(path)'") }
            done += put
        }
    }

    /// Writes all of a span of guest memory.
    public func write(at offset: UInt64, _ buffer: GuestBuffer) throws(HostError) {
        var done = 0
        while done < buffer.count {
            let put = unsafe pwrite(descriptor, buffer.base + done, buffer.count - done, off_t(offset) + off_t(done))
            if put < 0 && errno == EINTR { continue }
            guard put >= 0 else { throw HostError("write '\(path)'") }
            done += put
        }
    }

    /// Gives the range's space back to the file system, where that can be done; it reads as zeros then.
    public func punchHole(at offset: UInt64, count: UInt64) {
        _ = apus_fallocate(descriptor, apus_punch_hole, off_t(offset), off_t(count))
    }

    /// What has been written is on stable storage when this returns.
    public func synchronize() throws(HostError) { guard fdatasync(descriptor) == 0 else { throw HostError("flush '\(path)'") } }

    /// The whole content of a file.
    public static func contents(_ path: String) throws(HostError) -> [UInt8] {
        let file = try HostFile(path, .readOnly)
        return try file.read(at: 0, count: Int(file.size()))
    }
}

/// Whether a path is a folder's.
public func isFolder(_ path: String) -> Bool {
    var information = stat()
    return unsafe stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
}

/// Whether a file can be read.
public func fileExists(_ path: String) -> Bool { unsafe access(path, R_OK) == 0 }

/// What a symbolic link holds; nil if there is none.
public func linkTarget(_ path: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe buffer.withMemoryRebound(to: CChar.self) { text in unsafe text.baseAddress.map { unsafe readlink(path, $0, text.count) } ?? -1 }
    }
    return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
}
