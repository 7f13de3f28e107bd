import AddressSpace

/// A window of a function's that a base address register places (PCI Local Bus Specification 3.0, section 6.2.5).
public struct BaseAddress {
    public enum Kind: Sendable { case io, memory32, memory64 }

    public let kind: Kind
    public let isPrefetchable: Bool
    /// What is seen through it; its size is a power of two.
    public let region: MemoryRegion
    /// The register's offset.
    let offset: Int
    /// Where the window is now; nil if it is closed.
    var address: UInt64?

    public init(_ kind: Kind, _ region: MemoryRegion, isPrefetchable: Bool = false, at offset: Int) {
        precondition(region.size.nonzeroBitCount == 1 && region.size >= (kind == .io ? 4 : 16), "the size of \(region.name)")
        (self.kind, self.region, self.isPrefetchable, self.offset) = (kind, region, isPrefetchable, offset)
    }

    /// The register's fixed low bits.
    var flags: UInt32 {
        switch kind {
        case .io: 1
        case .memory32: isPrefetchable ? 8 : 0
        case .memory64: isPrefetchable ? 0xc : 4
        }
    }

    /// The last address that a window of this kind may have.
    var limit: UInt64 { kind == .memory64 ? .max : kind == .memory32 ? 0xffff_ffff : 0xffff }
}
