/// How many requests took how long (`block-latency-histogram-set`).
public struct LatencyHistogram: Equatable, Sendable {
    /// Nanoseconds at which the second and each further bin begins, rising.
    public let boundaries: [UInt64]
    public private(set) var bins: [UInt64]

    /// Nil if the boundaries do not rise from above 0.
    public init?(boundaries: [UInt64]) {
        guard let first = boundaries.first, first > 0, zip(boundaries, boundaries.dropFirst()).allSatisfy({ $0 < $1 }) else { return nil }
        self.boundaries = boundaries
        bins = [UInt64](repeating: 0, count: boundaries.count + 1)
    }

    mutating func count(_ nanoseconds: Int64) {
        let value = UInt64(max(0, nanoseconds))
        bins[boundaries.firstIndex { value < $0 } ?? boundaries.count] += 1
    }
}
