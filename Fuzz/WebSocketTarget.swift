import Chardev

/// Requests for WebSockets and their frames: what is read in pieces is what is read at once, nothing comes out that did not go in, and after the end there is nothing.
struct WebSocketTarget: FuzzTarget {
    private static let request = Array(
        ("GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: binary\r\n\r\n").utf8)
    private static let frames: [[UInt8]] = [
        [0x82, 0x83, 1, 2, 3, 4, 5, 6, 7], [0x02, 0x81, 0, 0, 0, 0, 1, 0x80, 0x81, 9, 9, 9, 9, 1], [0x89, 0x80, 1, 1, 1, 1],
        [0x8a, 0x81, 1, 1, 1, 1, 1],
        [0x88, 0x82, 0, 0, 0, 0, 3, 232], [0x82, 0xfe, 0, 2, 1, 2, 3, 4, 5, 6], [0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5],
    ]
    private let corpus: [[UInt8]]

    private enum Failure: Error { case piecesDiffer, moreThanCame, goesOn }

    init(corpus: [[UInt8]]) { self.corpus = corpus + WebSocketTarget.frames }

    mutating func run(_ random: RandomSource) throws -> Bool {
        var mutator = Mutator(random: random)
        let isAnswered = (try? WebSocketHandshake.answer(mutator.mutate(WebSocketTarget.request))) != nil
        let input = mutator.mutate((0..<4).flatMap { _ in corpus[mutator.random.below(corpus.count)] })
        var (whole, pieces) = (WebSocket(), WebSocket())
        let once = whole.read(input)
        // A pong is as long as its ping, and a reason has two bytes.
        guard once.bytes.count <= input.count, once.answer.count <= input.count + 4 else { throw Failure.moreThanCame }
        var (bytes, answer, isOver, rest): ([UInt8], [UInt8], Bool, ArraySlice<UInt8>) = ([], [], false, input[...])
        while !rest.isEmpty {
            let count = 1 + mutator.random.below(9)
            let part = pieces.read(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
            (bytes, answer, isOver) = (bytes + part.bytes, answer + part.answer, part.isOver)
        }
        guard bytes == once.bytes, answer == once.answer, isOver == once.isOver else { throw Failure.piecesDiffer }
        guard !once.isOver || whole.read(input).bytes.isEmpty else { throw Failure.goesOn }
        return isAnswered && !once.isOver
    }
}
