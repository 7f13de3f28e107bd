/// A line of the text form that cannot be read.
public struct ParseError: Error, Equatable, CustomStringConvertible {
    /// Counted from 1.
    public let line: Int
    public let cause: String

    public var description: String { "line \(line): \(cause)" }
}

/// Reads the text form that `Printer` writes. A semicolon begins a comment; `%` names are free, each is given once.
public struct Parser {
    let layout: StateLayout
    let helpers: [String]
    private var values: [String: Int32] = [:]
    private var labels: Int32 = 0

    private init(layout: StateLayout, helpers: [Helper]) {
        self.layout = layout
        self.helpers = helpers.map(\.name)
    }

    /// - Returns: the block of `text`. It is well-formed text, not verified IR.
    public static func parse(_ text: String, layout: StateLayout, helpers: [Helper] = []) throws(ParseError) -> IRBlock {
        var parser = Parser(layout: layout, helpers: helpers)
        var block = IRBlock(capacity: 64)
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = Parser.words(line.prefix { $0 != ";" })
            if words.isEmpty { continue }
            var scanner = Scanner(words: words, line: number + 1)
            try parser.parseLine(&scanner, &block)
        }
        block.labels = parser.labels
        return block
    }

    /// Splits a line at spaces, commas and parentheses; brackets and `=` are words.
    private static func words(_ line: Substring) -> [String] {
        var words: [String] = []
        var word = ""
        for character in line + " " {
            let isMark = "[]=".contains(character)
            if isMark || ",()".contains(character) || character.isWhitespace {
                if !word.isEmpty { words.append(word) }
                word = ""
                if isMark { words.append(String(character)) }
            } else {
                word.append(character)
            }
        }
        return words
    }

    private mutating func parseLine(_ scanner: inout Scanner, _ block: inout IRBlock) throws(ParseError) {
        let first = try scanner.next("an operation")
        if first == "block" {
            block.pc = UInt64(bitPattern: try scanner.number())
            return try scanner.end()
        }
        if first.hasSuffix(":") {
            block.append(IROp(.label, .none, imm: try label(String(first.dropLast()), scanner)))
            return try scanner.end()
        }
        var name = first
        var result: String?
        if first.hasPrefix("%") {
            result = first
            try scanner.expect("=")
            name = try scanner.next("an operation")
        }
        var op = try head(name, scanner)
        if (op.opcode.info.rule != .none) != (result != nil) {
            throw scanner.error(result == nil ? "the result needs a name" : "\(name) has no result")
        }
        try parseArguments(&op, &scanner)
        try scanner.end()
        let value = block.append(op)
        if let result {
            if values[result] != nil { throw scanner.error("\(result) is given twice") }
            values[result] = value.index
        }
    }

    /// Opcode, suffix and type of a name such as `br.cmp.ltU` or `div.s.zero.i64`.
    private func head(_ name: String, _ scanner: Scanner) throws(ParseError) -> IROp {
        var parts = name.split(separator: ".").map(String.init)
        var type = IRType.none
        if parts.count > 1, let last = IRType.allCases.first(where: { "\($0)" == parts[parts.count - 1] && $0 != .none }) {
            type = last
            parts.removeLast()
        }
        var lane: Lane?
        if parts.count > 1, let bits = Int(parts[parts.count - 1]) {
            lane = Lane.allCases.first { $0.bits == bits }
            if lane == nil { throw scanner.error("there are no lanes of \(bits) bits") }
            parts.removeLast()
        }
        let laneBits = Int64(lane?.rawValue ?? 0)
        if let row = Parser.row(parts) {
            if row.info.attribute.hasLanes != (lane != nil) { throw scanner.error("there is no operation \(name)") }
            return IROp(row.opcode, type, imm: laneBits)
        }
        let suffix = parts.removeLast()
        guard let row = Parser.row(parts), let bits = Parser.suffix(suffix, row.info.attribute) else {
            throw scanner.error("there is no operation \(name)")
        }
        var op = IROp(row.opcode, type)
        switch row.info.attribute {
        case .floatCondition, .atomic: op.imm = Int64(bits)
        case .lanesCondition, .lanesFloatCondition: op.imm = laneBits | Int64(bits) << 8
        default: op.attribute = bits
        }
        return op
    }

    private static func row(_ parts: [String]) -> OpcodeRow? {
        let name = parts.joined(separator: ".")
        return Opcode.table.first { $0.name == name }
    }

    private static func suffix(_ word: String, _ kind: AttributeKind) -> UInt16? {
        func find<E: CaseIterable & RawRepresentable<UInt8>>(_: E.Type) -> UInt16? {
            E.allCases.first { "\($0)" == word }.map { UInt16($0.rawValue) }
        }
        return switch kind {
        case .condition, .conditionLabel, .lanesCondition: find(Condition.self)
        case .floatCondition, .lanesFloatCondition: find(FloatCondition.self)
        case .division: find(DivisionRule.self)
        case .atomic: find(AtomicOperation.self)
        case .jump: find(JumpHint.self)
        case .exit: find(ExitReason.self)
        default: nil
        }
    }

    func value(_ word: String, _ scanner: Scanner) throws(ParseError) -> Int32 {
        if word == "_" { return -1 }
        guard let index = values[word] else { throw scanner.error("there is no value \(word)") }
        return index
    }

    mutating func label(_ word: String, _ scanner: Scanner) throws(ParseError) -> Int64 {
        guard word.hasPrefix("L"), let number = Int32(word.dropFirst()), number >= 0 else { throw scanner.error("\(word) is no label") }
        labels = max(labels, number + 1)
        return Int64(number)
    }
}

/// The words of one line.
struct Scanner {
    let words: [String]
    let line: Int
    var position = 0

    init(words: [String], line: Int) {
        self.words = words
        self.line = line
    }

    var peek: String? { position < words.count ? words[position] : nil }

    func error(_ cause: String) -> ParseError { ParseError(line: line, cause: cause) }

    mutating func next(_ what: String) throws(ParseError) -> String {
        guard let word = peek else { throw error("\(what) is missing") }
        position += 1
        return word
    }

    mutating func expect(_ mark: String) throws(ParseError) {
        let word = try next("'\(mark)'")
        if word != mark { throw error("'\(mark)' is missing before \(word)") }
    }

    /// A number, decimal or hexadecimal, to 64 bits.
    mutating func number() throws(ParseError) -> Int64 {
        let word = try next("a number")
        if let value = Int64(word) { return value }
        if word.hasPrefix("0x"), let value = UInt64(word.dropFirst(2), radix: 16) { return Int64(bitPattern: value) }
        throw error("\(word) is no number")
    }

    func end() throws(ParseError) {
        if let word = peek { throw error("\(word) is one word too many") }
    }
}
