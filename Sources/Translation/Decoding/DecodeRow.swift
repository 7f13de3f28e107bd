/// One instruction as its manual draws it: a string of bits from the highest to the lowest, where `0` and `1` are fixed and letters name
/// operand fields; blanks are for the eye.
public struct DecodeRow: Sendable {
    /// The number that the table returns for it.
    public let id: Int
    /// Makes the mnemonic: it is asked for by listings only, and making all of a table's costs a program's start dearly.
    private let name: @Sendable () -> String
    public var mnemonic: String { name() }
    public let pattern: String
    /// Bits that must be on in the feature word for the row to exist; what they mean is the guest's business.
    public let features: UInt64
    /// Fixed bits, and their values.
    public let mask: UInt32
    public let match: UInt32
    /// Width in bits: 16 or 32.
    public let width: Int

    public init(id: Int, mnemonic: @escaping @Sendable @autoclosure () -> String, pattern: String, features: UInt64 = 0) {
        self.id = id
        name = mnemonic
        self.pattern = pattern
        self.features = features
        var mask: UInt32 = 0
        var match: UInt32 = 0
        var width = 0
        for character in pattern.utf8 where character != UInt8(ascii: " ") {
            let isOne = character == UInt8(ascii: "1")
            mask = mask << 1 | (isOne || character == UInt8(ascii: "0") ? 1 : 0)
            match = match << 1 | (isOne ? 1 : 0)
            width += 1
        }
        precondition(width == 16 || width == 32, "\(pattern): a pattern has 16 or 32 bits, not \(width)")
        self.mask = mask
        self.match = match
        self.width = width
    }

    /// An instruction of this row whose operand bits come from `bits`.
    public func encode(operands bits: UInt32) -> UInt32 { match | (bits & ~mask & (width == 16 ? 0xffff : .max)) }
}
