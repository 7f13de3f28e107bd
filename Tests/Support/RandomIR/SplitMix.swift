/// A small repeatable generator: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
public struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    public init(_ seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }

    /// A number below `bound`.
    public mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// True once in `n` times.
    public mutating func oneIn(_ n: Int) -> Bool { below(n) == 0 }

    public mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }

    /// 64 bits that are often at an edge: 0, ones, a lone bit, a small number, a repeated byte.
    public mutating func edgy() -> UInt64 {
        switch below(8) {
        case 0: return 0
        case 1: return .max
        case 2: return 1 << UInt64(below(64))
        case 3: return (1 << UInt64(below(64))) &- 1
        case 4: return UInt64(below(64))
        case 5: return 0 &- UInt64(below(64))
        case 6: return UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: next())))
        default: return next()
        }
    }
}
