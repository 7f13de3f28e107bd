import BlockCore
import BlockFormats
import EventLoop
import HostOS

/// Work that goes through a disk once from the beginning to the end, and deals with what some of its images hold.
public class LayerWork: CopyWork {
    /// Bytes that are looked at before the loop does something else.
    private static let mostLooked: UInt64 = 256 << 20

    private let size: UInt64
    private var position: UInt64 = 0
    private var again: [Range<UInt64>] = []

    init(size: UInt64, loop: EventLoop, speed: UInt64) {
        self.size = size
        super.init(loop: loop, speed: speed)
    }

    public override var total: UInt64 { size }

    /// Which parts of a range are to be copied.
    func extents(_ range: Range<UInt64>) throws(HostError) -> [BlockExtent] { [] }

    override func next() throws(HostError) -> Next {
        if let piece = again.popLast() { return .piece(piece) }
        let stop = min(size, position + LayerWork.mostLooked)
        while position < stop {
            let window = position..<min(stop, position + CopyWork.largestPiece)
            for extent in try extents(window) {
                position = extent.range.upperBound
                if extent.isHeld { return .piece(extent.range) }
                current += UInt64(extent.range.count)
            }
        }
        return position < size ? .later : .nothing
    }

    override func putBack(_ piece: Range<UInt64>) { again.append(piece) }
}

/// Takes what the images above `base` hold, from `top` down, into `base`, which can be written meanwhile since nobody looks at those parts of it: they are hidden by the
/// images above.
public final class CommitWork: LayerWork {
    private let top: GraphNode
    private let base: GraphNode

    public init(_ top: GraphNode, into base: GraphNode, loop: EventLoop, speed: UInt64) {
        (self.top, self.base) = (top, base)
        super.init(size: top.size, loop: loop, speed: speed)
    }

    override func extents(_ range: Range<UInt64>) throws(HostError) -> [BlockExtent] { try top.extents(range, above: base) }

    override func copy(_ piece: Range<UInt64>, _ done: @escaping (CopyFailure?) -> Void) { copyRange(piece, from: top, to: base, done) }
}

/// Takes what the images below `top` hold, down to `base`, which does not count, into `top`. The images below do not change, and what the guest writes meanwhile stays.
public final class StreamWork: LayerWork {
    private let top: QCOW2Image
    private let below: GraphNode
    private let base: GraphNode?

    public init(_ top: QCOW2Image, from below: GraphNode, above base: GraphNode?, loop: EventLoop, speed: UInt64) {
        (self.top, self.below, self.base) = (top, below, base)
        super.init(size: top.size, loop: loop, speed: speed)
    }

    /// What the top does not hold, and an image below it does.
    override func extents(_ range: Range<UInt64>) throws(HostError) -> [BlockExtent] {
        var result: [BlockExtent] = []
        for extent in try top.extents(range) {
            let end = min(max(below.size, extent.range.lowerBound), extent.range.upperBound)
            if extent.isHeld || end == extent.range.lowerBound {
                result.append(BlockExtent(extent.range, isHeld: false))
                continue
            }
            result += try below.extents(extent.range.lowerBound..<end, above: base)
            // Behind the end of what lies below there are zeros, which the next base may not show.
            if end < extent.range.upperBound { result.append(BlockExtent(end..<extent.range.upperBound, isHeld: (base?.size ?? 0) > end)) }
        }
        return result
    }

    override func copy(_ piece: Range<UInt64>, _ done: @escaping (CopyFailure?) -> Void) {
        let room = HostBuffer(count: piece.count)
        let there = Int(min(UInt64(piece.count), below.size > piece.lowerBound ? below.size - piece.lowerBound : 0))
        below.read(piece.lowerBound, into: [room.part(0, there)]) { [self] result in
            if case .failed(let code) = result { return done(CopyFailure(isRead: true, errno: code)) }
            // Without anything below, what a disk does not hold is zeros.
            if base == nil, room.buffer.isZero { return done(nil) }
            top.fill(piece.lowerBound, from: [room.buffer]) { result in
                withExtendedLifetime(room) {}
                if case .failed(let code) = result { done(CopyFailure(isRead: false, errno: code)) } else { done(nil) }
            }
        }
    }
}
