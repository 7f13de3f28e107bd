import Diagnostics
import HostOS

/// The beginning of a WebSocket, as a server does it (RFC 6455, section 4.2).
public enum WebSocketHandshake {
    public enum Failure: ExplainedError, Equatable {
        case noRequest, tooLong, wrongVersion
        case missing(String)
        case otherProtocols(String)

        public var cause: String {
            switch self {
            case .noRequest: "what a client says is no request for a WebSocket"
            case .tooLong: "a client's request for a WebSocket is longer than \(mostBytes) bytes"
            case .wrongVersion: "a client speaks another version of the WebSocket protocol than 13"
            case .missing(let name): "a client's request for a WebSocket is without '\(name)', or that is not as it should be"
            case .otherProtocols(let names): "a client wants a protocol in its WebSocket ('\(names)') that is not '\(protocolName)'"
            }
        }
        public var remedy: String? { if case .otherProtocols = self { "let it ask for '\(protocolName)', or for none" } else { nil } }
    }

    /// The one protocol that bytes are sent by.
    private static let protocolName = "binary"
    private static let mostBytes = 4096
    /// Nanoseconds that a client has.
    private static let patience: Int64 = 10_000_000_000
    private static let end: [UInt8] = [13, 10, 13, 10]

    /// Answers a client's request, or tells it why not. Waits for the client.
    public static func perform(_ stream: HostStream) throws {
        let talk = Conversation(stream, patience: patience)
        var request: [UInt8] = []
        do {
            // A byte at a time: what follows belongs to the connection.
            while !request.hasSuffix(end) {
                request += try talk.hear(1)
                if request.count > mostBytes { throw Failure.tooLong }
            }
            try talk.say(try answer(request))
        } catch let failure as Failure {
            let version = failure == .wrongVersion ? "Sec-WebSocket-Version: 13\r\n" : ""
            try talk.say(Array("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\(version)\r\n".utf8))
            throw failure
        }
    }

    /// The answer to a request.
    public static func answer(_ request: [UInt8]) throws(Failure) -> [UInt8] {
        let lines = String(decoding: request, as: UTF8.self).replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: true)
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3, words[0] == "GET", words[2] == "HTTP/1.1" else { throw .noRequest }
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { throw .noRequest }
            let name = line[..<colon].lowercased(), value = trimmed(line[line.index(after: colon)...])
            // A field that stands there twice is a list in two parts.
            fields[name] = fields[name].map { "\($0), \(value)" } ?? value
        }
        guard fields["host"] != nil else { throw .missing("Host") }
        for (name, word) in [("Upgrade", "websocket"), ("Connection", "upgrade")] {
            guard list(fields[name.lowercased()]).contains(where: { $0.lowercased() == word }) else { throw .missing("\(name): \(word)") }
        }
        guard fields["sec-websocket-version"] == "13" else { throw .wrongVersion }
        // 16 bytes in base64.
        guard let key = fields["sec-websocket-key"], key.utf8.count == 24, key.hasSuffix("==") else { throw .missing("Sec-WebSocket-Key") }
        let wanted = list(fields["sec-websocket-protocol"])
        guard wanted.isEmpty || wanted.contains(protocolName) else { throw .otherProtocols(wanted.joined(separator: ", ")) }
        let chosen = wanted.isEmpty ? "" : "Sec-WebSocket-Protocol: \(protocolName)\r\n"
        let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        return Array("\(head)\(chosen)Sec-WebSocket-Accept: \(acceptance(key))\r\n\r\n".utf8)
    }

    /// That a server has understood (section 1.3).
    private static func acceptance(_ key: String) -> String { base64(SHA1.digest(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))) }

    private static func trimmed(_ text: Substring) -> String {
        let start = text.drop { $0 == " " || $0 == "\t" }
        return String(start.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }

    private static func list(_ value: String?) -> [String] { (value ?? "").split(separator: ",").map(trimmed).filter { !$0.isEmpty } }

    private static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            let word = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
            for digit in 0..<4 { text.append(digit <= part.count ? digits[word >> (18 - 6 * digit) & 63] : "=") }
        }
        return text
    }
}

extension [UInt8] {
    fileprivate func hasSuffix(_ end: [UInt8]) -> Bool { count >= end.count && self[(count - end.count)...].elementsEqual(end) }
}
