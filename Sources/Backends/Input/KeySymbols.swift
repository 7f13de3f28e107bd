/// X's names for keys, as viewers send them (X Window System Protocol, appendix A; RFC 6143, section 7.5.4), on a US keyboard.
public enum KeySymbols {
    /// The key that gives a symbol, with or without shift; nil if none does.
    public static func key(_ symbol: UInt32) -> Key? { table[symbol].flatMap(Key.named) }

    /// Characters that the keys of a name give, without and with shift.
    private static let characters: [(String, String)] =
        [
            ("1", "1!"), ("2", "2@"), ("3", "3#"), ("4", "4$"), ("5", "5%"), ("6", "6^"), ("7", "7&"), ("8", "8*"), ("9", "9("), ("0", "0)"),
            ("minus", "-_"), ("equal", "=+"), ("bracket_left", "[{"), ("bracket_right", "]}"), ("semicolon", ";:"), ("apostrophe", "'\""),
            ("grave_accent", "`~"), ("backslash", "\\|"), ("comma", ",<"), ("dot", ".>"), ("slash", "/?"), ("spc", " "),
        ] + "abcdefghijklmnopqrstuvwxyz".map { ("\($0)", "\($0)\($0.uppercased())") }

    private static let named: [UInt32: String] = [
        0xff08: "backspace", 0xff09: "tab", 0xff0d: "ret", 0xff13: "pause", 0xff14: "scroll_lock", 0xff15: "sysrq", 0xff1b: "esc", 0xffff: "delete",
        0xff50: "home", 0xff51: "left", 0xff52: "up", 0xff53: "right", 0xff54: "down", 0xff55: "pgup", 0xff56: "pgdn", 0xff57: "end",
        0xff61: "print", 0xff63: "insert", 0xff67: "compose", 0xff7f: "num_lock", 0xff8d: "kp_enter",
        0xff95: "kp_7", 0xff96: "kp_4", 0xff97: "kp_8", 0xff98: "kp_6", 0xff99: "kp_2", 0xff9a: "kp_9", 0xff9b: "kp_3", 0xff9c: "kp_1",
        0xff9d: "kp_5", 0xff9e: "kp_0", 0xff9f: "kp_decimal", 0xffaa: "kp_multiply", 0xffab: "kp_add", 0xffac: "kp_comma",
        0xffad: "kp_subtract", 0xffae: "kp_decimal", 0xffaf: "kp_divide", 0xffbd: "kp_equals",
        0xffe1: "shift", 0xffe2: "shift_r", 0xffe3: "ctrl", 0xffe4: "ctrl_r", 0xffe5: "caps_lock", 0xffe7: "alt", 0xffe8: "alt_r",
        0xffe9: "alt", 0xffea: "alt_r", 0xffeb: "meta_l", 0xffec: "meta_r", 0xfe03: "alt_r", 0xfe20: "tab",
    ]

    private static let table: [UInt32: String] = {
        var table = named
        for (name, symbols) in characters { for character in symbols.unicodeScalars { table[character.value] = name } }
        for digit in 0..<10 as Range<UInt32> { table[0xffb0 + digit] = "kp_\(digit)" }
        for number in 1...12 as ClosedRange<UInt32> { table[0xffbd + number] = "f\(number)" }
        return table
    }()
}
