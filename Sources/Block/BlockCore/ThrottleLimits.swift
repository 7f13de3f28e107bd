/// How much may be asked of a disk in a second: QEMU's `throttling.…` (docs/throttle.txt there).
public struct ThrottleLimits: Equatable, Sendable {
    /// What is limited, in the order in which QEMU names it.
    public enum Kind: Int, CaseIterable, Sendable { case bytes, bytesRead, bytesWritten, operations, reads, writes }

    public struct Rate: Equatable, Sendable {
        /// A second, in the long run; 0 for no limit.
        public var average: UInt64
        /// A second, for a while; 0 for no more than the average.
        public var burst: UInt64
        /// How long bursts may last, in seconds.
        public var burstSeconds: UInt64

        public init(average: UInt64 = 0, burst: UInt64 = 0, burstSeconds: UInt64 = 1) {
            (self.average, self.burst, self.burstSeconds) = (average, burst, burstSeconds)
        }
    }

    private var rates = [Rate](repeating: Rate(), count: Kind.allCases.count)
    /// A request counts as one for each such part of it, in bytes; 0 for one, however large.
    public var operationSize: UInt64 = 0

    public init() {}

    public subscript(_ kind: Kind) -> Rate {
        get { rates[kind.rawValue] }
        set { rates[kind.rawValue] = newValue }
    }

    public var isLimiting: Bool { rates.contains { $0.average > 0 } }

    public static let highest: UInt64 = 1_000_000_000_000_000

    /// Why they cannot be; nil if they can.
    public var complaint: String? {
        func clash(_ total: Kind, _ parts: [Kind], _ value: (Rate) -> UInt64) -> Bool {
            value(self[total]) > 0 && parts.contains { value(self[$0]) > 0 }
        }
        let (bytes, operations) = ([Kind.bytesRead, .bytesWritten], [Kind.reads, .writes])
        for value in [{ $0.average }, { $0.burst }] as [(Rate) -> UInt64] where clash(.bytes, bytes, value) || clash(.operations, operations, value) {
            return "bps/iops/max total values and read/write values cannot be used at the same time"
        }
        if operationSize > 0, ([.operations] + operations).allSatisfy({ self[$0].average == 0 }) {
            return "iops size requires an iops value to be set"
        }
        return rates.lazy.compactMap { ThrottleLimits.complaint($0) }.first
    }

    private static func complaint(_ rate: Rate) -> String? {
        if rate.average > highest || rate.burst > highest { return "bps/iops/max values must be within [0, \(highest)]" }
        if rate.burstSeconds == 0 { return "the burst length cannot be 0" }
        if rate.burstSeconds > 1, rate.burst == 0 { return "burst length set without burst rate" }
        if rate.burst > 0, rate.burstSeconds > highest / rate.burst { return "burst length too high for this burst rate" }
        if rate.burst > 0, rate.average == 0 { return "bps_max/iops_max require corresponding bps/iops values" }
        if rate.burst > 0, rate.burst < rate.average { return "bps_max/iops_max cannot be lower than bps/iops" }
        return nil
    }
}
