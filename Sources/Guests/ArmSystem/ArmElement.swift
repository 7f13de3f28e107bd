import CPUModel

/// Interrupt inputs of an element.
public enum InterruptLine: UInt64, CaseIterable, Sendable {
    case irq, fiq, virtualIRQ, virtualFIQ

    public var bit: UInt64 { 1 << rawValue }
    public var isIRQ: Bool { self == .irq || self == .virtualIRQ }
}

/// The instruction by which firmware is called.
public enum FirmwareConduit: Sendable { case hvc, smc }

/// An interrupt controller whose registers are the element's system registers (Arm IHI 0069, chapter 12.2). Called on the element's thread.
public protocol ArmInterruptInterface: AnyObject {
    /// - Parameters:
    ///   - encoding: op0, op1, CRn, CRm and op2 of AArch64's register in 16 bits.
    ///   - isVirtual: the interface that a hypervisor shows its guest rather than the real one.
    func read(_ encoding: Int, isVirtual: Bool) -> UInt64
    func write(_ encoding: Int, isVirtual: Bool, _ value: UInt64)
}

/// What a board connects and firmware outside the guest switches: a machine's processing element, whatever state it executes in.
public protocol ArmElement: VirtualCPU {
    /// Where the element starts instead of at its reset vector, if a boot loader is to be thought of as having run.
    var start: ArmStart? { get set }
    /// Whether the element is off after a reset until another one switches it on.
    var startsOff: Bool { get set }
    var resetVector: UInt64 { get set }
    /// The system counter, in ticks of `ArmCounter.frequency`.
    var counter: () -> UInt64 { get set }
    /// Tells a timer's output, and after how many ticks (nil: never) `updateTimer` is to be called again.
    var onTimer: (GenericTimer, _ output: Bool, _ wait: UInt64?) -> Void { get set }
    /// Does what a call by hvc or smc asks of firmware that is not the guest's; false if there is none for such calls.
    var onFirmwareCall: (any ArmElement, FirmwareConduit) -> Bool { get set }
    /// The interrupt controller behind the ICC registers.
    var interruptInterface: (any ArmInterruptInterface)? { get set }

    /// Drives an interrupt input. From any thread.
    func setInterrupt(_ line: InterruptLine, level: Bool)

    /// A register by which firmware is called (Arm DEN 0028): the function's number and its arguments from 0 on; the result goes into 0.
    func callRegister(_ number: Int) -> UInt64
    func setCallResult(_ value: UInt64)

    var power: PowerState { get }
    /// Switches this element off, on its own thread.
    func switchOff()
    /// Waits until something is pending, enabled or not (wfi).
    func waitForInterrupt()
}

extension ArmElement {
    /// Whether the element is switched off (PSCI AFFINITY_INFO). From any thread.
    public var isSwitchedOff: Bool { power.isOff }
    public var isSwitchedOn: Bool { power.isOn }

    /// Switches another element on; false if it is on. From any thread.
    public func switchOn(_ start: ArmStart) -> Bool {
        guard power.request(start) else { return false }
        kick()
        return true
    }
}
