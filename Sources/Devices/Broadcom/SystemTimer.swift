import AddressSpace
import DeviceModel
import EventLoop
import Snapshot

/// The system timer of a BCM2835 ("BCM2835 ARM Peripherals", chapter 12): microseconds in 64 bits, and four words that their low half is compared with.
public final class BroadcomSystemTimer: MMIODevice {
    public static let typeName = "bcm2835-sys-timer"
    public static let windowSize: UInt64 = 0x20
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    private static let channels = 4

    public let interrupts = (0..<channels).map { _ in OutputPin() }
    private let loop: EventLoop
    private var alarms: [LoopTimer] = []
    private var status: UInt32 = 0
    private var compare = [UInt32](repeating: 0, count: channels)

    public init(loop: EventLoop) {
        self.loop = loop
        alarms = (0..<BroadcomSystemTimer.channels).map { channel in LoopTimer(loop, .virtual) { [unowned self] in match(channel) } }
    }

    private var microseconds: UInt64 { UInt64(loop.now(.virtual)) / 1000 }

    public func reset() {
        status = 0
        for channel in compare.indices {
            compare[channel] = 0
            alarms[channel].cancel()
        }
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("cs", &status)
        visitor.table("compare", &compare)
    }

    public func restored() {
        for channel in compare.indices { arm(channel) }
        update()
    }

    private func update() { for (channel, pin) in interrupts.enumerated() { pin.set(status >> UInt32(channel) & 1 != 0) } }

    /// The next time that the low half is what it is compared with: a whole round away if it is just that.
    private func arm(_ channel: Int) {
        let now = microseconds
        let distance = compare[channel] &- UInt32(truncatingIfNeeded: now)
        alarms[channel].arm(at: Int64(now + (distance == 0 ? 1 << 32 : UInt64(distance))) * 1000)
    }

    private func match(_ channel: Int) {
        status |= 1 << UInt32(channel)
        arm(channel)
        update()
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        switch offset {
        case 0x00: (UInt64(status), .ok)
        case 0x04: (microseconds & 0xffff_ffff, .ok)
        case 0x08: (microseconds >> 32, .ok)
        case 0x0c..<0x1c: (UInt64(compare[Int(offset - 0x0c) / 4]), .ok)
        default: (0, .ok)
        }
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 0x00: status &= ~value
        case 0x0c..<0x1c:
            let channel = Int(offset - 0x0c) / 4
            compare[channel] = value
            arm(channel)
        default: break
        }
        update()
        return .ok
    }
}
