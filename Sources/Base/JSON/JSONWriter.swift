extension JSONValue {
    /// The value in ASCII, on one line, or with members on lines of their own.
    public func text(pretty: Bool = false) -> String {
        var writer = JSONWriter(isPretty: pretty)
        writer.write(self)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

private struct JSONWriter {
    let isPretty: Bool
    var bytes: [UInt8] = []
    private var depth = 0

    init(isPretty: Bool) { self.isPretty = isPretty }

    private mutating func put(_ text: String) { bytes += text.utf8 }

    mutating func write(_ value: JSONValue) {
        switch value {
        case .null: put("null")
        case .bool(let value): put(value ? "true" : "false")
        case .integer(let value): put(String(value))
        case .unsigned(let value): put(String(value))
        case .double(let value): put(JSONWriter.number(value))
        case .string(let text): write(text)
        case .array(let values):
            writeMembers(values, "[", "]") { writer, value in writer.write(value) }
        case .object(let object):
            writeMembers(object.members, "{", "}") { writer, member in
                writer.write(member.name)
                writer.put(": ")
                writer.write(member.value)
            }
        }
    }

    /// JSON has no infinities: a number that is read back as one stands for them. What is no number becomes null.
    private static func number(_ value: Double) -> String {
        if value.isNaN { return "null" }
        return value.isFinite ? "\(value)" : value < 0 ? "-1e999" : "1e999"
    }

    private mutating func writeMembers<Member>(_ members: [Member], _ open: String, _ close: String, _ each: (inout JSONWriter, Member) -> Void) {
        put(open)
        depth += 1
        for (index, member) in members.enumerated() {
            if index > 0 { put(isPretty ? "," : ", ") }
            startLine()
            each(&self, member)
        }
        depth -= 1
        if !members.isEmpty { startLine() }
        put(close)
    }

    private mutating func startLine() { if isPretty { put("\n" + String(repeating: " ", count: 4 * depth)) } }

    private mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars { write(scalar) }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func write(_ scalar: UnicodeScalar) {
        switch scalar {
        case "\"", "\\": put("\\\(scalar)")
        case "\u{8}": put("\\b")
        case "\u{c}": put("\\f")
        case "\n": put("\\n")
        case "\r": put("\\r")
        case "\t": put("\\t")
        case " "..."~": bytes.append(UInt8(scalar.value))
        default:
            for unit in String(Character(scalar)).utf16 {
                let digits = String(unit, radix: 16, uppercase: true)
                put("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
            }
        }
    }
}
