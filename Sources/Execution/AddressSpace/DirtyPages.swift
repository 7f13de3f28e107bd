import CHost

/// Which pages have been written, and pages as wholes: for whoever copies memory while its guest runs.
///
/// While a block is logged a page is dirty if it has no `logged` flag: one atomic operation notes a write, and one takes note of it.
extension RAMBlock {
    public static let pageSize = 1 << pageBits

    /// From now on writes are noted; no page counts as written yet. Whoever may write without looking at the flags must be stopped from it afterwards
    /// (`TranslationEngine.revokeWrites`), before the first page is read.
    public func startLogging() { for page in 0..<pages { set(PageFlag.logged, page: page) } }

    public func stopLogging() { for page in 0..<pages { clear(PageFlag.logged, page: page) } }

    /// Pages that have been written since they were last asked for. They are logged again, with the same duty as `startLogging`.
    public func takeWrittenPages() -> PageSet {
        var written = PageSet(pages: pages)
        for page in 0..<pages where flags(page: page) & PageFlag.logged == 0 {
            set(PageFlag.logged, page: page)
            written.insert(page)
        }
        return written
    }

    private func place(_ page: Int) -> UnsafeMutableRawPointer {
        precondition((0..<pages).contains(page), "there is no page \(page) in \(name)")
        return unsafe base + page << RAMBlock.pageBits
    }

    /// Whether a page holds nothing but zeros.
    public func isZero(page: Int) -> Bool {
        let words = unsafe UnsafeBufferPointer(start: place(page).assumingMemoryBound(to: UInt64.self), count: RAMBlock.pageSize / 8)
        // Most pages that are not zero show it early.
        if unsafe words[0] != 0 || words[words.count / 2] != 0 { return false }
        for start in stride(from: 0, to: words.count, by: 32) {
            var bits: UInt64 = 0
            for index in start..<start + 32 { unsafe bits |= words[index] }
            if bits != 0 { return false }
        }
        return true
    }

    /// Adds a page's bytes to others.
    public func append(page: Int, to bytes: inout [UInt8]) {
        unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(start: place(page), count: RAMBlock.pageSize))
    }

    /// Replaces a page by `pageSize` bytes out of others. Nothing may be running that has seen the old ones.
    public func replace(page: Int, from bytes: [UInt8], at offset: Int) {
        precondition(offset >= 0 && bytes.count - offset >= RAMBlock.pageSize, "a page has \(RAMBlock.pageSize) bytes")
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe place(page).copyMemory(from: start + offset, byteCount: RAMBlock.pageSize)
        }
    }

    /// Makes a page zeros; one that is already is not touched, so that the host need not find memory for it.
    public func clear(page: Int) {
        if !isZero(page: page) { unsafe place(page).initializeMemory(as: UInt8.self, repeating: 0, count: RAMBlock.pageSize) }
    }
}
