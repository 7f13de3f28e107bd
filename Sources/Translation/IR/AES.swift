/// The steps of an AES round (FIPS 197, sections 5.1 and 5.3) on a block whose byte 0 is the cell's lowest.
enum AES {
    /// SubBytes of ShiftRows.
    static func encryptRound(_ block: UInt128) -> UInt128 { permute(block, substitution) { ($0 + $0 % 4 * 4) % 16 } }

    /// InvSubBytes of InvShiftRows.
    static func decryptRound(_ block: UInt128) -> UInt128 { permute(block, inverse) { ($0 + 16 - $0 % 4 * 4) % 16 } }

    /// Each column times a polynomial, whose coefficients come as the first row of its matrix.
    static func mixColumns(_ block: UInt128, _ row: [UInt8]) -> UInt128 {
        make { position in
            let column = position & ~3
            return (0..<4).reduce(UInt8(0)) { sum, index in sum ^ product(row[(index + 4 - position % 4) % 4], byte(block, column + index)) }
        }
    }

    private static func byte(_ block: UInt128, _ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: block >> (8 * index)) }

    private static func make(_ byte: (Int) -> UInt8) -> UInt128 {
        (0..<16).reduce(UInt128(0)) { $0 | UInt128(byte($1)) << (8 * $1) }
    }

    private static func permute(_ block: UInt128, _ table: [UInt8], _ source: (Int) -> Int) -> UInt128 {
        make { table[Int(byte(block, source($0)))] }
    }

    /// In GF(2^8) with the polynomial x^8 + x^4 + x^3 + x + 1.
    private static func product(_ a: UInt8, _ b: UInt8) -> UInt8 {
        var power = a
        var sum: UInt8 = 0
        for bit in 0..<8 {
            if b >> UInt8(bit) & 1 != 0 { sum ^= power }
            power = power << 1 ^ (power & 0x80 != 0 ? 0x1b : 0)
        }
        return sum
    }

    /// The inverse in the field, then an affine map (section 5.1.1).
    private static let substitution: [UInt8] = (0...255).map { (value: UInt8) in
        let inverse: UInt8 = (1...255).first { product(value, $0) == 1 } ?? 0
        var sum: UInt8 = inverse ^ 0x63
        for count in 1...4 {
            let rotated: UInt8 = inverse << count | inverse >> (8 - count)
            sum ^= rotated
        }
        return sum
    }

    private static let inverse: [UInt8] = {
        var table = [UInt8](repeating: 0, count: 256)
        for (value, substitute) in substitution.enumerated() { table[Int(substitute)] = UInt8(value) }
        return table
    }()
}
