import Chardev

/// Frames over a stream socket to another emulator, each behind its length as four bytes, highest first: QEMU's `-netdev socket`.
public final class StreamBackend: NetworkBackend, CharacterFrontEnd {
    private let line: SocketBackend
    private let text: String
    private var input: [UInt8] = []
    private static let prefix = 4
    /// Longer than any frame can be; a peer that announces more is no emulator.
    private static let largest = 0x1_1000
    /// Bytes that may wait for a slow peer; a frame goes out whole or not at all.
    private static let backlog = 1 << 19

    /// `description` is for `info network`.
    public init(_ line: SocketBackend, description: String) {
        (self.line, text) = (line, description)
        super.init()
        line.frontEnd = self
    }

    public func receivableBytes() -> Int { isBehind ? 0 : StreamBackend.largest }

    public func receive(_ bytes: [UInt8]) {
        input += bytes
        var place = 0
        while input.count - place >= StreamBackend.prefix {
            let length = input[place..<place + StreamBackend.prefix].reduce(0) { $0 << 8 | Int($1) }
            guard length <= StreamBackend.largest else { return line.disconnect() }
            guard input.count - place - StreamBackend.prefix >= length else { break }
            place += StreamBackend.prefix
            deliver(Array(input[place..<place + length]))
            place += length
        }
        input.removeFirst(place)
    }

    /// A new connection begins with a new frame.
    public func handle(_ event: CharacterEvent) { input = [] }

    public override func deliveredAll() { line.frontEndIsReady() }

    public override func send(_ frame: [UInt8]) {
        guard line.isConnected, line.unsentBytes + frame.count < StreamBackend.backlog else { return }
        let length = UInt32(frame.count)
        line.write((0..<4).map { UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * $0)) } + frame)
    }

    public override var description: String { text }
}
