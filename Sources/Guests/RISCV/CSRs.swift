import Bits
import CPUModel
import IR

/// What a CSR instruction does.
enum CSROperation: Int { case read, write, set, clear }

/// Numbers of the control and status registers (Volume II, chapter 2.2).
enum CSR {
    static let fflags = 0x001, frm = 0x002, fcsr = 0x003
    static let cycle = 0xc00, time = 0xc01, instret = 0xc02, cycleh = 0xc80, timeh = 0xc81, instreth = 0xc82
    static let sstatus = 0x100, sie = 0x104, stvec = 0x105, scounteren = 0x106, senvcfg = 0x10a
    static let sscratch = 0x140, sepc = 0x141, scause = 0x142, stval = 0x143, sip = 0x144, stimecmp = 0x14d, stimecmph = 0x15d, satp = 0x180
    static let mvendorid = 0xf11, marchid = 0xf12, mimpid = 0xf13, mhartid = 0xf14, mconfigptr = 0xf15
    static let mstatus = 0x300, misa = 0x301, medeleg = 0x302, mideleg = 0x303, mie = 0x304, mtvec = 0x305, mcounteren = 0x306
    static let menvcfg = 0x30a, mstatush = 0x310, menvcfgh = 0x31a, mcountinhibit = 0x320
    static let mscratch = 0x340, mepc = 0x341, mcause = 0x342, mtval = 0x343, mip = 0x344
    static let mcycle = 0xb00, minstret = 0xb02, mcycleh = 0xb80, minstreth = 0xb82
    static let pmpcfg0 = 0x3a0, pmpaddr0 = 0x3b0

    static let names: [Int: String] = [
        fflags: "fflags", frm: "frm", fcsr: "fcsr", cycle: "cycle", time: "time", instret: "instret", cycleh: "cycleh", timeh: "timeh",
        instreth: "instreth", sstatus: "sstatus", sie: "sie", stvec: "stvec", scounteren: "scounteren", senvcfg: "senvcfg",
        sscratch: "sscratch", sepc: "sepc", scause: "scause", stval: "stval", sip: "sip", stimecmp: "stimecmp", stimecmph: "stimecmph",
        satp: "satp", mvendorid: "mvendorid", marchid: "marchid", mimpid: "mimpid", mhartid: "mhartid", mconfigptr: "mconfigptr",
        mstatus: "mstatus", misa: "misa", medeleg: "medeleg", mideleg: "mideleg", mie: "mie", mtvec: "mtvec", mcounteren: "mcounteren",
        menvcfg: "menvcfg", mstatush: "mstatush", menvcfgh: "menvcfgh", mcountinhibit: "mcountinhibit", mscratch: "mscratch", mepc: "mepc",
        mcause: "mcause", mtval: "mtval", mip: "mip", mcycle: "mcycle", minstret: "minstret", mcycleh: "mcycleh", minstreth: "minstreth",
    ]
}

extension RISCVCPU {
    /// The interrupts that exist: SSI, MSI, STI, MTI, SEI, MEI.
    static let allInterrupts: UInt64 = 0xaaa
    static let supervisorInterrupts: UInt64 = 0x222
    static let delegableExceptions: UInt64 = 0xb3ff

    private var xlenMask: UInt64 { model.rv64 ? .max : 0xffff_ffff }
    private func has(_ extensions: Extensions) -> Bool { model.extensions.isSuperset(of: extensions) }

    /// One CSR instruction: the old value, or nil if it is illegal here.
    func accessCSR(_ number: Int, _ operation: CSROperation, _ operand: UInt64) -> UInt64? {
        guard mode >= number >> 8 & 3, operation == .read || number >> 10 != 3, let old = readCSR(number) else { return nil }
        let value: UInt64
        switch operation {
        case .read: return registerForm(old)
        case .write: value = operand
        // Pins show in mip, but setting a bit must not turn a pin's level into a software one.
        case .set: value = writableView(number, old) | operand
        case .clear: value = writableView(number, old) & ~operand
        }
        writeCSR(number, value & xlenMask)
        return registerForm(old)
    }

