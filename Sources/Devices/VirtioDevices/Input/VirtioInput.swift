import AddressSpace
import Diagnostics
import Input
import ObjectModel
import Snapshot
import Virtio

/// A keyboard, mouse or tablet over virtio (Virtio 1.2, section 5.8).
public final class VirtioInput: VirtioDevice, InputHandler {
    /// `virtio-keyboard-device` and its like.
    public static func type(_ kind: InputDeviceKind) -> ObjectType {
        var properties = [
            Property("serial", .string, "serial number"), Property("display", .string, "id of the display that it is at; any if it is left out"),
            Property("head", .unsigned(bits: 32), default: 0, "the display's output"),
        ]
        if kind != .keyboard { properties.append(Property("wheel-axis", .bool, default: true, "a wheel that turns, instead of a button")) }
        return ObjectType.virtio(
            "\(kind.word)", help: "virtio \(kind.word)", properties)
    }

    /// What `select` asks for (section 5.8.2).
    private enum Select {
        static let name: UInt8 = 1, serial: UInt8 = 2, identity: UInt8 = 3, properties: UInt8 = 0x10, events: UInt8 = 0x11, axis: UInt8 = 0x12
    }
    /// An event: type, code, value.
    private struct Event: SnapshotState {
        var type: UInt16 = 0, code: UInt16 = 0, value: UInt32 = 0

