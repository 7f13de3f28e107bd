import CommandLine
import ObjectModel
import QAPI
import SCSI
import USB
import USBDevices

/// USB host controllers and what is plugged into their ports, at the start or later.
extension DeviceFactory {
    static let usbTypes = XHCI.types + HIDKind.types + [USBStorage.type, USBHub.type]

    func addUSBController(_ request: DeviceRequest) throws {
        let model = XHCI.Model(rawValue: request.values.type.name) ?? .standard
        let place = try place(request)
        let device = XHCI(model, options: try XHCI.Options(request.values), loop: parts.loop, isIntegrated: place.bus.bridge == nil)
        try note(device, request) { [unowned self, unowned device] in
            usbBuses.removeAll { $0.controller === device }
            for port in device.connectors { unplug(port) }
        }
        usbBuses.append((request.id.map { "\($0).0" } ?? "usb-bus.\(usbBuses.count)", device))
        try plug(device, request, place, noted: device)
        bootOrder.place(device, at: device.function)
    }

    func addUSB(_ request: DeviceRequest) throws {
        let (bus, free) = try freePorts(request)
        let device = try makeUSB(request)
        do {
            let port = try choose(device, request, free)
            try noteBoot(device, request, port, bus)
            device.function.id = request.id
            machine.add(device)
            usbDevices.append(device)
            if isRunning { device.reset() }
            port.attach(device)
        } catch {
            release(device)
            throw error
        }
    }

    /// Where firmware finds a disk: behind hubs and its port (Open Firmware Recommended Practice: Universal Serial Bus, section 3).
    private func noteBoot(_ device: any USBDevice, _ request: DeviceRequest, _ port: USBPort, _ bus: XHCI) throws {
        guard device is USBStorage else { return }
        let numbers = port.path.split(separator: ".").map(String.init)
        let hubs = numbers.dropLast().map { "hub@\($0)/" }.joined()
        try bootOrder.note(device, request.values, suffix: "\(hubs)storage@\(port.number)/channel@0/disk@0,0")
        bootOrder.place(device, below: bus)
    }

    private func makeUSB(_ request: DeviceRequest) throws -> any USBDevice {
        let values = request.values
        if let kind = HIDKind(rawValue: values.type.name) {
            if let display = values.string("display"), !parts.displays.has(device: display) { throw QAPIError.noDevice(display) }
            let device = HIDDevice(kind, values, hub: parts.input, loop: parts.loop)
            do {
                try note(device, request) { [parts, unowned device] in parts.input.remove(device) }
            } catch {
                parts.input.remove(device)
                throw error
            }
            return device
        }
        if values.type.name == USBHub.typeName {
            let device = USBHub(ports: Int(values.integer("ports") ?? 8), serial: values.string("serial"))
            try note(device, request) { [unowned self, unowned device] in for port in device.ports { unplug(port) } }
            return device
        }
        return try makeUSBDisk(request)
    }

    private func makeUSBDisk(_ request: DeviceRequest) throws -> USBStorage {
        let values = request.values
        let id = values.string("drive") ?? ""
        var options = SCSIDisk.Options()
        options.serial = try text(values, "serial", most: 36) ?? ""
        options.isRemovable = values.bool("removable")
        let source = try take(id, values, needsMedium: !options.isRemovable)
        if source.isDisc {
            let serial = options.serial
            options = SCSIDisk.Options(.cd)
            options.serial = serial
        }
        options.hasCache = source.hasCache
        let disk = SCSIDisk(node: source.node, options: options)
        // Drives are told apart by at least twelve digits (Bulk-Only Transport, section 4.1.1).
        let device = USBStorage(disk, serial: options.serial.isEmpty ? "0000000000\(10 + usbDevices.count)" : options.serial)
        let path = try note(device, request) { [parts] in parts.blocks.release(source) }.path
        parts.blocks.noteDevice(request.id ?? path, of: source, slot: options.isRemovable ? disk : nil) { [weak disk] in disk?.noteCapacity() }
        return device
    }

    // MARK: Ports

    /// The bus that a request names, or the first, and its ports that have nothing, those behind hubs last.
    private func freePorts(_ request: DeviceRequest) throws -> (XHCI, [USBPort]) {
        let type = request.values.type.name
        guard let first = usbBuses.first else { throw QAPIError(.generic, "No 'usb-bus' bus found for device '\(type)'") }
        guard let name = request.bus else {
            let all = usbBuses.map { ($0.controller, ports($0.controller.connectors)) }
            return all.first { !$0.1.isEmpty } ?? (first.controller, [])
        }
        guard let bus = usbBuses.first(where: { $0.name == name }) else { throw QAPIError(.generic, "Bus '\(name)' not found") }
        return (bus.controller, ports(bus.controller.connectors))
    }

    private func ports(_ own: [USBPort]) -> [USBPort] { own.filter { $0.device == nil } + own.compactMap(\.device).flatMap { ports($0.ports) } }

    private func choose(_ device: any USBDevice, _ request: DeviceRequest, _ free: [USBPort]) throws -> USBPort {
        let type = request.values.type.name
        let description = device.function.description
        let isHub = !device.ports.isEmpty
        func fits(_ port: USBPort) -> Bool { port.speed(of: description) != nil && (!isHub || (port.owner?.depth ?? 0) < USBHub.mostInARow) }
        guard let path = request.values.string("port") else {
            guard let port = free.first(where: fits) else {
                throw QAPIError(.generic, "tried to attach usb device \(type) to a bus with no free ports")
            }
            return port
        }
        guard let port = free.first(where: { $0.path == path }) else {
            let bus = request.bus ?? usbBuses.first?.name ?? ""
            throw QAPIError(.generic, "usb port \(path) (bus \(bus)) not found (in use?)")
        }
        guard fits(port) else { throw QAPIError(.generic, "usb port \(path) has no speed for the device \(type), or is behind too many hubs") }
        return port
    }

    /// False if there is no such device.
    func removeUSB(_ id: String) throws -> Bool {
        guard let device = usbDevices.first(where: { $0.function.id == id || node(of: $0)?.path == id }), let port = device.function.port else {
            return false
        }
        unplug(port)
        return true
    }

    /// Takes out what is at a port, and what is behind it.
    private func unplug(_ port: USBPort) {
        guard let device = port.device else { return }
        for inner in device.ports { unplug(inner) }
        port.detach()
        device.reset()
        machine.remove(device)
        usbDevices.removeAll { $0 === device }
        let path = node(of: device)?.path ?? ""
        release(device)
        parts.emit(DeviceDeletedEvent(device: device.function.id, path: path))
    }

    // MARK: What people see

    /// `info usb`.
    var usbDescription: String {
        guard !usbBuses.isEmpty else { return "USB support not enabled\n" }
        return usbBuses.enumerated().map { number, bus in describe(bus.controller.connectors, number) }.joined()
    }

    private func describe(_ ports: [USBPort], _ bus: Int) -> String {
        ports.map { port in
            guard let device = port.device else { return "" }
            let function = device.function
            let id = function.id.map { ", ID: \($0)" } ?? ""
            let place = "  Device \(bus).\(function.address), Port \(port.path), Speed \(function.speed.name) Mb/s"
            return "\(place), Product \(function.description.name)\(id)\n" + describe(device.ports, bus)
        }.joined()
    }
}
