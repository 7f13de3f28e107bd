import Bits
import CPUModel
import Diagnostics
import IR

extension AArch64CPU {
    /// HCR_EL2 as far as it has an effect: EL2 is there, and the element is not in secure state.
    var hypervisor: UInt64 { isEL2Enabled ? self[.hcr_el2] : 0 }
    var isEL2Enabled: Bool { system?.hasEL2 == true && !isSecure }
    /// EL3, and what is below it while SCR_EL3.NS is clear.
    var isSecure: Bool { system?.hasEL3 == true && (level == 3 || self[.scr_el3] & SecureControl.ns == 0) }
    var highestLevel: Int { system.map { $0.hasEL3 ? 3 : $0.hasEL2 ? 2 : 1 } ?? 0 }
    /// HCR_EL2.E2H: EL2 has the registers and the address space of a kernel (FEAT_VHE).
    var hostsAtEL2: Bool { hypervisor & HypervisorControl.e2h != 0 }
    /// EL0 belongs to EL2.
    var isHostApplication: Bool { hypervisor & (HypervisorControl.e2h | HypervisorControl.tge) == HypervisorControl.e2h | HypervisorControl.tge }

    /// The level that takes an exception which nothing routes elsewhere.
    var usualLevel: Int { level > 0 ? level : hypervisor & HypervisorControl.tge != 0 ? 2 : 1 }

    // MARK: Synchronous exceptions

    /// Enters the handler of the exception that has been noted.
    func deliver() {
        if unsafe call(Syndrome(rawValue: element.pointee.pendingSyndrome)) { return }
        let asked = unsafe Int(element.pointee.pendingLevel)
        let exception = takeException()
        let target = max(asked, usualLevel)
        var syndrome = exception.syndrome.rawValue
        if let kind = exception.syndrome.kind, kind.tellsOrigin, target == level { syndrome += 1 << 26 }
        let isCall = exception.syndrome.kind?.returnsBehind == true
        if unsafe element.pointee.stepping == 2 { unsafe element.pointee.stepping = isCall ? 0 : 1 }
        self[.esr(target)] = syndrome
        self[.far(target)] = exception.address
        logException(syndrome, target)
        enter(target, vector: 0, returning: isCall ? header.pc &+ 4 : header.pc)
    }

    private func logException(_ syndrome: UInt64, _ target: Int) {
        guard Log.isEnabled(.int) else { return }
        let kind = Syndrome(rawValue: syndrome).kind.map { String(describing: $0) } ?? hex(syndrome >> 26)
        Log.write(
            .int,
            "Taking exception [\(kind)] on CPU \(index)\n...from EL\(level) to EL\(target)\n...with ESR \(hex(syndrome >> 26))/\(hex(syndrome))"
                + "\n...with FAR \(hex(self[.far(target)]))\n...with ELR \(hex(header.pc))")
    }

    /// Goes to a level's handler (DDI 0487, AArch64.TakeException); `vector` is 0 for synchronous exceptions, 0x80 for IRQ, 0x100 for FIQ.
    func enter(_ target: Int, vector: UInt64, returning address: UInt64) {
        let origin: UInt64 = target > level ? 0x400 : self[.spsel] != 0 ? 0x200 : 0
        self[.spsr(target)] = processState
        self[.elr(target)] = address
        setLevel(target, ownStack: true)
        self[.daif] = ProcessState.daif
        self[.uao] = 0
        let control = self[.sctlr(target)]
        let mayReachUser = target == 1 || (target == 2 && isHostApplication)
        if model.features.contains(.pan), mayReachUser, control & Control.span == 0 { self[.pan] = ProcessState.pan }
        if model.features.contains(.ssbs) { self[.ssbs] = control & Control.dssbs != 0 ? ProcessState.ssbs : 0 }
        unsafe element.pointee.illegal = 0
        unsafe element.pointee.stepping = 0
        header.linkedAddress = .max
        header.pc = self[.vbar(target)] &+ origin &+ vector
        services?.translationFlagsChanged()
    }

    // MARK: Returning

    /// eret: goes on where ELR_ELx says, in the state that SPSR_ELx holds.
    func returnFromException() {
        let saved = self[.spsr(level)]
        let target = Int(saved.bits(2, 2))
        header.pc = self[.elr(level)]
        setProcessState(saved)
        header.linkedAddress = .max
        unsafe element.pointee.event = 1
        if isLegal(saved, target) {
            unsafe element.pointee.illegal = saved.bits(20, 1)
            setLevel(target, ownStack: saved & 1 != 0)
            unsafe element.pointee.stepping = stepsInstructions ? saved.bits(21, 1) : 0
        } else {
            Log.write(.guestErrors, "cpu \(index): eret from EL\(level) with SPSR \(hex(saved)) is an illegal return")
            unsafe element.pointee.illegal = 1
            unsafe element.pointee.stepping = 0
        }
        services?.translationFlagsChanged()
        noteInterruptChange()
    }

    /// DDI 0487, IllegalExceptionReturn.
    private func isLegal(_ saved: UInt64, _ target: Int) -> Bool {
        guard saved & (ProcessState.aarch32 | 2) == 0, target <= level, !(target == 0 && saved & 1 != 0) else { return false }
        let isSecureBelow = system?.hasEL3 == true && self[.scr_el3] & SecureControl.ns == 0
        if target == 2, system?.hasEL2 != true || isSecureBelow { return false }
        return !(target == 1 && system?.hasEL2 == true && !isSecureBelow && self[.hcr_el2] & HypervisorControl.tge != 0)
    }

    // MARK: Software step

    /// Whether instructions are stepped here (MDSCR_EL1.SS, DDI 0487, D2.12).
    var stepsInstructions: Bool {
        let control = self[.mdscr_el1]
        guard control & 1 != 0, self[.oslsr_el1] & 2 == 0 else { return false }
        let debugLevel = hypervisor & HypervisorControl.tge != 0 || (isEL2Enabled && self[.mdcr_el2].bit(8)) ? 2 : 1
        return level < debugLevel || (level == debugLevel && control.bit(13) && self[.daif] & ProcessState.d == 0)
    }
}
