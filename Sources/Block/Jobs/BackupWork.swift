import BlockCore
import EventLoop
import HostOS

/// Makes another node what a disk is when the work begins. Before the guest changes something that has not been copied, it is copied.
public final class BackupWork: CopyWork {
    public enum Content {
        case all
        /// What the image itself holds.
        case own
        /// What the guest is about to change; this work ends when it is told to.
        case changes
        /// What a set holds.
        case marked(PieceSet)
    }

    private let source: GraphNode
    private let target: any BlockNode
    private let content: Content
    /// What has not been copied yet.
    public private(set) var left: PieceSet
    private let whole: UInt64
    private var copying: [Range<UInt64>] = []
    private var position: UInt64 = 0
    /// Writes that wait for what is being copied.
    private var waiting: [(range: Range<UInt64>, goOn: () -> Void)] = []

    /// Nothing is under way on the source.
    public init(_ source: GraphNode, to target: any BlockNode, _ content: Content, chunk: UInt64, loop: EventLoop, speed: UInt64) {
        (self.source, self.target, self.content) = (source, target, content)
        if case .marked(let pieces) = content {
            left = PieceSet(size: source.size, chunk: chunk, all: false)
            left.formUnion(pieces)
            whole = left.bytes
        } else {
            left = PieceSet(size: source.size, chunk: chunk, all: true)
            whole = source.size
        }
        super.init(loop: loop, speed: speed)
        source.add(self)
    }

    public override var total: UInt64 { max(whole, current) }

    override func next() throws(HostError) -> Next {
        if case .changes = content { return .nothing }
        for _ in 0..<256 {
            guard let piece = left.first(from: position, most: CopyWork.largestPiece, avoiding: { _ in false }) else {
                if position == 0 { return .nothing }
                position = 0
                continue
            }
            position = piece.upperBound
            left.remove(piece)
            if case .own = content, try !source.image.extents(piece).contains(where: \.isHeld) {
                current += UInt64(piece.count)
                continue
            }
            copying.append(piece)
            return .piece(piece)
        }
        return .later
    }

    override func copy(_ piece: Range<UInt64>, _ done: @escaping (CopyFailure?) -> Void) {
        copyRange(piece, from: source, to: target) { [self] failure in
            copying.removeAll { $0 == piece }
            done(failure)
            letThrough()
        }
    }

    override func putBack(_ piece: Range<UInt64>) { left.insert(piece) }

    override func ranDry() {
        if case .changes = content { return }
        if copying.isEmpty { end() }
    }

    override func close() {
        source.remove(self)
        _ = letGo()
    }

    private func letThrough() {
        let all = waiting
        waiting = []
        for item in all { willWrite(item.range, item.goOn) }
    }
}

extension BackupWork: WriteWatcher {
    public func willWrite(_ range: Range<UInt64>, _ goOn: @escaping () -> Void) {
        if hasEnded { return goOn() }
        for piece in left.members(range) {
            left.remove(piece)
            copying.append(piece)
            copy(piece) { [self] failure in
                // The guest's write comes first: the backup is lost.
                if let failure { fail(failure) } else { noteCopied(piece) }
                wake()
            }
        }
        if copying.contains(where: { $0.overlaps(range) }) { waiting.append((range, goOn)) } else { goOn() }
    }

    public func didWrite(_ range: Range<UInt64>, _ goOn: @escaping () -> Void) { goOn() }

    public func letGo() -> Bool {
        if waiting.isEmpty { return false }
        if hasEnded {
            let all = waiting
            waiting = []
            for item in all { item.goOn() }
        } else {
            source.image.drain()
            target.drain()
        }
        return true
    }
}
