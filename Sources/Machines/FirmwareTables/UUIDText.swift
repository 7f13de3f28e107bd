/// UUIDs as firmware's tables have them.
public enum UUIDText {
    /// The sixteen bytes of "aabbccdd-eeff-gghh-iijj-kkllmmnnoopp" with the first three groups' bytes turned round (UEFI, appendix A; SMBIOS 3.0, 7.2.1).
    public static func mixedEndian(_ text: String) -> [UInt8] {
        let bytes = bytes(text)
        return Array(bytes[0..<4].reversed() + bytes[4..<6].reversed() + bytes[6..<8].reversed() + bytes[8...])
    }

    /// The sixteen bytes as they are written.
    public static func bytes(_ text: String) -> [UInt8] {
        let digits = text.filter { $0 != "-" }.map { $0.hexDigitValue.flatMap(UInt8.init) ?? 0 }
        precondition(digits.count == 32, "a UUID has 32 digits: \(text)")
        return (0..<16).map { index -> UInt8 in digits[2 * index] << 4 | digits[2 * index + 1] }
    }
}
