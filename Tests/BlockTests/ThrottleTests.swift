import BlockCore
import EventLoop
import HostOS
import Testing

/// Limits: how much goes through in a time, who waits for whom, and that nobody waits when all is drained.
@Suite struct ThrottleTests {
    /// Ends what it is asked for when the loop runs.
    private final class Quick: BlockNode {
        let loop: EventLoop
        var bytes = 0, requests = 0
        var waiting: [() -> Void] = []
        init(_ loop: EventLoop) { self.loop = loop }
        var size: UInt64 { 1 << 30 }
        var isReadOnly: Bool { false }
        private func end(_ count: Int, _ done: @escaping (BlockResult) -> Void) {
            bytes += count
            requests += 1
            waiting.append { done(.ok) }
            loop.post { [self] in endSome() }
        }
        func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) { end(buffers.byteCount, done) }
        func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) { end(buffers.byteCount, done) }
        func flush(_ done: @escaping (BlockResult) -> Void) { end(0, done) }
        func discard(_ offset: UInt64, count: UInt64, _ done: @escaping (BlockResult) -> Void) { end(0, done) }
        func zero(_ offset: UInt64, count: UInt64, mayUnmap: Bool, _ done: @escaping (BlockResult) -> Void) { end(Int(count), done) }
        /// Not what is asked for meanwhile: whoever asks for more and more must not keep the loop from its timers.
        private func endSome() {
            let all = waiting
            waiting = []
            for work in all { work() }
        }
        func drain() { while !waiting.isEmpty { endSome() } }
    }

    private let loop: EventLoop
    private let memory = Memory(count: 4096)

    init() throws { loop = try EventLoop() }

    /// A disk under limits, which is always asked for more for some milliseconds; what went through.
    private func run(_ milliseconds: Int64, writes: Bool = true, _ disks: [AccountedNode], _ below: [Quick]) -> [(bytes: Int, requests: Int)] {
        var isOver = false
        func ask(_ disk: AccountedNode) {
            if isOver { return }
            if writes { disk.write(0, from: [memory.buffer]) { _ in ask(disk) } } else { disk.read(0, into: [memory.buffer]) { _ in ask(disk) } }
        }
        let end = LoopTimer(loop, .realtime) { [loop] in
            isOver = true
            loop.stop(status: 0)
        }
        loop.lock.withLock {
            end.arm(at: loop.now(.realtime) + milliseconds * 1_000_000)
            for disk in disks { for _ in 0..<4 { ask(disk) } }
        }
        _ = loop.run()
        loop.resume()
        let result = below.map { ($0.bytes, $0.requests) }
        loop.lock.withLock { for disk in disks { disk.drain() } }
        return result
    }

    private func disk(_ group: ThrottleGroup) -> (AccountedNode, Quick) {
        let quick = Quick(loop)
        let disk = AccountedNode(quick, loop: loop)
        disk.throttle = group
        return (disk, quick)
    }

    private func group(_ change: (inout ThrottleLimits) -> Void) -> ThrottleGroup {
        let group = ThrottleGroup("g", loop: loop)
        var limits = ThrottleLimits()
        change(&limits)
        group.limits = limits
        return group
    }

    @Test func ratesAreKept() {
        // A tenth of a second's worth comes at once.
        let (bytes, below) = disk(group { $0[.bytes].average = 4 << 20 })
        let moved = run(500, [bytes], [below])[0].bytes
        #expect((2 << 20) * 9 / 10...(3 << 20) ~= moved, "\(moved)")
        let (requests, other) = disk(group { $0[.writes].average = 200 })
        let done = run(500, [requests], [other])[0].requests
        #expect(95...130 ~= done, "\(done)")
        // Reads are not concerned by what limits writes.
        #expect(run(50, writes: false, [requests], [other])[0].requests > 1000)
    }

    @Test func burstsComeFirst() {
        let (disk, below) = disk(group { $0[.operations] = .init(average: 100, burst: 400) })
        let done = run(300, [disk], [below])[0].requests
        #expect(400...450 ~= done, "\(done)")
    }

    @Test func largeRequestsCountAsSeveral() {
        let (disk, below) = disk(
            group {
                $0[.operations].average = 400
                $0.operationSize = 1024
            })
        let done = run(500, [disk], [below])[0].requests
        #expect(45...70 ~= done, "\(done)")
    }

    @Test func groupsShare() {
        let group = group { $0[.operations].average = 200 }
        let (one, two) = (disk(group), disk(group))
        let done = run(500, [one.0, two.0], [one.1, two.1]).map(\.requests)
        #expect(95...130 ~= done[0] + done[1] && abs(done[0] - done[1]) < 40, "\(done)")
    }

    @Test func nobodyWaitsWhenAllIsDrained() {
        let group = group { $0[.operations].average = 1 }
        let (one, below) = disk(group)
        let (other, _) = disk(group)
        loop.lock.withLock {
            var ended = 0, others = 0
            for _ in 0..<10 { one.write(0, from: [memory.buffer]) { _ in ended += 1 } }
            other.write(0, from: [memory.buffer]) { _ in others += 1 }
            #expect(below.requests == 1 && ended == 0)
            // Flushes are never held back.
            one.flush { _ in ended += 1 }
            #expect(below.requests == 2)
            one.drain()
            #expect(ended == 11 && others == 0)
            // Whoever leaves the group waits no more, nor does anybody when there are no limits.
            other.throttle = nil
            other.drain()
            #expect(others == 1)
            for _ in 0..<3 { one.write(0, from: [memory.buffer]) { _ in ended += 1 } }
            group.limits = ThrottleLimits()
            one.drain()
            #expect(ended == 14)
        }
    }

    @Test func nonsenseIsComplainedOf() {
        func complaint(_ change: (inout ThrottleLimits) -> Void) -> String? { group(change).limits.complaint }
        #expect(complaint { $0[.bytes].average = 5 } == nil)
        let both: (inout ThrottleLimits) -> Void = { limits in
            limits[.bytes].average = 5
            limits[.bytesRead].average = 1
        }
        #expect(complaint(both) != nil)
        #expect(complaint { $0[.reads].burst = 5 } != nil)
        #expect(complaint { $0[.reads] = .init(average: 9, burst: 5) } != nil)
        #expect(complaint { $0[.reads] = .init(average: 9, burst: 0, burstSeconds: 2) } != nil)
        #expect(complaint { $0[.reads] = .init(average: 9, burst: 1 << 49, burstSeconds: 1 << 40) } != nil)
        #expect(complaint { $0.operationSize = 5 } != nil)
        #expect(complaint { $0[.reads].average = .max } != nil)
    }

    @Test func latenciesAreCounted() {
        let (node, below) = disk(group { $0[.bytes].average = 1 << 40 })
        node.account.histograms[.write] = LatencyHistogram(boundaries: [1, 1 << 60])
        loop.lock.withLock { node.write(0, from: [memory.buffer]) { _ in } }
        below.drain()
        #expect(node.account.histograms[.write]?.bins.reduce(0, +) == 1 && node.account.histograms[.write]?.bins[2] == 0)
        #expect(LatencyHistogram(boundaries: []) == nil && LatencyHistogram(boundaries: [2, 2]) == nil && LatencyHistogram(boundaries: [0]) == nil)
    }
}
