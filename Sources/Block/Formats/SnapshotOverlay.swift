import BlockCore
import EventLoop
import HostOS

/// `snapshot=on`: an image that is only read, and beside it a temporary file that has the sectors written since.
public final class SnapshotOverlay: BlockNode {
    private let base: any BlockNode
    private let changes: any BlockNode
    private var written = SectorSet()

    public var size: UInt64 { base.size }
    public let isReadOnly = false

    /// `changes` is as large as `base`.
    public init(base: any BlockNode, changes: any BlockNode) {
        precondition(changes.size >= base.size)
        (self.base, self.changes) = (base, changes)
    }

    public func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        let count = buffers.reduce(0) { $0 + UInt64($1.count) }
        let runs = written.runs(offset / 512..<(offset + count) / 512)
        let tally = Tally(runs.count, done)
        var rest = buffers[...]
        for run in runs {
            let part = take(Int(run.sectors.count) * 512, from: &rest)
            (run.isMember ? changes : base).read(run.sectors.lowerBound * 512, into: part, tally.ended)
        }
    }

    private func take(_ count: Int, from buffers: inout ArraySlice<GuestBuffer>) -> [GuestBuffer] {
        var (taken, left) = ([GuestBuffer](), count)
        while left > 0, let first = buffers.popFirst() {
            taken.append(first.prefix(left))
            if first.count > left { buffers = [first.dropFirst(left)] + buffers }
            left -= min(left, first.count)
        }
        return taken
    }

    public func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        let count = buffers.reduce(0) { $0 + UInt64($1.count) }
        changes.write(offset, from: buffers) { [self] in noteWritten(offset, count, $0, done) }
    }

    public func zero(_ offset: UInt64, count: UInt64, mayUnmap: Bool, _ done: @escaping (BlockResult) -> Void) {
        changes.zero(offset, count: count, mayUnmap: mayUnmap) { [self] in noteWritten(offset, count, $0, done) }
    }

    private func noteWritten(_ offset: UInt64, _ count: UInt64, _ result: BlockResult, _ done: (BlockResult) -> Void) {
        if result == .ok { written.insert(offset / 512..<(offset + count) / 512) }
        done(result)
    }

    public func discard(_ offset: UInt64, count: UInt64, _ done: @escaping (BlockResult) -> Void) { changes.discard(offset, count: count, done) }

    /// The changes do not outlive the process, so there is nothing to be kept safe.
    public func flush(_ done: @escaping (BlockResult) -> Void) { changes.flush(done) }

    public func setActive(_ active: Bool) throws(HostError) { try base.setActive(active) }

    /// Writes everything that has been written here to another disk, which shows the same as this one's image where nothing is written. No request is under way.
    public func copyChanges(to target: any BlockNode) throws(HostError) {
        let room = HostBuffer(count: SnapshotOverlay.copied)
        for range in written.ranges {
            for start in stride(from: range.lowerBound * 512, to: range.upperBound * 512, by: SnapshotOverlay.copied) {
                let piece = room.part(0, Int(min(UInt64(SnapshotOverlay.copied), range.upperBound * 512 - start)))
                try changes.wait("read the changes") { changes.read(start, into: [piece], $0) }
                try target.wait("write the changes") { target.write(start, from: [piece], $0) }
            }
        }
        try target.wait("flush the changes", target.flush)
    }

    /// Bytes that are copied at once.
    private static let copied = 1 << 20

    public func drain() {
        base.drain()
        changes.drain()
    }

    /// Ends when all parts of a request have ended, with the first failure.
    private final class Tally {
        private var left: Int
        private var result = BlockResult.ok
        private let done: (BlockResult) -> Void

        init(_ parts: Int, _ done: @escaping (BlockResult) -> Void) { (left, self.done) = (parts, done) }

        func ended(_ part: BlockResult) {
            if result == .ok { result = part }
            left -= 1
            if left == 0 { done(result) }
        }
    }
}
