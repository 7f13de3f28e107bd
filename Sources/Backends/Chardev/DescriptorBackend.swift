import Diagnostics
import EventLoop
import HostOS

/// A back end on host descriptors: standard input and output, a file, a pseudo-terminal.
public final class DescriptorBackend: CharacterBackend {
    private let loop: EventLoop
    private let output: HostStream
    private let input: HostStream?
    private var watch: FDWatch?
    private var outputWatch: FDWatch?
    /// Input that the front end has not had room for.
    private var pending: [UInt8] = []
    private var unsent: [UInt8] = []
    private static let chunk = 4096

    public init(loop: EventLoop, input: HostStream?, output: HostStream) {
        self.loop = loop
        self.input = input
        self.output = output
        super.init()
        listen()
    }

    /// Standard input and output; a terminal is switched to raw input.
    public static func standard(loop: EventLoop, signals: Bool) -> DescriptorBackend {
        if HostStream.standardInput.isTerminal { Terminal.makeRaw(keepingSignals: signals) }
        return DescriptorBackend(loop: loop, input: .standardInput, output: .standardOutput)
    }

    private func listen() {
        guard let input, watch == nil else { return }
        watch = loop.watch(input.descriptor, readable: { [weak self] in self?.readable() })
    }

    private func readable() {
        guard let input else { return }
        guard let bytes = input.read(DescriptorBackend.chunk), !bytes.isEmpty else {
            stopListening()
            frontEnd?.handle(.closed)
            return
        }
        pending += bytes
        deliver()
        // A front end that is behind stops the reading, so that the host's side feels it.
        if pending.count >= DescriptorBackend.chunk { stopListening() }
    }

    private func stopListening() {
        watch?.cancel()
        watch = nil
    }

    private func deliver() {
        guard let frontEnd else { return }
        while !pending.isEmpty {
            let room = frontEnd.receivableBytes()
            if room <= 0 { return }
            let part = Array(pending.prefix(room))
            pending.removeFirst(part.count)
            frontEnd.receive(part)
        }
    }

    public override func frontEndIsReady() {
        deliver()
        if pending.count < DescriptorBackend.chunk { listen() }
    }

    public override func write(_ bytes: [UInt8]) {
        if unsent.isEmpty {
            let sent = output.write(bytes)
            if sent < bytes.count { keep(Array(bytes[sent...])) }
        } else {
            keep(bytes)
        }
    }

    private func keep(_ bytes: [UInt8]) {
        unsent += bytes
        guard outputWatch == nil, output.descriptor != input?.descriptor else { return flush() }
        outputWatch = loop.watch(output.descriptor, writable: { [weak self] in self?.flush() })
    }

    private func flush() {
        let sent = output.write(unsent)
        unsent.removeFirst(sent)
        if unsent.isEmpty {
            outputWatch?.cancel()
            outputWatch = nil
        }
    }
}
