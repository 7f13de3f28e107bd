import DeviceModel
import JSON
import ObjectModel
import PCI
import USB
import USBDevices
import Virtio
import VirtioDevices

/// `info qtree`: the buses, what is on them, and its properties.
extension DeviceFactory {
    var busTree: String {
        let boards = (machine.devices + machine.extraDevices).filter { !($0 is any PCIDevice) }
        return line(0, "bus: main-system-bus") + line(1, "type System") + boards.map(boardDevice).joined()
    }

    private func line(_ depth: Int, _ text: String) -> String { String(repeating: "  ", count: depth) + text + "\n" }

    private func boardDevice(_ device: any Device) -> String {
        let text = line(1, "dev: \(Swift.type(of: device).typeName), id \"\"")
        if let host = device as? PCIHost { return text + bus(host.root, 2) }
        guard let transport = device as? VirtioMMIO else { return text }
        let index = machine.extraDevices.lazy.compactMap { $0 as? VirtioMMIO }.firstIndex { $0 === transport } ?? 0
        let inner = transport.device.map { noted($0, 3) } ?? ""
        return text + line(2, "bus: virtio-mmio-bus.\(index)") + line(3, "type virtio-mmio-bus") + inner
    }

    private func bus(_ bus: PCIBus, _ depth: Int) -> String {
        line(depth, "bus: \(bus.name)") + line(depth + 1, "type \(bus.isExpress ? "PCIE" : "PCI")")
            + bus.functions.map { function($0, depth + 1) }.joined()
    }

    private func function(_ device: any PCIDevice, _ depth: Int) -> String {
        let function = device.function
        let name = function.model.isEmpty ? Swift.type(of: device).typeName : function.model
        let number = String(function.address >> 3, radix: 16)
        let (vendor, product) = function.identity
        var text = line(depth, "dev: \(name), id \"\(function.id ?? "")\"")
        text += line(depth + 1, "addr = \(number.count < 2 ? "0" : "")\(number).\(function.address & 7)")
        if let entry = functions.first(where: { $0.device === device }) { text += properties(of: entry.noted, depth + 1) }
        text += line(depth + 1, "pci id \(String(vendor, radix: 16)):\(String(product, radix: 16))")
        if let (name, controller) = usbBuses.first(where: { $0.controller === device }) {
            text += line(depth + 1, "bus: \(name)") + line(depth + 2, "type usb-bus") + usb(controller.connectors, depth + 2)
        }
        return text + (device.secondaryBus.map { bus($0, depth + 1) } ?? "")
    }

    /// What is at ports, and behind hubs there.
    private func usb(_ ports: [USBPort], _ depth: Int) -> String {
        ports.compactMap(\.device).map { device in noted(device, depth) + usb(device.ports, depth) }.joined()
    }

    private func noted(_ device: AnyObject, _ depth: Int) -> String {
        guard let node = node(of: device) else { return "" }
        return line(depth, "dev: \(node.type), id \"\(node.parent === parts.objects.peripherals ? node.name : "")\"")
            + properties(of: device, depth + 1)
    }

    private func properties(of device: AnyObject, _ depth: Int) -> String {
        let hidden = ["type", "realized", "hotplugged", "hotpluggable", "addr"]
        return (node(of: device)?.properties ?? []).filter { !hidden.contains($0.name) && !$0.kind.hasPrefix("child<") }.map { property in
            let value = property.get()
            return line(depth, "\(property.name) = \(value.string.map { "\"\($0)\"" } ?? value.text())")
        }.joined()
    }
}
