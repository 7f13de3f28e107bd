import AddressSpace
import DeviceModel
import EventLoop
import PlatformDevices

/// The board's power button: a key at a pin that device trees tell of, or an event that ACPI has.
enum PowerButton {
    case key(PL061, PowerKey)
    case event(GenericEventDevice)

    static func make(hasEvents: Bool, _ root: MemoryRegion, _ controller: InterruptController, _ loop: EventLoop) -> PowerButton {
        typealias Board = ArmVirtBoard
        if hasEvents {
            let events = GenericEventDevice()
            root.add(events.makeRegion(), at: Board.Map.events.0)
            events.interrupt.connect(controller.shared(Board.Shared.events))
            return .event(events)
        }
        let (pins, key) = (PL061(), PowerKey(loop: loop))
        root.add(pins.makeRegion(), at: Board.Map.gpio.0)
        key.output.connect(pins.input(Board.powerKey))
        pins.interrupt.connect(controller.shared(Board.Shared.gpio))
        return .key(pins, key)
    }

    var hasEvents: Bool {
        if case .event = self { return true }
        return false
    }

    var devices: [any Device] {
        switch self {
        case .key(let pins, let key): [pins, key]
        case .event(let events): [events]
        }
    }

    /// Presses it. The machine holds the devices.
    var press: () -> Void {
        switch self {
        case .key(_, let key): { [unowned key] in key.press() }
        case .event(let events): { [unowned events] in events.signal(ArmVirtBoard.powerEvent) }
        }
    }
}