        static let size = 8
        var bytes: [UInt8] {
            [type, code].flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] } + littleEndian(value)
        }

        mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
            visitor.field("type", &type)
            visitor.field("code", &code)
            visitor.field("value", &value)
        }
    }
    private enum Queue { static let events = 0, status = 1 }
    /// Events that may wait for buffers; what comes beyond is lost, as with a keyboard that nobody listens to.
    private static let mostWaiting = 256

    public let deviceID: UInt32 = 18
    public let features: UInt64 = 0
    public let queueCount = 2
    public let queueSize: UInt16 = 64
    public var pciClass: UInt32 { kind == .keyboard ? 0x09_0000 : kind == .mouse ? 0x09_0200 : 0x09_8000 }
    public let kind: InputDeviceKind
    private let serial: String
    private let hasWheel: Bool
    public let inputPlace: (device: String, head: Int)?
    private weak var hub: InputHub?
    private weak var port: (any VirtioPort)?
    private var select: UInt8 = 0, subselect: UInt8 = 0
    private var isActive = false
    private var waiting: [Event] = []
    /// Lights of the keyboard that are on, by the bits of their codes.
    public private(set) var lights: UInt8 = 0

    public init(_ kind: InputDeviceKind, _ values: PropertyValues, hub: InputHub) {
        (self.kind, self.hub) = (kind, hub)
        serial = values.string("serial") ?? ""
        hasWheel = kind != .keyboard && values.bool("wheel-axis")
        inputPlace = values.string("display").map { ($0, Int(values.integer("head") ?? 0)) }
        hub.add(self)
    }

    public var inputName: String { kind.name }
    public var accepts: InputKinds { kind.accepts }

    public func attach(_ port: any VirtioPort) { self.port = port }

    public func activate(features: UInt64) {
        isActive = true
        hub?.activate(self)
    }

    public func reset() {
        if isActive { hub?.deactivate(self) }
        (isActive, waiting, select, subselect, lights) = (false, [], 0, 0, 0)
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("select", &select)
        visitor.field("subselect", &subselect)
        visitor.field("isActive", &isActive)
        visitor.field("lights", &lights)
        visitor.parts("waiting", &waiting, empty: Event(), limit: VirtioInput.mostWaiting)
    }

    public func restored(features: UInt64) {
        if isActive { hub?.activate(self) } else { hub?.deactivate(self) }
        sendEvents()
    }

    // MARK: Configuration

    public var configuration: [UInt8] {
        let data = selected.prefix(128)
        return [select, subselect, UInt8(data.count), 0, 0, 0, 0, 0] + data + [UInt8](repeating: 0, count: 128 - data.count)
    }

    public func writeConfiguration(_ offset: Int, _ bytes: [UInt8]) {
        for (index, byte) in bytes.enumerated() {
            if offset + index == 0 { select = byte }
            if offset + index == 1 { subselect = byte }
        }
    }

    private var selected: [UInt8] {
        switch (select, subselect) {
        case (Select.name, 0): return Array(kind.name.utf8)
        case (Select.serial, 0): return Array(serial.utf8)
        // A virtual bus, QEMU's vendor number for input devices, product and version.
        case (Select.identity, 0): return [6, 0, 0x27, 0x06, UInt8(kind.product), 0, 1, 0]
        case (Select.events, let type): return VirtioInput.bits(kind.codes(UInt16(type), hasWheel: hasWheel))
        case (Select.axis, let axis) where kind == .tablet && axis < 2:
            // Least and greatest value, fuzz, flat, resolution.
            return [0, UInt32(InputEvent.largest), 0, 0, 0].flatMap(littleEndian)
        default: return []
        }
    }

    /// A bit for each code, as many bytes as there must be.
    private static func bits(_ codes: [UInt16]) -> [UInt8] {
        guard let last = codes.max() else { return [] }
        var bytes = [UInt8](repeating: 0, count: Int(last) / 8 + 1)
        for code in codes { bytes[Int(code) / 8] |= 1 << UInt8(code % 8) }
        return bytes
    }

    // MARK: Events

    public func handle(_ events: [InputEvent]) {
        guard isActive else { return }
        var batch = events.compactMap(event)
        guard !batch.isEmpty else { return }
        batch.append(Event(type: EventCode.synchronize))
        guard waiting.count + batch.count <= VirtioInput.mostWaiting else { return }
        waiting += batch
        sendEvents()
    }

    private func event(_ event: InputEvent) -> Event? {
        switch event {
        case .key(let key, let isDown): return Event(type: EventCode.key, code: key.code, value: isDown ? 1 : 0)
        case .button(let button, let isDown) where hasWheel && (button == .wheelUp || button == .wheelDown):
            return isDown ? Event(type: EventCode.relative, code: EventCode.wheel, value: UInt32(bitPattern: button == .wheelUp ? 1 : -1)) : nil
        case .button(let button, let isDown): return Event(type: EventCode.key, code: EventCode.of(button), value: isDown ? 1 : 0)
        case .relative(let axis, let distance):
            return Event(type: EventCode.relative, code: axis == .x ? EventCode.x : EventCode.y, value: UInt32(bitPattern: Int32(clamping: distance)))
        case .absolute(let axis, let place):
            return Event(
                type: EventCode.absolute, code: axis == .x ? EventCode.x : EventCode.y, value: UInt32(min(max(place, 0), InputEvent.largest)))
        }
    }

    public func process(queue index: Int) {
        if index == Queue.events { sendEvents() } else { takeStatus() }
    }

    private func sendEvents() {
        guard let port, isActive, !waiting.isEmpty else { return }
        do {
            let queue = port.queues[Queue.events]
            while !waiting.isEmpty, let chain = try queue.pop() {
                let bytes = waiting.removeFirst().bytes
                guard let part = chain.writable.first, part.length >= UInt32(Event.size) else { return port.fail("a buffer that no event fits in") }
                guard port.memory.write(part.address, bytes) == .ok else { return port.fail("a buffer outside of memory") }
                try queue.push(chain, written: bytes.count)
            }
            port.signal(queue)
        } catch { port.fail("\(error)") }
    }

    /// What the driver has to say: lights.
    private func takeStatus() {
        guard let port else { return }
        do {
            let queue = port.queues[Queue.status]
            while let chain = try queue.pop() {
                if let part = chain.readable.first, part.length >= UInt32(Event.size) {
                    guard let bytes = port.memory.read(part.address, count: Event.size) else { return port.fail("a buffer outside of memory") }
                    let (type, code) = (UInt16(bytes[0]) | UInt16(bytes[1]) << 8, UInt16(bytes[2]) | UInt16(bytes[3]) << 8)
                    if type == EventCode.led, EventCode.leds.contains(code) { light(UInt8(code), isOn: bytes[4] != 0) }
                }
                try queue.push(chain, written: 0)
            }
            port.signal(queue)
        } catch { port.fail("\(error)") }
    }

    private func light(_ number: UInt8, isOn: Bool) {
        let bit: UInt8 = 1 << number
        lights = isOn ? lights | bit : lights & ~bit
    }
}
