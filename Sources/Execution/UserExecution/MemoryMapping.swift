import CHost
import Glibc

/// mmap and its relatives with the guest's semantics. Results are as the kernel's: an address, 0, or -errno.
extension GuestMemory {
    static let pageSize: UInt64 = 4096

    func roundUp(_ size: UInt64) -> UInt64 { (size &+ (GuestMemory.pageSize - 1)) & ~(GuestMemory.pageSize - 1) }

    /// A host system call about memory: its result, or -errno.
    func host(
        _ number: Int, _ address: UInt64, _ a: UInt64 = 0, _ b: UInt64 = 0, _ c: UInt64 = 0, _ d: UInt64 = 0, _ e: UInt64 = 0
    ) -> Int64 {
        let words = [Int(bitPattern: UInt(truncatingIfNeeded: address) &+ base)] + [a, b, c, d, e].map { Int(truncatingIfNeeded: $0) }
        return Int64(unsafe apus_raw_syscall(number, words))
    }

    private func isError(_ result: Int64) -> Bool { result < 0 && result > -4096 }

    /// Forgets translations of a range and what is known of its protection.
    func changed(_ start: UInt64, _ end: UInt64) { onChange(start, end) }

    // MARK: mmap

    public struct MapRequest {
        public var address: UInt64
        public var length: UInt64
        public var protection: PageProtection
        /// The host's MAP_ flags.
        public var flags: Int32
        public var descriptor: Int32
        public var offset: UInt64
        public var file: String?

        public init(
            address: UInt64, length: UInt64, protection: PageProtection, flags: Int32, descriptor: Int32 = -1, offset: UInt64 = 0, file: String? = nil
        ) {
            self.address = address
            self.length = length
            self.protection = protection
            self.flags = flags
            self.descriptor = descriptor
            self.offset = offset
            self.file = file
        }
    }

    public func map(_ request: MapRequest) -> Int64 {
        let length = roundUp(request.length)
        if request.length == 0 { return -Int64(EINVAL) }
        if length == 0 || length > limit { return -Int64(ENOMEM) }
        return lock.withLock { isFixed(request) ? mapFixed(request, length) : mapAnywhere(request, length) }
    }

    private func isFixed(_ request: MapRequest) -> Bool { request.flags & (MAP_FIXED | Int32(MAP_FIXED_NOREPLACE)) != 0 }

    private func mapFixed(_ request: MapRequest, _ length: UInt64) -> Int64 {
        let start = request.address
        if start & (GuestMemory.pageSize - 1) != 0 { return -Int64(EINVAL) }
        guard start <= limit - length else { return -Int64(ENOMEM) }
        let end = start + length
        if request.flags & Int32(MAP_FIXED_NOREPLACE) != 0, !regions.parts(start, end).isEmpty { return -Int64(EEXIST) }
        if isSealed(start, end) { return -Int64(EPERM) }
        if !mayMap(request, over: start, length) { return -Int64(ENOMEM) }
        // Host memory that is not the guest's must not be overwritten.
        if !isReserved {
            let result = claim(start, end)
            if isError(result) { return result == -Int64(EEXIST) ? -Int64(ENOMEM) : result }
        }
        changed(start, end)
        let flags = request.flags & ~Int32(MAP_FIXED_NOREPLACE) | MAP_FIXED
        let result = mapHost(request, start, length, flags)
        if isError(result) {
            releaseGaps(start, end)
            return result
        }
        if let identity = reservedModule(request) { savedCode?.add(start..<end, file: request.file ?? "", identity: identity) }
        return note(request, start, length)
    }

    private func mapAnywhere(_ request: MapRequest, _ length: UInt64) -> Int64 {
        if !mayExpand(length, isData: request.isData) { return -Int64(ENOMEM) }
        if let result = mapModule(request, length) ?? mapReservation(request, length) { return result }
        var hint = request.address & ~(GuestMemory.pageSize - 1)
        var flags = request.flags
        if isReserved {
            guard let place = regions.room(length, hint: hint, search, limit: searchLimit) else { return -Int64(ENOMEM) }
            hint = place
            flags |= MAP_FIXED
        }
        let result = mapHost(request, hint, length, flags)
        if isError(result) {
            if isReserved { releaseGaps(hint, hint + length) }
            return result
        }
        let start = UInt64(bitPattern: result) &- UInt64(base)
        changed(start, start + length)
        return note(request, start, length)
    }

