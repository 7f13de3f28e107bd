import Compression
import Display
import Testing

/// Writes down what it is told.
private final class Viewer: ConsoleViewer {
    var sizes: [[Int]] = []
    var rects: [PixelRect] = []
    var pointers = 0
    func resized(_ console: DisplayConsole) { sizes.append([console.surface.width, console.surface.height]) }
    func changed(_ console: DisplayConsole, _ rect: PixelRect) { rects.append(rect) }
    func pointerChanged(_ console: DisplayConsole) { pointers += 1 }
}

@Suite struct DisplayConsoleTests {
    @Test func rectangles() {
        let rect = PixelRect(x: 2, y: 3, width: 4, height: 5)
        #expect(rect.union(PixelRect(width: 0, height: 0)) == rect)
        #expect(rect.union(PixelRect(x: 0, y: 7, width: 3, height: 9)) == PixelRect(x: 0, y: 3, width: 6, height: 13))
        #expect(rect.intersection(PixelRect(x: 4, y: 0, width: 9, height: 4)) == PixelRect(x: 4, y: 3, width: 2, height: 1))
        #expect(rect.intersection(PixelRect(x: 6, y: 0, width: 9, height: 4)).isEmpty)
        #expect(rect.fits(width: 6, height: 8) && !rect.fits(width: 5, height: 8) && !rect.fits(width: 6, height: 7))
        #expect(!PixelRect(x: 1 << 40, y: 0, width: 1 << 40, height: 1).fits(width: 100, height: 100))
    }

    /// Formats name their bits from the top down, and colours are widened so that the brightest is 255.
    @Test func formats() {
        #expect(PixelFormat.xrgb8888.colours([0x33, 0x22, 0x11, 0xff], count: 1) == [0x112233])
        #expect(PixelFormat.xbgr8888.colours([0x33, 0x22, 0x11, 0xff], count: 1) == [0x332211])
        #expect(PixelFormat.rgbx8888.colours([0xff, 0x33, 0x22, 0x11], count: 1) == [0x112233])
        #expect(PixelFormat.xrgb8888.bigEndian.colours([0xff, 0x11, 0x22, 0x33], count: 1) == [0x112233])
        #expect(PixelFormat.rgb888.colours([3, 2, 1, 6, 5, 4], count: 2) == [0x010203, 0x040506])
        #expect(PixelFormat.rgb565.colours([0x00, 0xf8, 0xe0, 0x07, 0x1f, 0x00], count: 3) == [0xff0000, 0x00ff00, 0x0000ff])
        #expect(PixelFormat.xrgb1555.swapped.colours([0x1f, 0x00], count: 1) == [0xff0000])
        #expect(PixelFormat.xrgb8888.colours([1, 2], count: 1) == [0], "what is missing is black")
    }

    @Test func viewersAreTold() {
        let console = DisplayConsole(device: "d"), viewer = Viewer()
        console.add(viewer)
        console.resize(width: 640, height: 480)
        #expect(viewer.sizes.isEmpty, "it has that size")
        console.resize(width: 20, height: 10)
        console.draw(PixelRect(x: 1, y: 2, width: 3, height: 2)) { y in [UInt32](repeating: UInt32(y), count: 3)[...] }
        #expect(viewer.sizes == [[20, 10]] && viewer.rects == [PixelRect(x: 1, y: 2, width: 3, height: 2)])
        #expect(Array(console.surface.row(2)[40..<45]) == [0, 2, 2, 2, 0] && console.surface.row(3)[61] == 3)
        let image = PointerImage(width: 1, height: 1, hotX: 0, hotY: 0, pixels: [5])
        console.setPointer(image)
        console.setPointer(image)
        #expect(viewer.pointers == 1)
        console.blank()
        #expect(console.surface == PixelSurface(width: 640, height: 480) && console.pointer == nil)
    }

    /// Only rows that differ are drawn.
    @Test func scannedPictures() {
        let console = DisplayConsole(device: "d"), viewer = Viewer()
        console.add(viewer)
        var picture = ScannedPicture()
        let layout = ScannedPicture.Layout(width: 2, height: 3, stride: 4)
        func show(_ bytes: [UInt8]) {
            picture.show(bytes, layout, rowBytes: 2, on: console) { $0.map { UInt32($0) } }
        }
        var bytes: [UInt8] = [1, 2, 99, 99, 3, 4, 99, 99, 5, 6]
        show(bytes)
        #expect(console.surface.pixels == [1, 2, 3, 4, 5, 6])
        bytes[6] = 98
        show(bytes)
        #expect(viewer.rects.count == 1, "what lies between rows is not seen")
        bytes[5] = 7
        show(bytes)
        #expect(viewer.rects.last == PixelRect(y: 1, width: 2, height: 1) && console.surface.pixels == [1, 2, 3, 7, 5, 6])
    }

    private func surface(_ width: Int, _ height: Int, _ colour: (Int, Int) -> UInt32) -> PixelSurface {
        let console = DisplayConsole(device: "d")
        console.resize(width: width, height: height)
        console.draw(PixelRect(width: width, height: height)) { y in (0..<width).map { colour($0, y) }[...] }
        return console.surface
    }

    @Test func ppm() {
        let bytes = PictureFile.ppm(surface(2, 1) { x, _ in x == 0 ? 0x010203 : 0xfffefd })
        #expect(bytes == Array("P6\n2 1\n255\n".utf8) + [1, 2, 3, 255, 254, 253])
    }

    /// Pictures that pack and pictures that do not.
    @Test(arguments: [false, true]) func png(_ isNoise: Bool) throws {
        var state: UInt32 = 1
        let picture = surface(40, 30) { x, _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return isNoise ? state >> 8 : UInt32(x)
        }
        let bytes = PictureFile.png(picture)
        func word(_ offset: Int) -> Int { bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
        #expect(bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) && word(16) == 40 && word(20) == 30)
        let count = word(33)
        #expect(Array(bytes[37..<41]) == Array("IDAT".utf8) && bytes.count == 33 + 12 + count + 12)
        var sum = Checksum()
        sum.add(Array(bytes[37..<41 + count]))
        #expect(Int(sum.value) == word(41 + count))
        // The two bytes in front and the four behind are zlib's.
        let rows = try #require(Deflate.unpack(Array(bytes[43..<41 + count - 4]), count: 30 * 121))
        var expected: [UInt8] = []
        for y in 0..<30 {
            expected.append(0)
            for pixel in picture.row(y) { expected += [UInt8(pixel >> 16), UInt8(pixel >> 8 & 255), UInt8(pixel & 255)] }
        }
        #expect(rows == expected)
    }

    @Test(arguments: [(1280, 800), (64, 64), (4095, 4095)]) func edid(_ width: Int, _ height: Int) {
        let block = EDID.block(width: width, height: height)
        #expect(block.count == 128 && block.reduce(0, &+) == 0)
        #expect(block.starts(with: [0, 255, 255, 255, 255, 255, 255, 0]))
        #expect(Int(block[56]) | Int(block[58] >> 4) << 8 == width && Int(block[59]) | Int(block[61] >> 4) << 8 == height)
        #expect(Int(block[54]) | Int(block[55]) << 8 > 0)
    }
}
