import AddressSpace
import DeviceModel
import EventLoop
import Snapshot

/// The random number generator of a BCM2835, as Linux's driver knows it (drivers/char/hw_random/bcm2835-rng.c): control, status with the number of words that wait, data.
public final class BroadcomRandomNumbers: MMIODevice {
    public static let typeName = "bcm2835-rng"
    public static let windowSize: UInt64 = 0x10
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    private let loop: EventLoop
    private var control: UInt32 = 0, warmUp: UInt32 = 0

    public init(loop: EventLoop) { self.loop = loop }

    public func reset() { (control, warmUp) = (0, 0) }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("control", &control)
        visitor.field("warmUp", &warmUp)
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let isOn = control & 1 != 0
        switch offset {
        case 0x00: return (UInt64(control), .ok)
        // A word is always there.
        case 0x04: return (UInt64(warmUp | (isOn ? 1 << 24 : 0)), .ok)
        case 0x08: return (isOn ? loop.randomBytes(4).reduce(0) { $0 << 8 | UInt64($1) } : 0, .ok)
        default: return (0, .ok)
        }
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        switch offset {
        case 0x00: control = UInt32(truncatingIfNeeded: value)
        // Numbers that are thrown away at first: all of them have been.
        case 0x04: warmUp = UInt32(truncatingIfNeeded: value) & 0xf_ffff
        default: break
        }
        return .ok
    }
}
