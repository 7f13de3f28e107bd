import Diagnostics

/// What a vCPU wants from memory.
public enum AccessKind: UInt8, Sendable { case read, write, execute }

/// Where a virtual address lies, or why it lies nowhere.
public enum AddressTranslation: Sendable, CustomStringConvertible {
    case mapped(Mapping)
    /// The guest's own fault number (RISC-V: the exception code).
    case fault(UInt32)

    public var description: String {
        switch self {
        case .fault(let code): "fault \(code)"
        case .mapped(let place):
            "\(hex(place.physical)) \(place.readable ? "r" : "-")\(place.writable ? "w" : "-")\(place.executable ? "x" : "-"), 2^\(place.pageBits) bytes"
        }
    }
}

/// A virtual page's physical place and what may be done there.
public struct Mapping: Sendable {
    /// The physical address that the virtual address asked for stands for.
    public var physical: UInt64
    /// The TLB entry may cover 2^pageBits bytes around the address; at most what flush-by-page must throw away with it.
    public var pageBits: UInt8
    public var readable: Bool
    public var writable: Bool
    public var executable: Bool

    public init(physical: UInt64, pageBits: UInt8, readable: Bool, writable: Bool, executable: Bool) {
        self.physical = physical
        self.pageBits = pageBits
        self.readable = readable
        self.writable = writable
        self.executable = executable
    }
}

/// Why a memory access failed after its address was translated.
public enum BusFault: UInt8, Sendable {
    /// Nothing answers at the physical address, or the device refused.
    case access
    /// The address is no multiple of the access size and the operation needs that.
    case misaligned
}

/// Guest code as the translator reads it: the page that holds the block, and, for an instruction that crosses its end, the next one.
public struct CodeWindow {
    /// Bytes of the first page, whose address is `pageStart`.
    @usableFromInline let base: UnsafePointer<UInt8>
    /// Virtual address of the first page; it has `pageSize` bytes.
    public let pageStart: UInt64
    public let pageSize: UInt64
    /// Bytes of the next page; nil where it can't be fetched or has not been asked for.
    private let nextPage: () -> UnsafePointer<UInt8>?
    /// Whether any byte of the next page was read.
    public private(set) var touchedNextPage = false
    private var next: UnsafePointer<UInt8>?

    public init(base: UnsafePointer<UInt8>, pageStart: UInt64, pageSize: UInt64 = 4096, nextPage: @escaping () -> UnsafePointer<UInt8>?) {
        unsafe self.base = unsafe base
        self.pageStart = pageStart
        self.pageSize = pageSize
        unsafe self.nextPage = nextPage
    }

    /// Whether the address is in the first page.
    @inlinable public func holds(_ address: UInt64) -> Bool { address &- pageStart < pageSize }

    /// The little-endian half-word at an address with bit 0 clear, in the first page or right behind it; nil if the fetch faults.
    public mutating func halfword(at address: UInt64) -> UInt16? {
        let offset = address &- pageStart
        if offset < pageSize { return unsafe UnsafeRawPointer(base).loadUnaligned(fromByteOffset: Int(offset), as: UInt16.self) }
        if unsafe next == nil { unsafe next = unsafe nextPage() }
        guard let next = unsafe next else { return nil }
        touchedNextPage = true
        return unsafe UnsafeRawPointer(next).loadUnaligned(fromByteOffset: Int(offset - pageSize), as: UInt16.self)
    }

    /// The byte at an address in the first page or right behind it; nil if the fetch faults.
    public mutating func byte(at address: UInt64) -> UInt8? {
        let offset = address &- pageStart
        if offset < pageSize { return unsafe base[Int(offset)] }
        if unsafe next == nil { unsafe next = unsafe nextPage() }
        guard let next = unsafe next else { return nil }
        touchedNextPage = true
        return unsafe next[Int(offset - pageSize)]
    }
}
