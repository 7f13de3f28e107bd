import CPUModel
import Diagnostics
import HostOS
import IR
import Snapshot

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

/// Where an element starts, and what its first register holds then.
public struct AArch64Start: Sendable, Equatable {
    public var pc: UInt64
    public var argument: UInt64
    /// The exception level, at most the highest that there is.
    public var level: Int

    public init(pc: UInt64, argument: UInt64 = 0, level: Int = 3) {
        self.pc = pc
        self.argument = argument
        self.level = level
    }
}

/// Whether an element is switched on: guarded, for another one may switch it on.
final class PowerState: @unchecked Sendable {
    private let lock = Mutex()
    private var state = State.on

    private enum State {
        case on, off
        case starting(AArch64Start)
    }

    var isOff: Bool {
        lock.withLock {
            if case .off = state { return true }
            return false
        }
    }

    var isOn: Bool {
        lock.withLock {
            if case .on = state { return true }
            return false
        }
    }

    func switchOff() { lock.withLock { state = .off } }
    func switchOn() { lock.withLock { state = .on } }

    /// False if it is on already, or about to be.
    func request(_ start: AArch64Start) -> Bool {
        lock.withLock {
            guard case .off = state else { return false }
            state = .starting(start)
            return true
        }
    }

    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        var (kind, start): (UInt8, AArch64Start) =
            lock.withLock {
                switch state {
                case .on: (0, AArch64Start(pc: 0))
                case .off: (1, AArch64Start(pc: 0))
                case .starting(let start): (2, start)
                }
            }
        visitor.field("state", &kind)
        visitor.field("pc", &start.pc)
        visitor.field("argument", &start.argument)
        visitor.field("level", &start.level)
        let read = (kind, start.level)
        visitor.check("the power state is known", read.0 < 3 && (0...3).contains(read.1))
        guard visitor.isReading else { return }
        lock.withLock { state = kind == 0 ? .on : kind == 1 ? .off : .starting(start) }
    }

    /// The start that has been asked for; the element then is on.
    func takeRequest() -> AArch64Start? {
        lock.withLock {
            guard case .starting(let start) = state else { return nil }
            state = .on
            return start
        }
    }
}

extension AArch64CPU {
    /// Whether the element is switched off (PSCI AFFINITY_INFO). From any thread.
    public var isSwitchedOff: Bool { power.isOff }
    public var isSwitchedOn: Bool { power.isOn }

    /// Switches another element on; false if it is on. From any thread.
    public func switchOn(_ start: AArch64Start) -> Bool {
        guard power.request(start) else { return false }
        kick()
        return true
    }

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
    func begin(_ start: AArch64Start) {
        setLevel(min(start.level, highestLevel), ownStack: start.level > 0)
        header.pc = start.pc
        setRegister(0, start.argument)
        services?.translationFlagsChanged()
    }
}