    private func writableView(_ number: Int, _ old: UInt64) -> UInt64 {
        number == CSR.mip || number == CSR.sip ? unsafe hart.pointee.softwarePending & old : old
    }

    // MARK: Reading

    private func readCSR(_ number: Int) -> UInt64? {
        switch number {
        case CSR.fflags...CSR.fcsr: return readFloatCSR(number)
        case 0x100...0x1ff: return readSupervisor(number)
        case 0x300...0x3ff: return readMachine(number)
        case CSR.mvendorid: return model.vendorID
        case CSR.marchid: return model.architectureID
        case CSR.mimpid: return model.implementationID
        case CSR.mhartid: return UInt64(index)
        case CSR.mconfigptr: return 0
        case 0xb00...0xb9f, 0xc00...0xc9f: return readCounter(number)
        default: return nil
        }
    }

    private func readFloatCSR(_ number: Int) -> UInt64? {
        guard has(.f), unsafe hart.pointee.mstatus & MStatus.fs != 0 else { return nil }
        header.collectFloatFlags()
        let flags = UInt64(header.floatFlags & 31), mode = UInt64(header.roundingMode)
        return number == CSR.fflags ? flags : number == CSR.frm ? mode : flags | mode << 5
    }

    private func readSupervisor(_ number: Int) -> UInt64? {
        guard has(.s) else { return nil }
        let s = unsafe hart.pointee
        switch number {
        case CSR.sstatus: return statusWithSummary & sstatusMask
        case CSR.sie: return s.mie & s.mideleg
        case CSR.stvec: return s.stvec
        case CSR.scounteren: return s.scounteren
        case CSR.senvcfg: return s.senvcfg
        case CSR.sscratch: return s.sscratch
        case CSR.sepc: return s.sepc
        case CSR.scause: return s.scause
        case CSR.stval: return s.stval
        case CSR.sip: return pendingInterrupts & s.mideleg
        case CSR.stimecmp: return mayUseTimeCompare ? s.stimecmp & xlenMask : nil
        case CSR.stimecmph: return mayUseTimeCompare && !model.rv64 ? s.stimecmp >> 32 : nil
        case CSR.satp: return mode == 1 && s.mstatus & MStatus.tvm != 0 ? nil : s.satp
        default: return nil
        }
    }

    private var mayUseTimeCompare: Bool {
        guard has(.sstc) else { return false }
        return unsafe mode == 3 || (hart.pointee.menvcfg >> 63 != 0 && hart.pointee.mcounteren & 2 != 0)
    }

    private func readMachine(_ number: Int) -> UInt64? {
        let s = unsafe hart.pointee
        switch number {
        case CSR.mstatus: return statusWithSummary & (model.rv64 ? .max : 0xffff_ffff)
        case CSR.misa: return misa
        case CSR.medeleg: return has(.s) ? s.medeleg : nil
        case CSR.mideleg: return has(.s) ? s.mideleg : nil
        case CSR.mie: return s.mie
        case CSR.mtvec: return s.mtvec
        case CSR.mcounteren: return has(.u) ? s.mcounteren : nil
        case CSR.menvcfg: return has(.u) ? s.menvcfg & xlenMask : nil
        case CSR.menvcfgh: return has(.u) && !model.rv64 ? s.menvcfg >> 32 : nil
        case CSR.mstatush: return model.rv64 ? nil : 0
        case CSR.mcountinhibit: return s.mcountinhibit
        case 0x323...0x33f: return 0
        case CSR.mscratch: return s.mscratch
        case CSR.mepc: return s.mepc
        case CSR.mcause: return s.mcause
        case CSR.mtval: return s.mtval
        case CSR.mip: return pendingInterrupts
        case 0x3a0...0x3a3: return readPMPConfig(number - CSR.pmpcfg0)
        case 0x3b0...0x3bf: return s.pmpaddr[number - CSR.pmpaddr0]
        default: return nil
        }
    }

