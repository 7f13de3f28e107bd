import AddressSpace
import DeviceModel
import ObjectModel
import Snapshot

/// A bridge to a conventional bus with 32 devices: QEMU's `pci-bridge`, without its hot-plug controller.
public final class PCIBridge: PCIDevice {
    public static let typeName = "pci-bridge"
    public static let type = ObjectType(
        typeName, parent: "pci-device", help: "standard PCI bridge", bus: "PCI",
        PCIProperties.all + [Property("chassis_nr", .unsigned(bits: 8), default: 0, "number of its chassis, which nobody asks for")])

    public let function: PCIFunction
    private let windows: BridgeWindows
    private var isResetting = false

    /// - Parameter name: of the bus behind it.
    public init(name: String, host: PCIHost) {
        function = PCIFunction(PCIIdentity(vendor: 0x1b36, device: 0x0001, classCode: 0x06_0400), header: .bridge)
        function.setPin(1)
        let secondary = PCIBus(name, host: host, bridge: function, isExpress: false, slots: 1..<32)
        windows = BridgeWindows(function, secondary: secondary)
    }

    public var secondaryBus: PCIBus? { windows.secondary }

    public func reset() {
        function.reset()
        restored()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) { function.visit(&visitor) }

    public func restored() {
        function.restored()
        windows.update()
        isResetting = windows.isResetting
    }

    public func configurationWritten(_ range: Range<Int>) {
        windows.written(range, resetWas: isResetting)
        isResetting = windows.isResetting
    }
}
