/// A field of the guest's state struct as the IR sees it.
public struct StateField: Sendable {
    public let name: String
    /// Bytes from the state pointer.
    public let offset: Int
    public let type: IRType
    /// Lower is hotter; the code generator keeps the hottest fields in host registers across blocks. `nil` stays in memory.
    public let priority: Int?

    public init(_ name: String, _ offset: Int, _ type: IRType, priority: Int? = nil) {
        self.name = name
        self.offset = offset
        self.type = type
        self.priority = priority
    }
}

/// The fields that IR of one guest may read and write. A field is always read and written whole; a float field may also be accessed as
/// the integer of its width.
public struct StateLayout: Sendable {
    public let fields: [StateField]
    private let byOffset: [Int: Int]
    private let byName: [String: Int]

    public init(_ fields: [StateField]) {
        self.fields = fields + StateLayout.headerFields
        byOffset = Dictionary(self.fields.enumerated().map { ($1.offset, $0) }, uniquingKeysWith: { first, _ in first })
        byName = Dictionary(self.fields.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    public func field(at offset: Int) -> StateField? { byOffset[offset].map { fields[$0] } }
    public func field(named name: String) -> StateField? { byName[name].map { fields[$0] } }

    /// Fields of the CPU header that IR may use.
    private static let headerFields: [StateField] =
        [StateField("pc", CPUHeader.Offset.pc, .i64)]
        + (0..<CPUHeader.scratchFields).map { StateField("scratch\($0)", CPUHeader.Offset.scratch + 8 * $0, .i64) }
}
