import ObjectModel
import Snapshot
import USB

/// A hub for USB 2.0 with one translator for all of its ports (USB 2.0, chapter 11).
public final class USBHub: USBDevice {
    public static let typeName = "usb-hub"
    public static let type = ObjectType(
        typeName, parent: "usb-device", help: "USB hub", bus: "usb-bus", hotpluggable: true,
        USBProperties.all + [Property("ports", .unsigned(bits: 32), default: 8, range: 1...8, "number of ports")])

    /// Hubs that may be in a row (section 4.1.1).
    public static let mostInARow = 5

    public let function: USBFunction
    public let ports: [USBPort]
    /// `wPortStatus` and `wPortChange` of each port (section 11.24.2.7).
    private var states: [UInt16]
    private var changes: [UInt16]

    private enum State {
        static let connected: UInt16 = 1, enabled: UInt16 = 2, suspended: UInt16 = 4, reset: UInt16 = 1 << 4, power: UInt16 = 1 << 8
        static let low: UInt16 = 1 << 9, high: UInt16 = 1 << 10, indicator: UInt16 = 1 << 12
    }
    private enum Request {
        static let getStatus: UInt8 = 0, clearFeature: UInt8 = 1, setFeature: UInt8 = 3, getDescriptor: UInt8 = 6
        static let clearBuffer: UInt8 = 8, resetTranslator: UInt8 = 9, stopTranslator: UInt8 = 11
    }
    /// Features of ports (table 11-17).
    private enum Feature {
        static let enable: UInt16 = 1, suspend: UInt16 = 2, reset: UInt16 = 4, power: UInt16 = 8, indicator: UInt16 = 22
        /// Those that clear bits of `wPortChange`, in order.
        static let changes: ClosedRange<UInt16> = 16...20
    }
    private static let endpoint = 1

    public init(ports count: Int = 8, serial: String? = nil) {
        // A bit for the hub and one for each port; 256 ms in microframes.
        let status = USBEndpoint(USBHub.endpoint, isInput: true, .interrupt, packetSize: 2, interval: 12)
        let configuration = USBConfiguration(isSelfPowered: true, canWake: true, current: 0, [USBInterface(USBClass(9), [status])])
        let slow = USBConfiguration(
            isSelfPowered: true, canWake: true, current: 0,
            [USBInterface(USBClass(9), [USBEndpoint(USBHub.endpoint, isInput: true, .interrupt, packetSize: 2, interval: 255)])])
        var description = USBDescription(
            vendor: 0x0409, product: 0x55aa, name: "QEMU USB Hub", serial: serial ?? "314159", [.high: configuration, .full: slow])
        description.release = 0x0101
        description.kind = USBClass(9, 0, 1)
        function = USBFunction(description)
        ports = (1...count).map { USBPort(number: $0, speeds: [.low, .full, .high]) }
        states = [UInt16](repeating: 0, count: count)
        changes = states
        for port in ports { port.owner = self }
    }

    public func reset() {
        function.reset()
        configurationChanged()
    }

    /// Without a configuration ports have no power.
    public func configurationChanged() {
        for index in ports.indices { (states[index], changes[index]) = (0, 0) }
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        function.visit(&visitor)
        visitor.table("states", &states)
        visitor.table("changes", &changes)
    }

    public func input(_ endpoint: USBEndpoint, room: Int) -> USBHandshake {
        let bits: UInt16 = changes.enumerated().reduce(0) { $0 | ($1.element != 0 ? 2 << UInt16($1.offset) : 0) }
        guard bits != 0 else { return .nak }
        let bytes = [UInt8(bits & 0xff), UInt8(bits >> 8)]
        return .ack(ports.count < 8 ? [bytes[0]] : bytes)
    }

    // MARK: Requests