    private var misa: UInt64 {
        let letters: [(Extensions, Int)] = [(.a, 0), (.c, 2), (.d, 3), (.f, 5), (.i, 8), (.m, 12), (.s, 18), (.u, 20)]
        let bits = letters.reduce(UInt64(0)) { has($1.0) ? $0 | 1 << UInt64($1.1) : $0 }
        return bits | (model.rv64 ? 2 << 62 : 1 << 30)
    }

    /// mstatus with SD, which says that some extension's state is dirty.
    private var statusWithSummary: UInt64 {
        let status = unsafe hart.pointee.mstatus
        return status.bits(MStatus.fsShift, 2) == 3 ? status | (model.rv64 ? 1 << 63 : 1 << 31) : status
    }

    private var sstatusMask: UInt64 {
        let fields = MStatus.sie | MStatus.spie | MStatus.spp | MStatus.fs | MStatus.sum | MStatus.mxr
        return model.rv64 ? fields | MStatus.uxl | 1 << 63 : fields | 1 << 31
    }

    // MARK: Counters

    private func readCounter(_ number: Int) -> UInt64? {
        let index = number & 0x1f
        let isHigh = number & 0x80 != 0
        guard !(isHigh && model.rv64), has(index < 3 ? .zicntr : .zihpm) else { return nil }
        if number >= 0xc00, !counterIsEnabled(index) { return nil }
        if number < 0xc00, index == 1 { return nil }
        let value: UInt64
        switch index {
        case 0: value = unsafe elapsedCycles &+ hart.pointee.cycleOffset
        case 1: value = timeSource()
        case 2: value = unsafe elapsedCycles &+ hart.pointee.instretOffset
        default: value = 0
        }
        return isHigh ? value >> 32 : value & xlenMask
    }

    private func counterIsEnabled(_ index: Int) -> Bool {
        let s = unsafe hart.pointee
        if mode < 3, !s.mcounteren.bit(index) { return false }
        return !(mode == 0 && has(.s) && !s.scounteren.bit(index))
    }

    /// Instructions where they are counted, else time at a nominal 1 GHz.
    var elapsedCycles: UInt64 { services?.retiredInstructions ?? timeSource() &* 100 }

    private func writeCounter(_ number: Int, _ value: UInt64) {
        let old = readCounter(number & ~0x80) ?? 0
        let whole = model.rv64 ? value : number & 0x80 != 0 ? old & 0xffff_ffff | value << 32 : old & ~0xffff_ffff | value
        if number & 0x1f == 0 { unsafe hart.pointee.cycleOffset = whole &- elapsedCycles }
        if number & 0x1f == 2 { unsafe hart.pointee.instretOffset = whole &- elapsedCycles }
    }

    // MARK: Writing

    private func writeCSR(_ number: Int, _ value: UInt64) {
        switch number {
        case CSR.fflags...CSR.fcsr: writeFloatCSR(number, value)
        case 0x100...0x1ff: writeSupervisor(number, value)
        case 0x300...0x3ff: writeMachine(number, value)
        case 0xb00...0xb9f: writeCounter(number, value)
        default: break
        }
    }

    private func writeFloatCSR(_ number: Int, _ value: UInt64) {
        header.collectFloatFlags()
        if number != CSR.frm { header.floatFlags = UInt32(value & 31) }
        if number != CSR.fflags { header.roundingMode = UInt32(number == CSR.frm ? value & 7 : value >> 5 & 7) }
        unsafe hart.pointee.mstatus |= MStatus.fs
        services?.roundingModeChanged()
        services?.translationFlagsChanged()
    }

