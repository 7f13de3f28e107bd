/// What a monitor says of itself: the base block of EDID 1.4 (VESA Enhanced EDID Standard, Release A, revision 2, chapter 3).
public enum EDID {
    /// The largest size that a detailed timing can name (section 3.10.2).
    public static let largestSide = 4095

    /// A monitor that would like a picture of this size best.
    public static func block(width: Int, height: Int, name: String = "Apus Monitor") -> [UInt8] {
        precondition((1...largestSide).contains(width) && (1...largestSide).contains(height), "a detailed timing can name the size")
        var bytes = identification + basics(width, height) + chromaticity + timings
        bytes += detailedTiming(width, height) + text(0xfc, name) + rangeLimits + text(0xfe, "virtual")
        // No extension follows; the sum of all bytes is 0.
        bytes.append(0)
        bytes.append(0 &- bytes.reduce(0, &+))
        return bytes
    }

    /// Header, manufacturer "APS" in five bits a letter, product, serial number, week and year (2026), version.
    private static let identification: [UInt8] = [
        0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x06, 0x13, 0x01, 0, 0, 0, 0, 0, 1, 36, 1, 4,
    ]

    /// Digital with 8 bits a colour, the size in centimetres at 100 pixels an inch, a gamma of 2.2, sRGB and a preferred timing.
    private static func basics(_ width: Int, _ height: Int) -> [UInt8] { [0xa5, centimetres(width), centimetres(height), 120, 0x06] }

    private static func centimetres(_ pixels: Int) -> UInt8 { UInt8(min(pixels * 254 / 10000, 255)) }

    /// The primaries and white of sRGB (IEC 61966-2-1), in ten bits each.
    private static let chromaticity: [UInt8] = {
        let (red, green, blue, white) = ((655, 338), (307, 614), (154, 61), (320, 337))
        let all = [red, green, blue, white]
        func low(_ first: (Int, Int), _ second: (Int, Int)) -> UInt8 {
            UInt8((first.0 & 3) << 6 | (first.1 & 3) << 4 | (second.0 & 3) << 2 | second.1 & 3)
        }
        return [low(red, green), low(blue, white)] + all.flatMap { [UInt8($0.0 >> 2), UInt8($0.1 >> 2)] }
    }()

    /// 640×480, 800×600 and 1024×768 at 60 Hz, then standard timings at 60 Hz: columns and the shape.
    private static let timings: [UInt8] = {
        let sizes: [(width: Int, shape: Int)] = [(1280, 3), (1280, 0), (1280, 2), (1440, 0), (1600, 1), (1680, 0), (1920, 3), (1920, 0)]
        return [0x21, 0x08, 0] + sizes.flatMap { [UInt8($0.width / 8 - 31), UInt8($0.shape << 6)] }
    }()

    /// Blank for a third of each row and a thirtieth of the rows; 75 Hz, or what the clock's 16 bits allow.
    private static func detailedTiming(_ width: Int, _ height: Int) -> [UInt8] {
        let (blankX, blankY) = (max(160, width / 3), max(30, height / 30))
        let (front, sync, frontY, syncY) = (48, 32, 3, 6)
        let clock = min((width + blankX) * (height + blankY) * 75 / 10000, 0xffff)
        let (sizeX, sizeY) = (width * 254 / 1000, height * 254 / 1000)
        func low(_ value: Int) -> UInt8 { UInt8(truncatingIfNeeded: value) }
        func high(_ first: Int, _ second: Int) -> UInt8 { UInt8((first >> 8) << 4 | second >> 8) }
        return [
            low(clock), low(clock >> 8), low(width), low(blankX), high(width, blankX), low(height), low(blankY), high(height, blankY),
            low(front), low(sync), UInt8(frontY << 4 | syncY), 0, low(sizeX), low(sizeY), high(sizeX, sizeY), 0, 0, 0x18,
        ]
    }

    /// 50 to 125 Hz down, 30 to 160 kHz across, clocks to 2550 MHz.
    private static let rangeLimits: [UInt8] = [0, 0, 0, 0xfd, 0, 50, 125, 30, 160, 255, 1, 0x0a, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20]

    /// A descriptor of up to 13 characters (section 3.10.3).
    private static func text(_ tag: UInt8, _ text: String) -> [UInt8] {
        let letters = Array(text.utf8.prefix(13))
        let end: [UInt8] = letters.count < 13 ? [0x0a] + [UInt8](repeating: 0x20, count: 12 - letters.count) : []
        return [0, 0, 0, tag, 0] + letters + end
    }
}
