/// Frames of a WebSocket as a server reads and writes them (RFC 6455, section 5): the bytes of the line are those of binary messages, whose borders mean nothing.
///
/// Nothing is gathered but the head of a frame and the body of one of control, so a frame may be as long as the protocol allows.
public struct WebSocket: LineCodec {
    private enum Opcode { static let more: UInt8 = 0, text: UInt8 = 1, binary: UInt8 = 2, close: UInt8 = 8, ping: UInt8 = 9, pong: UInt8 = 10 }

    /// Why a connection is closed (RFC 6455, section 7.4.1).
    private enum Reason { static let goingAway: UInt16 = 1001, mistake: UInt16 = 1002, unwantedData: UInt16 = 1003 }

    private static let final: UInt8 = 0x80, masked: UInt8 = 0x80, longestControl: UInt64 = 125

    private var head: [UInt8] = []
    private var opcode: UInt8 = 0
    private var mask: [UInt8] = []
    /// Bytes of the frame's body that are still to come.
    private var missing: UInt64 = 0
    /// Where in the mask the next byte is.
    private var place = 0
    private var isInBody = false
    private var control: [UInt8] = []
    /// A message has begun whose last frame has not come.
    private var isInMessage = false
    private var isOver = false

    public init() {}

    var greeting: [UInt8] { [] }
    var farewell: [UInt8] { isOver ? [] : WebSocket.closing(Reason.goingAway) }

    private static func closing(_ reason: UInt16) -> [UInt8] { frame(Opcode.close, [UInt8(reason >> 8), UInt8(truncatingIfNeeded: reason)]) }

    /// A server's frames are not masked.
    private static func frame(_ opcode: UInt8, _ body: ArraySlice<UInt8>) -> [UInt8] {
        let count = body.count
        let size: [UInt8] =
            switch count {
            case ...125: [UInt8(count)]
            case ...0xffff: [126, UInt8(count >> 8), UInt8(truncatingIfNeeded: count)]
            default: [127] + (0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * $0)) }
            }
        return [final | opcode] + size + body
    }

    func encode(_ bytes: ArraySlice<UInt8>) -> [UInt8] { WebSocket.frame(Opcode.binary, bytes) }

    // MARK: What comes

    /// The bytes, the answer and whether it is over, for whoever tries it without a line.
    public mutating func read(_ bytes: [UInt8]) -> (bytes: [UInt8], answer: [UInt8], isOver: Bool) {
        let decoded = decode(bytes)
        return (decoded.bytes, decoded.answer, decoded.isOver)
    }

    mutating func decode(_ bytes: [UInt8]) -> Decoded {
        var (decoded, rest) = (Decoded(), bytes[...])
        while !isOver, !rest.isEmpty {
            if isInBody { takeBody(&rest, &decoded) } else if let byte = rest.popFirst() { takeHead(byte, &decoded) }
        }
        decoded.isOver = isOver
        return decoded
    }

    private mutating func takeHead(_ byte: UInt8, _ decoded: inout Decoded) {
        head.append(byte)
        if head.count == 1, let reason = fault(opcode: byte) { return fail(reason, &decoded) }
        guard head.count >= 2 else { return }
        // A client's frames are masked.
        guard head[1] & WebSocket.masked != 0 else { return fail(Reason.mistake, &decoded) }
        let short = UInt64(head[1] & 0x7f)
        let sizeBytes = short == 126 ? 2 : short == 127 ? 8 : 0
        if head.count == 2, opcode >= 8, short > WebSocket.longestControl { return fail(Reason.mistake, &decoded) }
        guard head.count == 2 + sizeBytes + 4 else { return }
        missing = sizeBytes == 0 ? short : head[2..<2 + sizeBytes].reduce(0) { $0 << 8 | UInt64($1) }
        guard missing >> 63 == 0 else { return fail(Reason.mistake, &decoded) }
        mask = Array(head.suffix(4))
        (head, place, isInBody, control) = ([], 0, true, [])
        if missing == 0 { finishFrame(&decoded) }
    }

    /// Why the first byte of a frame cannot be; nil if it can.
    private mutating func fault(opcode first: UInt8) -> UInt16? {
        let isFinal = first & WebSocket.final != 0
        opcode = first & 0x0f
        guard first & 0x70 == 0 else { return Reason.mistake }
        switch opcode {
        case Opcode.more: if !isInMessage { return Reason.mistake }
        case Opcode.binary: if isInMessage { return Reason.mistake }
        case Opcode.text: return Reason.unwantedData
        case Opcode.close...Opcode.pong: return isFinal ? nil : Reason.mistake
        default: return Reason.mistake
        }
        isInMessage = !isFinal
        return nil
    }

    private mutating func takeBody(_ rest: inout ArraySlice<UInt8>, _ decoded: inout Decoded) {
        let part = rest.prefix(Int(min(missing, UInt64(rest.count))))
        rest = rest.dropFirst(part.count)
        missing -= UInt64(part.count)
        let plain = part.enumerated().map { $1 ^ mask[(place + $0) & 3] }
        place = (place + part.count) & 3
        if opcode >= 8 { control += plain } else { decoded.bytes += plain }
        if missing == 0 { finishFrame(&decoded) }
    }

    private mutating func finishFrame(_ decoded: inout Decoded) {
        isInBody = false
        switch opcode {
        case Opcode.ping: decoded.answer += WebSocket.frame(Opcode.pong, control[...])
        case Opcode.close:
            // The reason is said back; one byte is none.
            if control.count == 1 { return fail(Reason.mistake, &decoded) }
            decoded.answer += WebSocket.frame(Opcode.close, control.prefix(2))
            isOver = true
        default: break
        }
        control = []
    }

    private mutating func fail(_ reason: UInt16, _ decoded: inout Decoded) {
        decoded.answer += WebSocket.closing(reason)
        isOver = true
    }
}
