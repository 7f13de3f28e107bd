import BlockCore
import Diagnostics
import EventLoop
import HostOS

public enum BlockError: ExplainedError {
    case host(HostError)
    case tooShort(String, bytes: UInt64)
    case notStorage(String)
    case locked(String)
    case unsupportedFormat(String)

    public var cause: String {
        switch self {
        case .host(let error): error.cause
        case .tooShort(let path, let bytes): "'\(path)' has \(bytes) bytes, less than a sector of 512"
        case .notStorage(let path): "'\(path)' is neither a file nor a block device"
        case .locked(let path): "'\(path)' is in use by another process"
        case .unsupportedFormat(let name): "the image format '\(name)' is not supported"
        }
    }

    public var remedy: String? {
        switch self {
        case .host(let error): error.remedy
        case .tooShort: "make it larger: truncate -s SIZE"
        case .notStorage: "give a regular file or a block device"
        case .locked: "end the other process, or open the image with readonly=on"
        case .unsupportedFormat: "convert the image to raw"
        }
    }
}

/// A disk image without a format: the file's bytes are the disk's.
public final class RawImage: BlockNode {
    public enum Cache: String, CaseIterable, Sendable {
        /// Writes are done when the host's page cache has them; flushes reach the disk.
        case writeback
        /// As writeback, past the host's page cache.
        case none
        /// Each write reaches the disk before it is done.
        case writethrough
        /// As writethrough, past the host's page cache.
        case directsync
        /// Flushes are ignored: for throw-away guests.
        case unsafe
    }

    public let size: UInt64
    public let isReadOnly: Bool
    private let file: HostFile
    /// Bytes of the file itself; the rest of the last sector reads as zeros.
    private let fileSize: UInt64
    private let cache: Cache
    private let loop: EventLoop
    private let workers: WorkerPool

    public init(_ path: String, readOnly: Bool, cache: Cache, discards: Bool, loop: EventLoop) throws(BlockError) {
        do {
            let direct = cache == .none || cache == .directsync
            file = try HostFile(
                path, readOnly ? .readOnly : .readWrite, direct: direct, synchronous: cache == .writethrough || cache == .directsync)
            guard file.isSeekableStorage else { throw BlockError.notStorage(path) }
            fileSize = try file.size()
            guard readOnly || file.lock() else { throw BlockError.locked(path) }
            workers = try WorkerPool(threads: 4)
        } catch let error as BlockError {
            throw error
        } catch let error as HostError {
            throw .host(error)
        } catch {
            throw .notStorage(path)
        }
        guard fileSize >= 512 else { throw .tooShort(path, bytes: fileSize) }
        size = (fileSize + 511) & ~511
        isReadOnly = readOnly
        self.cache = cache
        self.loop = loop
        self.discards = discards
    }

    private let discards: Bool

    public func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        run(done) { [file] in file.read(at: offset, into: buffers) }
    }

    public func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        run(done) { [file] in file.write(at: offset, from: buffers) }
    }

    public func flush(_ done: @escaping (BlockResult) -> Void) {
        if cache == .unsafe { return loop.post { done(.ok) } }
        run(done) { [file] in file.synchronize() }
    }

    public func discard(_ offset: UInt64, count: UInt64, zeroes: Bool, _ done: @escaping (BlockResult) -> Void) {
        if !zeroes && !discards { return loop.post { done(.ok) } }
        run(done) { [file] in file.punch(offset, count: count) }
    }

    public func drain() { workers.drain() }

    /// Does something on a worker thread that gives an error number, 0 for none.
    private func run(_ done: @escaping (BlockResult) -> Void, _ work: @escaping () -> Int32) {
        workers.submit { [loop] in
            let code = work()
            loop.post { done(code == 0 ? .ok : .failed(errno: code)) }
        }
    }
}
