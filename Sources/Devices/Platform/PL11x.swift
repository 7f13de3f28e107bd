import AddressSpace
import DeviceModel
import Display
import HostOS
import Snapshot

/// Arm's PrimeCell colour LCD controllers PL110 (DDI 0161), the one of Versatile boards, and PL111 (DDI 0293): a picture in memory of 1 to 24 bits a pixel,
/// as bytes, words and pixels in either order.
public final class PL11x: MMIODevice {
    public static let typeName = "pl111"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    public enum Version: Sendable {
        case pl110, pl111
        /// A PL110 with the registers of a PL111, and a multiplexer behind it that SYS_CLCD sets (DUI 0225, 3.7 and 4.3.20).
        case versatile

        /// The two have control register and interrupt mask the other way round.
        var controlOffset: UInt64 { self == .pl110 ? 0x1c : 0x18 }
        var maskOffset: UInt64 { self == .pl110 ? 0x18 : 0x1c }
        var identification: [UInt32] {
            switch self {
            case .pl110: [0x10, 0x11, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1]
            case .pl111: [0x11, 0x11, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1]
            case .versatile: [0x93, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1]
            }
        }
        var name: String { self == .pl111 ? "pl111" : self == .pl110 ? "pl110" : "pl110_versatile" }
    }

    private static let paletteSize = 128

    public let interrupt = OutputPin()
    public let console: DisplayConsole
    private let version: Version
    private let memory: AddressSpace
    private var picture = ScannedPicture()
    private var isShown = false
    /// LCDTiming0 to 3, the two frame bases, mask and control.
    private var registers = [UInt32](repeating: 0, count: 8)
    private var palette = [UInt32](repeating: 0, count: paletteSize)
    private var status: UInt32 = 0
    /// What the multiplexer of a Versatile board makes of 16 bits: 1 leaves 5:5:5:1, 3 is 5:6:5 with blue in the low bits, else red is there.
    public var multiplexer: UInt32 = 0 { didSet { if multiplexer != oldValue { picture.forget() } } }

    public init(_ version: Version, memory: AddressSpace) {
        (self.version, self.memory) = (version, memory)
        console = DisplayConsole(device: version.name)
        console.refresh = { [unowned self] in refresh() }
    }

    public func reset() {
        picture.forget()
        for index in registers.indices { registers[index] = 0 }
        for index in palette.indices { palette[index] = 0 }
        status = 0
        update()
        refresh()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("registers", &registers)
        visitor.field("palette", &palette)
        visitor.field("status", &status)
        visitor.check("there are 8 registers and 128 words of palette", registers.count == 8 && palette.count == PL11x.paletteSize)
    }

    public func restored() {
        update()
        picture.forget()
        refresh()
    }