    /// Maps a program or library that may lie anywhere (not below 4 GiB only, MAP_32BIT) where its saved code wants it; nil if it is none, or something else is there.
    private func mapModule(_ request: MapRequest, _ length: UInt64) -> Int64? {
        guard let savedCode, let file = request.file, request.address == 0, request.offset == 0, request.descriptor >= 0,
            request.flags & (MAP_SHARED | 0x40) == 0, let identity = savedCode.identity(of: request.descriptor)
        else { return nil }
        let place = savedCode.place(identity)
        let result = mapHost(request, place, length, request.flags | Int32(MAP_FIXED_NOREPLACE))
        guard result == Int64(place) else { return nil }
        changed(place, place + length)
        savedCode.add(place..<place + length, file: file, identity: identity)
        return note(request, place, length)
    }

    /// Room that a loader reserves for a library whose alignment is more than a page's, to map it there (arm64): it comes to where it came to in other processes
    /// that map the same before it.
    private func mapReservation(_ request: MapRequest, _ length: UInt64) -> Int64? {
        guard let savedCode, request.address == 0, request.protection == [], request.flags == MAP_PRIVATE | MAP_ANONYMOUS,
            let place = savedCode.nextReservation(length)
        else { return nil }
        let result = mapHost(request, place, length, request.flags | Int32(MAP_FIXED_NOREPLACE))
        guard result == Int64(place) else { return nil }
        changed(place, place + length)
        return note(request, place, length)
    }

    /// A number for the library that a loader maps into such room; nil for anything else.
    private func reservedModule(_ request: MapRequest) -> UInt64? {
        guard let savedCode, request.file != nil, request.offset == 0, request.flags & MAP_SHARED == 0, request.descriptor >= 0,
            savedCode.isReservation(request.address)
        else { return nil }
        return savedCode.identity(of: request.descriptor)
    }

    /// Takes note of a program whose segments are about to be mapped into a range that is reserved for them: where it always is.
    public func addModule(_ range: Range<UInt64>, file: String, descriptor: Int32, isRelocatable: Bool) {
        lock.withLock {
            guard let savedCode, let identity = savedCode.identity(of: descriptor), !isRelocatable || range.lowerBound == savedCode.place(identity)
            else { return }
            savedCode.add(range, file: file, identity: identity)
        }
    }

    /// Where a program that may lie anywhere is to lie for the sake of its saved code.
    public func modulePlace(descriptor: Int32) -> UInt64? {
        lock.withLock { savedCode.flatMap { saved in saved.identity(of: descriptor).map(saved.place) } }
    }

    private func mapHost(_ request: MapRequest, _ address: UInt64, _ length: UInt64, _ flags: Int32) -> Int64 {
        let hostAddress = address == 0 && flags & MAP_FIXED == 0 ? 0 &- UInt64(base) : address
        return host(
            9, hostAddress, length, UInt64(request.protection.host), UInt64(UInt32(bitPattern: flags)),
            UInt64(bitPattern: Int64(request.descriptor)), request.offset)
    }

    private func note(_ request: MapRequest, _ start: UInt64, _ length: UInt64) -> Int64 {
        let isShared = request.flags & MAP_SHARED != 0
        regions.insert(
            GuestRegion(
                start: start, end: start + length, protection: request.protection, isShared: isShared, file: request.file, offset: request.offset))
        return Int64(bitPattern: start)
    }

    /// Claims the gaps of a range from the host, in a way that fails, and leaves all as it was, if something is there: 0 or -errno. What is kept for the
    /// stack is Apus's already.
    private func claim(_ start: UInt64, _ end: UInt64) -> Int64 {
        let flags = UInt64(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | Int32(MAP_FIXED_NOREPLACE))
        let parts = regions.gaps(start, end).flatMap { outsideOfStack($0.start, $0.end) }
        for (index, part) in parts.enumerated() {
            let result = host(9, part.lowerBound, UInt64(part.count), 0, flags, .max)
            if isError(result) {
                for claimed in parts[..<index] { _ = host(11, claimed.lowerBound, UInt64(claimed.count)) }
                return result
            }
        }
        return 0
    }

