/// Bytes as text (RFC 4648, section 4).
public enum Base64 {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    public static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 { text.append(place <= group.count ? digits[word >> (18 - 6 * place) & 63] : UInt8(ascii: "=")) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil if the text is no such form; line breaks in it do not count.
    public static func decode(_ text: String) -> [UInt8]? {
        let content = text.utf8.filter { $0 != 10 && $0 != 13 }
        let padding = content.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard content.count % 4 == 0, padding <= 2 else { return nil }
        var bytes: [UInt8] = []
        var word = 0
        for (place, character) in content.dropLast(padding).enumerated() {
            guard let value = digits.firstIndex(of: character) else { return nil }
            word = word << 6 | value
            if place % 4 != 0 { bytes.append(UInt8(word >> [0, 4, 2, 0][place % 4] & 0xff)) }
            word &= 0x3f
        }
        return bytes
    }
}
