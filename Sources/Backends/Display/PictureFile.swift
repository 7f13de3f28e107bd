import Compression

/// Pictures as files.
public enum PictureFile {
    /// PPM, the binary form with three bytes for a pixel (Netpbm's ppm(5)).
    public static func ppm(_ surface: PixelSurface) -> [UInt8] {
        var bytes = Array("P6\n\(surface.width) \(surface.height)\n255\n".utf8)
        bytes.reserveCapacity(bytes.count + 3 * surface.pixels.count)
        for pixel in surface.pixels { append(pixel, to: &bytes) }
        return bytes
    }

    /// PNG with 8 bits for each of red, green and blue (ISO/IEC 15948:2003).
    public static func png(_ surface: PixelSurface) -> [UInt8] {
        var rows: [UInt8] = []
        rows.reserveCapacity((3 * surface.width + 1) * surface.height)
        for y in 0..<surface.height {
            // The filter: none.
            rows.append(0)
            for pixel in surface.row(y) { append(pixel, to: &rows) }
        }
        let header = word(UInt32(surface.width)) + word(UInt32(surface.height)) + [8, 2, 0, 0, 0]
        let data = Zlib.pack(rows) ?? stored(rows)
        return [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] + chunk("IHDR", header) + chunk("IDAT", data) + chunk("IEND", [])
    }

    private static func append(_ pixel: UInt32, to bytes: inout [UInt8]) {
        bytes.append(UInt8(truncatingIfNeeded: pixel >> 16))
        bytes.append(UInt8(truncatingIfNeeded: pixel >> 8))
        bytes.append(UInt8(truncatingIfNeeded: pixel))
    }

    private static func word(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) } }

    private static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(type.utf8) + data
        var sum = Checksum()
        sum.add(body)
        return word(UInt32(data.count)) + body + word(sum.value)
    }

    /// A zlib stream that packs nothing, for what does not become fewer bytes (RFC 1950; RFC 1951, section 3.2.4).
    private static func stored(_ bytes: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        var rest = bytes[...]
        repeat {
            let block = rest.prefix(0xffff)
            rest = rest.dropFirst(block.count)
            let count = UInt16(block.count)
            stream.append(rest.isEmpty ? 1 : 0)
            for half in [count, ~count] { stream += [UInt8(truncatingIfNeeded: half), UInt8(half >> 8)] }
            stream += block
        } while !rest.isEmpty
        var (low, high): (UInt32, UInt32) = (1, 0)
        for byte in bytes {
            low = (low + UInt32(byte)) % 65521
            high = (high + low) % 65521
        }
        return stream + word(high << 16 | low)
    }
}
