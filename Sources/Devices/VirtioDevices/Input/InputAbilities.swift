import Input

/// Types and codes of events (Linux, include/uapi/linux/input-event-codes.h).
enum EventCode {
    static let synchronize: UInt16 = 0, key: UInt16 = 1, relative: UInt16 = 2, absolute: UInt16 = 3, led: UInt16 = 0x11, repeating: UInt16 = 0x14
    static let x: UInt16 = 0, y: UInt16 = 1, wheel: UInt16 = 8
    /// Num lock, caps lock, scroll lock.
    static let leds: [UInt16] = [0, 1, 2]
    static let repeats: [UInt16] = [0, 1]

    static func of(_ button: PointerButton) -> UInt16 {
        switch button {
        case .left: 0x110
        case .right: 0x111
        case .middle: 0x112
        case .side: 0x113
        case .extra: 0x114
        case .wheelUp: 0x151
        case .wheelDown: 0x150
        }
    }
}

/// What kinds of input devices there are, and what each can do.
public enum InputDeviceKind: CaseIterable, Sendable {
    case keyboard, mouse, tablet

    /// "keyboard", as in the names of types.
    public var word: String {
        switch self {
        case .keyboard: "keyboard"
        case .mouse: "mouse"
        case .tablet: "tablet"
        }
    }

    /// What the guest reads as the device's name, which its quirks go by.
    var name: String {
        switch self {
        case .keyboard: "QEMU Virtio Keyboard"
        case .mouse: "QEMU Virtio Mouse"
        case .tablet: "QEMU Virtio Tablet"
        }
    }

    /// QEMU's numbers of them, under its vendor number for input devices.
    var product: UInt16 {
        switch self {
        case .keyboard: 1
        case .mouse: 2
        case .tablet: 3
        }
    }

    var accepts: InputKinds {
        switch self {
        case .keyboard: .keys
        case .mouse: [.buttons, .relative]
        case .tablet: [.buttons, .absolute]
        }
    }

    /// Codes of events of a type that it sends or obeys.
    func codes(_ type: UInt16, hasWheel: Bool) -> [UInt16] {
        let wheel = hasWheel ? [EventCode.wheel] : []
        switch (self, type) {
        case (.keyboard, EventCode.key): return Key.all.map(\.code)
        case (.keyboard, EventCode.repeating): return EventCode.repeats
        case (.keyboard, EventCode.led): return EventCode.leds
        case (.mouse, EventCode.key), (.tablet, EventCode.key): return PointerButton.allCases.map(EventCode.of)
        case (.mouse, EventCode.relative): return [EventCode.x, EventCode.y] + wheel
        case (.tablet, EventCode.relative): return wheel
        case (.tablet, EventCode.absolute): return [EventCode.x, EventCode.y]
        default: return []
        }
    }
}
