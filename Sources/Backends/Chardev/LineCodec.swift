/// What the bytes of a line are wrapped in on their way through a stream.
protocol LineCodec {
    /// Said first.
    var greeting: [UInt8] { get }
    /// Said last, if this side ends the connection.
    var farewell: [UInt8] { get }
    /// What the other end's bytes say.
    mutating func decode(_ bytes: [UInt8]) -> Decoded
    /// The bytes in their wrapping, which must not be torn: all of them are sent or none.
    mutating func encode(_ bytes: ArraySlice<UInt8>) -> [UInt8]
}

/// What came.
struct Decoded: Equatable {
    /// For the line.
    var bytes: [UInt8] = []
    /// Break conditions among them.
    var breaks = 0
    /// What is to be answered, by the codec's own rules.
    var answer: [UInt8] = []
    /// Nothing more is to come.
    var isOver = false
}

/// What a socket speaks.
public enum LineProtocol: String, Sendable {
    /// The line's bytes.
    case plain = "tcp"
    case telnet
    /// As a server.
    case webSocket = "websocket"

    func makeCodec(isServer: Bool) -> (any LineCodec)? {
        switch self {
        case .plain: nil
        case .telnet: Telnet(isServer: isServer)
        case .webSocket: WebSocket()
        }
    }
}