    private var mask: UInt32 { registers[Int(version.maskOffset) / 4] }
    private func update() { interrupt.set(status & mask != 0) }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let value: UInt32
        switch offset {
        case 0x00..<0x20: value = registers[Int(offset) / 4]
        case 0x20: value = status
        case 0x24: value = status & mask
        case 0x2c: value = registers[4]
        case 0x30: value = registers[5]
        case 0x200..<0x400: value = palette[Int(offset - 0x200) / 4]
        case 0xfe0...: value = version.identification[Int(offset - 0xfe0) / 4]
        default: value = 0
        }
        return (UInt64(value), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 0x00..<0x20:
            registers[Int(offset) / 4] = value
            // A new base is taken at once: LNBU, the next base may be written.
            if offset == 0x10 || offset == 0x14 { status |= 1 << 2 }
        case 0x28: status &= ~value
        case 0x200..<0x400:
            palette[Int(offset - 0x200) / 4] = value
            picture.forget()
        default: break
        }
        update()
        return .ok
    }

    // MARK: Picture

    private enum Control {
        static let enable: UInt32 = 1, bgr: UInt32 = 1 << 8, power: UInt32 = 1 << 11
        static let bigEndianBytes: UInt32 = 1 << 9, bigEndianPixels: UInt32 = 1 << 10
    }

    private var control: UInt32 { registers[Int(version.controlOffset) / 4] }

    /// Bits of a pixel, by the field LcdBpp: 1, 2, 4, 8, 16 (1:5:5:5), 24, 16 (5:6:5), 12.
    private var pixelBits: Int { [1, 2, 4, 8, 16, 32, 16, 16][Int(control >> 1 & 7)] }

    /// Where red is in the low bits unless the register says that the two are exchanged.
    private var format: PixelFormat {
        let format: PixelFormat
        // A PL110 itself knows no other 16 bits than 5:5:5:1.
        if version == .versatile, control >> 1 & 7 == 4, multiplexer != 1 {
            return multiplexer == 3 || control & Control.bgr != 0 ? .rgb565 : .rgb565.swapped
        }
        switch control >> 1 & 7 {
        case 5: format = .xrgb8888
        case 6: format = .rgb565
        case 7: format = .xrgb4444
        default: format = .xrgb1555
        }
        return control & Control.bgr != 0 ? format : format.swapped
    }

    private func refresh() {
        guard control & (Control.enable | Control.power) == Control.enable | Control.power else { return goDark() }
        let width = (Int(registers[0] >> 2 & 0x3f) + 1) * 16, height = Int(registers[1] & 0x3ff) + 1
        let stride = width * pixelBits / 8
        let layout = ScannedPicture.Layout(width: width, height: height, stride: stride)
        guard let parts = memory.map(UInt64(registers[4]), count: layout.size(lastRow: stride), writing: false) else { return goDark() }
        isShown = true
        picture.show(parts.flatMap { $0.bytes() }, layout, rowBytes: stride, on: console) { [unowned self] in colours($0, width) }
    }

    private func goDark() {
        if isShown { console.blank() }
        isShown = false
        picture.forget()
    }

    private func colours(_ row: ArraySlice<UInt8>, _ count: Int) -> [UInt32] {
        let isBigEndian = control & Control.bigEndianBytes != 0
        if pixelBits == 32 { return (isBigEndian ? format.bigEndian : format).colours(row, count: count) }
        // A row of small pixels may end within a word.
        let row = row + [UInt8](repeating: 0, count: -row.count & 3)
        let words = stride(from: row.startIndex, to: row.endIndex, by: 4).map { start -> UInt32 in
            let word = UInt32(row[start]) | UInt32(row[start + 1]) << 8 | UInt32(row[start + 2]) << 16 | UInt32(row[start + 3]) << 24
            return isBigEndian ? word.byteSwapped : word
        }
        let (perWord, bits) = (32 / pixelBits, pixelBits)
        let mask: UInt32 = 1 << UInt32(bits) - 1
        // The first pixel is in a word's low bits, or in the high ones. With big-endian pixels alone it is the order within bytes that changes.
        let isReversed = isBigEndian
        let flipsByte = !isBigEndian && control & Control.bigEndianPixels != 0 && bits < 8
        let (format, isPalette) = (self.format, bits <= 8)
        return (0..<count).map { index -> UInt32 in
            var place = isReversed ? perWord - 1 - index % perWord : index % perWord
            if flipsByte { place ^= 8 / bits - 1 }
            let pixel = words[index / perWord] >> UInt32(place * bits) & mask
            return isPalette ? paletteColour(Int(pixel)) : format.colour(pixel)
        }
    }

    /// Entries have 16 bits, two of them in a word: 5 each of red, green and blue from the low bits on.
    private func paletteColour(_ index: Int) -> UInt32 {
        let entry = palette[index / 2] >> UInt32(index % 2 * 16) & 0xffff
        return (control & Control.bgr != 0 ? PixelFormat.xrgb1555 : PixelFormat.xrgb1555.swapped).colour(entry)
    }
}
