import BlockCore
import BlockFormats
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
            Kind(name: "virtio-blk-device", help: "virtio disk", properties: ["drive", "serial", "num-queues"]) { list, devices in
                guard let id = list["drive"] else {
                    throw CommandLineError.badValue(option: "device", value: "virtio-blk-device", expected: "drive=ID")
                }
                return VirtioBlock(node: try devices.node(id), serial: list["serial"] ?? "", queues: max(1, try list.integer("num-queues") ?? 1))
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

    static var help: String {
        kinds.map { "name \"\($0.name)\", bus virtio-bus, desc \"\($0.help)\"\(properties($0))\n" }.joined()
            + ConsolePorts.help
    }

    private static func properties(_ kind: Kind) -> String {
        kind.properties.isEmpty ? "" : ", properties: " + kind.properties.joined(separator: ", ")
    }

    private let loop: EventLoop
    private let slots: Int
    private var nodes: [String: any BlockNode] = [:]
    private var implied: [String] = []
    private var consolePorts = ConsolePorts()
    private var networkCards: NetworkCards
    /// Lines of `info block`.
    private var disks = ""
    /// `-global virtio-mmio.force-legacy=on`: the transports speak the version of before Virtio 1.0.
    private var isLegacy = false

    /// Fills the machine's slots; returns what `info block` says.
    static func attach(
        _ options: ParsedCommandLine, to machine: Machine, characters: CharacterSetup, networks: NetworkSetup
    ) throws -> String {
        var list = DeviceList(loop: machine.loop, slots: machine.slots.count, networks)
        if let value = options.last("blockdev") { throw CommandLineError.notSupported("-blockdev \(value)") }
        try list.readGlobals(options)
        for text in options.all("drive") { try list.addDrive(text) }
        var devices: [any VirtioDevice] = try networks.cards.map { try list.networkCards.make($0) }
        var wanted: [Int?] = devices.map { _ in nil }
        try list.checkDrivesAreUsedOnce(options.all("device"))
        for text in options.all("device") {
            let words = PropertyList(text, option: "device", implied: "driver")
            if let kind = words["driver"], ConsolePorts.kinds.contains(kind) {
                try list.consolePorts.plug(kind, words, characters)
            } else {
                wanted.append(try list.slot(words, taken: wanted))
                devices.append(try list.makeDevice(text))
            }
        }
        for id in list.implied { devices.append(VirtioBlock(node: try list.node(id), serial: "")) }
        wanted += list.implied.map { _ in nil }
        try list.plug(devices, wanted: wanted, into: machine)
        return list.disks
    }

    private init(loop: EventLoop, slots: Int, _ networks: NetworkSetup) {
        self.loop = loop
        self.slots = slots
        networkCards = NetworkCards(networks)
    }

    private mutating func readGlobals(_ options: ParsedCommandLine) throws {
        for text in options.all("global") {
            let list = PropertyList(text, option: "global", implied: nil)
            guard let (key, _) = list.values.first, key == "virtio-mmio.force-legacy" else { throw CommandLineError.notSupported("-global \(text)") }
            isLegacy = try list.bool(key, default: false)
        }
    }

    // MARK: Drives

    private mutating func addDrive(_ text: String) throws {
        let list = PropertyList(text, option: "drive", implied: "file")
        try list.check([
            "file", "if", "id", "format", "cache", "aio", "readonly", "discard", "media", "index", "unit", "werror", "rerror", "snapshot",
        ])
        guard let path = list["file"] else { throw CommandLineError.badValue(option: "drive", value: text, expected: "file=IMAGE") }
        if list["if"] == "pflash" { return }  // part of the board
        if let format = list["format"], format != "raw" { throw BlockError.unsupportedFormat(format) }
        if list["format"] == nil { warn("-drive: no format given for '\(path)', taken as raw; say format=raw") }
        if let media = list["media"], media != "disk" { throw CommandLineError.notSupported("-drive media=\(media)") }
        for name in ["werror", "rerror"] where ![nil, "report"].contains(list[name]) {
            throw CommandLineError.notSupported("-drive \(name)=\(list[name] ?? ""); errors are reported to the guest")
        }
        for name in ["index", "unit"] where list[name] != nil { throw CommandLineError.notSupported("-drive \(name)=; drives come in their order") }
        if try list.bool("snapshot", default: false) { throw CommandLineError.notSupported("-drive snapshot=on") }
        if let aio = list["aio"], aio != "threads" { throw CommandLineError.notSupported("-drive aio=\(aio)") }
        let cacheName = list["cache"] ?? "writeback"
        guard let cache = RawImage.Cache(rawValue: cacheName) else {
            throw CommandLineError.badValue(
                option: "drive", value: "cache=\(cacheName)", expected: RawImage.Cache.allCases.map(\.rawValue).joined(separator: ", "))
        }
        let discards = ["unmap", "on"].contains(list["discard"] ?? "")
        let node = try RawImage(path, readOnly: try list.bool("readonly", default: false), cache: cache, discards: discards, loop: loop)
        let id = list["id"] ?? "drive\(nodes.count)"
        guard nodes[id] == nil else { throw CommandLineError.badValue(option: "drive", value: "id=\(id)", expected: "an id that no other drive has") }
        nodes[id] = node
        disks += "\(id): \(path) (raw, \(node.size) bytes\(node.isReadOnly ? ", read-only" : ""))\n    Cache mode: \(cacheName)\n"
        switch list["if"] {
        case nil, "virtio": implied.append(id)
        case "none": break
        case let other?: throw CommandLineError.notSupported("-drive if=\(other)")
        }
    }

    private func checkDrivesAreUsedOnce(_ texts: [String]) throws {
        var used = Set(implied)
        for text in texts {
            guard let id = PropertyList(text, option: "device", implied: "driver")["drive"] else { continue }
            guard used.insert(id).inserted else {
                throw CommandLineError.badValue(option: "device", value: "drive=\(id)", expected: "a drive that no other device has")
            }
        }
    }

    fileprivate func node(_ id: String) throws -> any BlockNode {
        guard let node = nodes[id] else {
            throw CommandLineError.badValue(
                option: "device", value: "drive=\(id)", expected: "one of -drive's ids: " + nodes.keys.sorted().joined(separator: ", "))
        }
        return node
    }

    // MARK: Devices

    private mutating func makeDevice(_ text: String) throws -> any VirtioDevice {
        let list = PropertyList(text, option: "device", implied: "driver")
        let name = list["driver"] ?? text
        guard let kind = DeviceList.kinds.first(where: { $0.name == name }) else {
            throw CommandLineError.unknownName(option: "device", name: name, accepted: DeviceList.kinds.map(\.name))
        }
        try list.check(kind.properties + ["driver", "id", "bus"])
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
