import BlockCore
import BlockSetup
import CharacterSetup
import CommandLine
import Diagnostics
import Display
import DisplayDevices
import EventLoop
import Input
import JSON
import MachineControl
import MachineModel
import NetBackends
import NetworkDevices
import NetworkSetup
import ObjectModel
import PCI
import QAPI
import StorageDevices
import USB
import USBDevices
import Virtio
import VirtioDevices

/// Makes what `-device`, `-drive` and their relatives add to a machine, and what `device_add` adds later.
final class DeviceFactory {
    /// What devices are made of.
    struct Parts {
        let loop: EventLoop
        let characters: CharacterSetup
        let blocks: BlockSetup
        let networks: NetworkSetup
        let backEnds: BackEnds
        let objects: ObjectTree
        let displays: ConsoleList
        let input: InputHub
        let emit: (any QAPIEvent) -> Void
    }

    struct Card {
        let name: String
        let path: String
        /// Its filter can be asked for only if it is a virtio card.
        let device: VirtioNet?
        /// A change is told once, until somebody has asked.
        var tellsChanges = true
    }

    struct Port {
        let id: String?
        let node: ObjectNode
        let port: VirtioConsolePort
        let bus: VirtioConsole
    }

    /// Models that cards of `-nic` can have, the default first.
    static let cardModels = ["virtio-net-pci", "virtio", VirtioNet.type.name, E1000e.typeName, LAN9118.typeName, SMC91C111.typeName]
    /// Those that boards carry and nobody can add.
    private static let onboardModels = [LAN9118.typeName, SMC91C111.typeName]

    let parts: Parts
    var globals = GlobalProperties()
    var cards: [Card] = []
    /// The board's own card has a network.
    private var onboardIsTaken = false
    var ports: [Port] = []
    private var buses: [(id: String, device: VirtioConsole)] = []
    /// What each device is in the tree of objects, and how it gives its back ends back.
    private var noted: [ObjectIdentifier: (node: ObjectNode, release: () -> Void)] = [:]
    /// Devices and the slots that they want; nil for any.
    private var waiting: [(device: any VirtioDevice, slot: Int?, ringFeatures: UInt64)] = []
    var bootOrder = BootOrder()
    /// What is on PCI, by whom it was asked for.
    var functions: [Function] = []
    weak var balloon: VirtioBalloon?
    private var cardSlot: (any MediumSlot)?
    /// The machine that devices are plugged into, once there is one.
    private(set) unowned var machine: Machine!
    /// The machine's memory in bytes.
    private(set) var memorySize: UInt64 = 0
    /// What is added from now on is plugged into a running machine.
    private(set) var isRunning = false
    /// A device that has been plugged in or taken out since then.
    var changedDevice: String?
    /// SATA host controllers by the names of their buses, less the port, and how many drives there are.
    var controllers: [(id: String, device: AHCI)] = []
    var drives = 0
    /// SCSI host adapters by the names of their buses, less ".0".
    var adapters: [(id: String, device: VirtioSCSI)] = []
    var units: [Unit] = []
    /// USB host controllers by the names of their buses, and what is at their ports.
    var usbBuses: [(name: String, controller: any USBHostController)] = []
    var usbDevices: [any USBDevice] = []

    init(_ parts: Parts) { self.parts = parts }

    /// Fills the machine's slots with what the command line asks for.
    func attach(_ options: ParsedCommandLine, to machine: Machine, memorySize: UInt64) throws {
        (self.machine, self.memorySize) = (machine, memorySize)
        defer { isRunning = true }
        for console in machine.displays { parts.displays.add(console) }
        machine.plugInput?(parts.input)
        if let controller = machine.usbController { usbBuses.append(("usb-bus.0", controller)) }
        for card in parts.networks.cards { try add(card) }
        if let drive = parts.blocks.memoryCard { try connectCards(drive) }
        // The board's own disks come first to their drives, and last into the slots.
        let disks = try parts.blocks.impliedDrives.map { drive in
            var request = try DeviceRequest(type: machine.pci == nil ? VirtioBlock.type.name : "virtio-blk-pci", globals: globals)
            try request.values.set("drive", text: drive)
            return (request, try makeDisk(request))
        }
        for text in options.all("device") { try add(try DeviceRequest(text, globals: globals), slots: machine.slots.count) }
        for (request, disk) in disks where request.isPCI { try plug(disk, request) }
        try plug(waiting + disks.filter { !$0.0.isPCI }.map { ($0.1, nil, VirtioRingProperties.features($0.0.values)) }, into: machine)
        waiting = []
        bootOrder.hand(to: machine, strict: try isStrict(options))
    }

