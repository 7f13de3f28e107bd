import AddressSpace
import Bits
import CPUModel
import Diagnostics
import IR

/// Fields of mstatus (Volume II, section 3.1.6).
enum MStatus {
    static let sie: UInt64 = 1 << 1, mie: UInt64 = 1 << 3, spie: UInt64 = 1 << 5, mpie: UInt64 = 1 << 7, spp: UInt64 = 1 << 8
    static let mppShift = 11, fsShift = 13
    static let mpp: UInt64 = 3 << 11, fs: UInt64 = 3 << 13
    static let mprv: UInt64 = 1 << 17, sum: UInt64 = 1 << 18, mxr: UInt64 = 1 << 19
    static let tvm: UInt64 = 1 << 20, tw: UInt64 = 1 << 21, tsr: UInt64 = 1 << 22
    static let uxl: UInt64 = 3 << 32, sxl: UInt64 = 3 << 34
}

/// Exception codes (Volume II, table 3.6).
enum ExceptionCode {
    static let fetchMisaligned: UInt64 = 0, fetchAccess: UInt64 = 1, illegal: UInt64 = 2, breakpoint: UInt64 = 3
    static let loadMisaligned: UInt64 = 4, loadAccess: UInt64 = 5, storeMisaligned: UInt64 = 6, storeAccess: UInt64 = 7
    static let userCall: UInt64 = 8
    static let fetchPage: UInt64 = 12, loadPage: UInt64 = 13, storePage: UInt64 = 15

    /// As `-d int` names them: QEMU's names, which scripts look for.
    static let names: [UInt64: String] = [
        0: "misaligned_fetch", 1: "fault_fetch", 2: "illegal_instruction", 3: "breakpoint", 4: "misaligned_load", 5: "fault_load",
        6: "misaligned_store", 7: "fault_store", 8: "user_ecall", 9: "supervisor_ecall", 11: "machine_ecall", 12: "exec_page_fault",
        13: "load_page_fault", 15: "store_page_fault",
    ]
    static let interruptNames: [UInt64: String] = [1: "s_software", 3: "m_software", 5: "s_timer", 7: "m_timer", 9: "s_external", 11: "m_external"]
}

extension RISCVCPU {
    // MARK: Noting

    /// Notes an exception at the current instruction; generated code leaves when it sees it.
    func raise(_ cause: UInt64, value: UInt64) {
        unsafe hart.pointee.pendingCause = cause
        unsafe hart.pointee.pendingValue = value
        header.exception = 1
    }

    func exceptionCode(_ fault: BusFault, _ access: AccessKind) -> UInt64 {
        switch (fault, access) {
        case (.access, .read): ExceptionCode.loadAccess
        case (.access, .write): ExceptionCode.storeAccess
        case (.access, .execute): ExceptionCode.fetchAccess
        case (.misaligned, .read): ExceptionCode.loadMisaligned
        case (.misaligned, .write): ExceptionCode.storeMisaligned
        case (.misaligned, .execute): ExceptionCode.fetchMisaligned
        }
    }

    /// An address as a CSR or register shows it: RV32's sign-extended.
    func registerForm(_ address: UInt64) -> UInt64 { model.rv64 ? address : address.signExtended(from: 32) }

    // MARK: Delivering

    /// The cause's bit that says interrupt.
    private var interruptBit: UInt64 { model.rv64 ? 1 << 63 : UInt64.max << 31 }

    /// Enters a trap handler (Volume II, sections 3.1.6 to 3.1.16); `pc` is the address that the handler learns.
    func trap(cause: UInt64, value: UInt64, interrupt: Bool) {
        logTrap(cause, value, interrupt)
        if runsProgram { return raise(cause, value: value) }
        let delegation = unsafe interrupt ? hart.pointee.mideleg : hart.pointee.medeleg
        let toSupervisor = mode <= 1 && delegation.bit(Int(cause))
        let code = cause | (interrupt ? interruptBit : 0)
        let epc = registerForm(header.pc)
        var status = unsafe hart.pointee.mstatus
        let vector: UInt64
        if toSupervisor {
            unsafe hart.pointee.sepc = epc
            unsafe hart.pointee.scause = code
            unsafe hart.pointee.stval = value
            status = status & ~MStatus.spie | (status & MStatus.sie) << 4
            status = status & ~MStatus.spp | UInt64(mode) << 8
            status &= ~MStatus.sie
            vector = unsafe hart.pointee.stvec
            mode = 1
        } else {
            unsafe hart.pointee.mepc = epc
            unsafe hart.pointee.mcause = code
            unsafe hart.pointee.mtval = value
            status = status & ~MStatus.mpie | (status & MStatus.mie) << 4
            status = status & ~MStatus.mpp | UInt64(mode) << 11
            status &= ~MStatus.mie
            vector = unsafe hart.pointee.mtvec
            mode = 3
        }
        unsafe hart.pointee.mstatus = status
        let base = vector & ~3
        setPC(interrupt && vector & 1 != 0 ? base &+ 4 &* cause : base)
        services?.translationFlagsChanged()
    }

    private func logTrap(_ cause: UInt64, _ value: UInt64, _ interrupt: Bool) {
        guard Log.isEnabled(.int) else { return }
        let name = (interrupt ? ExceptionCode.interruptNames : ExceptionCode.names)[cause] ?? "reserved"
        Log.write(
            .int,
            "riscv_cpu_do_interrupt: hart:\(index), async:\(interrupt ? 1 : 0), cause:\(hex(cause, digits: 16).dropFirst(2)), "
                + "epc:\(hex(header.pc, digits: 16)), tval:\(hex(value, digits: 16)), desc=\(name)")
    }

    func setPC(_ address: UInt64) { header.pc = model.rv64 ? address : address & 0xffff_ffff }

    // MARK: Returning

    /// mret.
    func returnFromMachine() -> Bool {
        guard mode == 3 else { return false }
        var status = unsafe hart.pointee.mstatus
        let previous = Int(status.bits(MStatus.mppShift, 2))
        status = status & ~MStatus.mie | (status & MStatus.mpie) >> 4
        status |= MStatus.mpie
        status &= ~MStatus.mpp
        if !model.extensions.contains(.u) { status |= MStatus.mpp }
        if previous != 3 { status &= ~MStatus.mprv }
        finishReturn(status, previous, unsafe hart.pointee.mepc)
        return true
    }

    /// sret.
    func returnFromSupervisor() -> Bool {
        var status = unsafe hart.pointee.mstatus
        guard mode >= 1, !(mode == 1 && status & MStatus.tsr != 0) else { return false }
        let previous = status & MStatus.spp != 0 ? 1 : 0
        status = status & ~MStatus.sie | (status & MStatus.spie) >> 4
        status |= MStatus.spie
        status &= ~(MStatus.spp | MStatus.mprv)
        finishReturn(status, previous, unsafe hart.pointee.sepc)
        return true
    }

    private func finishReturn(_ status: UInt64, _ previous: Int, _ pc: UInt64) {
        unsafe hart.pointee.mstatus = status
        mode = previous
        setPC(pc & (model.extensions.contains(.c) ? ~1 : ~3))
        services?.translationFlagsChanged()
        noteInterruptChange()
    }
}
