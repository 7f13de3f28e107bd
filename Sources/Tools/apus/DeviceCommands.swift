import NetBackends
import ObjectModel
import QAPI
import VirtioDevices

/// The machine protocol's commands for devices.
extension DeviceFactory {
    func register(in commands: inout CommandTable) {
        commands.on(DeviceAddCommand.self, stopped: true) { [unowned self] arguments in
            do { try addLater(try DeviceRequest(arguments, globals: globals)) } catch let error as PropertyError {
                throw QAPIError(.generic, error.cause)
            }
            changedDevice = arguments.id ?? "without an id"
            return QAPIEmpty()
        }
        commands.on(DeviceDelCommand.self, stopped: true) { [unowned self] arguments in
            try remove(arguments.id)
            changedDevice = arguments.id
            return QAPIEmpty()
        }
        registerBalloon(in: &commands)
        commands.on(QueryRxFilterCommand.self) { [unowned self] arguments in
            var answers: [RxFilterInfo] = []
            for index in cards.indices where arguments.name == nil || cards[index].name == arguments.name {
                cards[index].tellsChanges = true
                guard let device = cards[index].device else {
                    if arguments.name == nil { continue }
                    throw QAPIError(.generic, "net client(\(cards[index].name)) doesn't support rx-filter querying")
                }
                answers.append(describe(cards[index], device))
            }
            guard arguments.name == nil || !answers.isEmpty else {
                throw QAPIError(.generic, "invalid net client name: \(arguments.name ?? "")")
            }
            return answers
        }
    }

    /// Why the command line does not describe the machine any more; nil if it does.
    var changesSinceStart: String? {
        changedDevice.map { "the device '\($0)' has been plugged in or taken out since the start, and clones are made by the command line" }
    }

    private func addLater(_ request: DeviceRequest) throws {
        if request.isPCI { return try addFunctionLater(request) }
        if request.isUSB { return try addUSB(request) }
        if request.values.type.bus == "SCSI" { return try addUnit(request) }
        guard request.values.type.isHotpluggable else {
            throw QAPIError(.generic, "Bus '\(request.bus ?? "virtio-mmio-bus.0")' does not support hotplugging")
        }
        try addPort(request, isPluggedLater: true)
    }

    /// By id or path.
    private func remove(_ id: String) throws {
        if try removeFunction(id) || removeUSB(id) || removeUnit(id) { return }
        guard let port = ports.first(where: { $0.id == id || $0.node.path == id }) else {
            let isThere = parts.objects.peripherals.child(id) != nil || parts.objects.root.find(id).node != nil
            guard isThere else { throw QAPIError.noDevice(id) }
            throw QAPIError(.generic, "Bus 'virtio-mmio-bus.0' does not support hotplugging")
        }
        remove(port)
    }

    func remove(_ port: Port) {
        ports.removeAll { $0.port === port.port }
        let path = port.node.path
        port.bus.remove(port.port)
        parts.characters.release(port.port.backend)
        port.node.parent?.remove(port.node.name)
        parts.emit(DeviceDeletedEvent(device: port.id, path: path))
    }

    private func describe(_ card: Card, _ device: VirtioNet) -> RxFilterInfo {
        let (filter, address) = device.receiveFilter
        func state(_ none: Bool, _ all: Bool) -> RxState { none ? .none : all ? .all : .normal }
        let vlans = filter.passingVLANs
        return RxFilterInfo(
            name: card.name, promiscuous: filter.isPromiscuous, multicast: state(filter.refusesMulticast, filter.takesAllMulticast),
            unicast: state(filter.refusesUnicast, filter.takesAllUnicast), vlan: state(vlans.isEmpty, vlans.count == 4096),
            broadcastAllowed: !filter.refusesBroadcast, multicastOverflow: filter.multicastIsOpen, unicastOverflow: filter.unicastIsOpen,
            mainMac: "\(address)", vlanTable: vlans.map(Int64.init), unicastTable: filter.unicast.map { "\($0)" }.sorted(),
            multicastTable: filter.multicast.map { "\($0)" }.sorted())
    }
}
