/// The system counter (DDI 0487, D11.1).
public enum ArmCounter {
    /// CNTFRQ: ticks a second.
    public static let frequency: UInt64 = 62_500_000
    public static let nanosecondsPerTick: UInt64 = 1_000_000_000 / frequency
}

/// The generic timers of an element (DDI 0487, D11.2), each with an interrupt of its own.
public enum GenericTimer: Int, CaseIterable, Sendable {
    case physical, virtual, hypervisor, hostVirtual, secure
}

/// A timer's registers at a moment: what its output is, and how long it stays so.
public struct TimerReading {
    public let control: UInt64
    public let compare: UInt64
    /// What the timer counts. Read once: a count that passes the compared value meanwhile would be neither due nor waited for.
    public let count: UInt64

    public init(control: UInt64, compare: UInt64, count: UInt64) {
        self.control = control
        self.compare = compare
        self.count = count
    }

    /// ISTATUS.
    public var isDue: Bool { control & 1 != 0 && Int64(bitPattern: count &- compare) >= 0 }
    /// Whether the timer pulls its interrupt: due, and not masked by IMASK.
    public var output: Bool { isDue && control & 2 == 0 }
    /// Ticks until it is due; nil for never.
    public var wait: UInt64? { control & 1 != 0 && !isDue ? compare &- count : nil }
    /// CTL as software reads it.
    public var shownControl: UInt64 { control | (isDue ? 4 : 0) }
    /// TVAL as software reads it.
    public var shownValue: UInt64 { (compare &- count) & 0xffff_ffff }

    /// CVAL after a write of TVAL.
    public static func compare(value: UInt64, at count: UInt64) -> UInt64 {
        count &+ UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: value)))
    }
}
