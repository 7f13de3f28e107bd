/// Usages of keys (HID Usage Tables 1.12, chapter 10).
public enum KeyboardUsage {
    public static func of(_ key: Key) -> UInt8? { table[key.name] }

    /// The key of a usage, by the name that it has first; nil if there is none.
    public static func key(_ usage: UInt32) -> Key? { keys[usage].flatMap(Key.named) }

    private static let keys: [UInt32: String] = {
        var keys: [UInt32: String] = [:]
        for (first, names) in rows {
            for (index, name) in names.split(separator: " ").enumerated() { keys[UInt32(first) + UInt32(index)] = String(name) }
        }
        return keys
    }()

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
