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
    private var jumpCaches: [(flags: UInt64, cache: JumpCache)] = []
    private let codeAlignmentBits: Int
    /// Pages that code was looked up in, folded into a bit set: only those matter to the jump caches.
    private var codePages = InlineArray<8, UInt64>(repeating: 0)
    private var jumpCachesAreEmpty = true

    init(mmuIndices: Int, codeAlignmentBits: Int) {
        self.codeAlignmentBits = codeAlignmentBits
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
        for entry in jumpCaches { entry.cache.deallocate() }
    }

    /// The jump cache for blocks that were translated under `flags`.
    mutating func jumpCache(flags: UInt64) -> JumpCache {
        for entry in jumpCaches where entry.flags == flags { return entry.cache }
        let cache: JumpCache
        if jumpCaches.count >= 8 {
            // A guest that uses more kinds of code than this at a time starts over with the oldest.
            cache = jumpCaches.removeFirst().cache
            cache.clear()
        } else {
            cache = JumpCache(.translated, alignmentBits: codeAlignmentBits)
        }
        jumpCaches.append((flags, cache))
        return cache
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
        for entry in jumpCaches { entry.cache.clear() }
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
