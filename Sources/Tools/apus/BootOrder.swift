import Diagnostics
import MachineModel
import ObjectModel
import PlatformDevices
import QAPI
import Virtio

/// Devices with a `bootindex`, for firmware: the file `bootorder` of the firmware configuration device has a line for each.
struct BootOrder {
    private struct Entry {
        let device: any VirtioDevice
        let index: UInt64
        let suffix: String
        var path = ""
    }

    private var entries: [Entry] = []

    /// A device that may have a place in the order; `suffix` is what firmware calls it behind its transport.
    mutating func note(_ device: any VirtioDevice, _ values: PropertyValues, suffix: String) throws {
        guard let index = values.integer("bootindex") else { return }
        guard !entries.contains(where: { $0.index == index }) else { throw QAPIError(.generic, "The bootindex \(index) has already been used") }
        entries.append(Entry(device: device, index: index, suffix: suffix))
    }

    mutating func place(_ device: any VirtioDevice, at slot: DeviceSlot) {
        guard let number = entries.firstIndex(where: { $0.device === device }) else { return }
        let address = hex(slot.address, digits: 16).dropFirst(2)
        entries[number].path = "/\(slot.bus)@\(address)/\(entries[number].suffix)"
    }

    /// Writes the file, if there is anything to say and the board has such a device.
    func hand(to machine: Machine, strict: Bool) {
        let lines = entries.sorted { $0.index < $1.index }.map(\.path) + (strict && !entries.isEmpty ? ["HALT"] : [])
        guard !lines.isEmpty else { return }
        for case let device as FirmwareConfiguration in machine.devices {
            device.setFile("bootorder", Array(lines.joined(separator: "\n").utf8) + [0])
        }
    }
}
