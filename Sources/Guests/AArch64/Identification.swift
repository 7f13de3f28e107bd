import Bits

/// The identification registers as EL0 sees them, and what Linux makes of them.
extension AArch64Model {
    /// Numbers of the registers: CRm and op2 of op0 = 3, op1 = 0, CRn = 0.
    private enum Register {
        static let midr = 0x00, mpidr = 0x05, revidr = 0x06
        static let pfr0 = 0x20, pfr1 = 0x21, isar0 = 0x30, isar1 = 0x31, isar2 = 0x32, mmfr0 = 0x38, mmfr1 = 0x39, mmfr2 = 0x3a
    }

    /// A register's value; 0 for those that are reserved. What only EL1 is concerned with reads as Linux shows it to programs: as absent.
    func identification(_ number: Int) -> UInt64 {
        switch number & 0x7f {
        case Register.midr: midr
        case Register.mpidr: 1 << 31
        case Register.pfr0: pfr0
        case Register.pfr1: has(.bti, at: 0) | (features.contains(.ssbs) ? 2 << 4 : 0)
        case Register.isar0: isar0
        case Register.isar1: isar1
        case Register.mmfr2: has(.lse2, at: 32)
        default: 0
        }
    }

    private func has(_ feature: Features, _ value: UInt64 = 1, at shift: UInt64) -> UInt64 {
        features.isSuperset(of: feature) ? value << shift : 0
    }

    /// EL0 in AArch64 only; FP and AdvSIMD with half precision where there is FP16; DIT.
    private var pfr0: UInt64 {
        let simd: UInt64 = features.contains(.fp16) ? 1 << 16 | 1 << 20 : 0
        return 0x11 | simd | has(.dit, at: 48)
    }

    private var isar0: UInt64 {
        let aes = has(.aes, at: 4) + has(.pmull, at: 4)
        let sha2 = has(.sha256, at: 12) + has(.sha512, at: 12)
        let flags = has(.flagm, at: 52) + has(.flagm2, at: 52)
        let crypto = aes | has(.sha1, at: 8) | sha2 | has(.sha3, at: 32) | has(.sm3, at: 36) | has(.sm4, at: 40)
        return crypto | has(.crc32, at: 16) | has(.lse, 2, at: 20) | has(.rdm, at: 28) | has(.dotprod, at: 44) | has(.fhm, at: 48) | flags
            | has(.rng, at: 60)
    }

    /// Pointer authentication is FEAT_PAuth with the implementation's own algorithm (API, GPI).
    private var isar1: UInt64 {
        let dpb = has(.dpb, at: 0) + has(.dpb2, at: 0)
        let rcpc = has(.lrcpc, at: 20) + has(.lrcpc2, at: 20)
        return dpb | has(.pauth, at: 8) | has(.jscvt, at: 12) | has(.fcma, at: 16) | rcpc | has(.pauth, at: 28) | has(.frintts, at: 32)
            | has(.sb, at: 36) | has(.bf16, at: 44) | has(.i8mm, at: 52)
    }
}
