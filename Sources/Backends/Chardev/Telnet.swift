/// Telnet on a line (RFC 854).
///
/// A server asks for eight bits both ways (RFC 856), for no echo (RFC 857) and for no turns (RFC 858), and leaves it at that, whatever the client answers. A client
/// agrees to those and to nothing else (RFC 1143's rule: only changes are answered).
struct Telnet: LineCodec {
    private enum Code {
        static let interpret: UInt8 = 255
        static let dontOption: UInt8 = 254, doOption: UInt8 = 253, wontOption: UInt8 = 252, willOption: UInt8 = 251
        static let subnegotiation: UInt8 = 250, lineBreak: UInt8 = 243, end: UInt8 = 240
    }

    private enum Option { static let binary: UInt8 = 0, echo: UInt8 = 1, suppressGoAhead: UInt8 = 3 }

    private enum State: Equatable { case data, command, option(UInt8), subnegotiation, commandWithin }

    private let isServer: Bool
    private var state = State.data
    /// A client's options that are on, here and at the server.
    private var own: Set<UInt8> = [], theirs: Set<UInt8> = []
    /// A return has come from a server that does not send eight bits: what belongs to it may follow.
    private var followsReturn = false

    init(isServer: Bool) { self.isServer = isServer }

    var greeting: [UInt8] {
        guard isServer else { return [] }
        return [
            Code.interpret, Code.willOption, Option.echo, Code.interpret, Code.willOption, Option.suppressGoAhead,
            Code.interpret, Code.willOption, Option.binary, Code.interpret, Code.doOption, Option.binary,
        ]
    }

    var farewell: [UInt8] { [] }

    mutating func decode(_ bytes: [UInt8]) -> Decoded {
        var decoded = Decoded()
        for byte in bytes { take(byte, &decoded) }
        return decoded
    }

    private mutating func take(_ byte: UInt8, _ decoded: inout Decoded) {
        switch state {
        case .data: if byte == Code.interpret { state = .command } else { put(byte, &decoded) }
        case .command:
            state = .data
            switch byte {
            case Code.interpret: put(byte, &decoded)
            case Code.willOption...Code.dontOption: state = .option(byte)
            case Code.subnegotiation: state = .subnegotiation
            case Code.lineBreak: decoded.breaks += 1
            default: break
            }
        case .option(let command):
            state = .data
            if !isServer { decoded.answer += answer(command, byte) }
        case .subnegotiation: if byte == Code.interpret { state = .commandWithin }
        case .commandWithin: state = byte == Code.end ? .data : .subnegotiation
        }
    }

    /// Without eight bits a return that stands alone is followed by a 0.
    private mutating func put(_ byte: UInt8, _ decoded: inout Decoded) {
        let belongsToReturn = followsReturn && byte == 0
        followsReturn = !isServer && byte == 0x0d && !theirs.contains(Option.binary)
        if !belongsToReturn { decoded.bytes.append(byte) }
    }

    /// What a client says to an order or an offer.
    private mutating func answer(_ command: UInt8, _ option: UInt8) -> [UInt8] {
        func say(_ code: UInt8) -> [UInt8] { [Code.interpret, code, option] }
        switch command {
        case Code.doOption:
            guard [Option.binary, Option.suppressGoAhead].contains(option) else { return say(Code.wontOption) }
            return own.insert(option).inserted ? say(Code.willOption) : []
        case Code.willOption:
            guard [Option.binary, Option.echo, Option.suppressGoAhead].contains(option) else { return say(Code.dontOption) }
            return theirs.insert(option).inserted ? say(Code.doOption) : []
        case Code.dontOption: return own.remove(option) != nil ? say(Code.wontOption) : []
        default: return theirs.remove(option) != nil ? say(Code.dontOption) : []
        }
    }

    func encode(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let marksReturns = !isServer && !own.contains(Option.binary)
        guard bytes.contains(Code.interpret) || marksReturns else { return Array(bytes) }
        return bytes.flatMap { $0 == Code.interpret ? [$0, $0] : $0 == 0x0d && marksReturns ? [$0, 0] : [$0] }
    }
}
