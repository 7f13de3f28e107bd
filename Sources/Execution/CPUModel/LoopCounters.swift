import IR

/// What a vCPU's jumps backwards count down (`CPUHeader.Offset.loopCounters`) until their loops are worth more effort.
public struct LoopCounters: ~Copyable {
    /// How often a loop is repeated before.
    public static let usualThreshold: UInt32 = 4096

    private let counters = UnsafeMutablePointer<UInt32>.allocate(capacity: CPUHeader.loopCounters)
    private let threshold: UInt32

    /// - Parameter threshold: nil where nothing is counted.
    public init(_ header: CPUHeader, threshold: UInt32?) {
        self.threshold = threshold ?? 0
        unsafe counters.initialize(repeating: self.threshold, count: CPUHeader.loopCounters)
        unsafe header.state.storeBytes(of: counters, toByteOffset: CPUHeader.Offset.loopCounters, as: UnsafeMutablePointer<UInt32>.self)
    }

    deinit { unsafe counters.deallocate() }

    /// Whether the way out that the vCPU has taken is a hot loop's. Its counter starts anew then, and `site` is what can be chained.
    public func isHot(_ site: inout UInt64) -> Bool {
        guard site & CPUHeader.hotLoop != 0 else { return false }
        site &= ~CPUHeader.hotLoop
        unsafe counters[CPUHeader.loopCounter(Int(site))] = threshold
        return true
    }
}
