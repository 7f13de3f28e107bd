import CLibZ

/// zlib streams (RFC 1950).
public enum Zlib {
    public static let levels = 0...9

    /// Packs bytes, quickly unless a level says otherwise; nil if they do not become fewer.
    public static func pack(_ bytes: [UInt8], level: Int = Int(Z_BEST_SPEED)) -> [UInt8]? {
        var output = [UInt8](repeating: 0, count: bytes.count)
        var count = UInt(bytes.count)
        let status = unsafe output.withUnsafeMutableBufferPointer { target in
            unsafe bytes.withUnsafeBufferPointer { source in
                unsafe compress2(target.baseAddress, &count, source.baseAddress, UInt(source.count), Int32(level))
            }
        }
        return status == Z_OK && Int(count) < bytes.count ? Array(output.prefix(Int(count))) : nil
    }

    /// Exactly so many bytes; nil if the stream holds another number of them or is damaged.
    public static func unpack(_ bytes: ArraySlice<UInt8>, count: Int) -> [UInt8]? {
        var output = [UInt8](repeating: 0, count: count)
        var made = UInt(count)
        let status = unsafe output.withUnsafeMutableBufferPointer { target in
            unsafe bytes.withUnsafeBufferPointer { source in
                unsafe uncompress(target.baseAddress, &made, source.baseAddress, UInt(source.count))
            }
        }
        return status == Z_OK && Int(made) == count ? output : nil
    }
}
