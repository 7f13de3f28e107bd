import EventLoop
import HostOS

/// What an empty drive stands on: whatever is asked of it fails.
final class NoMedium: BlockNode {
    private let loop: EventLoop
    private var waiting: [(BlockResult) -> Void] = []

    init(loop: EventLoop) { self.loop = loop }

    var size: UInt64 { 0 }
    var isReadOnly: Bool { true }
    var hasMedium: Bool { false }

    func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) { refuse(done) }
    func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) { refuse(done) }
    func flush(_ done: @escaping (BlockResult) -> Void) { refuse(done) }
    func discard(_ offset: UInt64, count: UInt64, _ done: @escaping (BlockResult) -> Void) { refuse(done) }
    func zero(_ offset: UInt64, count: UInt64, mayUnmap: Bool, _ done: @escaping (BlockResult) -> Void) { refuse(done) }

    /// A completion never comes from within the request.
    private func refuse(_ done: @escaping (BlockResult) -> Void) {
        waiting.append(done)
        loop.post { [weak self] in self?.drain() }
    }

    func drain() {
        while !waiting.isEmpty {
            let all = waiting
            waiting = []
            for done in all { done(.failed(errno: noMediumNumber)) }
        }
    }
}
