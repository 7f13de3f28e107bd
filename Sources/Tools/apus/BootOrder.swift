import Diagnostics
import MachineModel
import ObjectModel
import PCI
import PlatformDevices
import QAPI

/// Devices with a `bootindex`, for firmware: the file `bootorder` of the firmware configuration device has a line for each.
struct BootOrder {
    private struct Entry {
        let device: AnyObject
        let index: UInt64
        let suffix: String
        /// What it is placed by: itself, or the adapter whose bus it is on.
        var placed: ObjectIdentifier
    }

    private var entries: [Entry] = []
    /// Where devices are, those without a place in the order too.
    private var paths: [ObjectIdentifier: String] = [:]

    /// A device that may have a place in the order; `suffix` is what firmware calls it behind its transport.
    mutating func note(_ device: AnyObject, _ values: PropertyValues, suffix: String) throws {
        guard let index = values.integer("bootindex") else { return }
        guard !entries.contains(where: { $0.index == index }) else { throw QAPIError(.generic, "The bootindex \(index) has already been used") }
        entries.append(Entry(device: device, index: index, suffix: suffix, placed: ObjectIdentifier(device)))
    }

    mutating func place(_ device: AnyObject, at slot: DeviceSlot) {
        place(device, "/\(slot.bus)@\(hex(slot.address, digits: 16).dropFirst(2))")
    }

    mutating func place(_ device: AnyObject, at function: PCIFunction) { place(device, "/pci@ffffffffffffffff" + BootOrder.path(function)) }

    private mutating func place(_ device: AnyObject, _ path: String) { paths[ObjectIdentifier(device)] = path }

    /// From the root bus to the function, each step named by its class (PCI Bus Binding to IEEE Std 1275-1994, section 2.5) or its numbers.
    private static func path(_ function: PCIFunction) -> String {
        let names: [UInt16: String] = [0x0100: "scsi", 0x0101: "ide", 0x0200: "ethernet", 0x0604: "pci-bridge", 0x0c03: "usb"]
        let (vendor, device) = function.identity
        let name = names[function.classCode] ?? "pci" + [vendor, device].map { hex(UInt64($0), digits: 4).dropFirst(2) }.joined(separator: ",")
        let address = function.address
        let step = "/\(name)@\(String(address >> 3, radix: 16))" + (address & 7 == 0 ? "" : ",\(address & 7)")
        return (function.bus?.bridge.map(path) ?? "") + step
    }

    /// A device on a bus of another's.
    mutating func place(_ device: AnyObject, below parent: AnyObject) {
        guard let number = entries.firstIndex(where: { $0.device === device }) else { return }
        entries[number].placed = ObjectIdentifier(parent)
    }

    mutating func forget(_ device: AnyObject) { entries.removeAll { $0.device === device } }

    /// Writes the file, if there is anything to say and the board has such a device.
    func hand(to machine: Machine, strict: Bool) {
        let lines =
            entries.sorted { $0.index < $1.index }.map { "\(paths[$0.placed] ?? "")/\($0.suffix)" } + (strict && !entries.isEmpty ? ["HALT"] : [])
        guard !lines.isEmpty else { return }
        for case let device as FirmwareConfiguration in machine.devices {
            device.setFile("bootorder", Array(lines.joined(separator: "\n").utf8) + [0])
        }
    }
}
