import AddressSpace
import DeviceModel
import Snapshot

/// The temperature sensor, as Linux's driver knows it (drivers/thermal/broadcom/bcm2835_thermal.c): it is always 25 degrees.
public final class BroadcomThermalSensor: MMIODevice {
    public static let typeName = "bcm2835-thermal"
    public static let windowSize: UInt64 = 0x8
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    private static let valid: UInt32 = 1 << 10
    private let code: UInt32
    private var control: UInt32 = 0

    /// - Parameter offset: the temperature at code 0 in thousandths of a degree, which the device trees of the chips name; each step is 538 less.
    public init(offset: UInt32) { code = (offset - 25_000) / 538 }

    public func reset() { control = 0 }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) { visitor.field("control", &control) }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        switch offset {
        case 0x00: (UInt64(control), .ok)
        case 0x04: (UInt64(BroadcomThermalSensor.valid | code), .ok)
        default: (0, .ok)
        }
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        if offset == 0 { control = UInt32(truncatingIfNeeded: value) }
        return .ok
    }
}
