/// The registers of coprocessor 15 that there are, by the manual's names (DDI 0406, B4.1). A case's number is that of its cell in `ARMState.system`.
enum SystemRegister: Int, CaseIterable {
    // Identification: CRm and op2 beside CRn = 0 and op1 = 0 say which one it is.
    case id
    case ccsidr, clidr, aidr, csselr
    // Control.
    case sctlr, actlr, cpacr
    // Memory: translation, faults, attributes.
    case ttbr0, ttbr1, ttbcr, dacr, dfsr, ifsr, adfsr, aifsr, dfar, ifar, par, prrr, nmrr, amair0, amair1, fcseidr, contextidr
    // Vectors, thread pointers, implementation defined ones.
    case vbar, isr, tpidrurw, tpidruro, tpidrprw, l2ctlr, l2ectlr, cbar, implementation, lockdown
    // The generic timer.
    case cntfrq, cntkctl, cntpct, cntvct, cntp_tval, cntp_ctl, cntp_cval, cntv_tval, cntv_ctl, cntv_cval
    // Performance monitors.
    case pmcr, pmcntenset, pmcntenclr, pmovsr, pmswinc, pmselr, pmceid0, pmceid1, pmccntr, pmxevtyper, pmxevcntr, pmuserenr, pmintenset, pmintenclr
    case pmccfiltr
    // The interrupt controller's CPU interface (GICv3); its registers are AArch64's at the same place.
    case icc, icc_sre, icc_sgi

    /// Bytes from the state pointer to the register's cell.
    var offset: Int {
        switch self {
        case .tpidrurw: ARMRegisters.tpidrurw
        case .tpidruro: ARMRegisters.tpidruro
        case .tpidrprw: ARMRegisters.tpidrprw
        default: ARMRegisters.system + 8 * rawValue
        }
    }

    var name: String { String(describing: self).uppercased() }
}

/// Where a register of coprocessor 15 is: what mrc and mcr name, or of those with 64 bits mrrc and mcrr.
struct CoprocessorPlace: Hashable, Sendable {
    let rawValue: Int
    private static let wide = 1 << 16

    init(rawValue: Int) { self.rawValue = rawValue }

    init(crn: Int, op1: Int, crm: Int, op2: Int) { rawValue = op1 << 11 | crn << 7 | crm << 3 | op2 }

    /// Of 64 bits.
    init(op1: Int, crm: Int) { rawValue = CoprocessorPlace.wide | op1 << 4 | crm }

    init(_ o: Operands, isWide: Bool) {
        if isWide {
            self.init(op1: o.field(4, 4), crm: o.field(0, 4))
        } else {
            self.init(crn: o.field(16, 4), op1: o.field(21, 3), crm: o.field(0, 4), op2: o.field(5, 3))
        }
    }

    var isWide: Bool { rawValue & CoprocessorPlace.wide != 0 }
    var crn: Int { rawValue >> 7 & 15 }
    var op1: Int { isWide ? rawValue >> 4 & 15 : rawValue >> 11 & 7 }
    var crm: Int { isWide ? rawValue & 15 : rawValue >> 3 & 15 }
    var op2: Int { rawValue & 7 }

    /// The encoding of AArch64's register in the same place (op0 = 3).
    var encoding64: Int { 3 << 14 | rawValue & 0x3fff }

    /// As the manual writes it.
    var description: String { isWide ? "p15, \(op1), c\(crm)" : "p15, \(op1), c\(crn), c\(crm), \(op2)" }
}

/// One register of coprocessor 15: its place and who may access it.
struct SystemRegisterRow: Sendable {
    enum Access { case readWrite, readOnly, writeOnly }

    let register: SystemRegister
    let place: CoprocessorPlace
    let access: Access
    /// Whether user mode may read it, and write it.
    let userReads: Bool
    let userWrites: Bool
    /// Its value after a reset, and the bits that software may change.
    let reset: UInt64
    let writable: UInt64
    let features: ARMFeatures

    init(
        _ register: SystemRegister, _ place: CoprocessorPlace, _ access: Access = .readWrite, userReads: Bool = false, userWrites: Bool = false,
        reset: UInt64 = 0, writable: UInt64 = 0xffff_ffff, needs features: ARMFeatures = []
    ) {
        self.register = register
        self.place = place
        self.access = access
        self.userReads = userReads
        self.userWrites = userWrites
        self.reset = reset
        self.writable = writable
        self.features = features
    }

    /// CRn, op1, CRm, op2.
    init(
        _ register: SystemRegister, _ crn: Int, _ op1: Int, _ crm: Int, _ op2: Int, _ access: Access = .readWrite, userReads: Bool = false,
        userWrites: Bool = false, reset: UInt64 = 0, writable: UInt64 = 0xffff_ffff, needs features: ARMFeatures = []
    ) {
        self.init(
            register, CoprocessorPlace(crn: crn, op1: op1, crm: crm, op2: op2), access, userReads: userReads, userWrites: userWrites, reset: reset,
            writable: writable, needs: features)
    }

    /// The rows of a place, of which a model has at most one.
    private static let byPlace = Dictionary(grouping: all, by: \.place)
    static let byRegister: [SystemRegister: SystemRegisterRow] = Dictionary(all.map { ($0.register, $0) }, uniquingKeysWith: { first, _ in first })

    /// The row of a place; nil if a model has no such register.
    static func find(_ place: CoprocessorPlace, _ features: ARMFeatures) -> SystemRegisterRow? {
        if let row = byPlace[place]?.first(where: { features.isSuperset(of: $0.features) }) { return row }
        return place.isWide ? nil : findGroup(place, features)
    }
}