    /// Gives back what `claim` has claimed.
    func releaseGaps(_ start: UInt64, _ end: UInt64) {
        for gap in regions.gaps(start, end) { release(gap.start, gap.end) }
    }

    /// The parts of a range that are not kept for the stack.
    private func outsideOfStack(_ start: UInt64, _ end: UInt64) -> [Range<UInt64>] {
        guard let kept = stack?.range else { return [start..<end] }
        return [start..<max(start, min(end, kept.lowerBound)), min(end, max(start, kept.upperBound))..<end].filter { !$0.isEmpty }
    }

    /// Gives host memory back, or keeps it reserved.
    func release(_ start: UInt64, _ end: UInt64) {
        let kept = isReserved ? start..<end : (stack?.range ?? 0..<0).clamped(to: start..<end)
        if !kept.isEmpty {
            let flags = UInt64(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED)
            _ = host(9, kept.lowerBound, UInt64(kept.count), 0, flags, .max)
        }
        if isReserved { return }
        for part in outsideOfStack(start, end) { _ = host(11, part.lowerBound, UInt64(part.count)) }
    }

    // MARK: munmap, mprotect

    public func unmap(_ start: UInt64, _ size: UInt64) -> Int64 {
        let length = roundUp(size)
        guard start & (GuestMemory.pageSize - 1) == 0, length != 0, start <= limit, length <= limit - start else { return -Int64(EINVAL) }
        return lock.withLock {
            let end = start + length
            if isSealed(start, end) { return -Int64(EPERM) }
            changed(start, end)
            for part in regions.parts(start, end) { release(part.start, part.end) }
            regions.remove(start, end)
            return 0
        }
    }

    public func protect(_ start: UInt64, _ size: UInt64, _ protection: PageProtection) -> Int64 {
        let length = roundUp(size)
        guard start & (GuestMemory.pageSize - 1) == 0 else { return -Int64(EINVAL) }
        if size == 0 { return 0 }
        guard length != 0, start <= limit, length <= limit - start else { return -Int64(ENOMEM) }
        return lock.withLock {
            let end = start + length
            guard regions.gaps(start, end).isEmpty else { return -Int64(ENOMEM) }
            if isSealed(start, end) { return -Int64(EPERM) }
            if protection.contains(.write), !mayBecomeWritable(start, end) { return -Int64(ENOMEM) }
            changed(start, end)
            let result = host(10, start, length, UInt64(protection.host))
            if result < 0 { return result }
            for var part in regions.parts(start, end) {
                part.protection = protection
                regions.insert(part)
            }
            return 0
        }
    }

    // MARK: mremap

