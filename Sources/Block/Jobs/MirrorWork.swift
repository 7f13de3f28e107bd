import BlockCore
import EventLoop
import HostOS

/// Makes another node the same as a disk, and keeps it so. What the guest writes is noted and copied again. When the whole disk has been copied once, whoever writes
/// waits while too much is left to copy, so that the other node keeps up however fast the guest is.
public final class MirrorWork: CopyWork {
    public enum Content {
        case all
        /// What the images above another one hold; that one, or nothing below, shows the rest in the target too.
        case above(GraphNode?)
        /// What is written from now on.
        case changes
    }

    private let source: GraphNode
    private let target: any BlockNode
    private var left: PieceSet
    /// What is being copied.
    private var copying: [Range<UInt64>] = []
    private var position: UInt64 = 0
    /// Up to where it has been looked for what is held.
    private var looked: UInt64
    private var base: GraphNode?
    /// The whole disk has been gone through once.
    private var isCaughtUp = false
    public private(set) var isReady = false
    private let mostLeft: Int
    private let isBlocking: Bool
    private var waiting: [() -> Void] = []
    private var isFinishing = false
    private var whenSettled: (() -> Void)?
    private static let mostLooked: UInt64 = 256 << 20

    /// - Parameter blocking: whoever writes waits until the target has it too, once the whole disk has been copied. Nothing is under way on the source.
    public init(
        _ source: GraphNode, to target: any BlockNode, _ content: Content, chunk: UInt64, blocking: Bool, loop: EventLoop, speed: UInt64
    ) {
        (self.source, self.target) = (source, target)
        (mostLeft, isBlocking) = (blocking ? 0 : 64, blocking)
        var all = false
        looked = source.size
        switch content {
        case .all: all = true
        case .above(let base): (self.base, looked) = (base, 0)
        case .changes: break
        }
        left = PieceSet(size: source.size, chunk: chunk, all: all)
        super.init(loop: loop, speed: speed)
        source.add(self)
    }

    public override var total: UInt64 { current + left.bytes + copying.reduce(0) { $0 + UInt64($1.count) } + source.size - looked }

    override func next() throws(HostError) -> Next {
        try look()
        let isTaken = { [copying] (range: Range<UInt64>) in copying.contains { $0.overlaps(range) } }
        var piece = left.first(from: position, most: CopyWork.largestPiece, avoiding: isTaken)
        if piece == nil {
            if looked == source.size { isCaughtUp = true }
            piece = left.first(from: 0, most: CopyWork.largestPiece, avoiding: isTaken)
        }
        guard let piece else { return looked < source.size ? .later : .nothing }
        position = piece.upperBound
        // What is written from now on is copied again.
        left.remove(piece)
        copying.append(piece)
        return .piece(piece)
    }

    private func look() throws(HostError) {
        let stop = min(source.size, looked + MirrorWork.mostLooked)
        while looked < stop, left.count == 0 {
            let end = min(stop, looked + CopyWork.largestPiece)
            for extent in try source.extents(looked..<end, above: base) where extent.isHeld { left.insert(extent.range) }
            looked = end
        }
    }

    override func copy(_ piece: Range<UInt64>, _ done: @escaping (CopyFailure?) -> Void) {
        copyRange(piece, from: source, to: target) { [self] failure in
            copying.removeAll { $0 == piece }
            done(failure)
            letThrough()
        }
    }

    override func putBack(_ piece: Range<UInt64>) {
        left.insert(piece)
        // The guest does not wait for a target that fails.
        _ = letGo()
    }

    /// Whoever limits it does not mean the guest's writes, which may be waiting already.
    public override var speed: UInt64 { didSet { if !holdsWrites { _ = letGo() } } }

    override func ranDry() {
        if !isReady {
            isReady = true
            handlers?.ready()
        } else if let whenSettled {
            self.whenSettled = nil
            whenSettled()
        }
    }

    /// Calls back when the two are nearly the same, whatever the limit of speed was; from then on they stay so.
    public func finish(_ whenSettled: @escaping () -> Void) {
        (isFinishing, self.whenSettled) = (true, whenSettled)
        speed = 0
    }

    public override func setPaused(_ paused: Bool) {
        super.setPaused(paused)
        if paused { _ = letGo() }
    }

    override func close() {
        source.remove(self)
        _ = letGo()
    }

    /// Makes the two the same: what is left is copied while everything else waits.
    public func settle() throws(HostError) {
        source.drain()
        target.drain()
        while true {
            switch try next() {
            case .later: continue
            case .nothing: return try target.wait("flush the copy of '\(source.name)'", target.flush)
            case .piece(let piece):
                var failure: CopyFailure?
                copy(piece) { failure = $0 }
                source.drain()
                target.drain()
                guard let failure else {
                    noteCopied(piece)
                    continue
                }
                left.insert(piece)
                throw HostError(failure.isRead ? "read '\(source.name)'" : "write the copy of '\(source.name)'", errno: failure.errno)
            }
        }
    }
}

extension MirrorWork: WriteWatcher {
    public func willWrite(_ range: Range<UInt64>, _ goOn: @escaping () -> Void) { goOn() }

    public func didWrite(_ range: Range<UInt64>, _ goOn: @escaping () -> Void) {
        left.insert(range)
        wake()
        if holdsWrites, left.count > mostLeft { waiting.append(goOn) } else { goOn() }
    }

    /// Whether writes wait while too much is left.
    private var holdsWrites: Bool { isCaughtUp && !isPaused && !hasEnded && (speed == 0 || isBlocking || isFinishing) }

    private func letThrough() { if !holdsWrites || left.count + copying.count <= mostLeft { _ = letGo() } }

    public func letGo() -> Bool {
        let all = waiting
        waiting = []
        for goOn in all { goOn() }
        return !all.isEmpty
    }
}
