/// The system registers that there are, by the manual's names (DDI 0487, D17). A case's number is that of its cell in `AArch64State.system`.
enum SystemRegister: Int, CaseIterable {
    // Process state and EL0.
    case nzcv, daif, dit, ssbs, currentel, spsel, pan, uao
    case fpcr, fpsr, ctr_el0, dczid_el0, rndr, rndrrs, tpidr_el0, tpidrro_el0
    // Identification: CRm and op2 beside op0 = 3, op1 = 0, CRn = 0 say which one it is.
    case id
    case clidr_el1, ccsidr_el1, csselr_el1, aidr_el1, lorid_el1, lorsa_el1, lorea_el1, lorn_el1, lorc_el1
    // EL1.
    case sctlr_el1, actlr_el1, cpacr_el1, ttbr0_el1, ttbr1_el1, tcr_el1, mair_el1, amair_el1, afsr0_el1, afsr1_el1, esr_el1, far_el1, par_el1
    case vbar_el1, rvbar_el1, rmr_el1, isr_el1, contextidr_el1, tpidr_el1, cntkctl_el1, spsr_el1, elr_el1, sp_el0, sp_el1
    case apiakeylo_el1, apiakeyhi_el1, apibkeylo_el1, apibkeyhi_el1, apdakeylo_el1, apdakeyhi_el1, apdbkeylo_el1, apdbkeyhi_el1
    case apgakeylo_el1, apgakeyhi_el1
    // EL2.
    case sctlr_el2, actlr_el2, hcr_el2, mdcr_el2, cptr_el2, hstr_el2, hacr_el2, ttbr0_el2, ttbr1_el2, tcr_el2, vttbr_el2, vtcr_el2
    case mair_el2, amair_el2, afsr0_el2, afsr1_el2, esr_el2, far_el2, hpfar_el2, vbar_el2, rvbar_el2, rmr_el2, contextidr_el2, tpidr_el2
    case cnthctl_el2, cntvoff_el2, spsr_el2, elr_el2, sp_el2, vpidr_el2, vmpidr_el2, spsr_irq, spsr_abt, spsr_und, spsr_fiq
    // EL3. SP_EL3 has no name for instructions.
    case sctlr_el3, actlr_el3, scr_el3, cptr_el3, mdcr_el3, ttbr0_el3, tcr_el3, mair_el3, amair_el3, afsr0_el3, afsr1_el3, esr_el3, far_el3
    case vbar_el3, rvbar_el3, rmr_el3, tpidr_el3, spsr_el3, elr_el3, sp_el3
    // Timers.
    case cntfrq_el0, cntpct_el0, cntvct_el0
    case cntp_tval_el0, cntp_ctl_el0, cntp_cval_el0, cntv_tval_el0, cntv_ctl_el0, cntv_cval_el0
    case cnthp_tval_el2, cnthp_ctl_el2, cnthp_cval_el2, cnthv_tval_el2, cnthv_ctl_el2, cnthv_cval_el2
    case cntps_tval_el1, cntps_ctl_el1, cntps_cval_el1
    // Debug and performance monitors.
    case mdscr_el1, mdccint_el1, mdccsr_el0, osdtrrx_el1, osdtrtx_el1, oseccr_el1, oslar_el1, oslsr_el1, osdlr_el1, dbgprcr_el1
    case dbgclaimset_el1, dbgclaimclr_el1, dbgauthstatus_el1, mdrar_el1, dbgvcr32_el2
    case dbgbvr0_el1, dbgbvr1_el1, dbgbcr0_el1, dbgbcr1_el1, dbgwvr0_el1, dbgwvr1_el1, dbgwcr0_el1, dbgwcr1_el1
    case pmcr_el0, pmcntenset_el0, pmcntenclr_el0, pmovsclr_el0, pmovsset_el0, pmswinc_el0, pmselr_el0, pmceid0_el0, pmceid1_el0, pmccntr_el0
    case pmxevtyper_el0, pmxevcntr_el0, pmuserenr_el0, pmccfiltr_el0, pmintenset_el1, pmintenclr_el1
    // The interrupt controller's CPU interface (GICv3).
    case icc_pmr_el1, icc_iar0_el1, icc_eoir0_el1, icc_hppir0_el1, icc_bpr0_el1, icc_ap0r0_el1, icc_ap1r0_el1, icc_dir_el1, icc_rpr_el1
    case icc_sgi1r_el1, icc_asgi1r_el1, icc_sgi0r_el1, icc_iar1_el1, icc_eoir1_el1, icc_hppir1_el1, icc_bpr1_el1, icc_ctlr_el1, icc_sre_el1
    case icc_igrpen0_el1, icc_igrpen1_el1, icc_sre_el2, icc_sre_el3, icc_ctlr_el3, icc_igrpen1_el3
    case ich_ap0r0_el2, ich_ap1r0_el2, ich_hcr_el2, ich_vtr_el2, ich_misr_el2, ich_eisr_el2, ich_elrsr_el2, ich_vmcr_el2
    case ich_lr0_el2, ich_lr1_el2, ich_lr2_el2, ich_lr3_el2

