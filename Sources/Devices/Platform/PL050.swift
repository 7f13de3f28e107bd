import AddressSpace
import DeviceModel
import Snapshot

/// Arm's PrimeCell keyboard and mouse interface PL050 (DDI 0143), with nothing plugged in: what is sent leaves, and no answer comes.
public final class PL050: MMIODevice {
    public static let typeName = "pl050"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    private enum Control { static let enable: UInt32 = 1 << 2, transmitInterrupt: UInt32 = 1 << 3 }
    /// KMISTAT: the transmitter is empty, clock and data are high.
    private static let idle: UInt32 = 1 << 6 | 3
    private static let identification: [UInt32] = [0x50, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1]

    public let interrupt = OutputPin()
    private var control: UInt32 = 0, divisor: UInt32 = 0
    private var hasSent = false

    public init() {}

    public func reset() {
        (control, divisor, hasSent) = (0, 0, false)
        update()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("control", &control)
        visitor.field("divisor", &divisor)
        visitor.field("hasSent", &hasSent)
    }

    public func restored() { update() }

    private var pending: UInt32 { hasSent && control & Control.transmitInterrupt != 0 ? 2 : 0 }
    private func update() { interrupt.set(pending != 0 && control & Control.enable != 0) }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let value: UInt32
        switch offset {
        case 0x00: value = control
        case 0x04: value = PL050.idle
        case 0x0c: value = divisor
        case 0x10: value = pending
        case 0xfe0...: value = PL050.identification[Int(offset - 0xfe0) / 4]
        default: value = 0
        }
        return (UInt64(value), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 0x00:
            control = value & 0x3f
            if control & Control.transmitInterrupt == 0 { hasSent = false }
        case 0x08: hasSent = control & Control.enable != 0
        case 0x0c: divisor = value & 15
        default: break
        }
        update()
        return .ok
    }
}
