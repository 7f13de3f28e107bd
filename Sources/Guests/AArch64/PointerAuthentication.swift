/// The five keys.
enum AuthenticationKey: UInt64, CaseIterable { case ia, ib, da, db, ga }

/// What an instruction of pointer authentication does: bits 1 and 0 choose the key, bit 2 checks instead of adding.
struct AuthenticationStep {
    let rawValue: UInt64

    init(rawValue: UInt64) { self.rawValue = rawValue }
    init(authenticates: Bool, key: AuthenticationKey) { rawValue = key.rawValue | (authenticates ? 4 : 0) }
    /// From bits 12 to 10 of pacia and its like.
    init(fields: Int) { rawValue = UInt64(fields) }

    var authenticates: Bool { rawValue & 4 != 0 }
    var key: Int { Int(rawValue & 3) }
}

/// Pointer authentication with an implementation defined algorithm (ID_AA64ISAR1_EL1.API and GPI): a keyed hash of fixed cost.
///
/// Codes take bits 54 to 48, the ones between an address of 48 bits and bit 55, and in the upper half of the address space bits 63 to 56 too; in
/// the lower half these are ignored by every access (Linux sets TCR_EL1.TBI0) and stay.
struct PointerAuthentication {
    /// What a code may change in a pointer.
    static func field(_ pointer: UInt64) -> UInt64 { pointer >> 55 & 1 != 0 ? 0xff7f << 48 : 0x007f << 48 }

    /// Two words a key.
    let keys: InlineArray<10, UInt64>

    /// A code of 64 bits: multiplications and exclusive-ors of halves, as in wyhash and its like.
    func code(_ value: UInt64, _ modifier: UInt64, key: Int) -> UInt64 {
        let first = PointerAuthentication.mix(value ^ keys[2 * key], modifier ^ 0x9e37_79b9_7f4a_7c15)
        return PointerAuthentication.mix(first ^ keys[2 * key + 1], modifier ^ 0xd1b5_4a32_d192_ed03)
    }

    private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b | 1)
        return product.high ^ product.low
    }

    /// The pointer without a code, as its half of the address space wants it.
    static func canonical(_ pointer: UInt64) -> UInt64 {
        pointer >> 55 & 1 != 0 ? pointer | field(pointer) : pointer & ~field(pointer)
    }

    func adding(_ pointer: UInt64, _ modifier: UInt64, key: Int) -> UInt64 {
        let canonical = PointerAuthentication.canonical(pointer)
        let field = PointerAuthentication.field(pointer)
        var code = code(canonical, modifier, key: key) & field
        // A pointer that was not canonical gets a code that won't authenticate (AddPAC).
        if pointer != canonical { code ^= 1 << 54 }
        return pointer & ~field | code
    }

    /// The pointer without its code; with an error code in bits 54 and 53 if the code is wrong (Auth, without FEAT_FPAC).
    func checking(_ pointer: UInt64, _ modifier: UInt64, key: Int) -> UInt64 {
        let canonical = PointerAuthentication.canonical(pointer)
        let field = PointerAuthentication.field(pointer)
        if pointer & field == code(canonical, modifier, key: key) & field { return canonical }
        let error: UInt64 = key & 1 == 0 ? 1 : 2
        return canonical & ~(3 << 53) | error << 53
    }
}
