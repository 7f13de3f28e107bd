import AddressSpace
import DeviceModel
import Snapshot

/// The registers behind ACPI's generic event device (ACPI 6.3, 5.6.9): which events have come, in QEMU's layout (specs, "acpi_hw_reduced_hotplug").
///
/// 0x00: events, 32 bits; reading clears them.
public final class GenericEventDevice: MMIODevice {
    public static let typeName = "acpi-ged"
    public static let windowSize: UInt64 = 4
    public static let acceptedSizes = 4...4

    /// Bits of the register.
    public enum Event: UInt32, Sendable {
        case powerButton = 2
    }

    /// An edge for each event.
    public let interrupt = OutputPin()
    private var events: UInt32 = 0

    public init() {}

    public func signal(_ event: Event) {
        events |= event.rawValue
        interrupt.set(true)
        interrupt.set(false)
    }

    public func reset() { events = 0 }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) { visitor.field("events", &events) }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        defer { events = 0 }
        return (UInt64(events), .ok)
    }

    /// Events are the machine's to set.
    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult { .ok }
}
