import AddressSpace
import Chardev
import Diagnostics
import ObjectModel
import Snapshot
import Virtio

/// Consoles and serial ports over virtio (Virtio 1.2, section 5.3), with several ports and emergency writes.
public final class VirtioConsole: VirtioDevice {
    public let deviceID: UInt32 = 3
    public let features: UInt64 = Feature.multiplePorts | Feature.emergencyWrite
    public let queueSize: UInt16 = 128
    public let queueCount: Int
    public let maxPorts: Int
    private var ports: [VirtioConsolePort] = []
    private weak var port: (any VirtioPort)?
    private var accepted: UInt64 = 0
    /// Messages that the driver has not yet given a buffer for.
    private var messages: [[UInt8]] = []

    private enum Feature { static let multiplePorts: UInt64 = 2, emergencyWrite: UInt64 = 4 }
    private enum Event {
        static let deviceReady: UInt16 = 0, portAdd: UInt16 = 1, portRemove: UInt16 = 2, portReady: UInt16 = 3, console: UInt16 = 4,
            portOpen: UInt16 = 6,
            portName: UInt16 = 7
    }
    private enum Queue { static let controlReceive = 2, controlSend = 3 }
    /// Messages that may wait for the driver; a driver that never takes any gets no more.
    private static let mostMessages: UInt32 = 1024
    /// The most that is read from a buffer of the driver's at once.
    private static let largest = 1 << 16

    public static let type = ObjectType.virtio(
        "serial", help: "virtio consoles and serial ports",
        [Property("max_ports", .unsigned(bits: 32), default: 31, range: 1...31, "number of ports that can be plugged in")])

    /// `maxPorts` from 1 to 31.
    public init(maxPorts: Int = 31) {
        self.maxPorts = maxPorts
        // The first port's two queues, two for control messages, two for each other port.
        queueCount = 2 * maxPorts + 2
    }

    /// The number that a new port gets: 0 is for a console, the rest in turn; nil if all are taken.
    public func freeNumber(isConsole: Bool) -> Int? { (isConsole ? 0..<maxPorts : 1..<maxPorts).first { !hasPort($0) } }

    public func hasPort(_ number: Int) -> Bool { ports.contains { $0.number == number } }

    /// Adds a port; its number must be free.
    public func add(_ new: VirtioConsolePort) {
        ports.append(new)
        new.device = self
        message(new.number, Event.portAdd, 1)
    }

    /// Takes a port away; the driver is told.
    public func remove(_ old: VirtioConsolePort) {
        ports.removeAll { $0 === old }
        old.unplug()
        message(old.number, Event.portRemove, 1)
    }

    public func attach(_ port: any VirtioPort) { self.port = port }

    /// Columns and rows (not offered), the number of ports, and the register of emergency writes.
    public var configuration: [UInt8] { [0, 0, 0, 0, UInt8(maxPorts), 0, 0, 0, 0, 0, 0, 0] }

    public func writeConfiguration(_ offset: Int, _ bytes: [UInt8]) {
        if offset == 8, let first = bytes.first { console?.backend.write([first]) }
    }

    private var console: VirtioConsolePort? { ports.first { $0.number == 0 } }
    private var hasMultiplePorts: Bool { accepted & Feature.multiplePorts != 0 }

    public func reset() {
        messages = []
        accepted = 0
        for port in ports { port.reset() }
    }

    public func activate(features: UInt64) {
        accepted = features
        // Without control messages there is one console, open from the start.
        if !hasMultiplePorts { console?.guestOpened(true) }
    }

