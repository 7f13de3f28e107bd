import Snapshot

/// What every USB device has: an address, a configuration, endpoints that may be halted, and the control transfers of endpoint 0 (USB 2.0, chapters 8
/// and 9). A device owns one.
public final class USBFunction {
    public let description: USBDescription
    public private(set) weak var port: USBPort?
    private weak var device: (any USBDevice)?
    public private(set) var speed = USBSpeed.full
    /// What users call it: the id of `-device`.
    public var id: String?

    public private(set) var address: UInt8 = 0
    /// The number that the host has chosen; 0 for none.
    public private(set) var configuration: UInt8 = 0
    /// A bit for each endpoint that is halted: those of inputs from bit 16 on.
    private var halted: UInt32 = 0
    /// The host lets it wake the bus.
    private(set) var mayWake = false
    /// What SuperSpeed devices are told of link power: U1, U2, latency messages.
    private(set) var linkFeatures: UInt8 = 0
    public private(set) var isSuspended = false
    private var transfer = USBControlTransfer()

    public init(_ description: USBDescription) { self.description = description }

    // MARK: At its port

    func attach(_ port: USBPort, _ device: any USBDevice, _ speed: USBSpeed) { (self.port, self.device, self.speed) = (port, device, speed) }

    func detach() { port = nil }

    /// Whether the host reaches it.
    public var isReachable: Bool { port.map { port in port.owner?.isEnabled(port) ?? false } ?? false }

    /// Power-on state; devices call it from their own `reset`.
    public func reset() {
        (address, configuration, halted, mayWake, linkFeatures, isSuspended) = (0, 0, 0, false, 0, false)
        transfer = USBControlTransfer()
    }

    /// The port resets the device (section 7.1.7.5).
    public func resetByPort() {
        reset()
        device?.configurationChanged()
    }

    /// The port suspends the device, or goes on.
    public func suspend(_ suspended: Bool) { isSuspended = suspended }

    /// The device has something for a host that sleeps.
    public func wakeHost() {
        guard isSuspended, mayWake, let port else { return }
        port.owner?.wake(port)
    }

