import HostOS

/// What becomes of a request that the host fails: QEMU's `werror` and `rerror`.
public enum ErrorAction: String, CaseIterable, Sendable {
    /// The guest is told.
    case report
    /// The guest is told that all is well.
    case ignore
    /// The machine is paused, and the request done again when it goes on.
    case stop
    /// As stop when the host's disk is full, otherwise as report. For writes only.
    case enospc

    /// Whether an error number pauses the machine.
    func stops(_ code: Int32) -> Bool { self == .stop || (self == .enospc && code == noSpaceLeft) }
}

/// A block node whose failures are dealt with by policy before its device hears of them.
public final class ErrorPolicy: BlockNode {
    private let node: any BlockNode
    private let reads: ErrorAction
    private let writes: ErrorAction
    private let failed: (Failure) -> Void
    private var retries: [Retry] = []

    /// A request that the host has failed.
    public struct Failure: Sendable {
        public let isRead: Bool
        public let errno: Int32
        public let action: ErrorAction
        /// The machine is to be stopped, soon; when it goes on `retry` must be called.
        public let stops: Bool
        public var isDiskFull: Bool { errno == noSpaceLeft }
    }

    private struct Retry {
        let again: () -> Void
        let giveUp: () -> Void
    }

    public var size: UInt64 { node.size }
    public var isReadOnly: Bool { node.isReadOnly }
    public var hasMedium: Bool { node.hasMedium }

    /// `failed` hears of each failure, before the device does.
    public init(_ node: any BlockNode, reads: ErrorAction, writes: ErrorAction, failed: @escaping (Failure) -> Void) {
        (self.node, self.reads, self.writes, self.failed) = (node, reads, writes, failed)
    }

    public func resize(_ size: UInt64) throws(HostError) { try node.resize(size) }

    public func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        perform(isRead: true, done) { [node] in node.read(offset, into: buffers, $0) }
    }

    public func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        perform(isRead: false, done) { [node] in node.write(offset, from: buffers, $0) }
    }

    public func flush(_ done: @escaping (BlockResult) -> Void) { perform(isRead: false, done) { [node] in node.flush($0) } }

    public func discard(_ offset: UInt64, count: UInt64, _ done: @escaping (BlockResult) -> Void) {
        perform(isRead: false, done) { [node] in node.discard(offset, count: count, $0) }
    }

    public func zero(_ offset: UInt64, count: UInt64, mayUnmap: Bool, _ done: @escaping (BlockResult) -> Void) {
        perform(isRead: false, done) { [node] in node.zero(offset, count: count, mayUnmap: mayUnmap, $0) }
    }

    private func perform(
        isRead: Bool, _ done: @escaping (BlockResult) -> Void, _ work: @escaping (@escaping (BlockResult) -> Void) -> Void
    ) {
        work { [self] result in
            guard case .failed(let code) = result else { return done(result) }
            let action = isRead ? reads : writes
            let failure = Failure(isRead: isRead, errno: code, action: action, stops: action.stops(code))
            if failure.stops {
                retries.append(Retry(again: { [self] in perform(isRead: isRead, done, work) }, giveUp: { done(result) }))
            }
            failed(failure)
            if !failure.stops { done(action == .ignore ? .ok : result) }
        }
    }

    /// Whether requests wait to be done again.
    public var hasWaitingRequests: Bool { !retries.isEmpty }

    /// The machine goes on: what has failed is done again.
    public func retry() {
        let all = retries
        retries = []
        for item in all { item.again() }
    }

    /// What waits to be done again fails: whoever drains does not want it any more.
    public func drain() {
        node.drain()
        let all = retries
        retries = []
        for item in all { item.giveUp() }
    }
}
