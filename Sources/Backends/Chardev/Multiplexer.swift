/// Several front ends on one back end, of which one has the keyboard: `mux=on` and `mon:`. Ctrl-A is the escape, as QEMU's users know it.
public final class Multiplexer: CharacterFrontEnd {
    /// What the escapes ask for.
    public enum Command { case quit, sync }

    private let backend: CharacterBackend
    private var ports: [WeakPort] = []
    private struct WeakPort { weak var port: Port? }
    private var focus = 0
    private var isEscaped = false
    private var showsTime = false
    private var atLineStart = true
    private let now: () -> Int64
    private let command: (Command) -> Void
    private static let escape: UInt8 = 1

    /// `now` gives milliseconds, for the timestamps.
    public init(_ backend: CharacterBackend, now: @escaping () -> Int64, command: @escaping (Command) -> Void) {
        self.backend = backend
        self.now = now
        self.command = command
        backend.frontEnd = self
    }

    /// One front end's share.
    public final class Port: CharacterBackend {
        fileprivate let multiplexer: Multiplexer
        /// Input that the front end has not had room for.
        fileprivate var pending: [UInt8] = []

        fileprivate init(_ multiplexer: Multiplexer) { self.multiplexer = multiplexer }

        public override var isOpen: Bool { multiplexer.backend.isOpen }
        public override func write(_ bytes: [UInt8]) { multiplexer.output(bytes) }
        public override var unsentBytes: Int { multiplexer.backend.unsentBytes }
        public override func frontEndIsReady() {
            deliver()
            multiplexer.backend.frontEndIsReady()
        }

        fileprivate func take(_ byte: UInt8) {
            pending.append(byte)
            deliver()
        }

        private func deliver() {
            while let frontEnd, !pending.isEmpty {
                let room = frontEnd.receivableBytes()
                if room <= 0 { return }
                let part = Array(pending.prefix(room))
                pending.removeFirst(part.count)
                frontEnd.receive(part)
            }
        }
    }

    /// A new front end's back end; the first one made has the keyboard.
    public func makePort() -> Port {
        let port = Port(self)
        ports.append(WeakPort(port: port))
        return port
    }

    private var focusedPort: Port? { ports.indices.contains(focus) ? ports[focus].port : nil }
    private var focused: (any CharacterFrontEnd)? { focusedPort?.frontEnd }
    /// Input that a front end may be behind by, in bytes.
    private static let backlog = 4096

    // MARK: Input

    public func receivableBytes() -> Int { max(isEscaped ? 1 : 0, Multiplexer.backlog - (focusedPort?.pending.count ?? 0)) }

    public func receive(_ bytes: [UInt8]) {
        for byte in bytes {
            if isEscaped {
                isEscaped = false
                escaped(byte)
            } else if byte == Multiplexer.escape {
                isEscaped = true
            } else {
                focusedPort?.take(byte)
            }
        }
    }

    public func handle(_ event: CharacterEvent) { for entry in ports { entry.port?.frontEnd?.handle(event) } }

    public func backendHasRoom() { for entry in ports { entry.port?.frontEnd?.backendHasRoom() } }

    private func escaped(_ byte: UInt8) {
        switch Character(UnicodeScalar(byte)) {
        case "h", "?": help()
        case "x":
            backend.write(Array("QEMU: Terminated\r\n".utf8))
            command(.quit)
        case "s": command(.sync)
        case "b": focused?.handle(.lineBreak)
        case "c": switchFocus()
        case "t": showsTime.toggle()
        case "\u{1}": focusedPort?.take(byte)
        default: break
        }
    }

    private func switchFocus() {
        guard !ports.isEmpty else { return }
        focused?.handle(.closed)
        focus = (focus + 1) % ports.count
        focused?.handle(.opened)
        backend.frontEndIsReady()
    }

    private func help() {
        let lines = [
            "C-a h    print this help", "C-a x    exit emulator", "C-a s    save disk data back to file (if -snapshot)",
            "C-a t    toggle console timestamps", "C-a b    send break (magic sysrq)", "C-a c    switch between console and monitor",
            "C-a C-a  sends C-a",
        ]
        backend.write(Array(("\r\n" + lines.joined(separator: "\r\n") + "\r\n").utf8))
    }

    // MARK: Output

    private func output(_ bytes: [UInt8]) {
        guard showsTime else { return backend.write(bytes) }
        var stamped: [UInt8] = []
        for byte in bytes {
            if atLineStart {
                let time = now()
                stamped += Array("[\(time / 1000).\(String(String(1000 + time % 1000).dropFirst()))] ".utf8)
                atLineStart = false
            }
            stamped.append(byte)
            if byte == 10 { atLineStart = true }
        }
        backend.write(stamped)
    }
}
