/// A key of a keyboard, by its place and not by what is printed on it.
public struct Key: Hashable, Sendable {
    /// QEMU's name of it (QKeyCode).
    public let name: String
    /// Linux's number (include/uapi/linux/input-event-codes.h).
    public let code: UInt16
    /// What a PC keyboard sends of it, set 1, with bit 7 for a 0xe0 in front; nil if there is no such key on one.
    public let scancode: UInt8?

    public static func named(_ name: String) -> Key? { KeyTable.byName[name] }
    public static func of(scancode: UInt64) -> Key? { KeyTable.all.first { $0.scancode.map(UInt64.init) == scancode } }
    public static var all: [Key] { KeyTable.all }
}

/// Keys, the ones that a PC keyboard has no code of its own for without a scancode.
private enum KeyTable {
    static let all: [Key] =
        rows + extended.map { Key(name: $0.0, code: $0.1, scancode: $0.2) } + others.map { Key(name: $0.0, code: $0.1, scancode: nil) }
    static let byName = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })

    /// Those whose numbers are the scancodes: where one begins, and the names from there on.
    private static let plain: [(UInt16, String)] = [
        (1, "esc 1 2 3 4 5 6 7 8 9 0 minus equal backspace tab q w e r t y u i o p bracket_left bracket_right ret ctrl"),
        (
            30,
            "a s d f g h j k l semicolon apostrophe grave_accent shift backslash z x c v b n m comma dot slash shift_r kp_multiply alt spc caps_lock"
        ),
        (59, "f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 num_lock scroll_lock kp_7 kp_8 kp_9 kp_subtract kp_4 kp_5 kp_6 kp_add kp_1 kp_2 kp_3 kp_0 kp_decimal"),
        (86, "less f11 f12"),
    ]

    private static let rows: [Key] = plain.flatMap { start, names in
        names.split(separator: " ").enumerated().map { index, name in
            let code = start + UInt16(index)
            return Key(name: String(name), code: code, scancode: UInt8(code))
        }
    }

    private static let extended: [(String, UInt16, UInt8)] = [
        ("kp_enter", 96, 0x9c), ("ctrl_r", 97, 0x9d), ("kp_divide", 98, 0xb5), ("print", 99, 0xb7), ("sysrq", 99, 0x54), ("alt_r", 100, 0xb8),
        ("home", 102, 0xc7), ("up", 103, 0xc8), ("pgup", 104, 0xc9), ("left", 105, 0xcb), ("right", 106, 0xcd), ("end", 107, 0xcf),
        ("down", 108, 0xd0), ("pgdn", 109, 0xd1), ("insert", 110, 0xd2), ("delete", 111, 0xd3), ("pause", 119, 0xc6), ("meta_l", 125, 0xdb),
        ("meta_r", 126, 0xdc), ("compose", 127, 0xdd), ("power", 116, 0xde), ("sleep", 142, 0xdf), ("wake", 143, 0xe3), ("ro", 89, 0x73),
        ("katakanahiragana", 93, 0x70), ("henkan", 92, 0x79), ("muhenkan", 94, 0x7b), ("yen", 124, 0x7d), ("hiragana", 91, 0x77),
        ("lang1", 122, 0x72), ("lang2", 123, 0x71), ("kp_comma", 121, 0x7e), ("kp_equals", 117, 0x59), ("menu", 139, 0x9e),
    ]

    private static let others: [(String, UInt16)] = [
        ("asterisk", 55), ("lf", 101), ("stop", 128), ("again", 129), ("props", 130), ("undo", 131), ("front", 132), ("copy", 133), ("open", 134),
        ("paste", 135), ("find", 136), ("cut", 137), ("help", 138), ("audionext", 163), ("audioprev", 165), ("audiostop", 166),
        ("audioplay", 164), ("audiomute", 113), ("volumeup", 115), ("volumedown", 114), ("mediaselect", 226), ("mail", 155), ("calculator", 140),
        ("computer", 157), ("ac_home", 172), ("ac_back", 158), ("ac_forward", 159), ("ac_refresh", 173), ("ac_bookmarks", 156),
    ]
}
