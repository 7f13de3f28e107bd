import Diagnostics
import QAPI

/// `info pci`, in QEMU's form.
extension MonitorCommands {
    func pci() throws -> String {
        let buses = try table.call(QueryPciCommand.self)
        if buses.isEmpty { return "PCI devices not supported\n" }
        return buses.flatMap(\.devices).map(describe).joined()
    }

    private func describe(_ device: PciDeviceInfo) -> String {
        let number = "PCI device \(digits(device.id.vendor)):\(digits(device.id.device))"
        var text = "  Bus \(padded(device.bus, 2)), device \(padded(device.slot, 3)), function \(device.function):\n"
        text += "    \(device.classInfo.desc ?? "Class \(zeroes(device.classInfo.class, 4))"): \(number)\n"
        if let subsystem = device.id.subsystem, let vendor = device.id.subsystemVendor {
            text += "      PCI subsystem \(digits(vendor)):\(digits(subsystem))\n"
        }
        if let line = device.irq { text += "      IRQ \(line), pin \(["-", "A", "B", "C", "D"][Int(clamping: device.irqPin) % 5])\n" }
        if let bridge = device.pciBridge { text += describe(bridge) }
        text += device.regions.map(describe).joined() + "      id \"\(device.qdevId)\"\n"
        return text + (device.pciBridge?.devices ?? []).map(describe).joined()
    }

    private func describe(_ bridge: PciBridgeInfo) -> String {
        let bus = bridge.bus
        func range(_ name: String, _ range: PciMemoryRange, _ width: Int) -> String {
            "      \(name) range [0x\(digits(range.base, width)), 0x\(digits(range.limit, width))]\n"
        }
        return "      BUS \(bus.number).\n      secondary bus \(bus.secondary).\n      subordinate bus \(bus.subordinate).\n"
            + range("IO", bus.ioRange, 4) + range("memory", bus.memoryRange, 8) + range("prefetchable memory", bus.prefetchableRange, 8)
    }

    private func describe(_ window: PciMemoryRegion) -> String {
        let last = window.address &+ window.size &- 1
        if window.type == "io" { return "      BAR\(window.bar): I/O at 0x\(digits(window.address, 4)) [0x\(digits(last, 4))].\n" }
        let kind = "\(window.memType64 == true ? 64 : 32) bit\(window.prefetch == true ? " prefetchable" : "") memory"
        return "      BAR\(window.bar): \(kind) at 0x\(digits(window.address, 8)) [0x\(digits(last, 8))].\n"
    }

    private func digits(_ value: Int64, _ count: Int = 4) -> String { String(hex(UInt64(bitPattern: value), digits: count).dropFirst(2)) }

    private func zeroes(_ value: Int64, _ width: Int) -> String {
        let text = "\(value)"
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    private func padded(_ value: Int64, _ width: Int) -> String {
        let text = "\(value)"
        return String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