    /// `-drive if=sd`.
    private func connectCards(_ drive: String) throws {
        guard let connect = machine.connectCards else {
            let boards = "vexpress-a9, vexpress-a15, versatilepb, versatileab, realview-pb-a8, raspi0, raspi1ap, raspi2b, raspi3ap, raspi3b"
            throw CommandLineError.badValue(option: "drive", value: "if=sd", expected: "a board with a slot for cards (\(boards))")
        }
        let disk = try parts.blocks.take(drive, needsMedium: false)
        let slot = try connect(disk.node)
        cardSlot = slot
        parts.blocks.noteDevice("sd-card", of: disk, slot: slot) {}
    }

    /// `-boot strict=on`: nothing else is booted from.
    private func isStrict(_ options: ParsedCommandLine) throws -> Bool {
        try PropertyList(options.last("boot") ?? "", option: "boot", implied: nil).bool("strict", default: false)
    }

    private func add(_ request: DeviceRequest, slots: Int) throws {
        if request.values.type.bus == "virtio-serial-bus" { return try addPort(request) }
        if request.isPCI { return try addFunction(request) }
        if request.values.type.bus == "IDE" { return try addDrive(request) }
        if request.values.type.bus == "SCSI" { return try addUnit(request) }
        if request.isUSB { return try addUSB(request) }
        if request.values.type.name == RAMFramebuffer.typeName { return try addRAMFramebuffer(request) }
        waiting.append((try make(request), try slot(request.bus, of: slots), VirtioRingProperties.features(request.values)))
    }

    /// What sits on a transport: `virtio-blk-device`, `virtio-blk-pci`, and so on.
    func make(_ request: DeviceRequest) throws -> any VirtioDevice {
        switch request.values.type.name.split(separator: "-").prefix(2).joined(separator: "-") {
        case "virtio-blk": return try makeDisk(request)
        case "virtio-net": return try makeCard(request)
        case "virtio-serial": return try makeBus(request)
        case "virtio-scsi": return try makeAdapter(request)
        case "virtio-balloon": return try makeBalloon(request)
        case "virtio-gpu": return try makeDisplay(request)
        case "virtio-keyboard": return try makeInput(.keyboard, request)
        case "virtio-mouse": return try makeInput(.mouse, request)
        case "virtio-tablet": return try makeInput(.tablet, request)
        default:
            let source = try parts.backEnds.random(request.values.string("rng"))
            let device = VirtioEntropy(source: source, limit: VirtioEntropy.Limit(request.values), loop: parts.loop)
            try note(device, request) {}
            return device
        }
    }

    /// Puts the device into the tree of objects.
    func note(_ request: DeviceRequest, _ own: [ObjectNode.Live] = [], isPluggedLater: Bool = false) throws -> ObjectNode {
        let canCome = request.values.type.isHotpluggable
        let live = [
            ObjectNode.Live("realized", "bool") { true }, ObjectNode.Live("hotplugged", "bool") { .bool(isPluggedLater) },
            ObjectNode.Live("hotpluggable", "bool") { .bool(canCome) },
        ]
        let node = ObjectNode(request.values, live + own)
        guard parts.objects.add(device: node, id: request.id) else {
            throw QAPIError(.generic, "Duplicate device ID '\(request.id ?? "")'")
        }
        return node
    }

    /// Puts a device into the tree of objects, with properties that show its state; `release` is called when it is taken out of the machine.
    @discardableResult
    func note(_ device: AnyObject, _ request: DeviceRequest, _ own: [ObjectNode.Live] = [], release: @escaping () -> Void) throws -> ObjectNode {
        let node = try note(request, own, isPluggedLater: isRunning)
        // The device is a part of its transport.
        if let inner = request.innerType { node.add(ObjectNode(type: inner), as: DeviceRequest.innerName) }
        noted[ObjectIdentifier(device)] = (node, release)
        return node
    }

    func node(of device: AnyObject) -> ObjectNode? { noted[ObjectIdentifier(device)]?.node }

    /// Forgets a device that has been taken out.
    func release(_ device: AnyObject) {
        guard let entry = noted.removeValue(forKey: ObjectIdentifier(device)) else { return }
        entry.node.parent?.remove(entry.node.name)
        entry.release()
        bootOrder.forget(device)
    }

