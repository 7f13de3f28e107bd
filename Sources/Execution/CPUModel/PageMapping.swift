/// A page, or a block as large as many, that a guest's tables map: for people who look at them.
public struct PageMapping: Equatable, Sendable {
    public var address: UInt64
    public var physical: UInt64
    /// Bytes.
    public var count: UInt64
    /// r, w, x, u (user), g (global), a (accessed), d (dirty), each a letter or `-`.
    public var attributes: String

    public init(address: UInt64, physical: UInt64, count: UInt64, attributes: String) {
        (self.address, self.physical, self.count, self.attributes) = (address, physical, count, attributes)
    }

    /// Letters for the flags that are set.
    public static func attributes(_ flags: [Bool]) -> String { String(zip("rwxugad", flags).map { $1 ? $0 : "-" }) }

    /// Whether the other one is where this one ends, on both sides and with the same rights.
    public func isContinued(by other: PageMapping) -> Bool {
        address &+ count == other.address && physical &+ count == other.physical && attributes == other.attributes
    }
}

/// What is left to be looked at while a guest's tables are listed: they may lead to themselves.
public struct PageTableBudget: Sendable {
    /// Entries of tables, used or not: what a table has of them depends on the format, and each may become a line.
    private var entries = 1 << 21
    public private(set) var isSpent = false

    public init() {}

    /// Whether another table, of so many entries, may be read.
    public mutating func takesTable(entries count: Int) -> Bool {
        entries -= count
        if entries < 0 { isSpent = true }
        return !isSpent
    }
}

/// What came of listing a guest's tables.
public enum PageTableListing: Sendable {
    /// Addresses are physical ones now.
    case noTranslation
    case complete
    /// The tables have more entries than were looked at.
    case cut
}
