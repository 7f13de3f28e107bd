/// A part of a picture, in pixels.
public struct PixelRect: Equatable, Sendable {
    public var x: Int, y: Int, width: Int, height: Int

    public init(x: Int = 0, y: Int = 0, width: Int, height: Int) { (self.x, self.y, self.width, self.height) = (x, y, width, height) }

    public var isEmpty: Bool { width <= 0 || height <= 0 }

    /// Whether all of it lies in a picture of a size.
    public func fits(width limit: Int, height other: Int) -> Bool {
        x >= 0 && y >= 0 && width >= 0 && height >= 0 && width <= limit - x && height <= other - y
    }

    /// The least rectangle around both.
    public func union(_ other: PixelRect) -> PixelRect {
        if isEmpty { return other }
        if other.isEmpty { return self }
        let (left, top) = (min(x, other.x), min(y, other.y))
        return PixelRect(x: left, y: top, width: max(x + width, other.x + other.width) - left, height: max(y + height, other.y + other.height) - top)
    }

    public func intersection(_ other: PixelRect) -> PixelRect {
        let (left, top) = (max(x, other.x), max(y, other.y))
        let (right, bottom) = (min(x + width, other.x + other.width), min(y + height, other.y + other.height))
        return PixelRect(x: left, y: top, width: max(0, right - left), height: max(0, bottom - top))
    }
}

/// A picture: rows of words 0x00RRGGBB, one behind the other.
public struct PixelSurface: Equatable, Sendable {
    public let width: Int
    public let height: Int
    public private(set) var pixels: [UInt32]

    /// The largest side that a picture may have: what RFB's 16 bits can say, well below.
    public static let largestSide = 16384

    /// Black.
    public init(width: Int, height: Int) {
        precondition((1...PixelSurface.largestSide).contains(width) && (1...PixelSurface.largestSide).contains(height), "a picture has a size")
        (self.width, self.height) = (width, height)
        pixels = [UInt32](repeating: 0, count: width * height)
    }

    public var bounds: PixelRect { PixelRect(width: width, height: height) }

    /// Puts pixels into a row; there must be room behind `x`.
    mutating func replace(row: Int, from x: Int, with part: ArraySlice<UInt32>) {
        let start = row * width + x
        pixels.replaceSubrange(start..<start + part.count, with: part)
    }

    public func row(_ y: Int) -> ArraySlice<UInt32> { pixels[y * width..<(y + 1) * width] }
}
