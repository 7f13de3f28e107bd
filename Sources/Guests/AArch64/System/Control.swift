/// Fields of SCTLR_ELx (DDI 0487, D17.2.118).
enum Control {
    static let m: UInt64 = 1, a: UInt64 = 1 << 1, sa: UInt64 = 1 << 3, sa0: UInt64 = 1 << 4, uma: UInt64 = 1 << 9, dze: UInt64 = 1 << 14
    static let uct: UInt64 = 1 << 15, ntwi: UInt64 = 1 << 16, ntwe: UInt64 = 1 << 18, wxn: UInt64 = 1 << 19, span: UInt64 = 1 << 23
    static let uci: UInt64 = 1 << 26, dssbs: UInt64 = 1 << 44
    /// The enables of pointer authentication by key: IA, IB, DA, DB.
    static let pointerKeys: [UInt64] = [1 << 31, 1 << 30, 1 << 27, 1 << 13]
    /// Not E0E and EE: there is no big-endian mode of data.
    static let writable: UInt64 = ~(3 << 24)
}

/// Fields of TCR_ELx.
enum TranslationControl {
    static let epd0: UInt64 = 1 << 7, epd1: UInt64 = 1 << 23, a1: UInt64 = 1 << 22, as16: UInt64 = 1 << 36
    static let ha: UInt64 = 1 << 39, hd: UInt64 = 1 << 40
}

/// Fields of HCR_EL2 (DDI 0487, D17.2.48).
enum HypervisorControl {
    static let vm: UInt64 = 1, swio: UInt64 = 1 << 1, ptw: UInt64 = 1 << 2, fmo: UInt64 = 1 << 3, imo: UInt64 = 1 << 4, amo: UInt64 = 1 << 5
    static let vf: UInt64 = 1 << 6, vi: UInt64 = 1 << 7, vse: UInt64 = 1 << 8, dc: UInt64 = 1 << 12, twi: UInt64 = 1 << 13, twe: UInt64 = 1 << 14
    static let tid1: UInt64 = 1 << 16, tid2: UInt64 = 1 << 17, tid3: UInt64 = 1 << 18, tsc: UInt64 = 1 << 19, tidcp: UInt64 = 1 << 20
    static let tacr: UInt64 = 1 << 21, tsw: UInt64 = 1 << 22, tpcp: UInt64 = 1 << 23, tpu: UInt64 = 1 << 24, ttlb: UInt64 = 1 << 25
    static let tvm: UInt64 = 1 << 26, tge: UInt64 = 1 << 27, tdz: UInt64 = 1 << 28, hcd: UInt64 = 1 << 29, trvm: UInt64 = 1 << 30
    static let rw: UInt64 = 1 << 31, cd: UInt64 = 1 << 32, id: UInt64 = 1 << 33, e2h: UInt64 = 1 << 34, tlor: UInt64 = 1 << 35
    static let apk: UInt64 = 1 << 40, api: UInt64 = 1 << 41
    static let writable: UInt64 = 0x3f_ffff_ffff | apk | api
}

/// Fields of SCR_EL3 (DDI 0487, D17.2.117).
enum SecureControl {
    static let ns: UInt64 = 1, irq: UInt64 = 1 << 1, fiq: UInt64 = 1 << 2, ea: UInt64 = 1 << 3, smd: UInt64 = 1 << 7, hce: UInt64 = 1 << 8
    static let rw: UInt64 = 1 << 10, st: UInt64 = 1 << 11, twi: UInt64 = 1 << 12, twe: UInt64 = 1 << 13, apk: UInt64 = 1 << 16, api: UInt64 = 1 << 17
    static let writable: UInt64 = ns | irq | fiq | ea | smd | hce | 1 << 9 | rw | st | twi | twe | apk | api
}

/// Fields of PMCR_EL0 and the bit that stands for the cycle counter in the sets.
enum PerformanceControl {
    static let enable: UInt64 = 1, resetCycles: UInt64 = 1 << 2, long: UInt64 = 1 << 6
    static let writable: UInt64 = 0x79
    static let cycles: UInt64 = 1 << 31
}
