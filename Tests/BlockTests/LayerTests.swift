import BlockCore
import BlockFormats
import EventLoop
import Glibc
import HostOS
import Testing

/// A node in memory that fails when it is told to.
private final class Flaky: BlockNode {
    let size: UInt64 = 4096
    let isReadOnly = false
    var failure: Int32?
    var calls = 0

    private func end(_ done: (BlockResult) -> Void) {
        calls += 1
        done(failure.map { .failed(errno: $0) } ?? .ok)
    }

    func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) { end(done) }
    func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) { end(done) }
    func flush(_ done: @escaping (BlockResult) -> Void) { end(done) }
    func discard(_ offset: UInt64, count: UInt64, _ done: @escaping (BlockResult) -> Void) { end(done) }
    func zero(_ offset: UInt64, count: UInt64, mayUnmap: Bool, _ done: @escaping (BlockResult) -> Void) { end(done) }
    func drain() {}
}

/// Nodes that stand on other nodes.
@Suite struct LayerTests {
    @Test(arguments: Engine.allCases) func anOverlayLeavesTheImageAlone(_ engine: Engine) throws {
        let original = pattern(1 << 20)
        var model = original
        let disk = try Disk(engine, original) { $0.isReadOnly = true }
        let changes = try RawImage(temporaryOfSize: disk.node.size, engine: disk.engine, loop: disk.loop)
        let overlay = SnapshotOverlay(base: disk.node, changes: changes)
        for round in 0..<200 {
            let start = 512 * Int.random(in: 0..<2000)
            let count = 512 * Int.random(in: 1...40)
            if round % 5 == 4 {
                #expect(disk.finish { overlay.zero(UInt64(start), count: UInt64(count), mayUnmap: true, $0) } == .ok)
                model.replaceSubrange(start..<start + count, with: repeatElement(0, count: count))
            } else {
                let memory = Memory(pattern(count, seed: round))
                #expect(disk.finish { overlay.write(UInt64(start), from: [memory.buffer], $0) } == .ok)
                model.replaceSubrange(start..<start + count, with: memory.buffer.bytes())
            }
        }
        let pieces = [Memory(count: 700), Memory(count: (1 << 20) - 700)]
        #expect(disk.finish { overlay.read(0, into: pieces.map(\.buffer), $0) } == .ok)
        #expect(pieces.flatMap { $0.buffer.bytes() } == model)
        #expect(model != original)
        #expect(try disk.content == original)
        #expect(disk.finish { overlay.read(512, into: [], $0) } == .ok)
    }

    @Test func policiesDecideWhatTheDeviceHears() {
        let node = Flaky()
        node.failure = ENOSPC
        var (pauses, results) = (0, [BlockResult]())
        func policy(_ reads: ErrorAction, _ writes: ErrorAction) -> ErrorPolicy {
            ErrorPolicy(node, reads: reads, writes: writes) { if $0.stops { pauses += 1 } }
        }
        policy(.report, .report).write(0, from: []) { results.append($0) }
        policy(.ignore, .ignore).read(0, into: []) { results.append($0) }
        #expect(results == [.failed(errno: ENOSPC), .ok])
        #expect(pauses == 0)
        node.failure = EIO
        policy(.report, .enospc).flush { results.append($0) }
        #expect(results.last == .failed(errno: EIO))
        #expect(pauses == 0)
    }

    @Test func stoppedRequestsAreDoneAgain() {
        let node = Flaky()
        var (pauses, results) = (0, [BlockResult]())
        let policy = ErrorPolicy(node, reads: .stop, writes: .enospc) { if $0.stops { pauses += 1 } }
        node.failure = ENOSPC
        policy.write(0, from: []) { results.append($0) }
        policy.read(0, into: []) { results.append($0) }
        #expect(results.isEmpty)
        #expect(pauses == 2)
        policy.retry()
        #expect(results.isEmpty)
        #expect(pauses == 4)
        node.failure = nil
        policy.retry()
        #expect(results == [.ok, .ok])
        #expect(node.calls == 6)
        policy.retry()
        #expect(node.calls == 6)
    }

    /// A device that is reset does not want its old requests done later.
    @Test func drainGivesUpWhatWasStopped() {
        let node = Flaky()
        node.failure = EIO
        var results: [BlockResult] = []
        let policy = ErrorPolicy(node, reads: .stop, writes: .stop) { _ in }
        policy.write(0, from: []) { results.append($0) }
        policy.drain()
        #expect(results == [.failed(errno: EIO)])
        node.failure = nil
        policy.retry()
        #expect(node.calls == 1)
    }
}
