import BlockSetup
import CharacterSetup
import CommandLine
import DeviceModel
import Diagnostics
import EventLoop
import HostOS
import MachineModel
import NetworkSetup
import Virtio
import VirtioDevices

/// What `-device`, `-drive` and their relatives add to a machine.
struct DeviceList {
    private struct Kind {
        let name: String
        let help: String
        let properties: [String]
        let make: (PropertyList, inout DeviceList) throws -> any VirtioDevice
    }

    private static var kinds: [Kind] {
        [
            Kind(name: "virtio-blk-device", help: "virtio disk", properties: DiskDevice.properties) { list, devices in
                try DiskDevice.make(list, devices.blocks)
            },
            Kind(name: "virtio-serial-device", help: "virtio consoles and serial ports", properties: ["max_ports"]) { list, devices in
                try devices.consolePorts.makeBus(list)
            },
            Kind(name: "virtio-net-device", help: "virtio network card", properties: NetworkCards.properties) { list, devices in
                try devices.networkCards.make(list)
            },
            Kind(name: "virtio-rng-device", help: "virtio source of randomness", properties: []) { _, devices in VirtioEntropy(loop: devices.loop) },
        ]
    }

    /// The list for `-device help`, or the properties for `-device NAME,help`; nil for what does not ask.
    static func help(_ text: String) -> String? {
        if ["help", "?"].contains(text) { return help }
        let list = PropertyList(text, option: "device", implied: "driver")
        guard list.asksForHelp, let name = list["driver"], let properties = propertyNames(name) else { return nil }
        return "\(name) options:\n" + properties.map { "  \($0)\n" }.joined()
    }

    private static func propertyNames(_ name: String) -> [String]? {
        if ConsolePorts.kinds.contains(name) { return ConsolePorts.properties }
        return kinds.first { $0.name == name }.map { $0.properties + common }
    }

    /// Properties of every device.
    private static let common = ["id", "bus"]

    private static var help: String {
        kinds.map { "name \"\($0.name)\", bus virtio-bus, desc \"\($0.help)\"\(properties($0))\n" }.joined()
            + ConsolePorts.help
    }

    private static func properties(_ kind: Kind) -> String {
        kind.properties.isEmpty ? "" : ", properties: " + kind.properties.joined(separator: ", ")
    }

    private let loop: EventLoop
    private let slots: Int
    private let blocks: BlockSetup
    private var consolePorts = ConsolePorts()
    private var networkCards: NetworkCards
    /// `-global virtio-mmio.force-legacy=on`: the transports speak the version of before Virtio 1.0.
    private var isLegacy = false

    /// Fills the machine's slots.
    static func attach(
        _ options: ParsedCommandLine, to machine: Machine, characters: CharacterSetup, blocks: BlockSetup, networks: NetworkSetup
    ) throws {
        var list = DeviceList(loop: machine.loop, slots: machine.slots.count, blocks, networks)
        try list.readGlobals(options)
        var devices: [any VirtioDevice] = try networks.cards.map { try list.networkCards.make($0) }
        var wanted: [Int?] = devices.map { _ in nil }
        // The board's own disks come first to their drives, and last into the slots.
        let disks = try blocks.impliedDrives.map { try DiskDevice.make($0, blocks) }
        for text in options.all("device") {
            let words = PropertyList(text, option: "device", implied: "driver")
            if let kind = words["driver"], ConsolePorts.kinds.contains(kind) {
                try list.consolePorts.plug(kind, words, characters)
            } else {
                wanted.append(try list.slot(words, taken: wanted))
                devices.append(try list.makeDevice(text))
            }
        }
        devices += disks
        wanted += disks.map { _ in nil }
        try list.plug(devices, wanted: wanted, into: machine)
    }

    private init(loop: EventLoop, slots: Int, _ blocks: BlockSetup, _ networks: NetworkSetup) {
        (self.loop, self.slots, self.blocks) = (loop, slots, blocks)
        networkCards = NetworkCards(networks)
    }

    private mutating func readGlobals(_ options: ParsedCommandLine) throws {
        for text in options.all("global") {
            let list = PropertyList(text, option: "global", implied: nil)
            guard let (key, _) = list.values.first, key == "virtio-mmio.force-legacy" else { throw CommandLineError.notSupported("-global \(text)") }
            isLegacy = try list.bool(key, default: false)
        }
    }

    // MARK: Devices

    private mutating func makeDevice(_ text: String) throws -> any VirtioDevice {
        let list = PropertyList(text, option: "device", implied: "driver")
        let name = list["driver"] ?? text
        guard let kind = DeviceList.kinds.first(where: { $0.name == name }) else {
            throw CommandLineError.unknownName(option: "device", name: name, accepted: DeviceList.kinds.map(\.name))
        }
        try list.check(kind.properties + DeviceList.common + ["driver"])
        return try kind.make(list, &self)
    }

    /// The slot that `bus=virtio-mmio-bus.N` names; nil if any will do.
    private func slot(_ list: PropertyList, taken: [Int?]) throws -> Int? {
        guard let bus = list["bus"] else { return nil }
        let prefix = "virtio-mmio-bus."
        guard bus.hasPrefix(prefix), let number = Int(bus.dropFirst(prefix.count)), (0..<slots).contains(number), !taken.contains(number) else {
            throw CommandLineError.badValue(option: "device", value: "bus=\(bus)", expected: "a free one of \(prefix)0 to \(prefix)\(slots - 1)")
        }
        return number
    }

    private func plug(_ devices: [any VirtioDevice], wanted: [Int?], into machine: Machine) throws {
        guard devices.count <= machine.slots.count else {
            throw CommandLineError.badValue(
                option: "device", value: "\(devices.count) devices", expected: "at most \(machine.slots.count) on virtio-mmio")
        }
        var placed: [Int: any VirtioDevice] = [:]
        for (device, slot) in zip(devices, wanted) { if let slot { placed[slot] = device } }
        for (device, slot) in zip(devices, wanted) where slot == nil {
            if let free = machine.slots.indices.first(where: { placed[$0] == nil }) { placed[free] = device }
        }
        for (index, slot) in machine.slots.enumerated() {
            let device = placed[index]
            let transport = VirtioMMIO(memory: machine.memory, device: device, legacy: isLegacy)
            slot.container.add(transport.makeRegion(), at: slot.address)
            transport.interrupt.connect(slot.interrupt)
            machine.add(transport)
        }
    }
}
