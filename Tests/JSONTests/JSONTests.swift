import JSON
import Testing

/// What a stream gives for a text: values written again, or errors.
private func results(_ text: String, pieces: Int = 1) -> [String] {
    var stream = JSONStream()
    var list: [String] = []
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: pieces) {
        stream.take(bytes[start..<min(start + pieces, bytes.count)]) { result in
            switch result {
            case .success(let value): list.append(value.text())
            case .failure(let error): list.append("!" + error.description)
            }
        }
    }
    return list
}

@Suite struct JSONTests {
    @Test(arguments: [
        ("{\"a\": [1, -2, {}, [], true, false, null]} ", "{\"a\": [1, -2, {}, [], true, false, null]}"),
        ("{'a':'it\\'s \"x\"'}", "{\"a\": \"it's \\\"x\\\"\"}"),
        ("[18446744073709551615,-9223372036854775808] ", "[18446744073709551615, -9223372036854775808]"),
        ("[1.5,2e3,-0.25E-1] ", "[1.5, 2000.0, -0.025]"), ("\"\\u00e9\\ud83d\\ude00é\\n\\/\"", "\"\\u00E9\\uD83D\\uDE00\\u00E9\\n/\""),
        ("[1e400] ", "[1e999]"),
        ("[18446744073709551616] ", "[1.8446744073709552e+19]"), ("12 ", "12"), ("\"\\u0000\\u001f\"", "\"\\u0000\\u001F\""),
    ]) func valuesAreReadAndWritten(_ text: String, _ written: String) {
        for pieces in [1, 3, 1000] { #expect(results(text, pieces: pieces) == [written]) }
    }

    /// The sentences of QEMU 7.2, and where it goes on reading after each mistake.
    @Test(arguments: [
        ("{\"a\" 1}", ["JSON parse error, missing : in object pair"]), ("{\"a\":1 \"b\":2}", ["JSON parse error, expected separator in dict"]),
        ("[1 2]", ["JSON parse error, expected separator in list"]), ("{1:2}", ["JSON parse error, key is not a string in object"]),
        ("{\"a\":1,\"a\":2}", ["JSON parse error, duplicate key"]), ("[tru]", ["JSON parse error, invalid keyword 'tru'"]),
        ("[1,]", ["JSON parse error, expecting value"]),
        ("}", ["JSON parse error, expecting value"]), ("[01]", ["JSON parse error, stray '01'", "JSON parse error, expecting value"]),
        ("[\"a\tb\"]", ["JSON parse error, stray '\"a\t'", "JSON parse error, expecting value"]),
        ("[\"\\x\"]", ["JSON parse error, stray '\"\\x'", "JSON parse error, expecting value"]),
        ("[\"\\ud800\"]", ["JSON parse error, \\ud800 is not a valid Unicode character"]), ("\u{1b}", ["JSON parse error, stray '\u{1b}'"]),
        ("[%s]", ["JSON parse error, stray '%'", "JSON parse error, expecting value"]), ("[1.]", ["JSON parse error, stray '1.]'"]),
    ]) func mistakesAreNamedAndPassed(_ text: String, _ errors: [String]) {
        for pieces in [1, 1000] { #expect(results(text + "\n\n{\"b\":1}", pieces: pieces) == errors.map { "!" + $0 } + ["{\"b\": 1}"], "\(text)") }
    }

    @Test func invalidUTF8IsRefused() {
        var stream = JSONStream()
        var errors: [JSONError] = []
        stream.take([0x22, 0xe2, 0x28, 0xa1, 0x22]) { if case .failure(let error) = $0 { errors.append(error) } }
        #expect(errors == [.invalidUTF8])
    }

    @Test func depthAndSizeAreLimited() {
        #expect(results(String(repeating: "[", count: 1024) + String(repeating: "]", count: 1024)).first?.hasPrefix("[[") == true)
        #expect(results(String(repeating: "[", count: 1025), pieces: 5000) == ["!JSON nesting depth limit exceeded"])
        var stream = JSONStream()
        var first: Result<JSONValue, JSONError>?
        let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20)
        stream.take(Array("[\"".utf8)) { _ in Issue.record("nothing is complete yet") }
        for _ in 0...17 { stream.take(piece) { first = first ?? $0 } }
        #expect(first == .failure(.tooLong))
    }

    @Test func membersKeepTheirOrder() {
        var object: JSONObject = ["b": 1, "a": 2]
        object["c"] = .null
        object["b"] = nil
        object["a"] = 3
        #expect(JSONValue.object(object).text() == "{\"a\": 3, \"c\": null}")
        #expect(JSONValue.object(object).text(pretty: true) == "{\n    \"a\": 3,\n    \"c\": null\n}")
    }

    @Test func oneValueIsAText() throws {
        #expect(try JSONValue(parsing: " {\"a\":-1} ") == ["a": -1])
        #expect(try JSONValue(parsing: "7") == 7)
        for text in ["", "{", "1 2", "{}x"] { #expect(throws: JSONError.self) { try JSONValue(parsing: text) } }
    }
}
