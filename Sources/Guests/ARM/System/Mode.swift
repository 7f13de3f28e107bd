import Bits
import CPUModel

/// A processor mode by CPSR.M (DDI 0406, table B1-1).
public enum Mode: UInt64, CaseIterable, Sendable {
    case usr = 0x10, fiq = 0x11, irq = 0x12, svc = 0x13, abt = 0x17, und = 0x1b, sys = 0x1f

    /// Which of the banks of R13, R14 and SPSR it uses. User and system mode share the first, which has no SPSR.
    var bank: Int {
        switch self {
        case .usr, .sys: 0
        case .svc: 1
        case .abt: 2
        case .und: 3
        case .irq: 4
        case .fiq: 5
        }
    }

    var isPrivileged: Bool { self != .usr }
    var hasSavedState: Bool { bank != 0 }
}

/// Fields of CPSR and SPSR (DDI 0406, B1.3.3).
enum StatusRegister {
    static let modeMask: UInt64 = 0x1f, thumb: UInt64 = 1 << 5, f: UInt64 = 1 << 6, i: UInt64 = 1 << 7, a: UInt64 = 1 << 8, e: UInt64 = 1 << 9
    static let masks: UInt64 = a | i | f
    /// T and IT, which mrs does not show.
    static let execution: UInt64 = thumb | 0x0600_fc00
    /// What there is: not J, for there is no Jazelle state.
    static let writable: UInt64 = 0xfe0f_ffff
}

extension ARMCPU {
    var mode: Mode { Mode(rawValue: unsafe element.pointee.mode) ?? .usr }
    var isPrivileged: Bool { mode.isPrivileged }

    /// CPSR.A, I and F.
    var masks: UInt64 {
        get { unsafe element.pointee.masks }
        set {
            unsafe element.pointee.masks = newValue
            noteInterruptChange()
        }
    }

    /// Goes to a mode: its registers take the places of the last one's.
    func setMode(_ new: Mode) {
        let old = mode
        if new.bank != old.bank { exchangeBanks(old, new) }
        unsafe element.pointee.mode = new.rawValue
        services?.translationFlagsChanged()
    }

    private func exchangeBanks(_ old: Mode, _ new: Mode) {
        let s = unsafe element
        unsafe s.pointee.stackBanks[old.bank] = s.pointee.r[13]
        unsafe s.pointee.linkBanks[old.bank] = s.pointee.r[14]
        unsafe s.pointee.r[13] = s.pointee.stackBanks[new.bank]
        unsafe s.pointee.r[14] = s.pointee.linkBanks[new.bank]
        guard old == .fiq || new == .fiq else { return }
        // 0 for the bank of the other modes, 5 for FIQ's.
        let (outgoing, incoming) = old == .fiq ? (5, 0) : (0, 5)
        for index in 0..<5 {
            unsafe s.pointee.highBanks[outgoing + index] = s.pointee.r[8 + index]
            unsafe s.pointee.r[8 + index] = s.pointee.highBanks[incoming + index]
        }
    }

    /// A register as a mode sees it (`mrs r0, sp_irq`, stm with ^, srs).
    func bankedRegister(_ number: Int, _ other: Mode) -> UInt64 {
        switch number {
        case 13 where other.bank != mode.bank: unsafe element.pointee.stackBanks[other.bank]
        case 14 where other.bank != mode.bank: unsafe element.pointee.linkBanks[other.bank]
        case 8...12 where (other == .fiq) != (mode == .fiq): unsafe element.pointee.highBanks[(other == .fiq ? 5 : 0) + number - 8]
        default: unsafe element.pointee.r[number]
        }
    }

    func setBankedRegister(_ number: Int, _ other: Mode, _ value: UInt64) {
        switch number {
        case 13 where other.bank != mode.bank: unsafe element.pointee.stackBanks[other.bank] = value
        case 14 where other.bank != mode.bank: unsafe element.pointee.linkBanks[other.bank] = value
        case 8...12 where (other == .fiq) != (mode == .fiq): unsafe element.pointee.highBanks[(other == .fiq ? 5 : 0) + number - 8] = value
        default: unsafe element.pointee.r[number] = value
        }
    }

    /// SPSR of the mode in use; user and system mode have none.
    var savedState: UInt64 {
        get { unsafe element.pointee.savedStates[mode.bank] }
        set { if mode.hasSavedState { unsafe element.pointee.savedStates[mode.bank] = newValue & StatusRegister.writable } }
    }

    // MARK: Whole registers

    /// CPSR with all of its fields: what an exception saves.
    var processorState: UInt64 {
        let s = unsafe element.pointee
        let it = (s.it >> 2) << 10 | (s.it & 3) << 25
        return applicationState | it | s.bigEndian << 9 | s.masks | (header.pc & 1) << 5 | s.mode
    }

    /// Sets CPSR as an exception return does; T goes to bit 0 of `pc`. A mode that there is not leaves the mode as it is.
    func setProcessorState(_ value: UInt64) {
        applicationState = value
        unsafe element.pointee.it = value.bits(10, 6) << 2 | value.bits(25, 2)
        unsafe element.pointee.bigEndian = value.bits(9, 1)
        header.pc = header.pc & ~1 | value.bits(5, 1)
        changeMode(value)
        unsafe element.pointee.masks = value & StatusRegister.masks
        services?.translationFlagsChanged()
        noteInterruptChange()
    }

    func changeMode(_ value: UInt64) {
        guard let new = Mode(rawValue: value & StatusRegister.modeMask) else {
            return reportGuestError("there is no mode \(value & StatusRegister.modeMask) to go to")
        }
        setMode(new)
    }

    /// msr cpsr of some of its four bytes: in user mode nothing but flags, GE and E (DDI 0406, CPSRWriteByInstr).
    func writeProcessorState(_ value: UInt64, fields: UInt64) {
        setApplicationState(value, flags: fields.bit(3), greaterEqual: fields.bit(2))
        if fields.bit(1) { unsafe element.pointee.bigEndian = value.bits(9, 1) }
        guard isPrivileged else { return }
        let changed = (fields.bit(1) ? StatusRegister.a : 0) | (fields.bit(0) ? StatusRegister.i | StatusRegister.f : 0)
        if fields.bit(0) { changeMode(value) }
        masks = unsafe element.pointee.masks & ~changed | value & changed
    }

    /// msr spsr of some of its four bytes.
    func writeSavedState(_ value: UInt64, fields: UInt64) {
        let mask = (0..<4).reduce(UInt64(0)) { fields.bit($1) ? $0 | 0xff << UInt64(8 * $1) : $0 }
        savedState = savedState & ~mask | value & mask
    }
}
