import IR

/// What blocks that end loops count down (`CPUHeader.Offset.loopCounters`) until their loops are worth more effort.
public struct LoopCounters {
    /// How often a loop goes round before that.
    public static let usualThreshold: UInt32 = 1 << 18

    private let header: CPUHeader
    private let threshold: UInt32

    /// - Parameter threshold: nil where nothing is counted.
    public init(_ header: CPUHeader, threshold: UInt32?) {
        self.header = header
        self.threshold = threshold ?? 0
        for index in 0..<CPUHeader.loopCounters { set(CPUHeader.Offset.loopCounters + 4 * index, self.threshold) }
    }

    private func set(_ offset: Int, _ value: UInt32) { unsafe header.state.storeBytes(of: value, toByteOffset: offset, as: UInt32.self) }

    /// Whether loops are watched for a while before they are made.
    public var watchesLoops: Bool { threshold > LoopWatch.rounds }

    /// Whether the vCPU has left a block at its beginning because its loop is hot. The counter starts anew then.
    public func isHot(_ site: UInt64) -> Bool {
        guard site == CPUHeader.hotLoop else { return false }
        set(CPUHeader.loopCounter(header.pc), threshold)
        return true
    }

    /// Has the block at `pc` come out again when the watch is over.
    public func startWatch() { set(CPUHeader.loopCounter(header.pc), LoopWatch.rounds) }
}

/// Counts how often a loop is entered while it goes round some more: moving what it needs into registers is worth it only if it then stays for a while.
/// Meanwhile no jump to its head is chained but those of the block that ends it, so that the others are seen.
public struct LoopWatch {
    /// How long the watch takes.
    public static let rounds: UInt32 = 512
    /// Rounds for each time that the loop is entered, from which on it is made.
    private static let worthwhileRounds = 8

    private let ending: Range<Int>
    private var entries = 0

    /// - Parameter ending: where the code of the block that ends the loop is.
    public init(ending: Range<Int>) { self.ending = ending }

    /// Whether a jump to the head that left at `site` may be chained. One from elsewhere enters the loop.
    public mutating func allows(_ site: Int) -> Bool {
        if ending.contains(site) { return true }
        entries += 1
        return false
    }

    /// False once it has been left too soon.
    public var isWorthwhile: Bool { entries * LoopWatch.worthwhileRounds <= Int(LoopWatch.rounds) }
}
