import AddressSpace
import DeviceModel
import EventLoop
import Snapshot

/// Arm's dual timer SP804 (DDI 0271): two down counters with one interrupt.
public final class SP804: MMIODevice {
    public static let typeName = "sp804"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    private enum Control {
        static let oneShot: UInt32 = 1, wide: UInt32 = 2, interrupt: UInt32 = 1 << 5, periodic: UInt32 = 1 << 6, enable: UInt32 = 1 << 7
    }
    private static let identification: [UInt32] = [0x04, 0x18, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1]
    /// Bytes of a counter's registers.
    private static let stride: UInt64 = 0x20

    /// One of the two.
    private final class Counter {
        let down: DownCounter
        private let baseTick: Int64
        var load: UInt32 = 0xffff_ffff
        var control = Control.interrupt
        var isPending = false

        init(loop: EventLoop, tick: Int64) {
            baseTick = tick
            down = DownCounter(loop: loop, tick: tick)
        }

        var output: Bool { isPending && control & Control.interrupt != 0 }
        private var limit: UInt32 { control & Control.wide != 0 ? 0xffff_ffff : 0xffff }

        func reset() {
            down.reset()
            (load, control, isPending) = (0xffff_ffff, Control.interrupt, false)
            down.set(load)
        }

        /// Lets the counter do what the registers say. Free-running it goes on from its limit.
        func follow() {
            down.reload = control & Control.oneShot != 0 ? nil : control & Control.periodic != 0 ? load & limit : limit
            down.setTick(baseTick << [0, 4, 8, 8][Int(control >> 2 & 3)])
        }

        func write(_ offset: UInt64, _ value: UInt32) {
            switch offset {
            case 0x00:
                load = value
                follow()
                down.set(value & limit)
                // One that has stopped at zero goes on when it gets a value.
                down.setRunning(control & Control.enable != 0)
            case 0x08:
                control = value & 0xef
                follow()
                down.setRunning(control & Control.enable != 0)
            case 0x0c: isPending = false
            case 0x18:
                load = value
                follow()
            default: break
            }
        }

        func read(_ offset: UInt64) -> UInt32 {
            switch offset {
            case 0x00, 0x18: load
            case 0x04: down.value
            case 0x08: control
            case 0x10: isPending ? 1 : 0
            case 0x14: output ? 1 : 0
            default: 0
            }
        }

        func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
            visitor.field("load", &load)
            visitor.field("control", &control)
            visitor.field("isPending", &isPending)
            down.visit(&visitor)
        }
    }

    public let interrupt = OutputPin()
    private let counters: [Counter]

    /// - Parameter frequency: of the clock, in Hz.
    public init(loop: EventLoop, frequency: Int64 = 1_000_000) {
        counters = (0..<2).map { _ in Counter(loop: loop, tick: 1_000_000_000 / frequency) }
        for counter in counters {
            counter.down.onZero = { [unowned self, unowned counter] in
                counter.isPending = true
                update()
            }
        }
    }

    private func update() { interrupt.set(counters.contains { $0.output }) }

    public func reset() {
        for counter in counters { counter.reset() }
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        for (index, counter) in counters.enumerated() { visitor.group("timer\(index)") { counter.visit(&$0) } }
    }

    public func restored() {
        for counter in counters {
            counter.follow()
            counter.down.restored()
        }
        update()
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        if offset >= 0xfe0 { return (UInt64(SP804.identification[Int(offset - 0xfe0) / 4]), .ok) }
        guard offset < 2 * SP804.stride else { return (0, .ok) }
        return (UInt64(counters[Int(offset / SP804.stride)].read(offset % SP804.stride)), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        if offset < 2 * SP804.stride {
            counters[Int(offset / SP804.stride)].write(offset % SP804.stride, UInt32(truncatingIfNeeded: value))
            update()
        }
        return .ok
    }
}
