import AddressSpace
import Display
import DisplayDevices
import Input
import ObjectModel
import PCI
import PlatformDevices
import QAPI
import VirtioDevices

/// Displays, keyboards and pointers of `-device`.
extension DeviceFactory {
    /// Devices that came after Virtio 1.0.
    static let modernTypes = [VirtioGPU.type] + InputDeviceKind.allCases.map(VirtioInput.type)

    func makeDisplay(_ request: DeviceRequest) throws -> VirtioGPU {
        let name = request.id ?? request.values.type.name
        let consoles = (0..<Int(request.values.integer("max_outputs") ?? 1)).map { DisplayConsole(device: name, head: $0) }
        let device = VirtioGPU(request.values, consoles: consoles)
        try note(device, request) { [parts] in for console in consoles { parts.displays.remove(console) } }
        for console in consoles { parts.displays.add(console) }
        return device
    }

    func makeInput(_ kind: InputDeviceKind, _ request: DeviceRequest) throws -> VirtioInput {
        if let display = request.values.string("display"), !parts.displays.has(device: display) { throw QAPIError.noDevice(display) }
        let device = VirtioInput(kind, request.values, hub: parts.input)
        try note(device, request) { [parts, unowned device] in parts.input.remove(device) }
        return device
    }

    func addBochsDisplay(_ request: DeviceRequest) throws {
        let place = try place(request)
        let console = DisplayConsole(device: request.id ?? request.values.type.name)
        let device = try BochsDisplay(request.values, console: console, isIntegrated: place.bus.bridge == nil)
        // Its memory belongs to the machine's also while its window is closed.
        let memory = MemoryRegion.alias("\(console.device).vram-closed", of: device.memory, size: device.memory.size)
        memory.isEnabled = false
        machine.memory.root.add(memory, at: 0)
        try note(device, request) { [parts, machine] in
            machine?.memory.root.remove(memory)
            parts.displays.remove(console)
        }
        parts.displays.add(console)
        try plug(device, request, place, noted: device)
    }

    func addRAMFramebuffer(_ request: DeviceRequest) throws {
        guard let firmware = machine.devices.lazy.compactMap({ $0 as? FirmwareConfiguration }).first else {
            throw QAPIError(.generic, "ramfb device requires fw_cfg with DMA")
        }
        let console = DisplayConsole(device: request.id ?? request.values.type.name)
        let device = RAMFramebuffer(console: console, memory: machine.memory, firmware: firmware)
        try note(device, request) {}
        machine.add(device)
        parts.displays.add(console)
    }
}
