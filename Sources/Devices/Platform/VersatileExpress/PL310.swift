import AddressSpace
import DeviceModel
import Snapshot

/// Arm's level 2 cache controller PL310 (DDI 0246). Host caches are coherent: its maintenance operations are done as soon as they are asked for.
public final class PL310: MMIODevice {
    public static let typeName = "l2x0"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    private static let auxiliaryAtReset: UInt32 = 0x0202_0000
    private var control: UInt32 = 0, auxiliary = PL310.auxiliaryAtReset, tagLatency: UInt32 = 0, dataLatency: UInt32 = 0
    private var filterStart: UInt32 = 0, filterEnd: UInt32 = 0

    public init() {}

    public func reset() {
        (control, auxiliary, tagLatency, dataLatency, filterStart, filterEnd) = (0, PL310.auxiliaryAtReset, 0, 0, 0, 0)
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("control", &control)
        visitor.field("auxiliary", &auxiliary)
        visitor.field("tagLatency", &tagLatency)
        visitor.field("dataLatency", &dataLatency)
        visitor.field("filterStart", &filterStart)
        visitor.field("filterEnd", &filterEnd)
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let value: UInt32
        switch offset {
        // Revision r3p2.
        case 0x000: value = 0x4100_00c8
        case 0x004: value = 0x1c10_0100
        case 0x100: value = control
        case 0x104: value = auxiliary
        case 0x108: value = tagLatency
        case 0x10c: value = dataLatency
        case 0xc00: value = filterStart
        case 0xc04: value = filterEnd
        // No operation is ever under way, and no interrupt pending.
        default: value = 0
        }
        return (UInt64(value), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 0x100: control = value & 1
        case 0x104: auxiliary = value
        case 0x108: tagLatency = value & 0x777
        case 0x10c: dataLatency = value & 0x777
        case 0xc00: filterStart = value & 0xfff0_0001
        case 0xc04: filterEnd = value & 0xfff0_0000
        default: break
        }
        return .ok
    }
}
