import Display
import Input
import QAPI

/// The machine protocol's commands for keyboards and pointers.
public struct InputCommands {
    private let hub: InputHub
    private let consoles: ConsoleList
    private static let usualHold: Int64 = 100

    public init(_ hub: InputHub, _ consoles: ConsoleList) { (self.hub, self.consoles) = (hub, consoles) }

    public func register(in commands: inout CommandTable) {
        let hub = hub
        commands.on(SendKeyCommand.self) { arguments in
            let keys = try arguments.keys.map(InputCommands.key)
            guard hub.press(keys, milliseconds: arguments.holdTime ?? InputCommands.usualHold) else {
                throw QAPIError(.generic, "too many keys wait to be pressed")
            }
            return QAPIEmpty()
        }
        commands.on(InputSendEventCommand.self) { arguments in
            try send(arguments)
            return QAPIEmpty()
        }
        commands.on(QueryMiceCommand.self) {
            hub.pointers.enumerated().map { place, entry in
                MouseInfo(
                    name: entry.handler.inputName, index: Int64(entry.number), current: place == 0,
                    absolute: entry.handler.accepts.contains(.absolute))
            }
        }
    }

    private func send(_ arguments: InputSendEventCommand.Arguments) throws {
        var place: (device: String, head: Int)?
        if let device = arguments.device {
            let head = Int(clamping: arguments.head ?? 0)
            guard consoles.find(device: device, head: head) != nil else { throw QAPIError.noDevice(device) }
            place = (device, head)
        }
        let events = try arguments.events.map(InputCommands.event)
        for event in events where !hub.takes(event) {
            throw QAPIError(.generic, "Input handler not found for event type \(InputCommands.word(event))")
        }
        hub.send(events, at: place)
    }

    private static func word(_ event: Input.InputEvent) -> String {
        switch event {
        case .key: "key"
        case .button: "btn"
        case .relative: "rel"
        case .absolute: "abs"
        }
    }

    private static func key(_ value: KeyValue) throws(QAPIError) -> Key {
        switch value.branch {
        case .number(let number):
            guard let key = Key.of(scancode: UInt64(bitPattern: number.data)) else { throw .notSupported("the key with the scancode \(number.data)") }
            return key
        case .qcode(let code):
            guard let key = Key.named(code.data.rawValue) else { throw .notSupported("the key '\(code.data.rawValue)'") }
            return key
        }
    }

    private static func event(_ event: QAPI.InputEvent) throws(QAPIError) -> Input.InputEvent {
        switch event.branch {
        case .key(let key): return .key(try InputCommands.key(key.data.key), isDown: key.data.down)
        case .btn(let button): return .button(try InputCommands.button(button.data.button), isDown: button.data.down)
        case .rel(let move): return .relative(axis(move.data.axis), Int(Int32(clamping: move.data.value)))
        case .abs(let move): return .absolute(axis(move.data.axis), Int(Int32(clamping: move.data.value)))
        }
    }

    private static func axis(_ axis: InputAxis) -> PointerAxis { axis == .x ? .x : .y }

    private static func button(_ button: InputButton) throws(QAPIError) -> PointerButton {
        switch button {
        case .left: return .left
        case .middle: return .middle
        case .right: return .right
        case .wheelUp: return .wheelUp
        case .wheelDown: return .wheelDown
        case .side: return .side
        case .extra: return .extra
        case .wheelLeft, .wheelRight: throw .notSupported("the button '\(button.rawValue)'")
        }
    }
}
