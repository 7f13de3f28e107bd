import AddressSpace
import DeviceModel
import Snapshot

/// The two-wire bus of Arm's Versatile boards (DUI 0447, 4.4.15): two lines that software sets, clears and reads. Nothing is connected, and so nothing ever
/// acknowledges.
public final class TwoWireLines: MMIODevice {
    public static let typeName = "versatile_i2c"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    /// SCL and SDA as software drives them; both are high when nobody pulls.
    private var lines: UInt32 = 3

    public init() {}
    public func reset() { lines = 3 }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("lines", &lines)
        visitor.check("there are two lines", lines < 4)
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) { (offset == 0 ? UInt64(lines) : 0, .ok) }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        switch offset {
        case 0: lines |= UInt32(truncatingIfNeeded: value) & 3
        case 4: lines &= ~UInt32(truncatingIfNeeded: value)
        default: break
        }
        return .ok
    }
}
