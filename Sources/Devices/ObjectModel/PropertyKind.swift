import JSON

/// What values a property has, by the names that QEMU's tools show.
public enum PropertyKind: Equatable, Sendable {
    case bool
    /// Without a sign, 8 to 64 bits.
    case unsigned(bits: Int)
    /// A list of such numbers; text may name a range, `0-3`, and be given several times.
    case unsignedList(bits: Int)
    /// Bytes; text may have a suffix K, M, G, T.
    case size
    case string
    /// `on`, `off` or `auto`.
    case onOffAuto
    /// One of several words; the enumeration's name.
    case choice(String, [String])
    /// The id of an object of a type.
    case link(String)

    public var name: String {
        switch self {
        case .bool: "bool"
        case .unsigned(let bits): "uint\(bits)"
        case .unsignedList: "int"
        case .size: "size"
        case .string: "str"
        case .onOffAuto: "OnOffAuto"
        case .choice(let name, _): name
        case .link(let type): "link<\(type)>"
        }
    }

    /// The value's type in the protocol's schema.
    public var schemaName: String {
        switch self {
        case .bool: "bool"
        case .unsigned, .unsignedList: "int"
        case .size: "size"
        case .string, .onOffAuto, .choice, .link: "str"
        }
    }

    public var isList: Bool { if case .unsignedList = self { true } else { false } }

    /// The words that it may be, where there are few.
    public var words: [String]? {
        switch self {
        case .onOffAuto: ["on", "off", "auto"]
        case .choice(_, let words): words
        default: nil
        }
    }

    // MARK: Values

    /// The value that a text stands for; nil if it is none.
    func value(of text: String) -> JSONValue? {
        switch self {
        case .bool: ["on", "true", "yes", "y"].contains(text) ? true : ["off", "false", "no", "n"].contains(text) ? false : nil
        case .unsigned: PropertyKind.number(text).flatMap { checked(JSONValue($0)) }
        case .unsignedList: PropertyKind.range(text).flatMap { checked(.array($0.map { JSONValue($0) })) }
        case .size: PropertyKind.bytes(text).map { JSONValue($0) }
        case .string, .link: .string(text)
        case .onOffAuto, .choice: checked(.string(PropertyKind.spelledOut(text)))
        }
    }

    /// The value if it is one of this kind.
    func checked(_ value: JSONValue) -> JSONValue? {
        switch (self, value) {
        case (.bool, .bool), (.string, .string), (.link, .string), (.size, .unsigned), (.unsigned(bits: 64), .unsigned): value
        case (.size, .integer(let number)): number >= 0 ? value : nil
        case (.unsigned(let bits), .integer(let number)): number >= 0 && (bits >= 63 || number < 1 << Int64(bits)) ? value : nil
        case (.unsignedList(let bits), .array(let numbers)): numbers.allSatisfy { PropertyKind.unsigned(bits: bits).checked($0) != nil } ? value : nil
        case (.onOffAuto, .string(let text)), (.choice, .string(let text)): words?.contains(text) == true ? value : nil
        default: nil
        }
    }

    private static func spelledOut(_ text: String) -> String {
        text == "true" || text == "yes" ? "on" : text == "false" || text == "no" ? "off" : text
    }

    private static func number(_ text: String) -> UInt64? {
        text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
    }

    private static func range(_ text: String) -> ClosedRange<UInt64>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { number(String($0)) }
        guard ends.count <= 2, let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last, last - first < 1 << 16 else { return nil }
        return first...last
    }

    private static func bytes(_ text: String) -> UInt64? {
        let suffixes: [Character: UInt64] = ["b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40]
        guard let last = text.lowercased().last, let factor = suffixes[last], !text.hasPrefix("0x") else { return number(text) }
        guard let count = number(String(text.dropLast())), case let (bytes, overflow) = count.multipliedReportingOverflow(by: factor), !overflow
        else {
            return nil
        }
        return bytes
    }
}
