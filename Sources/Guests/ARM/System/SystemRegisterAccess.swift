import ArmSystem
import Bits
import CPUModel
import Diagnostics
import IR

/// What a machine's element has beside what a program sees.
public struct ARMSystem: Sendable {
    /// MPIDR's affinity fields.
    public var affinity: UInt64 = 0
    /// The only element of its machine.
    public var isUniprocessor = true
    /// How many elements share the cluster (L2CTLR).
    public var clusterSize = 1
    /// Where the cores' own devices are (CBAR).
    public var peripheralBase: UInt64 = 0
    /// Whether the interrupt controller's registers are system registers (GICv3).
    public var hasInterruptRegisters = false

    public init() {}
}

extension ARMCPU {
    /// A register's cell.
    subscript(register: SystemRegister) -> UInt64 {
        get { unsafe (state + register.offset).load(as: UInt64.self) }
        set { unsafe (state + register.offset).storeBytes(of: newValue, as: UInt64.self) }
    }

    /// mrc and mrrc, or with a value mcr and mcrr: what the access reads. Raises the undefined instruction that one is which is not allowed.
    func accessCoprocessor(_ place: CoprocessorPlace, _ value: UInt64?) -> UInt64 {
        guard let row = SystemRegisterRow.find(place, model.features), allows(row, writes: value != nil) else {
            Log.write(
                .unimplemented,
                "cpu \(index): \(value == nil ? "mrc" : "mcr") of \(place.description) is undefined in \(mode) mode, \(hex(header.pc))")
            raise(.undefined)
            return 0
        }
        guard let value else { return readRegister(row, place) }
        writeRegister(row, place, value)
        return 0
    }

    private func allows(_ row: SystemRegisterRow, writes: Bool) -> Bool {
        if row.access == (writes ? .readOnly : .writeOnly) { return false }
        if [.icc, .icc_sre, .icc_sgi].contains(row.register), interruptInterface == nil { return false }
        if isPrivileged { return true }
        guard writes ? row.userWrites : row.userReads else { return false }
        let timers = self[.cntkctl]
        switch row.register {
        case .cntpct: return timers.bit(0)
        case .cntvct: return timers.bit(1)
        case .cntfrq: return timers & 3 != 0
        case .cntv_tval, .cntv_ctl, .cntv_cval: return timers.bit(8)
        case .cntp_tval, .cntp_ctl, .cntp_cval: return timers.bit(9)
        case .tpidrurw, .tpidruro, .pmuserenr: return true
        default: return self[.pmuserenr].bit(0)
        }
    }

    // MARK: Reading

    func readRegister(_ row: SystemRegisterRow, _ place: CoprocessorPlace) -> UInt64 {
        switch row.register {
        case .id: return system.map { model.identification(crm: place.crm, op2: place.op2, in: $0) } ?? 0
        case .ccsidr:
            let list = model.identification.ccsidr
            return self[.csselr] < list.count ? UInt64(list[Int(self[.csselr])]) : 0
        case .clidr: return UInt64(model.identification.clidr)
        case .aidr, .implementation, .lockdown: return 0
        case .l2ctlr: return UInt64((system?.clusterSize ?? 1) - 1) << 24
        case .cbar: return system?.peripheralBase ?? 0
        case .isr: return interruptStatus
        case .cntpct, .cntvct: return counter()
        case .cntp_tval, .cntp_ctl, .cntp_cval, .cntv_tval, .cntv_ctl, .cntv_cval: return readTimer(row.register)
        case .pmccntr: return cycles.bits(0, 32)
        case .pmcntenclr: return self[.pmcntenset]
        case .pmintenclr: return self[.pmintenset]
        case .pmxevtyper: return self[.pmselr] == 31 ? self[.pmccfiltr] : 0
        case .pmceid0: return 1 << 17
        case .icc, .icc_sre: return interruptInterface?.read(place.encoding64, isVirtual: false) ?? 0
        default: return place.isWide ? self[row.register] : self[row.register].bits(0, 32)
        }
    }

    // MARK: Writing

    func writeRegister(_ row: SystemRegisterRow, _ place: CoprocessorPlace, _ value: UInt64) {
        switch row.register {
        case .cntp_tval, .cntp_ctl, .cntp_cval, .cntv_tval, .cntv_ctl, .cntv_cval: writeTimer(row.register, value)
        case .pmcr, .pmcntenset, .pmcntenclr, .pmovsr, .pmswinc, .pmccntr, .pmxevtyper, .pmxevcntr, .pmintenset, .pmintenclr:
            writePerformance(row.register, value)
        case .icc, .icc_sre: interruptInterface?.write(place.encoding64, isVirtual: false, value)
        // ICC_SGI1R, ICC_ASGI1R and ICC_SGI0R, which AArch64 has at op2 = 5 to 7 of one place.
        case .icc_sgi:
            interruptInterface?.write(CoprocessorPlace(crn: 12, op1: 0, crm: 11, op2: 5 + place.op1).encoding64, isVirtual: false, value)
        default: store(row, place, value)
        }
        services?.translationFlagsChanged()
    }

