import AddressSpace
import DeviceModel
import Display
import Snapshot

/// The picture that firmware shows (Raspberry Pi firmware wiki, "Mailbox framebuffer interface"): a part of a larger one in the GPU's memory, at the size that software asks for.
public final class VideoCoreFramebuffer: Device {
    public static let typeName = "bcm2835-fb"

    /// What software asks for and gets.
    public struct Layout: SnapshotState, Equatable {
        public var width: UInt32 = 640, height: UInt32 = 480
        public var virtualWidth: UInt32 = 640, virtualHeight: UInt32 = 480
        /// Bits of a pixel: 8, 16, 24, 32.
        public var depth: UInt32 = 16
        public var x: UInt32 = 0, y: UInt32 = 0
        /// 1: red is in the lowest byte, or with 16 bits at the top; 0: blue is.
        public var order: UInt32 = 1
        /// 0: opacity, 1: transparency, 2: ignored. Kept for whoever asks.
        public var alpha: UInt32 = 2

        public init() {}

        public mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
            visitor.field("width", &width)
            visitor.field("height", &height)
            visitor.field("virtualWidth", &virtualWidth)
            visitor.field("virtualHeight", &virtualHeight)
            visitor.field("depth", &depth)
            visitor.field("x", &x)
            visitor.field("y", &y)
            visitor.field("order", &order)
            visitor.field("alpha", &alpha)
            let read = self
            visitor.check("the picture's size is possible", read.isPossible)
        }

        /// Bytes of a row.
        public var pitch: UInt32 { virtualWidth * (depth >> 3) }
        public var size: UInt32 { pitch * virtualHeight }

        public static let largest: UInt32 = 4096

        var isPossible: Bool {
            let sizes = [width, height, virtualWidth, virtualHeight]
            guard sizes.allSatisfy({ (1...Layout.largest).contains($0) }), [8, 16, 24, 32].contains(depth) else { return false }
            return x <= Layout.largest && y <= Layout.largest
        }

        /// The nearest that can be had: what is shown lies within what there is.
        func made(limit: UInt32) -> Layout? {
            var made = self
            made.virtualWidth = max(virtualWidth, width)
            made.virtualHeight = max(virtualHeight, height)
            guard made.isPossible, made.size <= limit else { return nil }
            made.x = min(x, made.virtualWidth - width)
            made.y = min(y, made.virtualHeight - height)
            return made
        }
    }

    public let console = DisplayConsole(device: typeName)
    /// The Arm's address of the picture, and how many bytes it may have.
    public let base: UInt64, limit: UInt32
    public private(set) var layout = Layout()
    private var isAllocated = false, isBlank = false
    public var colours: [UInt32] { palette }
    private var palette = [UInt32](repeating: 0, count: 256)
    private let memory: AddressSpace
    private var picture = ScannedPicture()

    public init(memory: AddressSpace, base: UInt64, limit: UInt32) {
        (self.memory, self.base, self.limit) = (memory, base, limit)
        console.refresh = { [unowned self] in refresh() }
    }

    public func reset() {
        (layout, isAllocated, isBlank) = (Layout(), false, false)
        for index in palette.indices { palette[index] = 0 }
        picture.forget()
        console.blank()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.part("layout", &layout)
        visitor.field("isAllocated", &isAllocated)
        visitor.field("isBlank", &isBlank)
        visitor.table("palette", &palette)
    }

    public func restored() {
        picture.forget()
        if !isAllocated || isBlank { console.blank() }
        refresh()
    }

    /// Asks for another layout; false if it cannot be had.
    public func set(_ wanted: Layout) -> Bool {
        guard let made = wanted.made(limit: limit) else { return false }
        if made != layout { picture.forget() }
        layout = made
        return true
    }

    /// From now on the picture is shown.
    public func allocate() { isAllocated = true }

    public func release() {
        isAllocated = false
        picture.forget()
        console.blank()
    }

    public func setBlank(_ blank: Bool) {
        isBlank = blank
        picture.forget()
        if blank { console.blank() }
    }

    /// Colours of pixels with 8 bits: red in the lowest byte.
    public func setPalette(_ first: Int, _ colours: [UInt32]) {
        for (index, colour) in colours.enumerated() where palette.indices.contains(first + index) { palette[first + index] = colour }
        picture.forget()
    }

    private func refresh() {
        guard isAllocated, !isBlank else { return }
        let bytes = Int(layout.depth >> 3), width = Int(layout.width)
        let lines = ScannedPicture.Layout(width: width, height: Int(layout.height), stride: Int(layout.pitch))
        let start = base + UInt64(layout.y) * UInt64(layout.pitch) + UInt64(layout.x) * UInt64(bytes)
        guard let parts = memory.map(start, count: lines.size(lastRow: width * bytes), writing: false) else { return }
        let format = format, palette = palette
        picture.show(parts.flatMap { $0.bytes() }, lines, rowBytes: width * bytes, on: console) { row in
            guard let format else {
                return row.map { index in
                    let colour = palette[Int(index)]
                    return colour << 16 & 0xff_0000 | colour & 0xff00 | colour >> 16 & 0xff
                }
            }
            return format.colours(row, count: width)
        }
    }

    /// nil: indices of the palette.
    private var format: PixelFormat? {
        let isRedFirst = layout.order == 1
        switch layout.depth {
        case 8: return nil
        case 16: return isRedFirst ? .rgb565 : .rgb565.swapped
        case 24: return isRedFirst ? .rgb888.swapped : .rgb888
        default: return isRedFirst ? .xbgr8888 : .xrgb8888
        }
    }
}
