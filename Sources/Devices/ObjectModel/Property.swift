import JSON

/// A property that a type declares, once, for the command line, its help, `qom-get` and the protocol's lists.
public struct Property: Sendable {
    public let name: String
    public let kind: PropertyKind
    /// What it is if nobody says; nil for nothing.
    public let defaultValue: JSONValue?
    public let help: String
    /// It must be given.
    public let isRequired: Bool
    /// What numbers are accepted.
    public let range: ClosedRange<UInt64>?
    public let isPowerOfTwo: Bool

    public init(
        _ name: String, _ kind: PropertyKind, default value: JSONValue? = nil, range: ClosedRange<UInt64>? = nil, powerOfTwo: Bool = false,
        required: Bool = false, _ help: String
    ) {
        (self.name, self.kind, defaultValue, self.help) = (name, kind, value, help)
        (isRequired, self.range, isPowerOfTwo) = (required, range, powerOfTwo)
    }

    /// Whether a value is in range.
    func allows(_ value: JSONValue) -> Bool {
        let number: UInt64
        switch value {
        case .integer(let integer): number = UInt64(integer)
        case .unsigned(let integer): number = integer
        default: return true
        }
        if let range, !range.contains(number) { return false }
        return !isPowerOfTwo || number.nonzeroBitCount == 1
    }

    /// What is accepted, for people.
    public var accepted: String {
        if let words = kind.words { return words.joined(separator: ", ") }
        switch kind {
        case .bool: return "on, off"
        case .unsigned, .size:
            let kind = isPowerOfTwo ? "a power of two" : kind == .size ? "a size" : "a number"
            return kind + (range.map { " from \($0.lowerBound) to \($0.upperBound)" } ?? "")
        default: return help
        }
    }
}
