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

    public init() {}

    public internal(set) subscript(_ operation: BlockOperation) -> Count {
        get { counts[operation.rawValue] }
        set { counts[operation.rawValue] = newValue }
    }
}

/// What a device stands on: it counts what goes through it, and what is below can be exchanged.
public final class AccountedNode: BlockNode {
    public private(set) var account = BlockAccount()
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
        node.read(offset, into: buffers, counting(.read, AccountedNode.size(buffers), done))
    }

    public func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        let count = AccountedNode.size(buffers)
        account.highestWrite = max(account.highestWrite, offset &+ count)
        node.write(offset, from: buffers, counting(.write, count, done))
    }

    public func flush(_ done: @escaping (BlockResult) -> Void) { node.flush(counting(.flush, 0, done)) }

    public func discard(_ offset: UInt64, count: UInt64, _ done: @escaping (BlockResult) -> Void) {
        node.discard(offset, count: count, counting(.discard, count, done))
    }

    public func zero(_ offset: UInt64, count: UInt64, mayUnmap: Bool, _ done: @escaping (BlockResult) -> Void) {
        node.zero(offset, count: count, mayUnmap: mayUnmap, counting(.write, count, done))
    }

    public func drain() { node.drain() }
    public func resize(_ size: UInt64) throws(HostError) { try node.resize(size) }

    private static func size(_ buffers: [GuestBuffer]) -> UInt64 { buffers.reduce(0) { $0 + UInt64($1.count) } }

    private func counting(_ operation: BlockOperation, _ bytes: UInt64, _ done: @escaping (BlockResult) -> Void) -> (BlockResult) -> Void {
        let start = loop.now(.realtime)
        return { [self] result in
            if result == .ok {
                account[operation].bytes += bytes
                account[operation].done += 1
                account[operation].time += loop.now(.realtime) - start
            } else {
                account[operation].failed += 1
            }
            done(result)
        }
    }
}