    // MARK: Kinds

    private func makeDisk(_ request: DeviceRequest) throws -> VirtioBlock {
        let values = request.values
        let id = values.string("drive") ?? ""
        var options = try VirtioBlock.Options(values)
        if request.isPCI, !values.isGiven("num-queues") { options.queues = min(machine.cpus.count, 1024) }
        let disk = try parts.blocks.take(id, rerror: values.string("rerror") ?? "auto", werror: values.string("werror") ?? "auto")
        options.nodeHasCache = disk.hasCache
        let device = VirtioBlock(node: disk.node, options: options)
        let path = try note(device, request) { [parts] in parts.blocks.release(disk) }.path
        let name = request.innerType == nil ? request.id ?? path : "\(path)/\(DeviceRequest.innerName)"
        parts.blocks.noteDevice(name, of: disk) { [weak device] in device?.sizeChanged() }
        try bootOrder.note(device, values, suffix: "disk@0,0")
        return device
    }

    /// A card of `-nic` or `-net nic`.
    private func add(_ card: NetworkSetup.CardRequest) throws {
        let model = card.model ?? (onboardIsTaken ? nil : onboardModel) ?? DeviceFactory.cardModels[0]
        if DeviceFactory.onboardModels.contains(model) { return try connectOnboardCard(card, model) }
        if model == E1000e.typeName {
            var request = try DeviceRequest(type: model, globals: globals)
            if let address = card.address { try request.values.set("mac", text: address) }
            return try addE1000e(request, backend: card.backend, name: card.name, option: "nic")
        }
        let isBare = model == VirtioNet.type.name || machine.pci == nil
        var request = try DeviceRequest(type: isBare ? VirtioNet.type.name : "virtio-net-pci", globals: globals)
        if let address = card.address { try request.values.set("mac", text: address) }
        let device = try makeCard(request, backend: card.backend, name: card.name, option: "nic")
        if isBare { waiting.append((device, nil, VirtioRingProperties.features(request.values))) } else { try plug(device, request) }
    }

    /// What the board carries.
    private var onboardModel: String? { machine.onboardCard.map { type(of: $0).typeName } }

    /// The card that is on the board already gets its network.
    private func connectOnboardCard(_ card: NetworkSetup.CardRequest, _ model: String) throws {
        guard let onboard = machine.onboardCard, onboardModel == model, !onboardIsTaken else {
            let boards = model == LAN9118.typeName ? "vexpress-a9, vexpress-a15, realview-pb-a8" : "versatilepb, versatileab"
            throw CommandLineError.badValue(option: "nic", value: "model=\(model)", expected: "a board that carries one (\(boards)), and once")
        }
        let address = try parts.networks.address(card.address, option: "nic")
        onboard.connect(card.backend, address: address)
        onboardIsTaken = true
        parts.networks.noteCard(model, model: model, address, on: card.backend) { [weak onboard] in onboard?.setLink(up: $0) }
    }

    private func makeCard(_ request: DeviceRequest) throws -> VirtioNet {
        let backend = try request.values.string("netdev").map { try parts.networks.use($0, option: "device") }
        return try makeCard(request, backend: backend, name: request.id, option: "device")
    }

    private func makeCard(_ request: DeviceRequest, backend: NetworkBackend?, name: String?, option: String) throws -> VirtioNet {
        var request = request
        let address = try parts.networks.address(request.values.string("mac"), option: option)
        try request.values.set("mac", text: "\(address)")
        let mtu = request.values.integer("host_mtu").map { UInt16($0) }
        let device = VirtioNet(address: address, backend: backend, features: NetFeatures(request.values), mtu: mtu)
        let model = request.values.type.name
        let name = name ?? "\(model).\(cards.count)"
        parts.networks.noteCard(name, model: model, address, on: backend) { [weak device] in device?.setLink(up: $0) }
        let id = request.values.string("netdev")
        let path = try note(device, request) { [unowned self] in
            cards.removeAll { $0.name == name }
            parts.networks.release(id, card: name)
        }.path
        cards.append(Card(name: name, path: path, device: device))
        try bootOrder.note(device, request.values, suffix: "ethernet-phy@0")
        device.onFilterChange = { [unowned self] in filterChanged(name) }
        return device
    }

    private func filterChanged(_ name: String) {
        guard let index = cards.firstIndex(where: { $0.name == name }), cards[index].tellsChanges else { return }
        cards[index].tellsChanges = false
        parts.emit(NicRxFilterChangedEvent(name: cards[index].name, path: cards[index].path))
    }

