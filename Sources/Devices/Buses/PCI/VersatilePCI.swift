import AddressSpace
import DeviceModel
import Snapshot

/// The PCI host bridge of a Versatile Platform Baseboard (Arm DUI 0224, 4.12): its registers, and three windows onto the bus's memory whose highest four
/// address bits they choose. Devices reach the board's memory by its own addresses, whatever PCI_SMAP says.
public final class VersatilePCI: MMIODevice {
    public static let typeName = "versatile_pci"
    public static let windowSize: UInt64 = 0x1000
    public static let acceptedSizes = 1...4
    public static let implementedSizes = 4...4

    /// Where the board sees the bus's memory.
    private static let windows: [(start: UInt64, size: UInt64)] = [
        (0x4400_0000, 0x0c00_0000), (0x5000_0000, 0x1000_0000), (0x6000_0000, 0x1000_0000),
    ]
    private static let selfConfiguration: UInt64 = 0x4100_0000, configuration: UInt64 = 0x4200_0000, io: UInt64 = 0x4300_0000
    /// The first socket on the bus, where QEMU has the bridge itself.
    private static let firstSlot: UInt8 = 11

    public let host: PCIHost
    private let containers: [MemoryRegion]
    private var aliases: [MemoryRegion?] = [nil, nil, nil]
    /// PCI_IMAP and PCI_SMAP of the windows.
    private var outward: [UInt32] = [0, 0, 0], inward: [UInt32] = [0, 0, 0]
    private var ownIdentification: UInt32 = 0, flags: UInt32 = 0

    public init(memory: AddressSpace) {
        host = PCIHost(
            memory: memory, conventional: PCIIdentity(vendor: 0x10ee, device: 0x0300, classCode: 0x0b_4000), at: VersatilePCI.firstSlot << 3,
            bus: "pci",
            slots: Int(VersatilePCI.firstSlot)..<32)
        containers = VersatilePCI.windows.indices.map { .container("pci-vpb-mem-window-\($0)", size: VersatilePCI.windows[$0].size) }
        for window in containers.indices { openWindow(window) }
    }

    /// Puts configuration space, I/O and memory windows into the board's map.
    public func place(in root: MemoryRegion) {
        root.add(host.makeRegion(), at: VersatilePCI.configuration)
        let own = MemoryRegion.io("pci-vpb-selfconfig", size: host.ecamSize, handler: host, accepts: 1...8, implements: 1...4)
        root.add(own, at: VersatilePCI.selfConfiguration)
        root.add(host.window("pci-vpb-io", io: true, from: 0, size: 0x1_0000), at: VersatilePCI.io)
        for (window, container) in containers.enumerated() { root.add(container, at: VersatilePCI.windows[window].start) }
    }

    public func reset() {
        (outward, inward, ownIdentification, flags) = ([0, 0, 0], [0, 0, 0], 0, 0)
        for window in containers.indices { openWindow(window) }
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.table("imap", &outward)
        visitor.table("smap", &inward)
        visitor.field("selfid", &ownIdentification)
        visitor.field("flags", &flags)
    }

    public func restored() { for window in containers.indices { openWindow(window) } }

    private func openWindow(_ window: Int) {
        if let old = aliases[window] { containers[window].remove(old) }
        let (start, size) = VersatilePCI.windows[window]
        // The low address bits go through.
        let offset = UInt64(outward[window] & 15) << 28 | start & 0x0fff_ffff
        let alias = host.window("pci-vpb-mem-\(window)", from: offset, size: size)
        aliases[window] = alias
        containers[window].add(alias, at: 0)
    }

    public func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) {
        let value: UInt32
        switch offset {
        case 0x00...0x08: value = outward[Int(offset) / 4]
        case 0x0c: value = ownIdentification
        case 0x10: value = flags
        case 0x14...0x1c: value = inward[Int(offset - 0x14) / 4]
        default: value = 0
        }
        return (UInt64(value), .ok)
    }

    public func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        let value = UInt32(truncatingIfNeeded: value)
        switch offset {
        case 0x00...0x08:
            outward[Int(offset) / 4] = value
            openWindow(Int(offset) / 4)
        case 0x0c: ownIdentification = value
        case 0x10: flags = value
        case 0x14...0x1c: inward[Int(offset - 0x14) / 4] = value
        default: break
        }
        return .ok
    }
}
