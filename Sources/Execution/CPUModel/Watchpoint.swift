/// Addresses whose accesses stop.
public struct Watchpoint: Hashable, Sendable {
    public enum Kind: UInt8, Sendable { case write, read, access }
    public let kind: Kind
    public let address: UInt64
    public let count: UInt64

    public init(_ kind: Kind, address: UInt64, count: UInt64) {
        self.kind = kind
        self.address = address
        self.count = count
    }

    /// Where an access of `size` bytes at `place` meets it first; nil if it does not.
    public func hit(_ place: UInt64, _ size: UInt64, reads: Bool, writes: Bool) -> UInt64? {
        guard kind == .access || (kind == .read ? reads : writes) else { return nil }
        guard place &- address < count || address &- place < size else { return nil }
        return max(place, address)
    }
}
