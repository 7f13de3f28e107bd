import CLibZstd

/// Frames of Zstandard (RFC 8878).
public enum Zstd {
    public static let levels = 1...20

    /// Packs bytes; nil if they do not become fewer.
    public static func pack(_ bytes: [UInt8], level: Int) -> [UInt8]? {
        var output = [UInt8](repeating: 0, count: bytes.count)
        let count = unsafe output.withUnsafeMutableBytes { target in
            unsafe bytes.withUnsafeBytes { source in
                unsafe ZSTD_compress(target.baseAddress, target.count, source.baseAddress, source.count, Int32(level))
            }
        }
        return ZSTD_isError(count) == 0 && count < bytes.count ? Array(output.prefix(count)) : nil
    }

    /// Exactly so many bytes; nil if the frame holds another number of them or is damaged.
    public static func unpack(_ bytes: ArraySlice<UInt8>, count: Int) -> [UInt8]? {
        var output = [UInt8](repeating: 0, count: count)
        let made = unsafe output.withUnsafeMutableBytes { target in
            unsafe bytes.withUnsafeBytes { source in unsafe ZSTD_decompress(target.baseAddress, count, source.baseAddress, source.count) }
        }
        return ZSTD_isError(made) == 0 && made == count ? output : nil
    }
}
