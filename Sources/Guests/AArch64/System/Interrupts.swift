import ArmSystem
import CHost
import CPUModel
import Diagnostics
import IR

extension InterruptLine {
    fileprivate var vector: UInt64 { isIRQ ? 0x80 : 0x100 }
    fileprivate var mask: UInt64 { isIRQ ? ProcessState.i : ProcessState.f }
}

extension AArch64CPU {
    private var linesPointer: UnsafeMutablePointer<UInt64> {
        unsafe (state + AArch64CPU.linesOffset).assumingMemoryBound(to: UInt64.self)
    }
    static let linesOffset = MemoryLayout<AArch64State>.offset(of: \.lines) ?? 0

    /// Drives an interrupt input. From any thread.
    public func setInterrupt(_ line: InterruptLine, level: Bool) {
        if level {
            unsafe apus_atomic_or_u64(linesPointer, line.bit)
            kick()
        } else {
            unsafe apus_atomic_and_u64(linesPointer, ~line.bit)
        }
    }

    /// The inputs, and what the hypervisor pretends (HCR_EL2.VI and VF).
    var pendingLines: UInt64 {
        let virtual = hypervisor
        var lines = unsafe apus_atomic_load_u64(linesPointer)
        if virtual & HypervisorControl.vi != 0 { lines |= InterruptLine.virtualIRQ.bit }
        if virtual & HypervisorControl.vf != 0 { lines |= InterruptLine.virtualFIQ.bit }
        return lines
    }

    /// The level that takes an interrupt now; nil if it is masked (DDI 0487, tables D1-13 and D1-14).
    private func target(_ line: InterruptLine) -> Int? {
        let isMasked = self[.daif] & line.mask != 0
        let hypervisor = hypervisor
        let isIRQ = line.isIRQ
        let routesToEL2 = hypervisor & ((isIRQ ? HypervisorControl.imo : HypervisorControl.fmo) | HypervisorControl.tge) != 0
        if line == .virtualIRQ || line == .virtualFIQ {
            return level < 2 && routesToEL2 && hypervisor & HypervisorControl.tge == 0 && !isMasked ? 1 : nil
        }
        let routesToEL3 = system?.hasEL3 == true && self[.scr_el3] & (isIRQ ? SecureControl.irq : SecureControl.fiq) != 0
        let target = routesToEL3 ? 3 : routesToEL2 ? 2 : 1
        if level > target { return nil }
        // Only at the level itself (for EL1 at EL0 too) does PSTATE mask.
        return level < target && target > 1 || !isMasked ? target : nil
    }

    private var due: (line: InterruptLine, level: Int)? {
        let lines = pendingLines
        if lines == 0 { return nil }
        for line in [InterruptLine.fiq, .irq, .virtualFIQ, .virtualIRQ] where lines & line.bit != 0 {
            if let level = target(line) { return (line, level) }
        }
        return nil
    }

    /// To be called when a write may have made an interrupt due: the next block's entry sees to it.
    func noteInterruptChange() {
        if due != nil { kick() }
    }

    func takeDueInterrupt() -> Bool {
        guard system != nil, let (line, target) = due else { return false }
        Log.write(.int, "Taking exception [\(line)] on CPU \(index)\n...from EL\(level) to EL\(target)\n...with ELR \(hex(header.pc))")
        enter(target, vector: line.vector, returning: header.pc)
        return true
    }

    /// ISR_EL1: what is pending, virtual interrupts where they stand for real ones.
    var interruptStatus: UInt64 {
        let lines = pendingLines
        let hypervisor = level < 2 ? hypervisor : 0
        let irq = hypervisor & HypervisorControl.imo != 0 ? InterruptLine.virtualIRQ : .irq
        let fiq = hypervisor & HypervisorControl.fmo != 0 ? InterruptLine.virtualFIQ : .fiq
        return (lines & irq.bit != 0 ? ProcessState.i : 0) | (lines & fiq.bit != 0 ? ProcessState.f : 0)
    }
}