    public func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        var count = UInt32(messages.count)
        visitor.field("messages", &count)
        visitor.check("messages wait in reasonable number", count <= VirtioConsole.mostMessages)
        if visitor.isReading { messages = [[UInt8]](repeating: [], count: Int(min(count, VirtioConsole.mostMessages))) }
        for index in messages.indices { visitor.field("message\(index)", &messages[index]) }
        for port in ports { visitor.group("port\(port.number)") { port.visit(&$0) } }
    }

    public func restored(features: UInt64) {
        accepted = features
        for port in ports { port.backend.frontEndIsReady() }
    }

    // MARK: Queues

    func queue(of number: Int, receiving: Bool) -> Virtqueue? {
        let index = number == 0 ? 0 : 2 * number + 2
        guard let port, port.queues.indices.contains(index) else { return nil }
        return port.queues[index + (receiving ? 0 : 1)]
    }

    /// Runs what may meet a rule broken by the driver.
    func guarded(_ body: (any VirtioPort) throws -> Void) {
        guard let port else { return }
        do { try body(port) } catch { port.fail("\(error)") }
    }

    public func process(queue index: Int) {
        switch index {
        case Queue.controlReceive: sendMessages()
        case Queue.controlSend: guarded(receiveMessages)
        default:
            let number = index < 2 ? 0 : (index - 2) / 2
            guard let target = ports.first(where: { $0.number == number }) else { return }
            if index & 1 == 0 { target.backend.frontEndIsReady() } else { guarded { try transmit(target, $0) } }
        }
    }

    private func transmit(_ target: VirtioConsolePort, _ port: any VirtioPort) throws {
        guard let queue = queue(of: target.number, receiving: false) else { return }
        while let chain = try queue.pop() {
            for part in chain.readable { guard send(part, to: target, port.memory) else { return port.fail("a buffer outside of memory") } }
            try queue.push(chain, written: 0)
        }
        port.signal(queue)
    }

    private func send(_ part: DescriptorChain.Part, to target: VirtioConsolePort, _ memory: AddressSpace) -> Bool {
        var done: UInt64 = 0
        while done < UInt64(part.length) {
            let count = min(VirtioConsole.largest, Int(UInt64(part.length) - done))
            guard let bytes = memory.read(part.address &+ done, count: count) else { return false }
            target.backend.write(bytes)
            done += UInt64(count)
        }
        return true
    }

    // MARK: Control messages

    private func message(_ number: Int, _ event: UInt16, _ value: UInt16, _ more: [UInt8] = []) {
        guard hasMultiplePorts, messages.count < VirtioConsole.mostMessages else { return }
        let fields = [UInt16(number), 0, event, value].flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
        messages.append(fields + more)
        sendMessages()
    }

    private func sendMessages() {
        guarded { port in
            let queue = port.queues[Queue.controlReceive]
            guard !messages.isEmpty else { return }
            while !messages.isEmpty, let chain = try queue.pop() {
                let written = try write(messages.removeFirst(), into: chain, port.memory)
                try queue.push(chain, written: written)
            }
            port.signal(queue)
        }
    }

    /// Fills a buffer of the driver's; says how many bytes had room.
    func write(_ bytes: [UInt8], into chain: DescriptorChain, _ memory: AddressSpace) throws -> Int {
        var rest = bytes[...]
        for part in chain.writable where !rest.isEmpty {
            let piece = rest.prefix(Int(part.length))
            guard memory.write(part.address, Array(piece)) == .ok else { throw VirtqueueError.unreadable(part.address) }
            rest = rest.dropFirst(piece.count)
        }
        return bytes.count - rest.count
    }

    private func receiveMessages(_ port: any VirtioPort) throws {
        let queue = port.queues[Queue.controlSend]
        while let chain = try queue.pop() {
            if let part = chain.readable.first, part.length >= 8 {
                guard let bytes = port.memory.read(part.address, count: 8) else { return port.fail("a control message outside of memory") }
                func half(_ offset: Int) -> UInt16 { UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8 }
                obey(Int(half(0)) | Int(half(2)) << 16, half(4), half(6))
            }
            try queue.push(chain, written: 0)
        }
        port.signal(queue)
    }

    private func obey(_ number: Int, _ event: UInt16, _ value: UInt16) {
        if event == Event.deviceReady {
            if value == 1 { for port in ports { message(port.number, Event.portAdd, 1) } }
            return
        }
        guard let target = ports.first(where: { $0.number == number }) else {
            return Log.write(.guestErrors, "virtio-serial: a message for port \(number), which there is not")
        }
        switch event {
        case Event.portReady: if value == 1 { introduce(target) }
        case Event.portOpen: target.guestOpened(value != 0)
        default: Log.write(.guestErrors, "virtio-serial: control message \(event) is not known")
        }
    }

    /// Tells the driver what a port is and whether somebody is at its other side.
    private func introduce(_ target: VirtioConsolePort) {
        if target.isConsole { message(target.number, Event.console, 1) }
        if !target.name.isEmpty { message(target.number, Event.portName, 1, Array(target.name.utf8) + [0]) }
        hostChanged(target)
    }

    func hostChanged(_ target: VirtioConsolePort) { message(target.number, Event.portOpen, target.isHostOpen ? 1 : 0) }
}
