import ArmSystem
import Bits
import CPUModel
import Diagnostics
import IR

/// An access by mrs or msr, or a `sys` instruction, as the translator hands it to a helper.
struct SystemAccess {
    let rawValue: UInt64

    init(rawValue: UInt64) { self.rawValue = rawValue }
    init(bits: UInt32) { rawValue = UInt64(bits) }

    /// L: a read.
    var isRead: Bool { rawValue.bit(21) }
    var encoding: Int { Int(rawValue.bits(5, 16)) }

    /// The syndrome of a trapped access (DDI 0487, ISS encoding for MSR, MRS and System instructions).
    var syndrome: Syndrome {
        let op0 = rawValue.bits(19, 2), op2 = rawValue.bits(5, 3), op1 = rawValue.bits(16, 3), crn = rawValue.bits(12, 4)
        let crm = rawValue.bits(8, 4), rt = rawValue.bits(0, 5)
        return Syndrome(.systemAccess, op0 << 20 | op2 << 17 | op1 << 14 | crn << 10 | rt << 5 | crm << 1 | (isRead ? 1 : 0))
    }
}

/// What becomes of an access that the register's row allows.
enum AccessDecision: Equatable {
    case allowed, undefined
    case trapped(to: Int)
}

extension AArch64CPU {
    // MARK: mrs and msr

    func accessRegister(_ access: SystemAccess, _ value: UInt64) -> UInt64 {
        let hosted = SystemRegisterRow.findHosted(access.encoding)
        guard let row = SystemRegisterRow.find(access.encoding) ?? hosted else { return undefined(access) }
        switch decide(row, access, isHosted: hosted != nil) {
        case .undefined: return undefined(access)
        case .trapped(let level):
            raise(access.syndrome, to: level)
            return 0
        case .allowed: break
        }
        // A host at EL2 means its own registers by the names of EL1's.
        let isRedirected = hosted == nil && ((level == 2 && hostsAtEL2) || (level == 0 && isHostApplication))
        let register = isRedirected ? row.hosted ?? row.register : row.register
        if access.isRead { return readRegister(register, access.encoding) }
        writeRegister(register, access.encoding, value)
        return 0
    }

    private func undefined(_ access: SystemAccess) -> UInt64 {
        let what = SystemRegisterRow.find(access.encoding)?.name ?? "op0 to op2 \(hex(UInt64(access.encoding)))"
        Log.write(.unimplemented, "cpu \(index): \(access.isRead ? "mrs" : "msr") of \(what) is undefined at EL\(level), \(hex(header.pc))")
        raise(Syndrome(.unknown))
        return 0
    }

    private func decide(_ row: SystemRegisterRow, _ access: SystemAccess, isHosted: Bool) -> AccessDecision {
        if isHosted, !(level == 3 && system?.hasEL2 == true) && !(level == 2 && hostsAtEL2) { return .undefined }
        guard row.access == .readWrite || (row.access == .readOnly) == access.isRead else { return .undefined }
        guard exists(row), level >= (access.isRead ? row.level : writeLevel(row)) else { return userRefusal(row) }
        if level == 0 { return decideForUser(row.register, access) }
        if row.register == .sp_el0, self[.spsel] == 0 { return .undefined }
        if level == 1, isEL2Enabled { return decideUnderHypervisor(row, access) }
        return .allowed
    }

    private func writeLevel(_ row: SystemRegisterRow) -> Int { row.register == .cntfrq_el0 ? highestLevel : row.writeLevel }

    /// Whether the element has the register: its level and its features.
    private func exists(_ row: SystemRegisterRow) -> Bool {
        guard let system else { return true }
        if row.op1 == 4, !system.hasEL2 { return false }
        if row.op1 == 6 || row.op1 == 7, !system.hasEL3 { return false }
        let gic: Features = system.hasInterruptRegisters ? .gic : []
        return model.features.union(gic).isSuperset(of: row.features)
    }

    /// Programs may look at the identification registers where their system emulates that, which is its business.
    private func userRefusal(_ row: SystemRegisterRow) -> AccessDecision {
        level == 0 && row.register == .id && model.features.contains(.vhe) ? .trapped(to: usualLevel) : .undefined
    }

    /// What EL1 (or a host at EL2) lets EL0 do.
    private func decideForUser(_ register: SystemRegister, _ access: SystemAccess) -> AccessDecision {
        let control = self[.sctlr(usualLevel)]
        let refused = AccessDecision.trapped(to: usualLevel)
        switch register {
        case .daif: return control & Control.uma != 0 ? .allowed : refused
        case .ctr_el0: return control & Control.uct != 0 ? .allowed : refused
        case .cntfrq_el0, .cntpct_el0, .cntvct_el0: return counterIsEnabled(register) ? .allowed : refused
        case _ where GenericTimer.of(register) != nil:
            let shift = GenericTimer.of(register) == .virtual ? 8 : 9
            return timerControl.bit(shift) ? .allowed : refused
        case .pmcr_el0, .pmcntenset_el0, .pmcntenclr_el0, .pmovsclr_el0, .pmovsset_el0, .pmswinc_el0, .pmselr_el0, .pmceid0_el0, .pmceid1_el0,
            .pmccntr_el0, .pmxevtyper_el0, .pmxevcntr_el0, .pmccfiltr_el0:
            let enables = self[.pmuserenr_el0]
            let isOpen = enables & 1 != 0 || (register == .pmccntr_el0 && access.isRead && enables & 4 != 0)
            return isOpen ? .allowed : refused
        default: return .allowed
        }
    }

