import Packets

/// What stands in front of each frame in a buffer of the driver's (Virtio 1.2, section 5.1.6).
struct NetHeader {
    /// Bytes without and with the number of buffers.
    static let shortSize = 10, longSize = 12

    enum Flag { static let needsChecksum: UInt8 = 1, dataIsValid: UInt8 = 2 }
    enum Segmentation { static let none: UInt8 = 0, tcp4: UInt8 = 1, tcp6: UInt8 = 4, congestion: UInt8 = 0x80 }

    let flags: UInt8
    let segmentation: UInt8
    let segmentSize: Int
    let checksumStart: Int
    let checksumOffset: Int

    /// Reads one; the bytes are at least `shortSize`.
    init(_ bytes: ArraySlice<UInt8>) {
        func half(_ offset: Int) -> Int { Int(bytes[bytes.startIndex + offset]) | Int(bytes[bytes.startIndex + offset + 1]) << 8 }
        (flags, segmentation) = (bytes[bytes.startIndex], bytes[bytes.startIndex + 1])
        (segmentSize, checksumStart, checksumOffset) = (half(4), half(6), half(8))
    }

    /// The header of a frame for the driver, followed by the frame.
    static func received(_ frame: [UInt8], size: Int, isValid: Bool, buffers: Int) -> [UInt8] {
        var bytes = [UInt8]()
        bytes.reserveCapacity(size + frame.count)
        bytes.append(isValid ? Flag.dataIsValid : 0)
        for _ in 1..<shortSize { bytes.append(0) }
        if size == longSize { bytes += [UInt8(truncatingIfNeeded: buffers), UInt8(truncatingIfNeeded: buffers >> 8)] }
        bytes += frame
        return bytes
    }
}

extension TCPSegmentation {
    /// As the header in front of a packet says.
    init?(_ packet: [UInt8], _ header: NetHeader) {
        let isIPv6 = header.segmentation & ~NetHeader.Segmentation.congestion == NetHeader.Segmentation.tcp6
        self.init(packet, tcp: header.checksumStart, segmentSize: header.segmentSize, isIPv6: isIPv6)
    }
}
