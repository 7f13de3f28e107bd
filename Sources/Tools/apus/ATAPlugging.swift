import CommandLine
import ObjectModel
import QAPI
import SCSI
import StorageDevices

/// SATA disks and CDs at the ports of host controllers.
extension DeviceFactory {
    private static let errorWords = ["report", "ignore", "enospc", "stop", "auto"]

    private static func type(_ name: String, _ help: String, drive: Property) -> ObjectType {
        ObjectType(
            name, parent: "ide-device", help: help, bus: "IDE",
            [
                drive, Property("serial", .string, "serial number, at most 20 bytes"), Property("model", .string, "at most 40 bytes"),
                Property("unit", .unsigned(bits: 32), default: 0, range: 0...0, "number at its port"),
                Property("bootindex", .unsigned(bits: 32), "its place in the order of booting"),
                Property("rerror", .choice("BlockdevOnError", errorWords), default: "auto", "what becomes of a read that the host fails"),
                Property("werror", .choice("BlockdevOnError", errorWords), default: "auto", "what becomes of a write that the host fails"),
            ])
    }

    static let ataTypes = [
        type("ide-hd", "virtual IDE disk", drive: Property("drive", .string, required: true, "drive or node that it shows")),
        type("ide-cd", "virtual IDE CD-ROM", drive: Property("drive", .string, "drive or node that is in it; none for an empty one")),
    ]

    func addController(_ request: DeviceRequest) throws {
        let device = AHCI()
        let name = request.id ?? (controllers.isEmpty ? "ide" : "ide\(controllers.count)")
        try note(device, request) { [unowned self, unowned device] in
            controllers.removeAll { $0.device === device }
            for port in 0..<AHCI.portCount { if let drive = device.drive(port: port) { release(drive) } }
        }
        controllers.append((name, device))
        try plug(device, request)
    }

    func addDrive(_ request: DeviceRequest) throws {
        guard !isRunning else { throw QAPIError(.generic, "Bus '\(request.bus ?? "ide.0")' does not support hotplugging") }
        let values = request.values
        let isDisc = values.type.name == "ide-cd"
        let (controller, port) = try controllerPort(request)
        var options = ATADrive.Options()
        options.serial = try text(values, "serial", most: 20) ?? "AP0000\(drives + 1)"
        options.model = try text(values, "model", most: 40) ?? (isDisc ? "Apus DVD-ROM" : options.model)
        let source = try take(values.string("drive"), values, needsMedium: !isDisc)
        options.hasCache = source.hasCache
        let disc = isDisc ? SCSIDisk(node: source.node, options: SCSIDisk.Options(.cd)) : nil
        let drive = disc.map { ATADrive(packets: $0, options: options) } ?? ATADrive(disk: source.node, options: options)
        drives += 1
        let path = try note(drive, request) { [parts] in parts.blocks.release(source) }.path
        parts.blocks.noteDevice(request.id ?? path, of: source, slot: disc) {}
        try bootOrder.note(drive, values, suffix: "drive@\(port)/disk@0")
        controller.add(drive, port: port)
        bootOrder.place(drive, below: controller)
    }

    /// The port that `bus=NAME.N` names, or the first without a drive.
    private func controllerPort(_ request: DeviceRequest) throws -> (AHCI, Int) {
        for (name, device) in controllers {
            for port in 0..<AHCI.portCount where request.bus == nil || request.bus == "\(name).\(port)" {
                if device.drive(port: port) == nil { return (device, port) }
                if request.bus != nil { throw QAPIError(.generic, "IDE unit 0 is in use") }
            }
        }
        if let bus = request.bus { throw QAPIError(.generic, "Bus '\(bus)' not found") }
        throw QAPIError(.generic, "No 'IDE' bus found for device '\(request.values.type.name)'")
    }
}
