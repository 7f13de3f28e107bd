import CHost
import Glibc

/// What the host puts behind guest memory.
public struct MemorySource: Equatable, Sendable {
    public enum Kind: Equatable, Sendable {
        case anonymous
        /// A file without a name, in memory.
        case memoryFile
        /// A file, made or lengthened if need be. Its bytes are the memory's.
        case file(path: String)
    }

    public var kind: Kind
    /// Writes reach the file, and others who have mapped it.
    public var isShared: Bool
    /// The host's pages are taken at once.
    public var isPreallocated: Bool
    /// It is part of core dumps.
    public var isDumped = true
    /// Which of the host's nodes have its pages.
    public var policy = Policy.usual
    /// Numbers of nodes below `hostNodeLimit`.
    public var hostNodes: [Int] = []

    /// How pages are spread over the host's nodes; the numbers are set_mempolicy(2)'s.
    public enum Policy: Int, Sendable { case usual = 0, preferred = 1, bind = 2, interleave = 3 }
    public static let hostNodeLimit = 128

    public init(_ kind: Kind = .anonymous, shared: Bool = false, preallocated: Bool = false) {
        (self.kind, isShared, isPreallocated) = (kind, shared, preallocated)
    }
}

/// Zeroed host memory for guest RAM and the like, page-aligned and reserved, not yet committed.
public final class HostMemory {
    public let base: UnsafeMutableRawPointer
    /// Bytes, a multiple of the page size.
    public let size: Int
    private let isDumped: Bool
    let wantsHugePages: Bool
    /// Pages may be dropped, read as zeros then, and can be put in place by others: not so where a file has bytes of its own.
    public private(set) var canLackPages: Bool

    /// Reserves `size` bytes, rounded up to whole pages.
    public init(size wanted: Int, from source: MemorySource = MemorySource()) throws(HostError) {
        size = (wanted + 4095) & ~4095
        isDumped = source.isDumped
        canLackPages = source.kind == .anonymous || (source.kind == .memoryFile && source.isShared)
        // The mapping keeps the file.
        let file = try HostMemory.file(source.kind, size: size)
        var flags = (source.isShared ? MAP_SHARED : MAP_PRIVATE) | MAP_NORESERVE
        if file == nil { flags |= MAP_ANONYMOUS }
        if source.isPreallocated, source.policy == .usual { flags |= MAP_POPULATE }
        let mapped = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, flags, file?.descriptor ?? -1, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
            throw HostError("reserve \(size >> 20) MiB of memory for the guest", remedy: "choose a smaller -m")
        }
        unsafe base = mapped
        wantsHugePages = size >= 2 << 20 && file == nil
        if wantsHugePages { unsafe madvise(base, size, MADV_HUGEPAGE) }
        if !source.isDumped { unsafe madvise(base, size, MADV_DONTDUMP) }
        try bind(source)
    }

    /// Tells the host which of its nodes the pages are to come from (mbind(2)), before any are there.
    private func bind(_ source: MemorySource) throws(HostError) {
        guard source.policy != .usual else { return }
        var mask = [UInt](repeating: 0, count: MemorySource.hostNodeLimit / UInt.bitWidth + 1)
        for node in source.hostNodes { mask[node / UInt.bitWidth] |= 1 << UInt(node % UInt.bitWidth) }
        let (mbind, moveAndComplain) = (237, 3)
        let result = unsafe mask.withUnsafeBufferPointer { mask in
            let words: [Int] = [
                Int(bitPattern: base), size, source.policy.rawValue, Int(bitPattern: mask.baseAddress), MemorySource.hostNodeLimit + 1,
                moveAndComplain,
            ]
            return unsafe apus_raw_syscall(mbind, words)
        }
        guard result == 0 else {
            throw HostError(
                "bind the guest's memory to nodes of the host", errno: Int32(-result), remedy: "see numactl --hardware for the nodes that there are")
        }
        let populate: Int32 = 23
        if source.isPreallocated, unsafe madvise(base, size, populate) != 0 { throw HostError("take \(size >> 20) MiB of the host's memory") }
    }

    private static func file(_ kind: MemorySource.Kind, size: Int) throws(HostError) -> HostFile? {
        switch kind {
        case .anonymous: return nil
        case .memoryFile: return try HostFile(inMemoryOfSize: UInt64(size))
        case .file(let path):
            if isFolder(path) { return try HostFile(temporaryOfSize: UInt64(size), in: path) }
            let file = try HostFile(path, fileExists(path) ? .readWrite : .create)
            guard try file.size() < UInt64(size) else { return file }
            guard ftruncate(file.descriptor, size) == 0 else { throw HostError("lengthen '\(path)' to \(size) bytes") }
            return file
        }
    }

    /// Puts a file's bytes from `offset` on, a multiple of the page size, in the place of what is there. They are read when they are looked at, all who
    /// have mapped them share the host's pages, and what is written here stays here. The file must not become shorter meanwhile.
    public func replace(byPrivate file: HostFile, at offset: UInt64) throws(HostError) {
        precondition(offset & 4095 == 0, "files are mapped by pages")
        let flags = MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED
        let mapped = unsafe mmap(base, size, PROT_READ | PROT_WRITE, flags, file.descriptor, off_t(offset))
        guard unsafe mapped == base else { throw HostError("map \(size >> 10) KiB of '\(file.path)'") }
        if !isDumped { unsafe madvise(base, size, MADV_DONTDUMP) }
        canLackPages = false
    }

    deinit { unsafe munmap(base, size) }
}

/// A span of guest RAM that a host system call may read or write directly.
///
/// It stays valid as long as the RAM block that it came from. Only HostOS and the address space look at the pointer.
public struct GuestBuffer {
    @unsafe public let base: UnsafeMutableRawPointer
    public let count: Int

    @unsafe public init(base: UnsafeMutableRawPointer, count: Int) {
        unsafe self.base = unsafe base
        self.count = count
    }

    /// The first `length` bytes.
    public func prefix(_ length: Int) -> GuestBuffer { unsafe GuestBuffer(base: base, count: min(length, count)) }

    /// All but the first `length` bytes.
    public func dropFirst(_ length: Int) -> GuestBuffer {
        let skipped = min(length, count)
        return unsafe GuestBuffer(base: base + skipped, count: count - skipped)
    }

    public func bytes() -> [UInt8] { unsafe Array(UnsafeRawBufferPointer(start: base, count: count)) }

    /// Copies as much of `bytes` as fits and returns how many that were.
    @discardableResult
    public func fill(from bytes: ArraySlice<UInt8>) -> Int {
        let length = min(bytes.count, count)
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress, length > 0 else { return }
            unsafe base.copyMemory(from: start, byteCount: length)
        }
        return length
    }

    public func zero() { unsafe memset(base, 0, count) }

    /// Whether all bytes are zero.
    public var isZero: Bool { unsafe count == 0 || (base.load(as: UInt8.self) == 0 && memcmp(base, base + 1, count - 1) == 0) }
}
