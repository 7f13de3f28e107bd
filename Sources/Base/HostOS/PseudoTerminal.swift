import CHost

/// A pseudo-terminal: the emulator has one end, a terminal program opens the other by its name.
public final class PseudoTerminal {
    /// The emulator's end.
    public let stream: HostStream
    /// "/dev/pts/3".
    public let path: String
    /// Our own hold on the other end, so that it lives while no terminal program has it open.
    private let other: HostStream

    public init() throws(HostError) {
        var main: Int32 = -1
        var end: Int32 = -1
        var name = [CChar](repeating: 0, count: 128)
        guard unsafe apus_open_terminal(&main, &end, &name, name.count) == 0 else { throw HostError("make a pseudo-terminal") }
        stream = HostStream(descriptor: main, closes: true)
        other = HostStream(descriptor: end, closes: true)
        path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        stream.setNonblocking()
    }
}