    private func makeBus(_ request: DeviceRequest) throws -> VirtioConsole {
        let device = VirtioConsole(maxPorts: Int(request.values.integer("max_ports") ?? 31))
        buses.append((request.id ?? "virtio-serial\(buses.count)", device))
        try note(device, request) { [unowned self, unowned device] in
            buses.removeAll { $0.device === device }
            for port in ports where port.bus === device { remove(port) }
        }
        return device
    }

    // MARK: Ports

    /// `virtconsole` or `virtserialport`, at the start or later.
    func addPort(_ request: DeviceRequest, isPluggedLater: Bool = false) throws {
        let values = request.values
        let kind = values.type.name
        let bus = try bus(request.bus, for: kind)
        let isConsole = kind == VirtioConsolePort.consoleType.name
        let wanted = values.integer("nr").map { Int(clamping: $0) }
        guard let number = wanted ?? bus.freeNumber(isConsole: isConsole), number < bus.maxPorts, !bus.hasPort(number), isConsole || number > 0 else {
            let free = "a number below \(bus.maxPorts) that is free; 0 is for a virtconsole"
            throw CommandLineError.badValue(option: "device", value: "\(kind),nr=\(wanted.map(String.init) ?? "")", expected: free)
        }
        let backend = try parts.characters.use(values.string("chardev") ?? "", option: "device")
        let port = VirtioConsolePort(number: number, isConsole: isConsole, name: values.string("name") ?? "", backend: backend)
        if let id = request.id { port.onGuestOpen = { [parts] in parts.emit(VserportChangeEvent(id: id, open: $0)) } }
        ports.append(Port(id: request.id, node: try note(request, isPluggedLater: isPluggedLater), port: port, bus: bus))
        bus.add(port)
    }

    private func bus(_ name: String?, for kind: String) throws -> VirtioConsole {
        guard let last = buses.last else {
            throw CommandLineError.badValue(option: "device", value: kind, expected: "a -device virtio-serial-device before it")
        }
        guard let name else { return last.device }
        guard let found = buses.first(where: { $0.id == name || "\($0.id).0" == name }) else {
            throw CommandLineError.badValue(
                option: "device", value: "bus=\(name)", expected: buses.map { "bus=\($0.id).0" }.joined(separator: ", "))
        }
        return found.device
    }

    // MARK: Slots

    /// The slot that `bus=virtio-mmio-bus.N` names; nil if any will do.
    private func slot(_ bus: String?, of slots: Int) throws -> Int? {
        guard let bus else { return nil }
        let prefix = "virtio-mmio-bus."
        let taken = waiting.compactMap(\.slot)
        guard bus.hasPrefix(prefix), let number = Int(bus.dropFirst(prefix.count)), (0..<slots).contains(number), !taken.contains(number) else {
            throw CommandLineError.badValue(option: "device", value: "bus=\(bus)", expected: "a free one of \(prefix)0 to \(prefix)\(slots - 1)")
        }
        return number
    }

    private func plug(_ devices: [(device: any VirtioDevice, slot: Int?, ringFeatures: UInt64)], into machine: Machine) throws {
        guard devices.count <= machine.slots.count else {
            throw CommandLineError.badValue(
                option: "device", value: "\(devices.count) devices", expected: "at most \(machine.slots.count) on virtio-mmio")
        }
        var placed: [Int: (device: any VirtioDevice, ringFeatures: UInt64)] = [:]
        for (device, slot, features) in devices { if let slot { placed[slot] = (device, features) } }
        for (device, slot, features) in devices where slot == nil {
            if let free = machine.slots.indices.first(where: { placed[$0] == nil }) { placed[free] = (device, features) }
        }
        var transport = PropertyValues(VirtioMMIO.type)
        try globals.apply(to: &transport)
        for (index, slot) in machine.slots.enumerated() {
            let transport = VirtioMMIO(
                memory: machine.memory, device: placed[index]?.device, legacy: transport.bool("force-legacy"),
                ringFeatures: placed[index]?.ringFeatures ?? VirtioFeature.ring)
            slot.container.add(transport.makeRegion(), at: slot.address)
            transport.interrupt.connect(slot.interrupt)
            machine.add(transport)
            if let device = placed[index]?.device { bootOrder.place(device, at: slot) }
        }
    }
}
