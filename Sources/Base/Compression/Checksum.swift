import CLibZ

/// CRC-32 as in gzip (RFC 1952, chapter 8).
public struct Checksum {
    private var sum: UInt = 0

    public init() {}

    public mutating func add(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBufferPointer { buffer in unsafe sum = crc32_z(sum, buffer.baseAddress, buffer.count) }
    }

    public var value: UInt32 { UInt32(truncatingIfNeeded: sum) }
}
