import AddressSpace
import DeviceModel
import Snapshot

/// The two-wire bus of Arm's Versatile boards (DUI 0447, 4.4.15): two lines that software sets, clears and reads, and what is connected to them. Without
/// anything nothing ever acknowledges.
public final class TwoWireLines: MMIODevice {
    public static let typeName = "versatile_i2c"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4
    public static let stateVersion = 2

    private enum Line { static let clock: UInt32 = 1, data: UInt32 = 2 }

    /// SCL and SDA as software drives them; both are high when nobody pulls.
    private var lines: UInt32 = 3
    private var bus: TwoWireBus

    public init(_ devices: [any TwoWireDevice] = []) { bus = TwoWireBus(devices) }

    public func reset() {
        lines = 3
        bus.reset()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("lines", &lines)
        visitor.check("there are two lines", lines < 4)
        guard visitor.version >= 2 else { return }
        visitor.group("bus") { bus.visit(&$0) }
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        guard offset == 0 else { return (0, .ok) }
        return (UInt64(bus.pulls ? lines & ~Line.data : lines), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let old = lines
        switch offset {
        case 0: lines |= UInt32(truncatingIfNeeded: value) & 3
        case 4: lines &= ~UInt32(truncatingIfNeeded: value)
        default: break
        }
        bus.move(from: (old & Line.clock != 0, old & Line.data != 0), to: (lines & Line.clock != 0, lines & Line.data != 0))
        return .ok
    }
}
