import CHost
import CPUModel
import IR
import Snapshot

/// A hart's state as snapshots hold it: by the manual's names, nothing of how the emulator keeps it.
extension RISCVCPU {
    func visitState<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.constant("isa", model.isaString)
        visitor.constant("mmu", model.mmuType)
        var state = unsafe hart.pointee
        unsafe state.pins = apus_atomic_load_u64(pinsPointer)
        visitPosition(&visitor, &state)
        visitRegisters(&visitor, &state)
        visitFloat(&visitor)
        visitMachineLevel(&visitor, &state)
        visitSupervisorLevel(&visitor, &state)
        visitCounters(&visitor, &state)
        if visitor.isReading { unsafe hart.pointee = state }
    }

    private func visitPosition<Visitor: FieldVisitor>(_ visitor: inout Visitor, _ state: inout RISCVState) {
        var pc = header.pc
        visitor.field("pc", &pc)
        visitor.field("mode", &state.mode)
        visitor.field("waiting", &state.waiting)
        let (mode, waiting) = (state.mode, state.waiting)
        visitor.check("pc is even", pc & 1 == 0)
        visitor.check(
            "the mode is one of the hart's", mode == 3 || (mode == 1 && model.extensions.contains(.s)) || (mode == 0 && model.extensions.contains(.u))
        )
        visitor.check("the hart waits or it does not", waiting < 2)
        if visitor.isReading { header.pc = pc }
    }

    private func visitRegisters<Visitor: FieldVisitor>(_ visitor: inout Visitor, _ state: inout RISCVState) {
        visitor.table("x", &state.x)
        visitor.table("f", &state.f)
        let x = state.x
        visitor.check("x0 is 0", x[0] == 0)
        visitor.check("registers of 32 bits are sign-extended", x.indices.allSatisfy { x[$0] == registerForm(x[$0]) })
    }

    private func visitFloat<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        header.collectFloatFlags()
        var (flags, mode) = (header.floatFlags & 31, header.roundingMode)
        visitor.field("fflags", &flags)
        visitor.field("frm", &mode)
        visitor.check("fcsr has 8 bits", flags < 32 && mode < 8)
        if visitor.isReading { (header.floatFlags, header.roundingMode) = (flags, mode) }
    }

    private func visitMachineLevel<Visitor: FieldVisitor>(_ visitor: inout Visitor, _ state: inout RISCVState) {
        visitor.field("mstatus", &state.mstatus)
        visitor.field("mie", &state.mie)
        visitor.field("mip.software", &state.softwarePending)
        visitor.field("mip.pins", &state.pins)
        visitor.field("medeleg", &state.medeleg)
        visitor.field("mideleg", &state.mideleg)
        visitor.field("mtvec", &state.mtvec)
        visitor.field("mepc", &state.mepc)
        visitor.field("mcause", &state.mcause)
        visitor.field("mtval", &state.mtval)
        visitor.field("mscratch", &state.mscratch)
        visitor.field("menvcfg", &state.menvcfg)
        visitor.table("pmpcfg", &state.pmpcfg)
        visitor.table("pmpaddr", &state.pmpaddr)
        let read = state
        visitor.check("mstatus.MPP is a mode", read.mstatus >> UInt64(MStatus.mppShift) & 3 != 2)
        visitor.check(
            "interrupts are those that there are",
            (read.mie | read.pins) & ~RISCVCPU.allInterrupts == 0 && (read.mideleg | read.softwarePending) & ~RISCVCPU.supervisorInterrupts == 0)
        visitor.check("exceptions are those that can be delegated", read.medeleg & ~RISCVCPU.delegableExceptions == 0)
    }

    private func visitSupervisorLevel<Visitor: FieldVisitor>(_ visitor: inout Visitor, _ state: inout RISCVState) {
        visitor.field("stvec", &state.stvec)
        visitor.field("sepc", &state.sepc)
        visitor.field("scause", &state.scause)
        visitor.field("stval", &state.stval)
        visitor.field("sscratch", &state.sscratch)
        visitor.field("satp", &state.satp)
        visitor.field("senvcfg", &state.senvcfg)
        visitor.field("stimecmp", &state.stimecmp)
        let satp = state.satp
        visitor.check("satp's mode is one of the hart's", hasMode(satp: satp))
    }

    /// Counters are written down as what they show, since what they count from is another thing in every run.
    private func visitCounters<Visitor: FieldVisitor>(_ visitor: inout Visitor, _ state: inout RISCVState) {
        visitor.field("mcounteren", &state.mcounteren)
        visitor.field("scounteren", &state.scounteren)
        visitor.field("mcountinhibit", &state.mcountinhibit)
        let elapsed = elapsedCycles
        var (cycles, retired) = (elapsed &+ state.cycleOffset, elapsed &+ state.instretOffset)
        visitor.field("mcycle", &cycles)
        visitor.field("minstret", &retired)
        if visitor.isReading { (state.cycleOffset, state.instretOffset) = (cycles &- elapsed, retired &- elapsed) }
    }

    /// Works out what follows from the registers. A reservation of lr is lost, as it may be at any time.
    func stateWasRestored() {
        pmp = unsafe PMP(config: hart.pointee.pmpcfg, address: hart.pointee.pmpaddr)
        header.exception = 0
        header.linkedAddress = .max
        services?.flushTLB(.all)
        services?.switchContext(to: unsafe hart.pointee.satp)
        services?.roundingModeChanged()
        services?.translationFlagsChanged()
        updateSupervisorTimer()
        kick()
    }
}
