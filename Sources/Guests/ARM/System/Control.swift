/// Fields of SCTLR (DDI 0406, B4.1.130).
enum Control {
    static let m: UInt64 = 1, a: UInt64 = 1 << 1, s: UInt64 = 1 << 8, r: UInt64 = 1 << 9, v: UInt64 = 1 << 13, wxn: UInt64 = 1 << 19
    static let uwxn: UInt64 = 1 << 20, u: UInt64 = 1 << 22, xp: UInt64 = 1 << 23, ee: UInt64 = 1 << 25, tre: UInt64 = 1 << 28
    static let afe: UInt64 = 1 << 29, te: UInt64 = 1 << 30
    /// Bits that translations depend on.
    static let translation: UInt64 = m | s | r | wxn | uwxn | xp | afe

    /// What software may change: not what reads as one or zero on a core.
    static func writable(_ features: ARMFeatures) -> UInt64 {
        let common = m | a | 1 << 2 | 1 << 11 | 1 << 12 | v | 1 << 14
        guard features.contains(.v6) else { return common | s | r | 1 << 3 | 1 << 7 | 1 << 15 }
        guard features.contains(.v7) else { return common | s | r | u | xp | ee | tre | afe | 1 << 15 | 1 << 21 | 1 << 24 }
        return common | 1 << 10 | ee | tre | afe | te | (features.contains(.virtualization) ? wxn | uwxn : 0)
    }
}

/// Fields of TTBCR (DDI 0406, B4.1.153).
enum TableControl {
    static let eae: UInt64 = 1 << 31, a1: UInt64 = 1 << 22, epd0: UInt64 = 1 << 7, epd1: UInt64 = 1 << 23
    /// Of the short format: no walks by TTBR0 and TTBR1.
    static let pd0: UInt64 = 1 << 4, pd1: UInt64 = 1 << 5
}

/// Fields of PMCR and the bit that stands for the cycle counter in the sets.
enum PerformanceControl {
    static let enable: UInt64 = 1, resetCycles: UInt64 = 1 << 2
    static let writable: UInt64 = 0x39
    static let cycles: UInt64 = 1 << 31
}

/// FPEXC.EN.
enum FloatControl { static let enable: UInt64 = 1 << 30 }
