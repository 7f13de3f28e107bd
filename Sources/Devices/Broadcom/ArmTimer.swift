import AddressSpace
import DeviceModel
import EventLoop
import Snapshot

/// The Arm side's own timer ("BCM2835 ARM Peripherals", chapter 14): most of an SP804, with a wider divider in front and a free-running counter.
public final class BroadcomArmTimer: MMIODevice {
    public static let typeName = "bcm2835-sp804"
    public static let windowSize: UInt64 = 0x40
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    private enum Control { static let wide: UInt32 = 2, interrupt: UInt32 = 1 << 5, enable: UInt32 = 1 << 7, freeRunning: UInt32 = 1 << 9 }
    private static let controlAtReset: UInt32 = 0x3e_0020
    /// Nanoseconds of the bus clock of 250 MHz.
    private static let clock: Int64 = 4

    public let interrupt = OutputPin()
    private let loop: EventLoop
    private var load: UInt32 = 0, control = controlAtReset, divider: UInt32 = 0x7d
    private var isPending = false
    /// When the free-running counter was zero.
    private var freeSince: Int64 = 0
    /// When the timer will have come, or would have come, to zero next; nil while it stands still at `stopped`.
    private var due: Int64?
    private var stopped: UInt32 = 0
    private lazy var timer = LoopTimer(loop, .virtual) { [weak self] in self?.fire() }

    public init(loop: EventLoop) { self.loop = loop }

    public func reset() {
        (load, control, divider, isPending, due, stopped) = (0, BroadcomArmTimer.controlAtReset, 0x7d, false, nil, 0)
        timer.cancel()
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("load", &load)
        visitor.field("control", &control)
        visitor.field("divider", &divider)
        visitor.field("isPending", &isPending)
        visitor.field("freeSince", &freeSince)
        visitor.field("due", &due)
        visitor.field("stopped", &stopped)
        let (read, since) = (due ?? 0, freeSince)
        // The longest way: 2^32 ticks of 256 times 1024 clocks.
        visitor.check("the timer's times are possible", (0...(1 << 60)).contains(read) && (0...(1 << 60)).contains(since))
    }

    public func restored() {
        if let due { timer.arm(at: due) } else { timer.cancel() }
        update()
    }

    private func update() { interrupt.set(isPending && control & Control.interrupt != 0) }

    private var tick: Int64 { BroadcomArmTimer.clock * Int64(divider & 0x3ff + 1) << [0, 4, 8, 0][Int(control >> 2 & 3)] }
    private var limit: UInt32 { control & Control.wide != 0 ? .max : 0xffff }

    private var value: UInt32 {
        guard let due else { return stopped }
        return UInt32(clamping: max(0, due - loop.now(.virtual)) / tick)
    }

    private func run(from count: UInt32) {
        guard control & Control.enable != 0 else {
            (stopped, due) = (count & limit, nil)
            return timer.cancel()
        }
        // A microsecond at least, so that other things go on.
        let time = loop.now(.virtual) + max(Int64(count & limit) * tick, 1000)
        due = time
        timer.arm(at: time)
    }

    private func fire() {
        isPending = true
        run(from: load)
        update()
    }

    private var freeCounter: UInt32 {
        guard control & Control.freeRunning != 0 else { return 0 }
        return UInt32(truncatingIfNeeded: (loop.now(.virtual) - freeSince) / (BroadcomArmTimer.clock * Int64(control >> 16 & 0xff + 1)))
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let value: UInt32
        switch offset {
        case 0x00, 0x18: value = load
        case 0x04: value = self.value
        case 0x08: value = control
        case 0x0c: value = 0x544d_5241
        case 0x10: value = isPending ? 1 : 0
        case 0x14: value = isPending && control & Control.interrupt != 0 ? 1 : 0
        case 0x1c: value = divider
        case 0x20: value = freeCounter
        default: value = 0
        }
        return (UInt64(value), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 0x00:
            load = value
            run(from: value)
        case 0x08:
            let now = self.value
            if control & Control.freeRunning == 0, value & Control.freeRunning != 0 { freeSince = loop.now(.virtual) }
            control = value & 0xff_03af
            run(from: now)
        case 0x0c: isPending = false
        case 0x18: load = value
        case 0x1c:
            let now = self.value
            divider = value & 0x3ff
            run(from: now)
        default: break
        }
        update()
        return .ok
    }
}
