/// What somebody types into a console of text.
public enum TypedKey: Equatable, Sendable {
    case character(Unicode.Scalar)
    case up, down, left, right, home, end, pageUp, pageDown, insert, delete
    /// From 1 on.
    case function(Int)
    /// Lines to look back by, forth if negative.
    case scroll(Int)
    /// Half pages.
    case scrollPage(Int)

    /// The key of an X symbol (X Window System Protocol, appendix A); nil for one that types nothing, such as Shift.
    public init?(symbol: UInt32, isControl: Bool) {
        if let named = isControl ? TypedKey.withControl[symbol] ?? TypedKey.named[symbol] : TypedKey.named[symbol] {
            self = named
            return
        }
        switch symbol {
        case 0xffaa...0xffb9: self = .character(Unicode.Scalar(UInt8(symbol & 0x7f)))
        case 0xffbe...0xffc9: self = .function(Int(symbol - 0xffbd))
        case 0x20...0x7e, 0xa0...0xff: self.init(UInt32(symbol), isControl: isControl)
        case 0x0100_0100...0x0110_ffff: self.init(symbol & 0xff_ffff, isControl: false)
        default: return nil
        }
    }

    /// Control makes a letter a control character.
    private init?(_ value: UInt32, isControl: Bool) {
        let isLetter = (0x40...0x7e).contains(value)
        guard let scalar = Unicode.Scalar(isControl && isLetter ? value & 0x1f : isControl && value == 0x20 ? 0 : value) else { return nil }
        self = .character(scalar)
    }

    private static let named: [UInt32: TypedKey] = [
        0xff08: .character("\u{7f}"), 0xff09: .character("\t"), 0xff0d: .character("\r"), 0xff8d: .character("\r"), 0xff1b: .character("\u{1b}"),
        0xff50: .home, 0xff51: .left, 0xff52: .up, 0xff53: .right, 0xff54: .down, 0xff55: .pageUp, 0xff56: .pageDown, 0xff57: .end,
        0xff63: .insert, 0xffff: .delete, 0xff95: .home, 0xff96: .left, 0xff97: .up, 0xff98: .right, 0xff99: .down, 0xff9a: .pageUp,
        0xff9b: .pageDown, 0xff9c: .end, 0xff9e: .insert, 0xff9f: .delete,
    ]

    private static let withControl: [UInt32: TypedKey] = [
        0xff52: .scroll(1), 0xff54: .scroll(-1), 0xff55: .scrollPage(1), 0xff56: .scrollPage(-1),
    ]

    /// A key by QEMU's name for it (QKeyCode), as far as it types no text, which comes by itself.
    public init?(named name: String, isControl: Bool) {
        let letter = Array(name.unicodeScalars)
        if isControl, letter.count == 1, ("a"..."z").contains(letter[0]) {
            self = .character(Unicode.Scalar(UInt8(letter[0].value & 0x1f)))
        } else if let symbol = TypedKey.symbols[name], let key = TypedKey(symbol: symbol, isControl: isControl) {
            self = key
        } else {
            return nil
        }
    }

    private static let symbols: [String: UInt32] = {
        var symbols: [String: UInt32] = [
            "ret": 0xff0d, "kp_enter": 0xff8d, "backspace": 0xff08, "tab": 0xff09, "esc": 0xff1b, "home": 0xff50, "left": 0xff51, "up": 0xff52,
            "right": 0xff53, "down": 0xff54, "pgup": 0xff55, "pgdn": 0xff56, "end": 0xff57, "insert": 0xff63, "delete": 0xffff,
        ]
        for number in 1...12 { symbols["f\(number)"] = UInt32(0xffbd + number) }
        return symbols
    }()

    /// What a VT102 sends for it, with the keys beside that Linux's console has (console_codes(4)).
    public func bytes(hasApplicationKeys: Bool) -> [UInt8] {
        func escape(_ text: String) -> [UInt8] { [0x1b] + Array(text.utf8) }
        let arrow = hasApplicationKeys ? "O" : "["
        switch self {
        case .character(let scalar): return Array(String(scalar).utf8)
        case .up: return escape(arrow + "A")
        case .down: return escape(arrow + "B")
        case .right: return escape(arrow + "C")
        case .left: return escape(arrow + "D")
        case .home: return escape("[1~")
        case .insert: return escape("[2~")
        case .delete: return escape("[3~")
        case .end: return escape("[4~")
        case .pageUp: return escape("[5~")
        case .pageDown: return escape("[6~")
        case .function(let number): return TypedKey.functions.indices.contains(number - 1) ? escape(TypedKey.functions[number - 1]) : []
        case .scroll, .scrollPage: return []
        }
    }

    private static let functions = ["[[A", "[[B", "[[C", "[[D", "[[E", "[17~", "[18~", "[19~", "[20~", "[21~", "[23~", "[24~"]
}
