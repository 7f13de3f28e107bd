import AddressSpace
import DeviceModel
import EventLoop
import Snapshot

/// Arm's PrimeCell real-time clock PL031 (DDI 0224): seconds since 1970 and an alarm.
public final class PL031: MMIODevice {
    public static let typeName = "pl031"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    private static let identification: [UInt32] = [0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1]
    private static let second: Int64 = 1_000_000_000

    public let interrupt = OutputPin()
    private let loop: EventLoop
    /// What it follows; nil for the host's wall clock.
    private let clock: ClockKind?
    /// Wall-clock time when that clock was 0, in nanoseconds since 1970.
    private let epoch: Int64
    private let initialOffset: Int64
    /// The guest's seconds less those of what it follows.
    private var offset: UInt32
    private var match: UInt32 = 0, load: UInt32 = 0
    private var isEnabled = false, isPending = false
    private lazy var timer = LoopTimer(loop, clock ?? .realtime) { [weak self] in self?.fire() }

    /// A clock that is `offset` nanoseconds ahead of the host's at the start and follows that one, or another if one is named.
    public init(loop: EventLoop, offset: Int64 = 0, clock: ClockKind? = nil) {
        self.loop = loop
        self.clock = clock
        epoch = clock.map { loop.wallClock() &- loop.now($0) } ?? 0
        initialOffset = offset / PL031.second
        self.offset = UInt32(truncatingIfNeeded: initialOffset)
    }

    public func reset() {
        timer.cancel()
        offset = UInt32(truncatingIfNeeded: initialOffset)
        (match, load, isEnabled, isPending) = (0, 0, false, false)
        interrupt.set(false)
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("offset", &offset)
        visitor.field("match", &match)
        visitor.field("load", &load)
        visitor.field("isEnabled", &isEnabled)
        visitor.field("isPending", &isPending)
    }

    public func restored() {
        armAlarm()
        interrupt.set(isPending && isEnabled)
    }

    private var followed: Int64 { clock.map { loop.now($0) &+ epoch } ?? loop.wallClock() }
    private var now: UInt32 { UInt32(truncatingIfNeeded: followed / PL031.second) &+ offset }

    /// The alarm comes when the counter reaches the match register, which may be once round its 32 bits.
    private func armAlarm() {
        let wait = Int64(match &- now)
        let due = loop.now(clock ?? .realtime) &+ wait * PL031.second - followed % PL031.second
        if wait == 0 { fire() } else { timer.arm(at: due) }
    }

    private func fire() {
        isPending = true
        interrupt.set(isEnabled)
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let value: UInt32
        switch offset {
        case 0x00: value = now
        case 0x04: value = match
        case 0x08: value = load
        case 0x0c: value = 1
        case 0x10: value = isEnabled ? 1 : 0
        case 0x14: value = isPending ? 1 : 0
        case 0x18: value = isPending && isEnabled ? 1 : 0
        case 0xfe0...: value = PL031.identification[Int(offset - 0xfe0) / 4]
        default: value = 0
        }
        return (UInt64(value), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 0x04:
            match = value
            armAlarm()
        case 0x08:
            load = value
            self.offset = self.offset &+ (value &- now)
            armAlarm()
        case 0x10: isEnabled = value & 1 != 0
        case 0x1c: if value & 1 != 0 { isPending = false }
        default: break
        }
        interrupt.set(isPending && isEnabled)
        return .ok
    }
}