    public func control(_ request: USBRequest, _ data: [UInt8]) -> [UInt8]? {
        guard request.kind == .ofClass else { return nil }
        switch (request.code, request.isInput, request.recipient) {
        case (Request.getStatus, true, .device): return [0, 0, 0, 0]
        case (Request.clearFeature, false, .device), (Request.setFeature, false, .device): return request.value < 2 ? [] : nil
        case (Request.getDescriptor, true, .device): return request.value == 0x2900 ? descriptor : nil
        case (Request.clearBuffer, false, .other), (Request.resetTranslator, false, .other), (Request.stopTranslator, false, .other): return []
        default: break
        }
        let number = Int(request.index & 0xff)
        guard request.recipient == .other, (1...ports.count).contains(number) else { return nil }
        switch (request.code, request.isInput) {
        case (Request.getStatus, true): return [states[number - 1], changes[number - 1]].flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        case (Request.setFeature, false): return set(request.value, number - 1) ? [] : nil
        case (Request.clearFeature, false): return clear(request.value, number - 1) ? [] : nil
        default: return nil
        }
    }

    /// Section 11.23.2.1: power for each port, no protection, 100 ms until it is good, every device can be taken out.
    private var descriptor: [UInt8] {
        let bytes = ports.count / 8 + 1
        let begin: [UInt8] = [UInt8(7 + 2 * bytes), 0x29, UInt8(ports.count), 0x11, 0, 50, 0]
        return begin + [UInt8](repeating: 0, count: bytes) + [UInt8](repeating: 0xff, count: bytes)
    }

    private func set(_ feature: UInt16, _ index: Int) -> Bool {
        switch feature {
        case Feature.power where states[index] & State.power == 0:
            states[index] |= State.power
            look(index)
        case Feature.reset: resetPort(index)
        case Feature.suspend where states[index] & State.enabled != 0:
            states[index] |= State.suspended
            ports[index].device?.function.suspend(true)
        case Feature.indicator: states[index] |= State.indicator
        case Feature.power, Feature.suspend: break
        default: return false
        }
        return true
    }

    private func clear(_ feature: UInt16, _ index: Int) -> Bool {
        switch feature {
        case Feature.enable: states[index] &= ~(State.enabled | State.suspended)
        case Feature.suspend: resume(index)
        case Feature.power: (states[index], changes[index]) = (0, 0)
        case Feature.indicator: states[index] &= ~State.indicator
        case Feature.changes: changes[index] &= ~(1 << (feature - Feature.changes.lowerBound))
        default: return false
        }
        return true
    }

    private func resetPort(_ index: Int) {
        guard states[index] & State.power != 0, let device = ports[index].device else { return }
        device.function.resetByPort()
        states[index] = states[index] & ~State.suspended | State.enabled
        note(State.reset, index)
    }

    private func resume(_ index: Int) {
        guard states[index] & State.suspended != 0 else { return }
        states[index] &= ~State.suspended
        ports[index].device?.function.suspend(false)
        note(State.suspended, index)
    }

    /// Looks who is at a port.
    private func look(_ index: Int) {
        guard states[index] & State.power != 0 else { return }
        let old = states[index]
        states[index] &= ~(State.connected | State.enabled | State.suspended | State.low | State.high)
        if let speed = ports[index].device?.function.speed {
            states[index] |= State.connected | (speed == .high ? State.high : speed == .low ? State.low : 0)
        }
        if (old | states[index]) & State.connected != 0 { note(State.connected, index) }
    }

    private func note(_ change: UInt16, _ index: Int) {
        changes[index] |= change
        function.wakeHost()
        function.isReady(USBHub.endpoint, isInput: true)
    }
}

extension USBHub: USBPortOwner {
    public var pathPrefix: String { (function.port?.path ?? "") + "." }
    public var depth: Int { (function.port?.owner?.depth ?? 0) + 1 }

    public func changed(_ port: USBPort) { look(port.number - 1) }

    public func isEnabled(_ port: USBPort) -> Bool {
        let state = states[port.number - 1]
        return function.isReachable && state & (State.power | State.enabled | State.suspended) == State.power | State.enabled
    }

    /// The device's wish goes on to the host, and the port with it.
    public func wake(_ port: USBPort) {
        function.wakeHost()
        resume(port.number - 1)
    }

    public func isReady(_ function: USBFunction, endpoint: Int, isInput: Bool) {
        self.function.port?.owner?.isReady(function, endpoint: endpoint, isInput: isInput)
    }
}
