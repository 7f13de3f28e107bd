/// A terminal that understands what Linux's programs send to a VT102 (ECMA-48; DEC's VT100 User Guide, chapter 3). Letters come in UTF-8.
///
/// What it does not know, it leaves out without a trace, however long it is.
struct VirtualTerminal {
    private(set) var screen: TextScreen
    /// Cursor keys send what programs want that have asked for them (DECCKM).
    private(set) var hasApplicationKeys = false
    /// What the terminal itself answers.
    private var answers: [UInt8] = []
    private var state = State.ground
    private var letter = PartialLetter()
    private var sequence = Sequence()
    /// Whether G0 and G1 are DEC's lines and symbols.
    private var drawsLines = [false, false]
    private var shift = 0

    private enum State {
        case ground, escape, sequence, string, stringEscape
        /// A character set follows.
        case set(Int)
        /// One byte that means nothing here.
        case skipped
    }

    /// Numbers of a control sequence.
    private struct Sequence {
        static let mostNumbers = 16, largest = 9999
        var numbers: [Int] = []
        var isPrivate = false
        var isStrange = false

        mutating func add(digit: Int) {
            if numbers.isEmpty { numbers = [0] }
            numbers[numbers.count - 1] = min(numbers[numbers.count - 1] * 10 + digit, Sequence.largest)
        }

        mutating func beginNumber() {
            if numbers.isEmpty { numbers = [0] }
            if numbers.count < Sequence.mostNumbers { numbers.append(0) } else { isStrange = true }
        }

        /// A number of times; none and 0 are 1.
        func count(_ index: Int = 0) -> Int { max(1, numbers.count > index ? numbers[index] : 1) }
        /// A number whose absence is 0.
        func number(_ index: Int = 0) -> Int { numbers.count > index ? numbers[index] : 0 }
    }

    /// Bytes of a letter in UTF-8 that has not come whole.
    private struct PartialLetter {
        var value: UInt32 = 0
        var missing = 0
        var least: UInt32 = 0

        /// The letter that a byte makes whole; the one that stands for nonsense if it is that.
        mutating func take(_ byte: UInt8) -> UInt32? {
            guard missing > 0 else { return begin(byte) }
            guard byte & 0xc0 == 0x80 else {
                missing = 0
                return Font.replacement
            }
            (value, missing) = (value << 6 | UInt32(byte & 0x3f), missing - 1)
            if missing > 0 { return nil }
            return value >= least && Unicode.Scalar(value) != nil ? value : Font.replacement
        }

        private mutating func begin(_ byte: UInt8) -> UInt32? {
            switch byte {
            case 0xc2...0xdf: (value, missing, least) = (UInt32(byte & 0x1f), 1, 0x80)
            case 0xe0...0xef: (value, missing, least) = (UInt32(byte & 0x0f), 2, 0x800)
            case 0xf0...0xf4: (value, missing, least) = (UInt32(byte & 0x07), 3, 0x10000)
            default: return byte < 0x80 ? UInt32(byte) : Font.replacement
            }
            return nil
        }
    }

    init(columns: Int, rows: Int) { screen = TextScreen(columns: columns, rows: rows) }

    // MARK: What is written

    mutating func write(_ bytes: [UInt8]) { for byte in bytes { take(byte) } }

    mutating func takeAnswers() -> [UInt8] {
        defer { answers = [] }
        return answers
    }

    mutating func takeTouched() -> [Int] { screen.takeTouched() }
    mutating func look(back count: Int) { screen.look(back: count) }

    private mutating func take(_ byte: UInt8) {
        switch state {
        case .string, .stringEscape: return skip(byte)
        default: break
        }
        if byte < 0x20 || byte == 0x7f { return control(byte) }
        switch state {
        case .ground: print(byte)
        case .escape: escape(byte)
        case .sequence: takeSequence(byte)
        case .set(let number):
            drawsLines[number] = byte == UInt8(ascii: "0")
            state = .ground
        case .skipped: state = .ground
        case .string, .stringEscape: break
        }
    }

    /// A string for the terminal's own use ends with a bell or with ESC \.
    private mutating func skip(_ byte: UInt8) {
        switch (state, byte) {
        case (_, 0x07), (_, 0x18), (_, 0x1a), (.stringEscape, UInt8(ascii: "\\")): state = .ground
        case (_, 0x1b): state = .stringEscape
        default: state = .string
        }
    }

    private mutating func control(_ byte: UInt8) {
        switch byte {
        case 0x08: screen.backspace()
        case 0x09: screen.tabulate()
        case 0x0a, 0x0b, 0x0c: screen.lineFeed()
        case 0x0d: screen.carriageReturn()
        case 0x0e: shift = 1
        case 0x0f: shift = 0
        case 0x18, 0x1a: state = .ground
        case 0x1b: (state, letter) = (.escape, PartialLetter())
        default: break
        }
    }

