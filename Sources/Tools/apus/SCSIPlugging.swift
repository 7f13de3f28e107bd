import CommandLine
import ObjectModel
import QAPI
import SCSI
import VirtioDevices

/// SCSI disks and CDs on host adapters.
extension DeviceFactory {
    private static let errorWords = ["report", "ignore", "enospc", "stop", "auto"]

    private static func type(_ name: String, _ help: String, drive: Property) -> ObjectType {
        ObjectType(
            name, parent: "scsi-device", help: help, bus: "SCSI",
            [
                drive, Property("serial", .string, "serial number, at most 36 bytes"),
                Property("channel", .unsigned(bits: 32), default: 0, range: 0...0, "number of the channel"),
                Property("scsi-id", .unsigned(bits: 32), range: 0...255, "number of the target; the first that is free if it is left out"),
                Property("lun", .unsigned(bits: 32), default: 0, range: 0...16383, "number of the unit"),
                Property("vendor", .string, "at most 8 bytes"), Property("product", .string, "at most 16 bytes"),
                Property("bootindex", .unsigned(bits: 32), "its place in the order of booting"),
                Property("rerror", .choice("BlockdevOnError", errorWords), default: "auto", "what becomes of a read that the host fails"),
                Property("werror", .choice("BlockdevOnError", errorWords), default: "auto", "what becomes of a write that the host fails"),
            ])
    }

    static let scsiTypes = [
        type("scsi-hd", "virtual SCSI disk", drive: Property("drive", .string, required: true, "drive or node that it shows")),
        type("scsi-cd", "virtual SCSI CD-ROM", drive: Property("drive", .string, "drive or node that is in it; none for an empty one")),
    ]

    func makeAdapter(_ request: DeviceRequest) throws -> VirtioSCSI {
        let values = request.values
        let device = VirtioSCSI(
            requestQueues: Int(values.integer("num_queues") ?? 1), queueSize: UInt16(clamping: values.integer("virtqueue_size") ?? 256),
            maxSectors: UInt32(values.integer("max_sectors") ?? 0xffff),
            commandsPerUnit: UInt32(values.integer("cmd_per_lun") ?? 128))
        let name = request.id ?? (adapters.isEmpty ? "scsi" : "scsi\(adapters.count)")
        adapters.append((name, device))
        try note(device, request) { [unowned self, unowned device] in
            adapters.removeAll { $0.device === device }
            for unit in device.bus.units { release(unit.disk) }
        }
        return device
    }

    func addUnit(_ request: DeviceRequest) throws {
        let values = request.values
        let kind: SCSIDisk.Kind = values.type.name == "scsi-cd" ? .cd : .disk
        let adapter = try adapter(request)
        guard !isRunning else { throw QAPIError(.generic, "Bus '\(request.bus ?? "scsi.0")' does not support hotplugging") }
        var options = SCSIDisk.Options(kind)
        options.serial = try text(values, "serial", most: 36) ?? ""
        options.vendor = try text(values, "vendor", most: 8) ?? options.vendor
        options.product = try text(values, "product", most: 16) ?? options.product
        let address = try address(values, adapter)
        let id = values.string("drive")
        let source = try id.map {
            try parts.blocks.take($0, rerror: values.string("rerror") ?? "auto", werror: values.string("werror") ?? "auto")
        }
        options.hasCache = source?.hasCache ?? false
        let disk = SCSIDisk(node: source?.node, options: options)
        let path = try note(disk, request) { [parts] in if let id { parts.blocks.release(id) } }.path
        if let id { parts.blocks.noteDevice(request.id ?? path, of: id) { [weak adapter] in adapter?.noteCapacity(address) } }
        let suffix = "channel@0/disk@\(String(address.target, radix: 16)),\(String(address.unit, radix: 16))"
        try bootOrder.note(disk, values, suffix: suffix)
        adapter.bus.add(disk, at: address)
        bootOrder.place(disk, below: adapter)
    }

    func text(_ values: PropertyValues, _ name: String, most: Int) throws -> String? {
        guard let text = values.string(name) else { return nil }
        guard text.utf8.count <= most else {
            throw PropertyError.badValue(type: values.type.name, name: name, value: text, accepted: "at most \(most) bytes")
        }
        return text
    }

    private func adapter(_ request: DeviceRequest) throws -> VirtioSCSI {
        guard let last = adapters.last else { throw QAPIError(.generic, "No 'SCSI' bus found for device '\(request.values.type.name)'") }
        guard let name = request.bus else { return last.device }
        guard let found = adapters.first(where: { $0.id == name || "\($0.id).0" == name }) else {
            throw QAPIError(.generic, "Bus '\(name)' not found")
        }
        return found.device
    }

    private func address(_ values: PropertyValues, _ adapter: VirtioSCSI) throws -> SCSIBus.Address {
        let unit = UInt16(values.integer("lun") ?? 0)
        guard let target = values.integer("scsi-id").map({ UInt8($0) }) ?? adapter.bus.freeTarget else {
            throw QAPIError(.generic, "no free target")
        }
        let address = SCSIBus.Address(target: target, unit: unit)
        guard adapter.bus.disk(at: address) == nil else { throw QAPIError(.generic, "lun already used by another device") }
        return address
    }
}
