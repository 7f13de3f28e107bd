import EventLoop
import HostOS

/// Tries to connect again after a pause, until it works. A host that does not answer keeps a thread waiting, nobody else.
final class Redial {
    private let loop: EventLoop
    private let pause: Int64
    private let connect: @Sendable () throws -> HostStream
    private let connected: (HostStream) -> Void
    private lazy var timer = LoopTimer(loop, .realtime) { [unowned self] in attempt() }

    /// - Parameters:
    ///   - connect: makes a connection, on a thread of its own.
    ///   - connected: called on the loop's thread with the machine lock held.
    init(_ loop: EventLoop, seconds: Int, connect: @escaping @Sendable () throws -> HostStream, connected: @escaping (HostStream) -> Void) {
        (self.loop, pause, self.connect, self.connected) = (loop, Int64(seconds) * 1_000_000_000, connect, connected)
    }

    func begin() { timer.arm(at: loop.now(.realtime) + pause) }

    private func attempt() {
        let isUnderWay = loop.doAside("reconnect", { [connect] in try? connect() }, then: { [weak self] in self?.end($0) })
        if !isUnderWay { begin() }
    }

    private func end(_ stream: HostStream?) { if let stream { connected(stream) } else { begin() } }
}
