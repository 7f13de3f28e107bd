/// How free room is looked for.
enum RoomSearch {
    /// The lowest from an address on, or from the lowest that there is.
    case upwards(from: UInt64)
    /// The highest below an address.
    case downwards(from: UInt64)

    /// The lowest address that programs are given without asking for it.
    static let floor: UInt64 = 0x10000
}

/// A process's regions, sorted and disjoint.
struct RegionList {
    private(set) var list: [GuestRegion] = []

    /// Index of the first region that ends behind an address.
    private func index(_ address: UInt64) -> Int {
        var low = 0
        var high = list.count
        while low < high {
            let middle = (low + high) / 2
            if list[middle].end <= address { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func find(_ address: UInt64) -> GuestRegion? {
        let index = index(address)
        return index < list.count && list[index].start <= address ? list[index] : nil
    }

    /// The parts of a range that are mapped.
    func parts(_ start: UInt64, _ end: UInt64) -> [GuestRegion] {
        var result: [GuestRegion] = []
        var next = index(start)
        while next < list.count, list[next].start < end {
            result.append(list[next].cut(start, end))
            next += 1
        }
        return result
    }

    /// The parts of a range that are not mapped.
    func gaps(_ start: UInt64, _ end: UInt64) -> [(start: UInt64, end: UInt64)] {
        var result: [(start: UInt64, end: UInt64)] = []
        var place = start
        for part in parts(start, end) {
            if part.start > place { result.append((place, part.start)) }
            place = part.end
        }
        if place < end { result.append((place, end)) }
        return result
    }

    mutating func remove(_ start: UInt64, _ end: UInt64) { replace(start, end, with: nil) }

    /// Puts a region in the place of whatever is there.
    mutating func insert(_ region: GuestRegion) { replace(region.start, region.end, with: region) }

    private mutating func replace(_ start: UInt64, _ end: UInt64, with region: GuestRegion?) {
        let first = index(start)
        var last = first
        var new: [GuestRegion] = []
        while last < list.count, list[last].start < end {
            if list[last].start < start { new.append(list[last].cut(list[last].start, start)) }
            last += 1
        }
        if let region { new.append(region) }
        if last > first, list[last - 1].end > end { new.append(list[last - 1].cut(end, list[last - 1].end)) }
        list.replaceSubrange(first..<last, with: new)
    }

    /// A free range of `size` bytes below `limit`: at `hint` if that is not 0 and free.
    func room(_ size: UInt64, hint: UInt64, _ search: RoomSearch, limit: UInt64) -> UInt64? {
        switch search {
        case .upwards(let start):
            return room(size, from: hint == 0 ? start : hint, limit: limit) ?? room(size, from: RoomSearch.floor, limit: limit)
        case .downwards(let top):
            if hint >= RoomSearch.floor, hint < limit, limit - hint >= size, parts(hint, hint + size).isEmpty { return hint }
            return room(size, below: top) ?? room(size, from: RoomSearch.floor, limit: limit)
        }
    }

    /// The highest free range of `size` bytes below an address.
    private func room(_ size: UInt64, below top: UInt64) -> UInt64? {
        var end = top
        var next = index(top)
        while true {
            let isInside = next < list.count && list[next].start < end
            if isInside { end = list[next].start }
            let start = next > 0 ? list[next - 1].end : 0
            if end > start, end >= size, end - size >= max(start, RoomSearch.floor) { return end - size }
            if next == 0 || end <= RoomSearch.floor { return nil }
            next -= 1
        }
    }

    /// The lowest free range of `size` bytes from an address on.
    func room(_ size: UInt64, from start: UInt64, limit: UInt64) -> UInt64? {
        var place = start
        var next = index(start)
        while next < list.count {
            if list[next].start >= place, list[next].start - place >= size { return place }
            place = max(place, list[next].end)
            next += 1
        }
        return place < limit && limit - place >= size ? place : nil
    }
}

extension GuestRegion {
    func cut(_ from: UInt64, _ to: UInt64) -> GuestRegion {
        var part = self
        part.start = max(start, from)
        part.end = min(end, to)
        part.offset = offset &+ (part.start - start)
        return part
    }
}
