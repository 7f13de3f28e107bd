import AddressSpace
import QAPI

/// What a migration has done so far. Times are nanoseconds of the host's clock.
struct MigrationStatistics {
    var started: Int64 = 0
    var setUp: Int64?
    var stopped: Int64?
    var ended: Int64?
    /// Bytes.
    var total: Int64 = 0
    var remaining: Int64 = 0
    var bytesWhileRunning: UInt64 = 0
    var bytesWhileStopped: UInt64 = 0
    /// When the guest has gone on at the other side, before all of its memory was there.
    var resumed: Int64?
    var bytesAfterwards: UInt64 = 0
    /// Pages that the other side has asked for.
    var requests = 0
    /// For how much of the time the guest is held, in percent.
    var throttle = 0
    /// By channels, of these.
    var channelBytes: UInt64 = 0
    var zeroPages = 0
    var normalPages = 0
    var syncs = 0
    /// Pages that the guest writes in a second.
    var dirtyRate: Int64 = 0
    /// Bytes in a second, over the last while.
    var bandwidth: Double?
    /// Pages in a second, likewise.
    var pageRate: Double = 0
    var expectedDowntime: Int64?

    private var windowStart: Int64 = 0
    private var windowBytes = 0
    private var windowPages = 0
    /// A while.
    private static let window: Int64 = 100_000_000

    init(started: Int64) { (self.started, windowStart) = (started, started) }

    var transferred: UInt64 { bytesWhileRunning + bytesWhileStopped + bytesAfterwards }

    mutating func note(sent bytes: Int, _ tally: PageSender.Tally, at now: Int64) {
        if resumed != nil {
            bytesAfterwards += UInt64(bytes)
        } else if stopped != nil {
            bytesWhileStopped += UInt64(bytes)
        } else {
            bytesWhileRunning += UInt64(bytes)
        }
        zeroPages += tally.zeros
        normalPages += tally.normal
        windowBytes += bytes
        windowPages += tally.zeros + tally.normal
        if now - windowStart >= MigrationStatistics.window { closeWindow(now) }
    }

    /// Works out how fast it has gone since the last time.
    mutating func closeWindow(_ now: Int64) {
        let seconds = Double(max(1, now - windowStart)) / 1e9
        if windowBytes > 0 { (bandwidth, pageRate) = (Double(windowBytes) / seconds, Double(windowPages) / seconds) }
        (windowStart, windowBytes, windowPages) = (now, 0, 0)
    }

    /// Pages that can be sent in a second; packed ones take fewer bytes than they have.
    func pace(packed: Bool) -> Double { packed && pageRate > 0 ? pageRate : (bandwidth ?? 1e9) / Double(RAMBlock.pageSize) }

    private static func milliseconds(_ time: Int64) -> Int64 { time / 1_000_000 }

    func information(_ status: MigrationStatus, error: String?, now: Int64) -> MigrationInfo {
        let isOver = ended != nil
        let ram = MigrationStats(
            transferred: Int64(transferred), remaining: remaining, total: total, duplicate: Int64(zeroPages), skipped: 0, normal: Int64(normalPages),
            normalBytes: Int64(normalPages * RAMBlock.pageSize), dirtyPagesRate: dirtyRate, mbps: (bandwidth ?? 0) * 8 / 1e6,
            dirtySyncCount: Int64(syncs), postcopyRequests: Int64(requests), pageSize: Int64(RAMBlock.pageSize), multifdBytes: channelBytes,
            pagesPerSecond: UInt64(pageRate),
            precopyBytes: bytesWhileRunning, downtimeBytes: bytesWhileStopped, postcopyBytes: bytesAfterwards, dirtySyncMissedZeroCopy: 0)
        return MigrationInfo(
            status: status, ram: setUp == nil ? nil : ram, totalTime: MigrationStatistics.milliseconds((ended ?? now) - started),
            expectedDowntime: isOver ? nil : expectedDowntime,
            downtime: status == .completed || resumed != nil
                ? stopped.map { MigrationStatistics.milliseconds((resumed ?? ended ?? now) - $0) } : nil,
            setupTime: setUp.map { MigrationStatistics.milliseconds($0 - started) }, cpuThrottlePercentage: throttle > 0 ? Int64(throttle) : nil,
            errorDesc: error)
    }
}

/// Lets so many bytes through in a second.
struct Throttle {
    private var next: Int64 = 0
    /// How much of what was not used may be made good.
    private static let slack: Int64 = 50_000_000

    /// Bytes have been sent: when the next may be, on the same clock as `now`.
    mutating func note(_ bytes: Int, limit: UInt64, now: Int64) -> Int64 {
        guard limit > 0 else { return now }
        let time = Double(bytes) / Double(limit) * 1e9
        next = max(next, now - Throttle.slack) + Int64(min(time, 1e12))
        return next
    }
}