    /// Bytes from the state pointer to the register's cell.
    var offset: Int { AArch64Registers.system + 8 * rawValue }

    /// The next exception level's register of a group that each level has: ELR_EL1, ELR_EL2, ELR_EL3.
    static func of(_ level: Int, _ first: SystemRegister, _ second: SystemRegister, _ third: SystemRegister) -> SystemRegister {
        level == 1 ? first : level == 2 ? second : third
    }
    static func sctlr(_ level: Int) -> SystemRegister { of(level, .sctlr_el1, .sctlr_el2, .sctlr_el3) }
    static func vbar(_ level: Int) -> SystemRegister { of(level, .vbar_el1, .vbar_el2, .vbar_el3) }
    static func esr(_ level: Int) -> SystemRegister { of(level, .esr_el1, .esr_el2, .esr_el3) }
    static func far(_ level: Int) -> SystemRegister { of(level, .far_el1, .far_el2, .far_el3) }
    static func elr(_ level: Int) -> SystemRegister { of(level, .elr_el1, .elr_el2, .elr_el3) }
    static func spsr(_ level: Int) -> SystemRegister { of(level, .spsr_el1, .spsr_el2, .spsr_el3) }
    static func tcr(_ level: Int) -> SystemRegister { of(level, .tcr_el1, .tcr_el2, .tcr_el3) }
    static func sp(_ level: Int) -> SystemRegister { level == 0 ? .sp_el0 : of(level, .sp_el1, .sp_el2, .sp_el3) }
}

/// One system register: its encoding and who may access it.
struct SystemRegisterRow: Sendable {
    enum Access { case readWrite, readOnly, writeOnly }

    let register: SystemRegister
    /// op0, op1, CRn, CRm and op2, packed as mrs and msr hold them from bit 5 on.
    let encoding: Int
    let access: Access
    /// The lowest exception levels that may read and write it.
    let level: Int
    let writeLevel: Int
    /// Its value after a reset, and the bits that software may change.
    let reset: UInt64
    let writable: UInt64
    let features: Features
    /// The register of EL2 that an access at EL2 means where HCR_EL2.E2H is set; the register itself then has an encoding with op1 = 5.
    let hosted: SystemRegister?

    /// - Parameter place: the encoding as the manual writes it for registers without a name: `S3_0_C1_C0_0`.
    init(
        _ register: SystemRegister, _ place: String, _ access: Access = .readWrite, level: Int? = nil, writeLevel: Int? = nil, reset: UInt64 = 0,
        writable: UInt64 = .max, features: Features = [], hosted: SystemRegister? = nil
    ) {
        let fields = place.dropFirst().split(separator: "_").map { Int($0.drop { $0 == "C" }) ?? 0 }
        precondition(fields.count == 5, "an encoding has five fields")
        self.register = register
        encoding = fields[0] << 14 | fields[1] << 11 | fields[2] << 7 | fields[3] << 3 | fields[4]
        self.access = access
        // What op1 says (DDI 0487, table D18-2).
        self.level = level ?? [1, 1, 1, 0, 2, 2, 3, 3][fields[1]]
        self.writeLevel = writeLevel ?? self.level
        self.reset = reset
        self.writable = writable
        self.features = features
        self.hosted = hosted
    }

    var name: String { String(describing: register).uppercased() }
    var op1: Int { encoding >> 11 & 7 }

    static let all: [SystemRegisterRow] =
        userRows + identificationRows + supervisorRows + hypervisorRows + monitorRows + timerRows
        + debugRows + performanceRows + interruptRows

    private static let byEncoding = Dictionary(uniqueKeysWithValues: all.map { ($0.encoding, $0) })
    static let byRegister: [SystemRegister: SystemRegisterRow] = Dictionary(all.map { ($0.register, $0) }, uniquingKeysWith: { first, _ in first })

    /// The row of an encoding; nil if there is none.
    static func find(_ encoding: Int) -> SystemRegisterRow? { byEncoding[encoding] ?? (isIdentification(encoding) ? identificationRow : nil) }

    /// The row of which an encoding with op1 = 5 is the name from EL2 on: SCTLR_EL12, CNTV_CTL_EL02.
    static func findHosted(_ encoding: Int) -> SystemRegisterRow? {
        guard encoding >> 11 & 7 == 5 else { return nil }
        let rest = encoding & ~(7 << 11)
        let row = byEncoding[rest] ?? byEncoding[rest | 3 << 11]
        return row?.hosted == nil ? nil : row
    }

    /// op0 = 3, op1 = 0, CRn = 0: the registers that identify the element; those that are reserved read as zero.
    static func isIdentification(_ encoding: Int) -> Bool { encoding & 0xff80 == 0xc000 }
    private static let identificationRow = SystemRegisterRow(.id, "S3_0_C0_C0_0", .readOnly)
}
