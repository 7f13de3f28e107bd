/// Deterministic random numbers (SplitMix64), so that a seed and a round name an input.
struct RandomSource {
    private var state: UInt64

    init(seed: UInt64, round: UInt64) {
        state = seed &* 0x9e37_79b9_7f4a_7c15 ^ round
        _ = next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }

    /// A number below `limit`; 0 if there is none.
    mutating func below(_ limit: Int) -> Int { limit <= 0 ? 0 : Int(next() % UInt64(limit)) }

    mutating func chance(_ oneIn: Int) -> Bool { below(oneIn) == 0 }

    /// A number of the kind that breaks arithmetic: small, near a power of two, near the end, or any.
    mutating func nasty() -> UInt64 {
        switch below(5) {
        case 0: UInt64(below(16))
        case 1: (1 << UInt64(below(64))) &+ UInt64(below(3)) &- 1
        case 2: UInt64.max &- UInt64(below(4096))
        case 3: UInt64(UInt32.max) &- UInt64(below(64))
        default: next()
        }
    }
}

/// Changes of bytes that find the mistakes of parsers.
struct Mutator {
    var random: RandomSource

    mutating func mutate(_ seed: [UInt8]) -> [UInt8] {
        var bytes = seed
        for _ in 0...random.below(8) where !bytes.isEmpty { change(&bytes) }
        return bytes
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        let place = random.below(random.chance(3) ? min(64, bytes.count) : bytes.count)
        switch random.below(8) {
        case 0: bytes[place] ^= 1 << UInt8(random.below(8))
        case 1: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 2, 3: overwrite(&bytes, place, width: [2, 4, 8][random.below(3)])
        case 4: bytes.removeLast(random.below(bytes.count))
        case 5: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.below(16)))
        case 6: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + random.below(64))], at: random.below(bytes.count))
        default:
            let other = random.below(bytes.count), count = min(random.below(32), bytes.count - max(place, other))
            for index in 0..<max(0, count) { bytes[place + index] = bytes[other + index] }
        }
    }

    private mutating func overwrite(_ bytes: inout [UInt8], _ place: Int, width: Int) {
        let value = random.nasty(), big = random.chance(2)
        for index in 0..<width where place + index < bytes.count {
            bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * (big ? width - 1 - index : index)))
        }
    }
}
