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
/// Codes take the bits between the address and bit 55, and bits 63 to 56 of data pointers too where the top byte is not ignored; user
/// addresses have it ignored (Linux sets TCR_EL1.TBI0), so that 7 bits remain of 48-bit addresses.
struct PointerAuthentication {
    /// Bits of a virtual address.
    static let addressBits = 48
    /// What a code may change.
    private static let field: UInt64 = 0x007f << 48

    /// One a key, two words each.
    var keys: [(UInt64, UInt64)]

    /// - Parameter random: gives the words of the keys.
    init(random: () -> UInt64) { keys = AuthenticationKey.allCases.map { _ in (random(), random()) } }

    /// A code of 64 bits: multiplications and exclusive-ors of halves, as in wyhash and its like.
    func code(_ value: UInt64, _ modifier: UInt64, key: Int) -> UInt64 {
        let first = PointerAuthentication.mix(value ^ keys[key].0, modifier ^ 0x9e37_79b9_7f4a_7c15)
        return PointerAuthentication.mix(first ^ keys[key].1, modifier ^ 0xd1b5_4a32_d192_ed03)
    }

    private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b | 1)
        return product.high ^ product.low
    }

    /// The pointer as its half of the address space wants it: bits 54 to 48 like bit 55.
    static func canonical(_ pointer: UInt64) -> UInt64 { pointer >> 55 & 1 != 0 ? pointer | field : pointer & ~field }

    func adding(_ pointer: UInt64, _ modifier: UInt64, key: Int) -> UInt64 {
        let canonical = PointerAuthentication.canonical(pointer)
        var code = code(canonical, modifier, key: key) & PointerAuthentication.field
        // A pointer that was not canonical gets a code that won't authenticate (AddPAC).
        if pointer & PointerAuthentication.field != canonical & PointerAuthentication.field { code ^= 1 << 54 }
        return pointer & ~PointerAuthentication.field | code
    }

    /// The pointer without its code; with an error code in bits 54 and 53 if the code is wrong (Auth, without FEAT_FPAC).
    func checking(_ pointer: UInt64, _ modifier: UInt64, key: Int) -> UInt64 {
        let canonical = PointerAuthentication.canonical(pointer)
        let expected = code(canonical, modifier, key: key) & PointerAuthentication.field
        if pointer & PointerAuthentication.field == expected { return canonical }
        let error: UInt64 = key & 1 == 0 ? 1 : 2
        return canonical & ~(3 << 53) | error << 53
    }
}
