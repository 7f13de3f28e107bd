import Glibc

/// The main thread's stack. The kernel lets it grow down page by page, to RLIMIT_STACK. Here all that it may have is mapped from the start, since host
/// calls have to reach what hasn't been touched yet; how far it has grown the host's page table says.
struct MainStack {
    /// Behind the stack.
    let top: UInt64
    /// The lowest address that is kept free for it and for the gap below it.
    let reserve: UInt64
    /// The lowest address that it may have.
    var start: UInt64
    /// How far it had grown when the program started.
    var first: UInt64

    /// Bytes between a stack that grows and what lies below it (stack_guard_gap in mm/mmap.c).
    static let gap: UInt64 = 1 << 20
    /// Bytes that are kept free for it whatever its limit (MIN_GAP in mm/util.c), and the most that there are where it has no limit.
    static let least: UInt64 = 128 << 20, most: UInt64 = 1 << 30
    /// What the kernel adds to a new program's stack (fs/exec.c, setup_arg_pages).
    static let expansion: UInt64 = 128 << 10

    var range: Range<UInt64> { reserve..<top }

    /// The lowest address that a limit leaves it.
    func start(limit: UInt64) -> UInt64 { max(top - min(limit & ~4095, top - reserve), reserve + MainStack.gap) }
}

extension GuestMemory {
    /// Bytes to be kept free for a stack with a limit: of a small memory a quarter.
    public func stackRoom(limit stackLimit: UInt64) -> UInt64 {
        min(min(max(stackLimit & ~4095, MainStack.least), MainStack.most), limit >> 2 & ~4095) + MainStack.gap
    }

    /// Maps the main stack: its end; nil if there is no room.
    ///
    /// - Parameter top: where it has to end; nil where there is room.
    public func mapStack(below top: UInt64?, limit stackLimit: UInt64, isExecutable: Bool) -> UInt64? {
        let room = stackRoom(limit: stackLimit)
        return lock.withLock {
            guard let place = keepFree(room, below: top ?? (isReserved ? limit & ~4095 : nil)) else { return nil }
            var stack = MainStack(top: place + room, reserve: place, start: place + room, first: place + room)
            let start = stack.start(limit: max(stackLimit, 4096))
            let request = MapRequest(
                address: start, length: stack.top - start, protection: isExecutable ? [.read, .write, .execute] : [.read, .write],
                flags: MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED)
            guard regions.parts(start, stack.top).isEmpty, mapStackPages(request) else { return nil }
            (stack.start, stack.first) = (start, start)
            self.stack = stack
            return stack.top
        }
    }

    /// Reserves addresses of the host for the stack; the first. In a reserved range they are already.
    private func keepFree(_ room: UInt64, below top: UInt64?) -> UInt64? {
        if let top, room >= top { return nil }
        if isReserved { return top.map { $0 - room } }
        let kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (top == nil ? 0 : Int32(MAP_FIXED_NOREPLACE))
        let result = host(9, top.map { $0 - room } ?? 0 &- UInt64(base), room, 0, UInt64(kind), .max)
        return result < 0 && result > -4096 ? nil : UInt64(bitPattern: result) &- UInt64(base)
    }

    private func mapStackPages(_ request: MapRequest) -> Bool {
        let result = host(9, request.address, request.length, UInt64(request.protection.host), UInt64(request.flags), .max)
        guard result == Int64(bitPattern: request.address &+ UInt64(base)) else { return false }
        regions.insert(GuestRegion(start: request.address, end: request.address + request.length, protection: request.protection))
        return true
    }

    /// The program begins with this stack pointer.
    public func noteFirstStackPointer(_ pointer: UInt64) {
        lock.withLock {
            guard let stack else { return }
            self.stack?.first = max(stack.start, (pointer & ~4095) - min(pointer & ~4095, MainStack.expansion))
        }
    }

    // MARK: A new limit

    /// RLIMIT_STACK has changed: the stack may have more, or no more than it has grown to.
    public func setStackLimit(_ limit: UInt64) {
        lock.withLock {
            guard let stack, let region = regions.find(stack.top - 1), region.start == stack.start, region.file == nil else { return }
            let wanted = stack.start(limit: limit)
            if wanted < stack.start { extendStack(stack, region, to: wanted) } else { shortenStack(stack, to: min(wanted, grownStack(stack))) }
        }
    }

    private func extendStack(_ stack: MainStack, _ region: GuestRegion, to wanted: UInt64) {
        let below = regions.parts(stack.reserve, stack.start).last.map { $0.end + MainStack.gap } ?? wanted
        let start = max(wanted, below)
        guard start < stack.start else { return }
        let request = MapRequest(
            address: start, length: stack.start - start, protection: region.protection,
            flags: MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED)
        guard mapStackPages(request) else { return }
        // One region again, as it was.
        var whole = region
        whole.start = start
        regions.insert(whole)
        self.stack?.start = start
    }

    private func shortenStack(_ stack: MainStack, to start: UInt64) {
        guard start > stack.start else { return }
        onChange(stack.start, start)
        release(stack.start, start)
        regions.remove(stack.start, start)
        self.stack?.start = start
    }

    // MARK: How far it has grown

    /// The lowest address of the stack as the kernel would have it. Needs the lock.
    func grownStack(_ stack: MainStack) -> UInt64 { min(stack.first, lowestTouched(stack.start, stack.first)) }

    /// The first page of a range that has been touched; its start where the host doesn't tell (Linux, Documentation/admin-guide/mm/pagemap.rst).
    private func lowestTouched(_ start: UInt64, _ end: UInt64) -> UInt64 {
        let descriptor = unsafe open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return start }
        defer { close(descriptor) }
        var place = start
        var entries = [UInt64](repeating: 0, count: 4096)
        while place < end {
            let count = min(entries.count, Int((end - place) >> 12))
            let offset = Int(((UInt64(base) &+ place) >> 12) * 8)
            guard unsafe pread(descriptor, &entries, 8 * count, offset) == 8 * count else { return start }
            // In memory, or swapped out.
            if let index = entries[..<count].firstIndex(where: { $0 >> 62 != 0 }) { return place + (UInt64(index) << 12) }
            place += UInt64(count) << 12
        }
        return end
    }
}
