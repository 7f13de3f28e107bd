import RandomIR

extension SplitMix {
    /// Mostly floats of every width near the edges, one of double precision, two of single or four of half precision.
    public mutating func packedFloats() -> UInt64 {
        switch below(6) {
        case 0, 1: return float(11, 52, [0, 1, 2, 1000, 1022, 1023, 1024, 1025, 1076, 1086, 2045, 2046, 2047])
        case 2, 3:
            let exponents: [UInt64] = [0, 1, 2, 126, 127, 128, 150, 158, 253, 254, 255]
            return float(8, 23, exponents) << 32 | float(8, 23, exponents)
        case 4:
            let exponents: [UInt64] = [0, 1, 2, 14, 15, 16, 29, 30, 31]
            return (0..<4).reduce(0) { bits, _ in bits << 16 | float(5, 10, exponents) }
        default: return edgy()
        }
    }

    private mutating func float(_ exponentBits: UInt64, _ fractionBits: UInt64, _ exponents: [UInt64]) -> UInt64 {
        let mask: UInt64 = 1 << fractionBits - 1
        let fraction = oneIn(4) ? 0 : oneIn(3) ? edgy() & mask : next() & mask
        return UInt64(below(2)) << (exponentBits + fractionBits) | pick(exponents) << fractionBits | fraction
    }
}
