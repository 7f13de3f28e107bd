/// CRC-32 or, if bit 4 of `kind` is set, CRC-32C of the low bytes of a value, their number in bits 3 to 0; bits reflected.
public func crc32(_ accumulator: UInt32, _ value: UInt64, _ kind: UInt64) -> UInt64 {
    let table = kind & 16 != 0 ? castagnoli : ethernet
    var sum = accumulator
    for byte in 0..<kind & 15 { sum = sum >> 8 ^ table[Int(UInt8(truncatingIfNeeded: sum) ^ UInt8(truncatingIfNeeded: value >> (8 * byte)))] }
    return UInt64(sum)
}

private let ethernet = crcTable(0xedb8_8320), castagnoli = crcTable(0x82f6_3b78)

private func crcTable(_ polynomial: UInt32) -> [UInt32] {
    (0..<256).map { byte in (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 != 0 ? sum >> 1 ^ polynomial : sum >> 1 } }
}
