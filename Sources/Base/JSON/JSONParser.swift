/// Makes a value of its tokens; the stream has limited their number and depth.
struct JSONParser {
    private let tokens: [JSONToken]
    private var place = 0

    static func parse(_ tokens: [JSONToken]) -> Result<JSONValue, JSONError> {
        var parser = JSONParser(tokens: tokens)
        return Result { () throws(JSONError) in
            let value = try parser.value()
            guard parser.place == tokens.count else { throw .expectedValue }
            return value
        }
    }

    private init(tokens: [JSONToken]) { self.tokens = tokens }

    private mutating func next() throws(JSONError) -> JSONToken {
        guard place < tokens.count else { throw .cutOff }
        defer { place += 1 }
        return tokens[place]
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        switch try next() {
        case .beginObject: return .object(try object())
        case .beginArray: return .array(try array())
        case .string(let text): return .string(try JSONParser.unescaped(text))
        case .integer(let text): return JSONParser.integer(text)
        case .fraction(let text): return .double(Double(String(decoding: text, as: UTF8.self)) ?? .infinity)
        case .word(let text): return try JSONParser.word(String(decoding: text, as: UTF8.self))
        default: throw .expectedValue
        }
    }

    private mutating func object() throws(JSONError) -> JSONObject {
        var object = JSONObject()
        guard try !ends(.endObject) else { return object }
        while true {
            guard case .string(let key) = try next() else { throw .keyIsNoString }
            let name = try JSONParser.unescaped(key)
            guard try next() == .colon else { throw .missingColon }
            let value = try value()
            guard object[name] == nil else { throw .duplicateKey }
            object[name] = value
            if try isLast(.endObject, inObject: true) { return object }
        }
    }

    private mutating func array() throws(JSONError) -> [JSONValue] {
        var values: [JSONValue] = []
        guard try !ends(.endArray) else { return values }
        while true {
            values.append(try value())
            if try isLast(.endArray, inObject: false) { return values }
        }
    }

    /// Whether an object or array has no members.
    private mutating func ends(_ end: JSONToken) throws(JSONError) -> Bool {
        guard place < tokens.count else { throw .cutOff }
        if tokens[place] != end { return false }
        place += 1
        return true
    }

    /// Whether the member before was the last.
    private mutating func isLast(_ end: JSONToken, inObject: Bool) throws(JSONError) -> Bool {
        let token = try next()
        guard token == end || token == .comma else { throw .expectedSeparator(inObject: inObject) }
        return token == end
    }

    private static func word(_ text: String) throws(JSONError) -> JSONValue {
        switch text {
        case "null": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        default: throw .invalidWord(text)
        }
    }

    /// Beyond 64 bits it becomes the nearest double.
    private static func integer(_ bytes: [UInt8]) -> JSONValue {
        let text = String(decoding: bytes, as: UTF8.self)
        if let value = Int64(text) { return .integer(value) }
        if let value = UInt64(text) { return .unsigned(value) }
        return .double(Double(text) ?? .infinity)
    }

    // MARK: Strings

    private static func unescaped(_ text: [UInt8]) throws(JSONError) -> String {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let kind = rest.popFirst() else {
                bytes.append(byte)
                continue
            }
            switch kind {
            case UInt8(ascii: "b"): bytes.append(8)
            case UInt8(ascii: "f"): bytes.append(12)
            case UInt8(ascii: "n"): bytes.append(10)
            case UInt8(ascii: "r"): bytes.append(13)
            case UInt8(ascii: "t"): bytes.append(9)
            case UInt8(ascii: "u"): bytes += try scalar(&rest).utf8
            default: bytes.append(kind)
            }
        }
        guard let string = String(validating: bytes, as: UTF8.self) else { throw .invalidUTF8 }
        return string
    }

    /// What `\uXXXX` stands for; two of them may stand for one character beyond the first 65,536.
    private static func scalar(_ rest: inout ArraySlice<UInt8>) throws(JSONError) -> String {
        func code(_ digits: ArraySlice<UInt8>) -> UInt32? { UInt32(String(decoding: digits, as: UTF8.self), radix: 16) }
        let digits = rest.prefix(4)
        rest = rest.dropFirst(4)
        guard let first = code(digits) else { throw .cutOff }
        if let scalar = UnicodeScalar(first) { return String(Character(scalar)) }
        if first < 0xdc00, rest.starts(with: Array("\\u".utf8)), let second = code(rest.dropFirst(2).prefix(4)),
            (0xdc00..<0xe000).contains(second), let scalar = UnicodeScalar(0x1_0000 + (first - 0xd800) << 10 + (second - 0xdc00))
        {
            rest = rest.dropFirst(6)
            return String(Character(scalar))
        }
        throw .invalidEscape("\\u" + String(decoding: digits, as: UTF8.self))
    }
}