    private func writeSupervisor(_ number: Int, _ value: UInt64) {
        let delegated = unsafe hart.pointee.mideleg
        switch number {
        case CSR.sstatus: writeStatus(value, mask: sstatusMask & ~(MStatus.uxl | 1 << 63))
        case CSR.sie:
            unsafe hart.pointee.mie = hart.pointee.mie & ~delegated | value & delegated
            noteInterruptChange()
        case CSR.stvec: unsafe hart.pointee.stvec = registerForm(value & ~2)
        case CSR.scounteren: unsafe hart.pointee.scounteren = value & 0xffff_ffff
        case CSR.senvcfg: unsafe hart.pointee.senvcfg = value & 0xf1
        case CSR.sscratch: unsafe hart.pointee.sscratch = registerForm(value)
        case CSR.sepc: unsafe hart.pointee.sepc = registerForm(value & (has(.c) ? ~1 : ~3))
        case CSR.scause: unsafe hart.pointee.scause = registerForm(value)
        case CSR.stval: unsafe hart.pointee.stval = registerForm(value)
        case CSR.sip: writePending(value, mask: delegated & 1 << 1)
        case CSR.stimecmp: writeTimeCompare(model.rv64 ? value : unsafe hart.pointee.stimecmp & ~0xffff_ffff | value)
        case CSR.stimecmph: writeTimeCompare(unsafe hart.pointee.stimecmp & 0xffff_ffff | value << 32)
        case CSR.satp: writeSATP(value)
        default: break
        }
    }

    private func writeMachine(_ number: Int, _ value: UInt64) {
        switch number {
        case CSR.mstatus: writeStatus(value, mask: mstatusMask)
        case CSR.medeleg: unsafe hart.pointee.medeleg = value & RISCVCPU.delegableExceptions
        case CSR.mideleg: unsafe hart.pointee.mideleg = value & RISCVCPU.supervisorInterrupts
        case CSR.mie:
            unsafe hart.pointee.mie = value & RISCVCPU.allInterrupts
            noteInterruptChange()
        case CSR.mtvec: unsafe hart.pointee.mtvec = registerForm(value & ~2)
        case CSR.mcounteren: unsafe hart.pointee.mcounteren = value & 0xffff_ffff
        case CSR.menvcfg: writeEnvironment(model.rv64 ? value : unsafe hart.pointee.menvcfg & ~0xffff_ffff | value)
        case CSR.menvcfgh: writeEnvironment(unsafe hart.pointee.menvcfg & 0xffff_ffff | value << 32)
        case CSR.mcountinhibit: unsafe hart.pointee.mcountinhibit = value & 5
        case CSR.mscratch: unsafe hart.pointee.mscratch = registerForm(value)
        case CSR.mepc: unsafe hart.pointee.mepc = registerForm(value & (has(.c) ? ~1 : ~3))
        case CSR.mcause: unsafe hart.pointee.mcause = registerForm(value)
        case CSR.mtval: unsafe hart.pointee.mtval = registerForm(value)
        case CSR.mip: writePending(value, mask: RISCVCPU.supervisorInterrupts)
        case 0x3a0...0x3a3: writePMPConfig(number - CSR.pmpcfg0, value)
        case 0x3b0...0x3bf: writePMPAddress(number - CSR.pmpaddr0, value)
        default: break
        }
    }

    private var mstatusMask: UInt64 {
        let s = MStatus.sie | MStatus.spie | MStatus.spp | MStatus.sum | MStatus.mxr | MStatus.tvm | MStatus.tsr
        let m = MStatus.mie | MStatus.mpie | MStatus.mpp | MStatus.mprv | MStatus.tw
        return (has(.s) ? s : 0) | m | (has(.f) || has(.s) ? MStatus.fs : 0)
    }