    /// An endpoint that answered `nak` may be asked again.
    public func isReady(_ endpoint: Int, isInput: Bool) { port?.owner?.isReady(self, endpoint: endpoint, isInput: isInput) }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("address", &address)
        visitor.field("configuration", &configuration)
        visitor.field("halted", &halted)
        visitor.field("mayWake", &mayWake)
        visitor.field("linkFeatures", &linkFeatures)
        visitor.field("isSuspended", &isSuspended)
        visitor.part("transfer", &transfer)
        visitor.check("the configuration is one that there is", configuration < 2)
    }

    // MARK: Endpoints

    private var settings: USBConfiguration? { configuration == 0 ? nil : description.configurations[speed] }

    private static func bit(_ number: Int, _ isInput: Bool) -> UInt32 { 1 << UInt32(number & 15 + (isInput ? 16 : 0)) }

    public func isHalted(_ number: Int, isInput: Bool) -> Bool { halted & USBFunction.bit(number, isInput) != 0 }

    /// The device halts an endpoint: it stalls until the host clears that.
    public func halt(_ number: Int, isInput: Bool) { halted |= USBFunction.bit(number, isInput) }

    public func input(_ number: Int, room: Int) -> USBHandshake {
        guard let device, isReachable, let endpoint = settings?.endpoint(number, isInput: true) else { return .silent }
        guard !isHalted(number, isInput: true) else { return .stall }
        let answer = device.input(endpoint, room: room)
        if case .ack(let bytes) = answer, bytes.count > room { return .babble }
        return answer
    }

    public func output(_ number: Int, _ bytes: [UInt8]) -> USBHandshake {
        guard let device, isReachable, let endpoint = settings?.endpoint(number, isInput: false) else { return .silent }
        guard !isHalted(number, isInput: false) else { return .stall }
        return device.output(endpoint, bytes)
    }

    // MARK: Control transfers

    /// The setup stage, which no device refuses (section 8.5.3).
    public func setUp(_ bytes: [UInt8]) -> USBHandshake {
        guard isReachable else { return .silent }
        guard bytes.count == USBRequest.size else { return .stall }
        transfer = USBControlTransfer(bytes)
        let request = transfer.request
        if request.isInput { transfer.answer(carryOut(request, [])) }
        return .accepted
    }

    /// A part of the data stage to the host.
    public func controlInput(room: Int) -> USBHandshake { isReachable ? transfer.take(room) : .silent }

    /// A part of the data stage from the host.
    public func controlOutput(_ bytes: [UInt8]) -> USBHandshake {
        guard isReachable else { return .silent }
        let answer = transfer.append(bytes)
        if transfer.isComplete { transfer.answer(carryOut(transfer.request, transfer.data)) }
        return answer
    }

    /// The status stage, which goes the other way.
    public func controlStatus(isInput: Bool) -> USBHandshake {
        guard isReachable else { return .silent }
        let request = transfer.request
        if transfer.isBare { transfer.answer(carryOut(request, [])) }
        return transfer.end(isInput: isInput)
    }

    private func carryOut(_ request: USBRequest, _ data: [UInt8]) -> [UInt8]? {
        guard request.kind == .standard, let recipient = request.recipient else { return device?.control(request, data) }
        switch (request.code, request.isInput, recipient) {
        case (Code.getStatus, true, _): return status(request, recipient)
        case (Code.clearFeature, false, _): return feature(request, recipient, isSet: false)
        case (Code.setFeature, false, _): return feature(request, recipient, isSet: true)
        case (Code.setAddress, false, .device): return setAddress(request.value)
        case (Code.getDescriptor, true, .device):
            return description.descriptor(UInt8(request.value >> 8), UInt8(request.value & 0xff), speed) ?? device?.control(request, data)
        case (Code.getConfiguration, true, .device): return [configuration]
        case (Code.setConfiguration, false, .device): return setConfiguration(request.value)
        case (Code.getInterface, true, .interface): return hasInterface(request.index) ? [0] : nil
        case (Code.setInterface, false, .interface): return hasInterface(request.index) && request.value == 0 ? [] : nil
        // Exit latencies and delays, which nothing here has (USB 3.2, sections 9.4.11 and 9.4.12).
        case (Code.setLatencies, false, .device): return speed == .superSpeed && data.count == 6 ? [] : nil
        case (Code.setDelay, false, .device): return speed == .superSpeed && request.length == 0 ? [] : nil
        default: return device?.control(request, data)
        }
    }

    private enum Code {
        static let getStatus: UInt8 = 0, clearFeature: UInt8 = 1, setFeature: UInt8 = 3, setAddress: UInt8 = 5, getDescriptor: UInt8 = 6
        static let getConfiguration: UInt8 = 8, setConfiguration: UInt8 = 9, getInterface: UInt8 = 10, setInterface: UInt8 = 11
        static let setLatencies: UInt8 = 0x30, setDelay: UInt8 = 0x31
    }
    private enum Feature {
        static let halt: UInt16 = 0, functionSuspend: UInt16 = 0, remoteWakeup: UInt16 = 1
        /// U1, U2 and latency messages (USB 3.2, table 9-7).
        static let links: ClosedRange<UInt16> = 48...50
    }

    private func hasInterface(_ index: UInt16) -> Bool { Int(index) < settings?.interfaces.count ?? 0 }

    /// An endpoint of the configuration, or endpoint 0 (section 9.3.4).
    private func endpoint(_ index: UInt16) -> (number: Int, isInput: Bool)? {
        let (number, isInput) = (Int(index & 15), index & 0x80 != 0)
        guard index & 0xff70 == 0, number == 0 || settings?.endpoint(number, isInput: isInput) != nil else { return nil }
        return (number, isInput)
    }

    private func status(_ request: USBRequest, _ recipient: USBRequest.Recipient) -> [UInt8]? {
        switch recipient {
        case .device:
            let isSelfPowered = description.configurations[speed]?.isSelfPowered ?? false
            return [(isSelfPowered ? 1 : 0) | (mayWake && speed != .superSpeed ? 2 : 0) | linkFeatures << 2, 0]
        case .interface:
            guard hasInterface(request.index) else { return nil }
            let canWake = speed == .superSpeed && settings?.canWake == true
            return [(canWake ? 1 : 0) | (canWake && mayWake ? 2 : 0), 0]
        case .endpoint: return endpoint(request.index).map { [isHalted($0.number, isInput: $0.isInput) ? 1 : 0, 0] }
        case .other: return nil
        }
    }

    private func feature(_ request: USBRequest, _ recipient: USBRequest.Recipient, isSet: Bool) -> [UInt8]? {
        switch (recipient, request.value) {
        case (.device, Feature.remoteWakeup):
            guard description.configurations[speed]?.canWake == true, speed != .superSpeed else { return nil }
            mayWake = isSet
        case (.device, Feature.links) where speed == .superSpeed && configuration != 0:
            let bit: UInt8 = 1 << UInt8(request.value - Feature.links.lowerBound)
            linkFeatures = isSet ? linkFeatures | bit : linkFeatures & ~bit
        case (.interface, Feature.functionSuspend) where speed == .superSpeed && hasInterface(request.index & 0xff):
            mayWake = isSet && request.index & 0x200 != 0 && settings?.canWake == true
        case (.endpoint, Feature.halt):
            guard let (number, isInput) = endpoint(request.index) else { return nil }
            if number > 0 { setHalt(number, isInput, isSet) }
        // Modes for tests of signals are among what is refused.
        default: return nil
        }
        return []
    }

    private func setHalt(_ number: Int, _ isInput: Bool, _ isSet: Bool) {
        if isSet { return halt(number, isInput: isInput) }
        halted &= ~USBFunction.bit(number, isInput)
        device?.haltCleared(number, isInput: isInput)
    }

    private func setAddress(_ value: UInt16) -> [UInt8]? {
        guard value < 128, configuration == 0 else { return nil }
        address = UInt8(value)
        return []
    }

    private func setConfiguration(_ value: UInt16) -> [UInt8]? {
        guard value < 2, address != 0 else { return nil }
        (configuration, halted, linkFeatures) = (UInt8(value), 0, 0)
        device?.configurationChanged()
        return []
    }
}
