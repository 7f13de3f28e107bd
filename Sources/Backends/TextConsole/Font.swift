/// The pictures of characters, 8 pixels wide and 16 high: letters by their shapes, accents above them, lines and blocks by rule.
enum Font {
    static let width = 8, height = 16

    /// Rows from above, the leftmost pixel in the high bit; of a character that there is no picture of, the one that stands for such.
    static func rows(_ character: UInt32) -> [UInt8] { pictures[character] ?? pictures[replacement] ?? blank }

    /// U+FFFD.
    static let replacement: UInt32 = 0xfffd
    static let blank = [UInt8](repeating: 0, count: height)

    private static let pictures: [UInt32: [UInt8]] = {
        var pictures = letters.mapValues { picture($0, repeats: [1, 2, 2, 1, 2, 2, 1, 1, 1], from: 2) }
        pictures.merge(accented) { first, _ in first }
        pictures.merge(BoxDrawing.pictures) { first, _ in first }
        return pictures
    }()

    /// The rows of a shape as often as they are wanted, each column of five one or two pixels wide.
    private static func picture(_ shape: [UInt8], repeats: [Int], from top: Int) -> [UInt8] {
        var rows = blank
        var row = top
        for (bits, count) in zip(shape, repeats) {
            for _ in 0..<count where row < height {
                rows[row] = wide(bits)
                row += 1
            }
        }
        return rows
    }

    private static func wide(_ bits: UInt8) -> UInt8 {
        let masks: [UInt8] = [0x80, 0x60, 0x10, 0x0c, 0x02]
        return masks.enumerated().reduce(0) { bits >> UInt8(4 - $1.offset) & 1 != 0 ? $0 | $1.element : $0 }
    }

    private static let letters: [UInt32: [UInt8]] = {
        var letters: [UInt32: [UInt8]] = [:]
        for entry in shapes.split(whereSeparator: { $0 == "\n" || $0 == " " }) {
            let parts = entry.split(separator: ":")
            guard parts.count == 2, let character = UInt32(parts[0], radix: 16) else { preconditionFailure("the table of shapes is of one piece") }
            let digits = Array(parts[1].utf8)
            letters[character] = (0..<digits.count / 2).map { value(digits[2 * $0]) << 4 | value(digits[2 * $0 + 1]) }
        }
        return letters
    }()

    private static func value(_ digit: UInt8) -> UInt8 { digit < 0x3a ? digit - 0x30 : digit - 0x57 }

    // MARK: Accents

    /// An accent's rows, what it makes, and of what.
    private static let accents: [(rows: [UInt8], made: String, bases: String)] = [
        ([0x20, 0x10], "ÀÈÌÒÙàèìòù", "AEIOUaeiou"), ([0x08, 0x10], "ÁÉÍÓÚÝáéíóúýĆćŃńŚśŹź", "AEIOUYaeiouyCcNnSsZz"),
        ([0x10, 0x28], "ÂÊÎÔÛâêîôû", "AEIOUaeiou"), ([0x34, 0x58], "ÃÑÕãñõ", "ANOano"), ([0x00, 0x44], "ÄËÏÖÜŸäëïöüÿ", "AEIOUYaeiouy"),
        ([0x38, 0x38], "ÅÅåŮů", "AAaUu"), ([0x28, 0x10], "ČčĎďĚěŇňŘřŠšŤťŽž", "CcDdEeNnRrSsTtZz"), ([0x24, 0x48], "ŐőŰű", "OoUu"),
    ]

    private static let accented: [UInt32: [UInt8]] = {
        var made: [UInt32: [UInt8]] = [:]
        for accent in accents {
            for (character, base) in zip(accent.made.unicodeScalars, accent.bases.unicodeScalars) {
                made[character.value] = letters[base.value].map { crowned($0, base, accent.rows) }
            }
        }
        for (character, base) in [("Ç", "C"), ("ç", "c")] as [(Unicode.Scalar, Unicode.Scalar)] {
            guard let shape = letters[base.value] else { continue }
            made[character.value] = picture(Array(shape.prefix(7)) + [0x04, 0x08], repeats: [1, 2, 2, 1, 2, 2, 1, 1, 1], from: 2)
        }
        return made
    }()

    /// A capital gives way to its accent, a small letter has room for it, and loses its dot.
    private static func crowned(_ shape: [UInt8], _ base: Unicode.Scalar, _ accent: [UInt8]) -> [UInt8] {
        let isCapital = base.properties.isUppercase
        var shape = shape
        if base == "i" { shape[0] = 0 }
        let repeats = isCapital ? [1, 1, 2, 1, 2, 2, 1] : [1, 2, 2, 1, 2, 2, 1, 1, 1]
        var rows = picture(shape, repeats: repeats, from: isCapital ? 3 : 2)
        for (number, bits) in accent.enumerated() { rows[number + (isCapital ? 0 : 2)] |= bits }
        return rows
    }
}