    public func remap(_ old: UInt64, _ oldSize: UInt64, _ newSize: UInt64, flags: UInt64, _ newAddress: UInt64) -> Int64 {
        let (oldLength, newLength) = (roundUp(oldSize), roundUp(newSize))
        guard old & (GuestMemory.pageSize - 1) == 0, newLength != 0 else { return -Int64(EINVAL) }
        guard old <= limit, oldLength <= limit - old, newLength <= limit else { return -Int64(EFAULT) }
        return lock.withLock {
            guard let region = regions.find(old), oldLength == 0 || regions.gaps(old, old + oldLength).isEmpty else { return -Int64(EFAULT) }
            if isSealed(old, old + max(oldLength, 1)) { return -Int64(EPERM) }
            let more = flags & 4 != 0 ? newLength : newLength - min(newLength, oldLength)
            if !mayExpand(more, isData: region.isData) { return -Int64(ENOMEM) }
            changed(old, old + max(oldLength, GuestMemory.pageSize))
            let isFixed = flags & 2 != 0
            if isReserved, flags & ~1 == 0, newLength < oldLength { return shrink(old, oldLength, newLength) }
            var hostFlags = flags
            var target = newAddress
            if isFixed {
                guard target & (GuestMemory.pageSize - 1) == 0, target <= limit - newLength else { return -Int64(EINVAL) }
                if isSealed(target, target + newLength) { return -Int64(EPERM) }
                if !isReserved, isError(claim(target, target + newLength)) { return -Int64(ENOMEM) }
                changed(target, target + newLength)
            } else if isReserved, flags & 5 == 5 {
                // MREMAP_DONTUNMAP moves in any case, and the host would choose a place outside.
                guard let room = regions.room(newLength, hint: 0, search, limit: searchLimit) else { return -Int64(ENOMEM) }
                target = room
                hostFlags |= 2
            } else if isReserved, newLength > oldLength {
                if newLength > limit - old || regions.gaps(old + oldLength, old + newLength).first?.end != old + newLength
                    || !regions.parts(old + oldLength, old + newLength).isEmpty
                {
                    guard flags & 1 != 0, let room = regions.room(newLength, hint: 0, search, limit: searchLimit) else { return -Int64(ENOMEM) }
                    target = room
                    hostFlags |= 3
                } else {
                    release(old + oldLength, old + newLength)
                    _ = host(11, old + oldLength, newLength - oldLength)
                }
            }
            let result = host(25, old, oldLength, newLength, hostFlags, target &+ (hostFlags & 2 != 0 ? UInt64(base) : 0))
            if isError(result) {
                if hostFlags & 2 != 0 {
                    releaseGaps(target, target + newLength)
                } else if isReserved, newLength > oldLength {
                    releaseGaps(old + oldLength, old + newLength)
                }
                return result
            }
            return noteMove(region.cut(old, max(old + oldLength, old + 1)), oldLength, newLength, UInt64(bitPattern: result) &- UInt64(base), flags)
        }
    }

    /// What a mapping in a reserved range loses is reserved again at once: the host would give it to Apus itself.
    private func shrink(_ start: UInt64, _ oldLength: UInt64, _ newLength: UInt64) -> Int64 {
        release(start + newLength, start + oldLength)
        regions.remove(start + newLength, start + oldLength)
        return Int64(bitPattern: start)
    }

    private func noteMove(_ region: GuestRegion, _ oldLength: UInt64, _ newLength: UInt64, _ place: UInt64, _ flags: UInt64) -> Int64 {
        let keepsOld = flags & 4 != 0 || oldLength == 0
        if !keepsOld {
            regions.remove(region.start, region.start + oldLength)
            let isKept = isReserved || stack?.range.overlaps(region.start..<region.start + oldLength) == true
            if isKept, place != region.start { release(region.start, region.start + oldLength) }
        }
        var new = region
        new.start = place
        new.end = place + newLength
        changed(new.start, new.end)
        regions.insert(new)
        return Int64(bitPattern: place)
    }

    /// madvise: the host's call on what the guest has mapped of a range. A range with gaps is an error, but only when the rest is done (madvise(2)); in the
    /// gaps may be memory that is not the guest's.
    public func advise(_ start: UInt64, _ size: UInt64, _ advice: UInt64) -> Int64 {
        guard start & (GuestMemory.pageSize - 1) == 0, roundUp(size) >= size else { return -Int64(EINVAL) }
        guard start <= limit, size <= limit - start else { return -Int64(ENOMEM) }
        let end = start + roundUp(size)
        let found: (parts: [GuestRegion], isWhole: Bool)? = lock.withLock {
            if discardsSealed(start, end, advice) { return nil }
            // MADV_DONTNEED, MADV_FREE and MADV_REMOVE change bytes.
            if [4, 8, 9].contains(advice) { changed(start, end) }
            return (regions.parts(start, end), regions.gaps(start, end).isEmpty)
        }
        guard let found else { return -Int64(EPERM) }
        if found.isWhole { return host(28, start, size, advice) }
        for part in found.parts {
            let result = host(28, part.start, part.end - part.start, advice)
            if result < 0 { return result }
        }
        return -Int64(ENOMEM)
    }
}
