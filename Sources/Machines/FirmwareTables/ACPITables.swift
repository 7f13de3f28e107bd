/// All tables of a machine, and what firmware does to put them into memory: the three files that QEMU's firmware configuration device has for it
/// (QEMU, "ACPI Linker/Loader", as EDK2's AcpiPlatformDxe reads them).
public struct ACPITables: Sendable {
    public static let rootFile = "etc/acpi/rsdp"
    public static let tablesFile = "etc/acpi/tables"
    public static let loaderFile = "etc/table-loader"

    private static let alignment: UInt32 = 64, rootAlignment: UInt32 = 16

    private var tables: [UInt8] = []
    private var loader = TableLoader()
    /// Where tables that the root table names begin.
    private var listed: [Int] = []
    private let maker: ACPIMaker

    public init(_ maker: ACPIMaker) {
        self.maker = maker
        loader.allocate(ACPITables.rootFile, alignment: ACPITables.rootAlignment, .low)
        loader.allocate(ACPITables.tablesFile, alignment: ACPITables.alignment, .high)
    }

    /// Adds a table.
    ///
    /// - Parameters:
    ///   - isListed: whether the root table names it; others are named by a table.
    ///   - pointers: fields of eight bytes, by their offset in the table, that are to hold where other tables are.
    /// - Returns: where it begins, for such pointers.
    @discardableResult
    public mutating func add(_ table: ACPITable, isListed: Bool = true, pointers: [(field: Int, table: Int)] = []) -> Int {
        let start = tables.count
        tables += table.bytes
        for pointer in pointers { point(at: start + pointer.field, to: pointer.table) }
        loader.sum(ACPITables.tablesFile, start..<tables.count, to: start + ACPITable.checksumOffset)
        if isListed { listed.append(start) }
        return start
    }

    /// Lets a field hold where a table is: first within the file, and then, when the loader knows, in memory.
    private mutating func point(at field: Int, to table: Int) {
        tables.replaceSubrange(field..<field + 8, with: littleEndian(UInt64(table)))
        loader.addPointer(in: ACPITables.tablesFile, at: field, to: ACPITables.tablesFile)
    }

    /// Ends with the root tables (ACPI 6.3, 5.2.5.3 "RSDP Structure" and 5.2.8 "XSDT").
    ///
    /// - Returns: the files, by their names.
    public consuming func files() -> [(name: String, bytes: [UInt8])] {
        var table = ACPITable("XSDT", revision: 1, maker)
        let pointers = listed.enumerated().map { (field: ACPITable.headerSize + 8 * $0.offset, table: $0.element) }
        table.appendZeros(8 * listed.count)
        let list = add(table, isListed: false, pointers: pointers)
        let root =
            Array("RSD PTR ".utf8) + [0] + maker.idBytes + [2] + littleEndian(UInt32(0)) + littleEndian(UInt32(36))
            + littleEndian(UInt64(list)) + [0, 0, 0, 0]
        loader.sum(ACPITables.rootFile, 0..<20, to: 8)
        loader.addPointer(in: ACPITables.rootFile, at: 24, to: ACPITables.tablesFile)
        loader.sum(ACPITables.rootFile, 0..<36, to: 32)
        return [(ACPITables.rootFile, root), (ACPITables.tablesFile, tables), (ACPITables.loaderFile, loader.bytes)]
    }
}
