/// A structure of SMBIOS (DMTF DSP0134 3.0, 6.1): a formatted part, in which strings are numbers, and the strings behind it.
struct SMBIOSStructure {
    private let type: UInt8
    private let handle: UInt16
    private var formatted: [UInt8] = []
    private var strings: [String] = []

    init(_ type: UInt8, handle: UInt16) { (self.type, self.handle) = (type, handle) }

    mutating func append<Number: FixedWidthInteger>(_ numbers: Number...) { formatted += numbers.flatMap { littleEndian($0) } }
    mutating func append(_ bytes: [UInt8]) { formatted += bytes }

    /// A string's number, which is 0 for none.
    mutating func append(_ text: String?) {
        if let text, !text.isEmpty {
            strings.append(text)
            formatted.append(UInt8(strings.count))
        } else {
            formatted.append(0)
        }
    }

    /// A string that only its place behind the formatted part says.
    mutating func addString(_ text: String) { strings.append(text) }

    var bytes: [UInt8] {
        let end: [UInt8] = strings.isEmpty ? [0, 0] : [0]
        return [type, UInt8(formatted.count + 4)] + littleEndian(handle) + formatted + strings.flatMap { Array($0.utf8) + [0] } + end
    }
}