    /// Sets a register's writable bits, and sees to what follows from them. Of one that has 64 bits, mcr changes the lower half.
    private func store(_ row: SystemRegisterRow, _ place: CoprocessorPlace, _ value: UInt64) {
        let register = row.register
        let old = self[register]
        let writable = register == .sctlr ? Control.writable(model.features) : row.writable
        let kept = !place.isWide && (register == .ttbr0 || register == .ttbr1 || register == .par) && !usesLongFormat ? 0 : old & ~writable
        let new = kept | value & writable
        self[register] = new
        switch register {
        case .ttbr0, .ttbr1, .contextidr: updateContext()
        case .ttbcr:
            updateContext()
            if old != new { services?.flushTLB(.all) }
        case .sctlr: if (old ^ new) & Control.translation != 0 { services?.flushTLB(.all) }
        case .dacr: if old != new { chooseDomainSet() }
        default: break
        }
    }

    // MARK: The generic timer

    private func parts(_ register: SystemRegister) -> (timer: GenericTimer, control: SystemRegister, compare: SystemRegister) {
        switch register {
        case .cntp_tval, .cntp_ctl, .cntp_cval: (.physical, .cntp_ctl, .cntp_cval)
        default: (.virtual, .cntv_ctl, .cntv_cval)
        }
    }

    /// There is no hyp mode, and so the virtual count is the physical one.
    private func reading(_ control: SystemRegister, _ compare: SystemRegister) -> TimerReading {
        TimerReading(control: self[control], compare: self[compare], count: counter())
    }

    private func readTimer(_ register: SystemRegister) -> UInt64 {
        let (_, control, compare) = parts(register)
        switch register {
        case control: return reading(control, compare).shownControl
        case compare: return self[compare]
        default: return reading(control, compare).shownValue
        }
    }

    private func writeTimer(_ register: SystemRegister, _ value: UInt64) {
        let (timer, control, compare) = parts(register)
        switch register {
        case control: self[control] = value & 3
        case compare: self[compare] = value
        default: self[compare] = TimerReading.compare(value: value, at: counter())
        }
        updateTimer(timer)
    }

    /// Tells the board a timer's output, and when to call again.
    public func updateTimer(_ timer: GenericTimer) {
        guard model.features.contains(.genericTimer), timer == .physical || timer == .virtual else { return }
        let reading = timer == .physical ? reading(.cntp_ctl, .cntp_cval) : reading(.cntv_ctl, .cntv_cval)
        onTimer(timer, reading.output, reading.wait)
    }

    // MARK: Performance monitors

    /// Instructions where they are counted, else time at a nominal 1 GHz.
    private var elapsedCycles: UInt64 { services?.retiredInstructions ?? counter() &* ArmCounter.nanosecondsPerTick }

    private var countsCycles: Bool {
        self[.pmcr] & PerformanceControl.enable != 0 && self[.pmcntenset] & PerformanceControl.cycles != 0
    }

    /// While the counter stands still the cell of PMCCNTR holds it.
    var cycles: UInt64 {
        get { countsCycles ? unsafe elapsedCycles &- element.pointee.cycleOffset : self[.pmccntr] }
        set {
            self[.pmccntr] = newValue
            unsafe element.pointee.cycleOffset = elapsedCycles &- newValue
        }
    }

    private func writePerformance(_ register: SystemRegister, _ value: UInt64) {
        var now = cycles
        switch register {
        case .pmcr:
            self[.pmcr] = self[.pmcr] & ~PerformanceControl.writable | value & PerformanceControl.writable
            if value & PerformanceControl.resetCycles != 0 { now = 0 }
        case .pmcntenset: self[.pmcntenset] |= value & PerformanceControl.cycles
        case .pmcntenclr: self[.pmcntenset] &= ~value
        case .pmovsr: self[.pmovsr] &= ~value
        case .pmintenset: self[.pmintenset] |= value & PerformanceControl.cycles
        case .pmintenclr: self[.pmintenset] &= ~value
        case .pmxevtyper: if self[.pmselr] == 31 { self[.pmccfiltr] = value & 0xfc00_0000 }
        case .pmccntr: now = value & 0xffff_ffff
        default: break
        }
        cycles = now
    }
}
