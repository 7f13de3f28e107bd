/// The words of a monitor's line. As with QEMU, a word that begins with a double quote goes on to the next one, spaces and all, with `\n`, `\r`,
/// `\\`, `\'` and `\"` as C has them (monitor/hmp.c: get_str).
enum MonitorWords {
    /// Words with their quotes, so that whoever takes JSON can tell a string from a name.
    static func split(_ line: String) -> [String] {
        var words: [String] = []
        var rest = line.drop { $0 == " " }
        while let first = rest.first {
            let end = first == "\"" ? quotedEnd(rest) : rest.firstIndex(of: " ") ?? rest.endIndex
            words.append(String(rest[..<end]))
            rest = rest[end...].drop { $0 == " " }
        }
        return words
    }

    /// Where a word in quotes ends, behind the second quote; one that is not closed takes all that is left.
    private static func quotedEnd(_ text: Substring) -> Substring.Index {
        var isEscaped = false
        for index in text.indices.dropFirst() {
            if !isEscaped, text[index] == "\"" { return text.index(after: index) }
            isEscaped = !isEscaped && text[index] == "\\"
        }
        return text.endIndex
    }

    /// What a word says, without its quotes; nil if they are not closed, or a backslash stands before something else.
    static func unquoted(_ word: String) -> String? {
        guard word.hasPrefix("\"") else { return word }
        var result = ""
        var letters = word.dropFirst().makeIterator()
        while let letter = letters.next() {
            if letter == "\"" { return letters.next() == nil ? result : nil }
            guard letter == "\\" else {
                result.append(letter)
                continue
            }
            switch letters.next() {
            case "n": result.append("\n")
            case "r": result.append("\r")
            case let other? where "\\'\"".contains(other): result.append(other)
            default: return nil
            }
        }
        return nil
    }
}
