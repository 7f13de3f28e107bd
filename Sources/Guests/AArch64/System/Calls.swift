import ArmSystem
import CPUModel
import Diagnostics
import Glibc
import IR

extension AArch64CPU {
    /// hvc and smc: firmware outside the guest, a level of the guest, or an undefined instruction. False if the noted exception is to be delivered.
    func call(_ syndrome: Syndrome) -> Bool {
        let conduit: FirmwareConduit
        switch syndrome.kind {
        case .hypervisorCall?: conduit = .hvc
        case .secureCall?: conduit = .smc
        default: return false
        }
        if onFirmwareCall(self, conduit) {
            _ = takeException()
            header.pc &+= 4
            return true
        }
        if conduit == .smc, level == 1, hypervisor & HypervisorControl.tsc != 0 {
            trapCall(syndrome)
            return true
        }
        if isCallable(conduit) {
            unsafe element.pointee.pendingLevel = conduit == .hvc ? 2 : 3
        } else {
            raise(Syndrome(.unknown))
        }
        return false
    }

    private func isCallable(_ conduit: FirmwareConduit) -> Bool {
        guard let system else { return false }
        switch conduit {
        case .smc: return system.hasEL3 && self[.scr_el3] & SecureControl.smd == 0
        case .hvc:
            guard system.hasEL2, isEL2Enabled || level == 3 else { return false }
            return system.hasEL3 ? self[.scr_el3] & SecureControl.hce != 0 : self[.hcr_el2] & HypervisorControl.hcd == 0
        }
    }

    /// An smc that a hypervisor traps returns to itself.
    private func trapCall(_ syndrome: Syndrome) {
        _ = takeException()
        self[.esr_el2] = syndrome.rawValue
        enter(2, vector: 0, returning: header.pc)
    }

    // MARK: Waiting

    /// wfi (`pc` then already lies behind it) and wfe, if nothing traps them.
    func executeWait(_ address: UInt64, forEvent: Bool) {
        if let target = waitTrap(forEvent) {
            header.pc = address
            return raise(Syndrome(.wait, 0x1e0_0000 | (forEvent ? 1 : 0)), to: target)
        }
        if !forEvent { return waitForInterrupt() }
        // An event is due at any time: it comes at once, after others have had the host's processor.
        if unsafe element.pointee.event == 0 { sched_yield() }
        unsafe element.pointee.event = 0
    }

    private func waitTrap(_ forEvent: Bool) -> Int? {
        if level == 0, self[.sctlr(usualLevel)] & (forEvent ? Control.ntwe : Control.ntwi) == 0 { return usualLevel }
        if level < 2, hypervisor & (forEvent ? HypervisorControl.twe : HypervisorControl.twi) != 0 { return 2 }
        let isTrapped = system?.hasEL3 == true && level < 3 && self[.scr_el3] & (forEvent ? SecureControl.twe : SecureControl.twi) != 0
        return isTrapped ? 3 : nil
    }
}
