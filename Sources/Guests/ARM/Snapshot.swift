import CHost
import CPUModel
import IR
import Snapshot

/// An element's state as snapshots hold it: by the manual's names, nothing of how the emulator keeps it.
extension ARMCPU {
    func visitState<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.constant("model", model.name)
        visitExecution(&visitor)
        visitRegisters(&visitor)
        visitFloat(&visitor)
        visitor.group("system") { visitSystemRegisters(&$0) }
        var count = cycles
        visitor.field("pmccntr", &count)
        if visitor.isReading { cycles = count }
        visitor.group("power") { power.visit(&$0) }
    }

    /// Mode, flags and what decides whether and how the element goes on. The mode comes first: banks are those of the mode.
    private func visitExecution<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        var (pc, state) = (header.pc, processorState)
        var halted = unsafe element.pointee.halted
        var lines = unsafe apus_atomic_load_u64((self.state + ARMCPU.linesOffset).assumingMemoryBound(to: UInt64.self))
        visitor.field("pc", &pc)
        visitor.field("cpsr", &state)
        visitor.field("halted", &halted)
        visitor.field("lines", &lines)
        let read = (state, halted, lines, pc)
        visitor.check("cpsr has a mode and only bits that there are", Mode(rawValue: read.0 & 0x1f) != nil && read.0 & ~StatusRegister.writable == 0)
        visitor.check("the element is halted or not", read.1 < 2)
        visitor.check("interrupt lines are those that there are", read.2 < 16)
        visitor.check("pc has 32 bits, and says as cpsr does which instruction set it is", read.3 >> 32 == 0 && read.3 & 1 == read.0 >> 5 & 1)
        guard visitor.isReading, Mode(rawValue: state & 0x1f) != nil else { return }
        unsafe element.pointee.mode = state & 0x1f
        header.pc = pc
        setProcessorState(state)
        unsafe element.pointee.halted = halted
        unsafe element.pointee.lines = lines
    }

    private func visitRegisters<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        unsafe visitor.table("r", &element.pointee.r)
        unsafe visitor.table("high_banks", &element.pointee.highBanks)
        unsafe visitor.table("sp_banks", &element.pointee.stackBanks)
        unsafe visitor.table("lr_banks", &element.pointee.linkBanks)
        unsafe visitor.table("spsr", &element.pointee.savedStates)
        visitor.check("registers have 32 bits", (0..<16).allSatisfy { unsafe element.pointee.r[$0] >> 32 == 0 })
        visitor.check(
            "banked registers have 32 bits",
            (0..<8).allSatisfy {
                unsafe (element.pointee.stackBanks[$0] | element.pointee.linkBanks[$0] | element.pointee.savedStates[$0]) >> 32 == 0
            }
                && (0..<10).allSatisfy { unsafe element.pointee.highBanks[$0] >> 32 == 0 })
    }

    private func visitFloat<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        unsafe visitor.table("v", &element.pointee.v)
        var (status, control) = unsafe (fpscr, element.pointee.fpexc)
        visitor.field("fpscr", &status)
        visitor.field("fpexc", &control)
        let read = control
        visitor.check("fpexc has only EN", read & ~FloatControl.enable == 0)
        guard visitor.isReading else { return }
        fpscr = status
        visitor.check("fpscr has only bits that there are", fpscr == status)
        unsafe element.pointee.fpexc = control
    }

    /// Those whose cell holds no more than what is written down elsewhere, or nothing.
    private static let derived: Set<SystemRegister> = [
        .id, .ccsidr, .clidr, .aidr, .isr, .cbar, .l2ctlr, .implementation, .lockdown, .cntpct, .cntvct, .cntp_tval, .cntv_tval, .pmccntr,
        .pmcntenclr,
        .pmintenclr, .pmswinc, .pmceid0, .pmceid1, .pmxevtyper, .pmxevcntr, .icc, .icc_sre, .icc_sgi,
    ]

    private func visitSystemRegisters<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        for register in SystemRegister.allCases where !ARMCPU.derived.contains(register) {
            var value = self[register]
            visitor.field("\(register)", &value)
            if visitor.isReading { self[register] = value }
        }
        visitor.check("cntp_ctl and cntv_ctl have two bits", self[.cntp_ctl] < 4 && self[.cntv_ctl] < 4)
        visitor.check("csselr has four bits", self[.csselr] < 16)
    }

    /// Works out what follows from the registers. A reservation of ldrex is lost, as it may be at any time, and all TLBs are empty.
    func stateWasRestored() {
        header.exception = 0
        header.linkedAddress = .max
        unsafe element.pointee.broadcasts = 0
        unsafe element.pointee.domainSets = .init(repeating: self[.dacr])
        unsafe element.pointee.domainSet = 0
        services?.flushTLB(.all)
        currentContext = contextNumber
        services?.switchContext(to: currentContext)
        services?.roundingModeChanged()
        services?.translationFlagsChanged()
        updateTimer(.physical)
        updateTimer(.virtual)
        kick()
    }
}
