import BlockSetup
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
            name, parent: "scsi-device", help: help, bus: "SCSI", hotpluggable: true,
            [
                drive, Property("serial", .string, "serial number, at most 36 bytes"),
                Property("device_id", .string, "what it calls itself in its device identification, at most 20 bytes; its serial number if left out"),
                Property("write-cache", .onOffAuto, default: "auto", "whether what is written waits for a flush"),
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
            units.removeAll { $0.adapter === device }
            for unit in device.bus.units { release(unit.disk) }
        }
        return device
    }

    func addUnit(_ request: DeviceRequest) throws {
        let values = request.values
        let kind: SCSIDisk.Kind = values.type.name == "scsi-cd" ? .cd : .disk
        let adapter = try adapter(request)
        var options = SCSIDisk.Options(kind)
        options.serial = try text(values, "serial", most: 36) ?? ""
        options.identification = try text(values, "device_id", most: 20)
        options.vendor = try text(values, "vendor", most: 8) ?? options.vendor
        options.product = try text(values, "product", most: 16) ?? options.product
        let address = try address(values, adapter)
        let source = try take(values.string("drive"), values, needsMedium: kind == .disk)
        options.hasCache = values.onOff("write-cache") ?? source.hasCache
        options.flushesWrites = source.hasCache && !options.hasCache
        let disk = SCSIDisk(node: source.node, options: options)
        let path: String
        do { path = try note(disk, request) { [parts] in parts.blocks.release(source) }.path } catch {
            parts.blocks.release(source)
            throw error
        }
        parts.blocks.noteDevice(request.id ?? path, of: source, slot: kind == .cd ? disk : nil) { [weak adapter] in adapter?.noteCapacity(address) }
        let suffix = "channel@0/disk@\(String(address.target, radix: 16)),\(String(address.unit, radix: 16))"
        do { try bootOrder.note(disk, values, suffix: suffix) } catch {
            release(disk)
            throw error
        }
        adapter.bus.add(disk, at: address)
        bootOrder.place(disk, below: adapter)
        units.append(Unit(id: request.id, path: path, disk: disk, adapter: adapter, address: address))
        if isRunning { adapter.noteArrival(address) }
    }

    /// A disk on an adapter.
    struct Unit {
        let id: String?
        let path: String
        let disk: SCSIDisk
        unowned let adapter: VirtioSCSI
        let address: SCSIBus.Address
    }

    /// Takes a disk out, and tells the guest; false if there is none of that id or path.
    func removeUnit(_ id: String) -> Bool {
        guard let index = units.firstIndex(where: { $0.id == id || $0.path == id }) else { return false }
        let unit = units.remove(at: index)
        unit.adapter.noteRemoval(unit.address)
        release(unit.disk)
        parts.emit(DeviceDeletedEvent(device: unit.id, path: unit.path))
        return true
    }

    /// The drive that a device has been given, or an empty one of its own.
    func take(_ id: String?, _ values: PropertyValues, needsMedium: Bool) throws -> BlockSetup.Disk {
        let (reads, writes) = (values.string("rerror") ?? "auto", values.string("werror") ?? "auto")
        guard let id else { return try parts.blocks.takeEmpty(rerror: reads, werror: writes) }
        return try parts.blocks.take(id, rerror: reads, werror: writes, needsMedium: needsMedium)
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
