/// A picture that lies in the guest's memory, where a device would read it again and again: it is read when somebody looks.
public struct ScannedPicture {
    /// Where and how the picture lies.
    public struct Layout: Equatable {
        public var width: Int, height: Int
        /// Bytes from one row to the next.
        public var stride: Int

        public init(width: Int, height: Int, stride: Int) { (self.width, self.height, self.stride) = (width, height, stride) }

        /// Bytes from the first to the last, if the last row has so many.
        public func size(lastRow: Int) -> Int { stride * (height - 1) + lastRow }
    }

    private var layout: Layout?
    private var bytes: [UInt8] = []

    public init() {}

    /// The next look draws everything.
    public mutating func forget() { (layout, bytes) = (nil, []) }

    /// Draws rows that have changed since the last time.
    ///
    /// - Parameters:
    ///   - rowBytes: of the picture in a row.
    ///   - colours: a row's pixels as 0x00RRGGBB.
    public mutating func show(
        _ new: [UInt8], _ layout: Layout, rowBytes: Int, on console: DisplayConsole, colours: (ArraySlice<UInt8>) -> [UInt32]
    ) {
        let isNew = layout != self.layout || new.count != bytes.count
        if !isNew, new == bytes { return }
        console.resize(width: layout.width, height: layout.height)
        func row(_ bytes: [UInt8], _ y: Int) -> ArraySlice<UInt8> {
            bytes[min(y * layout.stride, bytes.count)..<min(y * layout.stride + rowBytes, bytes.count)]
        }
        let changed = isNew ? Array(0..<layout.height) : (0..<layout.height).filter { row(new, $0) != row(bytes, $0) }
        (self.layout, bytes) = (layout, new)
        guard let first = changed.first, let last = changed.last else { return }
        console.draw(PixelRect(y: first, width: layout.width, height: last - first + 1)) { colours(row(new, $0))[...] }
    }
}
