import CLibZ

/// zlib streams (RFC 1950).
public enum Zlib {
    /// Packs bytes quickly; nil if they do not become fewer.
    public static func pack(_ bytes: [UInt8]) -> [UInt8]? {
        var output = [UInt8](repeating: 0, count: bytes.count)
        var count = UInt(bytes.count)
        let status = unsafe output.withUnsafeMutableBufferPointer { target in
            unsafe bytes.withUnsafeBufferPointer { source in
                unsafe compress2(target.baseAddress, &count, source.baseAddress, UInt(source.count), Z_BEST_SPEED)
            }
        }
        return status == Z_OK && Int(count) < bytes.count ? Array(output.prefix(Int(count))) : nil
    }
}
