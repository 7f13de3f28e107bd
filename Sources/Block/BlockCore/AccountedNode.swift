import EventLoop
import HostOS

/// Kinds of requests, as they are counted.
public enum BlockOperation: Int, CaseIterable, Sendable { case read, write, flush, discard }

/// What has been asked of a disk and how it went. Times are of the host, in nanoseconds.
public struct BlockAccount: Sendable {
    public struct Count: Sendable {
        public internal(set) var bytes: UInt64 = 0
        public internal(set) var done: UInt64 = 0
        public internal(set) var failed: UInt64 = 0
        public internal(set) var time: Int64 = 0
    }

    private var counts = [Count](repeating: Count(), count: BlockOperation.allCases.count)
    /// The end of what was written furthest back, in bytes.
    public internal(set) var highestWrite: UInt64 = 0

    /// By what they count: reads, writes, flushes.
    public var histograms: [BlockOperation: LatencyHistogram] = [:]

    public init() {}

    public internal(set) subscript(_ operation: BlockOperation) -> Count {
        get { counts[operation.rawValue] }
        set { counts[operation.rawValue] = newValue }
    }
}

/// What a device stands on: it counts what goes through it, holds back what comes too early, and what is below can be exchanged.
public final class AccountedNode: BlockNode {
    public var account = BlockAccount()
    /// Whose limits apply; whoever waits under others goes on.
    public var throttle: ThrottleGroup? {
        willSet { if throttle !== newValue { _ = throttle?.letGo(self) } }
    }
    private var node: any BlockNode
    private let loop: EventLoop

    /// - Parameter node: nil for a drive without a medium.
    public init(_ node: (any BlockNode)?, loop: EventLoop) { (self.node, self.loop) = (node ?? NoMedium(loop: loop), loop) }

    public var size: UInt64 { node.size }
    public var isReadOnly: Bool { node.isReadOnly }
    public var hasMedium: Bool { node.hasMedium }
    public var backing: (any BlockNode)? { node.backing }

    /// Requests go to another node from now on, or there is no medium. Nothing may be under way.
    public func stand(on node: (any BlockNode)?) { self.node = node ?? NoMedium(loop: loop) }

    public func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        let count = AccountedNode.size(buffers)
        let ending = counting(.read, count, done)
        admit(isWrite: false, count) { [self] in node.read(offset, into: buffers, ending) }
    }

    public func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        let count = AccountedNode.size(buffers)
        account.highestWrite = max(account.highestWrite, offset &+ count)
        let ending = counting(.write, count, done)
        admit(isWrite: true, count) { [self] in node.write(offset, from: buffers, ending) }
    }

    public func flush(_ done: @escaping (BlockResult) -> Void) { node.flush(counting(.flush, 0, done)) }

    public func discard(_ offset: UInt64, count: UInt64, _ done: @escaping (BlockResult) -> Void) {
        node.discard(offset, count: count, counting(.discard, count, done))
    }

    public func zero(_ offset: UInt64, count: UInt64, mayUnmap: Bool, _ done: @escaping (BlockResult) -> Void) {
        let ending = counting(.write, count, done)
        admit(isWrite: true, count) { [self] in node.zero(offset, count: count, mayUnmap: mayUnmap, ending) }
    }

    private func admit(isWrite: Bool, _ bytes: UInt64, _ work: @escaping () -> Void) {
        guard let throttle else { return work() }
        throttle.admit(self, isWrite: isWrite, bytes: bytes, work)
    }

    /// Whatever waits for its time begins now; whether there was anything.
    public func letGo() -> Bool { throttle?.letGo(self) ?? false }

    public func drain() { repeat { node.drain() } while letGo() }
    public func resize(_ size: UInt64) throws(HostError) { try node.resize(size) }

    private static func size(_ buffers: [GuestBuffer]) -> UInt64 { buffers.reduce(0) { $0 + UInt64($1.count) } }

    private func counting(_ operation: BlockOperation, _ bytes: UInt64, _ done: @escaping (BlockResult) -> Void) -> (BlockResult) -> Void {
        let start = loop.now(.realtime)
        return { [self] result in
            if result == .ok {
                account[operation].bytes += bytes
                account[operation].done += 1
                account[operation].time += loop.now(.realtime) - start
                account.histograms[operation]?.count(loop.now(.realtime) - start)
            } else {
                account[operation].failed += 1
            }
            done(result)
        }
    }
}
