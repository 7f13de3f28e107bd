import HostOS
import Snapshot

/// Where an element starts, and what its first registers hold then.
public struct ArmStart: Sendable, Equatable {
    public var pc: UInt64
    public var argument: UInt64
    /// What the two registers behind the first hold when a board starts a kernel.
    public var furtherArguments: [UInt64]
    /// The exception level, at most the highest that there is.
    public var level: Int

    public init(pc: UInt64, argument: UInt64 = 0, furtherArguments: [UInt64] = [], level: Int = 3) {
        self.pc = pc
        self.argument = argument
        self.furtherArguments = furtherArguments
        self.level = level
    }
}

/// Whether an element is switched on: guarded, for another one may switch it on.
public final class PowerState: @unchecked Sendable {
    private let lock = Mutex()
    private var state = State.on

    private enum State {
        case on, off
        case starting(ArmStart)
    }

    public init() {}

    public var isOff: Bool {
        lock.withLock {
            if case .off = state { return true }
            return false
        }
    }

    public var isOn: Bool {
        lock.withLock {
            if case .on = state { return true }
            return false
        }
    }

    public func switchOff() { lock.withLock { state = .off } }
    public func switchOn() { lock.withLock { state = .on } }

    /// False if it is on already, or about to be.
    public func request(_ start: ArmStart) -> Bool {
        lock.withLock {
            guard case .off = state else { return false }
            state = .starting(start)
            return true
        }
    }

    /// The start that has been asked for; the element then is on.
    public func takeRequest() -> ArmStart? {
        lock.withLock {
            guard case .starting(let start) = state else { return nil }
            state = .on
            return start
        }
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        var (kind, start): (UInt8, ArmStart) =
            lock.withLock {
                switch state {
                case .on: (0, ArmStart(pc: 0))
                case .off: (1, ArmStart(pc: 0))
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
}
