import HostOS

/// Whoever must know what is written to a node, such as a job that copies it.
public protocol WriteWatcher: AnyObject {
    /// A range is about to change: it does when `goOn` is called, now or later.
    func willWrite(_ range: Range<UInt64>, _ goOn: @escaping () -> Void)
    /// A range has changed, or may have: whoever asked for that hears of it when `goOn` is called, now or later.
    func didWrite(_ range: Range<UInt64>, _ goOn: @escaping () -> Void)
    /// Sees to it that nobody is held back any more; whether anybody was.
    func letGo() -> Bool
}

/// An image in the graph of images: what drives and other images stand on, and can be made to stand on another one, while jobs watch what is written.
public final class GraphNode: BlockNode {
    public let name: String
    public let image: any BlockNode
    private var watchers: [any WriteWatcher] = []
    /// What remembers where is written.
    public private(set) var bitmaps: [DirtyBitmap] = []
    /// What becomes of writes of nothing but zeros.
    public var zeroDetection = ZeroDetection.off

    /// `detect-zeroes`.
    public enum ZeroDetection: String, CaseIterable, Sendable { case off, on, unmap }

    public init(_ image: any BlockNode, name: String) { (self.image, self.name) = (image, name) }

    public var size: UInt64 { image.size }
    public var isReadOnly: Bool { image.isReadOnly }
    public var backing: (any BlockNode)? { image.backing }

    // MARK: Who watches

    /// Nothing may be under way.
    public func add(_ watcher: any WriteWatcher) { watchers.append(watcher) }

    public func remove(_ watcher: any WriteWatcher) { watchers.removeAll { $0 === watcher } }

    /// Lets those whom watchers hold back go on; whether there were any.
    public func letGo() -> Bool { watchers.reduce(false) { $1.letGo() || $0 } }

    public func bitmap(_ name: String) -> DirtyBitmap? { bitmaps.first { $0.name == name } }

    /// Nothing may be under way.
    public func add(_ bitmap: DirtyBitmap) { bitmaps.append(bitmap) }

    public func remove(_ bitmap: DirtyBitmap) { bitmaps.removeAll { $0 === bitmap } }

    private func change(
        _ range: Range<UInt64>, _ done: @escaping (BlockResult) -> Void, _ work: @escaping (@escaping (BlockResult) -> Void) -> Void
    ) {
        // What has failed may have changed something, too.
        let ending = done
        let done: (BlockResult) -> Void =
            bitmaps.isEmpty
            ? ending
            : { [self] in
                for bitmap in bitmaps { bitmap.mark(range) }
                ending($0)
            }
        guard let watcher = watchers.first else { return work(done) }
        precondition(watchers.count == 1, "a node has one job")
        watcher.willWrite(range) {
            work { result in watcher.didWrite(range) { done(result) } }
        }
    }

    // MARK: Requests

    public func read(_ offset: UInt64, into buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        image.read(offset, into: buffers, done)
    }

    public func write(_ offset: UInt64, from buffers: [GuestBuffer], _ done: @escaping (BlockResult) -> Void) {
        if zeroDetection != .off, buffers.allSatisfy(\.isZero) {
            return zero(offset, count: UInt64(buffers.byteCount), mayUnmap: zeroDetection == .unmap, done)
        }
        change(offset..<offset + UInt64(buffers.byteCount), done) { [image] in image.write(offset, from: buffers, $0) }
    }

    public func flush(_ done: @escaping (BlockResult) -> Void) { image.flush(done) }

    public func discard(_ offset: UInt64, count: UInt64, _ done: @escaping (BlockResult) -> Void) {
        change(offset..<offset + count, done) { [image] in image.discard(offset, count: count, $0) }
    }

    public func zero(_ offset: UInt64, count: UInt64, mayUnmap: Bool, _ done: @escaping (BlockResult) -> Void) {
        change(offset..<offset + count, done) { [image] in image.zero(offset, count: count, mayUnmap: mayUnmap, $0) }
    }

    public func drain() { repeat { image.drain() } while letGo() }

    public func resize(_ size: UInt64) throws(HostError) {
        if !watchers.isEmpty { throw HostError("resize '\(name)' while a job copies it", errno: inUseNumber) }
        try image.resize(size)
        for bitmap in bitmaps { bitmap.resize(self.size) }
    }

    public func setActive(_ active: Bool) throws(HostError) { try image.setActive(active) }
    public func extents(_ range: Range<UInt64>) throws(HostError) -> [BlockExtent] { try image.extents(range) }
    public func reopen(readOnly: Bool) throws(HostError) { try image.reopen(readOnly: readOnly) }

    /// Cuts a range into what the images from this one down to another one, which does not count, hold, and what they do not.
    public func extents(_ range: Range<UInt64>, above base: (any BlockNode)?) throws(HostError) -> [BlockExtent] {
        var result: [BlockExtent] = []
        for extent in try image.extents(range) {
            guard !extent.isHeld, let below = backing as? GraphNode, below !== base else {
                result.append(extent)
                continue
            }
            // Behind the end of what it stands on it shows zeros, whatever is further down.
            let end = min(max(below.size, extent.range.lowerBound), extent.range.upperBound)
            if end > extent.range.lowerBound { result += try below.extents(extent.range.lowerBound..<end, above: base) }
            if end < extent.range.upperBound { result.append(BlockExtent(end..<extent.range.upperBound, isHeld: true)) }
        }
        return result
    }
}
