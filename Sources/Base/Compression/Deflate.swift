import CLibZ

/// Deflate without any header (RFC 1951).
public enum Deflate {
    /// Exactly so many bytes; nil if the stream holds fewer or is damaged. What follows is ignored.
    public static func unpack(_ bytes: [UInt8], count: Int) -> [UInt8]? {
        var stream = z_stream()
        // The largest window, and no header.
        guard unsafe inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return nil }
        defer { unsafe inflateEnd(&stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: count)
        let result = unsafe input.withUnsafeMutableBufferPointer { source in
            unsafe output.withUnsafeMutableBufferPointer { target in
                unsafe (stream.next_in, stream.avail_in) = (source.baseAddress, UInt32(source.count))
                unsafe (stream.next_out, stream.avail_out) = (target.baseAddress, UInt32(target.count))
                return unsafe inflate(&stream, Z_FINISH)
            }
        }
        // Padding to the end of a sector may follow, so that the end need not be seen.
        return unsafe (result == Z_STREAM_END || result == Z_BUF_ERROR) && stream.avail_out == 0 ? output : nil
    }
}
