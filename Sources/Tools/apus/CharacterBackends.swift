import Chardev
import CommandLine
import EventLoop
import HostOS

/// Makes character back ends from what `-serial` and its like say.
struct CharacterBackends {
    let loop: EventLoop
    let command: (Multiplexer.Command) -> Void

    func open(_ text: String, option: String) throws -> CharacterBackend {
        if text.hasPrefix("mon:") {
            let inner = try open(String(text.dropFirst(4)), option: option)
            return Multiplexer(inner, now: { [loop] in loop.now(.realtime) / 1_000_000 }, command: command).makePort()
        }
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        switch parts.first ?? "" {
        case "stdio": return DescriptorBackend.standard(loop: loop, signals: true)
        case "null", "none": return NullBackend()
        case "file":
            guard parts.count == 2 else { throw CommandLineError.badValue(option: option, value: text, expected: "file:PATH") }
            return DescriptorBackend(loop: loop, input: nil, output: try .creating(parts[1]))
        case "pty", "tcp", "udp", "unix", "pipe", "vc", "chardev", "telnet", "websocket", "msmouse", "braille":
            throw CommandLineError.notSupported("-\(option) \(parts[0])")
        default:
            throw CommandLineError.badValue(option: option, value: text, expected: "mon:stdio, stdio, null, none, file:PATH")
        }
    }
}
