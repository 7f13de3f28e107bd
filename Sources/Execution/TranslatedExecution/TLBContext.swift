import CPUModel
import Glibc
import HostCode
import IR

/// Everything that is keyed by virtual addresses of one address-space context: a TLB for each MMU index, and jump caches.
///
/// A struct at a fixed address, as the tables are.
struct TLBContext {
    /// The guest's number of the context (of satp and the like); nil while unused.
    var id: UInt64?
    /// When it was last switched to.
    var lastUse: UInt64 = 0
    let tables: UnsafeMutableBufferPointer<SoftTLB>
    private var jumpCaches: [(flags: UInt64, cache: UnsafeMutablePointer<JumpCacheEntry>)] = []
    /// Pages that code was looked up in, folded into a bit set: only those matter to the jump caches.
    private var codePages = InlineArray<8, UInt64>(repeating: 0)
    private var jumpCachesAreEmpty = true

    init(mmuIndices: Int) {
        unsafe tables = .allocate(capacity: mmuIndices)
        for index in 0..<mmuIndices { unsafe tables.initializeElement(at: index, to: SoftTLB()) }
    }

    @inline(__always) func table(_ mmuIndex: Int) -> UnsafeMutablePointer<SoftTLB> {
        guard let base = unsafe tables.baseAddress else { preconditionFailure("a guest has an MMU index") }
        return unsafe base + mmuIndex
    }

    func deallocate() {
        for table in unsafe tables { table.deallocate() }
        unsafe tables.deinitialize()
        unsafe tables.deallocate()
        for entry in unsafe jumpCaches { unsafe entry.cache.deallocate() }
    }

    /// The jump cache for blocks that were translated under `flags`.
    mutating func jumpCache(flags: UInt64) -> UnsafeMutablePointer<JumpCacheEntry> {
        for entry in unsafe jumpCaches where entry.flags == flags { return unsafe entry.cache }
        let cache: UnsafeMutablePointer<JumpCacheEntry>
        if unsafe jumpCaches.count >= 8 {
            // A guest that uses more kinds of code than this at a time starts over with the oldest.
            unsafe cache = jumpCaches.removeFirst().cache
        } else {
            unsafe cache = .allocate(capacity: JumpCacheEntry.count)
        }
        unsafe TLBContext.clear(cache)
        unsafe jumpCaches.append((flags, cache))
        return unsafe cache
    }

    private static func clear(_ cache: UnsafeMutablePointer<JumpCacheEntry>) {
        unsafe memset(cache, 0xff, JumpCacheEntry.count * MemoryLayout<JumpCacheEntry>.stride)
        // The address of all ones would find itself in the last slot; 0 belongs to another one.
        unsafe cache[JumpCacheEntry.count - 1].pc = 0
    }

    /// A page's bit in `codePages`.
    private static func hash(_ address: UInt64) -> Int { Int(((address >> 12) &* 0x9e37_79b9_7f4a_7c15) >> 55) }

    /// Notes that the jump cache may now hold code of a page.
    mutating func noteCode(_ pc: UInt64) {
        let hash = TLBContext.hash(pc)
        codePages[hash >> 6] |= 1 << UInt64(hash & 63)
        jumpCachesAreEmpty = false
    }

    mutating func flushJumpCaches() {
        if jumpCachesAreEmpty { return }
        for entry in unsafe jumpCaches { unsafe TLBContext.clear(entry.cache) }
        codePages = .init(repeating: 0)
        jumpCachesAreEmpty = true
    }

    /// Forgets everything. True if a table moved.
    mutating func flush() -> Bool {
        flushJumpCaches()
        var moved = false
        for index in unsafe tables.indices where unsafe tables[index].flush() { moved = true }
        return moved
    }

    mutating func flush(page address: UInt64) -> Bool {
        let hash = TLBContext.hash(address)
        if codePages[hash >> 6] >> UInt64(hash & 63) & 1 != 0 { flushJumpCaches() }
        var moved = false
        for index in unsafe tables.indices where unsafe tables[index].flush(page: address) { moved = true }
        return moved
    }
}
