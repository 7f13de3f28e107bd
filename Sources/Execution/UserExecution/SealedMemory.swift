import Glibc

/// mseal, kept here rather than by the host, which has to be able to protect pages with translated code; and remap_file_pages.
extension GuestMemory {
    /// Seals a range: 0 or -errno.
    public func seal(_ start: UInt64, _ size: UInt64) -> Int64 {
        let length = roundUp(size)
        guard start & (GuestMemory.pageSize - 1) == 0, length >= size, start &+ length >= start else { return -Int64(EINVAL) }
        if length == 0 { return 0 }
        return lock.withLock {
            guard regions.gaps(start, start + length).isEmpty else { return -Int64(ENOMEM) }
            for var part in regions.parts(start, start + length) {
                part.isSealed = true
                regions.insert(part)
            }
            return 0
        }
    }

    /// Whether any part of a range is sealed. Needs the lock.
    func isSealed(_ start: UInt64, _ end: UInt64) -> Bool { regions.parts(start, end).contains { $0.isSealed } }

    /// Whether an madvise would throw away bytes of sealed anonymous memory that cannot be written. Needs the lock.
    func discardsSealed(_ start: UInt64, _ end: UInt64, _ advice: UInt64) -> Bool {
        // MADV_DONTNEED, FREE, REMOVE, DONTFORK, WIPEONFORK, DONTNEED_LOCKED.
        guard [4, 8, 9, 10, 18, 24].contains(advice) else { return false }
        return regions.parts(start, end).contains { $0.isSealed && $0.file == nil && !$0.isShared && !$0.protection.contains(.write) }
    }

    /// remap_file_pages: shows other pages of a shared mapping's file.
    public func remapFile(_ start: UInt64, _ size: UInt64, page: UInt64, flags: UInt64) -> Int64 {
        let (first, length) = (start & ~(GuestMemory.pageSize - 1), size & ~(GuestMemory.pageSize - 1))
        guard first < limit, length <= limit - first else { return -Int64(EINVAL) }
        return lock.withLock {
            guard let region = regions.find(first), region.isShared, first + length <= region.end else { return -Int64(EINVAL) }
            if isSealed(first, first + length) { return -Int64(EPERM) }
            changed(first, first + length)
            let result = host(216, first, length, 0, page, flags)
            if result < 0 { return result }
            var part = region.cut(first, first + length)
            part.offset = page << 12
            regions.insert(part)
            return result
        }
    }
}
