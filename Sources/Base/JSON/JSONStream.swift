/// Values one after the other in a stream of bytes that comes in pieces. After an error reading goes on behind what was wrong: as a brace or
/// bracket that was opened must be closed first, one mistake does not swallow what follows it.
public struct JSONStream {
    /// Depth of nesting, tokens and bytes of one value.
    static let deepest = 1024, mostTokens = 1 << 20, mostBytes = 16 << 20

    private var lexer = JSONLexer()
    private var tokens: [JSONToken] = []
    private var bytes = 0
    private var braces = 0
    private var brackets = 0

    public init() {}

    /// Takes bytes and hands over what they complete.
    public mutating func take(_ input: some Sequence<UInt8>, _ emit: (Result<JSONValue, JSONError>) -> Void) {
        for byte in input {
            var found: (JSONToken?, JSONToken?) = (nil, nil)
            lexer.take(byte) { found = found.0 == nil ? ($0, nil) : (found.0, $0) }
            if let token = found.0 { take(token, emit) }
            if let token = found.1 { take(token, emit) }
            if lexer.unfinished > JSONStream.mostBytes {
                lexer.forget()
                finish(.failure(.tooLong), emit)
            }
        }
    }

    /// The input has ended.
    public mutating func end(_ emit: (Result<JSONValue, JSONError>) -> Void) {
        var last: JSONToken?
        lexer.finish { last = $0 }
        if let last { take(last, emit) }
        if !tokens.isEmpty { finish(JSONParser.parse(tokens), emit) }
    }

    private mutating func take(_ token: JSONToken, _ emit: (Result<JSONValue, JSONError>) -> Void) {
        switch token {
        case .beginObject: braces += 1
        case .endObject: braces -= 1
        case .beginArray: brackets += 1
        case .endArray: brackets -= 1
        case .stray(let text): return finish(.failure(.stray(String(decoding: text, as: UTF8.self))), emit)
        default: break
        }
        bytes += token.size
        if bytes > JSONStream.mostBytes { return finish(.failure(.tooLong), emit) }
        if tokens.count >= JSONStream.mostTokens { return finish(.failure(.tooManyTokens), emit) }
        if braces + brackets > JSONStream.deepest { return finish(.failure(.tooDeep), emit) }
        tokens.append(token)
        if braces >= 0, brackets >= 0, braces + brackets > 0 { return }
        finish(JSONParser.parse(tokens), emit)
    }

    private mutating func finish(_ result: Result<JSONValue, JSONError>, _ emit: (Result<JSONValue, JSONError>) -> Void) {
        (tokens, bytes, braces, brackets) = ([], 0, 0, 0)
        emit(result)
    }
}

extension JSONValue {
    /// The one value that a text holds.
    public init(parsing text: String) throws(JSONError) {
        var results: [Result<JSONValue, JSONError>] = []
        var stream = JSONStream()
        stream.take(text.utf8) { results.append($0) }
        stream.end { results.append($0) }
        guard let first = results.first else { throw .cutOff }
        self = try first.get()
        if results.count > 1 { throw .expectedValue }
    }
}
