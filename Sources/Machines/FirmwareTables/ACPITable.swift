/// Who made a table, in its header.
public struct ACPIMaker: Equatable, Sendable {
    /// At most six and eight bytes.
    public var id: String
    public var tableID: String

    /// What QEMU writes into tables.
    public init(id: String = "BOCHS ", tableID: String = "BXPC    ") { (self.id, self.tableID) = (id, tableID) }

    var idBytes: [UInt8] { ACPIMaker.padded(id, 6) }

    /// Short names end with zeros.
    static func padded(_ text: String, _ count: Int) -> [UInt8] {
        let bytes = Array(text.utf8.prefix(count))
        return bytes + [UInt8](repeating: 0, count: count - bytes.count)
    }
}

/// A system description table (ACPI 6.3, 5.2.6): its header and, byte after byte, what follows. Its checksum is the loader's to fill in.
public struct ACPITable: Sendable {
    public static let headerSize = 36
    public static let checksumOffset = 9

    public let signature: String
    private let revision: UInt8
    private let maker: ACPIMaker
    /// What follows the header.
    private var contents: [UInt8] = []

    public init(_ signature: String, revision: UInt8, _ maker: ACPIMaker) {
        precondition(signature.utf8.count == 4)
        (self.signature, self.revision, self.maker) = (signature, revision, maker)
    }

    /// How long it is so far: where the next byte goes.
    public var count: Int { ACPITable.headerSize + contents.count }

    public mutating func append<Number: FixedWidthInteger>(_ number: Number) { contents += littleEndian(number) }
    public mutating func append(_ bytes: [UInt8]) { contents += bytes }
    public mutating func append(_ code: AML) { contents += code.bytes }
    public mutating func appendZeros(_ count: Int) { contents += [UInt8](repeating: 0, count: count) }

    /// A Generic Address Structure (5.2.3.2) in the system's memory.
    ///
    /// - Parameters:
    ///   - width: bits of the register.
    ///   - access: 1 for bytes to 4 for eight bytes, 0 for none in particular.
    public mutating func appendAddress(_ address: UInt64, width: UInt8, access: UInt8) {
        append([0, width, 0, access])
        append(address)
    }

    /// The whole table.
    public var bytes: [UInt8] {
        var header = Array(signature.utf8) + littleEndian(UInt32(count)) + [revision, 0]
        header += maker.idBytes + ACPIMaker.padded(maker.tableID, 8) + littleEndian(UInt32(1))
        return header + Array("BXPC".utf8) + littleEndian(UInt32(1)) + contents
    }
}
