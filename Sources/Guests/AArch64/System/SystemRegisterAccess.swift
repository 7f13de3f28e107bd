import ArmSystem
import Bits
import CPUModel
import Diagnostics
import IR

extension AArch64CPU {
    // MARK: Reading

    func readRegister(_ register: SystemRegister, _ encoding: Int) -> UInt64 {
        if let timer = GenericTimer.of(register) { return readTimer(timer, register) }
        switch register {
        case .nzcv: return nzcv << 28
        case .fpcr: return fpcr
        case .fpsr: return fpsr
        case .ctr_el0: return model.ctr
        case .dczid_el0: return zeroBlockIdentification
        case .rndr, .rndrrs: return random()
        case .id: return identification(encoding)
        case .ccsidr_el1: return [0x701f_e00a, 0x201f_e012, 0x70ff_e07a][Int(min(self[.csselr_el1], 2))]
        case .clidr_el1: return 0x0a20_0023
        case .isr_el1: return interruptStatus
        case .cntpct_el0: return counter()
        case .cntvct_el0: return visibleVirtualCounter
        case .rvbar_el1, .rvbar_el2, .rvbar_el3: return resetVector
        case .dbgclaimset_el1: return 0xff
        case .dbgclaimclr_el1: return self[.dbgclaimclr_el1]
        case .pmccntr_el0: return cycles
        case .pmcntenclr_el0: return self[.pmcntenset_el0]
        case .pmovsclr_el0: return self[.pmovsset_el0]
        case .pmintenclr_el1: return self[.pmintenset_el1]
        case .pmxevtyper_el0: return self[.pmselr_el0] == 31 ? self[.pmccfiltr_el0] : 0
        case .pmceid0_el0: return 1 << 17
        case _ where register.isInterruptRegister: return interruptInterface?.read(encoding, isVirtual: isVirtualized(register)) ?? 0
        default: return self[register]
        }
    }

    private var zeroBlockIdentification: UInt64 {
        let isProhibited = level == 0 && system != nil && self[.sctlr(usualLevel)] & Control.dze == 0
        return isProhibited || (level < 2 && hypervisor & HypervisorControl.tdz != 0) ? 0x14 : 4
    }

    /// The identification registers; EL1 sees MIDR and MPIDR as a hypervisor has set them.
    func identification(_ encoding: Int) -> UInt64 {
        guard let system else { return model.identification(encoding) }
        if level == 1, isEL2Enabled {
            if encoding & 0x7f == 0 { return self[.vpidr_el2] }
            if encoding & 0x7f == 5 { return self[.vmpidr_el2] }
        }
        return model.identification(encoding, in: system)
    }

    /// Whether EL1 means the interface that its hypervisor shows it (ICV_*), by the group that a register belongs to.
    private func isVirtualized(_ register: SystemRegister) -> Bool {
        guard level == 1 else { return false }
        let routed = hypervisor & (HypervisorControl.imo | HypervisorControl.fmo)
        switch register {
        case .icc_iar0_el1, .icc_eoir0_el1, .icc_hppir0_el1, .icc_bpr0_el1, .icc_ap0r0_el1, .icc_igrpen0_el1:
            return routed & HypervisorControl.fmo != 0
        case .icc_iar1_el1, .icc_eoir1_el1, .icc_hppir1_el1, .icc_bpr1_el1, .icc_ap1r0_el1, .icc_igrpen1_el1:
            return routed & HypervisorControl.imo != 0
        default: return routed != 0
        }
    }

    // MARK: Writing

