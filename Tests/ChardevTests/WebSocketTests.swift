import Chardev
import Testing

/// Frames and requests of WebSockets, with RFC 6455's own examples.
@Suite struct WebSocketTests {
    private func answer(_ lines: [String]) throws -> String {
        String(decoding: try WebSocketHandshake.answer(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)), as: UTF8.self)
    }

    private let request = [
        "GET /chat HTTP/1.1", "Host: server.example.com", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Origin: http://example.com", "Sec-WebSocket-Protocol: chat, binary", "Sec-WebSocket-Version: 13",
    ]

    /// Section 1.3.
    @Test func aRequestIsAnswered() throws {
        let text = try answer(request)
        #expect(text.hasPrefix("HTTP/1.1 101 "))
        #expect(text.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
        #expect(text.contains("\r\nSec-WebSocket-Protocol: binary\r\n") && text.hasSuffix("\r\n\r\n"))
        #expect(try !answer(request.filter { !$0.hasPrefix("Sec-WebSocket-Protocol") }).contains("Sec-WebSocket-Protocol"))
    }

    @Test(arguments: 0..<8) func whatIsMissingIsNamed(_ line: Int) throws {
        var lines = request
        lines.remove(at: line)
        let needed = ![5, 6].contains(line)
        #expect(((try? answer(lines)) == nil) == needed)
    }

    @Test(arguments: ["POST / HTTP/1.1", "GET / HTTP/1.0", "GET /", "", "\u{0}"]) func otherRequestsAreNone(_ first: String) {
        #expect(throws: WebSocketHandshake.Failure.noRequest) { try answer([first] + request.dropFirst()) }
    }

    private func masked(_ first: UInt8, _ body: [UInt8], size: [UInt8]? = nil) -> [UInt8] {
        let mask: [UInt8] = [0x37, 0xfa, 0x21, 0x3d]
        return [first] + (size ?? [0x80 | UInt8(body.count)]) + mask + body.enumerated().map { $1 ^ mask[$0 & 3] }
    }

    /// Section 5.7's masked message, as bytes.
    @Test func framesAreReadInPieces() {
        var frames = masked(0x02, Array("Hel".utf8)) + masked(0x89, [7]) + masked(0x80, Array("lo".utf8))
        frames += masked(0x82, [UInt8](repeating: 5, count: 300), size: [0xfe, 1, 44])
        var (whole, pieces) = (WebSocket(), WebSocket())
        let once = whole.read(frames)
        #expect(once.bytes == Array("Hello".utf8) + [UInt8](repeating: 5, count: 300))
        #expect(once.answer == [0x8a, 1, 7] && !once.isOver)
        var (bytes, answer): ([UInt8], [UInt8]) = ([], [])
        for byte in frames {
            let part = pieces.read([byte])
            bytes += part.bytes
            answer += part.answer
        }
        #expect(bytes == once.bytes && answer == once.answer)
    }

    @Test func anEndIsSaidBackAndNothingFollows() {
        var socket = WebSocket()
        let end = socket.read(masked(0x88, [3, 232] + Array("bye".utf8)) + masked(0x82, [1]))
        #expect(end.answer == [0x88, 2, 3, 232] && end.isOver && end.bytes.isEmpty)
        #expect(socket.read([0x82]).bytes.isEmpty)
    }

    /// Sizes of 63 bits are read without being kept; one with the top bit is none.
    @Test func sizesHaveNoEnd() {
        var socket = WebSocket()
        #expect(!socket.read([0x82, 0xff, 0x7f] + [UInt8](repeating: 0xff, count: 7) + [0, 0, 0, 0, 9]).isOver)
        socket = WebSocket()
        #expect(socket.read([0x82, 0xff] + [UInt8](repeating: 0xff, count: 12)).answer == [0x88, 2, 3, 234])
    }
}
