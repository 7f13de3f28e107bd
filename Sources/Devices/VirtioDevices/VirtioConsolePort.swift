import Chardev
import ObjectModel
import Snapshot
import Virtio

/// A port of a virtio console device: `virtconsole`, which the guest shows as hvc0, or `virtserialport`, which it shows by its name.
public final class VirtioConsolePort: CharacterFrontEnd {
    public let number: Int
    public let isConsole: Bool
    /// What the guest finds it by, in /dev/virtio-ports.
    public let name: String
    public let backend: CharacterBackend
    /// The guest has opened or closed the port.
    public var onGuestOpen: ((Bool) -> Void)?
    weak var device: VirtioConsole?
    private var guestIsOpen = false
    /// A buffer of the driver's that input goes into next.
    private var waiting: DescriptorChain?

    private static let properties = [
        Property("chardev", .string, required: true, "character back end that it leads to"),
        Property("name", .string, default: "", "what the guest finds it by"),
        Property("nr", .unsigned(bits: 32), "number of the port on its device; 0 is for a console"),
    ]

    public static let portType = ObjectType(
        "virtserialport", parent: "virtio-serial-port", help: "serial port", bus: "virtio-serial-bus", hotpluggable: true, properties)
    public static let consoleType = ObjectType(
        "virtconsole", parent: "virtio-serial-port", help: "console", bus: "virtio-serial-bus", hotpluggable: true, properties)

    public init(number: Int, isConsole: Bool, name: String, backend: CharacterBackend) {
        self.number = number
        self.isConsole = isConsole
        self.name = name
        self.backend = backend
        backend.frontEnd = self
    }

    /// A console always is; a port while its back end is connected.
    var isHostOpen: Bool { isConsole || backend.isOpen }

    func reset() {
        setGuestOpen(false)
        waiting = nil
    }

    /// The port is gone; its back end is free for another.
    func unplug() {
        reset()
        backend.frontEnd = nil
        device = nil
    }

    private func setGuestOpen(_ open: Bool) {
        guard open != guestIsOpen else { return }
        guestIsOpen = open
        onGuestOpen?(open)
    }

    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("guestIsOpen", &guestIsOpen)
        visitor.part("waiting", &waiting, empty: .empty)
    }

    func guestOpened(_ open: Bool) {
        setGuestOpen(open)
        if open { backend.frontEndIsReady() }
    }

    // MARK: Input

    public func receivableBytes() -> Int {
        guard guestIsOpen, let queue = device?.queue(of: number, receiving: true) else { return 0 }
        if waiting == nil { device?.guarded { _ in waiting = try queue.pop() } }
        return waiting?.writableBytes ?? 0
    }

    public func receive(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty, receivableBytes() > 0 {
            device?.guarded { port in
                guard let device, let chain = waiting, let queue = device.queue(of: number, receiving: true) else { return rest = [] }
                waiting = nil
                let written = try device.write(Array(rest), into: chain, port.memory)
                rest = rest.dropFirst(written)
                try queue.push(chain, written: written)
                port.signal(queue)
            }
        }
    }

    public func handle(_ event: CharacterEvent) { if event != .lineBreak { device?.hostChanged(self) } }
}