    func writeRegister(_ register: SystemRegister, _ encoding: Int, _ value: UInt64) {
        if let timer = GenericTimer.of(register) { return writeTimer(timer, register, value) }
        switch register {
        case .nzcv: nzcv = value >> 28 & 15
        case .fpcr: fpcr = value
        case .fpsr: fpsr = value
        case .daif: setMasks(value & ProcessState.daif)
        case .spsel: selectStack(value & 1 != 0)
        case .pan: self[.pan] = value & ProcessState.pan
        case .uao: self[.uao] = value & ProcessState.uao
        case .dit: self[.dit] = value & ProcessState.dit
        case .ssbs: self[.ssbs] = value & ProcessState.ssbs
        case .oslar_el1: self[.oslsr_el1] = 8 | value.bits(0, 1) << 1
        case .dbgclaimset_el1: self[.dbgclaimclr_el1] |= value & 0xff
        case .dbgclaimclr_el1: self[.dbgclaimclr_el1] &= ~value
        case .rmr_el1, .rmr_el2, .rmr_el3: Log.write(.unimplemented, "cpu \(index): a warm reset by RMR is not supported")
        case .pmcr_el0, .pmcntenset_el0, .pmcntenclr_el0, .pmovsclr_el0, .pmovsset_el0, .pmccntr_el0, .pmxevtyper_el0, .pmintenset_el1,
            .pmintenclr_el1, .pmswinc_el0, .pmxevcntr_el0:
            writePerformance(register, value)
        case _ where register.isInterruptRegister: interruptInterface?.write(encoding, isVirtual: isVirtualized(register), value)
        default: store(register, value)
        }
        services?.translationFlagsChanged()
    }

    /// Sets a register's writable bits, and sees to what follows from them.
    private func store(_ register: SystemRegister, _ value: UInt64) {
        let row = SystemRegisterRow.byRegister[register]
        let old = self[register]
        let writable = row?.writable ?? .max
        let new = old & ~writable | value & writable
        self[register] = new
        switch register {
        case .ttbr0_el1, .ttbr1_el1, .ttbr0_el2, .ttbr1_el2, .vttbr_el2: updateContext()
        case .tcr_el1, .tcr_el2, .tcr_el3, .sctlr_el1, .sctlr_el2, .sctlr_el3, .vtcr_el2:
            updateContext()
            if old != new { services?.flushTLB(.all) }
        case .hcr_el2, .scr_el3:
            updateContext()
            if old != new { services?.flushTLB(.all) }
            noteInterruptChange()
        case .cntvoff_el2: updateTimer(.virtual)
        default: break
        }
    }

    /// PSTATE.DAIF; what is no longer masked is taken at the next block's entry.
    func setMasks(_ masks: UInt64) {
        self[.daif] = masks
        noteInterruptChange()
    }

    // MARK: Performance monitors

    /// Instructions where they are counted, else time at a nominal 1 GHz.
    var elapsedCycles: UInt64 { services?.retiredInstructions ?? counter() &* (1_000_000_000 / AArch64CPU.counterFrequency) }

    private var countsCycles: Bool {
        self[.pmcr_el0] & PerformanceControl.enable != 0 && self[.pmcntenset_el0] & PerformanceControl.cycles != 0
    }

    /// While the counter stands still the cell of PMCCNTR_EL0 holds it.
    var cycles: UInt64 { countsCycles ? unsafe elapsedCycles &- element.pointee.cycleOffset : self[.pmccntr_el0] }

    private func writePerformance(_ register: SystemRegister, _ value: UInt64) {
        var now = cycles
        switch register {
        case .pmcr_el0:
            self[.pmcr_el0] = value & PerformanceControl.writable
            if value & PerformanceControl.resetCycles != 0 { now = 0 }
        case .pmcntenset_el0: self[.pmcntenset_el0] |= value & PerformanceControl.cycles
        case .pmcntenclr_el0: self[.pmcntenset_el0] &= ~value
        case .pmovsset_el0: self[.pmovsset_el0] |= value & PerformanceControl.cycles
        case .pmovsclr_el0: self[.pmovsset_el0] &= ~value
        case .pmintenset_el1: self[.pmintenset_el1] |= value & PerformanceControl.cycles
        case .pmintenclr_el1: self[.pmintenset_el1] &= ~value
        case .pmxevtyper_el0: if self[.pmselr_el0] == 31 { self[.pmccfiltr_el0] = value & 0xfc00_0000 }
        case .pmccntr_el0: now = value
        default: break
        }
        self[.pmccntr_el0] = now
        unsafe element.pointee.cycleOffset = elapsedCycles &- now
    }
}

extension SystemRegister {
    /// ICC_* and ICH_*: the interrupt controller's.
    var isInterruptRegister: Bool { rawValue >= SystemRegister.icc_pmr_el1.rawValue && rawValue <= SystemRegister.ich_lr3_el2.rawValue }
}
