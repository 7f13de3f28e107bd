/// How a guest keeps a pixel of 16, 24 or 32 bits: a number, little-endian unless said otherwise, with a field for each colour.
public struct PixelFormat: Equatable, Sendable {
    /// Bits of one colour in the number.
    public struct Field: Equatable, Sendable {
        let shift: UInt32
        let mask: UInt32

        public init(shift: Int, bits: Int) { (self.shift, mask) = (UInt32(shift), 1 << UInt32(bits) - 1) }

        /// The colour from 0 to 255.
        func value(in pixel: UInt32) -> UInt32 { mask == 255 ? pixel >> shift & 255 : (pixel >> shift & mask) * 255 / mask }
    }

    public let bytes: Int
    let red: Field, green: Field, blue: Field
    let isBigEndian: Bool

    public init(bytes: Int, red: Field, green: Field, blue: Field, isBigEndian: Bool = false) {
        precondition((2...4).contains(bytes), "a pixel has 2 to 4 bytes")
        (self.bytes, self.red, self.green, self.blue, self.isBigEndian) = (bytes, red, green, blue, isBigEndian)
    }

    private static func fields(_ bytes: Int, _ red: Int, _ green: Int, _ blue: Int) -> PixelFormat {
        PixelFormat(bytes: bytes, red: Field(shift: red, bits: 8), green: Field(shift: green, bits: 8), blue: Field(shift: blue, bits: 8))
    }

    /// Named from the number's top bit down.
    public static let xrgb8888 = fields(4, 16, 8, 0)
    public static let xbgr8888 = fields(4, 0, 8, 16)
    public static let rgbx8888 = fields(4, 24, 16, 8)
    public static let bgrx8888 = fields(4, 8, 16, 24)
    public static let rgb888 = fields(3, 16, 8, 0)
    public static let rgb565 = PixelFormat(bytes: 2, red: Field(shift: 11, bits: 5), green: Field(shift: 5, bits: 6), blue: Field(shift: 0, bits: 5))
    public static let xrgb1555 = PixelFormat(
        bytes: 2, red: Field(shift: 10, bits: 5), green: Field(shift: 5, bits: 5), blue: Field(shift: 0, bits: 5))
    public static let xrgb4444 = PixelFormat(bytes: 2, red: Field(shift: 8, bits: 4), green: Field(shift: 4, bits: 4), blue: Field(shift: 0, bits: 4))

    /// The same with red and blue exchanged.
    public var swapped: PixelFormat { PixelFormat(bytes: bytes, red: blue, green: green, blue: red, isBigEndian: isBigEndian) }

    public var bigEndian: PixelFormat { PixelFormat(bytes: bytes, red: red, green: green, blue: blue, isBigEndian: true) }

    /// A pixel's number as 0x00RRGGBB.
    public func colour(_ pixel: UInt32) -> UInt32 {
        if self == .xrgb8888 { return pixel & 0xff_ffff }
        return red.value(in: pixel) << 16 | green.value(in: pixel) << 8 | blue.value(in: pixel)
    }

    /// Pixels of a row as 0x00RRGGBB; bytes that are missing count as zeros.
    public func colours(_ row: ArraySlice<UInt8>, count: Int) -> [UInt32] {
        let isPlain = self == .xrgb8888
        return (0..<count).map { index in
            let start = row.startIndex + index * bytes
            guard start + bytes <= row.endIndex else { return 0 }
            var pixel: UInt32 = 0
            for byte in 0..<bytes { pixel |= UInt32(row[start + byte]) << UInt32(8 * (isBigEndian ? bytes - 1 - byte : byte)) }
            return isPlain ? pixel & 0xff_ffff : colour(pixel)
        }
    }
}
