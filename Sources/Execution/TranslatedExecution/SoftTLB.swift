import CHost
import CPUModel
import Glibc
import HostCode
import HostOS
import IR

/// One TLB: a table of pages for one MMU index of one address-space context.
///
/// Each slot has a fast half, which generated code reads, and a slow half with the physical page and its permissions. A slow half may be
/// valid where the fast one is not: for devices, for pages that hold translated code, for pages whose writes are logged.
///
/// A struct at a fixed address: the vCPU looks here all the time, and must neither count references nor check for exclusive access.
struct SoftTLB {
    struct SlowEntry {
        var tag: UInt64
        /// Physical page | `Permission` bits.
        var physical: UInt64
    }

    enum Permission {
        static let read: UInt64 = 1, write: UInt64 = 2, execute: UInt64 = 4
        static let all: UInt64 = 7
        static func bit(_ access: AccessKind) -> UInt64 {
            switch access {
            case .read: read
            case .write: write
            case .execute: execute
            }
        }
    }

    private static let smallest = 256, largest = 8192

    private(set) var size = SoftTLB.smallest
    private(set) var fast: UnsafeMutablePointer<TLBEntry>
    private(set) var slow: UnsafeMutablePointer<SlowEntry>
    /// Fills since the last flush or change of size, and those that threw out another page.
    private var fills = 0
    private var evictions = 0
    /// From the first to the last address of pages larger than 4 KiB in here, of which a flush by page cannot know the extent.
    private var largePages: ClosedRange<UInt64>?
    private var isEmpty = true
    /// Protects the tables' place in memory against other vCPUs that revoke write permission.
    private let guardLock = Mutex()

    init() {
        unsafe fast = .allocate(capacity: size)
        unsafe slow = .allocate(capacity: size)
        clear()
    }

    func deallocate() {
        unsafe fast.deallocate()
        unsafe slow.deallocate()
    }

    /// The mask that generated code applies to an address shifted right by 12 - 5 bits.
    var mask: UInt64 { UInt64(size - 1) << UInt64(TLBEntry.sizeLog2) }

    @inline(__always) private func index(_ address: UInt64) -> Int { Int(address >> 12) & (size - 1) }

    /// An empty slot's tag is a page that belongs to another slot.
    private mutating func clear() {
        unsafe memset(fast, 0xff, size * MemoryLayout<TLBEntry>.stride)
        unsafe memset(slow, 0xff, size * MemoryLayout<SlowEntry>.stride)
        unsafe fast[size - 1].readTag = 0
        unsafe fast[size - 1].writeTag = 0
        fills = 0
        evictions = 0
        largePages = nil
        isEmpty = true
    }

    /// Forgets everything; a table that was too small or far too large changes its size. True if it moved.
    mutating func flush() -> Bool {
        if isEmpty { return false }
        let wanted = fills > size / 2 ? size * 2 : fills < size / 16 ? size / 2 : size
        let moved = resize(to: wanted)
        clear()
        return moved
    }

    private mutating func resize(to wanted: Int) -> Bool {
        let new = min(max(wanted, SoftTLB.smallest), SoftTLB.largest)
        guard new != size else { return false }
        guardLock.lock()
        unsafe fast.deallocate()
        unsafe slow.deallocate()
        size = new
        unsafe fast = .allocate(capacity: size)
        unsafe slow = .allocate(capacity: size)
        clear()
        guardLock.unlock()
        return true
    }

    /// Forgets one page, or everything if its extent is not known. True if the table moved.
    mutating func flush(page address: UInt64) -> Bool {
        if largePages?.contains(address) == true { return flush() }
        let slot = index(address)
        if unsafe slow[slot].tag == address & ~0xfff { empty(slot) }
        return false
    }

    /// Forgets what is known of one page's slot, so that it is looked at anew.
    func drop(_ address: UInt64) { empty(index(address)) }

    private func empty(_ slot: Int) {
        let nowhere = UInt64(slot ^ 1) << 12
        unsafe fast[slot].readTag = nowhere
        unsafe fast[slot].writeTag = nowhere
        unsafe slow[slot].tag = .max
    }

    /// Physical page | permissions of an address; nil if it has to be walked for.
    @inline(__always) func find(_ address: UInt64) -> UInt64? {
        let entry = unsafe slow[index(address)]
        return entry.tag == address & ~0xfff ? entry.physical : nil
    }

    /// Puts a page in. True if the table has outgrown its size: the caller then flushes it.
    mutating func insert(_ address: UInt64, physical: UInt64, pageBits: Int) -> Bool {
        let slot = index(address)
        fills += 1
        isEmpty = false
        if pageBits > 12 { noteLargePage(address, pageBits) }
        if unsafe slow[slot].tag != .max && slow[slot].tag != address & ~0xfff { evictions += 1 }
        empty(slot)
        unsafe slow[slot] = SlowEntry(tag: address & ~0xfff, physical: physical)
        return evictions > size * 2 && size < SoftTLB.largest
    }

    private mutating func noteLargePage(_ address: UInt64, _ pageBits: Int) {
        let rest: UInt64 = pageBits > 63 ? .max : 1 << UInt64(pageBits) - 1
        let (first, last) = (address & ~rest, address | rest)
        largePages = min(first, largePages?.lowerBound ?? first)...max(last, largePages?.upperBound ?? last)
    }

    /// Lets generated code read, and perhaps write, the page straight.
    func open(_ address: UInt64, host: UnsafeMutableRawPointer, reads: Bool, writes: Bool) {
        let slot = index(address)
        let page = address & ~0xfff
        unsafe fast[slot].host = UInt64(UInt(bitPattern: host))
        if reads { unsafe fast[slot].readTag = page }
        if writes { unsafe fast[slot].writeTag = page }
    }

    /// Grows after `insert` asked for it.
    mutating func grow() -> Bool { resize(to: size * 2) }

    /// Takes write permission for a host page away. From any thread.
    func revokeWrites(hostPage: UInt64) {
        guardLock.lock()
        defer { guardLock.unlock() }
        for slot in 0..<size where unsafe fast[slot].host == hostPage {
            let nowhere = UInt64(slot ^ 1) << 12
            unsafe apus_atomic_store_u64(&fast[slot].writeTag, nowhere)
        }
    }

    /// Takes write permission for an address away.
    func revokeWrites(_ address: UInt64) {
        let slot = index(address)
        unsafe apus_atomic_store_u64(&fast[slot].writeTag, UInt64(slot ^ 1) << 12)
    }
}
