/// Reads the text form of a schema:
///
///     # What it is for.
///     enum Name: value value
///     struct Name
///         member: type        # what it says
///         member?: [type]
///     union Name by member
///         member: Kind
///         case value: Structure
///     alternate Name: type type
///     command name flag -> type
///         argument: type
///     event NAME
///         member: type
///
/// Lines that begin with blanks belong to the definition above them; a `#` in front of a definition says what it is.
public struct SchemaReader {
    public struct Failure: Error, Equatable { public let line: String }

    private var schema = Schema()
    private var help: [String] = []
    private var head: Substring?
    private var headHelp = ""
    private var body: [Substring] = []

    public static func read(_ text: String) throws(Failure) -> Schema {
        var reader = SchemaReader()
        for line in text.split(separator: "\n") { try reader.take(line) }
        try reader.finish()
        return reader.schema
    }

    private mutating func take(_ line: Substring) throws(Failure) {
        let isInside = line.first == " "
        let content = line.drop { $0 == " " }
        if content.isEmpty { return }
        if content.first == "#", !isInside {
            try finish()
            help.append(String(content.dropFirst().drop { $0 == " " }))
        } else if isInside {
            body.append(content)
        } else {
            try finish()
            head = content
            headHelp = help.joined(separator: " ")
            help = []
        }
    }

    private mutating func finish() throws(Failure) {
        guard let head else { return }
        let words = head.split(separator: " ").map(String.init)
        guard words.count >= 2 else { throw Failure(line: String(head)) }
        let name = words[1].last == ":" ? String(words[1].dropLast()) : words[1]
        let definition = try definition(words, head)
        guard schema.add(.init(name: name, help: headHelp, definition: definition)) else { throw Failure(line: String(head)) }
        (self.head, body) = (nil, [])
    }

    private func definition(_ words: [String], _ head: Substring) throws(Failure) -> Schema.Definition {
        switch words[0] {
        case "enum":
            // Values may go on over the lines below.
            return .enumeration(Array(words.dropFirst(2)) + body.flatMap { $0.split(separator: " ").map(String.init) })
        case "struct": return .structure(try members())
        case "event": return .event(try members())
        case "alternate": return .alternate(words.dropFirst(2).map(type))
        case "union" where words.count == 4 && words[2] == "by": return try union(tag: words[3])
        case "command": return .command(try command(Array(words.dropFirst(2)), head))
        default: throw Failure(line: String(head))
        }
    }

    private func type(_ text: String) -> Schema.TypeReference {
        let isList = text.first == "[" && text.last == "]"
        return .init(name: isList ? String(text.dropFirst().dropLast()) : text, isList: isList)
    }

    private func members() throws(Failure) -> [Schema.Member] {
        var list: [Schema.Member] = []
        for line in body where !line.hasPrefix("case ") { list.append(try member(line)) }
        return list
    }

    private func member(_ line: Substring) throws(Failure) -> Schema.Member {
        let parts = line.split(separator: "#", maxSplits: 1)
        let words = parts[0].split(separator: " ")
        guard words.count == 2, words[0].last == ":" else { throw Failure(line: String(line)) }
        let name = words[0].dropLast()
        let help = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
        let isOptional = name.last == "?"
        return .init(name: String(isOptional ? name.dropLast() : name), isOptional: isOptional, type: type(String(words[1])), help: help)
    }

    private func union(tag: String) throws(Failure) -> Schema.Definition {
        var branches: [(value: String, type: String?)] = []
        for line in body where line.hasPrefix("case ") {
            let words = line.split(separator: " ")
            guard words.count == 2 || words.count == 3 && words[1].last == ":" else { throw Failure(line: String(line)) }
            branches.append((String(words.count == 2 ? words[1] : words[1].dropLast()), words.count == 3 ? String(words[2]) : nil))
        }
        let members = try members()
        guard members.contains(where: { $0.name == tag }) else { throw Failure(line: "union by \(tag)") }
        return .union(members, tag: tag, branches: branches)
    }

    /// `flag… [feature NAME]… [with Box] [-> type]`.
    private func command(_ words: [String], _ head: Substring) throws(Failure) -> Schema.Command {
        var rest = words[...]
        var flags: Set<Schema.Flag> = []
        var features: [String] = []
        var box: String?
        var result: Schema.TypeReference?
        while let word = rest.popFirst() {
            if let flag = Schema.Flag(rawValue: word) {
                flags.insert(flag)
            } else if word == "feature", let name = rest.popFirst() {
                features.append(name)
            } else if word == "with", let name = rest.popFirst() {
                box = name
            } else if word == "->", let name = rest.popFirst() {
                result = type(name)
            } else {
                throw Failure(line: String(head))
            }
        }
        return .init(arguments: try members(), box: box, result: result, flags: flags, features: features)
    }
}
