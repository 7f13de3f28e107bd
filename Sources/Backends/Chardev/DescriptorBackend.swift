import EventLoop
import HostOS

/// A back end on host descriptors that stay open: standard input and output, a file, a named pipe, a pseudo-terminal.
public final class DescriptorBackend: CharacterBackend {
    private var channel: ByteChannel?
    /// Kept open as long as the back end lives.
    private let terminal: PseudoTerminal?
    private let kind: String

    public init(loop: EventLoop, _ kind: String, input: HostStream?, output: HostStream?, terminal: PseudoTerminal? = nil) {
        (self.kind, self.terminal) = (kind, terminal)
        super.init()
        channel = ByteChannel(self, loop: loop, input: input, output: output) { [unowned self] in frontEnd?.handle(.closed) }
    }

    /// Standard input and output; a terminal is switched to raw input. With `signals` Ctrl-C and its like end the emulator.
    public static func standard(loop: EventLoop, signals: Bool) -> DescriptorBackend {
        if HostStream.standardInput.isTerminal { Terminal.makeRaw(keepingSignals: signals) }
        return DescriptorBackend(loop: loop, "stdio", input: .standardInput, output: .standardOutput)
    }

    /// The named pipes PATH.in and PATH.out, or one pipe PATH for both.
    public static func pipe(loop: EventLoop, path: String) throws(HostError) -> DescriptorBackend {
        if let input = try? HostStream.pipe(path + ".in"), let output = try? HostStream.pipe(path + ".out") {
            return DescriptorBackend(loop: loop, "pipe", input: input, output: output)
        }
        let both = try HostStream.pipe(path)
        return DescriptorBackend(loop: loop, "pipe", input: both, output: both)
    }

    /// A new pseudo-terminal.
    public static func pseudoTerminal(loop: EventLoop) throws(HostError) -> (backend: DescriptorBackend, path: String) {
        let terminal = try PseudoTerminal()
        let backend = DescriptorBackend(loop: loop, "pty:\(terminal.path)", input: terminal.stream, output: terminal.stream, terminal: terminal)
        return (backend, terminal.path)
    }

    public override var filename: String { kind }
    public override func frontEndIsReady() { channel?.frontEndIsReady() }
    public override func write(_ bytes: [UInt8]) { channel?.write(bytes) }
    public override var unsentBytes: Int { channel?.unsentBytes ?? 0 }
}