    private mutating func print(_ byte: UInt8) {
        let wasWhole = letter.missing == 0
        guard let character = letter.take(byte) else { return }
        if character == Font.replacement, !wasWhole, byte & 0xc0 != 0x80 {
            // The byte that a letter breaks off at begins another.
            screen.put(character)
            return print(byte)
        }
        // C1 controls have no picture and are not used in UTF-8.
        guard !(0x80...0x9f).contains(character) else { return }
        screen.put(drawsLines[shift] ? VirtualTerminal.drawn(character) : character)
    }

    /// DEC's special graphics, from ` on.
    private static func drawn(_ character: UInt32) -> UInt32 {
        guard (0x60...0x7e).contains(character) else { return character }
        return symbols[Int(character - 0x60)]
    }

    private static let symbols = Array("◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·".unicodeScalars.map(\.value))

    private mutating func escape(_ byte: UInt8) {
        state = .ground
        switch Character(Unicode.Scalar(byte)) {
        case "[": (state, sequence) = (.sequence, Sequence())
        case "]", "P", "X", "^", "_": state = .string
        case "(": state = .set(0)
        case ")": state = .set(1)
        case "*", "+", "#", "%", " ": state = .skipped
        case "7": screen.save()
        case "8": screen.restore()
        case "D": screen.lineFeed()
        case "E":
            screen.carriageReturn()
            screen.lineFeed()
        case "M": screen.reverseLineFeed()
        case "c": self = VirtualTerminal(columns: screen.columns, rows: screen.rows)
        default: break
        }
    }

    // MARK: Control sequences

    private mutating func takeSequence(_ byte: UInt8) {
        switch byte {
        case 0x30...0x39: sequence.add(digit: Int(byte - 0x30))
        case 0x3a, 0x3b: sequence.beginNumber()
        case 0x3f: sequence.isPrivate = true
        case 0x20...0x2f, 0x3c...0x3e: sequence.isStrange = true
        default:
            state = .ground
            guard !sequence.isStrange, byte < 0x7f else { return }
            let end = Character(Unicode.Scalar(byte))
            if sequence.isPrivate { finishPrivate(end) } else if !finishMove(end) { finish(end) }
        }
    }

    private mutating func finishPrivate(_ end: Character) {
        guard end == "h" || end == "l" else { return }
        let isOn = end == "h"
        for mode in sequence.numbers {
            switch mode {
            case 1: hasApplicationKeys = isOn
            case 6:
                screen.countsFromRegion = isOn
                screen.goTo(x: 0, y: 0)
            case 7: screen.wrapsAround = isOn
            case 25: screen.showsCursor = isOn
            default: break
            }
        }
    }

    /// Moves the cursor; false if the sequence is another.
    private mutating func finishMove(_ end: Character) -> Bool {
        let count = sequence.count()
        switch end {
        case "A": screen.moveRows(by: -count)
        case "B", "e": screen.moveRows(by: count)
        case "C", "a": screen.move(x: screen.x + count, y: screen.y)
        case "D": screen.move(x: screen.x - count, y: screen.y)
        case "E", "F":
            screen.moveRows(by: end == "E" ? count : -count)
            screen.carriageReturn()
        case "G", "`": screen.move(x: count - 1, y: screen.y)
        case "H", "f": screen.goTo(x: sequence.count(1) - 1, y: count - 1)
        case "I": screen.tabulate(count)
        case "d": screen.goTo(x: screen.x, y: count - 1)
        case "s": screen.save()
        case "u": screen.restore()
        default: return false
        }
        return true
    }

    private mutating func finish(_ end: Character) {
        let count = sequence.count()
        switch end {
        case "@": screen.insertCharacters(count)
        case "J", "K": erase(end)
        case "L": screen.insertRows(count)
        case "M": screen.deleteRows(count)
        case "P": screen.deleteCharacters(count)
        case "S": screen.scrollUp(count)
        case "T": screen.scrollDown(count)
        case "X": screen.eraseCharacters(count)
        case "c": if sequence.number() == 0 { answer("[?6c") }
        case "h", "l": if sequence.numbers.contains(4) { screen.inserts = end == "h" }
        case "m": screen.pen.select(sequence.numbers.isEmpty ? [0] : sequence.numbers)
        case "n": report()
        case "r": screen.setRegion(top: count - 1, bottom: (sequence.number(1) == 0 ? screen.rows : sequence.number(1)) - 1)
        default: break
        }
    }

    private mutating func erase(_ end: Character) {
        guard let part = TextScreen.Part(rawValue: sequence.number()) else { return }
        if end == "J" { screen.eraseInScreen(part) } else { screen.eraseInLine(part) }
    }

    /// Device status: all is well, or where the cursor is.
    private mutating func report() {
        switch sequence.number() {
        case 5: answer("[0n")
        case 6: answer("[\(screen.y + 1);\(screen.x + 1)R")
        default: break
        }
    }

    private static let mostAnswers = 256

    /// Answers that nobody takes are not gathered for ever.
    private mutating func answer(_ text: String) {
        if answers.count < VirtualTerminal.mostAnswers { answers += [0x1b] + Array(text.utf8) }
    }
}
