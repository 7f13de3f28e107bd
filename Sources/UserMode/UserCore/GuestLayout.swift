/// The layout of a structure that the kernel and programs exchange, as C lays it out for one ABI.
public struct StructLayout: Sendable {
    public enum Kind: Sendable {
        case u8, u16, u32, u64, i32, i64
        /// A `long` and an `unsigned long`: 4 bytes for 32-bit guests.
        case long, unsignedLong
        /// An `unsigned long` that saturates: what does not fit in it, and what is all ones, is all ones.
        case limit
        /// 64 bits in one or two longs.
        case splitLong
        /// So many bytes that are the same everywhere.
        case bytes(Int)
    }

    public struct Field: Sendable {
        public let name: String
        public let offset: Int
        public let size: Int
        public let isSigned: Bool
        public let saturates: Bool
    }

    public let fields: [Field]
    public let size: Int
    public let isBigEndian: Bool

    /// - Parameters:
    ///   - packed: whether fields follow each other without padding.
    ///   - size: bytes of the whole where they are more than the fields need.
    public init(_ members: [(String, Kind)], wordSize: Int = 8, isBigEndian: Bool = false, packed: Bool = false, size: Int = 0) {
        var fields: [Field] = []
        var offset = 0
        var alignment = 1
        for (name, kind) in members {
            let bytes = StructLayout.bytes(kind, wordSize), own = packed ? 1 : StructLayout.alignment(kind, wordSize)
            offset = (offset + own - 1) & ~(own - 1)
            alignment = max(alignment, own)
            var saturates = false
            if case .limit = kind { saturates = true }
            fields.append(Field(name: name, offset: offset, size: bytes, isSigned: StructLayout.isSigned(kind), saturates: saturates))
            offset += bytes
        }
        self.fields = fields
        self.isBigEndian = isBigEndian
        self.size = max(size, (offset + alignment - 1) & ~(alignment - 1))
    }

    private static func bytes(_ kind: Kind, _ wordSize: Int) -> Int {
        switch kind {
        case .u8: 1
        case .u16: 2
        case .u32, .i32: 4
        case .u64, .i64, .splitLong: 8
        case .long, .unsignedLong, .limit: wordSize
        case .bytes(let count): count
        }
    }

    private static func alignment(_ kind: Kind, _ wordSize: Int) -> Int {
        switch kind {
        case .splitLong: wordSize
        case .bytes: 1
        default: bytes(kind, wordSize)
        }
    }

    private static func isSigned(_ kind: Kind) -> Bool {
        switch kind {
        case .i32, .i64, .long: true
        default: false
        }
    }
}

/// Carries values from the bytes of a structure in one layout to those in another; fields that the target lacks are dropped, those that
/// the source lacks are zero.
public struct StructConversion: Sendable {
    private let pairs: [(from: StructLayout.Field, to: StructLayout.Field)]
    private let source: StructLayout
    private let target: StructLayout

    public init(_ source: StructLayout, _ target: StructLayout) {
        self.source = source
        self.target = target
        pairs = target.fields.compactMap { field in source.fields.first { $0.name == field.name }.map { ($0, field) } }
    }

    public func convert(_ bytes: [UInt8]) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: target.size)
        for pair in pairs {
            if pair.to.size > 8 {
                for index in 0..<min(pair.from.size, pair.to.size) { result[pair.to.offset + index] = bytes[pair.from.offset + index] }
                continue
            }
            var value = read(bytes, pair.from)
            if pair.to.saturates, value >= limit(pair.from) || pair.to.size < 8 && value > limit(pair.to) { value = .max }
            for index in 0..<pair.to.size {
                let shift = UInt64(8 * (target.isBigEndian ? pair.to.size - 1 - index : index))
                result[pair.to.offset + index] = UInt8(truncatingIfNeeded: value >> shift)
            }
        }
        return result
    }

    /// The largest number in a field.
    private func limit(_ field: StructLayout.Field) -> UInt64 { field.size >= 8 ? .max : 1 << UInt64(8 * field.size) - 1 }

    private func read(_ bytes: [UInt8], _ field: StructLayout.Field) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<field.size {
            value |= UInt64(bytes[field.offset + index]) << UInt64(8 * (source.isBigEndian ? field.size - 1 - index : index))
        }
        let unused = UInt64(64 - 8 * field.size)
        return field.isSigned ? UInt64(bitPattern: Int64(bitPattern: value << unused) >> Int64(unused)) : value
    }
}
