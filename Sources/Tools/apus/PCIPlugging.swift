import AddressSpace
import CommandLine
import DisplayDevices
import HostOS
import MachineModel
import NetBackends
import NetworkDevices
import ObjectModel
import PCI
import QAPI
import StorageDevices
import USBDevices
import Virtio
import VirtioDevices

/// Devices on PCI: where they are put, and how they come and go.
extension DeviceFactory {
    /// A device on PCI that somebody asked for, and what is noted of it: itself, or what sits on its transport.
    struct Function {
        let id: String?
        let device: any PCIDevice
        let noted: AnyObject
    }

    /// A bus and an address on it that is free.
    struct Place {
        let bus: PCIBus
        let address: UInt8
    }

    func addFunction(_ request: DeviceRequest) throws {
        switch request.values.type.name {
        case RootPort.typeName, PCIBridge.typeName: try addBridge(request)
        case NVMe.typeName: try addNVMe(request)
        case BochsDisplay.typeName: try addBochsDisplay(request)
        case AHCI.typeName: try addController(request)
        case XHCI.Model.standard.rawValue, XHCI.Model.nec.rawValue: try addUSBController(request)
        case E1000e.typeName:
            let backend = try request.values.string("netdev").map { try parts.networks.use($0, option: "device") }
            try addE1000e(request, backend: backend, name: request.id, option: "device")
        default: try plug(try make(request), request)
        }
    }

    func addE1000e(_ request: DeviceRequest, backend: NetworkBackend?, name: String?, option: String) throws {
        var request = request
        let address = try parts.networks.address(request.values.string("mac"), option: option)
        try request.values.set("mac", text: "\(address)")
        let place = try place(request)
        let device = E1000e(address: address, backend: backend, isIntegrated: place.bus.bridge == nil)
        let name = name ?? "e1000e.\(cards.count)", id = request.values.string("netdev")
        parts.networks.noteCard(name, model: E1000e.typeName, address, on: backend) { [weak device] in device?.setLink(up: $0) }
        let path = try note(device, request) { [unowned self] in
            cards.removeAll { $0.name == name }
            parts.networks.release(id, card: name)
        }.path
        cards.append(Card(name: name, path: path, device: nil))
        try bootOrder.note(device, request.values, suffix: "ethernet-phy@0")
        try plug(device, request, place, noted: device)
        bootOrder.place(device, at: device.function)
    }

    private func addNVMe(_ request: DeviceRequest) throws {
        let values = request.values
        let id = values.string("drive") ?? ""
        var options = try NVMe.Options(values)
        let place = try place(request)
        let disk = try parts.blocks.take(id, rerror: values.string("rerror") ?? "auto", werror: values.string("werror") ?? "auto")
        options.hasCache = disk.hasCache
        let device = NVMe(node: disk.node, options: options, isIntegrated: place.bus.bridge == nil)
        let path = try note(device, request) { [parts] in parts.blocks.release(disk) }.path
        parts.blocks.noteDevice(request.id ?? path, of: disk) {}
        try bootOrder.note(device, values, suffix: "namespace@1,0")
        try plug(device, request, place, noted: device)
        bootOrder.place(device, at: device.function)
    }

    /// Puts a virtio device on the bus that the request names.
    func plug(_ device: any VirtioDevice, _ request: DeviceRequest) throws {
        let place = try place(request)
        let transport = VirtioPCI(memory: machine.memory, device: device, options: try transportOptions(device, request, place.bus))
        try plug(transport, request, place, noted: device)
        bootOrder.place(device, at: transport.function)
    }

    private func transportOptions(_ device: any VirtioDevice, _ request: DeviceRequest, _ bus: PCIBus) throws -> VirtioPCI.Options {
        let values = request.values
        var options = VirtioPCI.Options(vectors: defaultVectors(device))
        options.isExpress = bus.isExpress && bus.bridge != nil
        options.ringFeatures = VirtioRingProperties.features(values)
        if let vectors = values.integer("vectors") { options.vectors = Int(vectors) }
        switch values.type.name {
        case let name where name.hasSuffix("-non-transitional") || values.type.property("disable-legacy") == nil && !name.hasSuffix("-transitional"):
            options.isLegacy = false
        case let name where name.hasSuffix("-transitional"): break
        default:
            options.isLegacy = values.onOff("disable-legacy").map { !$0 } ?? !options.isExpress
            options.isModern = !values.bool("disable-modern")
        }
        guard options.isLegacy || options.isModern else {
            throw CommandLineError.badValue(
                option: "device", value: "\(values.type.name),disable-modern=on", expected: "disable-legacy=off with it, or neither driver fits")
        }
        return options
    }

    /// One for each queue and one for changes of the configuration; a console's ports have one each.
    private func defaultVectors(_ device: any VirtioDevice) -> Int {
        if let bus = device as? VirtioConsole { return bus.maxPorts + 1 }
        return min(device.queueCount + 1, 2048)
    }

    private func addBridge(_ request: DeviceRequest) throws {
        guard let host = machine.pci else { throw noPCI(request) }
        let name = request.id ?? "\(request.values.type.name == RootPort.typeName ? "pcie" : "pci").\(functions.count + 1)"
        let values = request.values
        guard host.bus(name) == nil else { throw QAPIError(.generic, "Duplicate device ID '\(name)'") }
        if values.type.name == PCIBridge.typeName { return try plug(PCIBridge(name: name, host: host), request) }
        let port = RootPort(
            name: name, host: host, port: UInt8(values.integer("port") ?? 0), slot: UInt16(values.integer("slot") ?? 0),
            canHotplug: values.bool("hotplug"))
        port.onPowerOff = { [unowned self, unowned port] in takeOut(of: port) }
        try plug(port, request)
    }

