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
        endTrial()
    }

    private func set(_ offset: Int, _ value: UInt32) { unsafe header.state.storeBytes(of: value, toByteOffset: offset, as: UInt32.self) }

    /// Whether loops are tried before they are made for good.
    public var triesLoops: Bool { threshold > LoopCounters.triedRounds }

    /// Whether the vCPU has left a block because its loop is hot.
    public static func isHot(_ site: UInt64) -> Bool { site == CPUHeader.hotLoop }

    /// Lets the block at `pc` count anew.
    public func restart(_ pc: UInt64) { set(CPUHeader.loopCounter(pc), threshold) }

    // MARK: Trials

    /// How often a loop that is tried goes round, or is entered, before it is judged.
    private static let triedRounds: UInt32 = 4096
    private static let triedEntries: UInt32 = 512
    /// Rounds for each time that the loop is entered, from which on moving what it needs into registers is worth it.
    public static let worthwhileRounds = 8
    /// The same for a region, which all of guest state's registers have to be given up for and got back.
    public static let regionRounds = 32

    /// Before code that tries a loop is run. A vCPU has one trial at a time: counters that blocks share would end it too soon.
    public func startTrial() {
        set(CPUHeader.Offset.trialEntries, LoopCounters.triedEntries)
        set(CPUHeader.Offset.trialRounds, LoopCounters.triedRounds)
    }

    /// From now on other vCPUs' trials end no trial here.
    public func endTrial() {
        set(CPUHeader.Offset.trialEntries, UInt32(Int32.max))
        set(CPUHeader.Offset.trialRounds, UInt32(Int32.max))
    }

    /// How often the loop that was tried went round each time it was entered.
    public var roundsPerEntry: Int {
        func count(_ offset: Int, from start: UInt32) -> Int {
            Int(start) - Int(unsafe header.state.load(fromByteOffset: offset, as: Int32.self))
        }
        let entries = count(CPUHeader.Offset.trialEntries, from: LoopCounters.triedEntries)
        return count(CPUHeader.Offset.trialRounds, from: LoopCounters.triedRounds) / max(1, entries)
    }
}
