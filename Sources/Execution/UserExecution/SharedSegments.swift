import Glibc

/// System V shared memory, which is mapped by calls of its own.
extension GuestMemory {
    private enum Flag { static let readOnly: UInt64 = 0o10000, rounds: UInt64 = 0o20000, replaces: UInt64 = 0o40000, executes: UInt64 = 0o100000 }
    /// What `/proc/self/maps` says.
    private static let segmentName = "/SYSV00000000"

    /// Attaches a segment.
    ///
    /// - Parameters:
    ///   - call: shmat with a host address and flags.
    ///   - size: the segment's bytes.
    public func attach(_ address: UInt64, flags: UInt64, _ call: (Int, Int) -> Int64, size: () -> UInt64?) -> Int64 {
        guard let size = size() else { return -Int64(EINVAL) }
        return lock.withLock {
            let length = (size + 4095) & ~4095
            if !mayExpand(length, isData: false) { return -Int64(ENOMEM) }
            var place = flags & Flag.rounds != 0 ? address & ~(GuestMemory.pageSize - 1) : address
            var hostFlags = flags & 0xffff_ffff
            if isReserved {
                if place == 0 {
                    guard flags & Flag.replaces == 0 else { return -Int64(EINVAL) }
                    guard let found = regions.room(length, hint: 0, search, limit: searchLimit) else { return -Int64(ENOMEM) }
                    place = found
                } else if !mayAttach(place, length, flags) {
                    return -Int64(EINVAL)
                }
                hostFlags |= Flag.replaces
            }
            let result = call(place == 0 ? 0 : Int(bitPattern: UInt(place) &+ base), Int(hostFlags))
            if result < 0 && result > -4096 {
                if isReserved { releaseGaps(place, place + length) }
                return result
            }
            let start = UInt64(bitPattern: result) &- UInt64(base)
            onChange(start, start + length)
            let protection: PageProtection = flags & Flag.readOnly != 0 ? .read : [.read, .write]
            regions.insert(
                GuestRegion(
                    start: start, end: start + length, protection: flags & Flag.executes != 0 ? protection.union(.execute) : protection,
                    isShared: true, file: GuestMemory.segmentName))
            return Int64(bitPattern: start)
        }
    }

    /// Whether a segment may be attached at an address of a reserved range, where the host sees all addresses taken.
    private func mayAttach(_ place: UInt64, _ length: UInt64, _ flags: UInt64) -> Bool {
        guard place & (GuestMemory.pageSize - 1) == 0, length <= limit, place <= limit - length else { return false }
        let parts = regions.parts(place, place + length)
        return flags & Flag.replaces != 0 ? !parts.contains { $0.isSealed } : parts.isEmpty
    }

    /// Detaches the segment that begins at an address. In a reserved range what takes its place does: the host would give free addresses to Apus itself.
    public func detach(_ address: UInt64, _ call: () -> Int64) -> Int64 {
        lock.withLock {
            guard let end = endOfSegment(address) else { return -Int64(EINVAL) }
            onChange(address, end)
            if isReserved { release(address, end) }
            let result = isReserved ? 0 : call()
            if result == 0 { regions.remove(address, end) }
            return result
        }
    }

    /// Behind the last address of a segment, parts of which may be protected otherwise; nil if none begins there.
    private func endOfSegment(_ start: UInt64) -> UInt64? {
        var end = start
        while let part = regions.find(end), part.start == end, part.file == GuestMemory.segmentName, part.offset == end - start { end = part.end }
        return end == start ? nil : end
    }
}
