import ArmSystem
import CHost
import CPUModel
import IR
import Snapshot

/// An element's state as snapshots hold it: by the manual's names, nothing of how the emulator keeps it.
extension AArch64CPU {
    func visitState<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.constant("features", Capability.those(of: model.features).map(\.name).joined(separator: " "))
        var (midr, levels) = (model.midr, UInt8(highestLevel))
        visitor.field("midr", &midr)
        visitor.field("levels", &levels)
        visitor.check("the element is of the same model", midr == model.midr)
        visitor.check("the element has the same exception levels", Int(levels) == highestLevel)
        visitGeneralRegisters(&visitor)
        visitFlags(&visitor)
        visitExecution(&visitor)
        visitor.group("system") { visitSystemRegisters(&$0) }
        visitCycleCounter(&visitor)
        visitor.group("power") { power.visit(&$0) }
    }

    private func visitGeneralRegisters<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        var pc = header.pc
        visitor.field("pc", &pc)
        if visitor.isReading { header.pc = pc }
        unsafe visitor.table("x", &element.pointee.x)
        unsafe visitor.table("v", &element.pointee.v)
    }

    private func visitFlags<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        var (flags, control, status) = (nzcv, fpcr, fpsr)
        visitor.field("nzcv", &flags)
        visitor.field("fpcr", &control)
        visitor.field("fpsr", &status)
        visitor.check("there are four flags", flags < 16)
        guard visitor.isReading else { return }
        (nzcv, fpcr, fpsr) = (flags, control, status)
        visitor.check("fpcr and fpsr have only bits that there are", fpcr == control && fpsr == status)
    }

    /// What decides whether and how the element goes on.
    private func visitExecution<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        var state = unsafe (element.pointee.halted, element.pointee.event, element.pointee.illegal, element.pointee.stepping)
        var lines = unsafe apus_atomic_load_u64((self.state + AArch64CPU.linesOffset).assumingMemoryBound(to: UInt64.self))
        visitor.field("halted", &state.0)
        visitor.field("event", &state.1)
        visitor.field("il", &state.2)
        visitor.field("ss", &state.3)
        visitor.field("lines", &lines)
        let read = state
        let known = InterruptLine.allCases.reduce(UInt64(0)) { $0 | 1 << $1.rawValue }
        visitor.check("states of execution are on or off", [read.0, read.1, read.2, read.3].allSatisfy { $0 < 2 })
        visitor.check("interrupt lines are those that there are", lines & ~known == 0)
        guard visitor.isReading else { return }
        unsafe (element.pointee.halted, element.pointee.event, element.pointee.illegal, element.pointee.stepping) = state
        unsafe element.pointee.lines = lines
    }

    /// Those whose cell holds no more than what is written down elsewhere.
    private static let derived: Set<SystemRegister> = [.nzcv, .fpcr, .fpsr, .pmccntr_el0, .id]

    private func visitSystemRegisters<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        for register in SystemRegister.allCases where !AArch64CPU.derived.contains(register) {
            var value = self[register]
            visitor.field("\(register)", &value)
            if let row = SystemRegisterRow.byRegister[register], row.access == .readWrite {
                visitor.check("\(register) has only bits that can be written", (value ^ row.reset) & ~row.writable == 0)
            }
            if visitor.isReading { self[register] = value }
        }
        let (level, stack, mask) = (self[.currentel], self[.spsel], self[.daif])
        visitor.check("currentel is one of the element's levels", level & 3 == 0 && level >> 2 <= UInt64(highestLevel))
        visitor.check("spsel is 0 or 1", stack < 2)
        visitor.check("daif has four bits", mask & ~ProcessState.daif == 0)
        let fields = [(SystemRegister.pan, ProcessState.pan), (.uao, ProcessState.uao), (.dit, ProcessState.dit), (.ssbs, ProcessState.ssbs)]
        visitor.check("fields of the process state are in their places", fields.allSatisfy { self[$0.0] & ~$0.1 == 0 })
    }

    /// The counter is written down as what it shows, since what it counts from is another thing in every run.
    private func visitCycleCounter<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        var count = cycles
        visitor.field("pmccntr_el0", &count)
        guard visitor.isReading else { return }
        self[.pmccntr_el0] = count
        unsafe element.pointee.cycleOffset = elapsedCycles &- count
    }

    /// Works out what follows from the registers. A reservation of ldxr is lost, as it may be at any time, and all TLBs are empty.
    func stateWasRestored() {
        header.exception = 0
        header.linkedAddress = .max
        unsafe element.pointee.broadcasts = 0
        services?.flushTLB(.all)
        currentContext = contextNumber
        services?.switchContext(to: currentContext)
        services?.roundingModeChanged()
        services?.translationFlagsChanged()
        for timer in GenericTimer.allCases { updateTimer(timer) }
        kick()
    }
}
