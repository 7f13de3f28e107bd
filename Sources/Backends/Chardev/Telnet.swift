/// Telnet as a server speaks it on a line (RFC 854): it asks for eight bits both ways (RFC 856), for no echo (RFC 857) and for no turns (RFC 858), and
/// leaves it at that, whatever the client answers.
struct Telnet {
    private enum Code {
        static let interpret: UInt8 = 255
        static let dontOption: UInt8 = 254, doOption: UInt8 = 253, wontOption: UInt8 = 252, willOption: UInt8 = 251
        static let subnegotiation: UInt8 = 250, lineBreak: UInt8 = 243, end: UInt8 = 240
    }

    private enum Option { static let binary: UInt8 = 0, echo: UInt8 = 1, suppressGoAhead: UInt8 = 3 }

    private enum State { case data, command, option, subnegotiation, commandWithin }

    static let greeting: [UInt8] = [
        Code.interpret, Code.willOption, Option.echo, Code.interpret, Code.willOption, Option.suppressGoAhead,
        Code.interpret, Code.willOption, Option.binary, Code.interpret, Code.doOption, Option.binary,
    ]

    private var state = State.data

    /// What the client's bytes say: those that are meant for the line, and how many breaks there are among them.
    mutating func decode(_ bytes: [UInt8]) -> (bytes: [UInt8], breaks: Int) {
        var (data, breaks): ([UInt8], Int) = ([], 0)
        for byte in bytes {
            switch state {
            case .data: if byte == Code.interpret { state = .command } else { data.append(byte) }
            case .command:
                state = .data
                switch byte {
                case Code.interpret: data.append(byte)
                case Code.willOption...Code.dontOption: state = .option
                case Code.subnegotiation: state = .subnegotiation
                case Code.lineBreak: breaks += 1
                default: break
                }
            case .option: state = .data
            case .subnegotiation: if byte == Code.interpret { state = .commandWithin }
            case .commandWithin: state = byte == Code.end ? .data : .subnegotiation
            }
        }
        return (data, breaks)
    }

    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        bytes.contains(Code.interpret) ? bytes.flatMap { $0 == Code.interpret ? [$0, $0] : [$0] } : bytes
    }
}
