import Bits

/// The identification registers: as a machine's levels see them, and as programs do after what Linux makes of them.
extension AArch64Model {
    /// Numbers of the registers: CRm and op2 of op0 = 3, op1 = 0, CRn = 0.
    private enum Register {
        static let midr = 0x00, mpidr = 0x05, revidr = 0x06
        static let pfr0 = 0x20, pfr1 = 0x21, dfr0 = 0x28, isar0 = 0x30, isar1 = 0x31, isar2 = 0x32, mmfr0 = 0x38, mmfr1 = 0x39, mmfr2 = 0x3a
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

    // MARK: In a machine

    /// A register's value in a machine. What is not there (AArch32, SVE, MTE, RAS, big-endian data) reads as absent; of the debug registers there
    /// are the fewest that may be.
    func identification(_ number: Int, in system: AArch64System) -> UInt64 {
        switch number & 0x7f {
        case Register.mpidr: 1 << 31 | system.affinity
        case Register.pfr0: systemPFR0(system)
        // Debug of v8.0, PMUv3, two breakpoints, two watchpoints.
        case Register.dfr0: 0x6 | 1 << 8 | 1 << 12 | 1 << 20
        case Register.mmfr0: mmfr0(system)
        case Register.mmfr1: mmfr1
        case Register.mmfr2: 1 | has(.uao, at: 4) | has(.lse2, at: 32)
        default: identification(number)
        }
    }

    private func systemPFR0(_ system: AArch64System) -> UInt64 {
        let levels = pfr0 | (system.hasEL2 ? 1 << 8 : 0) | (system.hasEL3 ? 1 << 12 : 0)
        return levels | (system.hasInterruptRegisters ? 1 << 24 : 0) | has(.csv3, at: 56) | has(.csv3, at: 60)
    }

    /// Addresses, ASIDs of 16 bits, pages of 4 and 64 KiB, and of 16 KiB at both stages.
    private func mmfr0(_ system: AArch64System) -> UInt64 {
        let range: UInt64 = [32: 0, 36: 1, 40: 2, 42: 3, 44: 4, 48: 5][physicalBits] ?? 5
        return range | 2 << 4 | (system.hasEL3 ? 1 << 12 : 0) | has(.granule16, at: 20)
    }

    private var mmfr1: UInt64 {
        let pan = has(.pan, at: 20) + has(.pan2, at: 20)
        return has(.hafdbs, 2, at: 0) | has(.vhe, 2, at: 4) | has(.vhe, at: 8) | has(.hpds, at: 12) | has(.lor, at: 16) | pan
    }
}
