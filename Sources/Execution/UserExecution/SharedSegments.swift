import Glibc

/// System V shared memory, which is mapped by calls of its own.
extension GuestMemory {
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
            var place = address
            var hostFlags = Int(flags & 0xffff_ffff)
            if place == 0, isReserved {
                guard let found = regions.room(length, hint: 0, search, limit: searchLimit) else { return -Int64(ENOMEM) }
                place = found
                // SHM_REMAP.
                hostFlags |= 0o40000
            }
            let result = call(place == 0 ? 0 : Int(bitPattern: UInt(place) &+ base), hostFlags)
            if result < 0 && result > -4096 { return result }
            let start = UInt64(bitPattern: result) &- UInt64(base)
            onChange(start, start + length)
            let protection: PageProtection = flags & 0o10000 != 0 ? .read : [.read, .write]
            regions.insert(
                GuestRegion(
                    start: start, end: start + length, protection: flags & 0o100000 != 0 ? protection.union(.execute) : protection, isShared: true,
                    file: "/SYSV00000000"))
            return Int64(bitPattern: start)
        }
    }

    /// Detaches the segment that begins at an address.
    public func detach(_ address: UInt64, _ call: () -> Int64) -> Int64 {
        lock.withLock {
            guard let region = regions.find(address), region.start == address else { return -Int64(EINVAL) }
            onChange(region.start, region.end)
            let result = call()
            if result == 0 { regions.remove(region.start, region.end) }
            return result
        }
    }
}
