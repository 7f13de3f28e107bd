import EventLoop
import HostOS

/// Bytes between a back end and host descriptors, kept in both directions as long as the receiver has no room.
final class ByteChannel {
    private let loop: EventLoop
    private let input: HostStream?
    private let output: HostStream?
    private unowned let backend: CharacterBackend
    /// Called once when the other side has gone.
    private var closed: (() -> Void)?
    private var inputWatch: FDWatch?
    private var outputWatch: FDWatch?
    private var wantsInput: Bool
    /// Input that the front end has not had room for.
    private var pending: [UInt8] = []
    private var unsent: [UInt8] = []
    private var descriptors: [HostStream] = []
    private var isClosed = false
    /// What the bytes are wrapped in; nil for nothing.
    private var codec: (any LineCodec)?
    private static let chunk = 4096
    /// Output that is kept for a slow reader, in bytes; what comes on top is lost, as on a line without flow control.
    private static let backlog = 1 << 20
    /// Descriptors from the peer that nobody has asked for yet; of more than these the first are closed.
    private static let mostDescriptors = 16
    /// Bytes that are wrapped at once.
    private static let piece = 32 << 10

    /// Input and output may be the same descriptor.
    init(
        _ backend: CharacterBackend, loop: EventLoop, input: HostStream?, output: HostStream?, codec: (any LineCodec)? = nil,
        closed: @escaping () -> Void
    ) {
        self.backend = backend
        self.loop = loop
        self.input = input
        self.output = output
        self.closed = closed
        self.codec = codec
        wantsInput = input != nil
        listen()
        if let codec { send(codec.greeting) }
    }

    deinit { stop() }

    /// Nobody wants anything of it any more; it may be in the midst of handing over input.
    func abandon() {
        if let codec { sendWhole(codec.farewell) }
        (closed, isClosed, pending, unsent) = (nil, true, [], [])
        stop()
    }

    /// Ends all listening.
    private func stop() {
        inputWatch?.cancel()
        outputWatch?.cancel()
        (inputWatch, outputWatch) = (nil, nil)
    }

    /// Listens for what is wanted now; the loop knows a descriptor once only.
    private func listen() {
        stop()
        guard !isClosed else { return }
        let wantsOutput = !unsent.isEmpty
        let isShared = input != nil && input?.descriptor == output?.descriptor
        inputWatch = watch(input, reads: wantsInput, writes: isShared && wantsOutput)
        if !isShared { outputWatch = watch(output, reads: false, writes: wantsOutput) }
    }

    private func watch(_ stream: HostStream?, reads: Bool, writes: Bool) -> FDWatch? {
        guard let stream, reads || writes else { return nil }
        return loop.watch(
            stream.descriptor, readable: reads ? { [weak self] in self?.readable() } : nil,
            writable: writes ? { [weak self] in self?.flush() } : nil)
    }

    // MARK: Input

    private func readable() {
        guard let input, !isClosed else { return }
        guard let (bytes, sent) = input.receive(ByteChannel.chunk) else { return }
        descriptors = (descriptors + sent).suffix(ByteChannel.mostDescriptors)
        if bytes.isEmpty { return end() }
        let decoded = codec?.decode(bytes) ?? Decoded(bytes: bytes)
        pending += decoded.bytes
        sendWhole(decoded.answer)
        // A break overtakes what waits for room, as it does on a line.
        for _ in 0..<decoded.breaks { backend.frontEnd?.handle(.lineBreak) }
        deliver()
        if decoded.isOver { return end() }
        // A front end that is behind stops the reading, so that the host's side feels it.
        if pending.count >= ByteChannel.chunk, !isClosed {
            wantsInput = false
            listen()
        }
    }

    /// The other side has ended; the front end hears of it when it has taken all that came before.
    private func end() {
        isClosed = true
        stop()
        if pending.isEmpty || backend.frontEnd == nil { closed?() }
    }

    private func deliver() {
        guard !pending.isEmpty, let frontEnd = backend.frontEnd else { return }
        while !pending.isEmpty {
            let room = frontEnd.receivableBytes()
            if room <= 0 { return }
            let part = Array(pending.prefix(room))
            pending.removeFirst(part.count)
            frontEnd.receive(part)
        }
        if isClosed { closed?() }
    }

    /// What has come along with the input.
    func takeDescriptors() -> [HostStream] {
        defer { descriptors = [] }
        return descriptors
    }

    /// The front end has room again.
    func frontEndIsReady() {
        deliver()
        guard pending.count < ByteChannel.chunk, !wantsInput, !isClosed, input != nil else { return }
        wantsInput = true
        listen()
    }

    // MARK: Output

    func write(_ bytes: [UInt8]) {
        guard codec != nil else { return send(bytes) }
        for start in stride(from: 0, to: bytes.count, by: ByteChannel.piece) {
            sendWhole(codec?.encode(bytes[start..<min(start + ByteChannel.piece, bytes.count)]) ?? [])
        }
    }

    /// What is wrapped is lost as a whole, if it is.
    private func sendWhole(_ bytes: [UInt8]) {
        if !bytes.isEmpty, unsent.count + bytes.count <= ByteChannel.backlog { send(bytes) }
    }

    private func send(_ bytes: [UInt8]) {
        guard let output, !isClosed else { return }
        if unsent.isEmpty {
            let sent = output.write(bytes)
            if sent < bytes.count { keep(bytes[sent...]) }
        } else {
            keep(bytes[...])
        }
    }

    var unsentBytes: Int { unsent.count }

    private func keep(_ bytes: ArraySlice<UInt8>) {
        let isFirst = unsent.isEmpty
        unsent += bytes.prefix(ByteChannel.backlog - unsent.count)
        if isFirst { listen() }
    }

    private func flush() {
        guard let output else { return }
        unsent.removeFirst(output.write(unsent))
        guard unsent.isEmpty else { return }
        listen()
        backend.frontEnd?.backendHasRoom()
    }
}
