import IR
import Regions

/// Where in the region's code values are needed, as ranges of positions. A node reads at its position and writes behind it.
struct Intervals {
    /// Ascending, without overlaps.
    typealias Ranges = [Range<Int>]

    private(set) var ranges: [Ranges]
    /// How often a value is read and written, weighted by the loops around.
    private(set) var weights: [Int]
    /// How many loops lie around a value's uses, at most.
    private(set) var depths: [Int]
    /// How many positions a value takes up, weighted in the same way.
    private(set) var lengths: [Int]
    /// Positions of blocks' beginnings and ends.
    private(set) var starts: [Int] = []
    private(set) var ends: [Int] = []

    /// How much more a loop counts than what is around it, and how many are looked at.
    private static let loopFactor = 8
    private static let deepest = 5

    init(_ region: Region, _ liveness: Liveness) {
        ranges = [Ranges](repeating: [], count: region.nodes.count)
        weights = [Int](repeating: 0, count: region.nodes.count)
        lengths = weights
        depths = weights
        var position = 0
        for block in region.blocks {
            starts.append(position)
            ends.append(position + 2 * block.body.count + 2)
            position += 2 * block.body.count + 3
        }
        for number in region.blocks.indices.reversed() { add(region, liveness, number) }
        for index in ranges.indices { ranges[index] = Intervals.joined(ranges[index].reversed()) }
    }

    /// The most values that are needed at a time in blocks that lie in so many loops or more, of those that are used there.
    func pressure(_ region: Region, depth: Int) -> Int {
        var changes = [Int](repeating: 0, count: (ends.last ?? 0) + 3)
        for (value, ranges) in ranges.enumerated() where depths[value] >= depth {
            for range in ranges {
                changes[range.lowerBound] += 1
                changes[range.upperBound] -= 1
            }
        }
        var (most, count, number) = (0, 0, 0)
        for (position, change) in changes.enumerated() {
            count += change
            while number + 1 < starts.count, starts[number + 1] <= position { number += 1 }
            if region.blocks[number].depth >= depth { most = max(most, count) }
        }
        return most
    }

    static func frequency(_ depth: Int) -> Int { (0..<min(depth, deepest)).reduce(1) { product, _ in product * loopFactor } }

    /// Goes backward through a block; the ranges of each value come in descending order.
    private mutating func add(_ region: Region, _ liveness: Liveness, _ number: Int) {
        let block = region.blocks[number]
        let frequency = Intervals.frequency(block.depth)
        let start = starts[number]
        var openEnds: [Int32: Int] = [:]
        for value in liveness.liveOut(number) { openEnds[value] = ends[number] + 1 }
        func use(_ value: Int32, _ position: Int) {
            if region.constant(value) != nil { return }
            if openEnds[value] == nil { openEnds[value] = position + 1 }
        }
        var position = ends[number]
        for value in block.body.reversed() {
            position -= 2
            guard liveness.isUsed(value), region.constant(value) == nil else { continue }
            if region.hasResult(value) {
                let begin = region.nodes[Int(value)].kind == .entry ? start : position + 1
                weights[Int(value)] += frequency
                append(value, begin..<max(openEnds.removeValue(forKey: value) ?? 0, begin + 1), frequency)
            }
            liveness.forEachUse(value) { use($0, position) }
            liveness.forEachNeed(value) { operand in
                weights[Int(operand)] += frequency
                depths[Int(operand)] = max(depths[Int(operand)], block.depth)
            }
        }
        for value in liveness.usesAtStart(number) where openEnds[value] == nil && region.constant(value) == nil { openEnds[value] = start + 1 }
        for phi in block.phis where liveness.isUsed(phi) {
            weights[Int(phi)] += frequency
            append(phi, start..<max(openEnds.removeValue(forKey: phi) ?? 0, start + 1), frequency)
        }
        for (value, end) in openEnds { append(value, start..<end, frequency) }
    }

    private mutating func append(_ value: Int32, _ range: Range<Int>, _ frequency: Int) {
        ranges[Int(value)].append(range)
        lengths[Int(value)] += frequency * range.count
    }

    /// Ranges in ascending order, those that touch joined.
    static func joined(_ ranges: some Sequence<Range<Int>>) -> Ranges {
        var joined: Ranges = []
        for range in ranges {
            if let last = joined.last, last.upperBound >= range.lowerBound {
                joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                joined.append(range)
            }
        }
        return joined
    }

    /// Two lists of ranges as one; the first may be long.
    static func merged(_ a: Ranges, _ b: Ranges) -> Ranges {
        guard let first = b.first, let last = b.last else { return a }
        let start = index(in: a, ending: first.lowerBound)
        var end = start
        while end < a.count, a[end].lowerBound <= last.upperBound { end += 1 }
        var between = a[start..<end] + b
        between.sort { $0.lowerBound < $1.lowerBound }
        var merged = a
        merged.replaceSubrange(start..<end, with: joined(between))
        return merged
    }

    /// The first range that ends at a position or behind it.
    private static func index(in ranges: Ranges, ending position: Int) -> Int {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < position { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Whether two lists have a position in common; the first may be long.
    static func overlap(_ a: Ranges, _ b: Ranges) -> Bool {
        guard let first = b.first else { return false }
        var (i, j) = (index(in: a, ending: first.lowerBound), 0)
        while i < a.count, j < b.count {
            if a[i].overlaps(b[j]) { return true }
            if a[i].upperBound <= b[j].upperBound { i += 1 } else { j += 1 }
        }
        return false
    }
}
