import AddressSpace
import DeviceModel
import ObjectModel
import Snapshot

/// A port of the root complex with a slot for one device, which may come and go while the machine runs: QEMU's `pcie-root-port`.
public final class RootPort: PCIDevice {
    public static let typeName = "pcie-root-port"
    public static let type = ObjectType(
        typeName, parent: "pci-device", help: "PCI Express root port", bus: "PCI",
        PCIProperties.all + [
            Property("port", .unsigned(bits: 8), default: 0, "its number as a port"),
            Property("chassis", .unsigned(bits: 8), default: 0, "number of its chassis, which nobody asks for"),
            Property("slot", .unsigned(bits: 16), default: 0, range: 0...0x1fff, "number of its slot"),
            Property("hotplug", .bool, default: true, "whether devices may come and go"),
        ])

    public let function: PCIFunction
    private let windows: BridgeWindows
    private let slot: HotplugSlot
    private let registers = MemoryRegion.container("pcie-root-port", size: 0x1000)
    private var isResetting = false

    /// - Parameter name: of the bus behind it.
    public init(name: String, host: PCIHost, port: UInt8, slot number: UInt16, canHotplug: Bool) {
        function = PCIFunction(PCIIdentity(vendor: 0x1b36, device: 0x000c, classCode: 0x06_0400), header: .bridge, isExpress: true)
        function.setPin(1)
        let secondary = PCIBus(name, host: host, bridge: function, isExpress: true, slots: 0..<1)
        windows = BridgeWindows(function, secondary: secondary)
        function.addWindow(0, .memory32, registers)
        function.addMSIX(vectors: 1, bar: 0, in: registers, table: 0, pending: 0x800)
        function.addExpress(.rootPort, number: port)
        slot = HotplugSlot(function, number: number, canHotplug: canHotplug)
    }

    public var secondaryBus: PCIBus? { windows.secondary }
    public var canHotplug: Bool { slot.canHotplug }
    /// Called when the guest has switched the slot off: what is in it can be taken out.
    public var onPowerOff: (() -> Void)? {
        get { slot.onPowerOff }
        set { slot.onPowerOff = newValue }
    }

    public func reset() {
        function.reset()
        slot.reset(isFilled: !windows.secondary.functions.isEmpty)
        restored()
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) { function.visit(&visitor) }

    public func restored() {
        function.restored()
        windows.update()
        isResetting = windows.isResetting
        slot.restored()
    }

    public func configurationWritten(_ range: Range<Int>) {
        windows.written(range, resetWas: isResetting)
        isResetting = windows.isResetting
        slot.written(range)
    }

    /// A device has been put into the slot of a running machine.
    public func noteArrival() { slot.change(isFilled: true) }
    /// The device has been taken out.
    public func noteRemoval() { slot.change(isFilled: false) }

    /// Asks the guest to give the device up. False if the slot is off, so that nobody needs to be asked; nil if the guest is busy with the slot.
    public func askForRemoval() -> Bool? { slot.askForRemoval() }
}
