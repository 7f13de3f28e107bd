import CommandLine
import DisplayDevices
import NetworkDevices
import ObjectModel
import PCI
import QAPI
import StorageDevices
import Virtio
import VirtioDevices

/// A device that `-device` or `device_add` asks for.
struct DeviceRequest {
    let id: String?
    let bus: String?
    var values: PropertyValues

    /// Types that can be asked for, and what they are made from.
    static let allTypes =
        [
            VirtioBlock.type, VirtioConsole.type, VirtioNet.type, VirtioEntropy.type, VirtioSCSI.type, VirtioBalloon.type,
            VirtioConsolePort.consoleType, VirtioConsolePort.portType,
        ]
        + VirtioBlock.pciTypes
        + [VirtioConsole.type, VirtioNet.type, VirtioEntropy.type, VirtioSCSI.type, VirtioBalloon.type].flatMap { VirtioPCI.types($0) }
        + DeviceFactory.modernTypes + DeviceFactory.modernTypes.flatMap { VirtioPCI.modernTypes($0) }
        + [RootPort.type, PCIBridge.type, NVMe.type, E1000e.type, AHCI.type, BochsDisplay.type, RAMFramebuffer.type] + DeviceFactory.scsiTypes
        + DeviceFactory.ataTypes + DeviceFactory.usbTypes

    /// Types that can be asked for.
    static let types = allTypes.filter { !$0.isAbstract }

    /// A type by its name, or by one that stands for it on boards with PCI.
    private static func type(_ name: String) -> ObjectType? {
        let shortened = [
            "virtio-blk", "virtio-net", "virtio-serial", "virtio-rng", "virtio-scsi", "virtio-balloon", "virtio-gpu", "virtio-keyboard",
            "virtio-mouse",
            "virtio-tablet",
        ]
        let name = shortened.contains(name) ? name + "-pci" : name == "ahci" ? AHCI.typeName : name
        return types.first { $0.name == name }
    }

    init(_ type: ObjectType, id: String? = nil, bus: String? = nil, globals: GlobalProperties) throws {
        (self.id, self.bus) = (id, bus)
        values = PropertyValues(type)
        try globals.apply(to: &values)
    }

    /// A type of the house's own choice, by its name.
    init(type name: String, globals: GlobalProperties) throws {
        guard let type = DeviceRequest.type(name) else { preconditionFailure("no type '\(name)'") }
        try self.init(type, globals: globals)
    }

    var isPCI: Bool { values.type.bus == "PCI" }
    var isUSB: Bool { values.type.bus == "usb-bus" }

    /// What a virtio device is called within its transport on PCI.
    static let innerName = "virtio-backend"

    /// The type of the device within its transport: `virtio-blk-device` of `virtio-blk-pci`; nil for others.
    var innerType: String? {
        guard isPCI, values.type.name.hasPrefix("virtio-") else { return nil }
        return values.type.name.split(separator: "-").prefix { $0 != "pci" }.joined(separator: "-") + "-device"
    }

    /// `TYPE[,id=ID][,bus=BUS][,PROPERTY=VALUE…]`, or the same in JSON.
    init(_ text: String, globals: GlobalProperties) throws {
        if let object = try parseObject(text, option: "device") {
            try self.init(try DeviceAddCommand.Arguments(object), globals: globals)
            return
        }
        let list = PropertyList(text, option: "device", implied: "driver")
        let name = list["driver"] ?? text
        guard let type = DeviceRequest.type(name) else {
            throw CommandLineError.unknownName(option: "device", name: name, accepted: DeviceRequest.types.map(\.name))
        }
        try self.init(type, id: list["id"], bus: list["bus"], globals: globals)
        for (name, value) in list.values where !["driver", "id", "bus"].contains(name) { try values.set(name, text: value) }
        try values.checkComplete()
    }

    init(_ arguments: DeviceAddCommand.Arguments, globals: GlobalProperties) throws {
        guard let type = DeviceRequest.type(arguments.driver) else {
            throw QAPIError(.generic, "'\(arguments.driver)' is not a valid device model name")
        }
        try self.init(type, id: arguments.id, bus: arguments.bus, globals: globals)
        for (name, value) in arguments.rest.members { try values.set(name, value) }
        try values.checkComplete()
    }

    // MARK: Help

    /// The list for `-device help`, or the properties for `-device NAME,help`; nil for what does not ask.
    static func help(_ text: String) -> String? {
        if ["help", "?"].contains(text) { return types.map { "name \"\($0.name)\", bus \($0.bus ?? ""), desc \"\($0.help)\"\n" }.joined() }
        let list = PropertyList(text, option: "device", implied: "driver")
        guard list.asksForHelp, let type = types.first(where: { $0.name == list["driver"] }) else { return nil }
        return "\(type.name) options:\n" + type.properties.map(help).joined()
    }

    static func help(_ property: Property) -> String {
        let usage = "  \(property.name)=<\(property.kind.name)>"
        let note = property.defaultValue.map { " (default: \($0.bool.map { $0 ? "on" : "off" } ?? $0.string ?? $0.text()))" } ?? ""
        return usage + String(repeating: " ", count: max(1, 34 - usage.count)) + "- " + property.help + note + "\n"
    }
}

/// `-global`: values that all devices of a type begin with.
struct GlobalProperties {
    private var list: [(type: String, property: String, value: String)] = []

    /// `TYPE.PROPERTY=VALUE` or `driver=TYPE,property=PROPERTY,value=VALUE`.
    mutating func add(_ text: String, types: TypeRegistry) throws {
        let words = PropertyList(text, option: "global", implied: nil)
        let driver: String, property: String, value: String
        if let name = words["driver"], let second = words["property"], let third = words["value"] {
            (driver, property, value) = (name, second, third)
        } else if let (key, text) = words.values.first, let dot = key.firstIndex(of: ".") {
            (driver, property, value) = (String(key[..<dot]), String(key[key.index(after: dot)...]), text)
        } else {
            throw CommandLineError.badValue(option: "global", value: text, expected: "TYPE.PROPERTY=VALUE")
        }
        guard types[driver]?.property(property) != nil else { throw CommandLineError.notSupported("-global \(text)") }
        add(driver, property, value)
    }

    mutating func add(_ type: String, _ property: String, _ value: String) { list.append((type, property, value)) }

    func apply(to values: inout PropertyValues) throws {
        // A virtio device is one, whatever brings it to the machine.
        let names = [values.type.name, values.type.name.replacing(#/-pci(-transitional|-non-transitional)?$/#, with: "-device")]
        for entry in list where names.contains(entry.type) { try values.set(entry.property, text: entry.value) }
    }
}
