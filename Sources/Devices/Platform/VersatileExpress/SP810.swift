import AddressSpace
import DeviceModel
import Snapshot

/// Arm's system controller SP810 (DDI 0254), of which boards use what chooses the timers' clocks: the control register.
public final class SP810: MMIODevice {
    public static let typeName = "arm_sysctl_sp810"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    private static let identification: [UInt32] = [0x10, 0x18, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1]
    private static let controlAtReset: UInt32 = 0x0000_0009
    /// SCSYSSTAT and the registers behind it read as zero.
    private var control = SP810.controlAtReset

    public init() {}
    public func reset() { control = SP810.controlAtReset }
    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) { visitor.field("control", &control) }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let value: UInt32 = offset == 0 ? control : offset >= 0xfe0 ? SP810.identification[Int(offset - 0xfe0) / 4] : 0
        return (UInt64(value), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        if offset == 0 { control = UInt32(truncatingIfNeeded: value) & 0x00ff_ffff }
        return .ok
    }
}
