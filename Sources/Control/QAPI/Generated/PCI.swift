// Made by apus-schema from Sources/Control/Schema/Text. Change it there.

import JSON

/// Addresses that a bridge lets through.
public struct PciMemoryRange: QAPIObject {
    public var base: Int64
    public var limit: Int64

    public init(
        base: Int64,
        limit: Int64
    ) {
        self.base = base
        self.limit = limit
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        base = try input.take("base")
        limit = try input.take("limit")
    }

    public func write(to output: inout JSONObject) {
        output["base"] = base.json
        output["limit"] = limit.json
    }
}

/// A window of a device's: `address` is -1 while it is closed.
public struct PciMemoryRegion: QAPIObject {
    public var bar: Int64
    /// io or memory
    public var type: String
    public var address: Int64
    public var size: Int64
    public var prefetch: Bool?
    public var memType64: Bool?

    public init(
        bar: Int64,
        type: String,
        address: Int64,
        size: Int64,
        prefetch: Bool? = nil,
        memType64: Bool? = nil
    ) {
        self.bar = bar
        self.type = type
        self.address = address
        self.size = size
        self.prefetch = prefetch
        self.memType64 = memType64
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        bar = try input.take("bar")
        type = try input.take("type")
        address = try input.take("address")
        size = try input.take("size")
        prefetch = try input.takeOptional("prefetch")
        memType64 = try input.takeOptional("mem_type_64")
    }

    public func write(to output: inout JSONObject) {
        output["bar"] = bar.json
        output["type"] = type.json
        output["address"] = address.json
        output["size"] = size.json
        output["prefetch"] = prefetch?.json
        output["mem_type_64"] = memType64?.json
    }
}

/// Numbers of a bridge's buses, and what it lets through.
public struct PciBusInfo: QAPIObject {
    public var number: Int64
    public var secondary: Int64
    public var subordinate: Int64
    public var ioRange: PciMemoryRange
    public var memoryRange: PciMemoryRange
    public var prefetchableRange: PciMemoryRange

    public init(
        number: Int64,
        secondary: Int64,
        subordinate: Int64,
        ioRange: PciMemoryRange,
        memoryRange: PciMemoryRange,
        prefetchableRange: PciMemoryRange
    ) {
        self.number = number
        self.secondary = secondary
        self.subordinate = subordinate
        self.ioRange = ioRange
        self.memoryRange = memoryRange
        self.prefetchableRange = prefetchableRange
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        number = try input.take("number")
        secondary = try input.take("secondary")
        subordinate = try input.take("subordinate")
        ioRange = try input.take("io_range")
        memoryRange = try input.take("memory_range")
        prefetchableRange = try input.take("prefetchable_range")
    }

    public func write(to output: inout JSONObject) {
        output["number"] = number.json
        output["secondary"] = secondary.json
        output["subordinate"] = subordinate.json
        output["io_range"] = ioRange.json
        output["memory_range"] = memoryRange.json
        output["prefetchable_range"] = prefetchableRange.json
    }
}

/// A bridge and what is behind it.
public struct PciBridgeInfo: QAPIObject {
    public var bus: PciBusInfo
    public var devices: [PciDeviceInfo]?

    public init(
        bus: PciBusInfo,
        devices: [PciDeviceInfo]? = nil
    ) {
        self.bus = bus
        self.devices = devices
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        bus = try input.take("bus")
        devices = try input.takeOptional("devices")
    }

    public func write(to output: inout JSONObject) {
        output["bus"] = bus.json
        output["devices"] = devices?.json
    }
}

/// What kind of device it is.
public struct PciDeviceClass: QAPIObject {
    public var desc: String?
    public var `class`: Int64

    public init(
        desc: String? = nil,
        `class`: Int64
    ) {
        self.desc = desc
        self.class = `class`
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        desc = try input.takeOptional("desc")
        `class` = try input.take("class")
    }

    public func write(to output: inout JSONObject) {
        output["desc"] = desc?.json
        output["class"] = `class`.json
    }
}

/// What device it is.
public struct PciDeviceId: QAPIObject {
    public var device: Int64
    public var vendor: Int64
    public var subsystem: Int64?
    public var subsystemVendor: Int64?

    public init(
        device: Int64,
        vendor: Int64,
        subsystem: Int64? = nil,
        subsystemVendor: Int64? = nil
    ) {
        self.device = device
        self.vendor = vendor
        self.subsystem = subsystem
        self.subsystemVendor = subsystemVendor
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        device = try input.take("device")
        vendor = try input.take("vendor")
        subsystem = try input.takeOptional("subsystem")
        subsystemVendor = try input.takeOptional("subsystem-vendor")
    }

    public func write(to output: inout JSONObject) {
        output["device"] = device.json
        output["vendor"] = vendor.json
        output["subsystem"] = subsystem?.json
        output["subsystem-vendor"] = subsystemVendor?.json
    }
}

/// A device on PCI.
public struct PciDeviceInfo: QAPIObject {
    public var bus: Int64
    public var slot: Int64
    public var function: Int64
    public var classInfo: PciDeviceClass
    public var id: PciDeviceId
    public var irq: Int64?
    public var irqPin: Int64
    public var qdevId: String
    public var pciBridge: PciBridgeInfo?
    public var regions: [PciMemoryRegion]

    public init(
        bus: Int64,
        slot: Int64,
        function: Int64,
        classInfo: PciDeviceClass,
        id: PciDeviceId,
        irq: Int64? = nil,
        irqPin: Int64,
        qdevId: String,
        pciBridge: PciBridgeInfo? = nil,
        regions: [PciMemoryRegion]
    ) {
        self.bus = bus
        self.slot = slot
        self.function = function
        self.classInfo = classInfo
        self.id = id
        self.irq = irq
        self.irqPin = irqPin
        self.qdevId = qdevId
        self.pciBridge = pciBridge
        self.regions = regions
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        bus = try input.take("bus")
        slot = try input.take("slot")
        function = try input.take("function")
        classInfo = try input.take("class_info")
        id = try input.take("id")
        irq = try input.takeOptional("irq")
        irqPin = try input.take("irq_pin")
        qdevId = try input.take("qdev_id")
        pciBridge = try input.takeOptional("pci_bridge")
        regions = try input.take("regions")
    }

    public func write(to output: inout JSONObject) {
        output["bus"] = bus.json
        output["slot"] = slot.json
        output["function"] = function.json
        output["class_info"] = classInfo.json
        output["id"] = id.json
        output["irq"] = irq?.json
        output["irq_pin"] = irqPin.json
        output["qdev_id"] = qdevId.json
        output["pci_bridge"] = pciBridge?.json
        output["regions"] = regions.json
    }
}

/// A bus and what is on it.
public struct PciInfo: QAPIObject {
    public var bus: Int64
    public var devices: [PciDeviceInfo]

    public init(
        bus: Int64,
        devices: [PciDeviceInfo]
    ) {
        self.bus = bus
        self.devices = devices
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        bus = try input.take("bus")
        devices = try input.take("devices")
    }

    public func write(to output: inout JSONObject) {
        output["bus"] = bus.json
        output["devices"] = devices.json
    }
}

/// Lists what is on PCI.
public enum QueryPciCommand: QAPICommand {
    public static let name = "query-pci"
    public typealias Return = [PciInfo]
    public typealias Arguments = QAPIEmpty
}
