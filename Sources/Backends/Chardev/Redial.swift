import EventLoop
import HostOS

/// Tries to connect again after a pause, until it works. A host that does not answer keeps a thread waiting, nobody else.
final class Redial {
    private let loop: EventLoop
    private let address: SocketAddress
    private let pause: Int64
    private let connected: (HostStream) -> Void
    private lazy var timer = LoopTimer(loop, .realtime) { [unowned self] in attempt() }

    /// - Parameter connected: called on the loop's thread with the machine lock held.
    init(_ loop: EventLoop, _ address: SocketAddress, seconds: Int, connected: @escaping (HostStream) -> Void) {
        (self.loop, self.address, pause, self.connected) = (loop, address, Int64(seconds) * 1_000_000_000, connected)
    }

    func begin() { timer.arm(at: loop.now(.realtime) + pause) }

    private func attempt() {
        // The thread may outlive this object, which goes on the loop's thread only: there it is looked at again.
        let (loop, address) = (loop, address)
        nonisolated(unsafe) weak let me = self
        let thread = try? HostThread(name: "reconnect") {
            let stream = try? HostStream.connected(to: address)
            loop.post { unsafe me?.end(stream) }
        }
        if thread == nil { begin() }
    }

    private func end(_ stream: HostStream?) { if let stream { connected(stream) } else { begin() } }
}
