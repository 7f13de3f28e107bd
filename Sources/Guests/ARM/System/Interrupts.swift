import ArmSystem
import Bits
import CHost
import CPUModel
import Diagnostics
import Glibc
import IR

extension ARMCPU {
    static let linesOffset = MemoryLayout<ARMState>.offset(of: \.lines) ?? 0
    private var linesPointer: UnsafeMutablePointer<UInt64> { unsafe (state + ARMCPU.linesOffset).assumingMemoryBound(to: UInt64.self) }

    /// Drives an interrupt input. From any thread.
    public func setInterrupt(_ line: InterruptLine, level: Bool) {
        if level {
            unsafe apus_atomic_or_u64(linesPointer, line.bit)
            kick()
        } else {
            unsafe apus_atomic_and_u64(linesPointer, ~line.bit)
        }
    }

    var pendingLines: UInt64 { unsafe apus_atomic_load_u64(linesPointer) }

    /// The interrupt that is taken now; nil if none is pending or it is masked.
    private var due: InterruptLine? {
        let lines = pendingLines
        if lines == 0 { return nil }
        let masks = unsafe element.pointee.masks
        if lines & InterruptLine.fiq.bit != 0, masks & StatusRegister.f == 0 { return .fiq }
        return lines & InterruptLine.irq.bit != 0 && masks & StatusRegister.i == 0 ? .irq : nil
    }

    /// To be called when a write may have made an interrupt due: the next block's entry sees to it.
    func noteInterruptChange() {
        if due != nil { kick() }
    }

    func takeDueInterrupt() -> Bool {
        guard system != nil, let line = due else { return false }
        enter(line == .fiq ? .fiq : .irq, returning: (header.pc & ~1) &+ 4)
        return true
    }

    /// ISR: what is pending.
    var interruptStatus: UInt64 {
        let lines = pendingLines
        return (lines & InterruptLine.irq.bit != 0 ? StatusRegister.i : 0) | (lines & InterruptLine.fiq.bit != 0 ? StatusRegister.f : 0)
    }

    // MARK: Waiting and power

    /// wfi: waits until something is pending, masked or not.
    public func waitForInterrupt() {
        unsafe element.pointee.halted = 1
        _ = wakeIfDue()
    }

    /// wfe: an event is due at any time; it comes at once, after others have had the host's processor.
    func waitForEvent() { sched_yield() }

    /// Switches this element off, on its own thread.
    public func switchOff() {
        power.switchOff()
        unsafe element.pointee.halted = 1
        // It stops here, not at the end of a chain of blocks.
        kick()
    }

    /// Ends a halt for which the reason has gone.
    func wake() -> Bool {
        guard system != nil else { return !isHalted }
        if let start = power.takeRequest() {
            resetRegisters()
            begin(start)
            return true
        }
        guard power.isOn, pendingLines != 0 else { return false }
        unsafe element.pointee.halted = 0
        return true
    }

    /// The state in which `start` wants the element to begin: supervisor mode, interrupts masked, T in bit 0 of the address.
    func begin(_ start: ArmStart) {
        header.pc = start.pc.bits(0, 32)
        for (number, value) in ([start.argument] + start.furtherArguments).enumerated() { setRegister(number, UInt32(truncatingIfNeeded: value)) }
        services?.translationFlagsChanged()
    }
}
