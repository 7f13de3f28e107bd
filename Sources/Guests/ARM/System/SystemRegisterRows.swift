extension SystemRegisterRow {
    static let all: [SystemRegisterRow] = controlRows + memoryRows + processRows + timerRows + performanceRows + interruptRows

    private static let controlRows: [SystemRegisterRow] = [
        .init(.ccsidr, 0, 1, 0, 0, .readOnly, needs: .v7),
        .init(.clidr, 0, 1, 0, 1, .readOnly, needs: .v7),
        .init(.aidr, 0, 1, 0, 7, .readOnly, needs: .v7),
        .init(.csselr, 0, 2, 0, 0, writable: 15, needs: .v7),
        .init(.sctlr, 1, 0, 0, 0),
        .init(.actlr, 1, 0, 0, 1),
        .init(.cpacr, 1, 0, 0, 2, writable: 0x00f0_0000, needs: .v6),
    ]

    private static let memoryRows: [SystemRegisterRow] = [
        .init(.ttbr0, 2, 0, 0, 0),
        .init(.ttbr0, CoprocessorPlace(op1: 0, crm: 2), writable: .max, needs: .lpae),
        .init(.ttbr1, 2, 0, 0, 1, needs: .v6),
        .init(.ttbr1, CoprocessorPlace(op1: 1, crm: 2), writable: .max, needs: .lpae),
        .init(.ttbcr, 2, 0, 0, 2, needs: .v6),
        .init(.dacr, 3, 0, 0, 0),
        .init(.dfsr, 5, 0, 0, 0),
        .init(.ifsr, 5, 0, 0, 1),
        .init(.adfsr, 5, 0, 1, 0, writable: 0, needs: .v7),
        .init(.aifsr, 5, 0, 1, 1, writable: 0, needs: .v7),
        .init(.dfar, 6, 0, 0, 0),
        .init(.ifar, 6, 0, 0, 2, needs: .v6),
        .init(.par, 7, 0, 4, 0, needs: .v6k),
        .init(.par, CoprocessorPlace(op1: 0, crm: 7), writable: .max, needs: .lpae),
        .init(.prrr, 10, 0, 2, 0, reset: 0x0009_8aa4, needs: .v6k),
        .init(.nmrr, 10, 0, 2, 1, reset: 0x44e0_48e0, needs: .v6k),
        .init(.amair0, 10, 0, 3, 0, writable: 0, needs: .lpae),
        .init(.amair1, 10, 0, 3, 1, writable: 0, needs: .lpae),
        .init(.fcseidr, 13, 0, 0, 0, writable: 0),
        .init(.contextidr, 13, 0, 0, 1, needs: .v6),
    ]

    private static let processRows: [SystemRegisterRow] = [
        .init(.vbar, 12, 0, 0, 0, writable: 0xffff_ffe0, needs: .security),
        .init(.isr, 12, 0, 1, 0, .readOnly, needs: .security),
        .init(.tpidrurw, 13, 0, 0, 2, userReads: true, userWrites: true, needs: .v6k),
        .init(.tpidruro, 13, 0, 0, 3, userReads: true, needs: .v6k),
        .init(.tpidrprw, 13, 0, 0, 4, needs: .v6k),
        .init(.l2ctlr, 9, 1, 0, 2, needs: .multiprocessing),
        .init(.l2ectlr, 9, 1, 0, 3, needs: .multiprocessing),
        .init(.cbar, 15, 4, 0, 0, .readOnly, needs: .v7),
    ]

    /// What user mode may access CNTKCTL decides.
    private static let timerRows: [SystemRegisterRow] = [
        .init(.cntfrq, 14, 0, 0, 0, userReads: true, needs: .genericTimer),
        .init(.cntkctl, 14, 0, 1, 0, writable: 0x3ff, needs: .genericTimer),
        .init(.cntp_tval, 14, 0, 2, 0, userReads: true, userWrites: true, needs: .genericTimer),
        .init(.cntp_ctl, 14, 0, 2, 1, userReads: true, userWrites: true, writable: 3, needs: .genericTimer),
        .init(.cntv_tval, 14, 0, 3, 0, userReads: true, userWrites: true, needs: .genericTimer),
        .init(.cntv_ctl, 14, 0, 3, 1, userReads: true, userWrites: true, writable: 3, needs: .genericTimer),
        .init(.cntpct, CoprocessorPlace(op1: 0, crm: 14), .readOnly, userReads: true, needs: .genericTimer),
        .init(.cntvct, CoprocessorPlace(op1: 1, crm: 14), .readOnly, userReads: true, needs: .genericTimer),
        .init(.cntp_cval, CoprocessorPlace(op1: 2, crm: 14), userReads: true, userWrites: true, writable: .max, needs: .genericTimer),
        .init(.cntv_cval, CoprocessorPlace(op1: 3, crm: 14), userReads: true, userWrites: true, writable: .max, needs: .genericTimer),
    ]

    /// The performance monitors, of which there is the cycle counter alone. What user mode may access PMUSERENR decides.
    private static let performanceRows: [SystemRegisterRow] = [
        .init(.pmcr, 9, 0, 12, 0, userReads: true, userWrites: true, needs: .v7),
        .init(.pmcntenset, 9, 0, 12, 1, userReads: true, userWrites: true, needs: .v7),
        .init(.pmcntenclr, 9, 0, 12, 2, userReads: true, userWrites: true, needs: .v7),
        .init(.pmovsr, 9, 0, 12, 3, userReads: true, userWrites: true, needs: .v7),
        .init(.pmswinc, 9, 0, 12, 4, .writeOnly, userWrites: true, needs: .v7),
        .init(.pmselr, 9, 0, 12, 5, userReads: true, userWrites: true, writable: 31, needs: .v7),
        .init(.pmceid0, 9, 0, 12, 6, .readOnly, userReads: true, needs: .v7),
        .init(.pmceid1, 9, 0, 12, 7, .readOnly, userReads: true, needs: .v7),
        .init(.pmccntr, 9, 0, 13, 0, userReads: true, userWrites: true, needs: .v7),
        .init(.pmxevtyper, 9, 0, 13, 1, userReads: true, userWrites: true, needs: .v7),
        .init(.pmxevcntr, 9, 0, 13, 2, userReads: true, userWrites: true, needs: .v7),
        .init(.pmuserenr, 9, 0, 14, 0, userReads: true, writable: 1, needs: .v7),
        .init(.pmintenset, 9, 0, 14, 1, needs: .v7),
        .init(.pmintenclr, 9, 0, 14, 2, needs: .v7),
    ]

    private static let interruptRows: [SystemRegisterRow] = [
        .init(.icc_sre, 12, 0, 12, 5, reset: 7, writable: 0, needs: .genericTimer),
        .init(.icc_sgi, CoprocessorPlace(op1: 0, crm: 12), .writeOnly, writable: .max, needs: .genericTimer),
        .init(.icc_sgi, CoprocessorPlace(op1: 1, crm: 12), .writeOnly, writable: .max, needs: .genericTimer),
        .init(.icc_sgi, CoprocessorPlace(op1: 2, crm: 12), .writeOnly, writable: .max, needs: .genericTimer),
    ]

    // MARK: Groups

    private static let identification = SystemRegisterRow(.id, 0, 0, 0, 0, .readOnly)
    private static let interrupts = SystemRegisterRow(.icc, 4, 0, 6, 0, .readWrite, needs: .genericTimer)
    /// Read as zero, writes ignored: cache lockdown, TCM and what else the cores have of their own.
    private static let implementation = SystemRegisterRow(.implementation, 15, 0, 0, 0, writable: 0)
    private static let lockdown = SystemRegisterRow(.lockdown, 9, 0, 0, 0, writable: 0)

    /// Registers whose place says which of many they are.
    static func findGroup(_ place: CoprocessorPlace, _ features: ARMFeatures) -> SystemRegisterRow? {
        switch (place.crn, place.op1, place.crm) {
        case (0, 0, 0): identification
        case (0, 0, 1...7) where features.contains(.v6): identification
        case (4, 0, 6), (12, 0, 8...12): features.contains(.genericTimer) ? interrupts : nil
        case (9, 0, 0...2), (10, 0, 0): features.contains(.v7) ? nil : lockdown
        case (11, _, _): features.contains(.v7) ? nil : lockdown
        case (15, _, _): implementation
        default: nil
        }
    }
}
