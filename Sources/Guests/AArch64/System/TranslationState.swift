import Bits
import CPUModel
import IR

/// What generated code depends on.
extension AArch64CPU {
    var flags: TranslationFlags {
        var flags = unsafe TranslationFlags(fpcr: element.pointee.fpcr)
        guard system != nil else {
            flags.untags = unsafe element.pointee.usesTags != 0
            return flags
        }
        let level = level
        flags.isSystem = true
        flags.level = level
        flags.mmuIndex = mmuIndex(level: level)
        flags.unprivilegedIndex = mmuIndex(level: level, unprivileged: self[.uao] == 0)
        flags.isIllegal = unsafe element.pointee.illegal != 0
        flags.ownStack = self[.spsel] != 0
        flags.floatTrap = floatTrap(level)
        flags.isUnsupervised = !isEL2Enabled
        let control = self[.sctlr(usualLevel)]
        flags.checksAlignment = control & Control.a != 0 || (control & Control.m == 0 && hypervisor & HypervisorControl.dc == 0)
        flags.checksStack = control & (level == 0 ? Control.sa0 : Control.sa) != 0
        if stepsInstructions { flags.step = unsafe element.pointee.stepping == 1 ? 1 : 2 }
        return flags
    }

    /// The level that takes floating-point instructions (CPACR_EL1, CPTR_EL2, CPTR_EL3); 0 if they are executed.
    private func floatTrap(_ level: Int) -> Int {
        if level < 2, !isHostApplication {
            let enables = self[.cpacr_el1].bits(20, 2)
            if enables & 1 == 0 || (enables == 1 && level == 0) { return 1 }
        }
        if level < 3, isEL2Enabled {
            let control = self[.cptr_el2]
            if hostsAtEL2 {
                let enables = control.bits(20, 2)
                if enables & 1 == 0 || (enables == 1 && level == 0 && isHostApplication) { return 2 }
            } else if control.bit(10) {
                return 2
            }
        }
        return system?.hasEL3 == true && self[.cptr_el3].bit(10) ? 3 : 0
    }

    /// Whether the instructions of pointer authentication with a key do anything (SCTLR.EnIA and its like); the generic key always does.
    func authenticates(_ key: Int) -> Bool {
        guard system != nil, key < Control.pointerKeys.count else { return true }
        return self[.sctlr(usualLevel)] & Control.pointerKeys[key] != 0
    }
}
