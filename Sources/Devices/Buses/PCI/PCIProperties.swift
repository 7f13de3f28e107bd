import ObjectModel

/// What every PCI device takes, beside `id` and `bus`.
public enum PCIProperties {
    public static let all = [
        Property("addr", .string, "device number, and function number behind a dot, in hexadecimal digits"),
        Property("multifunction", .bool, default: false, "whether other functions may share its device number"),
        Property("romfile", .string, "file of its expansion ROM; empty for none"),
        Property("rombar", .unsigned(bits: 32), default: 1, "whether the expansion ROM can be seen"),
    ]

    /// Device and function number of `5`, `0x5` or `5.1`; nil for anything else.
    public static func address(_ text: String) -> UInt8? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let device = number(parts[0]), device < 32 else { return nil }
        guard let function = parts.count == 2 ? number(parts[1]) : 0, function < 8 else { return nil }
        return device << 3 | function
    }

    private static func number(_ text: Substring) -> UInt8? { UInt8(text.hasPrefix("0x") ? text.dropFirst(2) : text, radix: 16) }
}
