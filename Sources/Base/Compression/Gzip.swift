import CLibZ
import Diagnostics

public enum CompressionError: ExplainedError {
    case damaged(String)
    case tooLarge(limit: Int)

    public var cause: String {
        switch self {
        case .damaged(let reason): "its gzip stream is damaged: \(reason)"
        case .tooLarge(let limit): "it unpacks to more than \(limit >> 20) MiB"
        }
    }
    public var remedy: String? { nil }
}

/// gzip files (RFC 1952), unpacked by zlib.
public enum Gzip {
    /// Whether bytes begin as a gzip file does.
    public static func isGzip(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1f, 0x8b]) }

    /// Unpacks a file; `limit` is the most bytes that it may unpack to. What follows the first member is ignored.
    public static func unpack(_ bytes: [UInt8], limit: Int) throws(CompressionError) -> [UInt8] {
        var stream = z_stream()
        // 15 bits of window; 16 more ask for gzip's header and checksum.
        let begun = unsafe inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard begun == Z_OK else { throw .damaged("zlib cannot start (\(begun))") }
        defer { unsafe inflateEnd(&stream) }
        var input = bytes
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 18)
        let (status, message) = unsafe input.withUnsafeMutableBufferPointer { source -> (Int32, String) in
            unsafe stream.next_in = source.baseAddress
            stream.avail_in = UInt32(source.count)
            var status = Z_OK
            while status == Z_OK, output.count <= limit {
                let made = unsafe piece.withUnsafeMutableBufferPointer { target -> Int in
                    unsafe stream.next_out = target.baseAddress
                    stream.avail_out = UInt32(target.count)
                    status = unsafe inflate(&stream, Z_NO_FLUSH)
                    return target.count - Int(stream.avail_out)
                }
                output += piece[..<made]
            }
            return (status, unsafe stream.msg.map { unsafe String(cString: $0) } ?? "it is cut off")
        }
        guard output.count <= limit else { throw .tooLarge(limit: limit) }
        guard status == Z_STREAM_END else { throw .damaged(message) }
        return output
    }
}
