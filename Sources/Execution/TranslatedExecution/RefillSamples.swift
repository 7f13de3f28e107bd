import IR

/// Finds the memory accesses that go to another page nearly every time, from samples of those that had to look for their page.
///
/// A walk along memory changes pages too, but hundreds of accesses apart: what matters is how often in a given time. That only costs or saves
/// some time; what the guest computes does not depend on it.
struct RefillSamples {
    /// Two samples of one access this close to each other: several million changes of page in a second.
    static let interval: Int64 = 600_000
    /// Samples in a row that tell.
    static let needed = 3

    private var seen: [UInt32: (count: Int, last: Int64)] = [:]

    /// Whether the access of an instruction (the low half of its address), sampled at a host time in nanoseconds, is such a one.
    mutating func wanders(_ instruction: UInt32, at time: Int64) -> Bool {
        var sample = seen[instruction] ?? (0, time)
        sample.count = time - sample.last <= RefillSamples.interval ? sample.count + 1 : 1
        sample.last = time
        seen[instruction] = sample
        return sample.count >= RefillSamples.needed
    }
}
