import BlockCore
import EventLoop
import HostOS

/// A request of a job that the host has failed.
public struct CopyFailure: Equatable, Sendable {
    public let isRead: Bool
    public let errno: Int32

    public init(isRead: Bool, errno: Int32) { (self.isRead, self.errno) = (isRead, errno) }
}

/// Work that copies a disk piece by piece while its guest goes on. What is copied, and in which order, its kinds say.
///
/// Everything with the machine lock held. Pieces are begun by a timer only, never from a completion: whoever drains waits for the pieces that are under way,
/// not for all of the disk.
public class CopyWork {
    /// What becomes of the work when a piece has failed.
    public enum Reaction { case fail, tryAgain, wait }

    /// What whoever has begun the work hears.
    public struct Handlers {
        let failed: (CopyFailure) -> Reaction
        let ready: () -> Void
        let ended: (CopyFailure?) -> Void

        public init(failed: @escaping (CopyFailure) -> Reaction, ready: @escaping () -> Void, ended: @escaping (CopyFailure?) -> Void) {
            (self.failed, self.ready, self.ended) = (failed, ready, ended)
        }
    }

    /// What there is to do next.
    enum Next {
        case piece(Range<UInt64>)
        /// Nothing has been found so far; the rest has not been looked at.
        case later
        case nothing
    }

    /// Bytes that are copied at once.
    static let largestPiece: UInt64 = 1 << 20
    /// Pieces that are copied at a time.
    private static let mostPieces = 4
    private static let retryDelay: Int64 = 100_000_000

    public let loop: EventLoop
    /// Bytes a second, 0 for no limit.
    public var speed: UInt64 {
        didSet {
            nextStart = 0
            wake()
        }
    }
    /// Bytes that have been dealt with.
    public internal(set) var current: UInt64 = 0
    /// Bytes that there are to deal with, as far as is known.
    public var total: UInt64 { 0 }
    public private(set) var isPaused = false
    /// Pieces are being copied.
    public var isBusy: Bool { underWay > 0 }
    var handlers: Handlers?
    private(set) var underWay = 0
    private var failure: CopyFailure?
    private var isStopping = false
    private(set) var hasEnded = false
    /// When the next piece may be begun.
    private var nextStart: Int64 = 0
    private var timer: LoopTimer?

    /// Work that there is none of.
    public static func nothing(_ loop: EventLoop) -> CopyWork { CopyWork(loop: loop, speed: 0) }

    init(loop: EventLoop, speed: UInt64) {
        (self.loop, self.speed) = (loop, speed)
        timer = LoopTimer(loop, .realtime) { [unowned self] in pump() }
    }

    // MARK: What a kind of work is

    func next() throws(HostError) -> Next { .nothing }

    /// Copies a piece; `done` hears what has gone wrong.
    func copy(_ piece: Range<UInt64>, _ done: @escaping (CopyFailure?) -> Void) { done(nil) }

    /// A piece is to be copied again.
    func putBack(_ piece: Range<UInt64>) {}

    /// There is nothing to do, and nothing is under way.
    func ranDry() { end() }

    /// The work is over, however.
    func close() {}

    // MARK: Orders

    public func start(_ handlers: Handlers) {
        self.handlers = handlers
        wake()
    }

    public func setPaused(_ paused: Bool) {
        isPaused = paused
        wake()
    }

    /// Ends as soon as nothing is under way.
    public func stop() {
        isStopping = true
        wake()
    }

    /// Ends at once, and nobody hears of it. Nothing may be under way.
    public func abandon() {
        handlers = nil
        end()
    }

    /// Ends with an error.
    func fail(_ failure: CopyFailure) {
        if self.failure == nil { self.failure = failure }
        stop()
    }

    /// What there is to do may be begun.
    func wake() { if !hasEnded { timer?.arm(at: loop.now(.realtime)) } }

    func end() {
        guard !hasEnded else { return }
        hasEnded = true
        timer?.cancel()
        close()
        handlers?.ended(failure)
    }

    // MARK: Pieces

    private func pump() {
        while !hasEnded {
            if isStopping { return underWay == 0 ? end() : () }
            let now = loop.now(.realtime)
            guard !isPaused, underWay < CopyWork.mostPieces else { return }
            if now < nextStart {
                timer?.arm(at: nextStart)
                return
            }
            let found: Next
            do throws(HostError) { found = try next() } catch {
                fail(CopyFailure(isRead: true, errno: error.errno))
                continue
            }
            switch found {
            case .piece(let piece): begin(piece, now)
            case .later: return wake()
            case .nothing: return underWay == 0 ? ranDry() : ()
            }
        }
    }

    private func begin(_ piece: Range<UInt64>, _ now: Int64) {
        underWay += 1
        if speed > 0 { nextStart = max(nextStart, now) + Int64(clamping: UInt64(piece.count) * 1_000_000_000 / speed) }
        copy(piece) { [self] failure in
            underWay -= 1
            if let failure { noteFailure(failure, piece) } else { noteCopied(piece) }
            wake()
        }
    }

    func noteCopied(_ piece: Range<UInt64>) { current += UInt64(piece.count) }

    private func noteFailure(_ failure: CopyFailure, _ piece: Range<UInt64>) {
        putBack(piece)
        if isStopping { return }
        switch handlers?.failed(failure) ?? .fail {
        case .fail: fail(failure)
        case .tryAgain:
            // Not at once: what has failed now fails in a moment too.
            nextStart = loop.now(.realtime) + CopyWork.retryDelay
        case .wait: setPaused(true)
        }
    }
}

/// Copies a range from one node to another; what is zeros takes no space there.
func copyRange(_ range: Range<UInt64>, from source: any BlockNode, to target: any BlockNode, _ done: @escaping (CopyFailure?) -> Void) {
    let room = HostBuffer(count: range.count)
    source.read(range.lowerBound, into: [room.buffer]) { result in
        if case .failed(let code) = result { return done(CopyFailure(isRead: true, errno: code)) }
        let written: (BlockResult) -> Void = { result in
            withExtendedLifetime(room) {}
            if case .failed(let code) = result { done(CopyFailure(isRead: false, errno: code)) } else { done(nil) }
        }
        if room.buffer.isZero {
            target.zero(range.lowerBound, count: UInt64(range.count), mayUnmap: true, written)
        } else {
            target.write(range.lowerBound, from: [room.buffer], written)
        }
    }
}
