import AddressSpace
import DeviceModel
import Snapshot

/// A GICv2m frame (Arm's Server Base System Architecture, appendix E): writes to a register, which PCI devices make as their messages, become edges of
/// shared interrupts.
public final class GICv2m: MMIODevice {
    public static let typeName = "arm-gicv2m"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 4...4
    public static let implementedSizes = 4...4

    /// The first interrupt's number, and a wire for each.
    private let first: Int
    public let interrupts: [OutputPin]

    public init(first: Int, count: Int) {
        self.first = first
        interrupts = (0..<count).map { _ in OutputPin() }
    }

    public func reset() {}

    /// It has no state: each message is a pulse.
    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {}

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        switch offset {
        // MSI_TYPER; MSI_IIDR.
        case 0x008: (UInt64(first << 16 | interrupts.count), .ok)
        case 0xfcc: (0x5152_4d4d, .ok)
        default: (0, .ok)
        }
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let index = Int(value & 0x3ff) - first
        if offset == 0x40, interrupts.indices.contains(index) {
            interrupts[index].set(true)
            interrupts[index].set(false)
        }
        return .ok
    }
}
