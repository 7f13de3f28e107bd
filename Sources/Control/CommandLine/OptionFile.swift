/// `-readconfig`: options in a file, `[OPTION]` or `[OPTION "ID"]` and below it lines `PROPERTY = "VALUE"`; `#` begins a comment.
struct OptionFile {
    private var options: [(name: String, value: String)] = []
    private var group: (name: String, values: [String])?

    /// The options of a file's text, as a command line would give them.
    static func read(_ text: String, path: String) throws(CommandLineError) -> [(name: String, value: String)] {
        var file = OptionFile()
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let content = trimmed(line)
            if content.isEmpty || content.first == "#" { continue }
            guard try file.take(content) else {
                throw .badValue(option: "readconfig", value: "\(path):\(number + 1): \(content)", expected: "[OPTION \"ID\"] or PROPERTY = \"VALUE\"")
            }
        }
        file.finish()
        return file.options
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { " \t\r".contains($0) }
        while let last = text.last, " \t\r".contains(last) { text.removeLast() }
        return text
    }

    /// False if the line is neither of the two.
    private mutating func take(_ line: Substring) throws(CommandLineError) -> Bool {
        if line.first == "[", line.last == "]" {
            finish()
            let words = line.dropFirst().dropLast().split(separator: " ", maxSplits: 1)
            guard let name = words.first.map(String.init), let row = OptionRow.all.first(where: { $0.queryName == name || $0.name == name }) else {
                throw .unknownOption(String(line))
            }
            group = (row.name, words.count > 1 ? ["id=" + words[1].filter { $0 != "\"" }] : [])
            return true
        }
        guard let equals = line.firstIndex(of: "="), group != nil else { return false }
        let value = OptionFile.trimmed(line[line.index(after: equals)...])
        guard value.count >= 2, value.first == "\"", value.last == "\"" else { return false }
        group?.values.append("\(OptionFile.trimmed(line[..<equals]))=\(value.dropFirst().dropLast().replacing(",", with: ",,"))")
        return true
    }

    private mutating func finish() {
        if let group { options.append((group.name, group.values.joined(separator: ","))) }
        group = nil
    }
}

extension ParsedCommandLine {
    /// With the options of `-readconfig`'s files in the place of these; `read` gives a file's text.
    public func including(_ read: (String) throws -> String) throws -> ParsedCommandLine {
        var all: [(name: String, value: String)] = []
        for option in options {
            if option.name == "readconfig" { all += try OptionFile.read(try read(option.value), path: option.value) } else { all.append(option) }
        }
        return ParsedCommandLine(options: all)
    }
}
