/// What a chip of a flash bank tells about itself: JEDEC's Common Flash Interface (JESD68.01) with Intel's command set.
struct FlashQuery {
    /// Bytes of a chip and of one of its erase blocks; both powers of two.
    let chipSize: Int
    let blockSize: Int
    /// Power of two of the bytes that a chip's write buffer holds.
    static let bufferBits: UInt8 = 11

    /// The table's byte at an address of the chip's own counting.
    func byte(_ index: Int) -> UInt8 {
        switch index {
        case 0x10...0x12: text("QRY", index - 0x10)
        case 0x13: 1  // Intel's extended command set
        case 0x15: 0x31  // where its own table is
        case 0x1b: 0x45  // volts at least, tenths in the low digit
        case 0x1c: 0x55  // volts at most
        case 0x1f, 0x20: 7  // typical microseconds of a word and of a buffer, power of two
        case 0x21: 10  // typical milliseconds of an erasure, power of two
        case 0x23, 0x24, 0x25: 4  // the longest of each, times a power of two
        case 0x27: UInt8(chipSize.trailingZeroBitCount)
        case 0x28: 2  // 8 or 16 data lines
        case 0x2a: FlashQuery.bufferBits
        case 0x2c: 1  // regions of equal blocks
        case 0x2d: UInt8(truncatingIfNeeded: blocks - 1)
        case 0x2e: UInt8(truncatingIfNeeded: (blocks - 1) >> 8)
        case 0x2f: UInt8(truncatingIfNeeded: blockSize >> 8)
        case 0x30: UInt8(truncatingIfNeeded: blockSize >> 16)
        case 0x31...0x35: text("PRI10", index - 0x31)
        case 0x3f: 1  // fields of the protection register
        default: 0
        }
    }

    private var blocks: Int { chipSize / blockSize }

    private func text(_ characters: String, _ index: Int) -> UInt8 { Array(characters.utf8)[index] }
}
