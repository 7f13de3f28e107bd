import CHost
import Glibc

/// Pages that blocks were made from. A writable one is protected on the host, so that the guest's next write to it is noticed; one that is
/// written again and again is left writable, and its blocks are compared with memory each time before they run.
struct CodePages {
    struct Page {
        var blocks: [UserBlock] = []
        var isProtected = false
        /// Times that a write has taken the blocks away.
        var writes = 0
        var isCompared: Bool { writes >= CodePages.patience }
    }

    /// Writes after which a page is not protected any more.
    static let patience = 24

    private var pages: [UInt64: Page] = [:]
    /// Page numbers of all code lie in here: most ranges are seen to be free of code at once.
    private var first = UInt64.max
    private var last: UInt64 = 0

    subscript(_ number: UInt64) -> Page? {
        get { number >= first && number <= last ? pages[number] : nil }
        set {
            first = min(first, number)
            last = max(last, number)
            pages[number] = newValue
        }
    }

    mutating func add(_ block: UserBlock, to number: UInt64) {
        first = min(first, number)
        last = max(last, number)
        pages[number, default: Page()].blocks.append(block)
    }

    mutating func forgetBlocks() {
        for number in pages.keys { pages[number]?.blocks = [] }
    }

    /// The numbers of pages with code in a range of addresses, whose end is behind it.
    func numbers(_ start: UInt64, _ end: UInt64) -> [UInt64] {
        let low = max(start >> 12, first)
        let high = min((end - 1) >> 12, last)
        if low > high || pages.isEmpty { return [] }
        if high - low < UInt64(pages.count) { return (low...high).filter { pages[$0] != nil } }
        return pages.keys.filter { $0 >= low && $0 <= high }
    }
}

extension UserEngine {
    /// Before a block is made from a page: sees to it that a later write is noticed. Whether that is by protection.
    func watch(_ number: UInt64) {
        guard let region = memory.region(at: number << 12), region.protection.contains(.write) else { return }
        var page = pages[number] ?? CodePages.Page()
        if page.isCompared || page.isProtected { return }
        page.isProtected = true
        pages[number] = page
        setHostProtection(number, region.protection.subtracting(.write))
    }

    private func setHostProtection(_ number: UInt64, _ protection: PageProtection) {
        guard let place = unsafe memory.host(number << 12) else { return }
        unsafe mprotect(place, 4096, protection.host)
    }

    /// Bytes or permissions of a range change: its blocks go. Needs the lock.
    func invalidate(_ start: UInt64, _ end: UInt64) {
        guard start < end else { return }
        for number in pages.numbers(start, end) { release(number, wasWritten: false) }
    }

    /// The guest or the kernel is about to write to a range: protected pages become writable. Needs the lock.
    func unprotect(_ start: UInt64, _ end: UInt64) {
        guard start < end else { return }
        for number in pages.numbers(start, end) where pages[number]?.isProtected == true { release(number, wasWritten: true) }
    }

    /// A guest write to an address has faulted: true if only the protection of code was in its way, which is gone now.
    func writeMayProceed(_ address: UInt64) -> Bool {
        memory.lock.withLock {
            guard let region = memory.region(at: address), region.protection.contains(.write) else { return false }
            // Where another thread has just lifted the protection the write need only be tried again.
            guard let page = pages[address >> 12] else { return false }
            if page.isProtected { release(address >> 12, wasWritten: true) }
            return true
        }
    }

    private func release(_ number: UInt64, wasWritten: Bool) {
        guard var page = pages[number] else { return }
        for block in page.blocks { kill(block) }
        page.blocks = []
        if wasWritten { page.writes += 1 }
        if page.isProtected, let region = memory.region(at: number << 12) { setHostProtection(number, region.protection) }
        page.isProtected = false
        // What is mapped anew starts with a clean record.
        pages[number] = wasWritten ? page : nil
    }
}
