import Glibc

/// How much memory a guest process may have: RLIMIT_AS and RLIMIT_DATA in bytes (getrlimit(2)). Apus's own memory doesn't count.
public struct MemoryLimits: Equatable, Sendable {
    public var addressSpace: UInt64
    public var data: UInt64
    /// RLIMIT_DATA's maximum: a limit of 0 for data stands for it (mm/mmap.c), but not where the heap grows.
    public var dataMaximum: UInt64

    public init(addressSpace: UInt64 = .max, data: UInt64 = .max, dataMaximum: UInt64 = .max) {
        self.addressSpace = addressSpace
        self.data = data
        self.dataMaximum = dataMaximum
    }
}

extension GuestRegion {
    /// What RLIMIT_DATA counts: writable and the process's own.
    var isData: Bool { protection.contains(.write) && !isShared }
}

extension GuestMemory {
    public func setLimits(_ limits: MemoryLimits) { lock.withLock { self.limits = limits } }

    /// Whether the process may have so many bytes more (Linux, mm/mmap.c, may_expand_vm). Needs the lock.
    func mayExpand(_ bytes: UInt64, isData: Bool) -> Bool {
        if bytes == 0 || limits == MemoryLimits() { return true }
        var (all, data): (UInt64, UInt64) = (0, 0)
        for region in regions.list {
            all += region.end - region.start
            if region.isData { data += region.end - region.start }
        }
        if let stack {
            let mapped = regions.parts(stack.start, stack.top).reduce(0) { $0 + ($1.isData ? $1.end - $1.start : 0) }
            all -= min(all, min(mapped, grownStack(stack) - stack.start))
            data -= mapped
        }
        let pages = { (size: UInt64) in size >> 12 }
        let most = limits.data == 0 ? limits.dataMaximum : limits.data
        return pages(all + bytes) <= pages(limits.addressSpace) && (!isData || pages(data + bytes) <= pages(most))
    }

    /// Whether a mapping that takes the place of what is there may be made. Needs the lock.
    func mayMap(_ request: MapRequest, over start: UInt64, _ length: UInt64) -> Bool {
        let there = regions.parts(start, start + length).reduce(0) { $0 + ($1.end - $1.start) }
        return mayExpand(length - there, isData: request.isData)
    }

    /// Whether a range may become writable (mm/mprotect.c): what wasn't becomes data. Needs the lock.
    func mayBecomeWritable(_ start: UInt64, _ end: UInt64) -> Bool {
        if limits.data == .max { return true }
        let more = regions.parts(start, end).reduce(0) { $0 + ($1.isShared || $1.isData ? 0 : $1.end - $1.start) }
        return mayExpand(more, isData: true) || !mayExpand(more, isData: false)
    }

    /// Whether the heap may end at an address, of so many bytes of the program's own data beside it (check_data_rlimit in include/linux/mm.h).
    public func mayGrowHeap(_ size: UInt64, data: UInt64) -> Bool {
        lock.withLock { limits.data == .max || size <= limits.data && data <= limits.data - size }
    }
}

extension GuestMemory.MapRequest {
    var isData: Bool { protection.contains(.write) && flags & MAP_SHARED == 0 }
}