    /// Puts a device that is a PCI function itself on the bus that the request names.
    func plug(_ device: any PCIDevice, _ request: DeviceRequest) throws {
        let place = try place(request)
        if node(of: device) == nil { try note(device, request) {} }
        try plug(device, request, place, noted: device)
        bootOrder.place(device, at: device.function)
    }

    func plug(_ device: any PCIDevice, _ request: DeviceRequest, _ place: Place, noted: AnyObject) throws {
        let function = device.function
        (function.model, function.id) = (request.values.type.name, request.id)
        function.set(isMultifunction: request.values.bool("multifunction"))
        if let rom = try expansionROM(request) { function.addROM(rom) }
        place.bus.plug(device, at: place.address)
        machine.add(device)
        functions.append(Function(id: request.id, device: device, noted: noted))
    }

    /// What `romfile=` names, as a ROM of a size that is a power of two.
    private func expansionROM(_ request: DeviceRequest) throws -> MemoryRegion? {
        guard let path = request.values.string("romfile"), !path.isEmpty, request.values.integer("rombar") != 0 else { return nil }
        let bytes = try HostFile.contents(path)
        guard (1...16 << 20).contains(bytes.count) else {
            throw CommandLineError.badValue(option: "device", value: "romfile=\(path)", expected: "a file of 1 byte to 16 MiB")
        }
        var size: UInt64 = 0x800
        while size < UInt64(bytes.count) { size *= 2 }
        let region = try MemoryRegion.rom("\(request.values.type.name).rom", size: size)
        region.ramBlock?.load(bytes, at: 0)
        return region
    }

    private func noPCI(_ request: DeviceRequest) -> QAPIError { QAPIError(.generic, "No 'PCI' bus found for device '\(request.values.type.name)'") }

    // MARK: Places

    func place(_ request: DeviceRequest) throws -> Place {
        guard let host = machine.pci else { throw noPCI(request) }
        let name = request.bus ?? host.root.name
        guard let bus = host.bus(name) else { throw QAPIError(.generic, "Bus '\(name)' not found") }
        let type = request.values.type.name
        let text = request.values.string("addr")
        let wanted = try text.map { text in
            guard let address = PCIProperties.address(text) else {
                throw CommandLineError.badValue(
                    option: "device", value: "addr=\(text)", expected: "a device number from 0 to 1f, and .0 to .7 behind it")
            }
            return address
        }
        guard let address = bus.freeAddress(wanted) else { throw QAPIError(.generic, full(bus, wanted, type)) }
        try checkFunctions(bus, address, isMultifunction: request.values.bool("multifunction"))
        return Place(bus: bus, address: address)
    }

    private func full(_ bus: PCIBus, _ wanted: UInt8?, _ type: String) -> String {
        guard let wanted else { return "PCI: no slot/function available for \(type), all in use or reserved" }
        let place = "PCI: slot \(wanted >> 3) function \(wanted & 7) not available for \(type)"
        guard let other = bus.device(at: wanted) else { return place + ", the bus '\(bus.name)' has no such slot" }
        return place + ", in use by \(other.function.model),id=\(other.function.id ?? "")"
    }

    /// Several functions share a device number only if the first says so.
    private func checkFunctions(_ bus: PCIBus, _ address: UInt8, isMultifunction: Bool) throws {
        let number = address >> 3
        if address & 7 == 0 {
            guard !isMultifunction, (1..<8).contains(where: { bus.device(at: address | $0) != nil }) else { return }
        } else {
            guard let first = bus.device(at: number << 3), !first.function.isMultifunction else { return }
        }
        throw QAPIError(
            .generic, "PCI: single function device can't be populated in function \(String(number, radix: 16)).\(address & 7); give multifunction=on")
    }

    // MARK: Coming and going

    /// A device for a slot of the running machine.
    func addFunctionLater(_ request: DeviceRequest) throws {
        let name = request.bus ?? machine.pci?.root.name ?? ""
        guard let bus = machine.pci?.bus(name) else { throw QAPIError(.generic, "Bus '\(name)' not found") }
        guard let port = port(of: bus), port.canHotplug else { throw QAPIError(.generic, "Bus '\(name)' does not support hotplugging") }
        try addFunction(request)
        functions.last?.device.reset()
        port.noteArrival()
    }

    private func port(of bus: PCIBus) -> RootPort? {
        machine.extraDevices.lazy.compactMap { $0 as? RootPort }.first { $0.secondaryBus === bus }
    }

    /// Asks the guest to give a device up; false if there is none of that id or path.
    func removeFunction(_ id: String) throws -> Bool {
        guard let entry = functions.first(where: { $0.id == id || node(of: $0.noted)?.path == id }) else { return false }
        let bus = entry.device.function.bus
        guard let bus, let port = port(of: bus), port.canHotplug else {
            throw QAPIError(.generic, "Bus '\(bus?.name ?? "")' does not support hotplugging")
        }
        guard let isAsked = port.askForRemoval() else { throw QAPIError(.generic, "Hot-unplug failed: guest is busy (power indicator blinking)") }
        if !isAsked { takeOut(of: port) }
        return true
    }

    private func takeOut(of port: RootPort) {
        for device in port.secondaryBus?.functions ?? [] { forget(device) }
        port.noteRemoval()
    }

    private func forget(_ device: any PCIDevice) {
        device.reset()
        device.function.bus?.unplug(device)
        machine.remove(device)
        guard let index = functions.firstIndex(where: { $0.device === device }) else { return }
        let entry = functions.remove(at: index)
        let path = node(of: entry.noted)?.path ?? ""
        release(entry.noted)
        parts.emit(DeviceDeletedEvent(device: entry.id, path: path))
    }
}
