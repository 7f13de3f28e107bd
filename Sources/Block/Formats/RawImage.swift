import BlockCore
import EventLoop
import HostOS

/// A disk image without a format: the file's bytes are the disk's.
public final class RawImage: BlockNode {
    public private(set) var size: UInt64
    public private(set) var isReadOnly: Bool
    private var file: HostFile
    private let options: ImageOptions
    private let loop: EventLoop
    private let gate: RequestGate

    public init(_ options: ImageOptions, engine: any FileEngine, loop: EventLoop) throws(BlockError) {
        (file, isReadOnly) = try RawImage.openAsAllowed(options)
        let fileSize = try RawImage.checkedSize(file, options, isReadOnly: isReadOnly)
        // The rest of the last sector reads as zeros.
        size = (fileSize + 511) & ~511
        self.options = options
        self.loop = loop
        gate = RequestGate(engine)
    }

    /// A disk of zeros in a temporary file, for as long as it is used.
    public init(temporaryOfSize size: UInt64, engine: any FileEngine, loop: EventLoop) throws(BlockError) {
        do { file = try HostFile(temporaryOfSize: size) } catch { throw .host(error) }
        (self.size, isReadOnly) = (size, false)
        options = ImageOptions(path: file.path)
        self.loop = loop
        gate = RequestGate(engine)
    }

    private static func open(_ options: ImageOptions, _ access: HostFile.Access) throws(HostError) -> HostFile {
        try HostFile(options.path, access, direct: options.cache.direct, alignment: options.directAlignment, synchronous: !options.cache.writeback)
    }

    private static func openAsAllowed(_ options: ImageOptions) throws(BlockError) -> (HostFile, isReadOnly: Bool) {
        do {
            if options.isReadOnly { return (try open(options, .readOnly), true) }
            return (try open(options, .readWrite), false)
        } catch {
            guard !options.isReadOnly, options.mayBecomeReadOnly, error.isForbiddenWrite else { throw .host(error) }
            do { return (try open(options, .readOnly), true) } catch { throw .host(error) }
        }
    }

    private static func checkedSize(_ file: HostFile, _ options: ImageOptions, isReadOnly: Bool) throws(BlockError) -> UInt64 {
        guard file.isSeekableStorage else { throw .notStorage(options.path) }
        let size: UInt64
        do { size = try file.size() } catch { throw .host(error) }
        guard size >= 512 else { throw .tooShort(options.path, bytes: size) }
        guard isReadOnly || file.alignment <= 512 || size % UInt64(file.alignment) == 0 else {
            throw .unaligned(options.path, bytes: size, alignment: file.alignment)
        }
        if options.locking == .off || options.isInactive { return size }
        switch file.lock(shared: isReadOnly) {
        case .heldByOthers: throw .locked(options.path)
        case .impossible where options.locking == .on: throw .cannotLock(options.path)
        case .impossible, .taken: return size
        }
    }

    // MARK: Requests

    public func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        start(FileRequest(file, .read, at: offset, buffers), done)
    }

    public func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        noteWrite(to: offset &+ UInt64(buffers.byteCount))
        start(FileRequest(file, .write, at: offset, buffers), done)
    }

    // MARK: Thresholds

    /// Where writes are told of when they go beyond it, once; 0 for nowhere.
    public private(set) var threshold: UInt64 = 0
    private var onThreshold: (UInt64) -> Void = { _ in }

    /// Tells of the first write that goes beyond an offset, by how many bytes.
    public func watch(beyond offset: UInt64, _ tell: @escaping (UInt64) -> Void) { (threshold, onThreshold) = (offset, tell) }

    private func noteWrite(to end: UInt64) {
        guard threshold > 0, end > threshold else { return }
        let amount = end - threshold
        threshold = 0
        onThreshold(amount)
    }

    public func flush(_ done: @escaping (BlockResult) -> Void) {
        if options.cache.ignoresFlushes { return loop.post { done(.ok) } }
        start(FileRequest(file, .synchronize), done)
    }

    public func discard(_ offset: UInt64, count: UInt64, _ done: @escaping (BlockResult) -> Void) {
        if !options.discards { return loop.post { done(.ok) } }
        start(FileRequest(file, .discard, at: offset, count: count), done)
    }

    public func zero(_ offset: UInt64, count: UInt64, mayUnmap: Bool, _ done: @escaping (BlockResult) -> Void) {
        noteWrite(to: offset &+ count)
        start(FileRequest(file, .zero(mayUnmap: mayUnmap && options.discards), at: offset, count: count), done)
    }

    public func resize(_ size: UInt64) throws(HostError) {
        guard !isReadOnly else { throw HostError("resize '\(file.path)', which is open for reading only", errno: notSupportedNumber) }
        drain()
        try file.resize(size)
        self.size = (size + 511) & ~511
    }

    public func setActive(_ active: Bool) throws(HostError) {
        drain()
        guard active else { return options.locking == .off ? () : file.unlock() }
        try lock(file, shared: isReadOnly)
        // Whoever had it meanwhile may have changed its size.
        size = (try file.size() + 511) & ~511
    }

    private func lock(_ file: HostFile, shared: Bool) throws(HostError) {
        if options.locking == .off { return }
        switch file.lock(shared: shared) {
        case .taken: break
        case .heldByOthers: throw HostError("take '\(options.path)'", errno: inUseNumber, remedy: "another process or disk has it")
        case .impossible: if options.locking == .on { throw HostError("lock '\(options.path)'", errno: notSupportedNumber) }
        }
    }

    public func reopen(readOnly: Bool) throws(HostError) {
        guard readOnly != isReadOnly else { return }
        drain()
        let fresh = try RawImage.open(options, readOnly ? .readOnly : .readWrite)
        // Two openings of one file exclude each other as those of two processes do.
        if options.locking != .off { file.unlock() }
        do throws(HostError) { try lock(fresh, shared: readOnly) } catch {
            try? lock(file, shared: isReadOnly)
            throw error
        }
        (file, isReadOnly) = (fresh, readOnly)
    }

    /// Bytes that the file takes on the host.
    public var allocatedSize: UInt64 { file.allocatedSize }

    public func drain() { gate.drain() }

    private func start(_ request: FileRequest, _ done: @escaping (BlockResult) -> Void) {
        gate.start(request) { code in done(code == 0 ? .ok : .failed(errno: code)) }
    }
}
