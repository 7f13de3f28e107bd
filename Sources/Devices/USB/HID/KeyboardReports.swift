import Input
import Snapshot

/// A keyboard's reports: which keys are down, at most six beside the modifiers (HID 1.11, appendices B.1 and C).
struct KeyboardReports: HIDReports {
    /// Usages that are down, in the order in which they were pressed.
    private var pressed: [UInt8] = []
    /// What has happened and was not reported: a usage, with the top bit of the word for its release.
    private var changes: [UInt16] = []
    private(set) var lights: UInt8 = 0

    private static let release: UInt16 = 1 << 15
    private static let mostChanges = 64, mostPressed = 128
    private static let modifiers: ClosedRange<UInt8> = 0xe0...0xe7

    var hasNews: Bool { !changes.isEmpty }

    mutating func take(_ events: [InputEvent]) -> Bool {
        var isTaken = false
        for case .key(let key, let isDown) in events {
            guard let usage = KeyboardUsage.of(key) else { continue }
            // What nobody asks for is not reported step by step.
            if changes.count >= KeyboardReports.mostChanges { apply(changes.removeFirst()) }
            changes.append(UInt16(usage) | (isDown ? 0 : KeyboardReports.release))
            isTaken = true
        }
        return isTaken
    }

    private mutating func apply(_ change: UInt16) {
        let usage = UInt8(truncatingIfNeeded: change)
        pressed.removeAll { $0 == usage }
        if change & KeyboardReports.release == 0, pressed.count < KeyboardReports.mostPressed { pressed.append(usage) }
    }

    mutating func report(isBoot: Bool, takesNews: Bool) -> [UInt8] {
        if takesNews, !changes.isEmpty { apply(changes.removeFirst()) }
        let modifiers = pressed.filter { KeyboardReports.modifiers.contains($0) }.reduce(0) { $0 | 1 << ($1 & 7) } as UInt8
        let keys = pressed.filter { !KeyboardReports.modifiers.contains($0) }
        // More than there is room for: the code for that in every place.
        let six = keys.count > 6 ? [UInt8](repeating: 1, count: 6) : keys + [UInt8](repeating: 0, count: 6 - keys.count)
        return [modifiers, 0] + six
    }

    mutating func obey(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first else { return false }
        lights = first & 0x1f
        return true
    }

    mutating func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) {
        visitor.field("pressed", &pressed)
        visitor.field("changes", &changes)
        visitor.field("lights", &lights)
        visitor.check("no more keys than there are", pressed.count <= KeyboardReports.mostPressed && changes.count <= KeyboardReports.mostChanges)
    }
}

/// Usages of keys (HID Usage Tables 1.12, chapter 10).
enum KeyboardUsage {
    static func of(_ key: Key) -> UInt8? { table[key.name] }

    /// Where a row of usages begins, and the keys from there on.
    private static let rows: [(UInt8, String)] = [
        (0x04, "a b c d e f g h i j k l m n o p q r s t u v w x y z 1 2 3 4 5 6 7 8 9 0 ret esc backspace tab spc minus equal"),
        (0x2f, "bracket_left bracket_right backslash"),
        (0x33, "semicolon apostrophe grave_accent comma dot slash caps_lock f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 f11 f12 print scroll_lock pause"),
        (0x49, "insert home pgup delete end pgdn right left down up num_lock kp_divide kp_multiply kp_subtract kp_add kp_enter"),
        (0x59, "kp_1 kp_2 kp_3 kp_4 kp_5 kp_6 kp_7 kp_8 kp_9 kp_0 kp_decimal less compose power kp_equals"),
        (0x74, "open help"), (0x76, "menu"), (0x77, "front stop again undo cut copy paste find audiomute volumeup volumedown"),
        (0x85, "kp_comma"), (0x87, "ro katakanahiragana yen henkan muhenkan"), (0x90, "lang1 lang2"),
        (0xe0, "ctrl shift alt meta_l ctrl_r shift_r alt_r meta_r"),
    ]

    private static let table: [String: UInt8] = {
        var table: [String: UInt8] = ["sysrq": 0x46, "help": 0x75, "asterisk": 0x55]
        for (first, names) in rows {
            for (index, name) in names.split(separator: " ").enumerated() { table[String(name)] = first + UInt8(index) }
        }
        return table
    }()
}
