import Bits
import CPUModel
import IR

/// PSTATE as SPSR_ELx holds it (DDI 0487, C5.2.18).
enum ProcessState {
    static let il: UInt64 = 1 << 20, ss: UInt64 = 1 << 21, pan: UInt64 = 1 << 22, uao: UInt64 = 1 << 23, dit: UInt64 = 1 << 24
    static let ssbs: UInt64 = 1 << 12, daif: UInt64 = 15 << 6, d: UInt64 = 1 << 9, a: UInt64 = 1 << 8, i: UInt64 = 1 << 7, f: UInt64 = 1 << 6
    /// M[4]: AArch32 state, which no element has.
    static let aarch32: UInt64 = 1 << 4
    static let writable: UInt64 = 15 << 28 | dit | uao | pan | ss | il | ssbs | daif | 0x1f
    /// Fields that are kept in their registers' cells.
    static let cells: [SystemRegister] = [.daif, .pan, .uao, .dit, .ssbs]
}

extension AArch64CPU {
    /// A system register's cell.
    subscript(register: SystemRegister) -> UInt64 {
        get { unsafe element.pointee[register] }
        set { unsafe element.pointee[register] = newValue }
    }

    /// The exception level, 0 to 3.
    public var level: Int { Int(self[.currentel] >> 2) }

    var processState: UInt64 {
        let fields = ProcessState.cells.reduce(nzcv << 28 | self[.currentel] | self[.spsel]) { $0 | self[$1] }
        return unsafe fields | element.pointee.illegal * ProcessState.il | element.pointee.stepping * ProcessState.ss
    }

    /// Sets what a saved state holds beside level and stack pointer.
    func setProcessState(_ saved: UInt64) {
        nzcv = saved >> 28 & 15
        self[.daif] = saved & ProcessState.daif
        self[.pan] = model.features.contains(.pan) ? saved & ProcessState.pan : 0
        self[.uao] = model.features.contains(.uao) ? saved & ProcessState.uao : 0
        self[.dit] = model.features.contains(.dit) ? saved & ProcessState.dit : 0
        self[.ssbs] = model.features.contains(.ssbs) ? saved & ProcessState.ssbs : 0
    }

    /// Goes to a level and chooses its stack pointer, or SP_EL0.
    func setLevel(_ level: Int, ownStack: Bool) {
        self[stackCell] = register(31)
        self[.currentel] = UInt64(level) << 2
        self[.spsel] = ownStack ? 1 : 0
        setRegister(31, self[stackCell])
        services?.translationFlagsChanged()
    }

    /// The cell that the stack pointer in use goes to while another one is in use.
    var stackCell: SystemRegister { self[.spsel] == 0 ? .sp_el0 : .sp(level) }

    /// PSTATE.SP by msr.
    func selectStack(_ own: Bool) {
        guard own != (self[.spsel] != 0) else { return }
        setLevel(level, ownStack: own)
    }
}
