import AddressSpace
import Display
import HostOS
import Snapshot

/// A picture that the driver has made, and the guest memory that it is filled from (Virtio 1.2, section 5.7.6.8).
struct GPUResource: SnapshotState {
    private(set) var id: UInt32
    private var format: UInt32
    private(set) var width: UInt32
    private(set) var height: UInt32
    /// Words as they lie in the guest's memory, little-endian.
    private(set) var pixels: [UInt32]
    /// Pieces of guest memory: where they are, their lengths, and what lies before each.
    private var addresses: [UInt64] = []
    private var lengths: [UInt32] = []
    private var starts: [UInt64] = []

    static let mostPieces = 16384
    static let pixelSize = 4

    /// The formats, by their numbers: B8G8R8A8, B8G8R8X8, A8R8G8B8, X8R8G8B8, R8G8B8A8, X8B8G8R8, A8B8G8R8, R8G8B8X8, named in the order of the bytes.
    private static let formats: [UInt32: PixelFormat] = [
        1: .xrgb8888, 2: .xrgb8888, 3: .bgrx8888, 4: .bgrx8888, 67: .xbgr8888, 68: .rgbx8888, 121: .rgbx8888, 134: .xbgr8888,
    ]

    static let empty = GPUResource()

    private init() { (id, format, width, height, pixels) = (0, 1, 1, 1, [0]) }

    /// A black picture; nil if the driver asks for what there is not.
    init?(id: UInt32, format: UInt32, width: UInt32, height: UInt32) {
        guard GPUResource.formats[format] != nil, GPUResource.isSize(width, height) else { return nil }
        (self.id, self.format, self.width, self.height) = (id, format, width, height)
        pixels = [UInt32](repeating: 0, count: Int(width) * Int(height))
    }

    static func isSize(_ width: UInt32, _ height: UInt32) -> Bool {
        let sides = 1...UInt32(PixelSurface.largestSide)
        return sides.contains(width) && sides.contains(height)
    }

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("id", &id)
        visitor.field("format", &format)
        visitor.field("width", &width)
        visitor.field("height", &height)
        visitor.field("pixels", &pixels)
        visitor.field("addresses", &addresses)
        visitor.field("lengths", &lengths)
        let (isKnown, size) = (GPUResource.formats[format] != nil, (width, height))
        let (count, pieces) = (pixels.count, addresses.count)
        visitor.check("a picture has a number, a known format and a size", id != 0 && isKnown && GPUResource.isSize(size.0, size.1))
        visitor.check("a picture has its pixels", UInt64(count) == UInt64(size.0) * UInt64(size.1))
        visitor.check("pieces of memory have a place and a length", pieces == lengths.count && pieces <= GPUResource.mostPieces)
        if visitor.isReading { place() }
    }

    var bounds: PixelRect { PixelRect(width: Int(width), height: Int(height)) }
    private var pixelFormat: PixelFormat { GPUResource.formats[format] ?? .xrgb8888 }

    /// A row's part as 0x00RRGGBB.
    func colours(_ y: Int, _ range: Range<Int>) -> ArraySlice<UInt32> {
        let start = y * Int(width)
        let part = pixels[start + range.lowerBound..<start + range.upperBound]
        let format = pixelFormat
        return format == .xrgb8888 ? part.map { $0 & 0xff_ffff }[...] : part.map { format.colour($0) }[...]
    }

    /// The picture with its transparency, as pointers have it; nil if it has another size or format.
    func pointer(side: UInt32) -> [UInt32]? { width == side && height == side && (format == 1 || format == 2) ? pixels : nil }

    // MARK: Guest memory

    var hasBacking: Bool { !addresses.isEmpty }

    mutating func attach(_ pieces: [(address: UInt64, length: UInt32)]) {
        (addresses, lengths) = (pieces.map(\.address), pieces.map(\.length))
        place()
    }

    mutating func detach() { (addresses, lengths, starts) = ([], [], []) }

    private mutating func place() {
        var start: UInt64 = 0
        starts = lengths.map { length in
            defer { start += UInt64(length) }
            return start
        }
    }

    /// Fills a part of the picture from memory, where it begins at an offset and rows are as long as the picture's (section 5.7.6.8,
    /// VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D). False if memory is not where the driver has said.
    mutating func fill(_ rect: PixelRect, offset: UInt64, from memory: AddressSpace) -> Bool {
        let stride = UInt64(width) * UInt64(GPUResource.pixelSize)
        for y in 0..<rect.height {
            let (place, overflow) = offset.addingReportingOverflow(UInt64(y) * stride)
            guard !overflow, let bytes = read(place, count: rect.width * GPUResource.pixelSize, memory) else { return false }
            let target = (rect.y + y) * Int(width) + rect.x
            for x in 0..<rect.width {
                let byte = GPUResource.pixelSize * x
                pixels[target + x] =
                    UInt32(bytes[byte]) | UInt32(bytes[byte + 1]) << 8 | UInt32(bytes[byte + 2]) << 16 | UInt32(bytes[byte + 3]) << 24
            }
        }
        return true
    }

    /// The piece that an offset lies in.
    private func piece(at offset: UInt64) -> Int? {
        var (low, high) = (0, starts.count)
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle + 1 } else { high = middle }
        }
        // Empty pieces begin where the next one does.
        return low > 0 && offset - starts[low - 1] < UInt64(lengths[low - 1]) ? low - 1 : nil
    }

    private func read(_ offset: UInt64, count: Int, _ memory: AddressSpace) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        var offset = offset
        while bytes.count < count {
            guard let index = piece(at: offset) else { return nil }
            let inside = offset - starts[index]
            let length = min(count - bytes.count, Int(UInt64(lengths[index]) - inside))
            let (address, overflow) = addresses[index].addingReportingOverflow(inside)
            guard !overflow, let parts = memory.map(address, count: length, writing: false) else { return nil }
            for part in parts { bytes += part.bytes() }
            offset += UInt64(length)
        }
        return bytes
    }
}
