import CHost
import HostOS

/// Host memory that backs guest RAM or ROM, with a byte of flags for each 4 KiB page.
public final class RAMBlock {
    public static let pageBits = 12

    /// What is known of a page. The translator and dirty logging set these; writers look at them.
    public enum PageFlag {
        /// Holds guest code that has been translated: writes must be noticed.
        public static let code: UInt8 = 1
        /// The next write is to be noted, by taking this flag away: while pages are logged, those without it are dirty.
        public static let logged: UInt8 = 2
        /// Some TLB may let generated code write here without asking.
        public static let writtenDirectly: UInt8 = 8
    }

    public let name: String
    let memory: HostMemory
    public let base: UnsafeMutableRawPointer
    /// Bytes.
    public let size: UInt64
    public let pageFlags: UnsafeMutablePointer<UInt8>
    private let flagMemory: HostMemory
    /// Keeps what pages hold before devices write them. Set while the vCPUs stand still, with the machine lock held.
    var keeper: PageKeeper?
    /// Pages are still to come: none may be given back to the host, it would be asked for again. Likewise.
    public internal(set) var lacksPages = false

    public init(_ name: String, size: UInt64, from source: MemorySource = MemorySource()) throws(HostError) {
        self.name = name
        self.size = size
        memory = try HostMemory(size: Int(size), from: source)
        flagMemory = try HostMemory(size: Int(size >> 12) + 1)
        unsafe base = memory.base
        unsafe pageFlags = flagMemory.base.assumingMemoryBound(to: UInt8.self)
    }

    public var pages: Int { Int((size + 4095) >> 12) }

    @inlinable public func flags(page: Int) -> UInt8 { unsafe apus_atomic_load_u8(pageFlags + page) }

    /// Sets flags of a page and returns what was there.
    @discardableResult
    @inlinable public func set(_ flags: UInt8, page: Int) -> UInt8 { unsafe apus_atomic_or_u8(pageFlags + page, flags) }

    @discardableResult
    @inlinable public func clear(_ flags: UInt8, page: Int) -> UInt8 { unsafe apus_atomic_and_u8(pageFlags + page, ~flags) }

    /// Copies bytes in from the host's side before the guest runs (firmware, kernels).
    public func load(_ bytes: [UInt8], at offset: UInt64) {
        precondition(offset <= size && UInt64(bytes.count) <= size - offset, "loading beyond the end of \(name)")
        if !bytes.isEmpty { willWrite(pages: Int(offset >> 12)...Int((offset + UInt64(bytes.count - 1)) >> 12)) }
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe (base + Int(offset)).copyMemory(from: start, byteCount: bytes.count)
        }
        guard !bytes.isEmpty else { return }
        for page in Int(offset >> 12)...Int((offset + UInt64(bytes.count - 1)) >> 12) { clear(PageFlag.logged, page: page) }
    }

    /// Devices are about to write pages.
    func willWrite(pages: ClosedRange<Int>) {
        guard let keeper else { return }
        for page in pages { keeper.willWrite(page: page) }
    }

    /// Makes the memory what a file holds from `offset` on, a multiple of the page size, without reading it: pages come when they are looked at, and what the
    /// guest writes stays in this process. Nothing may be running that has seen the old bytes. The file must stay as it is.
    public func map(_ file: HostFile, at offset: UInt64) throws(HostError) { try memory.replace(byPrivate: file, at: offset) }

    /// Writes pages to a file, the first of them at `offset`.
    public func write(pages range: Range<Int>, to file: HostFile, at offset: UInt64) throws(HostError) {
        precondition(range.lowerBound >= 0 && range.upperBound <= pages, "there are no pages \(range) in \(name)")
        let (start, count) = (range.lowerBound << RAMBlock.pageBits, range.count << RAMBlock.pageBits)
        try file.write(at: offset, unsafe GuestBuffer(base: base + start, count: count))
    }

    public func bytes(at offset: UInt64, count: Int) -> [UInt8] {
        precondition(offset <= size && UInt64(count) <= size - offset, "reading beyond the end of \(name)")
        return unsafe Array(UnsafeRawBufferPointer(start: base + Int(offset), count: count))
    }
}
