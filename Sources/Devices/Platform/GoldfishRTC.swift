import AddressSpace
import DeviceModel
import EventLoop
import Snapshot

/// Android's Goldfish real-time clock: nanoseconds since 1970 and an alarm.
public final class GoldfishRTC: MMIODevice {
    public static let typeName = "goldfish_rtc"
    public static let windowSize: UInt64 = 0x24
    public static let acceptedSizes = 4...4
    public static let implementedSizes = 4...4

    public let interrupt = OutputPin()
    private let loop: EventLoop
    /// What it follows; nil for the host's wall clock.
    private let clock: ClockKind?
    /// Wall-clock time when that clock was 0, in nanoseconds since 1970.
    private let epoch: Int64
    /// Guest time less the time of what it follows, in nanoseconds.
    private var offset: Int64
    private let initialOffset: Int64
    private var latchedHigh: UInt32 = 0
    private var alarm: UInt64 = 0
    private var alarmIsRunning = false
    private var isPending = false
    private var isEnabled = false
    private lazy var timer = LoopTimer(loop, alarmClock) { [weak self] in self?.fire() }

    /// A clock that is `offset` nanoseconds ahead of the host's at the start and follows that one, or another if one is named.
    public init(loop: EventLoop, offset: Int64 = 0, clock: ClockKind? = nil) {
        self.loop = loop
        self.clock = clock
        epoch = clock.map { loop.wallClock() &- loop.now($0) } ?? 0
        self.offset = offset
        initialOffset = offset
    }

    public func reset() {
        timer.cancel()
        offset = initialOffset
        (latchedHigh, alarm) = (0, 0)
        (alarmIsRunning, isPending, isEnabled) = (false, false, false)
        interrupt.set(false)
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("offset", &offset)
        visitor.field("latchedHigh", &latchedHigh)
        visitor.field("alarm", &alarm)
        visitor.field("alarmIsRunning", &alarmIsRunning)
        visitor.field("isPending", &isPending)
        visitor.field("isEnabled", &isEnabled)
    }

    public func restored() {
        timer.cancel()
        if alarmIsRunning { timer.arm(at: loop.now(alarmClock) &+ max(0, Int64(bitPattern: alarm &- now))) }
        interrupt.set(isPending && isEnabled)
    }

    private var alarmClock: ClockKind { clock ?? .realtime }
    private var followed: Int64 { clock.map { loop.now($0) &+ epoch } ?? loop.wallClock() }
    private var now: UInt64 { UInt64(bitPattern: followed &+ offset) }

    private func fire() {
        alarmIsRunning = false
        isPending = true
        interrupt.set(isPending && isEnabled)
    }

    private func startAlarm() {
        let wait = Int64(bitPattern: alarm &- now)
        if wait <= 0 { return fire() }
        alarmIsRunning = true
        timer.arm(at: loop.now(alarmClock) &+ wait)
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        switch offset {
        case 0x00:
            let time = now
            latchedHigh = UInt32(time >> 32)
            return (time & 0xffff_ffff, .ok)
        case 0x04: return (UInt64(latchedHigh), .ok)
        case 0x08: return (alarm & 0xffff_ffff, .ok)
        case 0x0c: return (alarm >> 32, .ok)
        case 0x10: return (isEnabled ? 1 : 0, .ok)
        case 0x18: return (alarmIsRunning ? 1 : 0, .ok)
        default: return (0, .ok)
        }
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        switch offset {
        case 0x00: setTime(now & ~0xffff_ffff | value)
        case 0x04: setTime(now & 0xffff_ffff | value << 32)
        case 0x08:
            alarm = alarm & ~0xffff_ffff | value
            startAlarm()
        case 0x0c: alarm = alarm & 0xffff_ffff | value << 32
        case 0x10:
            isEnabled = value & 1 != 0
            interrupt.set(isPending && isEnabled)
        case 0x14:
            timer.cancel()
            alarmIsRunning = false
        case 0x1c:
            isPending = false
            interrupt.set(false)
        default: break
        }
        return .ok
    }

    private func setTime(_ time: UInt64) { offset = Int64(bitPattern: time) &- followed }
}
