/// The pictures of characters, 8 pixels wide and 16 high.
enum Font {
    static let width = 8, height = 16

    /// Rows from above, the leftmost pixel in the high bit; of a character that there is no picture of, the one that stands for such.
    static func rows(_ character: UInt32) -> ArraySlice<UInt8> {
        let start = places[character] ?? places[replacement] ?? 0
        return rows[start..<start + height]
    }

    /// U+FFFD.
    static let replacement: UInt32 = 0xfffd

    private static let (places, rows): ([UInt32: Int], [UInt8]) = {
        var (places, rows): ([UInt32: Int], [UInt8]) = ([:], [])
        for entry in data.split(whereSeparator: { $0 == "\n" || $0 == " " }) {
            let parts = entry.split(separator: ":")
            guard parts.count == 2, let character = UInt32(parts[0], radix: 16) else { preconditionFailure("the font's table is of one piece") }
            places[character] = rows.count
            let digits = Array(parts[1].utf8)
            for row in 0..<height { rows.append(value(digits[2 * row]) << 4 | value(digits[2 * row + 1])) }
        }
        return (places, rows)
    }()

    private static func value(_ digit: UInt8) -> UInt8 { digit < 0x3a ? digit - 0x30 : digit - 0x57 }
}