    /// CNTKCTL_EL1, or for programs of a host at EL2 CNTHCTL_EL2, whose low bits then mean the same.
    private var timerControl: UInt64 { self[isHostApplication ? .cnthctl_el2 : .cntkctl_el1] }

    private func counterIsEnabled(_ register: SystemRegister) -> Bool {
        switch register {
        case .cntpct_el0: timerControl.bit(0)
        case .cntvct_el0: timerControl.bit(1)
        default: timerControl & 3 != 0
        }
    }

    /// What a hypervisor traps from EL1.
    private func decideUnderHypervisor(_ row: SystemRegisterRow, _ access: SystemAccess) -> AccessDecision {
        let control = self[.hcr_el2]
        let trapped: Bool
        switch row.register {
        case .sctlr_el1, .ttbr0_el1, .ttbr1_el1, .tcr_el1, .esr_el1, .far_el1, .afsr0_el1, .afsr1_el1, .mair_el1, .amair_el1, .contextidr_el1:
            trapped = control & (access.isRead ? HypervisorControl.trvm : HypervisorControl.tvm) != 0
        case .actlr_el1: trapped = control & HypervisorControl.tacr != 0
        case .ctr_el0, .ccsidr_el1, .clidr_el1, .csselr_el1: trapped = control & HypervisorControl.tid2 != 0
        case .aidr_el1: trapped = control & HypervisorControl.tid1 != 0
        case .id: trapped = traps(identification: access.encoding, control)
        case .cpacr_el1: trapped = self[.cptr_el2].bit(31)
        case .apiakeylo_el1, .apiakeyhi_el1, .apibkeylo_el1, .apibkeyhi_el1, .apdakeylo_el1, .apdakeyhi_el1, .apdbkeylo_el1, .apdbkeyhi_el1,
            .apgakeylo_el1, .apgakeyhi_el1:
            trapped = control & HypervisorControl.apk == 0
        case .lorsa_el1, .lorea_el1, .lorn_el1, .lorc_el1, .lorid_el1: trapped = control & HypervisorControl.tlor != 0
        case .cntpct_el0: trapped = !self[.cnthctl_el2].bit(hostsAtEL2 ? 10 : 0)
        case .cntp_ctl_el0, .cntp_cval_el0, .cntp_tval_el0: trapped = !self[.cnthctl_el2].bit(hostsAtEL2 ? 11 : 1)
        case .icc_sgi1r_el1, .icc_asgi1r_el1, .icc_sgi0r_el1: trapped = control & (HypervisorControl.imo | HypervisorControl.fmo) != 0
        case _ where debugRows.contains { $0.register == row.register }: trapped = self[.mdcr_el2].bit(9)
        case _ where performanceRows.contains { $0.register == row.register }: trapped = self[.mdcr_el2].bit(6)
        default: trapped = false
        }
        return trapped ? .trapped(to: 2) : .allowed
    }

    /// Groups 1 (MIDR's neighbours) and 3 (features).
    private func traps(identification encoding: Int, _ control: UInt64) -> Bool {
        let crm = encoding >> 3 & 15, op2 = encoding & 7
        if crm > 0 { return control & HypervisorControl.tid3 != 0 }
        return op2 == 6 && control & HypervisorControl.tid1 != 0
    }

    // MARK: sys

    /// A `sys` instruction that its row allows at this level. `dc zva` is only checked.
    func execute(_ access: SystemAccess, _ operand: UInt64) {
        guard let row = SystemOperationRow.find(access.encoding & 0x3fff) else { return raise(Syndrome(.unknown)) }
        switch decide(row.operation) {
        case .undefined: return raise(Syndrome(.unknown))
        case .trapped(let level): return raise(access.syndrome, to: level)
        case .allowed: break
        }
        switch row.operation {
        case .zero, .cacheBySet: break
        case .cacheByAddress(let invalidates): maintainCache(operand, invalidates: invalidates)
        case .instructionCache: services?.synchronizeCode()
        case .instructionCacheByAddress:
            maintainCache(operand, invalidates: false)
            services?.synchronizeCode()
        case .flush(let scope, let broadcast):
            let isWidened = level == 1 && self[.hcr_el2] & 1 << 9 != 0 && isEL2Enabled
            flush(scope, broadcast: broadcast || isWidened, operand)
        case .translate(let level, let user, let writes, let both, let guarded):
            translateToRegister(level: level, user: user, writes: writes, both: both, guarded: guarded, operand)
        }
    }

    private func decide(_ operation: SystemOperation) -> AccessDecision {
        if level == 0 {
            let needed: UInt64
            switch operation {
            case .zero: needed = Control.dze
            default: needed = Control.uci
            }
            if self[.sctlr(usualLevel)] & needed == 0 { return .trapped(to: usualLevel) }
        }
        guard level < 2, isEL2Enabled else { return .allowed }
        let control = self[.hcr_el2]
        let trap: UInt64
        switch operation {
        case .zero: trap = HypervisorControl.tdz
        case .cacheBySet: trap = HypervisorControl.tsw
        case .cacheByAddress: trap = HypervisorControl.tpcp
        case .instructionCache, .instructionCacheByAddress: trap = HypervisorControl.tpu
        case .flush: trap = HypervisorControl.ttlb
        case .translate: trap = 0
        }
        return control & trap != 0 && !isHostApplication ? .trapped(to: 2) : .allowed
    }
}
