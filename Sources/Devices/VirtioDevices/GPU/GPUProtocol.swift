import Display

/// Numbers of the commands and answers (Virtio 1.2, section 5.7.6.7).
enum GPUCommand {
    static let getDisplayInfo: UInt32 = 0x100, resourceCreate2D: UInt32 = 0x101, resourceUnref: UInt32 = 0x102, setScanout: UInt32 = 0x103
    static let resourceFlush: UInt32 = 0x104, transferToHost2D: UInt32 = 0x105, attachBacking: UInt32 = 0x106, detachBacking: UInt32 = 0x107
    static let getEDID: UInt32 = 0x10a, updateCursor: UInt32 = 0x300, moveCursor: UInt32 = 0x301
}

enum GPUAnswer: UInt32, Error {
    case noData = 0x1100, displayInfo = 0x1101, edid = 0x1104
    case unspecified = 0x1200, outOfMemory = 0x1201, invalidScanout = 0x1202, invalidResource = 0x1203, invalidParameter = 0x1205
}

/// A command as the driver has written it: what is missing reads as zero only after `needs` has said that it is there.
struct GPURequest {
    static let headerSize = 24

    let bytes: [UInt8]

    func needs(_ count: Int) throws(GPUAnswer) { if bytes.count < count { throw .unspecified } }

    func word(_ offset: Int) -> UInt32 {
        guard offset + 4 <= bytes.count else { return 0 }
        return (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
    }

    func long(_ offset: Int) -> UInt64 { UInt64(word(offset)) | UInt64(word(offset + 4)) << 32 }

    /// x, y, width and height.
    func rect(_ offset: Int) -> PixelRect {
        PixelRect(x: Int(word(offset)), y: Int(word(offset + 4)), width: Int(word(offset + 8)), height: Int(word(offset + 12)))
    }

    var command: UInt32 { word(0) }
    private static let fence: UInt32 = 1

    /// The header of an answer, with the command's fence (section 5.7.6.7).
    func header(_ answer: GPUAnswer) -> [UInt8] {
        let isFenced = word(4) & GPURequest.fence != 0
        return [answer.rawValue, isFenced ? GPURequest.fence : 0].flatMap(littleEndian)
            + (isFenced ? Array(bytes[8..<min(GPURequest.headerSize, bytes.count)]) : [UInt8](repeating: 0, count: 16))
    }
}

func littleEndian(_ word: UInt32) -> [UInt8] { [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) } }
