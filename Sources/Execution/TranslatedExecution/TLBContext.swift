import CPUModel
import Glibc
import HostCode
import IR

/// Everything that is keyed by virtual addresses of one address-space context: a TLB for each MMU index, and jump caches.
final class TLBContext {
    /// The guest's number of the context (of satp and the like); nil while unused.
    var id: UInt64?
    /// When it was last switched to.
    var lastUse: UInt64 = 0
    let tables: [SoftTLB]
    private var jumpCaches: [(flags: UInt64, cache: UnsafeMutablePointer<JumpCacheEntry>)] = []
    /// Pages that code was looked up in, folded into a bit set: only those matter to the jump caches.
    private var codePages = InlineArray<8, UInt64>(repeating: 0)
    private var jumpCachesAreEmpty = true

    init(mmuIndices: Int) { tables = (0..<mmuIndices).map { _ in SoftTLB() } }

    deinit { for entry in jumpCaches { unsafe entry.cache.deallocate() } }

    /// The jump cache for blocks that were translated under `flags`.
    func jumpCache(flags: UInt64) -> UnsafeMutablePointer<JumpCacheEntry> {
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
    func noteCode(_ pc: UInt64) {
        let hash = TLBContext.hash(pc)
        codePages[hash >> 6] |= 1 << UInt64(hash & 63)
        jumpCachesAreEmpty = false
    }

    func flushJumpCaches() {
        if jumpCachesAreEmpty { return }
        for entry in unsafe jumpCaches { unsafe TLBContext.clear(entry.cache) }
        codePages = .init(repeating: 0)
        jumpCachesAreEmpty = true
    }

    /// Forgets everything. True if a table moved.
    func flush() -> Bool {
        flushJumpCaches()
        return tables.reduce(false) { $1.flush() || $0 }
    }

    func flush(page address: UInt64) -> Bool {
        let hash = TLBContext.hash(address)
        if codePages[hash >> 6] >> UInt64(hash & 63) & 1 != 0 { flushJumpCaches() }
        return tables.reduce(false) { $1.flush(page: address) || $0 }
    }
}
