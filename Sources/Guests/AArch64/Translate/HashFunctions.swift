import IR

/// The functions that the secure hashes have in common (FIPS 180-4, section 4.1), on words or double-words.
extension Translator {
    /// Rotated right.
    func rotated(_ b: inout IRBlock, _ type: IRType, _ x: Value, _ count: UInt64) -> Value { b.binary(.rotr, type, x, b.const(type, count)) }

    /// Σ: three rotations to the right.
    func rotations(_ b: inout IRBlock, _ type: IRType, _ x: Value, _ first: UInt64, _ second: UInt64, _ third: UInt64) -> Value {
        let pair = b.binary(.xor, type, rotated(&b, type, x, first), rotated(&b, type, x, second))
        return b.binary(.xor, type, pair, rotated(&b, type, x, third))
    }

    /// σ of a vector's lanes: two rotations and a shift to the right.
    func schedule(_ b: inout IRBlock, _ lane: Lane, _ x: Value, _ first: Int, _ second: Int, _ shift: Int) -> Value {
        let pair = b.binary(.xor, .v128, b.vector(.vrotrImm, .v128, lane, x, number: first), b.vector(.vrotrImm, .v128, lane, x, number: second))
        return b.binary(.xor, .v128, pair, b.vector(.vshrUImm, .v128, lane, x, number: shift))
    }

    /// Ch: each bit of x chooses that of y or z.
    func choice(_ b: inout IRBlock, _ type: IRType, _ x: Value, _ y: Value, _ z: Value) -> Value {
        b.binary(.xor, type, b.binary(.and, type, x, b.binary(.xor, type, y, z)), z)
    }

    /// Maj: what at least two of three say.
    func majority(_ b: inout IRBlock, _ type: IRType, _ x: Value, _ y: Value, _ z: Value) -> Value {
        b.binary(.or, type, b.binary(.and, type, x, b.binary(.or, type, y, z)), b.binary(.and, type, y, z))
    }
}
