/// Editing of a command line on a terminal that only sends and shows characters.
struct LineEditor {
    /// Completes the first word of a line: all words that begin as it does.
    let candidates: (String) -> [String]
    private var line: [UInt8] = []
    private var history: [[UInt8]] = []
    /// The place in the history, counted from its end; 0 is the line being typed.
    private var place = 0
    private var escape: [UInt8] = []
    private var lastWasReturn = false

    init(candidates: @escaping (String) -> [String]) { self.candidates = candidates }

    /// What an input byte does: characters to show, and a line if it is complete.
    mutating func take(_ byte: UInt8) -> (echo: [UInt8], line: String?) {
        let afterReturn = lastWasReturn
        lastWasReturn = byte == 13
        if !escape.isEmpty { return (continueEscape(byte), nil) }
        switch byte {
        case 10 where afterReturn: return ([], nil)
        case 10, 13: return finish()
        case 8, 127: return (line.popLast() == nil ? [] : LineEditor.rubOut(1), nil)
        case 3, 21: return (replace([]), nil)
        case 9: return (complete(), nil)
        case 27:
            escape = [27]
            return ([], nil)
        case 32...126:
            line.append(byte)
            return ([byte], nil)
        default: return ([], nil)
        }
    }

    private static func rubOut(_ count: Int) -> [UInt8] { (0..<count).flatMap { _ in Array("\u{8} \u{8}".utf8) } }

    private mutating func finish() -> (echo: [UInt8], line: String?) {
        if !line.isEmpty, line != history.last { history.append(line) }
        place = 0
        defer { line = [] }
        return (Array("\r\n".utf8), String(decoding: line, as: UTF8.self))
    }

    private mutating func replace(_ new: [UInt8]) -> [UInt8] {
        defer { line = new }
        return LineEditor.rubOut(line.count) + new
    }

    /// The arrows up and down walk through the history.
    private mutating func continueEscape(_ byte: UInt8) -> [UInt8] {
        escape.append(byte)
        if escape == [27, 91] { return [] }
        defer { escape = [] }
        switch escape {
        case [27, 91, 65]: place = min(history.count, place + 1)
        case [27, 91, 66]: place = max(0, place - 1)
        default: return []
        }
        return replace(place == 0 ? [] : history[history.count - place])
    }

    private mutating func complete() -> [UInt8] {
        let typed = String(decoding: line, as: UTF8.self)
        let found = candidates(typed)
        guard let first = found.first else { return [] }
        let common = found.reduce(first) { shared, word in String(zip(shared, word).prefix { $0 == $1 }.map(\.0)) }
        let rest = Array((common + (found.count == 1 ? " " : "")).utf8.dropFirst(line.count))
        if rest.isEmpty { return Array(("\r\n" + found.joined(separator: " ") + "\r\n").utf8) + Array((HumanMonitor.prompt + typed).utf8) }
        line += rest
        return rest
    }
}
