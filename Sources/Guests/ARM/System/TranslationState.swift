import Bits
import CPUModel
import IR

/// What generated code depends on.
extension ARMCPU {
    var flags: TranslationFlags {
        let s = unsafe element.pointee
        var flags = TranslationFlags(fpscr: s.fpscr, it: s.it, bigEndian: s.bigEndian != 0)
        guard system != nil else { return flags }
        flags.isSystem = true
        flags.mmuIndex = fetchMMUIndex
        flags.checksAlignment = self[.sctlr] & Control.a != 0
        flags.bank = registerBank
        flags.floatUnit = floatUnit
        return flags
    }

    private var registerBank: RegisterBank {
        switch mode {
        case .usr: .user
        case .sys: .system
        case .fiq: .fiq
        default: .other
        }
    }

    /// CPACR's field for coprocessors 10 and 11, of cores that have it, and FPEXC.EN.
    private var floatUnit: FloatUnit {
        if model.features.contains(.v6) {
            let access = self[.cpacr].bits(20, 2)
            if access & 1 == 0 || access == 1 && !isPrivileged { return .denied }
        }
        return unsafe element.pointee.fpexc & FloatControl.enable != 0 ? .on : .off
    }
}
