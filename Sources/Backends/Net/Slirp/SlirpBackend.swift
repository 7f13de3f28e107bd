import Chardev
import Diagnostics
import EventLoop

/// A network of its own for the guest, behind the host's sockets: libslirp with DHCP, DNS, TFTP and translated connections. It needs no
/// rights on the host.
public final class SlirpBackend: NetworkBackend {
    private let loop: EventLoop
    private let settings: UserNetwork
    private var stack: SlirpStack?
    /// Frames from the guest. The stack works on the loop's thread only, so that the vCPUs go on meanwhile.
    private var outgoing = FrameQueue()
    private var senderWaits = false
    private var lines: [ForwardedLine] = []

    public init(
        loop: EventLoop, settings: UserNetwork, forwards: [PortForward], guestForwards: [(forward: GuestForward, line: CharacterBackend?)]
    ) throws(NetworkError) {
        (self.loop, self.settings) = (loop, settings)
        super.init()
        let stack = try SlirpStack(settings, owner: self)
        self.stack = stack
        for forward in forwards { guard stack.add(forward) else { throw .forward("hostfwd=\(forward.rule)") } }
        for (forward, line) in guestForwards {
            guard stack.add(forward) else { throw .forward("guestfwd=\(forward.rule)") }
            if let line { lines.append(ForwardedLine(stack, forward, line)) }
        }
        loop.add(self)
    }

    public override func close() { loop.remove(self) }

    // MARK: The guest's frames

    public override var hasRoom: Bool {
        if outgoing.isFull { senderWaits = true }
        return !outgoing.isFull
    }

    public override func send(_ frame: [UInt8]) {
        if outgoing.isEmpty { loop.post { [weak self] in self?.work() } }
        outgoing.append(frame)
    }

    private func work() {
        for frame in outgoing.takeAll() { stack?.input(frame) }
        guard senderWaits else { return }
        senderWaits = false
        frontEnd?.backendHasRoom()
    }

    /// The stack makes them itself, out of what the host's kernel has checked.
    public override var makesGoodChecksums: Bool { true }

    public override var description: String { "type=user,net=\(settings.network),restrict=\(settings.isRestricted ? "on" : "off")" }

    /// The connections, as `info usernet` shows them.
    public var connections: String { stack?.connections ?? "" }
}

extension SlirpBackend: PollSource {
    public func prepare(_ timeout: inout Int32) -> [PolledDescriptor] {
        guard let stack else { return [] }
        var milliseconds = timeout < 0 ? UInt32.max : UInt32(timeout)
        let list = stack.descriptors(&milliseconds)
        timeout = milliseconds > UInt32(Int32.max) ? -1 : Int32(milliseconds)
        return list
    }

    public func finish(_ descriptors: ArraySlice<PolledDescriptor>) {
        stack?.happened(descriptors)
        for line in lines { line.backend.frontEndIsReady() }
    }
}

extension SlirpBackend: SlirpOwner {
    func output(_ frame: [UInt8]) { deliver(frame) }
    func now() -> Int64 { loop.now(.virtual) }
    func makeTimer(_ fire: @escaping () -> Void) -> LoopTimer { LoopTimer(loop, .virtual, fire) }
    func guestError(_ text: String) { Log.write(.guestErrors, "user network: \(text)") }
    func received(_ bytes: [UInt8], on forward: Int) { if lines.indices.contains(forward) { lines[forward].backend.write(bytes) } }
}

/// A character back end at the other end of a forwarded port.
private final class ForwardedLine: CharacterFrontEnd {
    let backend: CharacterBackend
    private unowned let stack: SlirpStack
    private let forward: GuestForward

    init(_ stack: SlirpStack, _ forward: GuestForward, _ backend: CharacterBackend) {
        (self.stack, self.forward, self.backend) = (stack, forward, backend)
        backend.frontEnd = self
    }

    func receivableBytes() -> Int { stack.room(forward) }
    func receive(_ bytes: [UInt8]) { stack.send(bytes, through: forward) }
    func handle(_ event: CharacterEvent) {}
}