    private func writeStatus(_ value: UInt64, mask: UInt64) {
        let old = unsafe hart.pointee.mstatus
        var new = old & ~mask | value & mask
        let previous = new.bits(MStatus.mppShift, 2)
        if previous == 2 || (previous == 1 && !has(.s)) || (previous == 0 && !has(.u)) { new = new & ~MStatus.mpp | old & MStatus.mpp }
        unsafe hart.pointee.mstatus = new
        if (old ^ new) & MStatus.mxr != 0 { services?.flushTLB(.all) }
        services?.translationFlagsChanged()
        noteInterruptChange()
    }

    private func writePending(_ value: UInt64, mask: UInt64) {
        unsafe hart.pointee.softwarePending = hart.pointee.softwarePending & ~mask | value & mask
        noteInterruptChange()
    }

    private func writeEnvironment(_ value: UInt64) {
        var mask: UInt64 = 0xf1
        if has(.sstc) { mask |= 1 << 63 }
        if has(.svpbmt) { mask |= 1 << 62 }
        if has(.svadu) { mask |= 1 << 61 }
        let old = unsafe hart.pointee.menvcfg
        unsafe hart.pointee.menvcfg = value & mask
        if (old ^ value) & mask & (7 << 61) != 0 { services?.flushTLB(.all) }
        updateSupervisorTimer()
    }

    private func writeTimeCompare(_ value: UInt64) {
        unsafe hart.pointee.stimecmp = value
        updateSupervisorTimer()
    }

    /// Sets or clears the supervisor timer interrupt, and asks for a call when it will be due.
    public func updateSupervisorTimer() {
        guard supervisorTimerCompares else { return armSupervisorTimer(nil) }
        let deadline = unsafe hart.pointee.stimecmp
        if timeSource() >= deadline {
            armSupervisorTimer(nil)
            setInterrupt(5, level: true)
        } else {
            setInterrupt(5, level: false)
            armSupervisorTimer(deadline == .max ? nil : deadline)
        }
    }

    /// Whether the mode that a value of satp asks for is there.
    func hasMode(satp value: UInt64) -> Bool {
        let mode = value >> 60
        return !model.rv64 || mode == 0 || (mode >= 8 && 39 + 9 * (Int(mode) - 8) <= model.maxAddressBits)
    }

    private func writeSATP(_ value: UInt64) {
        guard hasMode(satp: value), unsafe value != hart.pointee.satp else { return }
        unsafe hart.pointee.satp = value
        services?.switchContext(to: value)
    }

    // MARK: PMP

    private func readPMPConfig(_ register: Int) -> UInt64? {
        guard !model.rv64 || register & 1 == 0 else { return nil }
        let s = unsafe hart.pointee
        let count = model.rv64 ? 8 : 4
        return (0..<count).reduce(UInt64(0)) { $0 | UInt64(s.pmpcfg[register * 4 + $1]) << UInt64(8 * $1) }
    }

    private func writePMPConfig(_ register: Int, _ value: UInt64) {
        for index in 0..<(model.rv64 ? 8 : 4) {
            let entry = register * 4 + index
            guard unsafe hart.pointee.pmpcfg[entry] & 0x80 == 0 else { continue }
            let byte = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) & 0x9f
            // Write without read is reserved.
            unsafe hart.pointee.pmpcfg[entry] = byte & 3 == 2 ? byte & ~2 : byte
        }
        rebuildPMP()
    }

    private func writePMPAddress(_ entry: Int, _ value: UInt64) {
        let s = unsafe hart.pointee
        if s.pmpcfg[entry] & 0x80 != 0 { return }
        if entry < 15, s.pmpcfg[entry + 1] & 0x98 == 0x88 { return }
        unsafe hart.pointee.pmpaddr[entry] = value & (model.rv64 ? 0x3f_ffff_ffff_ffff : 0xffff_ffff)
        rebuildPMP()
    }

    private func rebuildPMP() {
        pmp = unsafe PMP(config: hart.pointee.pmpcfg, address: hart.pointee.pmpaddr)
        services?.flushTLB(.all)
    }
}
