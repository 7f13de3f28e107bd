import Snapshot
import USB

/// An endpoint of a slot, as its context said when it was taken over (xHCI 1.2, section 6.2.3).
struct XHCIEndpoint: SnapshotState {
    var state = XHCIEndpointState.running
    var ring = XHCIRing()
    /// Bytes that have been moved since the last event with data (section 4.11.5.2).
    var moved: UInt32 = 0

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        var number = state.rawValue
        visitor.field("state", &number)
        visitor.check("the state is one of the five", number < 5)
        state = XHCIEndpointState(rawValue: number) ?? .disabled
        visitor.part("ring", &ring)
        visitor.field("moved", &moved)
    }
}

/// A slot that is enabled (section 4.5).
struct XHCISlot: SnapshotState {
    var state = XHCISlotState.enabled
    /// Where the device context is.
    var context: UInt64 = 0
    var rootPort: UInt8 = 0
    /// Ports of hubs on the way, four bits each.
    var route: UInt32 = 0
    /// By number of their contexts: 1 for endpoint 0, 2 and 3 for output and input of endpoint 1, and so on.
    var endpoints = [XHCIEndpoint?](repeating: nil, count: 32)

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        var number = state.rawValue
        visitor.field("state", &number)
        visitor.check("the state is one of the four", number < 4)
        state = XHCISlotState(rawValue: number) ?? .enabled
        visitor.field("context", &context)
        visitor.field("rootPort", &rootPort)
        visitor.field("route", &route)
        for index in 1..<32 { visitor.part("endpoint\(index)", &endpoints[index], empty: XHCIEndpoint()) }
    }
}

extension XHCI {
    /// The device that a route leads to from a root port.
    func device(port: UInt8, route: UInt32) -> (any USBDevice)? {
        var device = device(port: Int(port))
        var rest = route & 0xf_ffff
        while rest != 0, let hub = device {
            let number = Int(rest & 15)
            device = number > 0 && number <= hub.ports.count ? hub.ports[number - 1].device : nil
            rest >>= 4
        }
        return device
    }

    /// Who is behind a slot: nobody, if another device has come to its place, or the port has reset it.
    func function(slot number: Int) -> USBFunction? {
        guard let slot = slots[number - 1], slot.state != .enabled, let device = device(port: slot.rootPort, route: slot.route) else { return nil }
        let address = slot.state == .initial ? 0 : UInt8(number)
        return device.function.address == address ? device.function : nil
    }

    public func isReady(_ function: USBFunction, endpoint: Int, isInput: Bool) {
        guard let number = (1...slots.count).first(where: { slots[$0 - 1] != nil && self.function(slot: $0) === function }) else { return }
        let place = (slot: number, endpoint: 2 * endpoint + (isInput ? 1 : 0))
        if !toDo.contains(where: { $0 == place }) { toDo.append(place) }
        // Not within what the device does: that may be part of draining its disk, or go on while the machine stands still.
        if !isWorking { workTimer.arm(at: loop.now(.virtual)) }
    }

    // MARK: Contexts in memory

    /// Bytes of a context.
    static let contextSize = 32

    func read(context: UInt64, _ number: Int) -> [UInt8]? { function.read(context &+ UInt64(XHCI.contextSize * number), count: XHCI.contextSize) }

    /// Writes an endpoint's state, and where its ring is, into its context.
    func publish(slot: Int, endpoint: Int) {
        guard let entry = slots[slot - 1], var bytes = read(context: entry.context, endpoint) else {
            return fail("a device context that is not in memory")
        }
        let state = entry.endpoints[endpoint]?.state ?? .disabled
        bytes.put(bytes.word(0) & ~7 | UInt32(state.rawValue), 0)
        if let ring = entry.endpoints[endpoint]?.ring {
            bytes.put(UInt32(truncatingIfNeeded: ring.dequeue) & ~15 | (ring.cycle ? 1 : 0), 8)
            bytes.put(UInt32(ring.dequeue >> 32), 12)
        }
        function.write(entry.context &+ UInt64(XHCI.contextSize * endpoint), bytes)
    }

    /// Changes the slot context, and writes the slot's state into it.
    func publish(slot: Int, _ change: (inout [UInt8]) -> Void = { _ in }) {
        guard let entry = slots[slot - 1], var bytes = read(context: entry.context, 0) else { return fail("a device context that is not in memory") }
        change(&bytes)
        bytes.put(bytes.word(12) & 0x07ff_ff00 | UInt32(entry.state.rawValue) << 27 | (entry.state.rawValue > 1 ? UInt32(slot) : 0), 12)
        function.write(entry.context, bytes)
    }

    func setState(slot: Int, endpoint: Int, _ state: XHCIEndpointState) {
        slots[slot - 1]?.endpoints[endpoint]?.state = state
        publish(slot: slot, endpoint: endpoint)
    }
}
