/// Why some text is no JSON. The sentences are those that QEMU's users know.
public enum JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    case stray(String)
    case expectedValue
    case expectedSeparator(inObject: Bool)
    case keyIsNoString
    case missingColon
    case duplicateKey
    case invalidWord(String)
    case invalidEscape(String)
    case invalidUTF8
    case cutOff
    case tooLong
    case tooManyTokens
    case tooDeep

    public var description: String {
        switch self {
        case .tooLong: "JSON token size limit exceeded"
        case .tooManyTokens: "JSON token count limit exceeded"
        case .tooDeep: "JSON nesting depth limit exceeded"
        default: "JSON parse error, " + reason
        }
    }

    private var reason: String {
        switch self {
        case .stray(let text): "stray '\(text)'"
        case .expectedValue: "expecting value"
        case .expectedSeparator(let inObject): "expected separator in \(inObject ? "dict" : "list")"
        case .keyIsNoString: "key is not a string in object"
        case .missingColon: "missing : in object pair"
        case .duplicateKey: "duplicate key"
        case .invalidWord(let text): "invalid keyword '\(text)'"
        case .invalidEscape(let text): "\(text) is not a valid Unicode character"
        case .invalidUTF8: "invalid UTF-8 sequence in string"
        default: "premature EOI"
        }
    }
}
