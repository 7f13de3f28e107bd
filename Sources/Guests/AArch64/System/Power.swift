import ArmSystem
import CPUModel
import Diagnostics
import IR

/// What a machine's element has beside what a program sees.
public struct AArch64System: Sendable {
    /// Exception levels beside EL0 and EL1.
    public var hasEL2 = false
    public var hasEL3 = false
    /// MPIDR_EL1's affinity fields.
    public var affinity: UInt64 = 0
    /// Whether the interrupt controller's registers are system registers (GICv3).
    public var hasInterruptRegisters = false

    public init() {}
}

extension AArch64CPU {
    /// Switches this element off, on its own thread.
    public func switchOff() {
        power.switchOff()
        unsafe element.pointee.halted = 1
        // It stops here, not at the end of a chain of blocks.
        kick()
    }

    /// Waits until something is pending, enabled or not (wfi).
    public func waitForInterrupt() {
        unsafe element.pointee.halted = 1
        _ = wakeIfDue()
    }

    /// Ends a halt for which the reason has gone.
    func wake() -> Bool {
        guard system != nil else { return false }
        if let start = power.takeRequest() {
            resetRegisters()
            begin(start)
            return true
        }
        guard power.isOn, pendingLines != 0 else { return false }
        unsafe element.pointee.halted = 0
        return true
    }

    /// The state in which `start` wants the element to begin.
    func begin(_ start: ArmStart) {
        if start.level < 3, system?.hasEL3 == true {
            // As firmware at EL3 leaves it: below is not secure, of 64 bits, and hvc works.
            self[.scr_el3] |= SecureControl.ns | SecureControl.rw | SecureControl.hce
        }
        setLevel(min(start.level, highestLevel), ownStack: start.level > 0)
        header.pc = start.pc
        setRegister(0, start.argument)
        services?.translationFlagsChanged()
    }
}
