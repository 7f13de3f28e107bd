/// Addresses as the GPU's side of the chip has them ("BCM2835 ARM Peripherals", 1.2.4): memory shows four times, once for each way of caching, and the peripherals at
/// 0x7e000000.
public struct BroadcomBus: Sendable {
    /// Where the Arm sees the peripherals.
    public let peripherals: UInt64
    /// The alias of memory that firmware hands out.
    public let alias: UInt32

    public init(peripherals: UInt64, alias: UInt32) { (self.peripherals, self.alias) = (peripherals, alias) }

    /// The Arm's address of what the bus has at one.
    public func physical(_ address: UInt32) -> UInt64 {
        if address >> 24 == 0x7e { return peripherals + UInt64(address & 0xff_ffff) }
        return UInt64(address & 0x3fff_ffff)
    }
}

/// Little-endian words in bytes.
enum BroadcomWords {
    static func word(_ bytes: [UInt8], _ place: Int) -> UInt32 {
        let low = UInt32(bytes[place]) | UInt32(bytes[place + 1]) << 8
        return low | UInt32(bytes[place + 2]) << 16 | UInt32(bytes[place + 3]) << 24
    }

    static func words(_ bytes: [UInt8]) -> [UInt32] { stride(from: 0, to: bytes.count & ~3, by: 4).map { word(bytes, $0) } }

    static func bytes(_ word: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }
}
